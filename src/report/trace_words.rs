//! What the parts of a trace are called when people are told.

use super::trace::{Presented, TraceReport};
use super::trace_human::at;
use crate::model::certificates::certificate_use::spelled_out;
use crate::model::values::value::{Piece, pieces};
use crate::model::{
    Coverage, Handshake, Hop, HstsPolicy, ListenSocket, Model, NameKind, Outcome, Refusal, RequestHost, Response,
    ResponseKind, SelectedBy, Server, ServerId, Trace, Value, Verdict,
};
use crate::nginx::Contexts;

/// `shop.example (sites/shop.conf:3)`.
pub(super) fn server(report: &TraceReport<'_, '_>, id: ServerId) -> String {
    let server = report.server(id);
    let place = at(&report.place(server.directive.span()));
    // In stream, servers rarely have names.
    match server.directive.context().intersects(Contexts::STREAM) {
        true => format!("{}{place}", report.model.stream_server_text(server)),
        false => format!("{server}{place}"),
    }
}

/// The server that answers, and why.
pub(super) fn answering(report: &TraceReport<'_, '_>, response: &Response<'_>, hop: &Hop<'_, '_>) -> String {
    let server = report.server(response.server);
    let place = at(&report.place(server.directive.span()));
    let why =
        hop.socket.map(|socket| format!(", {}", selection(report.model, socket, server, response.selected_by, hop)));
    format!("{server}{}{place}", why.unwrap_or_default())
}

/// Why a server answers, as a clause.
fn selection(
    model: &Model<'_>,
    socket: &ListenSocket,
    server: &Server<'_>,
    by: SelectedBy,
    hop: &Hop<'_, '_>,
) -> String {
    let sent = hop.request.host.as_deref();
    let host = sent.and_then(|host| RequestHost::parse(host, model.environment.version).ok());
    let host = host.map(|host| host.name).unwrap_or_default();
    let name = matching_name(server, &host, by);
    match by {
        SelectedBy::Exact => "which has exactly this name".to_owned(),
        SelectedBy::WildcardLeading | SelectedBy::WildcardTrailing => format!("by {name}, the longest wildcard"),
        SelectedBy::Regex => format!("by {name}, the first regex that matches"),
        SelectedBy::Default if !socket.is_shared() => "the only server of the socket".to_owned(),
        SelectedBy::Default => {
            let why = if socket.has_explicit_default { "default_server" } else { "the first one" };
            let host = if host.is_empty() { "this Host" } else { &host };
            format!("the default server of the socket ({why}), as no name is {host}")
        }
    }
}

/// The name of a server that selected it, as it is written.
fn matching_name(server: &Server<'_>, host: &str, by: SelectedBy) -> String {
    let matches = |kind: &NameKind| match (kind, by) {
        (NameKind::WildcardLeading(rest) | NameKind::DotLeading(rest), SelectedBy::WildcardLeading) => {
            host.ends_with(rest.as_str())
        }
        (NameKind::WildcardTrailing(start), SelectedBy::WildcardTrailing) => host.starts_with(start.as_str()),
        (NameKind::Regex(pattern), SelectedBy::Regex) => pattern.is_match(host) == Some(true),
        _ => false,
    };
    let mut found: Vec<&_> = server.names.iter().filter(|name| matches(&name.kind)).collect();
    if by != SelectedBy::Regex {
        found.sort_by_key(|name| std::cmp::Reverse(name.to_string().len()));
    }
    found.first().map_or_else(|| "one of its names".to_owned(), |name| name.to_string())
}

/// The certificate that is presented, and whether it is good for the host.
pub(super) fn certificate(
    report: &TraceReport<'_, '_>,
    hop: &Hop<'_, '_>,
    tls: &Handshake,
    certificate: &Presented<'_, '_>,
) -> String {
    let host = hop.url.host_str().unwrap_or_default();
    let place = at(&report.place(certificate.used.directive.span()));
    let names = if certificate.names.is_empty() { "no host".to_owned() } else { spelled_out(&certificate.names) };
    let verdict = match (certificate.covers_host, certificate.is_known) {
        (Some(true), _) => format!("covers {host}"),
        (Some(false), _) => format!("does not cover {host}, it is for {names}"),
        (None, true) => format!("may cover {host} or not, it is for {names}"),
        (None, false) => format!("may cover {host} or not, it is not known here"),
    };
    let borrowed = if tls.presenting == tls.server {
        String::new()
    } else {
        let asked = report.server(tls.server);
        format!("; {asked} has none, so this is the default server's, {}", server(report, tls.presenting))
    };
    format!("{}{place} {verdict}{borrowed}", certificate.file)
}

pub(super) fn response(report: &TraceReport<'_, '_>, response: &Response<'_>) -> String {
    let by = response.by.map(|directive| {
        let place = at(&report.place(directive.span()));
        format!(", by {}{place}", directive.name_text())
    });
    let by = by.unwrap_or_default();
    let status = response.status.map_or_else(|| "a status that cannot be told".to_owned(), |status| status.to_string());
    let text = |value: &Option<Value>| value.as_ref().map(with_unknowns).unwrap_or_default();
    match response.kind {
        ResponseKind::Redirect => format!("{status} to {}{by}", text(&response.location_header)),
        ResponseKind::Return => format!("{status}{by}"),
        ResponseKind::Proxy => format!("the one of {}{by}", text(&response.target)),
        ResponseKind::Static if response.target.is_some() => format!("{status}, {}{by}", text(&response.target)),
        ResponseKind::Static => format!("{status}, a file or a page of nginx's own{by}"),
        ResponseKind::Error => format!("{status}, nginx's own error page{by}"),
        ResponseKind::Closed => format!("none: the connection is closed{by}"),
        ResponseKind::Unknown => {
            let why = response.unknown.as_deref().unwrap_or("it depends on what cannot be seen");
            format!("it cannot be told: {why}{by}")
        }
    }
}

