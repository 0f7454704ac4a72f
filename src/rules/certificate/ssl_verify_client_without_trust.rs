//! Clients are to present certificates, and nothing says whose: nginx does not start. It knows no roots of its own.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_verify_client>, `ngx_http_ssl_merge_srv_conf` and
//! its like of stream and mail.

use crate::model::Model;
use crate::nginx::tls_files::TRUST_ALONE_SINCE;
use crate::rules::{Findings, Rule};

pub(super) struct SslVerifyClientWithoutTrust;

impl Rule for SslVerifyClientWithoutTrust {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut untrusting = model.verifying_without_trust();
        untrusting.sort_by_key(|(verify, user)| (verify.span(), *user));
        for same in untrusting.chunk_by(|(one, _), (other, _)| one.span() == other.span()) {
            let Some((verify, _)) = same.first() else { continue };
            let who = model.users_text(same.iter().map(|(_, user)| *user));
            let is_enough = model.environment.version >= TRUST_ALONE_SINCE;
            let lacking = match is_enough {
                true => "no ssl_client_certificate or ssl_trusted_certificate",
                false => "no ssl_client_certificate",
            };
            sink.error(verify.span(), format!("nginx does not start: {lacking} for ssl_verify_client of {who}")).help(
                match is_enough {
                    true => {
                        "name the certificate of the authority that signs the clients' certificates in \
                         ssl_client_certificate"
                    }
                    false => {
                        "name the certificate of the authority that signs the clients' certificates in \
                         ssl_client_certificate; ssl_trusted_certificate alone is not enough before nginx 1.27.2"
                    }
                },
            );
        }
    }
}
