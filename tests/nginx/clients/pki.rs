//! The certificates of the fixtures where nginx and ngxlint find them, and one that ends soon, whenever that is.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use ngxlint::tls::UnixTime;

use super::setting::{DAY, now};

/// What `openssl ca` wants to be told.
const AUTHORITY: &str = "[ca]
default_ca = test
[test]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = optional
[leaf]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid:always
subjectAltName = DNS:shop.example
";

/// Writes them to `directory`/pki.
pub(super) fn write(directory: &Path) {
    let pki = directory.join("pki");
    let fixtures = crate::names::pki();
    for below in ["", "broken"] {
        std::fs::create_dir_all(pki.join(below)).unwrap();
        for entry in std::fs::read_dir(fixtures.join(below)).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "pem" || extension == "key") {
                copy(&file, &pki.join(below).join(file.file_name().unwrap()));
            }
        }
    }
    for (name, passwords) in [("passwords", "wrong\nngxlint\n"), ("wrong-passwords", "wrong\n")] {
        std::fs::write(pki.join(name), passwords).unwrap();
        std::fs::set_permissions(pki.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    make_soon(&pki);
}

/// git does not keep the modes.
fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
    let name = to.file_name().unwrap().to_string_lossy();
    let mode = if name.ends_with(".key") && !name.starts_with("readable.") { 0o600 } else { 0o644 };
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A certificate of shop.example for 90 days that ends in ten; the fixture of that name ends on a fixed date.
fn make_soon(pki: &Path) {
    let work = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(work.path().join(name), text).unwrap();
    write("ca.cnf", AUTHORITY);
    write("index.txt", "");
    write("serial", "01\n");
    let (key, certificate) = (pki.join("soon.shop.example.key"), pki.join("soon.shop.example.pem"));
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(work.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let path = |name: &str| pki.join(name).to_string_lossy().into_owned();
    let UnixTime(now) = now();
    let (start, end) = (generalized(UnixTime(now - 80 * DAY)), generalized(UnixTime(now + 10 * DAY)));
    openssl(&["req", "-new", "-key", &key.to_string_lossy(), "-subj", "/CN=shop.example", "-out", "request.csr"]);
    let (issuer, issuer_key) = (path("intermediate.pem"), path("intermediate.key"));
    let signed = [
        &["ca", "-config", "ca.cnf", "-batch", "-notext", "-in", "request.csr", "-out", "leaf.pem"][..],
        &["-startdate", &start, "-enddate", &end, "-extensions", "leaf", "-cert", &issuer, "-keyfile", &issuer_key][..],
    ];
    openssl(&signed.concat());
    join(&certificate, &[&work.path().join("leaf.pem"), issuer.as_ref()]);
}

fn join(to: &Path, parts: &[&Path]) {
    let parts: Vec<Vec<u8>> = parts.iter().map(|part| std::fs::read(part).unwrap()).collect();
    std::fs::write(to, parts.concat()).unwrap();
}

/// A time as ASN.1's GeneralizedTime.
fn generalized(time: UnixTime) -> String {
    time.rfc3339().replace(['-', ':', 'T'], "")
}
