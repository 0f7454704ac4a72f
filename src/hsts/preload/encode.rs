//! Writing a list in its compact form.

use std::collections::BTreeMap;

use super::bits::{BitWriter, Code, lengths};
use super::{BLOCK, CHARACTERS, END, END_WITH_SUBDOMAINS, MAGIC, MAX_HOST, MAX_SHARED, SYMBOLS, turned};

/// A list that cannot be written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EncodeError {
    /// Not a host in lower case, in A-labels.
    #[error("`{0}` is not a host name in lower case")]
    Host(String),
    /// A date or source of more than one line.
    #[error("the date and the source are one line each")]
    Line,
    /// More hosts than can be counted.
    #[error("there are too many hosts")]
    Size,
}

/// Writes the hosts, each with whether its subdomains are included:
///
/// - the magic line, the date and the source, each with a line feed;
/// - the number of hosts and the number of bytes of the last part (32 bits, the lowest byte first);
/// - the lengths of the words of the code of "shared with the host before" (64), and of the code of text (41), a byte
///   each;
/// - for each block of sixteen hosts where it begins in the last part (32 bits);
/// - the hosts.
///
/// # Errors
/// [`EncodeError`] for what has no place in such a list.
pub fn encode(hosts: &BTreeMap<String, bool>, date: &str, source: &str) -> Result<Vec<u8>, EncodeError> {
    if [date, source].iter().any(|line| line.contains('\n')) {
        return Err(EncodeError::Line);
    }
    let mut sorted: Vec<(Vec<u8>, bool)> = Vec::with_capacity(hosts.len());
    for (host, &include_subdomains) in hosts {
        let is_written = host.bytes().all(|byte| CHARACTERS.contains(&byte));
        if !is_written || host.len() > MAX_HOST || host.split('.').any(str::is_empty) {
            return Err(EncodeError::Host(host.clone()));
        }
        sorted.push((turned(host), include_subdomains));
    }
    sorted.sort();
    let parts = parts(&sorted);
    let (mut shared_uses, mut text_uses) = ([0; MAX_SHARED + 1], [0; SYMBOLS]);
    for (shared, text) in &parts {
        shared_uses[*shared] += 1;
        text.iter().for_each(|&symbol| text_uses[symbol] += 1);
    }
    let (shared_lengths, text_lengths) = (lengths(&shared_uses), lengths(&text_uses));
    let (Some(shared_code), Some(text_code)) = (Code::new(&shared_lengths), Code::new(&text_lengths)) else {
        return Err(EncodeError::Size);
    };
    let (shared_words, text_words) = (shared_code.words(MAX_SHARED + 1), text_code.words(SYMBOLS));
    let mut writer = BitWriter::default();
    let mut index = Vec::new();
    for (number, (shared, text)) in parts.iter().enumerate() {
        if number % BLOCK == 0 {
            let start = u32::try_from(writer.next_byte()).map_err(|_| EncodeError::Size)?;
            index.extend_from_slice(&start.to_le_bytes());
        }
        writer.write(shared_words[*shared]);
        text.iter().for_each(|&symbol| writer.write(text_words[symbol]));
    }
    let bits = writer.into_bytes();
    let mut list = [MAGIC, date.as_bytes(), b"\n", source.as_bytes(), b"\n"].concat();
    for count in [sorted.len(), bits.len()] {
        list.extend_from_slice(&u32::try_from(count).map_err(|_| EncodeError::Size)?.to_le_bytes());
    }
    list.extend([shared_lengths, text_lengths, index, bits].concat());
    Ok(list)
}

/// Each host as what it shares with the one before it, and the symbols of the rest.
fn parts(sorted: &[(Vec<u8>, bool)]) -> Vec<(usize, Vec<usize>)> {
    let mut before: &[u8] = &[];
    let mut parts = Vec::with_capacity(sorted.len());
    for (number, (key, include_subdomains)) in sorted.iter().enumerate() {
        let common = key.iter().zip(before).take_while(|(a, b)| a == b).count();
        let shared = if number % BLOCK == 0 { 0 } else { common.min(MAX_SHARED) };
        let symbol = |byte: &u8| CHARACTERS.iter().position(|known| known == byte);
        let mut symbols: Vec<usize> = key.iter().skip(shared).filter_map(symbol).collect();
        symbols.push(if *include_subdomains { END_WITH_SUBDOMAINS } else { END });
        parts.push((shared, symbols));
        before = key;
    }
    parts
}
