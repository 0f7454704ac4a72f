//! A trace as one JSON object, for programs. Its form is [`TRACE_SCHEMA`].

use std::io::{self, Write};

use serde::Serialize;

use super::trace::{TraceReport, location_pattern, written_names};
use crate::config::Directive;
use crate::model::{
    Handshake, Hop, HstsPolicy, Refusal, Response, ResponseKind, SelectedBy, Server, ServerId, Value, Verdict,
};

/// The JSON Schema of what [`write_trace_json`] writes.
pub const TRACE_SCHEMA: &str = include_str!("schema/trace.schema.json");

/// Grows when a program that reads the report would have to change.
const SCHEMA_VERSION: u32 = 1;

/// Writes the first trace as one object and a line feed.
///
/// # Errors
/// What `out` says.
pub fn write_trace_json(report: &TraceReport<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let object = TraceObject {
        schema_version: SCHEMA_VERSION,
        hops: report.hops().iter().map(|hop| HopObject::new(report, hop)).collect(),
        outcome: report.outcome(),
    };
    serde_json::to_writer_pretty(&mut *out, &object)?;
    writeln!(out)
}

#[derive(Serialize)]
struct TraceObject<'r> {
    schema_version: u32,
    hops: Vec<HopObject<'r>>,
    outcome: Verdict,
}

#[derive(Serialize)]
struct HopObject<'r> {
    url: &'r str,
    listen: Option<String>,
    tls: Option<TlsObject<'r>>,
    refused: Option<&'static str>,
    server: Option<SelectedServerObject>,
    location: Option<LocationObject>,
    internal: Vec<&'r str>,
    response: Option<ResponseObject<'r>>,
    hsts: Option<HstsObject>,
    conditions: Vec<&'r str>,
}

#[derive(Serialize)]
struct TlsObject<'r> {
    sni: Option<&'r str>,
    server: ServerObject,
    selected_by: &'static str,
    rejected: bool,
    certificate: Option<CertificateObject>,
}

#[derive(Serialize)]
struct CertificateObject {
    file: String,
    covers_host: Option<bool>,
    names: Vec<String>,
    owner: ServerObject,
}

#[derive(Serialize)]
struct ServerObject {
    file: String,
    line: u32,
    names: Vec<String>,
}

#[derive(Serialize)]
struct SelectedServerObject {
    #[serde(flatten)]
    server: ServerObject,
    selected_by: &'static str,
}

#[derive(Serialize)]
struct LocationObject {
    file: String,
    line: u32,
    pattern: String,
    modifier: &'static str,
}

#[derive(Serialize)]
struct ResponseObject<'r> {
    kind: &'static str,
    status: Option<u16>,
    target: Option<&'r str>,
    location_header: Option<&'r str>,
}

#[derive(Serialize)]
pub(super) struct HstsObject {
    max_age: u64,
    include_subdomains: bool,
    preload: bool,
}

impl<'r> HopObject<'r> {
    fn new(report: &TraceReport<'_, '_>, hop: &'r Hop<'_, '_>) -> HopObject<'r> {
        let response = hop.response.as_ref();
        HopObject {
            url: hop.url.as_str(),
            listen: hop.listen().map(|socket| socket.endpoint.to_string()),
            tls: hop.tls.as_ref().map(|tls| TlsObject::new(report, tls)),
            refused: hop.refusal.map(refusal_name),
            server: response.map(|response| SelectedServerObject {
                server: ServerObject::of(report, response.server),
                selected_by: selected_by_name(response.selected_by),
            }),
            location: response.and_then(|response| Some(LocationObject::new(report, response.location?))),
            internal: response.map_or(Vec::new(), |response| response.internal_redirects().collect()),
            response: response.map(ResponseObject::new),
            hsts: hop.hsts.map(|policy| policy.into()),
            conditions: hop.conditions.iter().map(|condition| condition.text.as_str()).collect(),
        }
    }
}

impl<'r> TlsObject<'r> {
    fn new(report: &TraceReport<'_, '_>, tls: &'r Handshake) -> TlsObject<'r> {
        TlsObject {
            sni: tls.sni.as_deref(),
            server: ServerObject::of(report, tls.server),
            selected_by: selected_by_name(tls.selected_by),
            rejected: tls.is_rejected,
            certificate: report.certificate(tls).map(|certificate| CertificateObject {
                owner: ServerObject::new(report, certificate.owner),
                file: certificate.file,
                covers_host: certificate.covers_host,
                names: certificate.names,
            }),
        }
    }
}

impl ServerObject {
    fn of(report: &TraceReport<'_, '_>, id: ServerId) -> ServerObject {
        ServerObject::new(report, report.server(id))
    }

    fn new(report: &TraceReport<'_, '_>, server: &Server<'_>) -> ServerObject {
        let place = report.place(server.directive.span());
        ServerObject { file: place.file, line: place.line, names: written_names(server) }
    }
}

impl LocationObject {
    fn new(report: &TraceReport<'_, '_>, location: Directive<'_>) -> LocationObject {
        let place = report.place(location.span());
        let (pattern, modifier) = location_pattern(location);
        LocationObject { file: place.file, line: place.line, pattern, modifier }
    }
}

impl<'r> ResponseObject<'r> {
    fn new(response: &'r Response<'_>) -> ResponseObject<'r> {
        let text = |value: &'r Option<Value>| value.as_ref().and_then(Value::known);
        ResponseObject {
            kind: kind_name(response.kind),
            status: if response.kind == ResponseKind::Closed { Some(444) } else { response.status },
            target: text(&response.target),
            location_header: text(&response.location_header),
        }
    }
}

impl From<HstsPolicy> for HstsObject {
    fn from(policy: HstsPolicy) -> HstsObject {
        let HstsPolicy { max_age, include_subdomains, preload } = policy;
        HstsObject { max_age, include_subdomains, preload }
    }
}

fn selected_by_name(by: SelectedBy) -> &'static str {
    match by {
        SelectedBy::Exact => "exact",
        SelectedBy::WildcardLeading => "wildcard-leading",
        SelectedBy::WildcardTrailing => "wildcard-trailing",
        SelectedBy::Regex => "regex",
        SelectedBy::Default => "default",
    }
}

pub(super) fn refusal_name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NothingListens => "nothing-listens",
        Refusal::HandshakeRejected => "handshake-rejected",
        Refusal::TlsToPlainSocket => "tls-to-plain-socket",
    }
}

/// `return 444` is a `return`, although what it returns is nothing.
pub(super) fn kind_name(kind: ResponseKind) -> &'static str {
    match kind {
        ResponseKind::Redirect => "redirect",
        ResponseKind::Return | ResponseKind::Closed => "return",
        ResponseKind::Proxy => "proxy",
        ResponseKind::Static => "static",
        ResponseKind::Error => "error",
        ResponseKind::Unknown => "unknown",
    }
}
