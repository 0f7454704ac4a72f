//! includeSubDomains makes browsers refuse plain HTTP for every name below the host, and gives no way
//! past a certificate error there. RFC 6797, sections 6.1.2, 8.3 and 8.4.

use crate::model::{Coverage, Edge, HstsHeader, HttpsState, Model, Server};
use crate::rules::{Finding, Findings, Rule};
use crate::source::Span;
use crate::tls::Host;

pub(super) struct HstsSubdomainsUncovered;

/// How many subdomains a finding points at.
const SHOWN: usize = 8;

impl Rule for HstsSubdomainsUncovered {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        // What an edge serves is not to be seen here.
        for server in model.tls_servers().filter(|_| model.environment.edge == Edge::None) {
            for header in model.hsts_headers(server) {
                if !header.binding().is_some_and(|policy| policy.include_subdomains) {
                    continue;
                }
                for host in server.hosts() {
                    check_host(model, sink, server, header, &host);
                }
            }
        }
    }
}

/// A subdomain, and how it is served.
struct Subdomain {
    host: Host,
    place: Span,
    is_broken: bool,
    /// It has no pages of its own.
    leads_away: bool,
    text: String,
}

/// Every subdomain that the configuration names, those that are locked out first.
fn subdomains(model: &Model<'_>, host: &Host) -> Vec<Subdomain> {
    let mut found: Vec<Subdomain> = model
        .hosts_below(host)
        .into_iter()
        .map(|(host, place)| {
            let mut leads_away = false;
            let (is_broken, how) = match model.https_state(&host) {
                HttpsState::PlainOnly(_) | HttpsState::Rejected if model.only_sends_elsewhere(&host) => {
                    leads_away = true;
                    (true, "only there to send visitors from http:// elsewhere, which HSTS keeps them from".to_owned())
                }
                HttpsState::PlainOnly(None) => (true, "served on plain HTTP only".to_owned()),
                HttpsState::PlainOnly(Some(path)) => {
                    (true, format!("served on plain HTTP only; over HTTPS clients get {path}"))
                }
                HttpsState::Rejected => {
                    (true, "served on plain HTTP only; over HTTPS the default server rejects it".to_owned())
                }
                HttpsState::Certificate(Coverage::NotCovered, path) => {
                    (true, format!("served with {path}, which does not cover it"))
                }
                HttpsState::Certificate(Coverage::Covered, path) => (false, format!("served over HTTPS with {path}")),
                HttpsState::Certificate(Coverage::Unknown, path) if path.is_empty() => {
                    (false, "served over HTTPS with a certificate that is not known".to_owned())
                }
                HttpsState::Certificate(Coverage::Unknown, path) => {
                    (false, format!("served over HTTPS with {path}, which was not read"))
                }
                HttpsState::Unknown => (false, "served in a way that cannot be told".to_owned()),
            };
            Subdomain { text: format!("{host} is {how}"), host, place, is_broken, leads_away }
        })
        .collect();
    found.sort_by_key(|subdomain| !subdomain.is_broken);
    found
}

fn check_host(model: &Model<'_>, sink: &mut Findings, server: &Server<'_>, header: &HstsHeader<'_>, host: &Host) {
    let subdomains = subdomains(model, host);
    let broken: Vec<&Subdomain> = subdomains.iter().filter(|subdomain| subdomain.is_broken).collect();
    if let [first, rest @ ..] = broken.as_slice() {
        let others = match rest {
            [] => String::new(),
            [second] => format!(" and {}", second.host),
            more => format!(" and {} more", more.len()),
        };
        let message = format!(
            "includeSubDomains on {host} locks browsers out of {}{others}: not served over HTTPS with a certificate that \
             covers it",
            first.host
        );
        let finding = if !model.config.is_whole() {
            // Another file may serve them over TLS.
            sink.warning(header.span(), message).conditional()
        } else if broken.iter().all(|subdomain| subdomain.leads_away) {
            sink.warning(header.span(), message)
        } else {
            sink.error(header.span(), message)
        };
        list(finding, &subdomains);
        finding.help("serve these names over HTTPS with a certificate that has them, or leave out includeSubDomains");
        return;
    }
    if let Some(finding) = warn_of_missing_wildcard(model, sink, server, header, host) {
        list(finding, &subdomains);
    }
}

fn list(finding: &mut Finding, subdomains: &[Subdomain]) {
    for Subdomain { place, text, .. } in subdomains.iter().take(SHOWN) {
        finding.related(*place, text.clone());
    }
    if let Some(next) = subdomains.get(SHOWN) {
        finding.related(next.place, format!("{} and {} more names", next.text, subdomains.len() - SHOWN - 1));
    }
}

/// Nothing that is visible breaks; but subdomains outside this configuration may.
fn warn_of_missing_wildcard<'s>(
    model: &Model<'_>,
    sink: &'s mut Findings,
    server: &Server<'_>,
    header: &HstsHeader<'_>,
    host: &Host,
) -> Option<&'s mut Finding> {
    // The policy of the domain above says it all.
    if model.names_above(server, host) {
        return None;
    }
    let leaves: Vec<_> =
        server.certificates.iter().filter_map(|used| Some((used, model.certificate_file(used)?.leaf()?))).collect();
    let (used, leaf) = leaves.first()?;
    if leaves.iter().any(|(_, leaf)| leaf.has_wildcard_for(host)) {
        return None;
    }
    // `www.x` and a name below another site's rarely have names below them.
    let above = host.name().and_then(|name| name.strip_prefix("www.")).and_then(|above| above.parse::<Host>().ok());
    let reach = match &above {
        // The domain has the policy itself: the line is the same for both.
        Some(above) if model.binds_subdomains(above) => return None,
        Some(above) => format!("it binds names below {host} only, not {above} and the others below that; "),
        None => String::new(),
    };
    let message = format!(
        "includeSubDomains on {host}, but {reach}its certificate has no wildcard for it ({}): nothing says that other \
         subdomains are ready for HTTPS",
        leaf.names_text(4)
    );
    let is_leaf_name = above.is_some() || model.names_parent_of(host);
    let finding: &mut Finding =
        if is_leaf_name { sink.info(header.span(), message) } else { sink.warning(header.span(), message) };
    finding.conditional();
    finding.related(used.directive.span(), "this certificate is presented");
    finding.help("leave out includeSubDomains unless every subdomain, wherever it is served, has a valid certificate");
    Some(finding)
}
