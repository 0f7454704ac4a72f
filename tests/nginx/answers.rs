//! What nginx answers to a request: certificate, server, location, status, Location, HSTS, and the upstream's URI.

mod blocks;
pub(crate) mod client;
mod compare;
mod configuration;
mod locations;
mod notes;
mod request_words;
mod requests;
pub(crate) mod shrink;
mod site;
mod upstream;
mod words;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ngxlint::model::{Model, Request, Tracer};

use self::client::Client;
use self::compare::{Sight, Verdict, expected, judge};
use self::configuration::{GROUPS, Surroundings, generate};
use self::upstream::Upstream;
use crate::names::{CERTIFICATES, pki};
use crate::question::with_document_files;
use crate::random::{Random, seeds};
use crate::real::{self, Nginx, free_ports};
use crate::selection::has_ipv6;

/// Connections to one configuration, each with up to 16 requests.
const CONNECTIONS: usize = 300;

/// Differences that are made smaller before a run ends.
const ENOUGH: usize = 4;

#[derive(Debug, Default)]
struct Tally {
    agreed: usize,
    unknown: usize,
    conditional: usize,
    disagreed: usize,
    nginx: Duration,
    ngxlint: Duration,
}

impl Tally {
    fn count(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Agreed => &mut self.agreed,
            Verdict::Unknown => &mut self.unknown,
            Verdict::Conditional => &mut self.conditional,
            Verdict::Disagreed => &mut self.disagreed,
        } += 1;
    }

    fn pairs(&self) -> usize {
        self.agreed + self.unknown + self.conditional + self.disagreed
    }
}

/// A nginx with a configuration, and what is needed to ask it.
struct Setting<'n> {
    nginx: &'n Nginx,
    surroundings: Surroundings,
    root: PathBuf,
    certificates: Vec<(PathBuf, Vec<u8>)>,
    upstream: Upstream,
}

