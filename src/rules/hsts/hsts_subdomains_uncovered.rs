//! includeSubDomains makes browsers refuse plain HTTP for every name below the host, and gives no way
//! past a certificate error there. RFC 6797, sections 6.1.2, 8.3 and 8.4.

use super::without_part;
use crate::model::{Coverage, Edge, HstsHeader, HttpsState, Lockout, Model, Server, Subdomain, SubdomainState};
use crate::rules::{Finding, Findings, Fix, Rule, Severity};
use crate::source::Span;
use crate::tls::Host;

pub(super) struct HstsSubdomainsUncovered;

/// How many subdomains a finding points at.
const SHOWN: usize = 8;

impl Rule for HstsSubdomainsUncovered {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for server in model.tls_servers() {
            for header in model.hsts_headers(server) {
                if !header.binding().is_some_and(|policy| policy.include_subdomains) {
                    continue;
                }
                let mut hosts = model.bound_hosts(server, header);
                // What an edge serves is not to be seen here.
                hosts.retain(|host| model.edge_of_host(host.name().unwrap_or_default()) == Edge::None);
                let fix = narrowed(model, server, header, &hosts);
                for host in &hosts {
                    let is_bound_from_above = hosts.iter().any(|above| host.is_below(above))
                        || model.names_above(server, host)
                        || model.is_bound_from_above(host);
                    if let Some(finding) = check_host(model, sink, server, header.span(), host, is_bound_from_above) {
                        finding.fix(fix.clone());
                    }
                }
            }
        }
    }
}

/// Takes `includeSubDomains` out of the header, if no host below depends on it for its policy, and nobody has asked for a
/// place on the browsers' list with it.
fn narrowed<'c>(model: &Model<'c>, server: &Server<'c>, header: &HstsHeader<'c>, hosts: &[Host]) -> Option<Fix> {
    let depends = |subdomain: Subdomain| {
        let host = subdomain.name.parse::<Host>().ok();
        host.is_some_and(|host| model.tls_owners(&host).next().is_some() && !model.sends_policy(&host))
    };
    let is_bare = header.policy.is_some_and(|policy| !policy.preload);
    if !is_bare || hosts.iter().flat_map(|host| model.subdomains(host)).any(depends) {
        return None;
    }
    Fix::risky("leave out includeSubDomains", without_part(server, header, "includeSubDomains"))
}

fn check_host<'s, 'c>(
    model: &Model<'c>,
    sink: &'s mut Findings,
    server: &Server<'c>,
    header: Span,
    host: &Host,
    is_bound_from_above: bool,
) -> Option<&'s mut Finding> {
    let subdomains = model.subdomains(host);
    // What the server's own certificate does not cover is the certificate's mistake, and told as such.
    let is_told = |subdomain: &Subdomain| is_own_uncovered(model, server, subdomain);
    if let Some(first) = subdomains.iter().find(|subdomain| !is_told(subdomain))
        && first.lockout() != Lockout::None
    {
        return Some(report_lockout(model, sink, header, host, first, &subdomains, is_told));
    }
    if subdomains.iter().any(is_told) {
        return None;
    }
    // The policy of a domain above says it all.
    if is_bound_from_above {
        return None;
    }
    match host.name().and_then(|name| name.strip_prefix("www.")).and_then(|above| above.parse::<Host>().ok()) {
        Some(domain) => report_narrow_reach(model, sink, header, host, &domain, &subdomains),
        None => report_missing_wildcard(model, sink, server, header, host, &subdomains),
    }
}

fn report_lockout<'s>(
    model: &Model<'_>,
    sink: &'s mut Findings,
    header: Span,
    host: &Host,
    first: &Subdomain,
    subdomains: &[Subdomain],
    is_told_elsewhere: impl Fn(&Subdomain) -> bool,
) -> &'s mut Finding {
    let lockout = first.lockout();
    // What is locked out for sure is told apart from what may be.
    let is_certain = lockout <= Lockout::OfRedirect;
    let is_told = |subdomain: &&Subdomain| match lockout {
        Lockout::Certain | Lockout::OfRedirect => subdomain.lockout() <= Lockout::OfRedirect,
        other => subdomain.lockout() == other,
    };
    let told: Vec<&Subdomain> =
        subdomains.iter().filter(is_told).filter(|subdomain| !is_told_elsewhere(subdomain)).collect();
    let possible: Vec<&Subdomain> =
        subdomains.iter().filter(|other| is_certain && other.lockout() == Lockout::Possible).collect();
    let perhaps = match possible.as_slice() {
        [] => String::new(),
        [only] => format!(", and perhaps out of {}", only.name),
        several => format!(", and perhaps out of {} more", several.len()),
    };
    let others = match told.as_slice() {
        [] | [_] => String::new(),
        [_, second] => format!(" and {}", second.name),
        [_, more @ ..] => format!(" and {} more", more.len()),
    };
    let names = format!("{}{others}", first.name);
    let message = match lockout {
        Lockout::Possible if first.is_pattern => format!(
            "includeSubDomains on {host} locks browsers out of whatever {names} takes: not served over HTTPS with a \
             certificate that covers it"
        ),
        Lockout::Possible => format!(
            "includeSubDomains on {host} makes https:// of http://{names}, where visitors are sent: no server here has the \
             name"
        ),
        Lockout::OfCertifiedRedirect => format!(
            "includeSubDomains on {host} keeps browsers from what http://{names} redirects to, unless its certificate is \
             presented elsewhere"
        ),
        _ => format!("includeSubDomains on {host} locks browsers out of {names}: {}{perhaps}", reason(&told)),
    };
    let (severity, is_certain) = match lockout {
        // Another file may serve them over TLS.
        Lockout::Certain | Lockout::OfRedirect if !model.config.is_whole() => (Severity::Warning, false),
        Lockout::Certain => (Severity::Error, true),
        Lockout::OfRedirect => (Severity::Warning, true),
        Lockout::Possible => (Severity::Warning, false),
        Lockout::OfCertifiedRedirect | Lockout::None => (Severity::Info, false),
    };
    let finding = sink.add(severity, header, message);
    if !is_certain {
        finding.conditional();
    }
    list(finding, subdomains);
    finding.help("serve these names over HTTPS with a certificate that has them, or leave out includeSubDomains")
}

