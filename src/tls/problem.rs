//! What can be wrong with a certificate file.

use std::path::Path;

use crate::source::ReadError;

/// Why a certificate file is of no use, or of less use than it seems. Lines count from 1.
///
/// The text says what is wrong and leaves the name of the file to the message around it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// No bytes, or only white space.
    #[error("it is empty")]
    Empty,
    /// A certificate in its binary form.
    #[error("it holds a certificate in DER form; nginx reads PEM only")]
    Der,
    /// A PKCS#12 container (`.pfx`, `.p12`).
    #[error("it is a PKCS#12 container; nginx reads PEM only")]
    Pkcs12,
    /// Neither PEM nor anything else that is known.
    #[error("it is not a PEM file: no line starts with `-----BEGIN`")]
    NotPem,
    /// `-----BEGIN` is there, but no such line stands alone and at the left margin.
    #[error("line {line} is no PEM start line: `-----BEGIN CERTIFICATE-----` must stand at its start and fill it")]
    MisplacedBegin {
        /// The line that holds the first `-----BEGIN`.
        line: u32,
    },
    /// A private key where the certificate should be.
    #[error("it holds a private key and no certificate")]
    PrivateKeyOnly,
    /// A request for a certificate (CSR) where the certificate should be.
    #[error("it holds a certificate signing request, not the certificate that was issued for it")]
    RequestOnly,
    /// PEM, but of other things.
    #[error("it holds `{label}` and no certificate")]
    OtherOnly {
        /// The label of the first block, as in `-----BEGIN label-----`.
        label: Box<str>,
    },
    /// A block that ends before its data is complete.
    #[error("the PEM block that begins on line {line} ends too early: the file is cut off or incomplete")]
    Truncated {
        /// The line of its `-----BEGIN`.
        line: u32,
    },
    /// An `-----END` line of another label, or damaged.
    #[error("the `-----END` on line {line} does not belong to the block before it")]
    WrongEnd {
        /// The line of the `-----END`.
        line: u32,
    },
    /// An empty line in the data of a block: OpenSSL takes what stands before it for headers.
    #[error("an empty line or a broken one splits the PEM block at line {line}")]
    BrokenBlock {
        /// The line at which OpenSSL gives up.
        line: u32,
    },
    /// `Name: value` lines in a certificate block.
    #[error("the PEM block that begins on line {line} has header lines, which a certificate cannot have")]
    Headers {
        /// The line of its `-----BEGIN`.
        line: u32,
    },
    /// A character that is not base64.
    #[error("line {line} is not base64")]
    BadBase64 {
        /// The line that holds it.
        line: u32,
    },
    /// The decoded bytes are no certificate.
    #[error("the PEM block that begins on line {line} holds no valid certificate: {detail}")]
    BadDer {
        /// The line of its `-----BEGIN`.
        line: u32,
        /// What X.509 parsing says.
        detail: Box<str>,
    },
    /// The certificate is read, but not its subject alternative names: no client can find a name in it.
    #[error("the subject alternative names of the certificate that begins on line {line} cannot be read")]
    BadNames {
        /// The line of its `-----BEGIN`.
        line: u32,
    },
}

impl CertificateProblem {
    /// Whether nginx certainly does not start with this file. Not so where this program saw
    /// less than nginx would (another user, a limit of size, a FIFO), or where nginx is content.
    #[must_use]
    pub fn stops_nginx(&self) -> bool {
        match self {
            CertificateProblem::Unreadable(error) => {
                matches!(error, ReadError::NotFound | ReadError::IsDirectory | ReadError::LinkLoop)
            }
            CertificateProblem::BadNames { .. } => false,
            _ => true,
        }
    }

    /// What to do about the file at `path`, where one command or one change does it.
    #[must_use]
    pub fn help(&self, path: &Path) -> Option<String> {
        let path = path.display();
        Some(match self {
            CertificateProblem::Der => format!("convert it: openssl x509 -inform der -in {path} -out {path}.pem"),
            CertificateProblem::Pkcs12 => {
                format!("extract the certificates: openssl pkcs12 -in {path} -nokeys -out {path}.pem")
            }
            CertificateProblem::PrivateKeyOnly => {
                "name the certificate here and the key in ssl_certificate_key; the two may be swapped".to_owned()
            }
            CertificateProblem::RequestOnly => {
                "name the certificate that the certificate authority sent back for this request".to_owned()
            }
            _ => return None,
        })
    }
}
