//! One X.509 certificate: what rules ask of it.

use std::fmt;
use std::sync::Arc;

use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::der_parser::asn1_rs::{Any, Class, DerParser, Error as Asn1Error, SequenceIterator, Tag};
use x509_parser::error::X509Error;
use x509_parser::extensions::{BasicConstraints, GeneralName};
use x509_parser::nom::{Err, Parser};
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::oid_registry as oid;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

use super::link::Link;
use super::names::{CertificateName, CertificateNames, Host, printable};
use super::validity::{UnixTime, Validity};

/// A certificate: what rules ask of it, and its bytes for what is asked seldom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    names: CertificateNames,
    /// The last common name of the subject, for messages only: no client looks for a host in it (RFC 9525, section 2).
    pub common_name: Option<Box<str>>,
    /// The subject, as in `C=DE, O=Shop, CN=shop.example`; empty for the empty name.
    pub subject: Box<str>,
    /// The issuer, in the same form.
    pub issuer: Box<str>,
    /// The serial number in hexadecimal, as openssl writes it; negative ones as their two's complement.
    pub serial: Box<str>,
    /// When it is valid.
    pub validity: Validity,
    /// The kind of its public key.
    pub key: KeyKind,
    /// Whether it says that it is a certificate authority's.
    pub is_ca: bool,
    /// Whether subject and issuer are the same, as in self-signed certificates.
    pub is_self_issued: bool,
    /// The line of its `-----BEGIN` in the file.
    pub line: u32,
    /// Its bytes.
    pub(super) der: CertificateBytes,
}

/// The DER of a certificate, which all files that hold the same one can share.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct CertificateBytes(Arc<[u8]>);

impl AsRef<[u8]> for CertificateBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for CertificateBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// The kind and size of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA.
    Rsa {
        /// Length of the modulus.
        bits: u32,
    },
    /// RSA for RSASSA-PSS alone (RFC 4055, section 1.2), which to OpenSSL is another algorithm than RSA.
    RsaPss {
        /// Length of the modulus.
        bits: u32,
    },
    /// ECDSA.
    Ec(Curve),
    /// EdDSA with Curve25519.
    Ed25519,
    /// EdDSA with Curve448.
    Ed448,
    /// DSA.
    Dsa,
    /// Any other algorithm.
    Other,
}

/// A named elliptic curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256, prime256v1.
    P256,
    /// NIST P-384, secp384r1.
    P384,
    /// NIST P-521, secp521r1.
    P521,
    /// One of Brainpool's that TLS 1.3 has (RFC 8734): OpenSSL speaks it from 3.2 on, with TLS 1.3 alone; browsers do not.
    Brainpool,
    /// secp256k1, which no client offers of itself.
    Secp256k1,
    /// NIST P-224, secp224r1, which no client offers of itself.
    P224,
    /// Any other, or explicit parameters.
    Other,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyKind::Rsa { bits } => write!(f, "RSA {bits}"),
            KeyKind::RsaPss { bits } => write!(f, "RSA-PSS {bits}"),
            KeyKind::Ec(Curve::P256) => f.write_str("EC P-256"),
            KeyKind::Ec(Curve::P384) => f.write_str("EC P-384"),
            KeyKind::Ec(Curve::P521) => f.write_str("EC P-521"),
            KeyKind::Ec(Curve::Brainpool) => f.write_str("EC Brainpool"),
            KeyKind::Ec(Curve::Secp256k1) => f.write_str("EC secp256k1"),
            KeyKind::Ec(Curve::P224) => f.write_str("EC P-224"),
            KeyKind::Ec(Curve::Other) => f.write_str("EC"),
            KeyKind::Ed25519 => f.write_str("Ed25519"),
            KeyKind::Ed448 => f.write_str("Ed448"),
            KeyKind::Dsa => f.write_str("DSA"),
            KeyKind::Other => f.write_str("unknown key type"),
        }
    }
}

/// What the bytes of a certificate hold.
pub(super) struct ParsedCertificate<'a> {
    pub(super) certificate: Certificate,
    /// Whether there are subject alternative names that could not be read.
    pub(super) has_bad_names: bool,
    /// The bytes behind it.
    pub(super) rest: &'a [u8],
}

/// Why a certificate could not be read, in words.
pub(super) enum CertificateError {
    /// OpenSSL refuses it, too.
    Refused(Box<str>),
    /// OpenSSL is known to let such things pass.
    Malformed(Box<str>),
}

