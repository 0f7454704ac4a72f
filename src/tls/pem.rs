//! The blocks of a PEM file, framed as OpenSSL's `PEM_read_bio` frames them (crypto/pem/pem_lib.c of 3.x).
//!
//! Readers of other make skip what OpenSSL refuses and refuse what it skips, so they cannot tell
//! whether nginx starts. What counts there: a start line stands alone at the left margin, only spaces
//! and control characters may follow it; text between blocks is skipped; an empty line within a block
//! ends its headers; a line is read in pieces of 254 bytes and ends at a NUL; a byte order mark may stand
//! where a start line is looked for.

use memchr::{memchr, memchr_iter, memmem};

use zeroize::Zeroizing;

use super::base64::Base64Decoder;
use super::problem::CertificateProblem;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const TAIL: &[u8] = b"-----";

/// What one call of `BIO_gets` returns at most: LINESIZE (255) less the final NUL.
const PIECE_BYTES: usize = 254;

/// Header lines that are kept: those of an encrypted key are two (RFC 1421, section 4.6.1.3).
const MAX_HEADER_LINES: usize = 8;

/// A block and what was decoded of it.
pub(super) struct PemBlock<'a> {
    /// As in `-----BEGIN label-----`.
    pub(super) label: &'a [u8],
    /// The line of its `-----BEGIN`, from 1.
    pub(super) line: u32,
    /// The decoded data, encrypted or not.
    pub(super) data: Zeroizing<Vec<u8>>,
    /// Why OpenSSL refuses the block if it is what it looks for, though not if it skips it: header lines.
    pub(super) headers: Option<CertificateProblem>,
    /// The first header lines.
    pub(super) header_lines: Vec<&'a [u8]>,
    /// The line of another `-----BEGIN` within the block, whose own `-----END` is missing.
    pub(super) swallowed: Option<u32>,
}

/// Reads block after block; ends at the end of the file or behind the first thing that OpenSSL would not read.
#[derive(Debug, Clone)]
pub(super) struct PemReader<'a> {
    rest: &'a [u8],
    /// What is behind the thing at which it ended.
    behind_end: &'a [u8],
    line: u32,
    indented: Option<u32>,
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
        PemReader { rest: file, behind_end: &[], line: 1, indented: None }
    }

    /// Goes on behind what it ended at, as OpenSSL does from 3.0 when it looks for a key (`pem_read_bio_key_decoder`); not
    /// at the end of the file.
    pub(super) fn resume(&mut self) -> bool {
        self.rest = std::mem::take(&mut self.behind_end);
        !self.rest.is_empty()
    }

    fn end(&mut self) {
        self.behind_end = std::mem::take(&mut self.rest);
    }

    /// The first line so far that was skipped though it would be a start line without the white
    /// space before it or the text behind it.
    pub(super) fn indented_start(&self) -> Option<u32> {
        self.indented
    }

    /// The next piece of a line as `fgets` and then `sanitize_line` leave it; none at the end of
    /// the file and, for that is how C strings end, at a line that starts with a NUL.
    fn next_piece(&mut self) -> Option<Piece<'a>> {
        let line = self.line;
        let window = self.rest.get(..PIECE_BYTES).unwrap_or(self.rest);
        let newline = memchr(b'\n', window);
        self.line = line.saturating_add(u32::from(newline.is_some()));
        let (piece, rest) = self.rest.split_at(newline.map_or(window.len(), |newline| newline + 1));
        self.rest = rest;
        let text = piece.split(|&byte| byte == 0).next().unwrap_or_default();
        if text.is_empty() {
            self.end();
            return None;
        }
        // `char` is signed where nginx mostly runs, so bytes from 0x80 count as white space here.
        let end = text.iter().rposition(|byte| (b'!'..0x80).contains(byte)).map_or(0, |last| last + 1);
        let is_partial = newline.is_none() && text.len() == PIECE_BYTES;
        Some(Piece { text: text.get(..end).unwrap_or_default(), line, is_partial })
    }

    /// The label of the next start line, and its line.
    fn next_start(&mut self) -> Option<(&'a [u8], u32)> {
        // The mark is skipped at each look for a start line, so also in a file that was joined from others.
        self.rest = self.rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.rest);
        loop {
            let piece = self.next_piece()?;
            if let Some(label) = piece.text.strip_prefix(BEGIN).and_then(|label| label.strip_suffix(TAIL)) {
                return Some((label, piece.line));
            }
            if piece.text.trim_ascii_start().starts_with(BEGIN) {
                self.indented.get_or_insert(piece.line);
            }
        }
    }

    fn read_block(&mut self, label: &'a [u8], begin: u32) -> Result<PemBlock<'a>, CertificateProblem> {
        let mut body = Body::default();
        body.decoder.reserve(memmem::find(self.rest, TAIL).unwrap_or_default());
        let mut is_rest_of_line = false;
        loop {
            let Some(piece) = self.next_piece() else { return Err(CertificateProblem::Truncated { line: begin }) };
            if let Some(end) = piece.text.strip_prefix(END) {
                if end.strip_prefix(label) != Some(TAIL) {
                    return Err(wrong_end(end, piece.line, begin, body.swallowed));
                }
                break;
            }
            if !piece.text.is_empty() {
                body.push(piece.text, piece.line, begin)?;
            } else if !is_rest_of_line {
                body.end_headers(piece.line)?;
            }
            is_rest_of_line = piece.is_partial;
        }
        let Body { decoder, bad_line, headers, header_lines, swallowed, .. } = body;
        if let Some(line) = bad_line {
            return Err(CertificateProblem::BadBase64 { line });
        }
        let data = decoder.finish().map_err(|_| CertificateProblem::Incomplete { line: begin })?;
        if data.is_empty() {
            return Err(match headers {
                Some(empty_line @ CertificateProblem::EmptyLine { .. }) => empty_line,
                _ => CertificateProblem::NoData { line: begin },
            });
        }
        Ok(PemBlock { label, line: begin, data, headers, header_lines, swallowed })
    }
}

