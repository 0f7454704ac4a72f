//! A certificate with its key, given to both commands and to nginx.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::forged::{self, Fields, SUBJECT_ALT_NAME, common_name, dns_names, extension, pem, tlv};
use crate::program::{Folder, Run};
use crate::real;

pub(crate) const NOW: &str = "--now=2026-06-01T00:00:00Z";

/// Forged certificates have no issuer to be found, and this is about other things.
pub(crate) const IGNORE: &str = "--ignore=cert-chain-incomplete,cert-self-signed,hsts-missing";

/// What nginx makes of a configuration that is fine but for its certificate and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nginx {
    Starts,
    Refuses,
    /// One with an older OpenSSL starts, one with a newer does not.
    Depends,
}

pub(crate) use Nginx::{Depends, Refuses, Starts};

/// A certificate and its key.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) nginx: Nginx,
    /// What `check` says, `severity[rule] message` up to where it is of interest.
    pub(crate) says: &'static [&'static str],
    /// What `certs` says of the leaf, or of what is wrong with the file; and of the key.
    pub(crate) lists: (&'static str, &'static str),
}

/// The certificate of a server shop.example on P-256, with the generator for a public key.
pub(crate) fn forge(change: impl Fn(&mut Fields)) -> Vec<u8> {
    let mut fields = Fields {
        subject: common_name(0x0c, b"shop.example"),
        extensions: vec![names(&[b"shop.example"])],
        ..Fields::default()
    };
    change(&mut fields);
    forged::certificate(&fields)
}

/// The private key of all forged certificates: 1.
pub(crate) fn forged_key() -> String {
    const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
    let fields = [tlv(2, &[1]), tlv(4, &[&[0; 31][..], &[1]].concat()), tlv(0xa0, &tlv(6, P256))];
    pem("EC PRIVATE KEY", &tlv(0x30, &fields.concat()), 64)
}

/// The extension with these DNS names.
pub(crate) fn names(names: &[&[u8]]) -> Vec<u8> {
    extension(SUBJECT_ALT_NAME, &dns_names(names))
}

/// A file of the keys that the tests of the room read.
pub(crate) fn testdata(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tls/testdata/keys").join(name)).unwrap()
}

/// A configuration with these files, and `more` in its server.
pub(crate) fn folder(certificate: &[u8], key: &[u8], more: &str) -> Folder {
    let conf = format!(
        "events {{}}\nhttp {{\n  server {{\n    listen 127.0.0.1:18443 ssl;\n    server_name shop.example;\n    \
         ssl_certificate c.pem;\n    ssl_certificate_key k.pem;\n    {more}\n  }}\n}}\n"
    );
    let folder = Folder::new(&[("nginx.conf", &conf)]);
    folder.write("c.pem", certificate);
    write_secret(&folder, "k.pem", key);
    write_secret(&folder, "passwords", b"ngxlint\n");
    folder
}

/// Writes a file that only its owner can read.
pub(crate) fn write_secret(folder: &Folder, path: &str, text: &[u8]) {
    folder.write(path, text);
    std::fs::set_permissions(folder.path(path), std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Starts the program and waits for it; it must not hang.
pub(crate) fn run(folder: &Folder, arguments: &[&str]) -> Run {
    let mut child = folder.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    let outputs = [
        Box::new(child.stdout.take().unwrap()) as Box<dyn std::io::Read + Send>,
        Box::new(child.stderr.take().unwrap()),
    ];
    let readers = outputs.map(|mut output| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            output.read_to_end(&mut text).unwrap();
            text
        })
    });
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let [stdout, stderr] = readers.map(|reader| reader.join().unwrap());
    Run::of(Output { status, stdout, stderr })
}

/// The findings of `check`, without their places.
pub(crate) fn findings(folder: &Folder) -> Vec<String> {
    let run = run(folder, &["check", NOW, IGNORE, "--format=short", "nginx.conf"]);
    assert_eq!(run.stderr, "");
    assert!(run.status < 2, "{}", run.stdout);
    run.stdout.lines().filter_map(|line| Some(line.splitn(4, ':').nth(3)?.trim().to_owned())).collect()
}

/// The leaf of the certificate that `certs` lists, or its problem; and its key.
pub(crate) fn listed(folder: &Folder) -> (String, String) {
    let run = run(folder, &["certs", NOW, "--format=json", "nginx.conf"]);
    assert_eq!(run.stderr, "");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let listed = &report["certificates"][0];
    let leaf = &listed["leaf"];
    let names = leaf["names"].as_array().map_or(0, Vec::len);
    let texts = ["subject", "serial", "not_after", "key"].map(|field| leaf[field].as_str().unwrap_or_default());
    let leaf = match listed["problem"].as_str() {
        Some(problem) => problem.to_owned(),
        None => format!("{}, {names} names", texts.join(", ")),
    };
    (leaf, listed["keys"][0]["detail"].as_str().unwrap().to_owned())
}

/// Whether a finding says that nginx does not start.
fn says_that_nginx_refuses(finding: &str) -> bool {
    finding.starts_with("error[")
        && ["nginx does not start", "nginx cannot load"].iter().any(|part| finding.contains(part))
}

/// Compares a case with both commands, and with real nginx. What nginx refuses is an error that says so, and only that.
fn compare(case: &Case, more: &str, wrong: &mut Vec<String>) {
    let folder = folder(&case.certificate, &case.key, more);
    let (found, listed) = (findings(&folder), listed(&folder));
    let is_said = found.len() == case.says.len() && found.iter().zip(case.says).all(|(is, said)| is.starts_with(said));
    if !is_said || !listed.0.starts_with(case.lists.0) || !listed.1.starts_with(case.lists.1) {
        wrong.push(format!("{}: {found:#?}\n{listed:#?}", case.name));
    }
    let is_refusal = found.iter().any(|finding| says_that_nginx_refuses(finding));
    assert_eq!(is_refusal, case.nginx == Refuses, "{}: {found:#?}", case.name);
    let verdicts = real::all().iter().map(|nginx| nginx.test(&folder.path("nginx.conf")));
    for verdict in verdicts.filter(|verdict| case.nginx != Depends && verdict.is_accepted != (case.nginx == Starts)) {
        wrong.push(format!("{}: {}", case.name, verdict.text));
    }
}

/// Compares all cases, with `more` in the server.
#[track_caller]
pub(crate) fn compare_all(cases: &[Case], more: &str) {
    let mut wrong = Vec::new();
    cases.iter().for_each(|case| compare(case, more, &mut wrong));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What `certs` lists of a forged certificate without a fault, and of its key.
pub(crate) const FINE: (&str, &str) = ("CN=shop.example, 01, 2049-01-01T00:00:00Z, EC P-256, 1 names", "k.pem matches");

/// What it lists of a key whose certificate cannot be read.
pub(crate) const ALONE: &str = "k.pem: there is no certificate to compare it with";