/// Whether the server itself serves a name below with a certificate that does not cover it.
fn is_own_uncovered(model: &Model<'_>, server: &Server<'_>, subdomain: &Subdomain) -> bool {
    matches!(subdomain.state, SubdomainState::Served(HttpsState::Certificate(Coverage::NotCovered, _)))
        && model.owners_of(&subdomain.name).any(|owner| owner.id == server.id)
}

/// What keeps browsers from all of the names.
fn reason(told: &[&Subdomain]) -> &'static str {
    // The certificate of the server that takes them over HTTPS may cover them.
    if told.iter().all(|subdomain| matches!(subdomain.state, SubdomainState::Served(HttpsState::PlainOnly(_)))) {
        "served on plain HTTP only"
    } else {
        "not served over HTTPS with a certificate that covers it"
    }
}

/// The table of all names, cut with a count.
fn list(finding: &mut Finding, subdomains: &[Subdomain]) {
    for subdomain in subdomains.iter().take(SHOWN) {
        finding.related(subdomain.place, subdomain.to_string());
    }
    match subdomains.get(SHOWN..) {
        None | Some([]) => {}
        Some([last]) => {
            finding.related(last.place, last.to_string());
        }
        Some([next, more @ ..]) => {
            let mut kinds: Vec<(&str, usize)> = Vec::new();
            for kind in more.iter().map(Subdomain::kind_text) {
                match kinds.iter_mut().find(|(known, _)| *known == kind) {
                    Some((_, count)) => *count += 1,
                    None => kinds.push((kind, 1)),
                }
            }
            let counts: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            finding.related(next.place, format!("{next}; and {} more names: {}", more.len(), counts.join(", ")));
        }
    }
}

/// The policy of `www.` leaves out the domain, and all other names below it.
fn report_narrow_reach<'s>(
    model: &Model<'_>,
    sink: &'s mut Findings,
    header: Span,
    host: &Host,
    domain: &Host,
    subdomains: &[Subdomain],
) -> Option<&'s mut Finding> {
    // Somebody has thought of names below www.
    if !subdomains.is_empty() {
        return None;
    }
    let unbound = model.hosts_without_policy(domain);
    let message = match unbound.as_slice() {
        [] => format!("includeSubDomains on {host} binds names below {host} only, and this configuration has none"),
        [(first, _), rest @ ..] => {
            let more = match rest {
                [] => String::new(),
                [(second, _)] => format!(" nor {second}"),
                more => format!(" nor {} more", more.len()),
            };
            format!("includeSubDomains on {host} binds names below {host} only, not {first}{more}")
        }
    };
    let finding = sink.info(header, message);
    for (unbound, place) in unbound.iter().take(SHOWN) {
        finding.related(*place, format!("{unbound} has no policy"));
    }
    Some(finding.help(format!(
        "leave out includeSubDomains here; to bind all names below {domain}, send it from https://{domain}/, too, once each \
         is ready for HTTPS"
    )))
}

/// Nothing that is visible breaks; but subdomains outside this configuration may.
fn report_missing_wildcard<'s, 'c>(
    model: &Model<'c>,
    sink: &'s mut Findings,
    server: &Server<'c>,
    header: Span,
    host: &Host,
    subdomains: &[Subdomain],
) -> Option<&'s mut Finding> {
    let kept = model.kept(&server.certificates, None);
    let leaves: Vec<_> = kept.filter_map(|used| Some((used, model.certificate_file(used)?.leaf()?))).collect();
    let (used, leaf) = leaves.first()?;
    if leaves.iter().any(|(_, leaf)| leaf.has_wildcard_for(host)) {
        return None;
    }
    let message = format!(
        "includeSubDomains on {host}, but its certificate has no wildcard for it ({}): nothing says that other subdomains \
         are ready for HTTPS",
        leaf.names_text(4)
    );
    // A name below another site's rarely has names below it.
    let severity = if model.names_parent_of(host) { Severity::Info } else { Severity::Warning };
    let finding = sink.add(severity, header, message);
    finding.conditional();
    finding.related(used.directive.span(), "this certificate is presented");
    list(finding, subdomains);
    Some(
        finding
            .help("leave out includeSubDomains unless every subdomain, wherever it is served, has a valid certificate"),
    )
}
