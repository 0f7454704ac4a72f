//! One certificate as a link of a chain: whose name it bears, who signed it, and how well.

use std::fmt;

use memchr::memmem;
use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::der_parser::asn1_rs::{Oid, oid};
use x509_parser::extensions::{
    AuthorityInfoAccess, AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, GeneralName, KeyIdentifier,
    KeyUsage,
};
use x509_parser::nom::Parser;
use x509_parser::oid_registry;
use x509_parser::prelude::FromDer;
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::verify::verify_signature;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::certificate::{Certificate, Curve, KeyKind, hexadecimal};
use super::names::printable;
use super::oddity::OddityKind;

/// The list of signed certificate timestamps (RFC 6962, section 3.3).
const SIGNED_TIMESTAMPS: Oid<'static> = oid!(1.3.6.1.4.1.11129.2.4.2);

/// The start of the object identifiers 2.23.140.1.* by which public authorities mark what they checked (CA/Browser
/// Forum, Baseline Requirements, section 7.1.6.1).
const PUBLIC_POLICIES: &[u8] = b"\x67\x81\x0c\x01";

/// The signature algorithm RSASSA-PSS.
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";

/// A hash function too weak to sign certificates with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeakHash {
    /// MD2.
    Md2,
    /// MD4.
    Md4,
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
}

impl fmt::Display for WeakHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WeakHash::Md2 => "MD2",
            WeakHash::Md4 => "MD4",
            WeakHash::Md5 => "MD5",
            WeakHash::Sha1 => "SHA-1",
        })
    }
}

/// The handshakes that a key does not get through which says that it is not for signatures (RFC 5246, section 7.4.2; RFC
/// 8446, section 4.4.2.2). OpenSSL's servers and clients look at it in these cases only; Chrome's and Android's BoringSSL
/// in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnsignedHandshakes {
    /// It is for nothing that TLS knows: all.
    All,
    /// OpenSSL's server does not use it over TLS 1.2: there, all.
    Tls12,
    /// Those with clients that look at it.
    Some,
}

/// Whether a signature is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Signature {
    /// It was made with another key.
    Fails,
    /// Its algorithm, or the key, is one that cannot be checked here.
    Unchecked,
    /// It was made with this key.
    Holds,
}

/// A certificate of a chain, opened once more.
pub(super) struct Link<'a> {
    pub(super) certificate: &'a Certificate,
    parsed: X509Certificate<'a>,
}

impl<'a> Link<'a> {
    /// Whether webpki does not read it: its content has more bytes than two bytes can count.
    pub(super) fn is_too_large(&self) -> bool {
        self.certificate.bytes().len() >= 0xffff
    }

    pub(super) fn open(certificate: &'a Certificate) -> Option<Link<'a>> {
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let (_, parsed) = parser.parse(certificate.der.as_ref()).ok()?;
        Some(Link { certificate, parsed })
    }

    pub(super) fn parsed(&self) -> &X509Certificate<'a> {
        &self.parsed
    }

    /// The subject as it is encoded.
    pub(super) fn subject(&self) -> &[u8] {
        self.parsed.subject().as_raw()
    }

    /// The issuer as it is encoded.
    pub(super) fn issuer(&self) -> &[u8] {
        self.parsed.issuer().as_raw()
    }

    fn extension(&self, oid: &Oid<'_>) -> Option<&'a [u8]> {
        self.parsed.extensions().iter().find(|extension| extension.oid == *oid).map(|extension| extension.value)
    }

    /// The identifier of the key that signed it, in hexadecimal.
    pub(super) fn authority_key_id(&self) -> Option<Box<str>> {
        self.authority_key().map(|id| hexadecimal(id.0))
    }

    fn authority_key(&self) -> Option<KeyIdentifier<'a>> {
        let value = self.extension(&oid_registry::OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER)?;
        AuthorityKeyIdentifier::from_der(value).ok()?.1.key_identifier
    }

    /// Whether the key identifiers do not speak against `issuer`. They are hints only (RFC 4158, section 3.5.12).
    pub(super) fn is_key_of(&self, issuer: &Link<'_>) -> bool {
        let own = issuer.extension(&oid_registry::OID_X509_EXT_SUBJECT_KEY_IDENTIFIER);
        let own = own.and_then(|value| KeyIdentifier::from_der(value).ok());
        match (self.authority_key(), own) {
            (Some(named), Some((_, own))) => named.0 == own.0,
            _ => true,
        }
    }

