//! Of several certificates of one server OpenSSL keeps one of each kind of key, the last. An earlier one is loaded, and
//! no client gets it. SSL_CTX_use_certificate(3).

use crate::model::{Model, TlsUser};
use crate::rules::{Findings, Rule, Severity};

pub(super) struct CertReplaced;

impl Rule for CertReplaced {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for used in model.certificate_uses() {
            let Some(leaf) = used.leaf() else { continue };
            let replaced: Vec<_> = used.replaced().collect();
            for same in replaced.chunk_by(|(_, one), (_, other)| one.word.span() == other.word.span()) {
                let Some((_, later)) = same.first() else { continue };
                let users: Vec<TlsUser> = same.iter().map(|(user, _)| *user).collect();
                let who = model.users_text(users);
                let by = used.name().and_then(|name| later.text_for(name));
                let by = by.unwrap_or_else(|| later.word.text().into_owned());
                let (severity, message, help) = if model
                    .leaf_for(later, used.name())
                    .is_some_and(|later| later.bytes() == leaf.bytes())
                {
                    (
                        Severity::Info,
                        format!("{who} names the certificate {} twice", used.text()),
                        "delete one of the two, with its key",
                    )
                } else {
                    let kind = leaf.key.algorithm();
                    (
                        Severity::Warning,
                        format!(
                            "no client of {who} gets the certificate {}: {by} comes later, with a key of the same kind \
                             ({kind}), and nginx keeps one of each kind",
                            used.text()
                        ),
                        "delete the one that is not meant, with its key; several are of use with different kinds of \
                         keys (RSA, EC)",
                    )
                };
                sink.add(severity, used.span(), message)
                    .related(later.word.span(), "this certificate is presented")
                    .help(help);
            }
        }
    }
}
