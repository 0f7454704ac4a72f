//! Private keys that stand in the configuration itself (`ssl_certificate_key "data:…"`), and the PINs of tokens that hold
//! keys (`engine:pkcs11:pkcs11:…?pin-value=…`): no output shows them.
//!
//! A configuration is pasted into tickets and its report is kept by CI services, so the keys in it are covered twice:
//! lines of the configuration by the places of the keys in it, and all that is written by the keys' own text.

use std::io::{self, Write};
use std::ops::Range;

use memchr::memmem::{self, Finder};
use rustc_hash::FxHashSet;

use crate::nginx::tls_files::{DATA_PREFIX, TLS_FILES, TlsFileKind};
use crate::source::{FileId, SourceFile, Sources};

/// What stands for each character of a key.
pub(super) const MARK: char = '*';

/// What of a key is found in a text by itself: shorter words of it may be anything.
const PIECE: usize = 12;

/// The last line of a key may be short; shorter ones say nothing.
const SHORTEST_END: usize = 4;

/// A parameter of so many characters of base64 is no path.
const PASTED: usize = 64;

const BEGIN: &[u8] = b"-----BEGIN ";
const KEY_LABEL: &[u8] = b"PRIVATE KEY-----";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// What stands before the PIN of a token. RFC 7512, section 2.4.
const PIN: &[u8] = b"pin-value=";

/// The places of private keys in a file, ascending and apart from each other.
pub(super) fn places(file: &SourceFile) -> &[Range<usize>] {
    file.hidden(|text| {
        let mut places = pem_keys(text);
        places.extend(key_parameters(text));
        places.extend(pins(text));
        places.sort_by_key(|place| (place.start, place.end));
        let mut apart: Vec<Range<usize>> = Vec::with_capacity(places.len());
        for place in places {
            match apart.last_mut() {
                Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
                _ => apart.push(place),
            }
        }
        apart
    })
}

/// What stands between the `-----BEGIN … PRIVATE KEY-----` and the `-----END` of PEM.
fn pem_keys(text: &[u8]) -> Vec<Range<usize>> {
    let labels = Finder::new(KEY_LABEL);
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(label) = text.get(from..).and_then(|rest| labels.find(rest)) {
        let start = from + label + KEY_LABEL.len();
        let before = text.get(..from + label).unwrap_or_default();
        let line = before.get(before.len().saturating_sub(64)..).unwrap_or_default();
        from = start;
        if memmem::rfind(line, BEGIN).is_none() || memmem::rfind(line, BEGIN) < memmem::rfind(line, END) {
            continue;
        }
        let rest = text.get(start..).unwrap_or_default();
        let next = memmem::find(rest, BEGIN).unwrap_or(rest.len());
        let length = memmem::find(rest.get(..next).unwrap_or_default(), END).unwrap_or_else(|| {
            // Without its end, as far as a key may go on.
            rest.iter().position(|byte| !is_of_body(*byte)).unwrap_or(rest.len())
        });
        places.push(start..start + length);
        from = start + length;
    }
    places
}

/// The PINs in the URIs of PKCS#11. They end where no PIN goes on; the bytes that one can have besides these would show
/// more of it than they hide of what follows.
fn pins(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    memmem::find_iter(text, PIN).filter_map(|at| {
        let start = at + PIN.len();
        let rest = text.get(start..)?;
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"&;\"<>\\`{}".contains(byte);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        (length > 0).then_some(start..start + length)
    })
}

fn is_of_body(byte: u8) -> bool {
    is_base64(byte) || byte.is_ascii_whitespace() || b"\\:,-".contains(&byte)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

/// The values of directives that name keys and do not name a file: behind `data:`, or pasted without it.
fn key_parameters(text: &[u8]) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    for row in TLS_FILES.iter().filter(|row| row.kind == TlsFileKind::Key) {
        for name in memmem::find_iter(text, row.directive) {
            let word = name + row.directive.len();
            let rest = text.get(word..).unwrap_or_default();
            let space = rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len());
            if space > 0 {
                places.extend(key_value(rest.get(space..).unwrap_or_default(), word + space));
            }
        }
    }
    places
}

