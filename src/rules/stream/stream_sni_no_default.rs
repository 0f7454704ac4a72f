//! A map of names without a default leaves all other names without an upstream: nginx closes the connection. So does a map
//! of TLS versions that does not know the one of today.

use rustc_hash::FxHashSet;

use crate::config::{Directive, ItemId};
use crate::model::certificates::certificate_use::spelled_out;
use crate::model::following::starts::ANY_HOST;
use crate::model::stream::connection::Client;
use crate::model::stream::names::{Origin, Route};
use crate::model::stream::passage::{Closing, End, Passage};
use crate::model::{ListenSocket, Model};
use crate::rules::{Finding, Findings, Rule};

pub(super) struct StreamSniNoDefault;

impl Rule for StreamSniNoDefault {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told: FxHashSet<ItemId> = FxHashSet::default();
        for socket in model.stream_sockets().filter(|socket| !socket.is_udp && model.reads_names(socket)) {
            let (ways, is_complete) = model.passages(socket, Client::Tls(Some(ANY_HOST)));
            let old = ways.first().and_then(map_without_version);
            if let Some(map) = old.filter(|&map| ways.iter().all(|way| map_without_version(way) == Some(map))) {
                if is_complete && told.insert(map.id()) {
                    report_version(sink, socket, map, &ways[0]);
                }
                continue;
            }
            let Some(map) = ways.first().and_then(map_without_default) else { continue };
            if is_complete && ways.iter().all(|way| map_without_default(way) == Some(map)) && told.insert(map.id()) {
                report(model, sink, socket, map, &ways[0]);
            }
        }
    }
}

/// The map of names that has left a way without an address.
fn map_without_default<'c>(way: &Passage<'_, 'c>) -> Option<Directive<'c>> {
    let End::Closed(Closing::NoAddress) = way.end else { return None };
    let mut taken = way.stops.last()?.taken.iter();
    taken.find(|taken| taken.value.is_none() && taken.is_by_name).map(|taken| taken.block)
}

/// The map of TLS versions that has left a way without an address.
fn map_without_version<'c>(way: &Passage<'_, 'c>) -> Option<Directive<'c>> {
    let End::Closed(Closing::NoAddress) = way.end else { return None };
    let mut taken = way.stops.last()?.taken.iter();
    taken.find(|taken| taken.value.is_none() && taken.is_by_protocol && !taken.is_by_name).map(|taken| taken.block)
}

fn report_version(sink: &mut Findings, socket: &ListenSocket, map: Directive<'_>, way: &Passage<'_, '_>) {
    let message = format!(
        "this map has neither TLSv1.3 nor a default: clients of today that come to {} are cut off",
        socket.endpoint
    );
    let finding = sink.error(map.span(), message);
    relate_handler(finding, way);
    finding.help("add `default ADDRESS;`, or a line for TLSv1.3");
}

fn relate_handler(finding: &mut Finding, way: &Passage<'_, '_>) {
    if let Some(handler) = way.stops.last().and_then(|stop| stop.handler) {
        finding.related(handler.span(), "without an address nginx closes the connection");
    }
}

fn report(model: &Model<'_>, sink: &mut Findings, socket: &ListenSocket, map: Directive<'_>, way: &Passage<'_, '_>) {
    let routes = model.stream_routes(socket);
    let is_lost = |route: &&Route<'_, '_>| {
        let mut ways = route.hosts.iter().flat_map(|routed| &routed.ways);
        route.origin == Origin::HttpName && ways.all(|way| map_without_default(way) == Some(map))
    };
    let lost: Vec<&Route<'_, '_>> = routes.iter().filter(is_lost).collect();
    let endpoint = &socket.endpoint;
    let finding = if lost.is_empty() {
        let message =
            format!("this map of names has no default: who asks {endpoint} for another name, or for none, is cut off");
        sink.warning(map.span(), message).conditional()
    } else {
        let hosts: Vec<String> = lost.iter().map(|route| route.name.to_string()).collect();
        let hosts = spelled_out(&hosts);
        let message = format!("this map has neither {hosts} nor a default: who asks {endpoint} for it is cut off");
        sink.error(map.span(), message)
    };
    for span in lost.iter().filter_map(|route| route.name.span()).take(4) {
        finding.related(span, "only through stream do clients come to this name");
    }
    relate_handler(finding, way);
    finding.help(
        "add `default ADDRESS;`: the server that most names lead to, or one that rejects the handshake \
         (ssl_reject_handshake)",
    );
}
