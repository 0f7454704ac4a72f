//! Lists made for the purpose, broken ones, and the one that is shipped.

use std::collections::BTreeMap;

use super::chromium::{ChromiumListError, parse_chromium_list};
use super::encode::{EncodeError, encode};
use super::*;
use proptest::prelude::*;

fn hosts(rows: &[(&str, bool)]) -> BTreeMap<String, bool> {
    rows.iter().map(|&(host, include_subdomains)| (host.to_owned(), include_subdomains)).collect()
}

fn found(list: &PreloadList<'_>, host: &str) -> Option<(String, bool, bool)> {
    list.find(host).map(|found| (found.entry, found.is_exact, found.include_subdomains))
}

#[test]
fn the_nearest_entry_decides() {
    let rows = [("dev", true), ("a.test", true), ("b.a.test", false), ("c.test", false), ("a-b.test", true)];
    let bytes = encode(&hosts(&rows), "2026-01-01", "a test").unwrap();
    let list = PreloadList::parse(&bytes).unwrap();
    assert_eq!((list.date(), list.source(), list.len()), ("2026-01-01", "a test", 5));
    for (host, expected) in [
        ("dev", Some(("dev", true, true))),
        ("x.y.dev", Some(("dev", false, true))),
        ("xdev", None),
        ("a.test", Some(("a.test", true, true))),
        ("x.a.test", Some(("a.test", false, true))),
        ("b.a.test", Some(("b.a.test", true, false))),
        ("x.b.a.test", None), // what is nearest does not include it
        ("c.test", Some(("c.test", true, false))),
        ("x.c.test", None),
        ("a-b.test", Some(("a-b.test", true, true))),
        ("test", None),
        ("", None),
        (".", None),
        ("ü.test", None),
        ("dev.", None),
        ("x..dev", Some(("dev", false, true))),
    ] {
        let expected = expected.map(|(entry, is_exact, all)| (entry.to_owned(), is_exact, all));
        assert_eq!(found(&list, host), expected, "{host}");
    }
    assert!(list.find("a.dev").unwrap().is_top_level_domain());
    assert!(!list.find("a.test").unwrap().is_top_level_domain());
    assert_eq!(found(&list, &"a.".repeat(200)), None);
}

#[test]
fn broken_lists_are_refused_or_find_nothing() {
    let many: BTreeMap<String, bool> =
        (0..100).map(|number| (format!("host-{number}.test"), number % 3 == 0)).collect();
    let bytes = encode(&many, "2026-01-01", "a test").unwrap();
    assert_eq!(PreloadList::parse(&bytes).unwrap().entries().collect::<BTreeMap<_, _>>(), many);
    for length in 0..bytes.len() {
        assert!(PreloadList::parse(&bytes[..length]).is_err(), "cut at {length}");
    }
    assert!(PreloadList::parse(&[&bytes[..], b"x"].concat()).is_err());
    for at in 0..bytes.len() {
        let mut broken = bytes.clone();
        broken[at] ^= 0x55;
        if let Ok(list) = PreloadList::parse(&broken) {
            let _ = list.find("host-7.test");
            assert!(list.entries().count() <= list.len());
        }
    }
    let nothing = encode(&BTreeMap::new(), "", "").unwrap();
    assert!(PreloadList::parse(&nothing).unwrap().is_empty());
    assert_eq!(PreloadList::parse(&nothing).unwrap().find("a.test"), None);
}

#[test]
fn what_is_no_host_is_not_written() {
    for host in ["", "A.test", "a..test", ".test", "ü.test", "a b.test", &"a".repeat(254)] {
        assert_eq!(encode(&hosts(&[(host, true)]), "", ""), Err(EncodeError::Host(host.to_owned())), "{host}");
    }
    assert_eq!(encode(&BTreeMap::new(), "a\nb", ""), Err(EncodeError::Line));
}

#[test]
fn chromiums_file_with_its_comments() {
    let text = br#"// Copyright
{
  "pinsets": [{ "name": "x" }],
  // entries
  "entries": [
    // gTLDs
    { "name": "dev", "policy": "public-suffix", "mode": "force-https", "include_subdomains": true },
    { "name": "Mix.test", "policy": "test", "mode": "force-https" },
    { "name": "pins.test", "policy": "google", "include_subdomains": true, "pins": "google" },
    { "name": "other.test", "policy": "google", "mode": "", "include_subdomains": true }
  ]
}
"#;
    assert_eq!(parse_chromium_list(text).unwrap(), hosts(&[("dev", true), ("mix.test", false)]));
    for broken in [&b""[..], b"{", b"[]", b"{\"entries\": [{}]}", b"\xff\xfe", &text[..text.len() / 2]] {
        assert!(matches!(parse_chromium_list(broken), Err(ChromiumListError::Json(_))), "{broken:?}");
    }
    assert!(matches!(parse_chromium_list(b"{\"entries\": []}"), Err(ChromiumListError::Empty)));
}

#[test]
fn the_shipped_list() {
    let list = PreloadList::shipped();
    assert!(list.len() > 150_000, "{}", list.len());
    assert_eq!(list.date().len(), "2026-10-05".len());
    assert_eq!(list.entries().count(), list.len());
    for top_level in ["dev", "app", "page", "new", "foo", "bank", "zip"] {
        let found = list.find(&format!("any.{top_level}")).unwrap();
        assert!(found.is_top_level_domain() && !found.is_exact, "{top_level}");
    }
    for (host, is_exact) in [("github.com", true), ("gist.github.com", false), ("accounts.google.com", true)] {
        assert_eq!(list.find(host).map(|found| found.is_exact), Some(is_exact), "{host}");
    }
    for host in ["shop.example", "example.com", "a.test", "localhost", "com", "192.0.2.1"] {
        assert_eq!(list.find(host), None, "{host}");
    }
    // It is in every copy of the program.
    assert!(include_bytes!("list.bin").len() < 1_000_000);
}

proptest! {
    #[test]
    fn what_is_written_is_found(
        rows in prop::collection::btree_map("[a-z0-9_-]{1,8}(\\.[a-z0-9-]{1,5}){0,3}", any::<bool>(), 0..60),
        others in prop::collection::vec("[a-z.]{0,12}", 0..20),
    ) {
        let bytes = encode(&rows, "2026-01-01", "a test").unwrap();
        let list = PreloadList::parse(&bytes).unwrap();
        prop_assert_eq!(list.entries().collect::<BTreeMap<_, _>>(), rows.clone());
        for (host, include_subdomains) in &rows {
            prop_assert_eq!(found(&list, host), Some((host.clone(), true, *include_subdomains)));
        }
        for host in rows.keys().map(|host| format!("x.{host}")).chain(others) {
            let above = host.match_indices('.').map(|(dot, _)| &host[dot + 1..]);
            let nearest = std::iter::once(host.as_str()).chain(above).find(|entry| rows.contains_key(*entry));
            let expected = nearest.filter(|entry| *entry == host || rows[*entry]);
            prop_assert_eq!(list.find(&host).map(|found| found.entry), expected.map(str::to_owned));
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let all = [MAGIC, b"d\ns\n", &bytes].concat();
        if let Ok(list) = PreloadList::parse(&all) {
            let _ = list.find("shop.example");
        }
    }
}
