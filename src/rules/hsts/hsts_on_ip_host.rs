//! Browsers never note an IP address as an HSTS host. RFC 6797, section 8.1.1.

use super::without_header;
use crate::model::{Coverage, Model, Server, ServerName};
use crate::rules::{Findings, Fix, Rule};
use crate::tls::Host;

pub(super) struct HstsOnIpHost;

impl Rule for HstsOnIpHost {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for server in model.tls_servers() {
            let Some(addresses) = lone_addresses(server) else { continue };
            // What stands in http is meant for the other servers.
            let is_own = |header: &crate::model::HstsHeader<'_>| {
                header.directive.ancestors().any(|block| block == server.directive)
            };
            let headers = model.hsts_headers(server);
            let Some(header) = headers.iter().find(|header| is_own(header) && header.binding().is_some()) else {
                continue;
            };
            let socket = model.tls_sockets_of(server.id).next();
            let presenting = socket.map_or(server, |socket| model.server(socket.default.server));
            let is_uncovered = |address: &&Host| model.coverage(presenting, address) == Coverage::NotCovered;
            let uncovered: Vec<&Host> = addresses.iter().filter(is_uncovered).collect();
            let also = match model.kept(&presenting.certificates, None).next() {
                Some(used) if !uncovered.is_empty() => {
                    format!(", and {} does not name {}", used.word.text(), list(uncovered.iter()))
                }
                _ => String::new(),
            };
            let message = format!(
                "HSTS does nothing for {}: browsers note no address as an HSTS host{also}",
                list(addresses.iter())
            );
            let finding = sink.warning(header.span(), message);
            finding.related(server.span(), "this server has no name but addresses");
            finding.help(
                "serve the site under a DNS name, send those who come by address there, and drop the header here",
            );
            finding.fix(Fix::risky("remove the header", [without_header(model, header.directive)]));
        }
    }
}

/// The addresses of a server whose names are all addresses.
fn lone_addresses(server: &Server<'_>) -> Option<Vec<Host>> {
    let names = server.names.iter().filter(|name| !name.is_no_host());
    let address = |name: &ServerName<'_>| name.host().filter(|host| matches!(host, Host::Ip(_)));
    let addresses: Vec<Host> = names.map(address).collect::<Option<_>>()?;
    (!addresses.is_empty()).then_some(addresses)
}

/// `192.0.2.1`, `192.0.2.1 and 2001:db8::1`, `192.0.2.1 and 5 more`.
fn list<'h, H: std::fmt::Display + 'h>(mut hosts: impl ExactSizeIterator<Item = &'h H>) -> String {
    let Some(first) = hosts.next() else { return String::new() };
    match (hosts.next(), hosts.len()) {
        (None, _) => first.to_string(),
        (Some(second), 0) => format!("{first} and {second}"),
        (Some(_), more) => format!("{first} and {} more", more + 1),
    }
}