/// Why the `-----END` on `line`, of which `end` is the rest, does not end the block.
fn wrong_end(end: &[u8], line: u32, begin: u32, swallowed: Option<u32>) -> CertificateProblem {
    if memmem::find(end, BEGIN).is_some() {
        CertificateProblem::JoinedLines { line }
    } else if swallowed.is_some() {
        CertificateProblem::Truncated { line: begin }
    } else {
        CertificateProblem::WrongEnd { line, begin }
    }
}

impl<'a> Iterator for PemReader<'a> {
    type Item = Result<PemBlock<'a>, CertificateProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        let (label, line) = self.next_start()?;
        let block = self.read_block(label, line);
        if block.is_err() && !self.rest.is_empty() {
            self.end();
        }
        Some(block)
    }
}

/// What stands between the start and the end of a block.
#[derive(Default)]
struct Body<'a> {
    decoder: Base64Decoder,
    bad_line: Option<u32>,
    part: Part,
    headers: Option<CertificateProblem>,
    header_lines: Vec<&'a [u8]>,
    swallowed: Option<u32>,
}

/// OpenSSL's `enum header_status`.
#[derive(Default, Clone, Copy)]
enum Part {
    /// Data, unless an empty line says that it was headers.
    #[default]
    Undecided,
    /// Lines of headers, known by a colon.
    Headers,
    /// Data behind an empty line, which must stand in lines of 64 characters.
    Data { empty_line: u32, is_last: bool },
}

impl<'a> Body<'a> {
    /// Takes a line, or a piece of one.
    fn push(&mut self, text: &'a [u8], line: u32, begin: u32) -> Result<(), CertificateProblem> {
        match &mut self.part {
            Part::Undecided if memchr(b':', text).is_some() => {
                self.part = Part::Headers;
                self.headers = Some(CertificateProblem::Headers { line: begin });
                self.header_lines.push(text);
                self.forget_data();
                return Ok(());
            }
            Part::Undecided => {}
            Part::Headers => {
                if self.header_lines.len() < MAX_HEADER_LINES {
                    self.header_lines.push(text);
                }
                return Ok(());
            }
            Part::Data { empty_line, is_last } => {
                if *is_last || text.len() > 64 {
                    return Err(CertificateProblem::EmptyLine { line: *empty_line });
                }
                *is_last = text.len() < 64;
            }
        }
        if text.starts_with(BEGIN) {
            self.swallowed.get_or_insert(line);
        }
        if self.bad_line.is_none() && self.decoder.push(text).is_err() {
            self.bad_line = Some(line);
        }
        Ok(())
    }

    /// Takes an empty line: what came before it was headers.
    fn end_headers(&mut self, line: u32) -> Result<(), CertificateProblem> {
        if let Part::Data { .. } = self.part {
            return Err(CertificateProblem::EmptyLine { line });
        }
        if !self.decoder.is_empty() || self.bad_line.is_some() {
            self.headers.get_or_insert(CertificateProblem::EmptyLine { line });
        }
        self.part = Part::Data { empty_line: line, is_last: false };
        self.forget_data();
        Ok(())
    }

    /// What came so far was no data after all.
    fn forget_data(&mut self) {
        self.decoder.restart();
        self.bad_line = None;
    }
}

/// The first line that holds something like a start line, however damaged.
pub(super) fn find_damaged_start(file: &[u8]) -> Option<u32> {
    let place = memmem::find(file, b"-BEGIN ")?;
    let newlines = memchr_iter(b'\n', file.get(..place)?).count();
    u32::try_from(newlines).ok()?.checked_add(1)
}
