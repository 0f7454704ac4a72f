//! Of several certificates of one server OpenSSL keeps one of each kind of key, the last. An earlier one is loaded, and
//! no client gets it. SSL_CTX_use_certificate(3).

use crate::config::Directive;
use crate::model::{Model, TlsUser};
use crate::rules::{Edit, Findings, Fix, Rule, Severity, edit};
use crate::source::Span;

pub(super) struct CertReplaced;

impl Rule for CertReplaced {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for used in model.certificate_uses() {
            let Some(leaf) = used.leaf() else { continue };
            let replaced: Vec<_> = used.replaced().collect();
            for same in replaced.chunk_by(|(_, one), (_, other)| one.word.span() == other.word.span()) {
                let Some((_, later)) = same.first() else { continue };
                let users: Vec<TlsUser> = same.iter().map(|(user, _)| *user).collect();
                let pair = pair(model, &users, used.span());
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
                    .help(help)
                    .fix(Fix::risky("remove it, with its key", pair));
            }
        }
    }
}

/// Takes a certificate and the key that nginx pairs it with away.
fn pair(model: &Model<'_>, users: &[TlsUser], certificate: Span) -> Vec<Option<Edit>> {
    let Some(&user) = users.first() else { return Vec::new() };
    let (certificates, keys) = model.certificates_of(user);
    let place = certificates.iter().position(|used| used.word.span() == certificate);
    let pair = place.and_then(|place| certificates.get(place).zip(keys.get(place)));
    let pair = pair.map(|(certificate, key)| (certificate.directive, key.directive));
    let is_known = |(certificate, key): &(Directive<'_>, Directive<'_>)| {
        certificates.len() == keys.len() && certificate.parent() == key.parent()
    };
    let Some((certificate, key)) = pair.filter(is_known) else { return Vec::new() };
    let removed = |directive: Directive<'_>| if directive.readings() == 1 { edit::without(directive) } else { None };
    vec![removed(certificate), removed(key)]
}
