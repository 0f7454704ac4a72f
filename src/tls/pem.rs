//! The blocks of a PEM file, framed as OpenSSL's `PEM_read_bio` frames them (crypto/pem/pem_lib.c of 3.x).
//!
//! Readers of other make skip what OpenSSL refuses and refuse what it skips, so they cannot tell
//! whether nginx starts. What counts there: a start line stands alone at the left margin, only spaces
//! and control characters may follow it; text between blocks is skipped; an empty line within a block
//! ends its headers; a line is read in pieces of 254 bytes and ends at a NUL; a byte order mark may open the file.

use memchr::{memchr, memmem};

use super::base64::{Base64Decoder, Base64Error};
use super::problem::CertificateProblem;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const TAIL: &[u8] = b"-----";

/// What one call of `BIO_gets` returns at most: LINESIZE (255) less the final NUL.
const PIECE_BYTES: usize = 254;

/// A block and what was decoded of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PemBlock<'a> {
    /// As in `-----BEGIN label-----`.
    pub(super) label: &'a [u8],
    /// The line of its `-----BEGIN`, from 1.
    pub(super) line: u32,
    /// Whether it has header lines such as `Proc-Type: 4,ENCRYPTED`.
    pub(super) has_headers: bool,
    /// The decoded data, encrypted or not.
    pub(super) data: Vec<u8>,
}

/// Reads block after block; ends at the end of the file or behind the first block that OpenSSL would not read.
#[derive(Debug, Clone)]
pub(super) struct PemReader<'a> {
    rest: &'a [u8],
    line: u32,
}

/// One piece of a line.
struct Piece<'a> {
    /// Without the white space at its end.
    text: &'a [u8],
    line: u32,
    /// Whether the line goes on behind it.
    is_partial: bool,
}

impl<'a> PemReader<'a> {
    pub(super) fn new(file: &'a [u8]) -> PemReader<'a> {
        PemReader { rest: file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file), line: 1 }
    }

    /// The next piece of a line as `fgets` and then `sanitize_line` leave it; none at the end of
    /// the file and, for that is how C strings end, at a line that starts with a NUL.
    fn next_piece(&mut self) -> Option<Piece<'a>> {
        let line = self.line;
        let window = self.rest.get(..PIECE_BYTES).unwrap_or(self.rest);
        let (taken, is_partial) = match memchr(b'\n', window) {
            Some(newline) => {
                self.line = self.line.saturating_add(1);
                (newline + 1, false)
            }
            None => (window.len(), window.len() == PIECE_BYTES),
        };
        let (piece, rest) = self.rest.split_at(taken);
        self.rest = rest;
        let text = match memchr(0, piece) {
            Some(nul) => &piece[..nul],
            None => piece,
        };
        if text.is_empty() {
            self.rest = &[];
            return None;
        }
        // `char` is signed where nginx mostly runs, so bytes from 0x80 count as white space here.
        let end = text.iter().rposition(|&byte| (b'!'..0x80).contains(&byte)).map_or(0, |last| last + 1);
        Some(Piece { text: &text[..end], line, is_partial: is_partial && text.len() == PIECE_BYTES })
    }

    /// The label of the next start line, and its line.
    fn next_start(&mut self) -> Option<(&'a [u8], u32)> {
        loop {
            let piece = self.next_piece()?;
            if let Some(label) = piece.text.strip_prefix(BEGIN).and_then(|label| label.strip_suffix(TAIL)) {
                return Some((label, piece.line));
            }
        }
    }

    fn read_block(&mut self, label: &'a [u8], begin: u32) -> Result<PemBlock<'a>, CertificateProblem> {
        // Lines are data until a colon says that they are headers, or an empty line that they were.
        let mut decoder = Base64Decoder::default();
        if let Some(end) = memmem::find(self.rest, TAIL) {
            decoder.reserve(end);
        }
        let mut fault = None;
        let (mut in_headers, mut has_headers, mut after_empty) = (false, false, false);
        let (mut was_partial, mut was_short) = (false, false);
        loop {
            let Some(piece) = self.next_piece() else { return Err(CertificateProblem::Truncated { line: begin }) };
            let line = piece.line;
            let continues = std::mem::replace(&mut was_partial, piece.is_partial);
            if !after_empty && !in_headers && memchr(b':', piece.text).is_some() {
                in_headers = true;
                has_headers = true;
            }
            if piece.text.is_empty() {
                if !continues {
                    if after_empty {
                        return Err(CertificateProblem::BrokenBlock { line });
                    }
                    after_empty = true;
                    has_headers |= !decoder.is_empty() || fault.is_some();
                    in_headers = false;
                    fault = None;
                    decoder = Base64Decoder::default();
                }
            } else if let Some(rest) = piece.text.strip_prefix(END) {
                if rest.strip_prefix(label) != Some(TAIL) {
                    return Err(CertificateProblem::WrongEnd { line });
                }
                break;
            } else if was_short || after_empty && piece.text.len() > 64 {
                // Behind an empty line OpenSSL wants 64 characters a line, less only in the last.
                return Err(CertificateProblem::BrokenBlock { line });
            } else {
                was_short = after_empty && piece.text.len() < 64;
                if !in_headers && fault.is_none() {
                    fault = decoder.push(piece.text).err().map(|_| line);
                }
            }
        }
        if let Some(line) = fault {
            return Err(CertificateProblem::BadBase64 { line });
        }
        match decoder.finish() {
            Ok(data) => Ok(PemBlock { label, line: begin, has_headers, data }),
            Err(Base64Error::Incomplete | Base64Error::Character) => Err(CertificateProblem::Truncated { line: begin }),
        }
    }
}

impl<'a> Iterator for PemReader<'a> {
    type Item = Result<PemBlock<'a>, CertificateProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        let (label, line) = self.next_start()?;
        let block = self.read_block(label, line);
        if block.is_err() {
            self.rest = &[];
        }
        Some(block)
    }
}

/// The line of the first `-----BEGIN` anywhere in a file.
pub(super) fn find_begin(file: &[u8]) -> Option<u32> {
    let place = memmem::find(file, b"-----BEGIN")?;
    let newlines = memchr::memchr_iter(b'\n', file.get(..place)?).count();
    u32::try_from(newlines).ok()?.checked_add(1)
}
