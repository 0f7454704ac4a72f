//! A Huffman code over few symbols, and the bits that are written in it, the highest of each byte first.
//!
//! The code is canonical: the lengths of its words say all. Words of one length follow each other as their symbols do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The longest word.
const MAX_LENGTH: usize = 24;

/// A code for symbols that are numbers from 0.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// The symbols by length and number.
    symbols: Vec<u8>,
    /// The words by length, the shortest first.
    words: Vec<Words>,
    /// The symbol, and the length of its word, by the eight bits that begin with it; a length of 0 where it is longer.
    short: Vec<(u8, u8)>,
}

/// The words of one length: numbers that follow each other.
#[derive(Debug)]
struct Words {
    length: u32,
    first: u32,
    count: u32,
    /// Where the symbol of the first one stands.
    place: usize,
}

impl Code {
    /// The code in which the words of the symbols are so long; 0: the symbol has none. `None` where there is no such
    /// code.
    pub(super) fn new(lengths: &[u8]) -> Option<Code> {
        let mut counts = [0u32; MAX_LENGTH];
        for &length in lengths.iter().filter(|&&length| length > 0) {
            *counts.get_mut(usize::from(length) - 1)? += 1;
        }
        let mut words = Vec::new();
        let (mut first, mut place) = (0u32, 0);
        for (length, &count) in (1u32..).zip(&counts) {
            first = first.checked_mul(2)?;
            if count > 0 {
                words.push(Words { length, first, count, place });
            }
            first = first.checked_add(count)?;
            place += usize::try_from(count).ok()?;
            if u64::from(first) > 1 << length {
                return None;
            }
        }
        let mut symbols: Vec<u8> = (0..u8::try_from(lengths.len()).ok()?).collect();
        symbols.retain(|&symbol| lengths[usize::from(symbol)] > 0);
        symbols.sort_by_key(|&symbol| (lengths[usize::from(symbol)], symbol));
        let mut code = Code { symbols, words, short: Vec::new() };
        let short = |bits: u8| {
            let found = code.find(u32::from(bits) << (u32::BITS - u8::BITS));
            found.filter(|&(_, length)| length <= u8::BITS).map_or((0, 0), |(symbol, length)| (symbol, length as u8))
        };
        code.short = (0..=u8::MAX).map(short).collect();
        Some(code)
    }

    /// The symbol whose word these bits begin with, and the length of the word.
    fn find(&self, bits: u32) -> Option<(u8, u32)> {
        for words in &self.words {
            let number = (bits >> (u32::BITS - words.length)).checked_sub(words.first)?;
            if number < words.count {
                return Some((*self.symbols.get(words.place + number as usize)?, words.length));
            }
        }
        None
    }

    /// Reads a symbol; `None` where no word stands.
    pub(super) fn read(&self, reader: &mut BitReader<'_>) -> Option<usize> {
        let next = reader.next_bits();
        let (symbol, length) = match self.short.get((next >> (u32::BITS - u8::BITS)) as usize) {
            Some(&(symbol, length)) if length > 0 => (symbol, u32::from(length)),
            _ => self.find(next)?,
        };
        reader.pass(length)?;
        Some(usize::from(symbol))
    }

    /// The word of each symbol, with its length.
    pub(super) fn words(&self, symbols: usize) -> Vec<(u32, u32)> {
        let mut found = vec![(0, 0); symbols];
        for words in &self.words {
            let numbers = words.first..words.first + words.count;
            for (word, &symbol) in numbers.zip(self.symbols.iter().skip(words.place)) {
                found[usize::from(symbol)] = (word, words.length);
            }
        }
        found
    }
}

/// The lengths of the words of the best code for symbols that are used so often.
pub(super) fn lengths(uses: &[u64]) -> Vec<u8> {
    // A tree: the symbols, then pairs of earlier nodes.
    let mut parents = vec![usize::MAX; uses.len()];
    let used = uses.iter().enumerate().filter(|&(_, &count)| count > 0);
    let mut open: BinaryHeap<Reverse<(u64, usize)>> = used.map(|(symbol, &count)| Reverse((count, symbol))).collect();
    if let Some(Reverse((_, only))) = open.peek().filter(|_| open.len() == 1) {
        let mut lengths = vec![0; uses.len()];
        lengths[*only] = 1;
        return lengths;
    }
    while let (Some(Reverse(first)), Some(Reverse(second))) = (open.pop(), open.pop()) {
        let parent = parents.len();
        parents.push(usize::MAX);
        parents[first.1] = parent;
        parents[second.1] = parent;
        if open.is_empty() {
            break;
        }
        open.push(Reverse((first.0 + second.0, parent)));
    }
    let depth = |symbol: usize| {
        let above =
            std::iter::successors(Some(symbol), |&node| parents.get(node).copied().filter(|&up| up != usize::MAX));
        u8::try_from(above.count() - 1).unwrap_or(u8::MAX)
    };
    (0..uses.len()).map(depth).collect()
}

/// Reads bits.
#[derive(Debug)]
pub(super) struct BitReader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> BitReader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> BitReader<'b> {
        BitReader { bytes, at: 0 }
    }

    /// The next bits, from the highest on; zeros behind the last one.
    fn next_bits(&self) -> u32 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let next = rest.first_chunk::<8>().map_or_else(
            || (0..8).fold(0, |all, at| all << 8 | u64::from(rest.get(at).copied().unwrap_or_default())),
            |bytes| u64::from_be_bytes(*bytes),
        );
        (next << (self.at % 8) >> u32::BITS) as u32
    }

    /// Goes on behind so many bits; `None` where there are fewer.
    fn pass(&mut self, count: u32) -> Option<()> {
        let at = self.at + usize::try_from(count).ok()?;
        (at <= self.bytes.len() * 8).then(|| self.at = at)
    }
}

/// Writes bits.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    free: u32,
}

impl BitWriter {
    pub(super) fn write(&mut self, (word, length): (u32, u32)) {
        for bit in (0..length).rev().map(|at| word >> at & 1) {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            self.free -= 1;
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::try_from(bit << self.free).unwrap_or_default();
            }
        }
    }

    /// Goes on with the next byte; its number.
    pub(super) fn next_byte(&mut self) -> usize {
        self.free = 0;
        self.bytes.len()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
