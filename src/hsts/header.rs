//! The value of Strict-Transport-Security, as RFC 6797 (section 6.1) and the browsers read it.
//!
//! Chromium: `ParseHSTSHeader` in net/http/http_security_headers.cc and `HttpUtil::NameValuePairsIterator`.
//! Firefox: security/manager/ssl/nsSecurityHeaderParser.cpp and `ParseSSSHeaders` in nsSiteSecurityService.cpp.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HstsPolicy {
    /// Seconds; 0 ends the policy. A number that is too large is the largest one.
    pub max_age: u64,
    /// `includeSubDomains`.
    pub include_subdomains: bool,
    /// `preload`, which is no part of the RFC: the site asks to be put on the browsers' list.
    pub preload: bool,
}

impl HstsPolicy {
    /// Reads a header's value; `None` when all browsers ignore it.
    #[must_use]
    pub fn parse(value: &str) -> Option<HstsPolicy> {
        ParsedHeader::parse(value).policy
    }
}

/// A header's value with what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedHeader {
    /// What it says; `None` when all browsers ignore it.
    pub policy: Option<HstsPolicy>,
    /// In the order of the text; a missing max-age comes last.
    pub problems: Vec<HeaderProblem>,
}

/// One thing that is wrong with a header's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderProblem {
    /// What it is.
    pub kind: HeaderProblemKind,
    /// Where, in bytes of the value.
    pub place: Range<usize>,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderProblemKind {
    /// There is no max-age, which is required.
    NoMaxAge,
    /// max-age has no number: nothing, a sign, a unit, a fraction.
    MaxAgeIsNoNumber(String),
    /// max-age is more than 64 bits hold. Chromium takes its own largest; Firefox does not read it.
    MaxAgeTooLarge,
    /// includeSubDomains with `=`.
    IncludeSubDomainsHasValue,
    /// A directive of the RFC that is there twice.
    Repeated(&'static str),
    /// Another directive that is there twice, which only the RFC minds.
    RepeatedOther(String),
    /// A comma; directives are separated by semicolons.
    Comma,
    /// Two words without a semicolon between them.
    MissingSemicolon,
    /// A colon for a `=`: `max-age:300`.
    Colon,
    /// Another character that cannot stand there.
    Unexpected(char),
    /// A quote that does not end.
    OpenQuote,
    /// `=value` without a name.
    NoName,
    /// `name=` without a value, of a directive that browsers do not know.
    NoValue(String),
    /// A name that browsers do not know and that is nearly one that they do.
    Misspelt {
        /// As it is written.
        written: String,
        /// What it is nearly.
        meant: &'static str,
    },
}

/// Who ignores a header because of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BrowsersThatIgnore {
    /// None: the rest counts.
    None,
    /// Chromium and what is built on it.
    Chromium,
    /// Firefox.
    Firefox,
    /// All.
    All,
}

impl HeaderProblemKind {
    /// Which browsers ignore the whole header because of it.
    #[must_use]
    pub fn ignored_by(&self) -> BrowsersThatIgnore {
        match self {
            HeaderProblemKind::RepeatedOther(_) | HeaderProblemKind::Misspelt { .. } => BrowsersThatIgnore::None,
            HeaderProblemKind::NoName | HeaderProblemKind::NoValue(_) => BrowsersThatIgnore::Chromium,
            HeaderProblemKind::MaxAgeTooLarge => BrowsersThatIgnore::Firefox,
            _ => BrowsersThatIgnore::All,
        }
    }
}