    /// Where the issuer's certificate can be had (RFC 5280, section 4.2.2.1).
    pub(super) fn issuer_url(&self) -> Option<Box<str>> {
        self.access_url(&oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS)
    }

    /// Where its issuer says whether it has been revoked.
    pub(super) fn ocsp_url(&self) -> Option<Box<str>> {
        self.access_url(&oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_OCSP)
    }

    fn access_url(&self, method: &Oid<'_>) -> Option<Box<str>> {
        let value = self.extension(&oid_registry::OID_PKIX_AUTHORITY_INFO_ACCESS)?;
        let (_, access) = AuthorityInfoAccess::from_der(value).ok()?;
        let places = access.iter().filter(|place| place.access_method == *method);
        places.into_iter().find_map(|place| match &place.access_location {
            GeneralName::URI(url) => Some(printable(url)),
            _ => None,
        })
    }

    /// Whether only a public authority makes such certificates: logged ones, or ones under the CA/Browser Forum's policies.
    pub(super) fn is_publicly_issued(&self) -> bool {
        self.extension(&SIGNED_TIMESTAMPS).is_some()
            || self
                .extension(&oid_registry::OID_X509_EXT_CERTIFICATE_POLICIES)
                .is_some_and(|policies| memmem::find(policies, PUBLIC_POLICIES).is_some())
    }

    /// Whether its extended key usages leave out TLS servers.
    pub(super) fn excludes_servers(&self) -> bool {
        self.extended_usage().is_some_and(|usage| !usage.server_auth && !usage.any)
    }

    /// Whether they leave out TLS clients.
    pub(super) fn excludes_clients(&self) -> bool {
        self.extended_usage().is_some_and(|usage| !usage.client_auth && !usage.any)
    }

