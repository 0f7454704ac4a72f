//! A trace with what its two forms, for people and for programs, both need.

use std::path::{Path, PathBuf};

use url::Url;

use crate::config::Directive;
use crate::model::requests::location::{self, Modifier};
use crate::model::{
    CertificateSource, CertificateUse, Coverage, Handshake, Hop, Model, Server, ServerId, Trace, Verdict,
};
use crate::source::Span;
use crate::tls::Host;

/// What becomes of one request.
pub struct TraceReport<'t, 'c> {
    /// The configuration that was asked.
    pub model: &'t Model<'c>,
    /// What the user asks for; a browser may ask for another URL at once.
    pub asked: &'t Url,
    /// A trace for each assignment of what is unknown, at least one; the first one is told.
    pub traces: &'t [Trace<'t, 'c>],
    /// Whether these are all assignments.
    pub is_complete: bool,
    /// The path of a certificate as the user would open it.
    pub shown: &'t dyn Fn(&Path) -> PathBuf,
}

/// A line of a file.
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: u32,
}

/// The certificate that a client is presented with.
pub(super) struct Presented<'t, 'c> {
    pub(super) used: &'t CertificateUse<'c>,
    /// The path as the user would open it, or the parameter that is none.
    pub(super) file: String,
    /// What can be said of the file, if it was read.
    pub(super) names: Vec<String>,
    /// Whether it was read.
    pub(super) is_known: bool,
    /// `None`: not known.
    pub(super) covers_host: Option<bool>,
    /// The server that it is the certificate of.
    pub(super) owner: &'t Server<'c>,
}

impl<'t, 'c> TraceReport<'t, 'c> {
    /// How the request ends.
    #[must_use]
    pub fn outcome(&self) -> Verdict {
        Verdict::of_all(self.traces, self.is_complete)
    }

    /// Whether browsers trust the connections of all hops, whatever the unknowns are.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        let mut hops = self.traces.iter().flat_map(|trace| &trace.hops);
        hops.all(|hop| hop.coverage() == Coverage::Covered)
    }

    /// The requests that are told.
    pub(super) fn hops(&self) -> &'t [Hop<'t, 'c>] {
        self.traces.first().map_or(&[], |trace| &trace.hops)
    }

    pub(super) fn place(&self, span: Span) -> Place {
        let file = self.model.config.sources().file(span.file);
        Place { file: file.path.to_string_lossy().into_owned(), line: file.position(span.start).line }
    }

    pub(super) fn server(&self, id: ServerId) -> &'t Server<'c> {
        self.model.server(id)
    }

    pub(super) fn certificate(&self, tls: &Handshake) -> Option<Presented<'t, 'c>> {
        let used = self.model.presented_certificate(tls)?;
        let sni = tls.sni.as_deref().and_then(|sni| Host::parse(sni.as_bytes()).ok());
        let file = match &used.source {
            CertificateSource::File(path) => Some(path.clone()),
            CertificateSource::PerName => sni.and_then(|sni| used.file_for(&sni)),
            CertificateSource::Unknown => None,
        };
        let file = match file {
            Some(path) => (self.shown)(&path).to_string_lossy().into_owned(),
            None => used.word.text().into_owned(),
        };
        let leaf = self.model.leaf_presented(tls, used);
        Some(Presented {
            used,
            file,
            names: leaf.map(|leaf| leaf.names().iter().map(ToString::to_string).collect()).unwrap_or_default(),
            is_known: leaf.is_some(),
            covers_host: match tls.coverage {
                Coverage::Covered => Some(true),
                Coverage::NotCovered => Some(false),
                Coverage::Unknown => None,
            },
            owner: self.server(tls.presenting),
        })
    }
}

/// The names of a server as they are written; none where it has no `server_name`.
pub(super) fn written_names(server: &Server<'_>) -> Vec<String> {
    server.names.iter().filter_map(|name| name.word).map(|word| word.text().into_owned()).collect()
}

/// The pattern of a location without its modifier, and the modifier as it is written.
pub(super) fn location_pattern(location: Directive<'_>) -> (String, &'static str) {
    let Some((modifier, _, pattern)) = location::matcher(location) else {
        // A location that nginx refuses answers nothing; its words say which it is.
        let words: Vec<_> = location.arguments().map(|word| word.text().into_owned()).collect();
        return (words.join(" "), "");
    };
    let pattern =
        pattern.strip_prefix('@').filter(|_| modifier == Modifier::Named).map_or(pattern.clone(), str::to_owned);
    (pattern, modifier.text())
}