impl fmt::Display for HeaderProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderProblemKind::NoMaxAge => f.write_str("it has no max-age"),
            HeaderProblemKind::MaxAgeIsNoNumber(text) if text.is_empty() => f.write_str("max-age has no value"),
            HeaderProblemKind::MaxAgeIsNoNumber(text) => {
                write!(f, "max-age is a whole number of seconds, not `{text}`")
            }
            HeaderProblemKind::MaxAgeTooLarge => f.write_str("max-age is larger than 64 bits hold"),
            HeaderProblemKind::IncludeSubDomainsHasValue => f.write_str("includeSubDomains takes no value"),
            HeaderProblemKind::Repeated(name) => write!(f, "{name} is there twice"),
            HeaderProblemKind::RepeatedOther(name) => write!(f, "{name} is there twice, which RFC 6797 forbids"),
            HeaderProblemKind::Comma => f.write_str("directives are separated by `;`, not by `,`"),
            HeaderProblemKind::MissingSemicolon => f.write_str("a `;` is missing between two directives"),
            HeaderProblemKind::Colon => f.write_str("a name and its value are joined by `=`, not by `:`"),
            HeaderProblemKind::Unexpected(character) => write!(f, "`{}` cannot stand there", character.escape_debug()),
            HeaderProblemKind::OpenQuote => f.write_str("a quote is not closed"),
            HeaderProblemKind::NoName => f.write_str("a value has no name before its `=`"),
            HeaderProblemKind::NoValue(name) => write!(f, "{name} has a `=` and no value"),
            HeaderProblemKind::Misspelt { written, meant } => {
                write!(f, "browsers do not know `{written}`; {meant} is meant")
            }
        }
    }
}

/// The directives that are known by name. RFC 6797 knows the first two.
const NAMES: [&str; 3] = ["max-age", "includeSubDomains", "preload"];

impl ParsedHeader {
    /// Reads a header's value.
    #[must_use]
    pub fn parse(value: &str) -> ParsedHeader {
        let mut reader = Reader::default();
        for piece in pieces(value) {
            reader.read(value, piece);
        }
        reader.finish(value)
    }

    /// Which browsers ignore the header.
    #[must_use]
    pub fn ignored_by(&self) -> BrowsersThatIgnore {
        ignored_by(&self.problems)
    }
}

fn ignored_by(problems: &[HeaderProblem]) -> BrowsersThatIgnore {
    problems.iter().map(|problem| problem.kind.ignored_by()).fold(BrowsersThatIgnore::None, |all, next| {
        match (all, next) {
            (BrowsersThatIgnore::None, other) | (other, BrowsersThatIgnore::None) => other,
            (one, other) if one == other => one,
            _ => BrowsersThatIgnore::All,
        }
    })
}

/// The parts between semicolons that stand in no quotes.
fn pieces(value: &str) -> impl Iterator<Item = Range<usize>> {
    let mut cuts = Vec::new();
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b';' if !is_quoted => cuts.push(at),
            _ => {}
        }
    }
    cuts.push(value.len());
    let mut start = 0;
    cuts.into_iter().map(move |end| {
        let piece = start..end;
        start = end + 1;
        piece
    })
}

/// The part of `value` without the blanks around it.
fn trimmed(value: &str, place: Range<usize>) -> Range<usize> {
    let blank = |char: char| char == ' ' || char == '\t';
    let text = &value[place.clone()];
    let start = place.start + (text.len() - text.trim_start_matches(blank).len());
    let end = place.end - (text.len() - text.trim_end_matches(blank).len());
    start..end.max(start)
}

#[derive(Default)]
struct Reader {
    policy: HstsPolicy,
    /// The names that were seen, in lower case.
    seen: Vec<String>,
    problems: Vec<HeaderProblem>,
}

impl Reader {
    fn note(&mut self, kind: HeaderProblemKind, place: Range<usize>) {
        self.problems.push(HeaderProblem { kind, place });
    }

