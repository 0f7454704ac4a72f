//! Certificates as nginx reads them and as clients judge them: files, names, validity.
//!
//! It reads [`source`](crate::source) for the bytes of files and knows nothing of configurations.
//! It never keeps a certificate's DER: what needs it (names, validity, later the chain) is worked
//! out while the file is at hand, and only the answers stay. It never looks at the clock.

mod base64;
mod certificate;
#[cfg(test)]
mod der;
mod names;
mod pem;
mod problem;
mod store;
#[cfg(test)]
mod tests;
mod validity;

pub use certificate::{Certificate, Curve, KeyKind};
pub use names::{CertificateName, Host, HostError};
pub use problem::CertificateProblem;
pub use store::{CertificateFile, CertificateStore};
pub use validity::{TimeError, UnixTime, Validity};
