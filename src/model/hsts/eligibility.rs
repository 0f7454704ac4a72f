//! What a domain lacks for a place on the browsers' preload list.
//!
//! <https://hstspreload.org/#submission-requirements>, and what its scanner does: `PreloadableDomain` of
//! <https://github.com/chromium/hstspreload>.

use std::fmt;

use url::Url;

use crate::model::{HstsPolicy, Model, Response, ResponseKind, Start};
use crate::source::Span;
use crate::tls::Host;

/// Redirects that the scanner follows (`maxRedirects`).
const MAX_REDIRECTS: usize = 3;

/// Why the list does not take a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreloadRefusal {
    /// The URL that is answered otherwise than it asks.
    pub url: Url,
    /// What is wrong.
    pub kind: PreloadRefusalKind,
    /// The directive that answers.
    pub by: Option<Span>,
}

/// What is wrong with an answer of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreloadRefusalKind {
    /// Plain HTTP is answered, and not with a redirect.
    NoRedirect,
    /// Plain HTTP is redirected to something else than https on the same host.
    RedirectedElsewhere(String),
    /// HTTPS is answered without the header.
    NoHeader,
    /// HTTPS is answered with a header that does not ask for the list.
    OtherHeader(String),
    /// HTTPS is answered with several headers.
    SeveralHeaders(usize),
    /// A redirect on the way from there leads to plain HTTP.
    RedirectedToPlain(String),
    /// More redirects follow than the list's scanner does.
    TooManyRedirects,
}

impl fmt::Display for PreloadRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.url;
        match &self.kind {
            PreloadRefusalKind::NoRedirect => write!(f, "{url} is not redirected to https"),
            PreloadRefusalKind::RedirectedElsewhere(target) => write!(f, "{url} redirects to {target} first"),
            PreloadRefusalKind::NoHeader => write!(f, "{url} answers without the header"),
            PreloadRefusalKind::OtherHeader(value) => write!(f, "{url} answers with `{value}`"),
            PreloadRefusalKind::RedirectedToPlain(target) => write!(f, "{url} redirects to {target}"),
            PreloadRefusalKind::TooManyRedirects => {
                write!(f, "more than {MAX_REDIRECTS} redirects follow one another from {url} on")
            }
            PreloadRefusalKind::SeveralHeaders(count) => write!(f, "{url} answers with {count} HSTS headers"),
        }
    }
}

impl<'c> Model<'c> {
    /// Why the list does not take a domain, as far as its answers are known: empty where any of them may do. The way on
    /// from there is looked at where the first answers do.
    #[must_use]
    pub fn preload_refusals(&self, domain: &Host) -> Vec<PreloadRefusal> {
        let mut refusals: Vec<PreloadRefusal> =
            self.plain_refusal(domain).into_iter().chain(self.secure_refusal(domain)).collect();
        if refusals.is_empty() {
            refusals.extend(["http", "https"].iter().find_map(|scheme| self.way_refusal(domain, scheme)));
        }
        refusals
    }

    /// However a visitor of the domain is sent on, it has to be over https, and in few steps.
    fn way_refusal(&self, domain: &Host, scheme: &str) -> Option<PreloadRefusal> {
        let url = Url::parse(&format!("{scheme}://{domain}/")).ok()?;
        let start = Start { max_hops: MAX_REDIRECTS + 1, ..Start::new(url.clone(), None)? };
        let (traces, is_complete) = self.tracer().traces(&start);
        let mut refusals = traces.iter().filter(|_| is_complete).map(|trace| {
            let is_redirect = |response: &&Response<'_>| response.kind == ResponseKind::Redirect;
            let mut redirects = 0;
            for hop in &trace.hops {
                let Some(response) = hop.response.as_ref().filter(is_redirect) else { break };
                // Not what a browser makes of it that knows a policy.
                let target = hop.url.join(response.location_header.as_ref()?.known()?).ok()?;
                let by = response.by.map(|by| by.span());
                redirects += 1;
                if target.scheme() == "http" {
                    let kind = PreloadRefusalKind::RedirectedToPlain(target.to_string());
                    return Some(PreloadRefusal { url: hop.url.clone(), kind, by });
                }
                if redirects > MAX_REDIRECTS {
                    return Some(PreloadRefusal { url: url.clone(), kind: PreloadRefusalKind::TooManyRedirects, by });
                }
            }
            None
        });
        let first = refusals.next()??;
        refusals.all(|other| other.is_some()).then_some(first)
    }

    fn first_answers(&self, url: &Url) -> Option<Vec<Response<'c>>> {
        let start = Start { max_hops: 1, ..Start::new(url.clone(), None)? };
        let (traces, is_complete) = self.tracer().traces(&start);
        let responses: Vec<Response<'c>> =
            traces.into_iter().filter_map(|trace| trace.hops.into_iter().next()?.response).collect();
        let responses: Vec<Response<'c>> =
            responses.into_iter().flat_map(|response| self.with_upstream_hsts(response)).collect();
        let is_known = |response: &Response<'_>| !matches!(response.kind, ResponseKind::Closed | ResponseKind::Unknown);
        (is_complete && !responses.is_empty() && responses.iter().all(is_known)).then_some(responses)
    }

    /// Port 80, if anything listens there, has to redirect to https on the same host first.
    fn plain_refusal(&self, domain: &Host) -> Option<PreloadRefusal> {
        let url = Url::parse(&format!("http://{domain}/")).ok()?;
        let mut refusal = None;
        for response in &self.first_answers(&url)? {
            let target = response.location_header.as_ref().filter(|_| response.kind == ResponseKind::Redirect);
            let kind = match target.map(|target| target.known()) {
                // The host may be the right one.
                Some(None) => return None,
                Some(Some(target)) => {
                    let to = url.join(target).ok()?;
                    if to.scheme() == "https" && to.host_str() == domain.name() {
                        return None;
                    }
                    PreloadRefusalKind::RedirectedElsewhere(target.to_owned())
                }
                None => PreloadRefusalKind::NoRedirect,
            };
            let by = response.by.map(|by| by.span());
            refusal = refusal.or(Some(PreloadRefusal { url: url.clone(), kind, by }));
        }
        refusal
    }

    /// The domain's own answer has to carry the header, once, be it a redirect.
    fn secure_refusal(&self, domain: &Host) -> Option<PreloadRefusal> {
        let url = Url::parse(&format!("https://{domain}/")).ok()?;
        let mut refusal = None;
        for response in &self.first_answers(&url)? {
            let sent = &response.hsts;
            let kind = match sent.as_slice() {
                // A script or an upstream may send it.
                [] if response.upstream_hsts.is_none() || self.scripts_headers(response.block) => return None,
                [] => PreloadRefusalKind::NoHeader,
                [(_, value)] => match value.known() {
                    Some(text) if !HstsPolicy::parse(text).is_some_and(|policy| policy.preload) => {
                        PreloadRefusalKind::OtherHeader(text.to_owned())
                    }
                    _ => return None,
                },
                several => PreloadRefusalKind::SeveralHeaders(several.len()),
            };
            let by = response.by.or(sent.first().map(|(directive, _)| *directive)).map(|by| by.span());
            refusal = refusal.or(Some(PreloadRefusal { url: url.clone(), kind, by }));
        }
        refusal
    }
}
