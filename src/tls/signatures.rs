//! Signatures of issuers, each checked once: thousands of leaves have the same few issuers behind them, whose own
//! signatures take as long to check as the leaf's.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use webpki::ALL_VERIFICATION_ALGS;

use super::link::Signature;

/// What is known of signatures, by all that they depend on.
#[derive(Debug, Default)]
pub(super) struct CheckedSignatures {
    known: Mutex<FxHashMap<Vec<u8>, Signature>>,
}

impl CheckedSignatures {
    /// What `check` says, which depends on `parts` only.
    pub(super) fn find(&self, parts: &[&[u8]], check: impl FnOnce() -> Signature) -> Signature {
        let mut key = Vec::new();
        for part in parts {
            key.extend(part.len().to_be_bytes());
            key.extend_from_slice(part);
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        known.unwrap_or_else(|| {
            let found = check();
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found);
            found
        })
    }

    /// webpki's algorithms, which check a signature of anything but `leaf` once. Nobody else has that of a leaf.
    pub(super) fn algorithms<'a>(&'a self, leaf: &'a [u8]) -> Vec<CheckingOnce<'a>> {
        ALL_VERIFICATION_ALGS.iter().map(|&algorithm| CheckingOnce { algorithm, leaf, signatures: self }).collect()
    }
}

/// An algorithm of webpki that checks the signatures of issuers once.
#[derive(Debug)]
pub(super) struct CheckingOnce<'a> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    leaf: &'a [u8],
    signatures: &'a CheckedSignatures,
}

impl SignatureVerificationAlgorithm for CheckingOnce<'_> {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        if message == self.leaf {
            return self.algorithm.verify_signature(public_key, message, signature);
        }
        let (key_algorithm, algorithm) = (self.public_key_alg_id(), self.signature_alg_id());
        let parts = [key_algorithm.as_ref(), algorithm.as_ref(), public_key, message, signature];
        let found =
            self.signatures.find(&parts, || match self.algorithm.verify_signature(public_key, message, signature) {
                Ok(()) => Signature::Holds,
                Err(InvalidSignature) => Signature::Fails,
            });
        if found == Signature::Holds { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}
