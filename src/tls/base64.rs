//! Base64 as OpenSSL decodes it line by line (`EVP_DecodeUpdate`): white space anywhere, `-` ends the
//! data, padding only at the very end and complete, spare bits of any value.
//!
//! data-encoding, which x509-parser brings, refuses some of what OpenSSL takes (white space, spare bits)
//! and takes what it refuses (`AA==AA==`), and whether nginx starts hangs on just that.

use zeroize::{Zeroize, Zeroizing};

/// Data that OpenSSL does not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadBase64;

/// A decoder that is fed line by line.
#[derive(Default)]
pub(super) struct Base64Decoder {
    /// Wiped when it is dropped, for it may be a key.
    bytes: Zeroizing<Vec<u8>>,
    group: u32,
    characters: u32,
    padding: u32,
    ended: bool,
}

const WHITE: u8 = 0x40;
const INVALID: u8 = 0x80;

const SEXTETS: [u8; 256] = {
    let mut table = [INVALID; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while value < 64 {
        table[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    table[b' ' as usize] = WHITE;
    table[b'\t' as usize] = WHITE;
    table[b'\r' as usize] = WHITE;
    table[b'\n' as usize] = WHITE;
    table
};

impl Base64Decoder {
    /// Makes room for the bytes that `characters` of base64 hold; within it nothing is copied, so no trace is left.
    pub(super) fn reserve(&mut self, characters: usize) {
        self.bytes.reserve(characters / 4 * 3 + 3);
    }

    /// Starts over, with the room that it has.
    pub(super) fn restart(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.zeroize();
        *self = Base64Decoder { bytes, ..Base64Decoder::default() };
    }

    /// Whether nothing but white space came so far.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.characters == 0 && !self.ended
    }

    /// Takes a piece of the data, unless a character is out of place.
    pub(super) fn push(&mut self, text: &[u8]) -> Result<(), BadBase64> {
        for &byte in text {
            if self.ended {
                break;
            }
            let sextet = SEXTETS[usize::from(byte)];
            if sextet == WHITE {
                continue;
            }
            match byte {
                b'-' => {
                    self.ended = true;
                    break;
                }
                b'=' => self.padding += 1,
                _ if sextet == INVALID || self.padding > 0 => return Err(BadBase64),
                _ => {}
            }
            if self.padding > 2 {
                return Err(BadBase64);
            }
            self.group = self.group << 6 | u32::from(sextet & 0x3f);
            self.characters += 1;
            if self.characters == 4 {
                let [_, first, second, third] = self.group.to_be_bytes();
                self.bytes.extend_from_slice(&[first, second, third]);
                let length = self.bytes.len() - self.padding as usize;
                self.bytes.truncate(length);
                self.group = 0;
                self.characters = 0;
            }
        }
        Ok(())
    }

    /// The decoded bytes, unless they end within a group of four characters.
    pub(super) fn finish(self) -> Result<Zeroizing<Vec<u8>>, BadBase64> {
        if self.characters == 0 { Ok(self.bytes) } else { Err(BadBase64) }
    }
}
