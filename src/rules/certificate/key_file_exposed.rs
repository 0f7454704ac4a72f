//! A private key that every user of the machine can read is everyone's.

use rustc_hash::FxHashSet;

use crate::model::Model;
use crate::rules::{Findings, Rule};

pub(super) struct KeyFileExposed;

impl Rule for KeyFileExposed {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut seen = FxHashSet::default();
        for used in model.key_uses() {
            let Some(exposure) = used.check.exposure else { continue };
            if !seen.insert(used.text()) {
                continue;
            }
            let verb = if exposure.is_writable() { "change" } else { "read" };
            let message = format!(
                "every user of this machine can {verb} the private key {} (mode {:o}); it is that of {}",
                used.text(),
                exposure.mode,
                used.users_text(),
            );
            sink.warning(used.span(), message).help(format!(
                "chmod 600 {}: nginx reads it as root, before its workers start; if strangers were on the machine, \
                 replace the key",
                used.text(),
            ));
        }
    }
}
