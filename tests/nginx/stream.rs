//! Who answers a TLS client that comes to `stream`: maps of names, groups, `pass`, the PROXY protocol, servers with names,
//! one socket of `stream` behind the other, and `http` at the end.

mod binding;
mod generate;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ngxlint::model::stream::connection::Client;
use ngxlint::model::stream::passage::{End, Passage};
use ngxlint::model::stream::unreachable::{DeadEnd, Obstacle};
use ngxlint::model::upstream_tls::plain::Decrypted;
use ngxlint::model::{CertificateSource, Hop, Model, Refusal, Request, Start, Tracer};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use url::Url;

use self::generate::{CERTIFICATES, Ports, generate};
use crate::answers::client::trusting_all;
use crate::answers::shrink::shrink;
use crate::names::pki;
use crate::question::with_model;
use crate::random::{Random, seeds};
use crate::real::{self, Nginx, free_ports};

/// Configurations of one run and seed.
const CONFIGURATIONS: usize = 12;

/// Names that clients ask for, beside none.
const NAMES: &[&str] = &[
    "a.test",
    "www.a.test",
    "x.www.a.test",
    "b.test",
    "www.b.test",
    "api.b.test",
    "x.test",
    "y.other",
    "www.other",
    "A.Test",
    "Www.A.TEST",
    "ab.test",
];

/// What a client sees.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// No handshake.
    Nothing,
    /// The file of the certificate, and the Location header of the answer, if there is one.
    Certificate(Option<PathBuf>, Option<String>),
}

/// A question: the port, and the name that is asked for.
type Question<'q> = (u16, Option<&'q str>);

struct Setting<'n> {
    nginx: &'n Nginx,
    directory: PathBuf,
    root: PathBuf,
    ports: Ports,
    tls: Arc<ClientConfig>,
    certificates: Vec<(PathBuf, Vec<u8>)>,
}

impl<'n> Setting<'n> {
    fn new(nginx: &'n Nginx, directory: &Path) -> Setting<'n> {
        let mut tls = trusting_all();
        // As browsers do.
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let leaf = |path: PathBuf| {
            let leaf = rustls::pki_types::CertificateDer::from_pem_file(&path).unwrap().to_vec();
            (path, leaf)
        };
        Setting {
            nginx,
            directory: directory.to_path_buf(),
            root: directory.join("nginx.conf"),
            ports: Ports::new(&free_ports(generate::PORTS)),
            tls: Arc::new(tls),
            certificates: CERTIFICATES.iter().map(|name| leaf(pki().join(format!("{name}.pem")))).collect(),
        }
    }

    /// What clients see; an error is what nginx says when it does not start.
    fn see(&self, text: &str, questions: &[Question<'_>]) -> Result<Vec<Seen>, String> {
        for entry in std::fs::read_dir(&self.directory).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "sock") {
                std::fs::remove_file(path).unwrap();
            }
        }
        std::fs::write(&self.root, text).unwrap();
        let _running = self.nginx.start(&self.root, self.ports.ready)?;
        Ok(questions.iter().map(|(port, sni)| self.ask(text, *port, *sni)).collect())
    }

    fn ask(&self, text: &str, port: u16, sni: Option<&str>) -> Seen {
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let Ok(mut tcp) = TcpStream::connect(address) else { return Seen::Nothing };
        tcp.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        tcp.set_nodelay(true).unwrap();
        if generate::expects_header(text, port) {
            tcp.write_all(b"PROXY TCP4 192.0.2.1 192.0.2.2 1111 443\r\n").unwrap();
        }
        let name = match sni {
            Some(name) => ServerName::try_from(name.to_owned()).unwrap(),
            None => ServerName::from(address.ip()),
        };
        let mut tls = ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        while tls.is_handshaking() {
            if tls.complete_io(&mut tcp).is_err() {
                return Seen::Nothing;
            }
        }
        let presented = tls.peer_certificates().and_then(<[_]>::first).map(|leaf| leaf.to_vec());
        let known = self.certificates.iter().find(|(_, leaf)| Some(leaf) == presented.as_ref());
        let file = known.map(|(path, _)| path.clone());
        let mut stream = StreamOwned::new(tls, tcp);
        let mut answer = Vec::new();
        // It may be closed at any time.
        let _ = stream.write_all(b"GET / HTTP/1.0\r\nHost: h.test\r\n\r\n");
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let location = answer.lines().find_map(|line| line.strip_prefix("Location: ")).map(str::to_owned);
        Seen::Certificate(file, location)
    }

