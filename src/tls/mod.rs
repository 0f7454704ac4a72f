//! Certificates and keys as nginx reads them and as clients judge them: files, names, validity, chains.
//!
//! It reads [`source`](crate::source) for the bytes of files and knows nothing of configurations.
//! It keeps the DER of certificates, from which chains and keys are judged when a rule asks, and nothing of a private
//! key but the answers. It never looks at the clock.

mod accounts;
mod anchors;
mod base64;
mod certificate;
mod chain;
#[cfg(test)]
mod chain_tests;
mod der;
mod detour;
mod dh_parameters;
mod file_problem;
#[cfg(test)]
mod forged;
mod key;
mod key_file;
mod key_store;
#[cfg(test)]
mod key_tests;
mod link;
mod names;
mod ocsp;
mod oddity;
mod peer_name;
mod pem;
mod problem;
mod revocation;
mod signatures;
mod store;
#[cfg(test)]
mod tests;
mod ticket_key;
mod validity;
mod verification;
#[cfg(test)]
mod verification_tests;

pub use accounts::GroupAccess;
pub use anchors::{AnchorError, AnchorSource, TrustAnchors};
pub use certificate::{Certificate, Curve, KeyKind};
pub use chain::{Chain, MissingIssuer, Place, Refusal, Trust};
pub use dh_parameters::dh_prime_bits;
pub use file_problem::FileProblem;
pub use key::{KeyProblem, KeyState};
pub use key_file::Passwords;
pub use key_store::{Exposure, KeyCheck, KeyPair, KeyStore};
pub use link::{UnsignedHandshakes, WeakHash};
pub use names::{CertificateName, Host, HostError};
pub use ocsp::ocsp_file_problem;
pub use oddity::{Oddity, OddityKind};
pub use problem::CertificateProblem;
pub use revocation::{RevocationFile, RevocationList};
pub use store::{CertificateFile, CertificateStore};
pub use ticket_key::ticket_key_problem;
pub use validity::{TimeError, UnixTime, Validity};
pub use verification::{Distrusted, Verification, holds_root, single_chain, verify};
