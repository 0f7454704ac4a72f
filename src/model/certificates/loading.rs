//! Which of several certificates nginx presents: OpenSSL keeps one of each kind of key, the last, and one key of that kind.
//!
//! SSL_CTX_use_certificate(3); asked of nginx 1.22.1 and 1.31.3 with handshakes. All curves are one kind.

use std::mem::discriminant;

use crate::model::certificates::key_use::UsedKey;
use crate::model::{CertificateUse, Model};
use crate::tls::{Certificate, CertificateFile, Host, KeyKind, KeyState};

/// What OpenSSL makes of certificates and keys, in the order in which nginx loads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loading {
    /// The first key that it refuses, for a certificate of its kind is there and another's: by their numbers, certificate
    /// and key.
    pub refused: Option<(usize, usize)>,
    /// For each certificate that is kept and has one, the number of its key.
    pub keys: Vec<Option<usize>>,
}

/// The place that OpenSSL has for one kind of key.
struct Place {
    kind: KeyKind,
    certificate: Option<usize>,
    key: Option<usize>,
}

impl Loading {
    /// `certificates` and `keys` are their kinds.
    fn new(certificates: &[KeyKind], keys: &[KeyKind], fits: impl Fn(usize, usize) -> bool) -> Loading {
        let mut places: Vec<Place> = Vec::new();
        let mut place = |kind: KeyKind, change: &mut dyn FnMut(&mut Place)| {
            let known = places.iter().position(|place| discriminant(&place.kind) == discriminant(&kind));
            let at = known.unwrap_or(places.len());
            if known.is_none() {
                places.push(Place { kind, certificate: None, key: None });
            }
            places.get_mut(at).map(change);
        };
        let mut refused = None;
        for (number, (&certificate, &key)) in certificates.iter().zip(keys).enumerate() {
            // A certificate drives out a key that is not its own; a key does not do so with a certificate.
            place(certificate, &mut |place| {
                place.certificate = Some(number);
                place.key = place.key.filter(|&key| fits(number, key));
            });
            place(key, &mut |place| {
                let other = place.certificate.filter(|&certificate| !fits(certificate, number));
                refused = refused.or(other.map(|certificate| (certificate, number)));
                place.key = Some(number);
            });
        }
        let mut of_certificates = vec![None; certificates.len()];
        for place in &places {
            if let Some(of_certificate) = place.certificate.and_then(|number| of_certificates.get_mut(number)) {
                *of_certificate = place.key;
            }
        }
        Loading { refused, keys: of_certificates }
    }
}

impl<'c> Model<'c> {
    /// The certificate for clients that ask for `sni`, or for all, if it was read.
    #[must_use]
    pub fn leaf_for(&self, used: &CertificateUse<'_>, sni: Option<&Host>) -> Option<&Certificate> {
        let file = match sni {
            Some(sni) => self.certificate_file_for(used, sni),
            None => self.certificate_file(used),
        };
        file.and_then(CertificateFile::leaf)
    }

    /// The kind of key of a certificate; none where OpenSSL might take two of it for different ones.
    fn key_kind(&self, used: &CertificateUse<'_>, sni: Option<&Host>) -> Option<KeyKind> {
        self.leaf_for(used, sni).map(|leaf| leaf.key).filter(|key| *key != KeyKind::Other)
    }

    /// The one of `certificates` that nginx presents in the place of the one with this number, for it comes later and has
    /// a key of the same kind.
    #[must_use]
    pub fn replacing<'s, 'd>(
        &self,
        certificates: &'s [CertificateUse<'d>],
        number: usize,
        sni: Option<&Host>,
    ) -> Option<&'s CertificateUse<'d>> {
        let later = certificates.get(number + 1..).filter(|later| !later.is_empty())?;
        let own = discriminant(&self.key_kind(certificates.get(number)?, sni)?);
        later.iter().rfind(|used| self.key_kind(used, sni).is_some_and(|kind| discriminant(&kind) == own))
    }

    /// Those of `certificates` that nginx presents to some client, as far as that is known.
    pub fn kept<'s, 'd>(
        &self,
        certificates: &'s [CertificateUse<'d>],
        sni: Option<&Host>,
    ) -> impl Iterator<Item = &'s CertificateUse<'d>> {
        let numbered = certificates.iter().enumerate();
        numbered.filter(move |(number, _)| self.replacing(certificates, *number, sni).is_none()).map(|(_, used)| used)
    }
}

