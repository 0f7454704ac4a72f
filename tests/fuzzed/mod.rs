//! What holds for whatever the readers are given. A fuzz target calls one of these functions, and so does the test that
//! replays its seeds.
#![allow(dead_code, reason = "each fuzz target takes one of the functions")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a check stops at what it does not expect")]

pub(crate) mod certificates;
pub(crate) mod hsts;
pub(crate) mod keys;
pub(crate) mod nginx_conf;

#[path = "../../src/tls/der.rs"]
mod der;
#[path = "../../src/tls/forged.rs"]
mod forged;

/// A fuzz target.
pub(crate) struct Target {
    /// The name of its file in fuzz/fuzz_targets.
    pub(crate) name: &'static str,
    /// What it calls.
    pub(crate) check: fn(&[u8]),
    /// Where its seeds are, besides fuzz/seeds with its name.
    pub(crate) seeds: &'static [&'static str],
}

/// All fuzz targets.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "certificate", check: certificates::check_der, seeds: &[] },
    Target {
        name: "certificate_file",
        check: certificates::check_file,
        seeds: &["fixtures/pki", "src/tls/testdata/chains"],
    },
    Target { name: "chromium_list", check: hsts::check_chromium_list, seeds: &[] },
    Target { name: "encrypted_key", check: keys::check_encrypted, seeds: &[] },
    Target { name: "host", check: certificates::check_host, seeds: &[] },
    Target { name: "hsts_header", check: hsts::check_header, seeds: &[] },
    Target { name: "key_file", check: keys::check_file, seeds: &["fixtures/pki", "src/tls/testdata/keys"] },
    Target { name: "nginx_conf", check: nginx_conf::check, seeds: &["fixtures/shop"] },
    Target { name: "preload_list", check: hsts::check_preload_list, seeds: &[] },
    Target { name: "private_key", check: keys::check_der, seeds: &[] },
];

/// Asserts that a terminal shows `text` and obeys nothing of it.
#[track_caller]
fn assert_printable(text: &str) {
    assert_eq!(ngxlint::report::printable(text), text);
}