    /// What the model expects, on each assignment of what is unknown; `None` where it cannot be told.
    fn expected(&self, (port, sni): Question<'_>) -> Vec<Option<Seen>> {
        with_model(&self.root, self.nginx.version, |model| expected(model, port, sni))
    }

    /// Whether what is seen differs from what is expected.
    fn differs(&self, text: &str, question: Question<'_>) -> Option<(Seen, Vec<Option<Seen>>)> {
        let seen = self.see(text, &[question]).ok()?.pop()?;
        let expected = self.expected(question);
        (judge(&expected, &seen) == Verdict::Disagreed).then_some((seen, expected))
    }

    /// The smallest configuration that can be found with the difference.
    fn shrunk(&self, text: &str, question: Question<'_>) -> String {
        let ready = format!("listen 127.0.0.1:{};", self.ports.ready);
        let shows = |text: &str| {
            // Without any a server of http listens on port 80.
            let listens = text.split("server {").skip(1).all(|server| server.contains("listen "));
            if !listens || !text.contains(&ready) {
                return false;
            }
            std::fs::write(&self.root, text).unwrap();
            self.nginx.test(&self.root).is_accepted && self.differs(text, question).is_some()
        };
        let small = shrink(text, shows);
        let (seen, expected) = self.differs(&small, question).unwrap();
        format!("{question:?}\nnginx:   {seen:?}\nngxlint: {expected:?}\n{small}\n")
    }
}

fn expected(model: &Model<'_>, port: u16, sni: Option<&str>) -> Vec<Option<Seen>> {
    let host = sni.map_or("127.0.0.1".to_owned(), str::to_owned);
    let url = Url::parse(&format!("https://{host}:{port}/")).unwrap();
    let request = Request {
        address: Some(Ipv4Addr::LOCALHOST.into()),
        sni: sni.map(str::to_owned),
        host: Some("h.test".to_owned()),
        ..Request::get(&url).unwrap()
    };
    let start = Start { url, request, socket: None, hsts: Vec::new(), max_hops: 1 };
    let (traces, is_complete) = Tracer::new(model).traces(&start);
    let mut expected: Vec<_> = traces.iter().map(|trace| seen_on(model, &trace.hops[0])).collect();
    if !is_complete {
        expected.push(None);
    }
    expected
}

fn seen_on(model: &Model<'_>, hop: &Hop<'_, '_>) -> Option<Seen> {
    let end = hop.passage.as_ref().map(|passage| &passage.end);
    if matches!(end, Some(End::Unknown(_) | End::Elsewhere(_))) {
        return None;
    }
    let is_refused =
        matches!(hop.refusal, Some(Refusal::HandshakeRejected)) && hop.tls.as_ref().is_none_or(|tls| tls.is_rejected);
    let Some(tls) = hop.tls.as_ref().filter(|_| !is_refused) else { return Some(Seen::Nothing) };
    let file = match model.presented_certificate(tls).map(|used| &used.source) {
        Some(CertificateSource::File(path)) => Some(path.clone()),
        _ => None,
    };
    let location = hop.response.as_ref().and_then(|response| response.location_header.as_ref());
    Some(Seen::Certificate(file, location.and_then(|location| location.known()).map(str::to_owned)))
}

/// Whether a connection takes a route that is told of as one on which nobody gets an answer.
fn leads_nowhere(
    model: &Model<'_>,
    dead_ends: &[DeadEnd<'_, '_>],
    decrypted: &[Decrypted<'_, '_>],
    (port, sni): Question<'_>,
) -> bool {
    let Some(socket) = model.stream_sockets().find(|socket| socket.endpoint.port == port) else { return false };
    let (ways, is_complete) = model.passages(socket, Client::Tls(sni));
    let is_dead = |way: &Passage<'_, '_>| {
        let Some(stop) = way.stops.last() else { return false };
        let value = stop.taken.iter().rev().find_map(|taken| taken.value).map(|value| value.span());
        let place = value.or_else(|| stop.handler.map(|handler| handler.span()));
        // What was decrypted, and comes to a socket that wants TLS.
        let is_bare = |bare: &Decrypted<'_, '_>| {
            let is_here = bare.chosen.is_none() && stop.socket.is_tls && Some(bare.handler) == stop.handler;
            is_here && Some(bare.place) == place
        };
        let is_end = |end: &DeadEnd<'_, '_>| {
            // Where TLS has ended, a plain socket is just right.
            let is_plain = matches!(end.obstacle, Obstacle::PlainSocket(_)) && way.tls.is_some();
            end.is_certain && Some(end.place) == place && Some(end.handler) == stop.handler && !is_plain
        };
        dead_ends.iter().any(is_end) || decrypted.iter().any(is_bare)
    };
    is_complete && ways.iter().all(is_dead)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Agreed,
    /// It cannot be told.
    Unknown,
    /// It is one of those that are expected.
    Conditional,
    Disagreed,
}

