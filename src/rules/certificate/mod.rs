//! Which certificate a client gets, and whether it is good for the name it asked for.

use super::declare::declare_rules;
use super::finding::{Finding, Findings};
use crate::model::{UsedCertificate, UsedKey};

declare_rules! { "certificate":
    cert_chain_incomplete::CertChainIncomplete = "cert-chain-incomplete" reads certificates,
    cert_expired::CertExpired = "cert-expired" reads certificates,
    cert_expires_soon::CertExpiresSoon = "cert-expires-soon" reads certificates,
    cert_file_missing::CertFileMissing = "cert-file-missing" reads certificates,
    cert_key_mismatch::CertKeyMismatch = "cert-key-mismatch" reads certificates,
    cert_name_mismatch::CertNameMismatch = "cert-name-mismatch" reads certificates,
    cert_not_yet_valid::CertNotYetValid = "cert-not-yet-valid" reads certificates,
    cert_replaced::CertReplaced = "cert-replaced" reads certificates,
    cert_self_signed::CertSelfSigned = "cert-self-signed" reads certificates,
    cert_unparsable::CertUnparsable = "cert-unparsable" reads certificates,
    cert_weak::CertWeak = "cert-weak" reads certificates,
    cert_without_san::CertWithoutSan = "cert-without-san" reads certificates,
    conflicting_server_name::ConflictingServerName = "conflicting-server-name",
    default_server_foreign_cert::DefaultServerForeignCert = "default-server-foreign-cert" reads certificates,
    implicit_default_server::ImplicitDefaultServer = "implicit-default-server",
    key_file_exposed::KeyFileExposed = "key-file-exposed" reads certificates,
    listen_443_without_ssl::Listen443WithoutSsl = "listen-443-without-ssl",
    missing_server_name::MissingServerName = "missing-server-name",
    ssl_stapling_without_responder::SslStaplingWithoutResponder = "ssl-stapling-without-responder" reads certificates,
    ssl_without_certificate::SslWithoutCertificate = "ssl-without-certificate",
    ssl_verify_client_without_trust::SslVerifyClientWithoutTrust = "ssl-verify-client-without-trust",
    tls_host_unserved::TlsHostUnserved = "tls-host-unserved" reads certificates,
}

/// Shows the further places that name the file with which something is wrong.
fn same_file<'f>(finding: &'f mut Finding, used: &UsedCertificate<'_, '_>) -> &'f mut Finding {
    used.other_spans().fold(finding, |finding, span| finding.related(span, "the same file"))
}

/// Reports a certificate for its dates, as badly as those who get it fail.
fn out_of_date<'s>(sink: &'s mut Findings, used: &UsedCertificate<'_, '_>, message: &str) -> &'s mut Finding {
    let who = used.presenting_text();
    let finding = if used.is_of_client() {
        sink.warning(used.span(), format!("{message}: an upstream that asks for one refuses {who}")).conditional()
    } else if let Some(takers) = used.takers() {
        sink.warning(used.span(), format!("{message}; {takers} get it for {who}")).conditional()
    } else {
        sink.error(used.span(), format!("{message}; it is presented for {who}"))
    };
    same_file(finding, used)
}

/// Shows the further places that name the key with which something is wrong.
fn same_key<'f>(finding: &'f mut Finding, used: &UsedKey<'_, '_>) -> &'f mut Finding {
    used.other_spans().fold(finding, |finding, span| finding.related(span, "the same key"))
}
