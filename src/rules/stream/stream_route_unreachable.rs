//! A route of `stream` on which nobody gets an answer: to a misspelt group, to an address without a port, to a host name
//! that nobody resolves, to a port that nobody has, or with TLS to a socket that speaks none.

use super::condition_text;
use crate::model::stream::target::Taker;
use crate::model::stream::unreachable::{DeadEnd, Obstacle};
use crate::model::{Condition, Model};
use crate::rules::{Findings, Rule, Severity};

pub(super) struct StreamRouteUnreachable;

impl Rule for StreamRouteUnreachable {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for end in model.dead_ends() {
            report(model, sink, &end);
        }
    }
}

/// What there is to be found, as a clause.
fn plain_text(taker: &Taker<'_>, text: &str) -> String {
    let (endpoint, module) = (taker.socket.endpoint.to_string(), taker.module.name());
    match text == endpoint {
        true => format!("a socket of {module} that speaks no TLS"),
        false => format!("where {endpoint} of {module} speaks no TLS"),
    }
}

fn report(model: &Model<'_>, sink: &mut Findings, end: &DeadEnd<'_, '_>) {
    let DeadEnd { obstacle, text, handler, socket, .. } = end;
    let led = match (&end.who, end.is_of_others) {
        // On another socket TLS may have ended before.
        (Some(who), _) if matches!(obstacle, Obstacle::PlainSocket(_)) => {
            format!("who asks {} for {who} is sent to {text}", socket.endpoint)
        }
        (Some(who), _) => format!("{who} is sent to {text}"),
        (None, true) => format!("who asks {} for another name is sent to {text}", socket.endpoint),
        (None, false) => format!("who comes to {} is sent to {text}", socket.endpoint),
    };
    let (message, help) = match obstacle {
        Obstacle::NoAddress if handler.is_named("pass") => (
            format!("{led}, and pass wants an address with a port: nginx closes the connection"),
            "write the address of one of nginx's own sockets; proxy_pass takes names and groups".to_owned(),
        ),
        Obstacle::NoAddress => (
            format!(
                "{led}, which is neither an upstream of stream nor an address with a port: nginx closes the connection"
            ),
            match model.similar_stream_group(text) {
                Some(similar) => format!("write `{similar}`, the name of the upstream"),
                None => format!("add the port, or an upstream {text} to stream"),
            },
        ),
        Obstacle::NoResolver => (
            format!(
                "{led}, a name that comes out of a variable, and no resolver is given: nginx closes the connection"
            ),
            "add `resolver ADDRESS;` to stream, or name an upstream group that holds this server".to_owned(),
        ),
        Obstacle::NoSocket => (
            format!(
                "{led}, where nothing of this nginx listens, and pass leads nowhere else: the connection is closed"
            ),
            "write the address of a `listen`, or use proxy_pass for another program".to_owned(),
        ),
        Obstacle::PlainSocket(taker) => (
            format!("{led}, {}: every handshake fails", plain_text(taker, text)),
            "write `ssl` and a certificate behind that `listen`, or send the name to a socket that has them".to_owned(),
        ),
    };
    // Who asks for another name may not be there, or speak no TLS.
    let depends = matches!(obstacle, Obstacle::PlainSocket(_)) && end.is_of_others;
    let is_open = |condition: &Condition<'_>| condition.is_open;
    let severity = if depends || !end.is_certain { Severity::Warning } else { Severity::Error };
    let condition = if end.is_certain { String::new() } else { condition_text(&end.conditions) };
    let finding = sink.add(severity, end.place, condition + &message);
    if severity == Severity::Warning || end.conditions.iter().any(is_open) {
        finding.conditional();
    }
    if end.place != handler.span() {
        finding.related(handler.span(), "the connection is handed on here");
    }
    if let Obstacle::PlainSocket(taker) = obstacle {
        let member = taker.socket.default;
        finding.related(model.server(member.server).listen_span(member.listen), "this socket has no `ssl`");
    }
    finding.help(help);
}
