//! Certificates for upstreams, made anew for each run.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the certificates are.
#[derive(Debug)]
pub(super) struct Authority {
    directory: PathBuf,
}

/// A certificate: its name, who issues it (nobody: itself), whether it is an authority, its common name, its extensions,
/// and what stands behind it in the file that is presented.
type Row = (&'static str, &'static str, bool, &'static str, &'static str, &'static [&'static str]);

const CERTIFICATES: &[Row] = &[
    ("root", "", true, "root", "", &[]),
    ("other", "", true, "other", "", &[]),
    ("one", "root", true, "one", "", &[]),
    ("two", "one", true, "two", "", &[]),
    ("direct", "root", false, "direct", "subjectAltName=DNS:a.test,DNS:*.b.test", &[]),
    ("short", "one", false, "short", "subjectAltName=DNS:a.test,DNS:pool", &["one"]),
    ("long", "two", false, "long", "subjectAltName=DNS:a.test,DNS:*.b.test", &["two", "one"]),
    ("lone", "one", false, "lone", "subjectAltName=DNS:a.test", &[]),
    ("halfway", "two", false, "halfway", "subjectAltName=DNS:a.test", &["two"]),
    ("common", "root", false, "a.test", "", &[]),
    ("address", "root", false, "127.0.0.1", "subjectAltName=IP:127.0.0.1,IP:::1", &[]),
    ("addresses", "root", false, "x", "subjectAltName=IP:127.0.0.1,IP:::1,DNS:a.test", &[]),
    ("text", "root", false, "x", "subjectAltName=DNS:127.0.0.1,DNS:localhost", &[]),
    ("partial", "root", false, "x", "subjectAltName=DNS:w*.b.test,DNS:*.test,DNS:Pool.Test", &[]),
    ("client", "root", false, "a.test", "extendedKeyUsage=clientAuth", &[]),
    ("self", "", false, "a.test", "subjectAltName=DNS:a.test", &[]),
];

/// Files of certificates that upstreams present, with keys.
pub(super) const PRESENTED: &[&str] = &[
    "direct",
    "short",
    "long",
    "lone",
    "halfway",
    "common",
    "address",
    "addresses",
    "text",
    "partial",
    "client",
    "self",
];

/// Files that are trusted: what is in them.
const TRUSTED: &[(&str, &[&str])] = &[
    ("t-root", &["root"]),
    ("t-one", &["root", "one"]),
    ("t-two", &["two", "one", "root"]),
    ("t-rootless", &["one", "two"]),
    ("t-other", &["other"]),
    ("t-self", &["self", "other"]),
    ("t-leaf", &["direct", "other"]),
    ("t-all", &["root", "other", "self", "one"]),
];

impl Authority {
    /// Makes all certificates below a directory; `None` where there is no openssl.
    pub(super) fn make(directory: &Path) -> Option<Authority> {
        let authority = Authority { directory: directory.to_path_buf() };
        std::fs::write(directory.join("openssl.cnf"), "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\n").unwrap();
        for (name, issuer, is_authority, common_name, extension, behind) in CERTIFICATES {
            let mut openssl = Command::new("openssl");
            openssl.current_dir(directory).args(["req", "-x509", "-config", "openssl.cnf", "-nodes", "-days", "3650"]);
            openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
            openssl.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")]);
            openssl.args(["-subj", &format!("/O=Upstream/CN={common_name}")]);
            openssl.args(["-addext", "subjectKeyIdentifier=hash", "-addext", "authorityKeyIdentifier=keyid"]);
            let basic = if *is_authority { "TRUE" } else { "FALSE" };
            openssl.args(["-addext", &format!("basicConstraints=critical,CA:{basic}")]);
            if !extension.is_empty() {
                openssl.args(["-addext", extension]);
            }
            if !issuer.is_empty() {
                openssl.args(["-CA", &format!("{issuer}.crt"), "-CAkey", &format!("{issuer}.key")]);
            }
            let output = openssl.output().ok()?;
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            authority.join(&format!("{name}.pem"), &[&[*name], *behind].concat());
        }
        for (name, certificates) in TRUSTED {
            authority.join(&format!("{name}.pem"), certificates);
        }
        Some(authority)
    }

    fn join(&self, file: &str, certificates: &[&str]) {
        let read = |name: &&str| std::fs::read_to_string(self.directory.join(format!("{name}.crt"))).unwrap();
        let text: String = certificates.iter().map(read).collect();
        std::fs::write(self.directory.join(file), text).unwrap();
    }

    /// The files that can be trusted, the one with every root first.
    pub(super) fn trusted(&self) -> Vec<&'static str> {
        TRUSTED.iter().rev().map(|(name, _)| *name).collect()
    }
}
