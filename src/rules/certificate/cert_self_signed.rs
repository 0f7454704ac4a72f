//! Clients refuse a certificate that vouches for itself, unless each was told to trust just this one.
//! RFC 5280, section 6.1.

use crate::model::Model;
use crate::rules::certificate::same_file;
use crate::rules::{Findings, Rule};
use crate::tls::Trust;

pub(super) struct CertSelfSigned;

impl Rule for CertSelfSigned {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let uses = model.judged_certificate_files().filter(|used| used.is_of_public_site());
        for used in uses.filter(|used| used.chain().is_some_and(|chain| chain.trust == Trust::SelfSigned)) {
            let message = format!(
                "the certificate {} is self-signed: clients that do not have it refuse {}",
                used.text(),
                used.presenting_text(),
            );
            same_file(sink.warning(used.span(), message), &used).conditional().help(
                "get a certificate of a public authority, or of a private one that the clients know; if all clients have \
                 this certificate, run ngxlint with --ca and its file",
            );
        }
    }
}