    /// One directive.
    fn read(&mut self, whole: &str, piece: Range<usize>) {
        let piece = trimmed(whole, piece);
        if piece.is_empty() {
            return;
        }
        let text = &whole[piece.clone()];
        let equals = text.find('=').map(|at| piece.start + at);
        let name_place = trimmed(whole, piece.start..equals.unwrap_or(piece.end));
        let name = &whole[name_place.clone()];
        let value = equals.map(|equals| trimmed(whole, equals + 1..piece.end));
        if name.is_empty() {
            self.note(HeaderProblemKind::NoName, piece);
            return;
        }
        if let Some(problem) = token_problem(name, name_place.start) {
            // Whatever was meant by it, it counts as given.
            self.seen.extend(NAMES.iter().filter(|known| starts_with(name, known)).map(|known| lower(known)));
            self.problems.push(problem);
            return;
        }
        let known = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
        self.note_repetition(name, known, &name_place);
        let content = match value.clone().map(|place| content(whole, place)) {
            Some(Ok(content)) => Some(content),
            Some(Err(problem)) => {
                self.problems.push(problem);
                return;
            }
            None => None,
        };
        match (known, content) {
            (Some("max-age"), content) => {
                self.read_max_age(&content.unwrap_or_default(), value.unwrap_or(name_place));
            }
            (Some("includeSubDomains"), None) => self.policy.include_subdomains = true,
            (Some("includeSubDomains"), Some(_)) => self.note(HeaderProblemKind::IncludeSubDomainsHasValue, piece),
            (Some(_), None) => self.policy.preload = true,
            (None, _) if self.note_misspelling(name, &name_place) => {}
            (_, Some(content)) if content.is_empty() && !whole[piece.clone()].ends_with('"') => {
                self.note(HeaderProblemKind::NoValue(name.to_owned()), piece);
            }
            _ => {}
        }
    }

    fn note_repetition(&mut self, name: &str, known: Option<&'static str>, place: &Range<usize>) {
        let lower = lower(name);
        if !self.seen.contains(&lower) {
            self.seen.push(lower);
            return;
        }
        let kind = match known {
            Some(name @ ("max-age" | "includeSubDomains")) => HeaderProblemKind::Repeated(name),
            _ => HeaderProblemKind::RepeatedOther(name.to_owned()),
        };
        self.note(kind, place.clone());
    }

    fn read_max_age(&mut self, digits: &str, place: Range<usize>) {
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.note(HeaderProblemKind::MaxAgeIsNoNumber(digits.to_owned()), place);
            return;
        }
        self.policy.max_age = digits.parse().unwrap_or_else(|_| {
            self.note(HeaderProblemKind::MaxAgeTooLarge, place);
            u64::MAX
        });
    }

    /// Whether a name that browsers do not know is nearly one that they know.
    fn note_misspelling(&mut self, name: &str, place: &Range<usize>) -> bool {
        let letters = |name: &str| -> String { lower(name).chars().filter(char::is_ascii_alphanumeric).collect() };
        let written = letters(name);
        let nearly = |known: &&&'static str| {
            let known = letters(known);
            // A third of the letters may be wrong in a long name, one in a short one.
            let allowed = if known.len() > 10 { 5 } else { 2 };
            strsim::osa_distance(&written, &known) <= allowed
        };
        let meant = match written.contains("subdomain") {
            true => "includeSubDomains",
            false => match NAMES.iter().find(nearly) {
                Some(known) => known,
                None => return false,
            },
        };
        self.note(HeaderProblemKind::Misspelt { written: name.to_owned(), meant }, place.clone());
        true
    }

    fn finish(mut self, whole: &str) -> ParsedHeader {
        if !self.seen.iter().any(|name| name == "max-age") {
            self.note(HeaderProblemKind::NoMaxAge, 0..whole.len());
        }
        let is_ignored = ignored_by(&self.problems) == BrowsersThatIgnore::All;
        ParsedHeader { policy: (!is_ignored).then_some(self.policy), problems: self.problems }
    }
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// `token` of RFC 2616, section 2.2, which RFC 6797 builds on.
fn is_token_char(character: char) -> bool {
    character.is_ascii_graphic() && !r#"()<>@,;:\"/[]?={}"#.contains(character)
}

