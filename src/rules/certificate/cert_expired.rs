//! Every client refuses a certificate after its notAfter date. RFC 5280, section 4.1.2.5. So does nginx with those of its
//! peers, and with all that an authority signed whose revocation list has ended (section 6.3).

use crate::model::{Model, PeerVerification, TlsUser, UsedCertificate, UsedTlsFile};
use crate::nginx::tls_files::TlsSide;
use crate::rules::certificate::out_of_date;
use crate::rules::{Finding, Findings, Rule, Severity};
use crate::tls::UnixTime;

pub(super) struct CertExpired;

impl Rule for CertExpired {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let now = model.environment.now;
        for used in model.certificate_files().filter(UsedCertificate::is_presented) {
            let Some(leaf) = used.leaf().filter(|leaf| leaf.validity.is_expired(now)) else { continue };
            let message = format!(
                "the certificate {} expired on {}, {} days ago",
                used.text(),
                leaf.validity.not_after,
                leaf.validity.not_after.days_until(now),
            );
            out_of_date(sink, &used, &message).help(
                "renew the certificate and reload nginx; if it was renewed, this path still holds the old \
                 file",
            );
        }
        for used in model.tls_files() {
            report_authorities(model, &used, sink);
            report_revocations(model, &used, sink);
        }
    }
}

/// One authority of many may well expire; with none that is valid nobody is let in.
fn report_authorities(model: &Model<'_>, used: &UsedTlsFile<'_, '_>, sink: &mut Findings) {
    let now = model.environment.now;
    let authorities = used.authorities().map(|file| file.certificates.as_slice()).unwrap_or_default();
    let last = authorities.iter().map(|authority| authority.validity.not_after).max();
    let Some(last) = last.filter(|last| *last < now) else { return };
    for (strictness, users) in used.refusing() {
        let (users, others): (Vec<TlsUser>, Vec<TlsUser>) =
            users.into_iter().partition(|&user| model.has_only_expired_authorities(user));
        // Renewed, an authority keeps its name.
        let is_renewed = |user: TlsUser| {
            let known = model.authorities_of(user).flat_map(|file| &file.certificates);
            let mut valid = known.filter(|known| !known.validity.is_expired(now));
            valid.any(|valid| authorities.iter().any(|expired| expired.subject == valid.subject))
        };
        let others: Vec<TlsUser> = others.into_iter().filter(|&user| !is_renewed(user)).collect();
        if !others.is_empty() && used.row.directive == "ssl_client_certificate" {
            report_one_of_several(used, last, &others, sink);
        }
        if users.is_empty() {
            continue;
        }
        let what = match authorities.len() {
            1 => format!("the authority's certificate {} expired on {last}", used.word.text()),
            count => format!("all {count} certificates in {} have expired, the last on {last}", used.word.text()),
        };
        let message = format!("{what}: {}", consequence(used, strictness, &users, ""));
        add(sink, strictness, used, message).help("get the authority's current certificate, and name its file here");
    }
}

/// Those that clients are asked for have expired, and `ssl_trusted_certificate` has others.
fn report_one_of_several(used: &UsedTlsFile<'_, '_>, last: UnixTime, users: &[TlsUser], sink: &mut Findings) {
    let message = format!(
        "the authority in {} expired on {last}: {} refuses the clients whose certificates it signed, whatever stands in \
         ssl_trusted_certificate",
        used.word.text(),
        used.text_of(users),
    );
    sink.warning(used.word.span(), message).conditional().help(
        "name the authority's current certificate here; only authorities that are named here are told to clients",
    );
}

/// nginx asks for a current list of every authority in a chain (X509_V_FLAG_CRL_CHECK_ALL).
fn report_revocations(model: &Model<'_>, used: &UsedTlsFile<'_, '_>, sink: &mut Findings) {
    let Some(file) = used.revocations().filter(|file| !file.is_partial) else { return };
    let outdated = file.outdated(model.environment.now);
    let Some((issuer, end)) = outdated.first() else { return };
    let (of, is_certain) = match file.issuer_count() == outdated.len() {
        true => (String::new(), true),
        false => (format!(" of {issuer}"), false),
    };
    for (strictness, users) in used.refusing() {
        let strictness = if is_certain { strictness } else { PeerVerification::Optional };
        let message = format!(
            "the revocation list of {issuer} in {} ended on {end}: {}",
            used.word.text(),
            consequence(used, strictness, &users, &of),
        );
        add(sink, strictness, used, message)
            .help("fetch the authority's current list regularly, before the old one ends, and reload nginx");
    }
}

fn consequence(used: &UsedTlsFile<'_, '_>, strictness: PeerVerification, users: &[TlsUser], of: &str) -> String {
    let who = used.text_of(users);
    match (used.row.side, strictness) {
        (TlsSide::Server, PeerVerification::On) => format!("{who} refuses every client"),
        (TlsSide::Server, _) => format!("{who} refuses clients that present a certificate{of}"),
        (_, PeerVerification::On) => format!("{who} refuses every upstream"),
        _ => format!("{who} refuses upstreams that present a certificate{of}"),
    }
}

fn add<'s>(
    sink: &'s mut Findings,
    strictness: PeerVerification,
    used: &UsedTlsFile<'_, '_>,
    message: String,
) -> &'s mut Finding {
    match strictness {
        PeerVerification::On => sink.add(Severity::Error, used.word.span(), message),
        _ => sink.add(Severity::Warning, used.word.span(), message).conditional(),
    }
}
