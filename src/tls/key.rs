//! Private keys: whether one belongs to a certificate, and who can read its file.
//!
//! Only answers leave this file and [`key_file`](super::key_file); the bytes of a key are wiped as soon as it is
//! compared. What is compared is the public half, as OpenSSL's `X509_check_private_key` does.

use std::path::Path;

use x509_parser::der_parser::asn1_rs::{Any, Class, FromBer, Tag};
use x509_parser::oid_registry as oid;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;
use zeroize::Zeroizing;

use super::certificate::{Certificate, Curve, KeyKind};
use super::chain::Place;
use super::key_file::{KeyBlock, KeyForm, Passwords, read_key};
use super::link::Link;
use super::problem::{CertificateProblem, stops_nginx};
use crate::source::{FileSystem, MAX_CERTIFICATE_BYTES, ReadError};

/// Whether a private key belongs to a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// It does.
    Matches,
    /// It is another certificate's.
    Differs {
        /// What the key is.
        key: KeyKind,
        /// A later certificate of the same file that it belongs to.
        fits: Option<Place>,
    },
    /// There is no certificate to compare it with.
    Uncompared,
    /// It could not be compared.
    Unusable(KeyProblem),
}

/// Why a private key is of no use, or cannot be judged.
///
/// The text says what is wrong and leaves the name of the file to the message around it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// No bytes, or only white space.
    #[error("it is empty")]
    Empty,
    /// A certificate where the key should be.
    #[error("it holds a certificate and no private key")]
    CertificateOnly,
    /// A public key where the private one should be.
    #[error("it holds a public key and no private key")]
    PublicKeyOnly,
    /// A key in the format of OpenSSH.
    #[error("it holds a key in OpenSSH's format, which nginx does not read")]
    OpenSsh,
    /// PEM, but of other things.
    #[error("it holds `BEGIN {label}` and no private key")]
    OtherOnly {
        /// The label of the first block.
        label: Box<str>,
    },
    /// A key or a container in its binary form.
    #[error("it is in DER form; nginx reads PEM only")]
    Der,
    /// Neither PEM nor anything else that is known.
    #[error("it is not a PEM file: it has no line `-----BEGIN … PRIVATE KEY-----`")]
    NotPem,
    /// Its PEM is damaged.
    #[error(transparent)]
    Damaged(Box<CertificateProblem>),
    /// The decoded bytes are no private key.
    #[error("the PEM block that begins on line {line} holds no private key")]
    BadDer {
        /// The line of its `-----BEGIN`.
        line: u32,
    },
    /// It is encrypted, and there is no `ssl_password_file`.
    #[error("it is encrypted, and no file of passwords is in effect")]
    NeedsPassword,
    /// It is encrypted, and no password of the `ssl_password_file` opens it.
    #[error("it is encrypted, and {}", wrong_passwords(*tried))]
    WrongPassword {
        /// How many there are.
        tried: usize,
    },
    /// The `ssl_password_file` cannot be read.
    #[error("it needs the file of passwords, which cannot be read: {0}")]
    UnreadablePasswords(ReadError),
    /// It is encrypted in a way that this program does not know. nginx may.
    #[error("it is encrypted with {0}, which ngxlint does not open")]
    UnsupportedEncryption(Box<str>),
    /// A kind of key that this program cannot compare. nginx may.
    #[error("it is a key of a kind that ngxlint does not compare: {0}")]
    UnsupportedKey(Box<str>),
}

fn wrong_passwords(tried: usize) -> String {
    match tried {
        0 => "its file holds no password".to_owned(),
        1 => "the password of its file does not open it".to_owned(),
        _ => format!("none of the {tried} passwords of its file opens it"),
    }
}

impl KeyProblem {
    /// Whether nginx certainly does not start with this key.
    #[must_use]
    pub fn stops_nginx(&self) -> bool {
        match self {
            KeyProblem::Unreadable(error) | KeyProblem::UnreadablePasswords(error) => stops_nginx(error),
            // It asks for the password where it has a terminal.
            KeyProblem::NeedsPassword | KeyProblem::UnsupportedEncryption(_) | KeyProblem::UnsupportedKey(_) => false,
            _ => true,
        }
    }