impl From<X509Error> for CertificateError {
    /// Which errors OpenSSL shares was found by changing certificates byte by byte (OpenSSL 3.0.19, 400,000 changes).
    fn from(error: X509Error) -> CertificateError {
        match error {
            X509Error::InvalidDate
            | X509Error::InvalidVersion
            | X509Error::InvalidSPKI
            | X509Error::InvalidSignatureValue => CertificateError::Malformed(error.to_string().into()),
            X509Error::Der(Asn1Error::DerConstraintFailed(_)) | X509Error::NomError(_) => {
                CertificateError::Malformed("invalid DER".into())
            }
            X509Error::Der(_) => CertificateError::Refused("its data is of another kind".into()),
            error => CertificateError::Refused(error.to_string().into()),
        }
    }
}

impl From<Err<X509Error>> for CertificateError {
    fn from(error: Err<X509Error>) -> CertificateError {
        X509Error::from(error).into()
    }
}

impl Certificate {
    /// Reads the DER of a certificate that stands on `line` of its file.
    pub(super) fn parse(der: &[u8], line: u32) -> Result<ParsedCertificate<'_>, CertificateError> {
        // Extensions are opened here one by one: a broken one must not hide the names.
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let (rest, parsed) = parser.parse(der)?;
        if !has_der_dates(parsed.tbs_certificate.as_ref()) {
            return Err(X509Error::InvalidDate.into());
        }
        if let Some(refusal) = openssl_refusal(&parsed) {
            return Err(CertificateError::Refused(refusal.into()));
        }
        let (mut names, mut is_ca, mut has_bad_names) = (None, false, false);
        for extension in parsed.extensions() {
            if extension.oid == oid::OID_X509_EXT_SUBJECT_ALT_NAME {
                match read_names(extension.value) {
                    Some(read) if names.is_none() => names = Some(read),
                    // Unreadable, or there twice, which RFC 5280 (section 4.2) forbids and clients refuse.
                    _ => has_bad_names = true,
                }
            } else if extension.oid == oid::OID_X509_EXT_BASIC_CONSTRAINTS {
                is_ca = BasicConstraints::from_der(extension.value).is_ok_and(|(_, constraints)| constraints.ca);
            }
        }
        let subject = parsed.subject();
        let certificate = Certificate {
            names: names.map(CertificateNames::new).unwrap_or_default(),
            common_name: subject.iter_common_name().last().map(|name| attribute_text(name.attr_value())),
            subject: name_text(subject),
            issuer: name_text(parsed.issuer()),
            serial: hexadecimal(parsed.raw_serial()),
            validity: Validity {
                not_before: UnixTime(parsed.validity().not_before.timestamp()),
                not_after: UnixTime(parsed.validity().not_after.timestamp()),
            },
            key: KeyKind::of(parsed.public_key()),
            is_ca,
            is_self_issued: subject.as_raw() == parsed.issuer().as_raw(),
            line,
            der: CertificateBytes(der.get(..der.len() - rest.len()).unwrap_or(der).into()),
        };
        Ok(ParsedCertificate { certificate, has_bad_names, rest })
    }

    /// Its bytes, in DER.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.der.as_ref()
    }

    /// The DNS and IP names among the subject alternative names, in the certificate's order.
    #[must_use]
    pub fn names(&self) -> &[CertificateName] {
        self.names.as_slice()
    }

    /// Whether a client that looks for `host` is content with this certificate's names (RFC 9525, section 6):
    /// `*` stands for exactly one whole label, the first; an address is only found among iPAddress
    /// names; the common name never counts.
    #[must_use]
    pub fn covers(&self, host: &Host) -> bool {
        self.find_covering(host).is_some()
    }

    /// The name by which [`covers`](Certificate::covers) says yes.
    #[must_use]
    pub fn find_covering(&self, host: &Host) -> Option<&CertificateName> {
        self.names.find_covering(host)
    }

    /// The first `count` names for a message, and how many more there are.
    #[must_use]
    pub fn names_text(&self, count: usize) -> String {
        let names: Vec<String> = self.names().iter().take(count).map(ToString::to_string).collect();
        match self.names().len().checked_sub(count) {
            _ if names.is_empty() => "no host at all (no subject alternative name)".to_owned(),
            None | Some(0) => names.join(", "),
            Some(more) => format!("{} and {more} more", names.join(", ")),
        }
    }

    /// The URL of the OCSP responder that speaks of it.
    #[must_use]
    pub fn ocsp_url(&self) -> Option<Box<str>> {
        Link::open(self)?.ocsp_url()
    }

    /// Whether its extended key usages leave out TLS clients (RFC 5280, section 4.2.1.12).
    #[must_use]
    pub fn excludes_clients(&self) -> bool {
        Link::open(self).is_some_and(|link| link.excludes_clients())
    }

    /// Whether it names `issuer` as the authority that signed it. The signature is not checked.
    #[must_use]
    pub fn names_issuer(&self, issuer: &Certificate) -> bool {
        Link::open(self).zip(Link::open(issuer)).is_some_and(|(link, issuer)| link.names(&issuer))
    }

    /// Why a name in it that people would take for `host` does not cover it; nothing where there is none, or another that
    /// does.
    #[must_use]
    pub fn near_miss(&self, host: &Host) -> Option<&'static str> {
        if self.covers(host) {
            return None;
        }
        self.names().iter().find_map(|name| name.near_miss(host))
    }

    /// Whether it has the wildcard `*.domain`, which covers every name one label below `domain`.
    #[must_use]
    pub fn has_wildcard_for(&self, domain: &Host) -> bool {
        domain.name().is_some_and(|domain| self.names.find_wildcard(domain).is_some())
    }
}

