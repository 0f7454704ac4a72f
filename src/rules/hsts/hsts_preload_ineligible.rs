//! `preload` asks for a place on the browsers' list, which has conditions.
//!
//! <https://hstspreload.org/#submission-requirements>

use rustc_hash::FxHashSet;

use super::{YEAR, time_text, without_part};
use crate::model::{
    HstsHeader, HstsPolicy, Model, PreloadRefusal, PreloadRefusalKind, Server, is_public_name, is_public_suffix,
    registrable_domain,
};
use crate::rules::{Finding, Findings, Fix, Rule, Severity};
use crate::tls::Host;

pub(super) struct HstsPreloadIneligible;

impl Rule for HstsPreloadIneligible {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told = FxHashSet::default();
        for server in model.tls_servers() {
            for header in model.hsts_headers(server) {
                let Some(policy) = header.binding().filter(|policy| policy.preload) else { continue };
                let fix = Fix::risky("leave out preload", without_part(server, header, "preload"));
                let missing = missing_in(header, policy);
                if !missing.is_empty() {
                    report_value(model, sink, server, header, &missing).fix(fix);
                    continue;
                }
                if !model.config.is_whole() {
                    continue;
                }
                for host in server.hosts().filter(is_public_name) {
                    check_host(model, sink, &mut told, header, &host, fix.as_ref());
                }
            }
        }
    }
}

/// What the header by itself lacks.
fn missing_in(header: &HstsHeader<'_>, policy: HstsPolicy) -> Vec<String> {
    let mut missing = Vec::new();
    if !policy.include_subdomains {
        missing.push("includeSubDomains".to_owned());
    }
    if policy.max_age < YEAR {
        missing.push(format!("a max-age of a year (31536000), not {}", time_text(policy.max_age)));
    } else if header.value.contains('"') {
        // RFC 6797 allows it, and the list's scanner does not know it.
        missing.push("a max-age without quotes".to_owned());
    }
    missing
}

/// The header lacks something; with it, what else the list minds of the domain, so that all is mended at once.
fn report_value<'s, 'c>(
    model: &Model<'c>,
    sink: &'s mut Findings,
    server: &Server<'c>,
    header: &HstsHeader<'c>,
    missing: &[String],
) -> &'s mut Finding {
    let is_own_entry = |host: &Host| is_public_name(host) && registrable_domain(host).as_ref() == Some(host);
    let domain = server.hosts().find(|host| model.config.is_whole() && is_own_entry(host));
    let refusals = domain.map(|domain| model.preload_refusals(&domain)).unwrap_or_default();
    let besides = if refusals.is_empty() { String::new() } else { format!("; besides, {}", text_of(&refusals)) };
    let message = format!("preload is refused: the list asks for {}{besides}", missing.join(" and for "));
    let finding = sink.warning(header.span(), message);
    relate(finding, &refusals);
    finding.help(
        "leave out preload; or send \"max-age=63072000; includeSubDomains; preload\" once every subdomain is ready",
    )
}

fn text_of(refusals: &[PreloadRefusal]) -> String {
    refusals.iter().map(PreloadRefusal::to_string).collect::<Vec<_>>().join(", and ")
}

fn relate(finding: &mut Finding, refusals: &[PreloadRefusal]) {
    for by in refusals.iter().filter_map(|refusal| refusal.by) {
        finding.related(by, "this answers");
    }
}

/// The list takes the domain that is registered, and its subdomains with it.
fn check_host(
    model: &Model<'_>,
    sink: &mut Findings,
    told: &mut FxHashSet<Host>,
    header: &HstsHeader<'_>,
    host: &Host,
    fix: Option<&Fix>,
) {
    let Some(domain) = registrable_domain(host) else {
        if is_public_suffix(host) && told.insert(host.clone()) {
            let message =
                format!("preload of {host} is refused: it is a public suffix, below which others have their domains");
            sink.warning(header.span(), message)
                .help("leave out preload; who runs a public suffix asks for it by e-mail (hstspreload.org/#tld)")
                .fix(fix.cloned());
        }
        return;
    };
    let is_own_entry = domain == *host;
    // The same line on a subdomain is harmless: what counts is the domain's own answer, which its own line is judged by.
    // One that is served elsewhere is not seen.
    let mut owners = model.tls_owners(&domain).peekable();
    if !is_own_entry && (owners.peek().is_none() || owners.any(|server| asks_for_list(model, server))) {
        return;
    }
    let refusals = model.preload_refusals(&domain);
    let Some(first) = refusals.first() else { return };
    if !told.insert(domain.clone()) {
        return;
    }
    let (severity, message) = if is_own_entry {
        (Severity::Warning, format!("preload of {domain} is refused: {}", text_of(&refusals)))
    } else {
        // Whoever types the domain gets to www., so that it is meant for both; on others it is a line too many.
        let is_www = host.name().and_then(|name| name.strip_prefix("www.")) == domain.name();
        let severity = if is_www { Severity::Warning } else { Severity::Info };
        (
            severity,
            format!(
                "preload on {host} asks for nothing: the list takes {domain} as a whole, and {}",
                text_of(&refusals)
            ),
        )
    };
    let finding = sink.add(severity, header.span(), message);
    relate(finding, &refusals);
    finding.help(match &first.kind {
        PreloadRefusalKind::RedirectedToPlain(_) | PreloadRefusalKind::TooManyRedirects => {
            format!(
                "from http://{domain}/ and from https://{domain}/ on, redirect over https only, three times at most"
            )
        }
        _ => format!(
            "http://{domain}/ has to redirect to https://{domain}/ first, and that answer has to carry the header, \
             whatever it then redirects to"
        ),
    });
}

/// Whether a server sends a header with preload.
fn asks_for_list<'c>(model: &Model<'c>, server: &Server<'c>) -> bool {
    model.hsts_headers(server).iter().filter_map(HstsHeader::binding).any(|policy| policy.preload)
}