    /// Whether the file holds a private key all the same.
    pub(super) fn is_of_key(&self) -> bool {
        self.is_unsupported()
            || matches!(
                self,
                KeyProblem::NeedsPassword
                    | KeyProblem::WrongPassword { .. }
                    | KeyProblem::UnreadablePasswords(_)
                    | KeyProblem::Der
                    | KeyProblem::OpenSsh
            )
    }

    /// Whether this program, and not nginx, is at its end.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(self, KeyProblem::UnsupportedEncryption(_) | KeyProblem::UnsupportedKey(_))
    }
}

impl KeyState {
    /// Reads the key at `path` and compares it with the first of `certificates`; where there is none, it is only read.
    #[must_use]
    pub fn of_file(
        files: &dyn FileSystem,
        path: &Path,
        password_file: Option<&Path>,
        certificates: &[Certificate],
    ) -> KeyState {
        let text = match files.read(path, MAX_CERTIFICATE_BYTES) {
            Ok(text) => Zeroizing::new(text),
            Err(error) => return KeyState::Unusable(error.into()),
        };
        let passwords = match password_file.map(|path| Passwords::read(files, path)).transpose() {
            Ok(passwords) => passwords,
            Err(error) => return KeyState::Unusable(KeyProblem::UnreadablePasswords(error)),
        };
        KeyState::of_text(&text, passwords.as_ref(), certificates)
    }

    /// The same for the text of a file.
    #[must_use]
    pub fn of_text(text: &[u8], passwords: Option<&Passwords>, certificates: &[Certificate]) -> KeyState {
        let compare = |block: KeyBlock| {
            let key = PrivateKey::of(&block).ok_or(KeyProblem::BadDer { line: block.line })?;
            let belongs_to = |certificate| {
                Link::open(certificate).map_or(Ok(true), |link| key.belongs_to(link.parsed().public_key()))
            };
            match certificates.first().map(belongs_to).transpose()? {
                None => Ok(KeyState::Uncompared),
                Some(true) => Ok(KeyState::Matches),
                Some(false) => {
                    let mut others = certificates.iter().enumerate().skip(1);
                    let fitting = others.find(|(_, certificate)| belongs_to(certificate) == Ok(true));
                    let fits = fitting.map(|(index, certificate)| Place { index, line: certificate.line });
                    Ok(KeyState::Differs { key: key.kind(), fits })
                }
            }
        };
        let is_key = |block: &KeyBlock| PrivateKey::of(block).is_some();
        read_key(text, passwords, is_key).and_then(compare).unwrap_or_else(KeyState::Unusable)
    }
}

/// What is looked at of a private key; it borrows from the bytes of the key.
enum PrivateKey<'a> {
    Rsa {
        modulus: &'a [u8],
        exponent: &'a [u8],
        is_pss: bool,
    },
    /// The curve is nothing where its parameters are written out.
    Ec {
        curve: Option<Curve>,
        private: &'a [u8],
        public: Option<&'a [u8]>,
    },
    Ed25519 {
        seed: &'a [u8; 32],
    },
    Other(KeyKind),
}

