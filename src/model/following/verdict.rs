//! What a trace means for the client.

use serde::Serialize;

use crate::model::{CertificateUse, Coverage, Handshake, Hop, Model, Outcome, ResponseKind, Trace};
use crate::tls::{Certificate, Host};

/// How a trace ends, for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It gets an answer that is no redirect.
    Answered,
    /// It is sent in a circle.
    Loop,
    /// It is sent to a host that is not of this configuration.
    External,
    /// It gets nothing.
    Refused,
    /// It is sent on more often than was followed.
    Truncated,
    /// It cannot be told.
    Undetermined,
}

impl Verdict {
    /// The verdict on one trace. A connection that is closed without an answer (`return 444`) is no answer.
    #[must_use]
    pub fn of(trace: &Trace<'_, '_>) -> Verdict {
        let last = trace.hops.last().and_then(|hop| hop.response.as_ref()).map(|response| response.kind);
        match (trace.outcome, last) {
            (Outcome::Answered, Some(ResponseKind::Closed)) => Verdict::Refused,
            (Outcome::Answered, Some(ResponseKind::Unknown)) => Verdict::Undetermined,
            (Outcome::Answered, _) => Verdict::Answered,
            (Outcome::Loop(_), _) => Verdict::Loop,
            (Outcome::External, _) => Verdict::External,
            (Outcome::Refused, _) => Verdict::Refused,
            (Outcome::Truncated, _) => Verdict::Truncated,
            (Outcome::Undetermined, _) => Verdict::Undetermined,
        }
    }

    /// The verdict on the traces of one request, one for each assignment of what is unknown. `is_complete`: whether
    /// these are all.
    #[must_use]
    pub fn of_all(traces: &[Trace<'_, '_>], is_complete: bool) -> Verdict {
        let mut verdicts = traces.iter().map(Verdict::of);
        match verdicts.next() {
            Some(first) if is_complete && verdicts.all(|verdict| verdict == first) => first,
            _ => Verdict::Undetermined,
        }
    }

    /// Whether the client gets what it is to get.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Verdict::Answered | Verdict::External)
    }
}

impl Hop<'_, '_> {
    /// Whether the connection is one that browsers trust: plain HTTP, or with a certificate that covers the host.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        match &self.tls {
            Some(tls) if !tls.is_rejected => tls.coverage,
            _ => Coverage::Covered,
        }
    }
}

impl<'c> Model<'c> {
    /// The certificate that a client is presented with; where one of several is not known, the last that is written.
    /// `None` when there is none, or the handshake is rejected before.
    #[must_use]
    pub fn presented_certificate(&self, tls: &Handshake) -> Option<&CertificateUse<'c>> {
        if tls.is_rejected {
            return None;
        }
        let sni = tls.sni.as_deref().and_then(|sni| Host::parse(sni.as_bytes()).ok());
        self.presented_use(self.server(tls.presenting), sni.as_ref())
    }

    /// The certificate itself, which may be another for each SNI.
    #[must_use]
    pub fn leaf_presented(&self, tls: &Handshake, used: &CertificateUse<'_>) -> Option<&Certificate> {
        let sni = tls.sni.as_deref().and_then(|sni| Host::parse(sni.as_bytes()).ok());
        let file = match &sni {
            Some(sni) => self.certificate_file_for(used, sni),
            None => self.certificate_file(used),
        };
        file.and_then(|file| file.leaf())
    }
}
