//! Server names, the hosts that clients ask for, and the certificates of the servers.

use std::path::{Path, PathBuf};

pub(crate) const NAMES: &[&str] = &[
    "a.test",
    "www.a.test",
    "x.www.a.test",
    "*.a.test",
    ".a.test",
    "*.www.a.test",
    "www.a.*",
    "www.*",
    "a.*",
    "b.test",
    ".b.test",
    "*.b.test",
    "www.b.*",
    "*.test",
    ".test",
    "A.Test",
    "*.A.test",
    "_",
    "\"\"",
    "\"~^w.*\\.a\\.test$\"",
    "\"~^x\"",
    "\"~^(?<v1>.+)\\.b\\.test$\"",
    "\"~A\\.TEST\"",
    "\"~^\\D+$\"",
    "\"~test\"",
    "\"~^(.+)\\.test$\"",
    "a.test.",
    "localhost",
    "127.0.0.1",
    "www.a.test.*",
    "xn--a.test",
    "-",
    "\"~^$\"",
    "\"~^(www\\.)?(?<v2>a|b)\\.\"",
    "shop.example",
    ".a.*",
];

pub(crate) const HOSTS: &[&str] = &[
    "a.test",
    "www.a.test",
    "x.www.a.test",
    "y.x.www.a.test",
    "b.test",
    "www.b.test",
    "x.www.b.test",
    "www.a.other",
    "a.other",
    "www.other",
    "other",
    "test",
    "x.test",
    "localhost",
    "127.0.0.1",
    "A.TEST",
    "Www.A.Test",
    "a.test.",
    "WWW.a.test.",
    "xn--a.test",
    "_",
    "-",
    "www.a.test.org",
    "www.x.a.test",
    "aa.test",
    "wwwa.test",
    "www",
    "x1",
    "[::1]",
    "shop.example",
];

pub(crate) const CERTIFICATES: &[&str] =
    &["shop.example", "api.shop.example", "other.example", "blog.example", "localhost", "rsa.shop.example"];

pub(crate) fn pki() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pki")
}