impl UsedKey<'_, '_> {
    /// What comes of the certificates and keys among which it is loaded; nothing where one of them is not known.
    #[must_use]
    pub fn loading(&self) -> Option<Loading> {
        let pairs = self.all_pairs()?;
        let mut certificates = Vec::new();
        let mut keys = Vec::new();
        for pair in &pairs {
            let leaf = self.leaf_of(&pair.certificate)?;
            certificates.push(leaf.key);
            keys.push(match self.check_of(pair)?.state {
                KeyState::Matches => leaf.key,
                KeyState::Differs { key, .. } => key,
                KeyState::Uncompared | KeyState::Unusable(_) => return None,
            });
        }
        if certificates.iter().chain(&keys).any(|kind| *kind == KeyKind::Other) {
            return None;
        }
        let fits = |certificate: usize, key: usize| match (pairs.get(certificate), pairs.get(key)) {
            (Some(one), Some(other)) => self.is_pair(&one.certificate, other),
            _ => false,
        };
        Some(Loading::new(&certificates, &keys, fits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Curve;

    const EC: KeyKind = KeyKind::Ec(Curve::P256);
    const P384: KeyKind = KeyKind::Ec(Curve::P384);
    const RSA: KeyKind = KeyKind::Rsa { bits: 2048 };

    /// A certificate or a key: of which kind, and which one of those.
    type Item = (KeyKind, u8);

    #[test]
    fn openssl_keeps_one_certificate_and_one_key_of_each_kind() {
        // Each row as nginx 1.22.1 and 1.31.3 did: certificates, keys, what is refused, the keys of those presented.
        type Row = (&'static [Item], &'static [Item], Option<(usize, usize)>, &'static [Option<usize>]);
        const ROWS: &[Row] = &[
            (&[(EC, 1), (RSA, 1)], &[(EC, 1), (RSA, 1)], None, &[Some(0), Some(1)]),
            (&[(EC, 1), (EC, 2)], &[(EC, 1), (EC, 2)], None, &[None, Some(1)]),
            (&[(EC, 1), (P384, 2)], &[(EC, 1), (P384, 2)], None, &[None, Some(1)]), // whatever the curve
            (&[(EC, 1), (RSA, 1), (EC, 2)], &[(EC, 1), (RSA, 1), (EC, 2)], None, &[None, Some(1), Some(2)]),
            (&[(EC, 1), (RSA, 1)], &[(RSA, 1), (EC, 1)], None, &[Some(1), Some(0)]), // swapped
            (&[(EC, 1), (RSA, 1)], &[(RSA, 2), (EC, 1)], None, &[Some(1), None]),    // the RSA key is driven out
            (&[(EC, 1), (EC, 2)], &[(RSA, 1), (EC, 2)], None, &[None, Some(1)]),
            (&[(RSA, 1), (EC, 1)], &[(EC, 2), (RSA, 1)], None, &[Some(1), None]),
            (&[(EC, 1), (EC, 2)], &[(EC, 2), (EC, 2)], Some((0, 0)), &[None, Some(1)]),
            (&[(EC, 1), (EC, 2)], &[(RSA, 1), (EC, 1)], Some((1, 1)), &[None, Some(1)]),
        ];
        for &(certificates, keys, refused, wanted) in ROWS {
            let kinds = |items: &[Item]| items.iter().map(|item| item.0).collect::<Vec<_>>();
            let loading = Loading::new(&kinds(certificates), &kinds(keys), |certificate, key| {
                certificates[certificate] == keys[key]
            });
            assert_eq!(loading, Loading { refused, keys: wanted.to_vec() }, "{certificates:?} {keys:?}");
        }
    }
}
