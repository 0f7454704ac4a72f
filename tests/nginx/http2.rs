//! Whether clients are offered HTTP/2 as before when `listen … http2` has become `http2 on`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::random::{Random, seeds};
use crate::real::{self, Nginx};

const CASES: usize = 25;

/// Sockets with TLS, and as many without.
const SOCKETS: usize = 2;

const DEPRECATED: &str = "the \"listen ... http2\" directive is deprecated";

/// Servers that share sockets in every way, with the file that some of them include for their `listen`s.
fn configuration(random: &mut Random, ports: &[u16]) -> (String, String) {
    let pki = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pki");
    let pki = pki.display();
    let mut text = String::from("events { }\nhttp {\n    access_log off;\n");
    if random.once_in(8) {
        text += "    http2 on;\n";
    }
    let listen = |random: &mut Random, number: usize| {
        let tls = if number < SOCKETS { " ssl" } else { "" };
        let http2 = if random.once_in(2) { " http2" } else { "" };
        format!("listen 127.0.0.1:{}{tls}{http2};\n", ports[number])
    };
    let mut shared = String::new();
    for number in 0..SOCKETS {
        if random.once_in(2) {
            shared += &listen(random, number);
        }
    }
    for name in NAMES {
        let mut listens = 0;
        let includes = !shared.is_empty() && random.once_in(3);
        writeln!(text, "    server {{\n        server_name {name};").unwrap();
        if includes {
            text += "        include shared.conf;\n";
        }
        for (number, port) in ports.iter().enumerate().take(2 * SOCKETS) {
            let is_there = includes && shared.contains(&port.to_string());
            if !is_there && random.once_in(2) {
                text += &format!("        {}", listen(random, number));
                listens += 1;
            }
        }
        if !includes && listens == 0 {
            text += &format!("        {}", listen(random, 0));
        }
        if random.once_in(4) {
            writeln!(text, "        http2 {};", random.pick(&["on", "off"])).unwrap();
        }
        writeln!(text, "        ssl_certificate {pki}/shop.example.pem;").unwrap();
        writeln!(text, "        ssl_certificate_key {pki}/shop.example.key;\n        return 204;\n    }}").unwrap();
    }
    // By this one it is seen that nginx runs.
    writeln!(text, "    server {{ listen 127.0.0.1:{}; }}\n}}", ports[2 * SOCKETS]).unwrap();
    (text, shared)
}

const NAMES: &[&str] = &["a.test", "b.test", "c.test"];

/// The HTTP version of each answer, by port and name: over TLS as ALPN says, else for one who begins with HTTP/2.
fn versions(nginx: &Nginx, root: &Path, ports: &[u16]) -> Vec<String> {
    let _running = nginx.start(root, ports[2 * SOCKETS]).unwrap();
    let mut seen = Vec::new();
    for (number, port) in ports[..2 * SOCKETS].iter().enumerate() {
        for name in NAMES.iter().copied().chain(["127.0.0.1"]) {
            let is_tls = number < SOCKETS;
            let (scheme, how) = if is_tls { ("https", "--http2") } else { ("http", "--http2-prior-knowledge") };
            let output = Command::new("curl")
                .args(["-sk", how, "-o", "/dev/null", "-w", "%{http_version}", "--max-time", "5"])
                .args([
                    "--connect-to",
                    &format!("{name}:{port}:127.0.0.1:{port}"),
                    &format!("{scheme}://{name}:{port}/"),
                ])
                .output()
                .unwrap();
            seen.push(format!("{scheme}://{name}:{port}: {}", String::from_utf8_lossy(&output.stdout)));
        }
    }
    seen
}

/// Makes the fixes of the deprecated parameter; whether there were any.
fn fix(root: &Path, mode: &str, version: &str) -> bool {
    let before = std::fs::read(root).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ngxlint"))
        .args(["check", mode, "--select", "listen-http2-deprecated", "--fail-on", "never"])
        .args(["--nginx-version", version])
        .arg(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(root).unwrap() != before || String::from_utf8_lossy(&output.stderr).contains("made 1 fix")
}

#[test]
fn clients_are_offered_http2_as_before() {
    let has_http2 = |output: std::process::Output| String::from_utf8_lossy(&output.stdout).contains("HTTP2");
    if !Command::new("curl").arg("-V").output().is_ok_and(has_http2) {
        eprintln!("SKIPPED: there is no curl with HTTP/2 on this machine");
        assert!(std::env::var_os("CI").is_none(), "in CI such a curl has to be there");
        return;
    }
    for nginx in real::all().iter().filter(|nginx| nginx.version >= "1.25.1".parse().unwrap()) {
        let (mut safe, mut all, mut offered) = (0, 0, 0);
        for (seed, case) in seeds("http2").flat_map(|seed| (0..CASES as u64).map(move |case| (seed, case))) {
            let mut random = Random::new(seed.wrapping_add(case << 32));
            let ports = real::free_ports(2 * SOCKETS + 1);
            let (text, shared) = configuration(&mut random, &ports);
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("nginx.conf");
            std::fs::write(&root, &text).unwrap();
            std::fs::write(directory.path().join("shared.conf"), &shared).unwrap();
            let said = || {
                let read = |file: &str| std::fs::read_to_string(directory.path().join(file)).unwrap();
                format!(
                    "NGXLINT_SEED={seed}, case {case}\n{text}--- shared.conf\n{shared}--- fixed\n{}--- shared.conf\n{}",
                    read("nginx.conf"),
                    read("shared.conf")
                )
            };
            let before = versions(nginx, &root, &ports);
            offered += before.iter().filter(|seen| seen.ends_with(" 2")).count();
            let version = nginx.version.to_string();
            if fix(&root, "--fix", &version) {
                safe += 1;
                assert_eq!(before, versions(nginx, &root, &ports), "{}", said());
            }
            if fix(&root, "--fix=all", &version) {
                all += 1;
                let after = versions(nginx, &root, &ports);
                let lost: Vec<_> =
                    before.iter().zip(&after).filter(|(old, new)| old.ends_with('2') && old != new).collect();
                assert!(lost.is_empty(), "{lost:?} {}", said());
            }
            let verdict = nginx.test(&root);
            assert!(verdict.is_accepted && !verdict.text.contains(DEPRECATED), "{} {}", verdict.text, said());
        }
        println!(
            "{nginx:?}: of {CASES} configurations {safe} with a safe fix, {all} with another; {offered} times HTTP/2"
        );
        assert!(safe > 0 && all > 0 && offered > 0, "{safe} {all} {offered}");
    }
}
