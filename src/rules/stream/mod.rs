//! Connections that nginx hands on without reading more than their first bytes.

use super::declare::declare_rules;
use crate::model::Condition;

declare_rules! { "stream":
    listen_conflict::ListenConflicts = "listen-conflict",
    map_without_hostnames::MapWithoutHostnames = "map-without-hostnames",
    stream_preread_on_tls::StreamPrereadOnTls = "stream-preread-on-tls",
    stream_proxy_protocol_mismatch::StreamProxyProtocolMismatch = "stream-proxy-protocol-mismatch",
    stream_route_cert_mismatch::StreamRouteCertMismatch = "stream-route-cert-mismatch" reads certificates,
    stream_route_unreachable::StreamRouteUnreachable = "stream-route-unreachable",
    stream_sni_no_default::StreamSniNoDefault = "stream-sni-no-default",
    stream_sni_without_preread::StreamSniWithoutPreread = "stream-sni-without-preread",
}

/// What has to be assumed, as the start of a sentence; empty where it is certain.
fn condition_text<'c>(conditions: impl IntoIterator<Item = &'c Condition<'c>>) -> String {
    let open = conditions.into_iter().filter(|condition| condition.is_open);
    let texts: Vec<&str> = open.map(|condition| condition.text.as_str()).take(4).collect();
    if texts.is_empty() { String::new() } else { format!("when {}: ", texts.join(" and ")) }
}
