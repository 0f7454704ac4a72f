//! The HSTS header, and both forms of the preload list.

use std::collections::BTreeMap;

use ngxlint::hsts::preload::chromium::parse_chromium_list;
use ngxlint::hsts::preload::encode::encode;
use ngxlint::hsts::{BrowsersThatIgnore, HeaderProblemKind, HstsPolicy, ParsedHeader, PreloadList};

/// The value of Strict-Transport-Security.
pub(crate) fn check_header(value: &[u8]) {
    let Ok(value) = std::str::from_utf8(value) else { return };
    let header = ParsedHeader::parse(value);
    assert_eq!(header.policy.is_none(), header.ignored_by() == BrowsersThatIgnore::All);
    for problem in &header.problems {
        assert!(value.get(problem.place.clone()).is_some(), "{problem:?}");
        assert!(!problem.kind.to_string().is_empty());
    }
    let of_the_text = header.problems.iter().filter(|problem| problem.kind != HeaderProblemKind::NoMaxAge);
    assert!(of_the_text.map(|problem| problem.place.start).is_sorted(), "{:?}", header.problems);
    let Some(policy) = header.policy else { return };
    assert_eq!(HstsPolicy::parse(&written(policy)), Some(policy));
    // Names have no case, and empty directives count nothing.
    assert_eq!(HstsPolicy::parse(&value.to_ascii_uppercase()), Some(policy));
    assert_eq!(HstsPolicy::parse(&format!(" ;\t{value};")), Some(policy));
}

/// As a server would send it.
fn written(policy: HstsPolicy) -> String {
    let mut value = format!("max-age={}", policy.max_age);
    for (is_there, name) in [(policy.include_subdomains, "; includeSubDomains"), (policy.preload, "; preload")] {
        if is_there {
            value += name;
        }
    }
    value
}

/// A list in ngxlint's form.
pub(crate) fn check_preload_list(bytes: &[u8]) {
    let Ok(list) = PreloadList::parse(bytes) else { return };
    let entries: Vec<(String, bool)> = list.entries().take(1000).collect();
    assert!(entries.len() <= list.len());
    for (host, _) in &entries {
        check_find(&list, host);
        check_find(&list, &format!("a.b.{host}"));
    }
    for host in ["shop.example", "a.dev", "", ".", "..", "ü.test", "A.test", "a b", &"a.".repeat(200)] {
        check_find(&list, host);
    }
}

fn check_find(list: &PreloadList<'_>, host: &str) {
    let Some(found) = list.find(host) else { return };
    assert_eq!(found.is_exact, found.entry == host);
    assert!(found.is_exact || found.include_subdomains);
    assert!(found.is_exact || host.ends_with(&format!(".{}", found.entry)), "{host}: {found:?}");
}

/// Chromium's file, and what is made of it.
pub(crate) fn check_chromium_list(text: &[u8]) {
    let hosts = match parse_chromium_list(text) {
        Ok(hosts) => hosts,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(!hosts.is_empty());
    let bytes = match encode(&hosts, "2026-01-01", "a test") {
        Ok(bytes) => bytes,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let list = PreloadList::parse(&bytes).expect("what was written is a list");
    assert_eq!(list.entries().collect::<BTreeMap<_, _>>(), hosts);
    for (host, &include_subdomains) in &hosts {
        let found = list.find(host).expect("it is there");
        assert_eq!(
            (found.entry.as_str(), found.is_exact, found.include_subdomains),
            (host.as_str(), true, include_subdomains)
        );
        check_find(&list, &format!("a.{host}"));
    }
}