fn judge(expected: &[Option<Seen>], seen: &Seen) -> Verdict {
    match expected {
        [Some(only)] if only == seen => Verdict::Agreed,
        [Some(_)] => Verdict::Disagreed,
        many if many.iter().any(|one| one.as_ref() == Some(seen)) => Verdict::Conditional,
        many if many.iter().any(Option::is_none) => Verdict::Unknown,
        _ => Verdict::Disagreed,
    }
}

#[derive(Debug, Default)]
struct Tally {
    agreed: usize,
    with_certificate: usize,
    dead_ends: usize,
    unknown: usize,
    conditional: usize,
    nginx: Duration,
    ngxlint: Duration,
}

#[test]
fn stream_leads_a_name_where_ngxlint_says() {
    for nginx in real::all() {
        let Some(load) = nginx.loads_stream() else { continue };
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let setting = Setting::new(nginx, directory.path());
        let (mut tally, mut differences) = (Tally::default(), Vec::new());
        for seed in seeds("stream") {
            let mut random = Random::new(seed);
            for number in 0..CONFIGURATIONS {
                let text = loop {
                    let text = generate(&mut random, &load, &setting.ports, nginx.version, &setting.directory);
                    std::fs::write(&setting.root, &text).unwrap();
                    let verdict = nginx.test(&setting.root);
                    if verdict.is_accepted {
                        break text;
                    }
                };
                let mut questions: Vec<Question<'_>> = Vec::new();
                for &port in &setting.ports.stream {
                    questions.extend(NAMES.iter().map(|name| (port, Some(*name))).chain([(port, None)]));
                }
                let start = Instant::now();
                let seen = setting.see(&text, &questions).unwrap_or_else(|log| panic!("{nginx:?}\n{log}\n{text}"));
                tally.nginx += start.elapsed();
                let start = Instant::now();
                let mut different = Vec::new();
                with_model(&setting.root, nginx.version, |model| {
                    let (dead_ends, decrypted) = (model.dead_ends(), model.decrypted_to_tls());
                    for (question, seen) in questions.iter().zip(&seen) {
                        if leads_nowhere(model, &dead_ends, &decrypted, *question) {
                            // Where TLS ends in stream, the handshake comes first.
                            let is_answered = matches!(seen, Seen::Certificate(_, Some(_)));
                            assert!(!is_answered, "{nginx:?} {question:?} {seen:?}\n{dead_ends:?}\n{text}");
                            tally.dead_ends += 1;
                        }
                        match judge(&expected(model, question.0, question.1), seen) {
                            Verdict::Agreed => {
                                tally.agreed += 1;
                                tally.with_certificate += usize::from(*seen != Seen::Nothing);
                            }
                            Verdict::Unknown => tally.unknown += 1,
                            Verdict::Conditional => tally.conditional += 1,
                            Verdict::Disagreed => different.push(*question),
                        }
                    }
                });
                tally.ngxlint += start.elapsed();
                if let Some(question) = different.first() {
                    let small = match setting.differs(&text, *question) {
                        Some(_) => setting.shrunk(&text, *question),
                        None => format!("{question:?}: not if asked alone\n{text}"),
                    };
                    println!("seed {seed}, configuration {number}, {} differ: {small}", different.len());
                    differences.push(small);
                }
                if differences.len() >= 4 {
                    break;
                }
            }
        }
        let pairs = tally.agreed + tally.unknown + tally.conditional;
        println!("{nginx:?}: {pairs} pairs, {tally:?}");
        assert!(differences.is_empty(), "{nginx:?}: {} disagree, {tally:?}", differences.len());
        assert!(tally.unknown * 100 <= pairs * 10, "{nginx:?}: more than 10 % cannot be told: {tally:?}");
        assert!(tally.dead_ends * 100 > pairs, "{nginx:?}: too few dead ends: {tally:?}");
        assert!(tally.with_certificate * 3 > tally.agreed, "{nginx:?}: too few handshakes: {tally:?}");
    }
}