/// What keeps `text`, which begins at `start`, from being a token.
fn token_problem(text: &str, start: usize) -> Option<HeaderProblem> {
    let (at, character) = text.char_indices().find(|&(_, character)| !is_token_char(character))?;
    let kind = match character {
        ',' => HeaderProblemKind::Comma,
        ':' => HeaderProblemKind::Colon,
        ' ' | '\t' => HeaderProblemKind::MissingSemicolon,
        other => HeaderProblemKind::Unexpected(other),
    };
    let at = start + at;
    Some(HeaderProblem { kind, place: at..at + character.len_utf8() })
}

/// What a token or a quoted string says.
fn content(whole: &str, place: Range<usize>) -> Result<Cow<'_, str>, HeaderProblem> {
    let text = &whole[place.clone()];
    let Some(quoted) = text.strip_prefix('"') else {
        return match token_problem(text, place.start) {
            Some(problem) => Err(problem),
            None => Ok(Cow::Borrowed(text)),
        };
    };
    let mut content = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let end = place.start + 1 + at + 1;
                let rest = trimmed(whole, end..place.end);
                return match whole[rest.clone()].chars().next() {
                    None => Ok(Cow::Owned(content)),
                    Some(',') => Err(HeaderProblem { kind: HeaderProblemKind::Comma, place: rest }),
                    Some(_) => Err(HeaderProblem { kind: HeaderProblemKind::MissingSemicolon, place: rest }),
                };
            }
            '\\' => content.extend(characters.next().map(|(_, escaped)| escaped)),
            other => content.push(other),
        }
    }
    Err(HeaderProblem { kind: HeaderProblemKind::OpenQuote, place })
}

#[cfg(test)]
mod tests {
    use super::BrowsersThatIgnore::{All, Chromium, Firefox, None as Nobody};
    use super::*;
    use proptest::prelude::*;

    fn policy(max_age: u64, include_subdomains: bool, preload: bool) -> Option<HstsPolicy> {
        Some(HstsPolicy { max_age, include_subdomains, preload })
    }

    /// `offset: message` of each problem.
    fn problems(header: &ParsedHeader) -> Vec<String> {
        header.problems.iter().map(|problem| format!("{}: {}", problem.place.start, problem.kind)).collect()
    }

    #[test]
    fn values_that_browsers_take() {
        for (value, expected) in [
            ("max-age=31536000", policy(31_536_000, false, false)),
            ("max-age=31536000; includeSubDomains; preload", policy(31_536_000, true, true)),
            ("MAX-AGE=0 ; INCLUDESUBDOMAINS", policy(0, true, false)),
            ("includesubdomains;max-age=1", policy(1, true, false)), // any order
            ("max-age=\"31536000\"", policy(31_536_000, false, false)),
            ("max-age=\"\\31\"", policy(31, false, false)), // a quoted pair
            (" max-age = 5 \t; ", policy(5, false, false)),
            (";;max-age=5;;includeSubDomains;", policy(5, true, false)), // empty directives
            ("max-age=5; report=\"a;b\"; x=y; z", policy(5, false, false)), // unknown directives
            ("max-age=00005", policy(5, false, false)),
            ("max-age=5; preload=1", policy(5, false, false)), // another directive than preload
        ] {
            let header = ParsedHeader::parse(value);
            assert_eq!((header.policy, problems(&header)), (expected, vec![]), "{value}");
        }
    }

