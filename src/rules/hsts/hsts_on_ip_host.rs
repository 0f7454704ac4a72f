//! Browsers never note an IP address as an HSTS host. RFC 6797, section 8.1.1.

use crate::model::{Coverage, Model, Server};
use crate::rules::{Findings, Rule};
use crate::tls::Host;

pub(super) struct HstsOnIpHost;

impl Rule for HstsOnIpHost {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for server in model.tls_servers() {
            let Some(address) = lone_address(server) else { continue };
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
            let certificate = presenting.certificates.first().map(|used| used.word.text().into_owned());
            let uncovered = model.coverage(presenting, &address) == Coverage::NotCovered;
            let certificate = certificate.filter(|_| uncovered);
            let also = certificate.map_or(String::new(), |path| format!(", and {path} does not name the address"));
            let message = format!("HSTS does nothing for {address}: browsers note no address as an HSTS host{also}");
            sink.warning(header.span(), message).related(server.span(), "this server has no name but addresses").help(
                "serve the site under a DNS name, send those who come by address there, and drop the header here",
            );
        }
    }
}

/// The first address of a server whose names are all addresses.
fn lone_address(server: &Server<'_>) -> Option<Host> {
    let mut names = server.names.iter().filter(|name| !name.is_no_host());
    let first = names.next()?.host()?;
    let is_address = |host: &Host| matches!(host, Host::Ip(_));
    (is_address(&first) && names.all(|name| name.host().is_some_and(|host| is_address(&host)))).then_some(first)
}