impl<'a> PrivateKey<'a> {
    fn of(block: &'a KeyBlock) -> Option<PrivateKey<'a>> {
        match block.form {
            KeyForm::Rsa => PrivateKey::parse_rsa(&block.der, false),
            KeyForm::Ec => PrivateKey::parse_ec(&block.der, None),
            KeyForm::Dsa => Some(PrivateKey::Other(KeyKind::Dsa)),
            KeyForm::Pkcs8 => PrivateKey::parse_pkcs8(&block.der),
        }
    }

    /// RSAPrivateKey ::= SEQUENCE { version, modulus, publicExponent, six more INTEGERs, … }
    fn parse_rsa(der: &'a [u8], is_pss: bool) -> Option<PrivateKey<'a>> {
        match &fields(der)?[..] {
            [_, modulus, exponent, others @ ..] if others.len() >= 6 => {
                others.iter().take(6).all(|field| integer(field).is_some()).then_some(())?;
                let (modulus, exponent) = (integer(modulus)?, integer(exponent)?);
                Some(PrivateKey::Rsa { modulus, exponent, is_pss })
            }
            _ => None,
        }
    }

    /// ECPrivateKey ::= SEQUENCE { version, privateKey, [0] parameters OPTIONAL, [1] publicKey OPTIONAL }
    fn parse_ec(der: &'a [u8], parameters: Option<Any<'a>>) -> Option<PrivateKey<'a>> {
        let fields = fields(der)?;
        let [_, private, rest @ ..] = &fields[..] else { return None };
        let private = Some(private).filter(|any| any.tag() == Tag::OctetString)?.data;
        let tagged = |number| {
            let field = rest.iter().find(|any| any.class() == Class::ContextSpecific && any.tag() == Tag(number))?;
            Any::from_ber(field.data).ok().map(|(_, any)| any)
        };
        let curve = Curve::named(&parameters.or_else(|| tagged(0))?);
        let bits = tagged(1).filter(|any| any.tag() == Tag::BitString);
        // The first byte counts unused bits.
        let public = bits.and_then(|bits| bits.data.split_first()).map(|(_, point)| point);
        Some(PrivateKey::Ec { curve, private, public })
    }

    /// PrivateKeyInfo ::= SEQUENCE { version, SEQUENCE { algorithm, parameters }, privateKey OCTET STRING, … }
    fn parse_pkcs8(der: &'a [u8]) -> Option<PrivateKey<'a>> {
        let all = fields(der)?;
        let [_, algorithm, private, ..] = &all[..] else { return None };
        if algorithm.tag() != Tag::Sequence || private.tag() != Tag::OctetString {
            return None;
        }
        let private = private.data;
        let (rest, algorithm) = Any::from_ber(algorithm.data).ok()?;
        let algorithm = algorithm.as_oid().ok()?;
        if algorithm == oid::OID_PKCS1_RSAENCRYPTION || algorithm == oid::OID_PKCS1_RSASSAPSS {
            PrivateKey::parse_rsa(private, algorithm == oid::OID_PKCS1_RSASSAPSS)
        } else if algorithm == oid::OID_KEY_TYPE_EC_PUBLIC_KEY {
            let (_, parameters) = Any::from_ber(rest).ok()?;
            PrivateKey::parse_ec(private, Some(parameters))
        } else if algorithm == oid::OID_SIG_ED25519 {
            let (_, seed) = Any::from_ber(private).ok()?;
            Some(PrivateKey::Ed25519 { seed: seed.data.try_into().ok()? })
        } else if algorithm == oid::OID_SIG_ED448 {
            Some(PrivateKey::Other(KeyKind::Ed448))
        } else if algorithm == oid::OID_KEY_TYPE_DSA {
            Some(PrivateKey::Other(KeyKind::Dsa))
        } else {
            Some(PrivateKey::Other(KeyKind::Other))
        }
    }

    fn kind(&self) -> KeyKind {
        match self {
            PrivateKey::Rsa { modulus, is_pss, .. } => KeyKind::of_rsa(modulus, *is_pss),
            PrivateKey::Ec { curve, .. } => KeyKind::Ec(curve.unwrap_or(Curve::Other)),
            PrivateKey::Ed25519 { .. } => KeyKind::Ed25519,
            PrivateKey::Other(kind) => *kind,
        }
    }

    fn belongs_to(&self, key: &SubjectPublicKeyInfo<'_>) -> Result<bool, KeyProblem> {
        let wanted = &*key.subject_public_key.data;
        let unsupported = |what: &str| KeyProblem::UnsupportedKey(what.into());
        match (self, KeyKind::of(key)) {
            (PrivateKey::Rsa { modulus, exponent, is_pss: false }, KeyKind::Rsa { .. })
            | (PrivateKey::Rsa { modulus, exponent, is_pss: true }, KeyKind::RsaPss { .. }) => {
                let (_, wanted) = RSAPublicKey::from_der(wanted).map_err(|_| unsupported("RSA"))?;
                let same = |own: &[u8], wanted: &[u8]| without_zeros(own) == without_zeros(wanted);
                Ok(same(modulus, wanted.modulus) && same(exponent, wanted.exponent))
            }
            (PrivateKey::Ec { curve, private, public }, KeyKind::Ec(_)) => {
                let wanted_curve = key.algorithm.parameters.as_ref().and_then(Curve::named);
                if curve.is_some() && wanted_curve.is_some() && *curve != wanted_curve {
                    return Ok(false);
                }
                // Parameters that are written out may be those of the curve that the other side names. Where they are
                // not, neither are the points the same.
                match (public, curve.or(wanted_curve)) {
                    (Some(public), _) => Ok(is_same_point(public, wanted)),
                    (None, curve) => is_ec_pair(curve.unwrap_or(Curve::Other), private, wanted)
                        .ok_or_else(|| unsupported("EC without its public half, on a curve that it does not know")),
                }
            }
            (PrivateKey::Ed25519 { seed }, KeyKind::Ed25519) => {
                let key = ed25519_dalek::SigningKey::from_bytes(seed);
                Ok(key.verifying_key().as_bytes() == wanted)
            }
            (PrivateKey::Other(own), kind) if *own == kind => Err(unsupported(&own.to_string())),
            (PrivateKey::Other(KeyKind::Other), _) | (_, KeyKind::Other) => Err(unsupported("an unknown algorithm")),
            _ => Ok(false),
        }
    }
}

/// The fields of a sequence, as OpenSSL would read them: BER.
fn fields(der: &[u8]) -> Option<Vec<Any<'_>>> {
    let (_, sequence) = Any::from_ber(der).ok().filter(|(_, any)| any.tag() == Tag::Sequence)?;
    let mut fields = Vec::new();
    let mut rest = sequence.data;
    // No private key has more.
    while !rest.is_empty() && fields.len() < 16 {
        let (next, field) = Any::from_ber(rest).ok()?;
        fields.push(field);
        rest = next;
    }
    Some(fields)
}

fn integer<'a>(field: &Any<'a>) -> Option<&'a [u8]> {
    (field.tag() == Tag::Integer).then_some(field.data)
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Whether two points of a curve are the same, however they are written.
fn is_same_point(one: &[u8], other: &[u8]) -> bool {
    let is_same_form = one.first() == other.first();
    if is_same_form { one == other } else { point(one).is_some() && point(one) == point(other) }
}

/// A point of a curve by its first coordinate and whether the second is odd, however it is written (SEC 1, section 2.3.3).
fn point(bytes: &[u8]) -> Option<(&[u8], bool)> {
    let (form, rest) = bytes.split_first()?;
    match form {
        2 | 3 => Some((rest, *form == 3)),
        4 | 6 | 7 => Some((rest.get(..rest.len() / 2)?, rest.last()? & 1 == 1)),
        _ => None,
    }
}

/// Whether a private number and a public point belong together; nothing for other curves, and for numbers out of range.
fn is_ec_pair(curve: Curve, private: &[u8], public: &[u8]) -> Option<bool> {
    macro_rules! is_pair {
        ($curve:ident) => {{
            let own = $curve::SecretKey::from_slice(private).ok()?.public_key();
            Some($curve::PublicKey::from_sec1_bytes(public).is_ok_and(|public| public == own))
        }};
    }
    match curve {
        Curve::P256 => is_pair!(p256),
        Curve::P384 => is_pair!(p384),
        Curve::P521 => is_pair!(p521),
        Curve::Brainpool | Curve::Secp256k1 | Curve::P224 | Curve::Other => None,
    }
}
