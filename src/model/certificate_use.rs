//! Certificates from the side of the directive that names them.

use super::{Model, Server, ServerId};
use crate::source::Span;
use crate::syntax::Word;
use crate::tls::{Certificate, CertificateFile};

/// One `ssl_certificate`, as it is written, with all servers that it is in effect in.
#[derive(Debug, Clone)]
pub struct UsedCertificate<'m, 'c> {
    /// Its parameter.
    pub word: Word<'c>,
    /// The file; `None` where it is not known.
    pub file: Option<&'m CertificateFile>,
    /// The servers that it is in effect in.
    pub servers: Vec<ServerId>,
    model: &'m Model<'c>,
}

/// How many names a message spells out.
const SPELLED_OUT: usize = 4;

/// The first names of a list for a message, and how many more there are.
#[must_use]
pub fn spelled_out(names: &[String]) -> String {
    match names.len().checked_sub(SPELLED_OUT) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..SPELLED_OUT].join(", ")),
    }
}

impl<'m, 'c> UsedCertificate<'m, 'c> {
    /// A snippet that many servers include counts as one directive, for that is what people change.
    pub(super) fn all(model: &'m Model<'c>) -> Vec<UsedCertificate<'m, 'c>> {
        let uses = model.servers().flat_map(|server| server.certificates.iter().map(move |used| (server, used)));
        let mut uses: Vec<_> = uses.collect();
        uses.sort_by_key(|(_, used)| used.word.span());
        let same_place = |a: &(_, &super::CertificateUse<'_>), b: &(_, &super::CertificateUse<'_>)| {
            a.1.word.span() == b.1.word.span()
        };
        uses.chunk_by(same_place)
            .map(|group| UsedCertificate {
                word: group[0].1.word,
                file: model.certificate_file(group[0].1),
                servers: group.iter().map(|(server, _)| server.id).collect(),
                model,
            })
            .collect()
    }

    /// The certificate that servers present: the first one of the file.
    #[must_use]
    pub fn leaf(&self) -> Option<&'m Certificate> {
        self.file.and_then(CertificateFile::leaf)
    }

    /// The servers that present it: those with a TLS socket.
    pub fn presenting(&self) -> impl Iterator<Item = &'m Server<'c>> {
        let on_tls = self.servers.iter().filter(|server| self.model.tls_sockets_of(**server).next().is_some());
        on_tls.map(|&server| self.model.server(server))
    }

    /// The servers that present it, for a message.
    #[must_use]
    pub fn presenting_text(&self) -> String {
        let names: Vec<String> = self.presenting().map(ToString::to_string).collect();
        spelled_out(&names)
    }

    /// Where the path is written.
    #[must_use]
    pub fn span(&self) -> Span {
        self.word.span()
    }
}
