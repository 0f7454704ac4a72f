//! What is meant by a header's value that browsers do not read as it is written.

use super::ParsedHeader;

/// A value as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// The value, which all browsers read.
    pub value: String,
    /// Whether nginx's `always` stood in it, which is no part of the header.
    pub has_always: bool,
}

/// What a value with problems says, if only its signs and the spelling of its names are wrong: `None` where anything else
/// is, or where it cannot be told.
#[must_use]
pub fn corrected(value: &str) -> Option<Corrected> {
    let words = value.split([';', ',', ' ', '\t']).filter(|word| !word.is_empty());
    // A name and its value may be apart: `max-age: 300`, `max-age 300`.
    let mut words = words.flat_map(|word| word.split_inclusive(['=', ':'])).peekable();
    let (mut parts, mut has_always) = (Vec::new(), false);
    while let Some(word) = words.next() {
        let name = word.trim_end_matches(['=', ':']);
        match known(name)? {
            "max-age" => {
                words.next_if(|sign| matches!(*sign, "=" | ":"));
                let seconds = words.next().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
                parts.push(format!("max-age={seconds}"));
            }
            _ if name != word => return None,
            // It stands behind all that is of the header.
            "always" => has_always = words.peek().is_none().then_some(true)?,
            known if known.eq_ignore_ascii_case(name) => parts.push(name.to_owned()),
            known => parts.push(known.to_owned()),
        }
    }
    let value = parts.join("; ");
    let parsed = ParsedHeader::parse(&value);
    (parsed.policy.is_some() && parsed.problems.is_empty()).then_some(Corrected { value, has_always })
}

/// The name that is meant by one.
fn known(name: &str) -> Option<&'static str> {
    let letters = name.chars().filter(|char| !matches!(char, '-' | '_')).collect::<String>().to_ascii_lowercase();
    match &*letters {
        "maxage" => Some("max-age"),
        "includesubdomains" | "includesubdomain" => Some("includeSubDomains"),
        "preload" => Some("preload"),
        "always" => Some("always"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_signs_and_spelling_are_corrected() {
        for (value, meant) in [
            ("max-age=300, includeSubDomains", Some(("max-age=300; includeSubDomains", false))),
            ("max-age=300,includesubdomains,preload", Some(("max-age=300; includesubdomains; preload", false))),
            ("max-age=300; includeSubDomains always", Some(("max-age=300; includeSubDomains", true))),
            ("max-age=300; always", Some(("max-age=300", true))),
            ("max-age=300; includeSubdomain", Some(("max-age=300; includeSubDomains", false))),
            ("max-age=300; include-sub-domains;", Some(("max-age=300; includeSubDomains", false))),
            ("max-age: 300", Some(("max-age=300", false))),
            ("max-age:300; preload", Some(("max-age=300; preload", false))),
            ("max-age 300", Some(("max-age=300", false))),
            ("maxage = 300 includeSubDomains", Some(("max-age=300; includeSubDomains", false))),
            ("", None),
            ("includeSubDomains", None),
            ("max-age", None),
            ("max-age=", None),
            ("max-age=1y", None),
            ("max-age==300", Some(("max-age=300", false))),
            ("max-age=300; max-age=400", None),
            ("max-age=300; includeSubDomains=1", None),
            ("max-age=300; always; preload", None),
            ("max-age=300; report-uri=x", None),
            ("'max-age=300'", None),
            ("max-age=\"300\", preload", None),
            ("max-age=99999999999999999999", None),
        ] {
            let found = corrected(value);
            let found = found.as_ref().map(|found| (found.value.as_str(), found.has_always));
            assert_eq!(found, meant, "{value}");
        }
    }
}