/// The part to hide of the parameter that begins at `offset`.
fn key_value(text: &[u8], offset: usize) -> Option<Range<usize>> {
    let quote = text.first().copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let start = usize::from(quote.is_some());
    let text = text.get(start..)?;
    let mut is_escaped = false;
    let ends = |byte: &u8| {
        let ends = !is_escaped
            && match quote {
                Some(quote) => *byte == quote,
                None => byte.is_ascii_whitespace() || matches!(byte, b';' | b'{'),
            };
        is_escaped = !is_escaped && *byte == b'\\';
        ends
    };
    let value = text.get(..text.iter().position(ends).unwrap_or(text.len()))?;
    let data = value.strip_prefix(DATA_PREFIX.as_bytes());
    let hidden = match data {
        // The name of a variable is no key.
        Some(data) => data.first().is_some_and(|first| *first != b'$'),
        None => value.len() >= PASTED && !value.starts_with(b"/") && value.iter().all(|byte| is_of_body(*byte)),
    };
    // PEM is found for itself, with its first line left to be seen.
    let is_pem = memmem::find(value, BEGIN).is_some();
    let prefix = value.len() - data.unwrap_or(value).len();
    let start = offset + start;
    (hidden && !is_pem).then_some(start + prefix..start + value.len())
}

/// The text of all keys of a run, to be found again in what is written.
#[derive(Debug, Default)]
pub struct Secrets {
    pieces: FxHashSet<[u8; PIECE]>,
    /// Last lines that are shorter than a piece.
    ends: FxHashSet<Vec<u8>>,
    /// Whether there are PINs. They are as short as any word, and known by what stands before them.
    has_pins: bool,
}

impl Secrets {
    /// Those of all files.
    #[must_use]
    pub fn of(sources: &Sources) -> Secrets {
        let mut secrets = Secrets::default();
        for number in 0..sources.len() {
            let file = sources.file(FileId(number as u32));
            for place in places(file) {
                let is_pem = file.text.get(..place.start).is_some_and(|before| before.ends_with(DASHES));
                secrets.add(file.text.get(place.clone()).unwrap_or_default(), is_pem);
            }
            secrets.has_pins |= pins(&file.text).next().is_some();
        }
        secrets
    }

