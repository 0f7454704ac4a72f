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
    /// UTF-16 text, as a redirection in PowerShell writes it.
    #[error("it is UTF-16 text, in which OpenSSL finds no PEM")]
    Utf16,
    /// Neither PEM nor anything else that is known.
    #[error("it is not a PEM file: it has no line `-----BEGIN CERTIFICATE-----`")]
    NotPem,
    /// Something like a start line is there, but none that OpenSSL knows.
    #[error(
        "the `-----BEGIN …-----` on line {line} is damaged or does not stand alone on its line, at the left margin"
    )]
    DamagedStart {
        /// The first such line.
        line: u32,
    },
    /// A private key where the certificate should be.
    #[error("it holds a private key and no certificate")]
    PrivateKeyOnly,
    /// A request for a certificate (CSR) where the certificate should be.
    #[error("it holds a certificate signing request, not the certificate that was issued for it")]
    RequestOnly,
    /// PEM, but of other things.
    #[error("it holds `BEGIN {label}` and no `BEGIN CERTIFICATE`")]
    OtherOnly {
        /// The label of the first block, as in `-----BEGIN label-----`.
        label: Box<str>,
    },
    /// A block that ends before its data is complete, or not at all.
    #[error("the PEM block that begins on line {line} is cut off: its end is missing")]
    Truncated {
        /// The line of its `-----BEGIN`.
        line: u32,
    },
    /// A block with its end, from which characters are missing.
    #[error("the PEM block that begins on line {line} is damaged: part of its base64 is missing or changed")]
    Incomplete {
        /// The line of its `-----BEGIN`.
        line: u32,
    },
    /// An `-----END` line of another label, or damaged.
    #[error("the `-----END` on line {line} is damaged or does not match the `-----BEGIN` on line {begin}")]
    WrongEnd {
        /// The line of the `-----END`.
        line: u32,
        /// The line of the `-----BEGIN`.
        begin: u32,
    },
    /// An `-----END` and the next `-----BEGIN` on one line: files joined of which one lacked its last line break.
    #[error("a line break is missing on line {line}, between `-----END …-----` and `-----BEGIN …-----`")]
    JoinedLines {
        /// The line that holds both.
        line: u32,
    },
    /// An empty line within a block: OpenSSL takes what stands before it for headers.
    #[error("the empty line {line} splits a PEM block")]
    EmptyLine {
        /// The empty line.
        line: u32,
    },
    /// A block without data: nothing between its start and its end, or only headers.
    #[error("the PEM block that begins on line {line} has no data")]
    NoData {
        /// The line of its `-----BEGIN`.
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
    #[error("the PEM block that begins on line {line} holds no certificate: {detail}")]
    BadDer {
        /// The line of its `-----BEGIN`.
        line: u32,
        /// What is wrong with them.
        detail: Box<str>,
    },
    /// A certificate that breaks X.509 in a way that OpenSSL lets pass, wholly or in some versions. It could not be read here.
    #[error(
        "the certificate that begins on line {line} is malformed: {detail}; OpenSSL may let it pass, other clients do not"
    )]
    Malformed {
        /// The line of its `-----BEGIN`.
        line: u32,
        /// What is wrong with it.
        detail: Box<str>,
    },
    /// The certificate is read, but not its subject alternative names: no client can find a name in it.
    #[error("the subject alternative names of the certificate that begins on line {line} cannot be read")]
    BadNames {
        /// The line of its `-----BEGIN`.
        line: u32,
    },
    /// A block without an end that takes the next one with it; OpenSSL does not mind.
    #[error("a `-----END` is missing before line {line}, so nginx skips the PEM block that begins there")]
    MissingEnd {
        /// The line of the `-----BEGIN` that is lost.
        line: u32,
    },
    /// A block behind the first certificate that is skipped for its start line.
    #[error(
        "nginx skips line {line} and the PEM block behind it: a start line of the chain is exactly `-----BEGIN CERTIFICATE-----`"
    )]
    SkippedStart {
        /// The line that is skipped.
        line: u32,
    },
}

impl CertificateProblem {
    /// Whether nginx certainly does not start with this file. Not so where this program saw
    /// less than nginx would (another user, a limit of size, a FIFO), or where nginx is content.
    #[must_use]
    pub fn stops_nginx(&self) -> bool {
        match self {
            CertificateProblem::Unreadable(error) => stops_nginx(error),
            CertificateProblem::Malformed { .. }
            | CertificateProblem::BadNames { .. }
            | CertificateProblem::MissingEnd { .. }
            | CertificateProblem::SkippedStart { .. } => false,
            _ => true,
        }
    }

    /// What to do about the file at `path`, where one command or one change does it.
    #[must_use]
    pub fn help(&self, path: &Path) -> Option<String> {
        let command = |options: &str| {
            let (input, output) = (shell_word(path, ""), shell_word(path, ".pem"));
            Some(format!("convert it: openssl {options} -in {input} -out {output}"))
        };
        let text = |text: &str| Some(text.to_owned());
        match self {
            CertificateProblem::Der => command("x509 -inform der"),
            CertificateProblem::Pkcs12 => command("pkcs12 -nokeys"),
            CertificateProblem::OtherOnly { label } if matches!(&**label, "PKCS7" | "CMS") => {
                command("pkcs7 -print_certs")
            }
            CertificateProblem::Utf16 => text("save it again as ASCII or UTF-8"),
            CertificateProblem::PrivateKeyOnly => {
                text("name the certificate here and the key in ssl_certificate_key; the two may be swapped")
            }
            CertificateProblem::RequestOnly => {
                text("name the certificate that the certificate authority sent back for this request")
            }
            CertificateProblem::JoinedLines { line } => Some(format!("break line {line} before `-----BEGIN`")),
            CertificateProblem::EmptyLine { line } => {
                Some(format!("delete line {line}, and any other empty line in the block"))
            }
            _ => None,
        }
    }
}

/// Whether nginx cannot read a file either. Not so where this program saw less than nginx would (another user, a limit of
/// size, a FIFO).
pub(super) fn stops_nginx(error: &ReadError) -> bool {
    matches!(error, ReadError::NotFound | ReadError::IsDirectory | ReadError::LinkLoop)
}

/// `path` with `suffix` as one word of a shell's command line.
fn shell_word(path: &Path, suffix: &str) -> String {
    let word = format!("{}{suffix}", path.display());
    if word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@%,:=".contains(&byte)) {
        word
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
