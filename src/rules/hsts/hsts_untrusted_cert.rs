//! On a host that is known by HSTS browsers offer no way past a certificate error. RFC 6797, sections 8.4 and 11.3.

use rustc_hash::FxHashSet;

use crate::model::{Distrust, Model, Server};
use crate::rules::{Findings, Rule};
use crate::tls::Host;

pub(super) struct HstsUntrustedCert;

impl Rule for HstsUntrustedCert {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told = FxHashSet::default();
        for server in model.tls_servers() {
            // Those of the server's names that come to nginx through an edge get the edge's certificate.
            let Some((distrust, used)) = sites(server).find_map(|host| model.distrust(server, &host)) else { continue };
            let headers = model.hsts_headers(server);
            let Some(header) = headers.iter().find(|header| header.binding().is_some()) else { continue };
            if !told.insert((header.span(), used.word.span())) {
                continue;
            }
            let (kind, help) = match &distrust {
                Distrust::SelfSigned => (
                    format!("the self-signed certificate {}: a browser that knows the policy", used.word.text()),
                    "send HSTS once every client trusts the certificate: with one of a public authority",
                ),
                Distrust::PrivateAuthority(root) => (
                    format!(
                        "the certificate {} of a private authority, {root}: a browser that knows the policy and not the \
                         authority",
                        used.word.text()
                    ),
                    "send HSTS once every client has the authority's root; if all have it, run ngxlint with --ca and its \
                     file",
                ),
            };
            sink.warning(header.span(), format!("HSTS on {server} with {kind} offers no way past the error"))
                .conditional()
                .related(used.directive.span(), "this certificate is presented")
                .help(help);
        }
    }
}

/// The names that other machines ask for.
fn sites(server: &Server<'_>) -> impl Iterator<Item = Host> {
    let is_remote = |host: &Host| host.name().is_some_and(|name| name.contains('.') && !name.ends_with(".localhost"));
    server.names.iter().flat_map(|name| name.witnesses()).filter(is_remote)
}