    #[test]
    fn values_with_problems() {
        const ROWS: &[(&str, &str, BrowsersThatIgnore)] = &[
            ("", "0: it has no max-age", All),
            ("includeSubDomains", "0: it has no max-age", All),
            ("max-age", "0: max-age has no value", All),
            ("max-age=", "8: max-age has no value", All),
            ("max-age=1y", "8: max-age is a whole number of seconds, not `1y`", All),
            ("max-age=-1", "8: max-age is a whole number of seconds, not `-1`", All),
            ("max-age=+1", "8: max-age is a whole number of seconds, not `+1`", All),
            ("max-age=1.5", "8: max-age is a whole number of seconds, not `1.5`", All),
            ("max-age=\" 1\"", "8: max-age is a whole number of seconds, not ` 1`", All),
            ("max-age='1'", "8: max-age is a whole number of seconds, not `'1'`", All),
            ("max-age=31536000, includeSubDomains", "16: directives are separated by `;`, not by `,`", All),
            ("max-age=31536000 includeSubDomains", "16: a `;` is missing between two directives", All),
            ("max-age=1; includeSubDomains always", "28: a `;` is missing between two directives", All),
            ("max-age=\"1\" preload", "12: a `;` is missing between two directives", All),
            ("max-age:31536000", "7: a name and its value are joined by `=`, not by `:`", All),
            (
                "Strict-Transport-Security: max-age=1; max-age=1",
                "25: a name and its value are joined by `=`, not by `:`",
                All,
            ),
            ("max-age=1; max-age=1", "11: max-age is there twice", All),
            ("max-age=1; includeSubDomains; IncludeSubdomains", "30: includeSubDomains is there twice", All),
            ("max-age=1; includeSubDomains=true", "11: includeSubDomains takes no value", All),
            ("max-age=1; includeSubDomains=\"\"", "11: includeSubDomains takes no value", All),
            ("max-age=1; includeSubDomains=", "11: includeSubDomains takes no value", All),
            ("max-age=\"1", "8: a quote is not closed", All),
            ("max-age=1; x=\"a\\\"", "13: a quote is not closed", All),
            ("max-age=1; ü", "11: `ü` cannot stand there", All),
            ("max-age=1; x=/y", "13: `/` cannot stand there", All),
            ("max-age=1; x=", "11: x has a `=` and no value", Chromium),
            ("max-age=1; =x", "11: a value has no name before its `=`", Chromium),
            ("max-age=99999999999999999999", "8: max-age is larger than 64 bits hold", Firefox),
            ("max-age=1; preload; preload", "20: preload is there twice, which RFC 6797 forbids", Nobody),
            (
                "max-age=1; includeSubdomain",
                "11: browsers do not know `includeSubdomain`; includeSubDomains is meant",
                Nobody,
            ),
            (
                "max-age=1; include-sub-domains",
                "11: browsers do not know `include-sub-domains`; includeSubDomains is meant",
                Nobody,
            ),
            ("max-age=1; subdomains", "11: browsers do not know `subdomains`; includeSubDomains is meant", Nobody),
            ("max-age=1; report-uri=x", "", Nobody),
        ];
        for &(value, expected, ignored_by) in ROWS {
            let header = ParsedHeader::parse(value);
            let expected: Vec<&str> = Some(expected).filter(|text| !text.is_empty()).into_iter().collect();
            assert_eq!(
                (problems(&header), header.ignored_by()),
                (expected.iter().map(ToString::to_string).collect(), ignored_by),
                "{value}"
            );
            assert_eq!(header.policy.is_none(), ignored_by == All, "{value}");
        }
        let two = ParsedHeader::parse("maxage=1; x=");
        assert_eq!(
            problems(&two),
            [
                "0: browsers do not know `maxage`; max-age is meant",
                "10: x has a `=` and no value",
                "0: it has no max-age"
            ]
        );
        assert_eq!(ParsedHeader::parse("max-age=99999999999999999999; x=").ignored_by(), All);
    }

    proptest! {
        #[test]
        fn any_text_is_read(value in "\\PC*|[a-z=;\" \\\\,-]{0,40}|(max-age|includeSubDomains|=|1|;|\"| )*") {
            let header = ParsedHeader::parse(&value);
            for problem in &header.problems {
                prop_assert!(value.get(problem.place.clone()).is_some(), "{:?}", problem);
            }
            prop_assert_eq!(header.policy.is_none(), header.ignored_by() == All);
        }

        #[test]
        fn what_is_written_is_read(max_age: u64, include_subdomains: bool, preload: bool) {
            let mut value = format!("max-age={max_age}");
            if include_subdomains { value.push_str("; includeSubDomains"); }
            if preload { value.push_str("; preload"); }
            prop_assert_eq!(HstsPolicy::parse(&value), policy(max_age, include_subdomains, preload));
        }
    }
}