impl Curve {
    /// The curve that parameters name; nothing where they describe one, which may be any.
    pub(super) fn named(parameters: &Any<'_>) -> Option<Curve> {
        if parameters.tag() == Tag::Sequence {
            return None;
        }
        Some(match parameters.as_oid() {
            Ok(curve) if curve == oid::OID_EC_P256 => Curve::P256,
            Ok(curve) if curve == oid::OID_NIST_EC_P384 => Curve::P384,
            Ok(curve) if curve == oid::OID_NIST_EC_P521 => Curve::P521,
            Ok(curve) => Curve::unusual(&curve.to_id_string()),
            Err(_) => Curve::Other,
        })
    }
}

impl Curve {
    /// By its object identifier: SEC 2, appendix A; RFC 5639, section 4.1.
    fn unusual(oid: &str) -> Curve {
        match oid {
            "1.3.132.0.10" => Curve::Secp256k1,
            "1.3.132.0.33" => Curve::P224,
            "1.3.36.3.3.2.8.1.1.7" | "1.3.36.3.3.2.8.1.1.11" | "1.3.36.3.3.2.8.1.1.13" => Curve::Brainpool,
            _ => Curve::Other,
        }
    }

    /// Whether browsers know it.
    pub(super) fn is_usual(self) -> bool {
        matches!(self, Curve::P256 | Curve::P384 | Curve::P521)
    }
}

impl KeyKind {
    /// The algorithm alone, for a message: of each, OpenSSL keeps one certificate.
    #[must_use]
    pub fn algorithm(self) -> &'static str {
        match self {
            KeyKind::Rsa { .. } => "RSA",
            KeyKind::RsaPss { .. } => "RSA-PSS",
            KeyKind::Ec(_) => "EC",
            KeyKind::Ed25519 => "Ed25519",
            KeyKind::Ed448 => "Ed448",
            KeyKind::Dsa => "DSA",
            KeyKind::Other => "unknown",
        }
    }

    pub(super) fn of_rsa(modulus: &[u8], is_pss: bool) -> KeyKind {
        let bits = bit_length(modulus);
        if is_pss { KeyKind::RsaPss { bits } } else { KeyKind::Rsa { bits } }
    }

    pub(super) fn of(key: &SubjectPublicKeyInfo<'_>) -> KeyKind {
        let algorithm = &key.algorithm.algorithm;
        if *algorithm == oid::OID_PKCS1_RSAENCRYPTION || *algorithm == oid::OID_PKCS1_RSASSAPSS {
            match RSAPublicKey::from_der(&key.subject_public_key.data) {
                Ok((_, rsa)) => KeyKind::of_rsa(rsa.modulus, *algorithm == oid::OID_PKCS1_RSASSAPSS),
                Err(_) => KeyKind::Other,
            }
        } else if *algorithm == oid::OID_KEY_TYPE_EC_PUBLIC_KEY {
            KeyKind::Ec(key.algorithm.parameters.as_ref().and_then(Curve::named).unwrap_or(Curve::Other))
        } else if *algorithm == oid::OID_SIG_ED25519 {
            KeyKind::Ed25519
        } else if *algorithm == oid::OID_SIG_ED448 {
            KeyKind::Ed448
        } else if *algorithm == oid::OID_KEY_TYPE_DSA {
            KeyKind::Dsa
        } else {
            KeyKind::Other
        }
    }
}

