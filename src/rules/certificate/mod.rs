//! Which certificate a client gets, and whether it is good for the name it asked for.

use super::declare::declare_rules;

declare_rules! { "certificate":
    cert_expired::CertExpired = "cert-expired",
    cert_expires_soon::CertExpiresSoon = "cert-expires-soon",
    cert_file_missing::CertFileMissing = "cert-file-missing",
    cert_name_mismatch::CertNameMismatch = "cert-name-mismatch",
    cert_unparsable::CertUnparsable = "cert-unparsable",
    conflicting_server_name::ConflictingServerName = "conflicting-server-name",
    default_server_foreign_cert::DefaultServerForeignCert = "default-server-foreign-cert",
    implicit_default_server::ImplicitDefaultServer = "implicit-default-server",
    listen_443_without_ssl::Listen443WithoutSsl = "listen-443-without-ssl",
    missing_server_name::MissingServerName = "missing-server-name",
    ssl_without_certificate::SslWithoutCertificate = "ssl-without-certificate",
    tls_host_unserved::TlsHostUnserved = "tls-host-unserved",
}
