//! The hosts that browsers force to https before they have seen a header: the list that Chromium keeps and the others
//! take over, as a compact table.
//!
//! The hosts are sorted with their labels turned round (`com.example.www`), so that neighbours have much in common. Each
//! is written as the number of characters it shares with the one before it and the rest, in a Huffman code; every
//! sixteenth is written in full, with its place in an index, which is what a look-up bisects. [`encode`](encode::encode)
//! says where each byte is. (The `fst` crate's sets take 1.7 MB for the same hosts, which is twice as much.)

mod bits;
pub mod chromium;
pub mod encode;

use std::sync::LazyLock;

use bits::{BitReader, Code};

/// What a list begins with; the digit is the version of the form.
const MAGIC: &[u8] = b"ngxlint HSTS preload list 1\n";

/// Hosts from one entry of the index to the next.
const BLOCK: usize = 16;

/// The characters of a host: letters, digits, `-`, `.`, `_`. Two symbols more end it.
const CHARACTERS: &[u8; 39] = b"-.0123456789_abcdefghijklmnopqrstuvwxyz";

/// The symbol that ends a host whose subdomains are included.
const END_WITH_SUBDOMAINS: usize = CHARACTERS.len();

/// The symbol that ends a host on its own.
const END: usize = CHARACTERS.len() + 1;

/// The symbols of the text of hosts.
const SYMBOLS: usize = CHARACTERS.len() + 2;

/// Shared characters that can be told; of more, the rest is written again.
const MAX_SHARED: usize = 63;

/// RFC 1035, section 2.3.4.
const MAX_HOST: usize = 253;

/// A list in its compact form.
#[derive(Debug)]
pub struct PreloadList<'b> {
    date: &'b str,
    source: &'b str,
    count: u32,
    shared: Code,
    text: Code,
    /// The place of each block in `bits`, four bytes each, the least first.
    index: &'b [u8],
    bits: &'b [u8],
}

/// Why a host is forced to https.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preloaded {
    /// The host on the list: the one asked for, or one above it.
    pub entry: String,
    /// Whether the entry is the host itself.
    pub is_exact: bool,
    /// Whether the hosts below the entry are bound as well.
    pub include_subdomains: bool,
}

impl Preloaded {
    /// Whether a whole top-level domain is on the list.
    #[must_use]
    pub fn is_top_level_domain(&self) -> bool {
        !self.entry.contains('.')
    }
}

/// Bytes that are no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not an HSTS preload list as this version of ngxlint reads it, or not all of one")]
pub struct PreloadListError;

static SHIPPED: LazyLock<PreloadList<'static>> = LazyLock::new(|| {
    // A test reads it; an empty list finds nothing.
    PreloadList::parse(include_bytes!("list.bin")).unwrap_or_else(|_| PreloadList::empty())
});

impl PreloadList<'static> {
    /// The list that is part of the program.
    #[must_use]
    pub fn shipped() -> &'static PreloadList<'static> {
        &SHIPPED
    }

    fn empty() -> PreloadList<'static> {
        PreloadList {
            date: "",
            source: "",
            count: 0,
            shared: Code::default(),
            text: Code::default(),
            index: &[],
            bits: &[],
        }
    }
}

impl<'b> PreloadList<'b> {
    /// Opens what [`encode`](encode::encode) has written; the hosts themselves are read when they are looked for.
    ///
    /// # Errors
    /// [`PreloadListError`] for anything else, and for a list that is cut short.
    pub fn parse(bytes: &'b [u8]) -> Result<PreloadList<'b>, PreloadListError> {
        find_list(bytes).ok_or(PreloadListError)
    }

    /// The day as of which the list is, as in `2026-10-05`.
    #[must_use]
    pub fn date(&self) -> &'b str {
        self.date
    }

