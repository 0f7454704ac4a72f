//! TLS from nginx to its upstreams: which SNI they get, and whether nginx accepts them. The upstreams are servers of the
//! same nginx with certificates of their own.

mod authority;
mod generate;
mod notes;
mod trust;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use ngxlint::model::upstream_tls::modules::TlsSetting;
use ngxlint::model::upstream_tls::pass::TlsPass;
use ngxlint::model::upstream_tls::verdict::{TlsConnection, TlsOutcome};
use ngxlint::model::{Model, Settled};
use ngxlint::rules::{Finding, Severity};

use self::authority::Authority;
use self::generate::{Front, generate};
use crate::question::{findings, place, with_model_now};
use crate::random::{Random, seeds};
use crate::real::{self, Nginx};

/// Configurations of a round.
const CONFIGURATIONS: usize = 8;

const RULES: &[&str] = &[
    "proxy-scheme-mismatch",
    "proxy-ssl-handshake-fails",
    "proxy-ssl-name-mismatch",
    "proxy-ssl-sni-missing",
    "proxy-ssl-verify-depth",
    "proxy-ssl-verify-without-trust",
];

/// What a client sees of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// The upstream answers; the SNI that it got, where it says so.
    Answered(Option<String>),
    /// 502, 400 of a TLS port, or a closed connection.
    Failed,
}

#[derive(Debug, Default)]
struct Tally {
    pairs: usize,
    failed: usize,
    /// Upstreams that got SNI.
    named: usize,
    untold: usize,
}

/// nginx opens one socket after the other, and the first of them is open by now.
fn connect(front: &Front) -> TcpStream {
    let start = Instant::now();
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, front.port)) {
            Ok(stream) => return stream,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(10), "{front:?}: {error}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn ask(front: &Front) -> Seen {
    let mut stream = connect(front);
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(format!("GET {} HTTP/1.0\r\n\r\n", front.path).as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A connection that is broken off is an answer, too.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split_whitespace().nth(1).and_then(|status| status.parse::<u16>().ok());
    let is_answered = match status {
        // Nobody here speaks uwsgi, and nginx says so.
        Some(400) => front.is_uwsgi,
        Some(200) => true,
        // nginx gives up by itself where it cannot even begin.
        None | Some(500 | 502) => false,
        Some(other) => panic!("{front:?}: {other}: {answer}"),
    };
    if !is_answered {
        return Seen::Failed;
    }
    let sni = answer.split_once("X-SNI: [").and_then(|(_, rest)| rest.split_once("]\r\n"));
    Seen::Answered(sni.map(|(sni, _)| sni.to_owned()))
}

/// What ngxlint expects; `None` where it cannot tell.
fn expected(model: &Model<'_>, pass: &TlsPass<'_>) -> Option<Seen> {
    let Settled::Known(sni) = pass.sni() else { return None };
    let connections = model.tls_connections(pass, sni)?;
    if connections.iter().any(TlsConnection::is_answered) {
        return Some(Seen::Answered(Some(sni.unwrap_or_default().to_owned())));
    }
    let is_failed = |connection: &TlsConnection<'_, '_>| matches!(connection.outcome, TlsOutcome::Failed(_));
    connections.iter().all(is_failed).then_some(Seen::Failed)
}

fn agrees(expected: &Seen, seen: &Seen) -> bool {
    match (expected, seen) {
        (Seen::Answered(_), Seen::Answered(None)) => true,
        _ => expected == seen,
    }
}

/// Whether a rule has an error on some line.
fn says_error(model: &Model<'_>, found: &[Finding], lines: &[usize]) -> bool {
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
    errors.into_iter().any(|finding| lines.contains(&place(model, finding.span).1))
}

fn compare(nginx: &Nginx, model: &Model<'_>, fronts: &[Front], seen: &[Seen], tally: &mut Tally) -> Vec<String> {
    let mut wrong = Vec::new();
    let found = findings(model, RULES);
    for (front, seen) in fronts.iter().zip(seen) {
        tally.pairs += 1;
        tally.failed += usize::from(*seen == Seen::Failed);
        tally.named += usize::from(matches!(seen, Seen::Answered(Some(sni)) if !sni.is_empty()));
        let pass = model.tls_passes().iter().find(|pass| place(model, pass.pass.span()).1 == front.line);
        let expected = match pass {
            Some(pass) => expected(model, pass),
            None => {
                let plain = model.plain_passes().find(|pass| place(model, pass.span()).1 == front.line);
                let misfit = plain.and_then(|pass| model.misfit(pass)).is_some_and(|misfit| misfit.is_certain);
                Some(if misfit { Seen::Failed } else { Seen::Answered(None) })
            }
        };
        let Some(expected) = expected else {
            tally.untold += 1;
            continue;
        };
        // A group of which one server is a misfit.
        let is_plain_group = pass.is_none() && *seen == Seen::Failed;
        let expected = if pass.is_none() && expected == Seen::Answered(None) { seen.clone() } else { expected };
        if !agrees(&expected, seen) {
            wrong.push(format!("{front:?}: nginx {seen:?}, ngxlint {expected:?}"));
        }
        let is_rootless = pass.is_some_and(|pass| model.rootless_file(pass).is_some());
        // A depth that is too small is told where it is set.
        let depth = pass.and_then(|pass| pass.setting(TlsSetting::VerifyDepth).0).filter(|_| *seen == Seen::Failed);
        let depth = depth.map(|depth| place(model, depth.span()).1);
        let lines: Vec<usize> = [Some(front.line), depth].into_iter().flatten().collect();
        let says_error = says_error(model, &found, &lines);
        if !is_rootless && !is_plain_group && says_error != (*seen == Seen::Failed) {
            wrong.push(format!(
                "{front:?}: nginx {seen:?}, the rules say {}",
                if says_error { "error" } else { "nothing" }
            ));
        }
    }
    if !wrong.is_empty() {
        wrong.push(format!("{nginx:?}"));
    }
    wrong
}

#[test]
fn upstreams_get_the_name_and_are_accepted_as_expected() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let Some(authority) = Authority::make(directory.path()) else {
        eprintln!("SKIPPED: there is no openssl to make certificates with");
        return;
    };
    for nginx in real::all() {
        let mut tally = Tally::default();
        for seed in seeds("upstream tls") {
            let mut random = Random::new(seed);
            for number in 0..CONFIGURATIONS {
                let root = directory.path().join("nginx.conf");
                let generated = generate(&mut random, nginx, directory.path(), &authority);
                std::fs::write(&root, &generated.text).unwrap();
                let running = nginx.start(&root, generated.ready);
                let running = running.unwrap_or_else(|log| panic!("{nginx:?}\n{log}\n{}", generated.text));
                let seen: Vec<Seen> = generated.fronts.iter().map(ask).collect();
                let wrong = with_model_now(&root, nginx.version, |model| {
                    compare(nginx, model, &generated.fronts, &seen, &mut tally)
                });
                let log = running.log();
                assert!(
                    wrong.is_empty(),
                    "seed {seed}, configuration {number}:\n{}\n{}\n{log}",
                    wrong.join("\n"),
                    generated.text
                );
            }
        }
        println!("{nginx:?}: {tally:?}");
        assert!(
            tally.untold * 20 < tally.pairs && tally.failed * 10 > tally.pairs && tally.named * 20 > tally.pairs,
            "{tally:?}"
        );
    }
}
