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
    /// For each length from 1 the first word, and where its symbol stands.
    firsts: Vec<(u32, usize)>,
    /// The words of each length from 1.
    counts: Vec<u32>,
}

impl Code {
    /// The code in which the words of the symbols are so long; 0: the symbol has none. `None` where there is no such
    /// code.
    pub(super) fn new(lengths: &[u8]) -> Option<Code> {
        let mut counts = vec![0u32; MAX_LENGTH];
        for &length in lengths.iter().filter(|&&length| length > 0) {
            *counts.get_mut(usize::from(length) - 1)? += 1;
        }
        let mut firsts = Vec::with_capacity(MAX_LENGTH);
        let (mut word, mut place) = (0u32, 0);
        for (length, &count) in (1u32..).zip(&counts) {
            word = word.checked_mul(2)?;
            firsts.push((word, place));
            word = word.checked_add(count)?;
            place += usize::try_from(count).ok()?;
            if u64::from(word) > 1 << length {
                return None;
            }
        }
        let mut symbols: Vec<u8> = (0..u8::try_from(lengths.len()).ok()?).collect();
        symbols.retain(|&symbol| lengths[usize::from(symbol)] > 0);
        symbols.sort_by_key(|&symbol| (lengths[usize::from(symbol)], symbol));
        Some(Code { symbols, firsts, counts })
    }

    /// Reads a symbol; `None` where no word stands.
    pub(super) fn read(&self, reader: &mut BitReader<'_>) -> Option<usize> {
        let mut word = 0;
        for (&(first, place), &count) in self.firsts.iter().zip(&self.counts) {
            word = word << 1 | reader.bit()?;
            if let Some(number) = word.checked_sub(first).filter(|number| *number < count) {
                return self.symbols.get(place + usize::try_from(number).ok()?).map(|&symbol| usize::from(symbol));
            }
        }
        None
    }

    /// The word of each symbol, with its length.
    pub(super) fn words(&self, symbols: usize) -> Vec<(u32, u32)> {
        let mut words = vec![(0, 0); symbols];
        for (length, (&(first, place), &count)) in (1u32..).zip(self.firsts.iter().zip(&self.counts)) {
            for (word, &symbol) in (first..first + count).zip(self.symbols.iter().skip(place)) {
                words[usize::from(symbol)] = (word, length);
            }
        }
        words
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

    fn bit(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
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