    /// Where it is from.
    #[must_use]
    pub fn source(&self) -> &'b str {
        self.source
    }

    /// The number of its hosts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether browsers force `host` (in lower case, without a trailing dot) to https, and why.
    ///
    /// As in Chromium the entry nearest to the host decides: one for itself, else the next above it, which counts when
    /// it includes its subdomains (`DecodeHSTSPreload`, net/http/transport_security_state.cc).
    #[must_use]
    pub fn find(&self, host: &str) -> Option<Preloaded> {
        let key = turned(host);
        // An entry above the host begins its key, and so do all entries between the two.
        let mut shared = key.len();
        let above = host.match_indices('.').map(|(dot, _)| &host[dot + 1..]);
        for entry in std::iter::once(host).chain(above).filter(|entry| (1..=MAX_HOST).contains(&entry.len())) {
            let Some(key) = key.get(..entry.len()).filter(|key| key.len() <= shared) else { continue };
            if let Some(include_subdomains) = self.find_key(key, &mut shared) {
                let is_exact = entry.len() == host.len();
                let preloaded = || Preloaded { entry: entry.to_owned(), is_exact, include_subdomains };
                return (is_exact || include_subdomains).then(preloaded);
            }
        }
        None
    }

    /// Whether a host itself is on the list, by its labels turned round, and then whether its subdomains are included;
    /// `shared` becomes what the last entry before it has in common with it.
    fn find_key(&self, key: &[u8], shared: &mut usize) -> Option<bool> {
        *shared = 0;
        let blocks = self.index.len() / 4;
        let (mut low, mut high) = (0, blocks);
        // The last block whose first host is not behind the key.
        while low < high {
            let middle = low + (high - low) / 2;
            if self.begins_behind(middle, key)? { high = middle } else { low = middle + 1 }
        }
        let mut reader = self.block(low.checked_sub(1)?)?;
        let mut entry = Entry::default();
        for _ in 0..BLOCK {
            self.read_entry(&mut reader, &mut entry)?;
            match entry.key.as_slice().cmp(key) {
                std::cmp::Ordering::Less => {
                    let common = entry.key.iter().zip(key).take_while(|(known, wanted)| known == wanted);
                    *shared = common.count().max(*shared);
                }
                std::cmp::Ordering::Equal => return Some(entry.include_subdomains),
                std::cmp::Ordering::Greater => return None,
            }
        }
        None
    }

    fn block(&self, number: usize) -> Option<BitReader<'b>> {
        let place = self.index.as_chunks::<4>().0.get(number)?;
        let start = usize::try_from(u32::from_le_bytes(*place)).ok()?;
        Some(BitReader::new(self.bits.get(start..)?))
    }

    /// Whether the first host of a block is behind `key`; it is read as far as they are equal.
    fn begins_behind(&self, block: usize, key: &[u8]) -> Option<bool> {
        let mut reader = self.block(block)?;
        self.shared.read(&mut reader)?;
        let mut rest = key.iter();
        loop {
            let symbol = self.text.read(&mut reader)?;
            match (CHARACTERS.get(symbol), rest.next()) {
                (Some(character), Some(wanted)) if character == wanted => {}
                (Some(character), wanted) => return Some(wanted.is_none_or(|wanted| character > wanted)),
                (None, _) => return Some(false),
            }
        }
    }

    /// Reads the entry behind the one that `entry` holds; `None` where there is none.
    fn read_entry(&self, reader: &mut BitReader<'b>, entry: &mut Entry) -> Option<()> {
        let shared = self.shared.read(reader)?;
        entry.key.truncate(shared);
        loop {
            let symbol = self.text.read(reader)?;
            match CHARACTERS.get(symbol) {
                Some(&character) if entry.key.len() < MAX_HOST => entry.key.push(character),
                Some(_) => return None,
                None => {
                    entry.include_subdomains = symbol == END_WITH_SUBDOMAINS;
                    return Some(());
                }
            }
        }
    }

    /// All hosts in the order of the list, each with whether its subdomains are included.
    pub fn entries(&self) -> impl Iterator<Item = (String, bool)> {
        let mut entry = Entry::default();
        let mut reader = None;
        (0..self.len()).map_while(move |number| {
            if number % BLOCK == 0 {
                reader = self.block(number / BLOCK);
            }
            self.read_entry(reader.as_mut()?, &mut entry)?;
            let host = turned(std::str::from_utf8(&entry.key).ok()?);
            Some((String::from_utf8(host).ok()?, entry.include_subdomains))
        })
    }
}

/// A host on its way out of the list.
#[derive(Debug, Default)]
struct Entry {
    key: Vec<u8>,
    include_subdomains: bool,
}

/// The labels of a host in the other order: `com.example.www`, and back.
fn turned(host: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(host.len());
    for (number, label) in host.rsplit('.').enumerate() {
        if number > 0 {
            key.push(b'.');
        }
        key.extend_from_slice(label.as_bytes());
    }
    key
}

/// Takes a list apart; [`encode`](encode::encode) says what is where.
fn find_list(bytes: &[u8]) -> Option<PreloadList<'_>> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (date, rest) = text_line(rest)?;
    let (source, rest) = text_line(rest)?;
    let (count, rest) = number(rest)?;
    let (size, rest) = number(rest)?;
    let (shared, rest) = rest.split_at_checked(MAX_SHARED + 1)?;
    let (text, rest) = rest.split_at_checked(SYMBOLS)?;
    let blocks = usize::try_from(count).ok()?.div_ceil(BLOCK);
    let (index, bits) = rest.split_at_checked(blocks.checked_mul(4)?)?;
    let is_whole = bits.len() == usize::try_from(size).ok()?;
    is_whole.then_some(PreloadList {
        date,
        source,
        count,
        shared: Code::new(shared)?,
        text: Code::new(text)?,
        index,
        bits,
    })
}

fn text_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = memchr::memchr(b'\n', bytes)?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*number), rest))
}

#[cfg(test)]
mod tests;
