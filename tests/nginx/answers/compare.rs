//! What ngxlint expects of a request, beside what nginx did.

use std::path::PathBuf;

use ngxlint::config::Directive;
use ngxlint::model::{
    CertificateSource, Hop, ListenSocket, Model, Refusal, Request, Response, ResponseKind, Start, Tracer, Value,
};
use url::Url;

use super::client::{Exchange, Reply};

/// What was seen of an answer, or is expected; `None` where it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    NothingListens,
    NoHandshake,
    Closed(Block),
    Head {
        status: Option<u16>,
        location: Option<Option<String>>,
        hsts: Option<Vec<String>>,
        block: Block,
        /// Host and URI that the upstream is asked for, if it is asked.
        upstream: Option<Option<String>>,
    },
    Unknown(Option<String>),
}

/// The number of a block in the logs; `None` where nothing was logged, or nothing can be.
pub(crate) type Block = Option<usize>;

/// One answer, with the file of the certificate that came before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Agreed,
    /// Not all of the answer can be told.
    Unknown,
    /// The answer depends on what cannot be known.
    Conditional,
    Disagreed,
}

impl Sight {
    pub(crate) fn new(
        exchange: Exchange,
        block: Block,
        upstream: Option<String>,
        certificates: &[(PathBuf, Vec<u8>)],
    ) -> Sight {
        let answer = match exchange.reply {
            Reply::NothingListens => Answer::NothingListens,
            Reply::NoHandshake => Answer::NoHandshake,
            Reply::Closed => Answer::Closed(block),
            Reply::Answered(head) => Answer::Head {
                status: Some(head.status),
                location: Some(head.location),
                hsts: Some(head.hsts),
                block,
                // What is not logged had no id, for the upstream either.
                upstream: block.is_some().then_some(upstream),
            },
        };
        let file = |leaf: Vec<u8>| {
            let known = certificates.iter().find(|(_, known)| *known == leaf);
            known.map_or(PathBuf::from("a certificate of nobody"), |(file, _)| file.clone())
        };
        Sight { certificate: exchange.certificate.map(file), answer }
    }

    /// The block that answered.
    pub(crate) fn block(&self) -> Block {
        match self.answer {
            Answer::Closed(block) | Answer::Head { block, .. } => block,
            _ => None,
        }
    }

    /// The same in words: parts between which a comma stands.
    pub(crate) fn say(&self, blocks: &[String]) -> String {
        let mut parts = Vec::new();
        if let Some(file) = &self.certificate {
            parts.push(format!("tls {}", file.file_stem().unwrap_or_default().display()));
        }
        let unknown = || "unknown".to_owned();
        let mut answered_in = None;
        match &self.answer {
            Answer::NothingListens => parts.push("nothing listens".to_owned()),
            Answer::NoHandshake => parts.push("no handshake".to_owned()),
            Answer::Closed(block) => {
                parts.push("closed".to_owned());
                answered_in = *block;
            }
            Answer::Unknown(reason) => parts.push(reason.clone().unwrap_or_else(unknown)),
            Answer::Head { status, location, hsts, block, upstream } => {
                let status = status.map_or_else(unknown, |status| status.to_string());
                let location = match location {
                    Some(Some(location)) => format!(" {location}"),
                    Some(None) => String::new(),
                    None => " unknown".to_owned(),
                };
                parts.push(status + &location);
                match hsts {
                    Some(values) => parts.extend(values.iter().map(|value| format!("hsts {value}"))),
                    None => parts.push("hsts unknown".to_owned()),
                }
                match upstream {
                    Some(Some(target)) => parts.push(format!("asks {target}")),
                    Some(None) => {}
                    None => parts.push("asks unknown".to_owned()),
                }
                answered_in = *block;
            }
        }
        parts.extend(answered_in.map(|block| format!("in {}", blocks[block])));
        parts.join(", ")
    }

    /// Whether this, which is expected, is what was `seen`; `None` where too little is known.
    fn fits(&self, seen: &Sight) -> Option<bool> {
        let alike = |expected: &Block, seen: &Block| expected.is_none() || seen.is_none() || expected == seen;
        if self.certificate != seen.certificate {
            return Some(false);
        }
        match (&self.answer, &seen.answer) {
            (Answer::Unknown(_), _) => None,
            (Answer::Closed(expected), Answer::Closed(seen)) => Some(alike(expected, seen)),
            (
                Answer::Head { status, location, hsts, block, upstream },
                Answer::Head {
                    status: seen_status,
                    location: seen_location,
                    hsts: seen_hsts,
                    block: seen_block,
                    upstream: seen_upstream,
                },
            ) => {
                let parts = [
                    same(status, seen_status),
                    same(location, seen_location),
                    own_headers(hsts, upstream, seen_hsts),
                    if seen_upstream.is_none() { Some(true) } else { same(upstream, seen_upstream) },
                    Some(alike(block, seen_block)),
                ];
                if parts.contains(&Some(false)) {
                    return Some(false);
                }
                (!parts.contains(&None)).then_some(true)
            }
            (expected, seen) => Some(expected == seen),
        }
    }
}

