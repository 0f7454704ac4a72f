//! What a client gets, told without places in files: what two configurations can have in common.

use crate::model::requests::proxy;
use crate::model::{Coverage, Hop, HstsPolicy, Model, Refusal, ResponseKind, Trace, Value, Verdict};
use crate::tls::{Certificate, KeyKind, UnixTime, Validity};

/// One way of a request, to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The requests, redirect by redirect.
    pub hops: Vec<AnsweredHop>,
    /// How it ends.
    pub verdict: Verdict,
    /// What was assumed.
    pub conditions: Vec<String>,
}

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredHop {
    /// What was asked for.
    pub url: String,
    /// Why there is no answer.
    pub refusal: Option<Refusal>,
    /// The certificate that is presented.
    pub certificate: Option<PresentedCertificate>,
    /// What the server is called that answers: by its first name, so that others can come and go.
    pub server: Option<String>,
    /// What kind of answer it is.
    pub kind: Option<ResponseKind>,
    /// Its status, where it is known.
    pub status: Option<u16>,
    /// The Location header.
    pub location_header: Option<Value>,
    /// Who is asked for the answer.
    pub upstream: Option<AskedUpstream>,
    /// The directory of the file that is the answer.
    pub root: Option<Value>,
    /// The HSTS policy.
    pub hsts: Option<HstsPolicy>,
}

/// An upstream, and what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedUpstream {
    /// Its address or name, with the URI that it is asked for.
    pub target: Value,
    /// The servers of the group that it is, sorted, as in `10.0.0.1:80 weight=2`.
    pub servers: Vec<String>,
    /// The headers that it gets besides those of the client, by name in lower case; values as they are written, but for
    /// Host, of which it is known what it becomes: [`DEFAULT_HOST`] stands for what nginx sends by itself.
    pub headers: Vec<(String, String)>,
}

/// The Host that an upstream gets where nobody says another: what `proxy_pass` names.
pub const DEFAULT_HOST: &str = "$proxy_host";

/// A certificate as a client sees it.
#[derive(Debug, Clone)]
pub struct PresentedCertificate {
    /// As `ssl_certificate` names it.
    pub file: String,
    /// Its names, if it was read.
    pub names: Vec<String>,
    /// Whether it covers the host.
    pub coverage: Coverage,
    /// What else is in it, if it was read.
    pub identity: Option<CertificateIdentity>,
}

/// By what a certificate differs from another for the same names. Issuer and serial number make it one of its kind (RFC
/// 5280, section 4.1.2.2); self-signed ones are not always as careful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateIdentity {
    /// The serial number in hexadecimal.
    pub serial: Box<str>,
    /// Who has signed it.
    pub issuer: Box<str>,
    /// When it is valid.
    pub validity: Validity,
    /// Whether that is now.
    pub standing: Standing,
    /// The kind of its key.
    pub key: KeyKind,
}

/// Where now is in the period of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Before it.
    NotYetValid,
    /// In it.
    Valid,
    /// Behind it.
    Expired,
}

/// The file that it comes from makes no difference for a client, but says which one it is where it was not read.
impl PartialEq for PresentedCertificate {
    fn eq(&self, other: &PresentedCertificate) -> bool {
        let is_read = self.identity.is_some() && other.identity.is_some();
        (is_read || self.file == other.file)
            && (&self.names, self.coverage, &self.identity) == (&other.names, other.coverage, &other.identity)
    }
}

impl Eq for PresentedCertificate {}

impl CertificateIdentity {
    fn new(leaf: &Certificate, now: UnixTime) -> CertificateIdentity {
        let standing = match &leaf.validity {
            validity if validity.is_expired(now) => Standing::Expired,
            validity if validity.is_not_yet_valid(now) => Standing::NotYetValid,
            _ => Standing::Valid,
        };
        CertificateIdentity {
            serial: leaf.serial.clone(),
            issuer: leaf.issuer.clone(),
            validity: leaf.validity,
            standing,
            key: leaf.key,
        }
    }
}

impl Answer {
    pub(crate) fn new(model: &Model<'_>, trace: &Trace<'_, '_>) -> Answer {
        let mut conditions: Vec<String> = Vec::new();
        for condition in trace.hops.iter().flat_map(|hop| &hop.conditions) {
            if !conditions.contains(&condition.text) {
                conditions.push(condition.text.clone());
            }
        }
        let hops = trace.hops.iter().map(|hop| AnsweredHop::new(model, hop)).collect();
        Answer { hops, verdict: Verdict::of(trace), conditions }
    }

    /// The status with which it ends, where that is one that keeps somebody out.
    #[must_use]
    pub fn refuses_with(&self) -> Option<u16> {
        self.hops.last()?.status.filter(|status| matches!(status, 401 | 403))
    }
}

impl AnsweredHop {
    fn new(model: &Model<'_>, hop: &Hop<'_, '_>) -> AnsweredHop {
        let response = hop.response.as_ref();
        AnsweredHop {
            url: hop.url.to_string(),
            refusal: hop.refusal,
            certificate: presented_certificate(model, hop),
            server: response.map(|response| model.server(response.server).to_string()),
            kind: response.map(|response| response.kind),
            status: response.and_then(|response| response.status),
            location_header: response.and_then(|response| response.location_header.clone()),
            upstream: response.and_then(|response| {
                let target = response.target.clone()?;
                Some(AskedUpstream {
                    servers: model.upstream_servers(&target.text),
                    headers: response.by.map(|pass| upstream_headers(response, pass)).unwrap_or_default(),
                    target,
                })
            }),
            root: response.and_then(|response| response.root.clone()),
            hsts: hop.hsts,
        }
    }
}

fn presented_certificate(model: &Model<'_>, hop: &Hop<'_, '_>) -> Option<PresentedCertificate> {
    let tls = hop.tls.as_ref()?;
    let used = model.presented_certificate(tls)?;
    let leaf = model.leaf_presented(tls, used);
    Some(PresentedCertificate {
        file: used.word.text().into_owned(),
        names: leaf.map(|leaf| leaf.names().iter().map(ToString::to_string).collect()).unwrap_or_default(),
        coverage: tls.coverage,
        identity: leaf.map(|leaf| CertificateIdentity::new(leaf, model.environment.now)),
    })
}

/// Host as it is sent, the others as they are written.
fn upstream_headers(
    response: &crate::model::Response<'_>,
    pass: crate::config::Directive<'_>,
) -> Vec<(String, String)> {
    let mut headers = proxy::headers_sent(response.block, pass);
    if let Some(host) = &response.upstream_host {
        let is_default = headers.iter().all(|(name, value)| name != "host" || value == DEFAULT_HOST);
        headers.retain(|(name, _)| name != "host");
        let host = if is_default { DEFAULT_HOST.to_owned() } else { host.text.clone() };
        headers.push(("host".to_owned(), host));
    }
    headers.sort();
    headers
}
