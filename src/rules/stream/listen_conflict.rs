//! Two sockets on one address: the second `bind` fails, and nginx does not start. With datagrams it succeeds, and one of
//! them gets none.

use crate::model::sockets::bound::{ConflictKind, ListenConflict};
use crate::model::{Member, Model, Module};
use crate::rules::{Findings, Rule};

pub(super) struct ListenConflicts;

impl Rule for ListenConflicts {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for conflict in model.listen_conflicts() {
            report(model, sink, &conflict);
        }
    }
}

fn report(model: &Model<'_>, sink: &mut Findings, conflict: &ListenConflict<'_>) {
    let ListenConflict { kind, first, first_member, second, second_member } = conflict;
    let (one, other) = (first.module.name(), second.module.name());
    let (at, to) = (&first.socket.endpoint, &second.socket.endpoint);
    let is_same = at == to;
    let (message, help) = match kind {
        ConflictKind::Refused if is_same => (
            format!("{to} is taken: {one} listens there, so bind fails for {other} and nginx does not start"),
            "give one of them another port or address; behind stream, http usually listens on 127.0.0.1".to_owned(),
        ),
        ConflictKind::Refused if first.module == second.module => (
            format!("on Linux bind to {to} beside {at} fails and nginx does not start"),
            "take away the parameter with which nginx calls bind for this address by itself; the other socket takes its \
             connections, too"
                .to_owned(),
        ),
        ConflictKind::Refused => (
            format!(
                "{one} listens on {at} and {other} on {to}: one takes the addresses of the other, so on Linux bind fails \
                 and nginx does not start"
            ),
            "give one of them another port, or both addresses of their own".to_owned(),
        ),
        ConflictKind::Dealt => (
            format!("{one} and {other} both listen on {to} with reuseport: each connection comes to one of them at random"),
            "give one of them another port or address".to_owned(),
        ),
        ConflictKind::Deaf => (
            format!(
                "{one} and {other} both take datagrams on {to}: bind succeeds for both, and one of them gets nothing, as a \
                 rule the one that stands first"
            ),
            "give one of them another port or address".to_owned(),
        ),
        ConflictKind::Duplicate => (
            format!("{to} is another server's already: servers of {other} cannot share a socket, nginx does not start"),
            match second.module {
                Module::Stream => "from 1.25.5 they can, with names; else give this one another port",
                _ => "give this one another port or address",
            }
            .to_owned(),
        ),
    };
    let span = |member: &Member| model.server(member.server).listen_span(member.listen);
    let finding = sink.error(span(second_member), message);
    finding.related(span(first_member), format!("{one} listens on {at} here"));
    finding.help(help);
}