    fn add(&mut self, key: &[u8], is_pem: bool) {
        // In PEM within a quoted parameter a line may end in `\n`.
        let lines = || key.split(|byte| !is_base64(*byte)).filter(|line| is_pem || !line.starts_with(b"/"));
        for line in lines() {
            self.pieces.extend(line.windows(PIECE).filter_map(|piece| <[u8; PIECE]>::try_from(piece).ok()));
        }
        let last = lines().rfind(|line| line.len() >= SHORTEST_END).filter(|last| last.len() < PIECE);
        if let Some(last) = last.filter(|_| is_pem) {
            self.ends.insert(last.to_vec());
            // As it stands behind an escaped line feed.
            self.ends.extend(last.strip_prefix(b"n").filter(|last| last.len() >= SHORTEST_END).map(<[u8]>::to_vec));
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.ends.is_empty() && !self.has_pins
    }

    /// Whether a text holds a piece of a key.
    #[must_use]
    pub fn are_in(&self, text: &[u8]) -> bool {
        !self.is_empty() && self.covered(text).contains(&true)
    }

    /// For each byte of a text whether it is of a key.
    fn covered(&self, text: &[u8]) -> Vec<bool> {
        let mut covered = vec![false; text.len()];
        for (at, piece) in text.windows(PIECE).enumerate() {
            if self.pieces.contains(piece) {
                covered.iter_mut().skip(at).take(PIECE).for_each(|byte| *byte = true);
            }
        }
        let mut from = 0;
        for word in text.split(|byte| !is_base64(*byte)) {
            if self.ends.contains(word) || word.strip_prefix(b"n").is_some_and(|word| self.ends.contains(word)) {
                covered.iter_mut().skip(from).take(word.len()).for_each(|byte| *byte = true);
            }
            from += word.len() + 1;
        }
        if self.has_pins {
            pins(text).for_each(|pin| covered.iter_mut().skip(pin.start).take(pin.len()).for_each(|byte| *byte = true));
        }
        covered
    }

    /// A text without the keys.
    #[must_use]
    pub fn without(&self, text: &str) -> String {
        let mut out = Vec::new();
        // Writing to a Vec cannot fail, and a mark takes the place of an ASCII character.
        let _ = self.cover(&mut out, |out| out.write_all(text.as_bytes()));
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Gives `write` a place to write to, from which all comes to `out` but for the keys.
    ///
    /// # Errors
    /// What `write` and `out` say.
    pub fn cover(&self, out: &mut dyn Write, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        if self.is_empty() {
            return write(out);
        }
        let mut text = Vec::new();
        write(&mut text)?;
        let covered = self.covered(&text);
        text.iter_mut().zip(covered).filter(|(_, is_covered)| *is_covered).for_each(|(byte, _)| *byte = MARK as u8);
        out.write_all(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: [&str; 3] = [
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgi2EKxQQ0i+emG3Eq",
        "FTAMwffhhW1L4m7TUEelY8Ov3pyhRANCAAROM5eIgpJ45BEUGyBWL0zPXEFAALhe",
        "nxEG",
    ];

    /// The text with what is hidden of it replaced by one mark.
    fn hidden(text: &str) -> String {
        let sources = Sources::default();
        let file = sources.add("a.conf".into(), text.into());
        let mut shown = text.to_owned();
        for place in places(sources.file(file)).iter().rev() {
            shown.replace_range(place.clone(), "*");
        }
        shown
    }

    #[test]
    fn keys_are_found_wherever_they_stand() {
        let lines = LINES.join("\n");
        let escaped = LINES.join("\\n");
        let cases = [
            (format!("a \"data:-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\";"), true),
            (format!("a \"-----BEGIN EC PRIVATE KEY-----\\n{escaped}\\n-----END EC PRIVATE KEY-----\\n\";"), true),
            (format!("# -----BEGIN PRIVATE KEY-----\n{lines}\n}}\n-----BEGIN X-----\n"), true),
            (format!("ssl_certificate_key\n '{}';", LINES[0]), true),
            (format!("proxy_ssl_certificate_key data:{};", LINES[0]), true),
            ("ssl_certificate_key \"data:$key\";".to_owned(), false),
            (
                "ssl_certificate_key /etc/ssl/private/a-name-that-is-quite-long/and-another/and-more/shop.key;".into(),
                false,
            ),
            (format!("data \"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\";"), false),
        ];
        for (text, is_hidden) in cases {
            let shown = hidden(&text);
            assert_eq!(
                LINES[..2].iter().any(|line| shown.contains(&line[..PIECE])),
                !is_hidden && text.contains(LINES[0])
            );
            assert_eq!(shown == text, !is_hidden, "{shown}");
        }
    }

    #[test]
    fn pins_end_where_their_uri_goes_on() {
        for (text, shown) in [
            (
                "k \"engine:pkcs11:pkcs11:token=a;object=b?pin-value=1234\";",
                "k \"engine:pkcs11:pkcs11:token=a;object=b?pin-value=*\";",
            ),
            (
                "k 'store:pkcs11:token=a?pin-value=%31'2&module-name=m' x",
                "k 'store:pkcs11:token=a?pin-value=*&module-name=m' x",
            ),
            ("k pkcs11:object=b;pin-value=a;type=private", "k pkcs11:object=b;pin-value=*;type=private"),
            ("k \"pkcs11:a?pin-value=\";", "k \"pkcs11:a?pin-value=\";"),
            ("k \"pkcs11:a?pin-source=file:/run/pin\";", "k \"pkcs11:a?pin-source=file:/run/pin\";"),
            ("k \"pkcs11:a?pin-value=a-----BEGIN PRIVATE KEY-----b", "k \"pkcs11:a?pin-value=* PRIVATE KEY-----*"),
        ] {
            assert_eq!(hidden(text), shown);
        }
    }

    #[test]
    fn what_is_written_is_covered_and_keeps_its_width() {
        let sources = Sources::default();
        let key = LINES.join("\\n");
        sources.add("a".into(), format!("-----BEGIN PRIVATE KEY-----\\n{key}\\n-----END PRIVATE KEY-----").into());
        let secrets = Secrets::of(&sources);
        let text = format!("x \"{}\" {} {} unrelated", LINES[2], &LINES[1][5..20], LINES.join("␊"));
        let mut out = Vec::new();
        secrets.cover(&mut out, |out| out.write_all(text.as_bytes())).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.chars().count(), text.chars().count());
        assert_eq!(out.replace('*', ""), "x \"\"  ␊␊ unrelated");
        assert!(secrets.are_in(&LINES[0].as_bytes()[..PIECE]) && !secrets.are_in(b"-----BEGIN PRIVATE KEY-----"));
    }
}
