//! A certificate that should have been renewed by now. Automatic renewal starts at a third of the
//! lifetime before the end, so one that comes this close was forgotten.

use serde::Deserialize;

use crate::model::{Model, TlsUser, UsedCertificate};
use crate::rules::certificate::same_file;
use crate::rules::{Findings, Options, Rule};
use crate::tls::Validity;

pub(super) struct CertExpiresSoon;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Limits {
    days: u32,
    lifetime_share: u32,
}

impl Options for Limits {}

impl Rule for CertExpiresSoon {
    fn read_options(&self, options: &serde_yaml::Value) -> Result<(), serde_yaml::Error> {
        Limits::read(options).map(drop)
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let limits = sink.options::<Limits>();
        let now = model.environment.now;
        let is_soon = |validity: Validity| validity.expires_soon(now, limits.days, limits.lifetime_share);
        for used in model.certificate_files().filter(UsedCertificate::is_presented) {
            let Some(leaf) = used.leaf().filter(|leaf| is_soon(leaf.validity)) else { continue };
            let who = used.presenting_text();
            let message = format!(
                "the certificate {} expires on {}, in {}; {}",
                used.text(),
                leaf.validity.not_after,
                leaf.validity.time_left(now),
                if used.is_of_client() {
                    format!("{who} presents it to upstreams")
                } else {
                    format!("it is presented for {who}")
                },
            );
            same_file(sink.warning(used.span(), message), &used)
                .help("renew the certificate and reload nginx; see why automatic renewal has not done so");
        }
        for used in model.tls_files() {
            let authorities = used.authorities().map(|file| file.certificates.as_slice()).unwrap_or_default();
            let last = authorities.iter().map(|authority| authority.validity).max_by_key(|validity| validity.not_after);
            let Some(last) = last.filter(|last| is_soon(*last)) else { continue };
            let users: Vec<TlsUser> = used.refusing().into_iter().flat_map(|(_, users)| users).collect();
            let is_last = |user: &TlsUser| model.last_authority(*user) == Some(last);
            let users: Vec<TlsUser> = users.into_iter().filter(is_last).collect();
            if !users.is_empty() {
                let (what, them) = match authorities.len() {
                    1 => ("the authority's certificate", "it"),
                    _ => ("the last of the authorities in", "them"),
                };
                let message = format!(
                    "{what} {} expires on {}, in {}; {} verifies by {them}",
                    used.word.text(),
                    last.not_after,
                    last.time_left(now),
                    used.text_of(&users),
                );
                sink.warning(used.word.span(), message)
                    .help("add the authority's next certificate to the file before the old one ends");
            }
        }
    }
}