impl<'n> Setting<'n> {
    fn new(nginx: &'n Nginx, directory: &Path) -> Setting<'n> {
        site::write(directory);
        let upstream = Upstream::start();
        let mut ports = free_ports(GROUPS + 1);
        let ready = ports.remove(0);
        let surroundings = Surroundings {
            directory: directory.to_path_buf(),
            version: nginx.version,
            headers_more: nginx.loads_headers_more(),
            has_ipv6: has_ipv6(),
            upstream: upstream.port,
            ready,
            ports,
        };
        let certificates = CERTIFICATES.iter().map(|name| pki().join(format!("{name}.pem")));
        let certificates = certificates.map(|path| (path.clone(), leaf(&path))).collect();
        Setting { nginx, surroundings, root: directory.join("nginx.conf"), certificates, upstream }
    }

    /// What nginx does with each request; an error is what it says when it does not start.
    fn see(&self, text: &str, requests: &[Request]) -> Result<(Vec<Sight>, Vec<String>), String> {
        let log = self.surroundings.directory.join("answers.log");
        let _ = std::fs::remove_file(&log);
        let watched = blocks::watch(text, &log);
        std::fs::write(&self.root, &watched.text).unwrap();
        let _running = self.nginx.start(&self.root, self.surroundings.ready)?;
        let mut client = Client::new();
        let exchanges: Vec<_> = requests.iter().enumerate().map(|(id, request)| client.ask(request, id)).collect();
        let answered = exchanges.iter().enumerate().filter(|(_, exchange)| exchange.is_logged());
        let answered: Vec<usize> = answered.map(|(id, _)| id).collect();
        let blocks = blocks::read_log(&log, &answered);
        let mut asked = self.upstream.take();
        let sights = exchanges.into_iter().enumerate().map(|(id, exchange)| {
            Sight::new(exchange, blocks.get(&id).copied(), asked.remove(&id), &self.certificates)
        });
        Ok((sights.collect(), watched.blocks))
    }

    fn with_model<R>(&self, ask: impl FnOnce(&Model<'_>) -> R) -> R {
        with_document_files(&self.root, self.nginx.version, ask)
    }

    /// The smallest configuration that can be found with a difference; `None` where there is none to this request alone.
    fn shrunk(&self, text: &str, request: &Request) -> Option<String> {
        let ready = format!("listen 127.0.0.1:{}", self.surroundings.ready);
        let shows = |text: &str| {
            // Without it nobody could tell when nginx has started.
            if !text.contains(&ready) {
                return false;
            }
            // Without any a server listens on port 80, which may be taken.
            if text.split("server {").skip(1).any(|server| !server.contains("listen ")) {
                return false;
            }
            std::fs::write(&self.root, text).unwrap();
            if !self.nginx.test(&self.root).is_accepted {
                return false;
            }
            let Ok((seen, _)) = self.see(text, std::slice::from_ref(request)) else { return false };
            self.with_model(|model| {
                judge(&expected(model, &Tracer::new(model), request), &seen[0]) == Verdict::Disagreed
            })
        };
        if !shows(text) {
            return None;
        }
        let small = shrink::shrink(text, shows);
        let (seen, blocks) = self.see(&small, std::slice::from_ref(request)).unwrap();
        let expected = self.with_model(|model| expected(model, &Tracer::new(model), request));
        let expected: Vec<String> = expected.iter().map(|expected| expected.say(&blocks)).collect();
        Some(format!("{request:?}\nnginx:   {}\nngxlint: {}\n{small}\n", seen[0].say(&blocks), expected.join("; ")))
    }
}

/// The leaf of a certificate file, as DER.
fn leaf(path: &Path) -> Vec<u8> {
    use rustls::pki_types::pem::PemObject;
    rustls::pki_types::CertificateDer::from_pem_file(path).unwrap().to_vec()
}

fn compare(setting: &Setting<'_>, seed: u64, tally: &mut Tally, differences: &mut Vec<String>) {
    let mut random = Random::new(seed);
    let text = generate(&mut random, setting.nginx, &setting.surroundings, &setting.root);
    let mut requests = Vec::new();
    let (open, closed): (Vec<_>, Vec<_>) = requests::addresses(&text, &setting.surroundings.ports)
        .into_iter()
        .partition(|(_, speaks_tls)| speaks_tls.is_some());
    for _ in 0..CONNECTIONS {
        let from = if random.once_in(40) && !closed.is_empty() { &closed } else { &open };
        let (address, speaks_tls) = from[random.below(from.len())];
        // Now and then the wrong one: plain HTTP is read on a TLS socket, and the other way round nothing is.
        let is_tls = match speaks_tls {
            Some(true) => !random.once_in(8),
            _ => random.once_in(30),
        };
        requests.extend(requests::on_one_connection(&mut random, address, is_tls));
    }
    let start = Instant::now();
    let (seen, _) = setting.see(&text, &requests).unwrap_or_else(|log| panic!("{:?}\n{log}\n{text}", setting.nginx));
    tally.nginx += start.elapsed();
    let start = Instant::now();
    let mut different: Vec<(&Request, &Sight, Vec<Sight>)> = Vec::new();
    setting.with_model(|model| {
        let tracer = Tracer::new(model);
        for (request, seen) in requests.iter().zip(&seen) {
            let expected = expected(model, &tracer, request);
            let verdict = judge(&expected, seen);
            tally.count(verdict);
            // One of a block is enough to look at.
            if verdict == Verdict::Disagreed && different.iter().all(|(_, other, _)| other.block() != seen.block()) {
                different.push((request, seen, expected));
            }
        }
    });
    tally.ngxlint += start.elapsed();
    println!("seed {seed}: {tally:?}");
    for (request, seen, expected) in different.into_iter().take(ENOUGH - differences.len()) {
        let small = setting
            .shrunk(&text, request)
            .unwrap_or_else(|| format!("{request:?}\nnot if asked alone:\nnginx: {seen:?}\nngxlint: {expected:?}"));
        // Shown at once: to make the next one smaller takes its time.
        println!("seed {seed}: {small}");
        differences.push(small);
    }
}

#[test]
fn nginx_answers_what_ngxlint_expects() {
    for nginx in real::all() {
        let (mut tally, mut differences) = (Tally::default(), Vec::new());
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for seed in seeds("answers") {
            let setting = Setting::new(nginx, directory.path());
            compare(&setting, seed, &mut tally, &mut differences);
            if differences.len() >= ENOUGH {
                break;
            }
        }
        println!("{nginx:?}: {} pairs, {tally:?}", tally.pairs());
        assert!(differences.is_empty(), "{nginx:?}: {} disagree, {tally:?}", differences.len());
        let untold = tally.unknown + tally.conditional;
        assert!(untold * 100 <= tally.pairs() * 3, "{nginx:?}: more than 3 % cannot be told: {tally:?}");
    }
}