fn same<T: PartialEq>(expected: &Option<T>, seen: &Option<T>) -> Option<bool> {
    expected.as_ref().map(|expected| Some(expected) == seen.as_ref())
}

/// The headers that nginx adds stand behind those of an upstream, of which nothing is known.
fn own_headers(
    expected: &Option<Vec<String>>,
    upstream: &Option<Option<String>>,
    seen: &Option<Vec<String>>,
) -> Option<bool> {
    let (expected, seen) = (expected.as_ref()?, seen.as_ref()?);
    Some(if upstream == &Some(None) { expected == seen } else { seen.ends_with(expected) })
}

/// What ngxlint expects, on each assignment of what it does not know.
pub(crate) fn expected(model: &Model<'_>, tracer: &Tracer<'_, '_>, request: &Request) -> Vec<Sight> {
    let start = Start { url: url(request), request: request.clone(), socket: None, hsts: Vec::new(), max_hops: 1 };
    let (traces, _) = tracer.traces(&start);
    traces.iter().filter_map(|trace| trace.hops.first()).map(|hop| sight(model, hop)).collect()
}

pub(crate) fn judge(expected: &[Sight], seen: &Sight) -> Verdict {
    let verdicts: Vec<_> = expected.iter().map(|expected| expected.fits(seen)).collect();
    match &verdicts[..] {
        [Some(true)] => Verdict::Agreed,
        [None] => Verdict::Unknown,
        verdicts if verdicts.iter().all(|verdict| *verdict == Some(false)) => Verdict::Disagreed,
        _ => Verdict::Conditional,
    }
}

/// The URL that a browser would show; what it says of the host is no part of a comparison.
fn url(request: &Request) -> Url {
    let scheme = if request.is_tls { "https" } else { "http" };
    let host = request.sni.as_deref().or(request.host.as_deref()).unwrap_or("none.test");
    let named = Url::parse(&format!("{scheme}://{host}/"));
    named.unwrap_or_else(|_| Url::parse(&format!("{scheme}://none.test/")).unwrap())
}

fn sight(model: &Model<'_>, hop: &Hop<'_, '_>) -> Sight {
    let tls = hop.tls.as_ref().filter(|tls| !tls.is_rejected);
    let certificate = tls.and_then(|tls| match &model.server(tls.presenting).certificates.first()?.source {
        CertificateSource::File(path) => Some(path.clone()),
        CertificateSource::PerName | CertificateSource::Unknown => None,
    });
    let answer = match (hop.refusal, &hop.response) {
        (Some(Refusal::NothingListens), _) => Answer::NothingListens,
        (Some(Refusal::HandshakeRejected | Refusal::TlsToPlainSocket), _) => Answer::NoHandshake,
        (None, None) => Answer::Unknown(None),
        (None, Some(response)) => answer(response, hop.socket),
    };
    Sight { certificate, answer }
}

fn answer(response: &Response<'_>, _socket: Option<&ListenSocket>) -> Answer {
    let is_proxied = response.kind == ResponseKind::Proxy;
    let block = block(response.block);
    match response.kind {
        ResponseKind::Unknown => Answer::Unknown(response.unknown.clone()),
        ResponseKind::Closed => Answer::Closed(block),
        _ => Answer::Head {
            // The upstream answers 200.
            status: response.status.or(is_proxied.then_some(200)),
            location: known(response.location_header.as_ref()),
            hsts: response.hsts.iter().map(|(_, value)| value.known().map(str::to_owned)).collect(),
            block,
            upstream: asked(response),
        },
    }
}

fn known(value: Option<&Value>) -> Option<Option<String>> {
    match value {
        Some(value) => value.known().map(|text| Some(text.to_owned())),
        None => Some(None),
    }
}

/// Host and URI that the upstream is asked for.
fn asked(response: &Response<'_>) -> Option<Option<String>> {
    let Some(target) = &response.target else { return Some(None) };
    let target = target.known()?;
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let uri = &rest[rest.find('/').unwrap_or(rest.len())..];
    // An empty one is not sent.
    let host = match &response.upstream_host {
        Some(host) => host.known()?,
        None => "",
    };
    Some(Some(format!("{host}{uri}")))
}

/// The number of the log that a block, or the one around it, writes to.
fn block(block: Directive<'_>) -> Block {
    let blocks = std::iter::once(block).chain(block.ancestors());
    let log = blocks.into_iter().find_map(|block| block.children_named("access_log").next())?;
    log.argument(1)?.text().strip_prefix('t')?.parse().ok()
}
