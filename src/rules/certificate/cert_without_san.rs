//! Clients look for the host among the subject alternative names only. RFC 9525, section 2.

use crate::model::Model;
use crate::rules::certificate::same_file;
use crate::rules::{Findings, Rule};

pub(super) struct CertWithoutSan;

impl Rule for CertWithoutSan {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for used in model.certificate_files().filter(|used| used.is_of_site()) {
            // An authority's in the first place means that the file is in the wrong order.
            let nameless = used.leaf().filter(|leaf| leaf.names().is_empty() && !leaf.is_ca);
            let Some(leaf) = nameless else { continue };
            let common_name = match &leaf.common_name {
                Some(name) => format!(", and its common name, {name}, does not count"),
                None => String::new(),
            };
            let message =
                format!("the certificate {} has no subject alternative name of a host{common_name}", used.text());
            let who = used.presenting_text();
            // Clients of mail and of databases may be old, or look for no host at all.
            let finding = if let Some(takers) = used.takers() {
                sink.warning(used.span(), format!("{message}: {takers} get it for {who}, and refuse it")).conditional()
            } else if used.is_of_http_site() {
                sink.error(used.span(), format!("{message}: browsers refuse it for {who}"))
            } else {
                sink.warning(used.span(), format!("{message}: clients of today refuse it for {who}")).conditional()
            };
            same_file(finding, &used)
                .help("get a certificate with each host as a subject alternative name (openssl req -addext)");
        }
    }
}
