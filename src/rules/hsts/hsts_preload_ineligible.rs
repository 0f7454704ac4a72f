//! `preload` asks for a place on the browsers' list, which has conditions.
//!
//! <https://hstspreload.org/#submission-requirements>

use url::Url;

use super::time_text;
use crate::model::{HstsHeader, HstsPolicy, Model, Response, ResponseKind, Server, Start};
use crate::rules::{Findings, Rule};
use crate::tls::Host;

pub(super) struct HstsPreloadIneligible;

const YEAR: u64 = 31_536_000;

impl Rule for HstsPreloadIneligible {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for server in model.tls_servers() {
            for header in model.hsts_headers(server) {
                let Some(policy) = header.binding().filter(|policy| policy.preload) else { continue };
                if !check_value(sink, header, policy) && model.config.is_whole() {
                    server.hosts().for_each(|host| check_host(model, sink, server, header, &host));
                }
            }
        }
    }
}

/// Whether the header by itself was found wanting.
fn check_value(sink: &mut Findings, header: &HstsHeader<'_>, policy: HstsPolicy) -> bool {
    let mut missing = Vec::new();
    if policy.max_age < YEAR {
        missing.push(format!("a max-age of a year (31536000), not {}", time_text(policy.max_age)));
    }
    if !policy.include_subdomains {
        missing.push("includeSubDomains".to_owned());
    }
    if missing.is_empty() {
        return false;
    }
    let message = format!("preload is refused: the list asks for {}", missing.join(" and for "));
    sink.warning(header.span(), message).help(
        "leave out preload; or send \"max-age=63072000; includeSubDomains; preload\" once every subdomain is ready",
    );
    true
}

/// The list takes the domain that is registered, and its subdomains with it.
fn check_host(model: &Model<'_>, sink: &mut Findings, server: &Server<'_>, header: &HstsHeader<'_>, host: &Host) {
    let Some(name) = host.name() else { return };
    let base = match name.strip_prefix("www.") {
        Some(base) => match Host::parse(base.as_bytes()) {
            Ok(base) if base.name().is_some_and(|base| base.contains('.')) => base,
            _ => return,
        },
        None => host.clone(),
    };
    let is_own_entry = base == *host;
    // Asked once: by the domain's own server where it sends the header, else by that of www.
    if is_own_entry && model.names_parent_of(host) || !is_own_entry && server.hosts().any(|own| own == base) {
        return;
    }
    let refusal = plain_refusal(model, &base).or_else(|| secure_refusal(model, &base));
    if let Some((reason, by)) = refusal {
        let finding = sink.warning(header.span(), format!("preload of {base} is refused: {reason}"));
        if let Some(by) = by {
            finding.related(by, "this answers");
        }
        finding.help(format!(
            "http://{base}/ has to redirect to https://{base}/ first, and that answer has to carry the header, whatever \
             it then redirects to"
        ));
    }
}

type Refusal = (String, Option<crate::source::Span>);

fn first_answers<'c>(model: &Model<'c>, url: &str) -> Option<Vec<Response<'c>>> {
    let start = Start { max_hops: 1, ..Start::new(Url::parse(url).ok()?, None)? };
    let (traces, is_complete) = model.tracer().traces(&start);
    let responses: Vec<Response<'c>> =
        traces.into_iter().filter_map(|trace| trace.hops.into_iter().next()?.response).collect();
    let is_known = |response: &Response<'_>| !matches!(response.kind, ResponseKind::Closed | ResponseKind::Unknown);
    (is_complete && !responses.is_empty() && responses.iter().all(is_known)).then_some(responses)
}

/// Port 80, if anything listens there, has to redirect to https on the same host first.
fn plain_refusal(model: &Model<'_>, base: &Host) -> Option<Refusal> {
    let responses = first_answers(model, &format!("http://{base}/"))?;
    let mut reason = None;
    for response in &responses {
        let target = response.location_header.as_ref().filter(|_| response.kind == ResponseKind::Redirect);
        let text = match target.map(|target| (target.known(), target)) {
            // The host may be the right one.
            Some((None, _)) => return None,
            Some((Some(target), _)) => {
                let url = Url::parse(target).ok()?;
                if url.scheme() == "https" && url.host_str() == base.name() {
                    return None;
                }
                format!("http://{base}/ redirects to {target} first")
            }
            None => format!("http://{base}/ is not redirected to https"),
        };
        reason = reason.or(Some((text, response.by.map(|by| by.span()))));
    }
    reason
}

/// The domain's own answer has to carry the header, be it a redirect.
fn secure_refusal(model: &Model<'_>, base: &Host) -> Option<Refusal> {
    let responses = first_answers(model, &format!("https://{base}/"))?;
    let is_fit = |response: &Response<'_>| {
        let first = response.hsts.first().map(|(_, value)| value);
        let Some(text) = first.map(|value| value.known()) else {
            // A script or an upstream may send it.
            return response.kind == ResponseKind::Proxy || model.scripts_headers(response.block);
        };
        text.is_none_or(|text| HstsPolicy::parse(text).is_some_and(|policy| policy.preload))
    };
    if responses.iter().any(is_fit) {
        return None;
    }
    let by = responses.first().and_then(|response| response.by).map(|by| by.span());
    Some((format!("https://{base}/ answers without the header"), by))
}
