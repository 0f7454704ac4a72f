//! A private key that every user of the machine can read is everyone's.

use rustc_hash::FxHashMap;

use crate::model::{Model, TlsFileContent, UsedKey, UsedTlsFile};
use crate::nginx::tls_files::TlsFileKind;
use crate::rules::certificate::same_key;
use crate::rules::{Findings, Rule};
use crate::source::Span;
use crate::tls::GroupAccess;

pub(super) struct KeyFileExposed;

/// How many further places of a file a finding shows.
const SHOWN: usize = 9;

/// The group that Debian has for keys.
const KEY_GROUP: &str = "ssl-cert";

impl Rule for KeyFileExposed {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut seen = FxHashMap::default();
        let mut files: Vec<UsedKey<'_, '_>> = Vec::new();
        for used in model.key_uses() {
            let known = *seen.entry(used.text()).or_insert(files.len());
            match files.get_mut(known) {
                Some(file) => file.add(&used),
                None => files.push(used),
            }
        }
        for used in files {
            if let Some(exposure) = used.check.exposure {
                let verb = if exposure.is_writable() { "change" } else { "read" };
                let message = format!(
                    "every user of this machine can {verb} the private key {} (mode {:o}); it is that of {}",
                    used.text(),
                    exposure.mode,
                    used.users_text(),
                );
                same_key(sink.warning(used.span(), message), &used).help(format!(
                    "chmod 600 {}: nginx reads it as root, before its workers start; if strangers were on the machine, \
                     replace the key",
                    used.text(),
                ));
            } else if let Some(access) = &used.check.group_access {
                report_group(model, &used, access, sink);
            }
        }
        // Each file once, at the first place that names it.
        let mut secrets: Vec<(UsedTlsFile<'_, '_>, Vec<Span>)> = Vec::new();
        let mut seen = FxHashMap::default();
        for used in model.tls_files() {
            let known = *seen.entry((used.path.to_path_buf(), used.row.kind)).or_insert(secrets.len());
            match secrets.get_mut(known) {
                Some((_, others)) => others.push(used.word.span()),
                None => secrets.push((used, Vec::new())),
            }
        }
        for (used, others) in &secrets {
            if let TlsFileContent::Secret { exposure: Some(exposure), .. } = used.content {
                let (verb, file) = (if exposure.is_writable() { "change" } else { "read" }, used.word.text());
                let what = match used.row.kind {
                    TlsFileKind::TicketKey => "the key of session tickets",
                    _ => "the passwords of private keys",
                };
                let message =
                    format!("every user of this machine can {verb} {what} in {file} (mode {:o})", exposure.mode);
                let finding = sink.warning(used.word.span(), message);
                finding.help(format!("chmod 600 {file}: nginx reads it as root, before its workers start"));
                for other in others.iter().take(SHOWN) {
                    finding.related(*other, "the same file");
                }
            }
        }
    }
}

/// Users who are in the group of a key and have no part in nginx. Without `user` its group is not known.
fn report_group(model: &Model<'_>, used: &UsedKey<'_, '_>, access: &GroupAccess, sink: &mut Findings) {
    let Some((user, group)) = model.worker_account() else { return };
    if access.group == KEY_GROUP || access.group == group {
        return;
    }
    let others: Vec<&str> = access.users.iter().map(String::as_str).filter(|name| *name != user).collect();
    if others.is_empty() {
        return;
    }
    let verb = if access.is_writable() { "change" } else { "read" };
    let message = format!(
        "{} of the group {} can {verb} the private key {} (mode {:o}); it is that of {}, and nginx runs in the group {group}",
        others.join(", "),
        access.group,
        used.text(),
        access.mode,
        used.users_text(),
    );
    same_key(sink.info(used.span(), message), used).conditional().help(format!(
        "leave it if they are meant to; else chmod 600 {}: nginx reads it as root, before its workers start",
        used.text(),
    ));
}