    fn extended_usage(&self) -> Option<ExtendedKeyUsage<'a>> {
        let value = self.extension(&oid_registry::OID_X509_EXT_EXTENDED_KEY_USAGE)?;
        ExtendedKeyUsage::from_der(value).ok().map(|(_, usage)| usage)
    }

    /// What its key is for, if it says (RFC 5280, section 4.2.1.3).
    fn key_usage(&self) -> Option<KeyUsage> {
        let value = self.extension(&oid_registry::OID_X509_EXT_KEY_USAGE)?;
        KeyUsage::from_der(value).ok().map(|(_, usage)| usage)
    }

    /// Whether its key may sign certificates.
    pub(super) fn may_certify(&self) -> bool {
        self.key_usage().is_none_or(|usage| usage.key_cert_sign())
    }

    /// Which handshakes its key may not take part in.
    pub(super) fn unsigned_handshakes(&self) -> Option<UnsignedHandshakes> {
        let usage = self.key_usage().filter(|usage| !usage.digital_signature())?;
        let is_for_other_keys = usage.key_encipherment() || usage.key_agreement();
        Some(match self.certificate.key {
            _ if !is_for_other_keys => UnsignedHandshakes::All,
            KeyKind::Ec(_) => UnsignedHandshakes::Tls12,
            _ => UnsignedHandshakes::Some,
        })
    }

    /// How many intermediates may stand below it, if it says.
    pub(super) fn path_length(&self) -> Option<u32> {
        let value = self.extension(&oid_registry::OID_X509_EXT_BASIC_CONSTRAINTS)?;
        BasicConstraints::from_der(value).ok()?.1.path_len_constraint
    }

    /// Whether it says which names it may certify.
    pub(super) fn has_name_constraints(&self) -> bool {
        self.extension(&oid_registry::OID_X509_EXT_NAME_CONSTRAINTS).is_some()
    }

    /// Whether its key can be broken, or is one that clients do not know.
    pub(super) fn has_weak_key(&self) -> bool {
        match self.certificate.key {
            KeyKind::Rsa { bits } | KeyKind::RsaPss { bits } => bits < 2048,
            KeyKind::Ec(curve) => !curve.is_usual(),
            KeyKind::Dsa => true,
            _ => false,
        }
    }

    /// What is weak about it, as far as clients check it.
    pub(super) fn weaknesses(&self) -> impl Iterator<Item = OddityKind> + use<> {
        let key = self.has_weak_key().then_some(OddityKind::WeakKey(self.certificate.key));
        let hash = self.weak_hash().filter(|_| !self.certificate.is_self_issued);
        key.into_iter().chain(hash.map(OddityKind::WeakSignature))
    }

    /// The weak hash function that it is signed with.
    pub(super) fn weak_hash(&self) -> Option<WeakHash> {
        let algorithm = &self.parsed.signature_algorithm;
        let text = algorithm.algorithm.to_id_string();
        Some(match text.as_str() {
            "1.2.840.113549.1.1.2" => WeakHash::Md2,
            "1.2.840.113549.1.1.3" => WeakHash::Md4,
            "1.2.840.113549.1.1.4" | "1.3.14.3.2.3" => WeakHash::Md5,
            // sha1WithRSAEncryption, two old names of it, ecdsa-with-SHA1, two of DSA.
            "1.2.840.113549.1.1.5"
            | "1.3.14.3.2.15"
            | "1.3.14.3.2.29"
            | "1.2.840.10045.4.1"
            | "1.2.840.10040.4.3"
            | "1.3.14.3.2.27" => WeakHash::Sha1,
            // RSASSA-PSS without parameters is with SHA-1 (RFC 4055, section 3.1).
            RSASSA_PSS => {
                let parameters = algorithm.parameters.as_ref().and_then(|any| RsaSsaPssParams::try_from(any).ok());
                let hash = parameters.as_ref().map(|parameters| parameters.hash_algorithm_oid().to_id_string());
                return (hash.is_none_or(|hash| hash == "1.3.14.3.2.26")).then_some(WeakHash::Sha1);
            }
            _ => return None,
        })
    }

    /// Whether the certificate is signed with `key`.
    pub(super) fn signature_by(&self, key: &SubjectPublicKeyInfo<'_>) -> Signature {
        let algorithm = &self.parsed.signature_algorithm;
        let text = algorithm.algorithm.to_id_string();
        let is_same_family = match KeyKind::of(key) {
            KeyKind::Rsa { .. } => text.starts_with("1.2.840.113549.1.1."),
            KeyKind::RsaPss { .. } => text == RSASSA_PSS,
            KeyKind::Ec(_) => text.starts_with("1.2.840.10045.4."),
            KeyKind::Ed25519 => text == "1.3.101.112",
            KeyKind::Ed448 => text == "1.3.101.113",
            KeyKind::Dsa | KeyKind::Other => return Signature::Unchecked,
        };
        match KeyKind::of(key) {
            _ if !is_same_family && !text.starts_with("1.3.14.3.2.") => Signature::Fails,
            // ring checks no signatures of shorter keys, of other curves and with other salts.
            KeyKind::Rsa { bits } | KeyKind::RsaPss { bits } if !(2048..=8192).contains(&bits) => Signature::Unchecked,
            _ if text == RSASSA_PSS && !has_usual_salt(algorithm) => Signature::Unchecked,
            KeyKind::Ec(curve) if !matches!(curve, Curve::P256 | Curve::P384) => Signature::Unchecked,
            KeyKind::Ed448 => Signature::Unchecked,
            _ => {
                let tbs = self.parsed.tbs_certificate.as_ref();
                match verify_signature(key, algorithm, &self.parsed.signature_value, tbs) {
                    Ok(()) => Signature::Holds,
                    Err(x509_parser::error::X509Error::SignatureVerificationError) => Signature::Fails,
                    Err(_) => Signature::Unchecked,
                }
            }
        }
    }

    /// Whether it names `issuer`, by subject and key identifier, as OpenSSL's `X509_check_issued` asks.
    pub(super) fn names(&self, issuer: &Link<'_>) -> bool {
        let is_named = self.issuer() == issuer.subject()
            || self.certificate.issuer.eq_ignore_ascii_case(&issuer.certificate.subject);
        is_named && self.is_key_of(issuer)
    }
}

/// Whether the salt of an RSASSA-PSS signature is as long as its hash value. Other lengths are allowed (RFC 4055, section
/// 3.1), and openssl takes the longest for a key that is for RSASSA-PSS alone.
fn has_usual_salt(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    let parameters = algorithm.parameters.as_ref().and_then(|any| RsaSsaPssParams::try_from(any).ok());
    parameters.is_some_and(|parameters| {
        let hash_bytes = match parameters.hash_algorithm_oid().to_id_string().as_str() {
            "2.16.840.1.101.3.4.2.1" => 32,
            "2.16.840.1.101.3.4.2.2" => 48,
            "2.16.840.1.101.3.4.2.3" => 64,
            _ => return false,
        };
        parameters.salt_length() == hash_bytes
    })
}