/// The DNS and IP names in the value of a subjectAltName extension, one by one: there may be millions.
fn read_names(extension: &[u8]) -> Option<Box<[CertificateName]>> {
    let (_, sequence) = Any::from_der(extension).ok()?;
    sequence.tag().assert_eq(Tag::Sequence).ok()?;
    let mut names = Vec::new();
    let mut rest = sequence.data;
    while !rest.is_empty() {
        let (next, name) = GeneralName::from_der(rest).ok()?;
        names.extend(CertificateName::of_general_name(&name));
        rest = next;
    }
    Some(names.into())
}

/// Two upper-case digits a byte.
pub(super) fn hexadecimal(bytes: &[u8]) -> Box<str> {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0').to_ascii_uppercase();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect::<String>().into()
}

/// Whether both dates are written to the second and in UTC (RFC 5280, section 4.1.2.5), as clients want them; OpenSSL loads
/// others, too, more of them before 3.3, and then does not verify them (`X509_cmp_time`).
fn has_der_dates(tbs: &[u8]) -> bool {
    let is_der = |time: &Any<'_>| {
        let digits = match time.tag() {
            Tag::UtcTime => "YYMMDDhhmmss".len(),
            _ => "YYYYMMDDhhmmss".len(),
        };
        time.data.strip_suffix(b"Z").is_some_and(|text| text.len() == digits && text.iter().all(u8::is_ascii_digit))
    };
    let Ok((_, tbs)) = Any::from_der(tbs) else { return false };
    // TBSCertificate ::= SEQUENCE { [0] version, serialNumber, signature, issuer, validity, … }
    let is_version = |field: &Any<'_>| field.class() == Class::ContextSpecific;
    let validity = fields(tbs.data).skip_while(is_version).nth(3);
    validity.is_some_and(|validity| fields(validity.data).all(|time| is_der(&time)))
}

/// The fields of a sequence, up to the first that is none.
fn fields(content: &[u8]) -> impl Iterator<Item = Any<'_>> {
    SequenceIterator::<Any<'_>, DerParser>::new(content).map_while(Result::ok)
}

/// What OpenSSL minds in a certificate and x509-parser does not.
fn openssl_refusal(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    match certificate.raw_serial() {
        [] => return Some("its serial number is empty"),
        [0, 0..0x80, ..] | [0xff, 0x80..=0xff, ..] => return Some("its serial number is padded"),
        _ => {}
    }
    // Names are brought into a canonical form as they are read (`x509_name_canon`), which fails at these.
    let mut attributes = certificate.subject().iter_attributes().chain(certificate.issuer().iter_attributes());
    let has_bad_text = attributes.any(|attribute| {
        let value = attribute.attr_value();
        match value.tag() {
            Tag::Utf8String => std::str::from_utf8(value.data).is_err(),
            Tag::BmpString => value.data.len() % 2 != 0,
            Tag::UniversalString => value.data.len() % 4 != 0,
            _ => false,
        }
    });
    has_bad_text.then_some("its subject or issuer is not in the encoding that it names")
}

/// The length in bits of a positive big-endian number.
pub(super) fn bit_length(number: &[u8]) -> u32 {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    let Some((first, rest)) = number.get(zeros..).and_then(<[u8]>::split_first) else { return 0 };
    u32::try_from(rest.len())
        .map_or(u32::MAX, |bytes| bytes.saturating_mul(8).saturating_add(8 - first.leading_zeros()))
}

/// A distinguished name in its own order: `C=DE, O=Shop, CN=shop.example`.
pub(super) fn name_text(name: &X509Name<'_>) -> Box<str> {
    let mut text = String::new();
    for attribute in name.iter_attributes() {
        if !text.is_empty() {
            text.push_str(", ");
        }
        match oid2abbrev(attribute.attr_type(), oid_registry()) {
            Ok(kind) => text.push_str(kind),
            Err(_) => text.push_str(&attribute.attr_type().to_id_string()),
        }
        text.push('=');
        text.push_str(&attribute_text(attribute.attr_value()));
    }
    text.into()
}

/// The text of an attribute in whichever of ASN.1's string types it is, printable, at worst with replacement characters.
fn attribute_text(value: &Any<'_>) -> Box<str> {
    let text: String = match value.tag() {
        Tag::T61String => value.data.iter().map(|&byte| char::from(byte)).collect(), // in practice Latin-1
        Tag::BmpString => {
            let units = value.data.as_chunks().0.iter().map(|&unit| u16::from_be_bytes(unit));
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        Tag::UniversalString => {
            let units = value.data.as_chunks().0.iter().map(|&unit| u32::from_be_bytes(unit));
            units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => return printable(&String::from_utf8_lossy(value.data)),
    };
    printable(&text)
}
