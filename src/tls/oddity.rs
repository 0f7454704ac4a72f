//! What is odd about the certificates of a file, whether or not clients trust them.

use super::certificate::KeyKind;
use super::chain::Place;
use super::link::{UnsignedHandshakes, WeakHash};
use super::validity::UnixTime;

/// Something odd about a certificate of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// The certificate.
    pub place: Place,
    /// What is odd.
    pub kind: OddityKind,
}

/// What can be odd about a certificate of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OddityKind {
    /// It comes first, but it issued another certificate of the file, which is the leaf.
    LeafNotFirst {
        /// The leaf.
        leaf: Place,
    },
    /// It stands before the certificate that it issued (RFC 5246, section 7.4.2; TLS 1.3 allows it).
    WrongOrder {
        /// That certificate.
        issued: Place,
    },
    /// It is there a second time.
    Duplicate {
        /// The first time.
        first: Place,
    },
    /// Nothing before it in the chain was issued by it.
    Unrelated,
    /// A self-signed root: clients have it already, or do not trust it.
    NeedlessRoot,
    /// An issuer that is no longer valid.
    Expired {
        /// Its last valid second.
        on: UnixTime,
        /// Whether there is no other path.
        is_needed: bool,
    },
    /// An issuer that is not yet valid.
    NotYetValid {
        /// Its first valid second.
        from: UnixTime,
        /// Whether there is no other path.
        is_needed: bool,
    },
    /// A key that can be broken, or that clients do not know.
    WeakKey(KeyKind),
    /// Signed with a hash function that can be broken.
    WeakSignature(WeakHash),
    /// The leaf is a certificate authority's.
    LeafIsAuthority,
    /// The leaf's extended key usages leave out TLS servers.
    NotForServers,
    /// The leaf's key usages leave out signatures.
    NotForSignatures(UnsignedHandshakes),
    /// The leaf has no subject alternative name of a host.
    NoNames,
}