/// A text, and which part of it is not known.
pub(super) fn with_unknowns(value: &Value) -> String {
    match value.is_known {
        true => value.text.clone(),
        false => format!("{} ({})", value.text, unknown_part(&value.text)),
    }
}

fn unknown_part(text: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    for piece in pieces(text) {
        let name = match piece {
            Piece::Text(_) => continue,
            Piece::Variable(name) => format!("${name}"),
            Piece::Capture(number) => format!("${number}"),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match &names[..] {
        [] => "not all of it is known".to_owned(),
        [only] => format!("{only} is not known"),
        [first @ .., last] => format!("{} and {last} are not known", first.join(", ")),
    }
}

/// A policy as the header says it.
pub(super) fn policy(policy: HstsPolicy) -> String {
    let flags = [(policy.include_subdomains, "; includeSubDomains"), (policy.preload, "; preload")];
    let flags: String = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, text)| *text).collect();
    format!("max-age={}{flags}", policy.max_age)
}

/// A header from which browsers learn nothing, or of which it cannot be told what.
pub(super) fn unread_hsts(value: &Value) -> String {
    match value.is_known {
        true => format!("{}, which browsers ignore: it is malformed", value.text),
        false => with_unknowns(value),
    }
}

pub(super) fn hsts(hop_policy: HstsPolicy, hop: &Hop<'_, '_>) -> String {
    let mut text = policy(hop_policy);
    // RFC 6797, section 8.1.
    if hop.url.scheme() == "http" {
        text.push_str(", which browsers ignore over plain HTTP");
    } else if hop.coverage() == Coverage::NotCovered {
        text.push_str(", which browsers ignore behind a certificate that is not for the host");
    }
    text
}

/// How a trace ends, in a sentence.
pub(super) fn ending(trace: &Trace<'_, '_>) -> String {
    let last = trace.hops.last();
    let redirects = match trace.hops.len() {
        0 | 1 => String::new(),
        2 => " after a redirect".to_owned(),
        count => format!(" after {} redirects", count - 1),
    };
    match Verdict::of(trace) {
        Verdict::Answered => {
            let response = last.and_then(|hop| hop.response.as_ref());
            match response.filter(|response| response.kind == ResponseKind::Error).and_then(|error| error.status) {
                Some(status) => format!("The client gets error {status}{redirects}."),
                None => format!("The client gets an answer{redirects}."),
            }
        }
        Verdict::Loop => {
            let turn = match trace.outcome {
                Outcome::Loop(first) => first + 1,
                _ => 1,
            };
            match trace.hops.len() {
                count if count == turn => format!("{count} leads back to itself: the redirect never ends."),
                count => format!("{count} leads back to {turn}: the redirects never end."),
            }
        }
        Verdict::External => {
            let target = last.and_then(|hop| hop.target.as_ref()).map(ToString::to_string);
            let target = target.unwrap_or_else(|| "a host".to_owned());
            format!("The client is sent to {target}, which this configuration does not serve.")
        }
        Verdict::Refused => match last.and_then(|hop| hop.refusal) {
            Some(Refusal::NothingListens) => "The client gets no connection.".to_owned(),
            Some(Refusal::HandshakeRejected) => "The client gets no answer: the handshake is rejected.".to_owned(),
            Some(Refusal::TlsToPlainSocket) => "The client gets no answer: the port does not speak TLS.".to_owned(),
            None => "The client gets no answer: the connection is closed.".to_owned(),
        },
        Verdict::Truncated => {
            format!("{} redirects are followed, and there are more; browsers give up after 20.", trace.hops.len())
        }
        Verdict::Undetermined => {
            let why = last.and_then(|hop| hop.response.as_ref()).and_then(|response| response.unknown.as_deref());
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            format!("What the client gets cannot be told{why}.")
        }
    }
}

/// What a trace comes to, without its way.
pub(super) fn summary(trace: &Trace<'_, '_>) -> String {
    let response = trace.hops.last().and_then(|hop| hop.response.as_ref());
    let is_told = |response: &&Response<'_>| response.kind == ResponseKind::Error;
    let answer = response.filter(|_| Verdict::of(trace) == Verdict::Answered).filter(|response| !is_told(response));
    let answer = answer.map(|response| {
        let status = response.status.map(|status| status.to_string());
        match (&response.target, status) {
            (Some(target), _) => format!(" It is the one of {}.", with_unknowns(target)),
            (None, Some(status)) => format!(" It has status {status}."),
            (None, None) => String::new(),
        }
    });
    format!("{}{}", ending(trace), answer.unwrap_or_default())
}

/// What a trace assumes that could be otherwise, as one clause.
pub(super) fn open_conditions(trace: &Trace<'_, '_>) -> String {
    let mut clauses: Vec<&str> = Vec::new();
    for condition in trace.hops.iter().flat_map(|hop| &hop.conditions).filter(|condition| condition.is_open) {
        if !clauses.contains(&condition.text.as_str()) {
            clauses.push(&condition.text);
        }
    }
    clauses.join(" and ")
}
