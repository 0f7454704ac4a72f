//! Certificates as nginx reads them and as clients judge them: files, names, validity.
//!
//! It reads [`source`](crate::source) for the bytes of files and knows nothing of configurations.
//! It never keeps a certificate's DER: what needs it (names, validity, later the chain) is worked
//! out while the file is at hand, and only the answers stay. It never looks at the clock.

mod anchors;
mod base64;
mod certificate;
mod chain;
#[cfg(test)]
mod chain_tests;
#[cfg(test)]
mod der;
mod key;
mod key_file;
#[cfg(test)]
mod key_tests;
mod link;
mod names;
mod pem;
mod problem;
mod store;
#[cfg(test)]
mod tests;
mod validity;

pub use anchors::{AnchorError, AnchorSource, TrustAnchors};
pub use certificate::{Certificate, Curve, KeyKind};
pub use chain::{Chain, MissingIssuer, Oddity, OddityKind, Place, Refusal, Trust};
pub use key::{KeyProblem, KeyState};
pub use key_file::Passwords;
pub use link::WeakHash;
pub use names::{CertificateName, Host, HostError};
pub use problem::CertificateProblem;
pub use store::{CertificateFile, CertificateStore};
pub use validity::{TimeError, UnixTime, Validity};
