//! Private key files as nginx reads them: which block counts, and how it is decrypted.
//!
//! Whatever holds a key or a password here is wiped when it is dropped, and nothing of it is ever shown.

use std::fmt;
use std::path::Path;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use md5::{Digest, Md5};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5;
use pkcs8::pkcs5::pbes2;
use x509_parser::der_parser::asn1_rs::{Any, FromBer, Tag};
use zeroize::Zeroizing;

use super::key::KeyProblem;
use super::names::printable;
use super::pem::{PemBlock, PemReader};
use crate::source::{FileSystem, MAX_CERTIFICATE_BYTES, ReadError};

/// Rounds of PBKDF2 that are worked through for one password; openssl makes 2048, OWASP recommends 1.3 million at most.
const MAX_ROUNDS: u32 = 2_000_000;

/// The same for all passwords of a file: some seconds.
const MAX_ALL_ROUNDS: u64 = 10_000_000;

/// Memory for scrypt: OpenSSL's own limit (SCRYPT_MAX_MEM in its crypto/evp/pbe_scrypt.c).
const MAX_SCRYPT_BYTES: u64 = 32 << 20;

/// Memory that scrypt goes through for all passwords of a file: some seconds.
const MAX_ALL_SCRYPT_BYTES: u64 = 2 << 30;

/// Passwords that are tried on one key.
const MAX_PASSWORDS: usize = 100;

/// What is in a private key file, decrypted where that was needed.
pub(super) struct KeyBlock {
    pub(super) form: KeyForm,
    /// The line of its `-----BEGIN`.
    pub(super) line: u32,
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// How a private key is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyForm {
    /// PKCS#1 (RFC 8017, appendix A.1.2).
    Rsa,
    /// SEC1 (RFC 5915).
    Ec,
    /// OpenSSL's own.
    Dsa,
    /// PKCS#8 (RFC 5958), any algorithm.
    Pkcs8,
}

/// The passwords of an `ssl_password_file`.
#[derive(Default)]
pub struct Passwords(Vec<Zeroizing<Vec<u8>>>);

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passwords", self.0.len())
    }
}

impl Passwords {
    /// Reads the file as `ngx_ssl_read_password_file` does: one password a line, empty lines are skipped.
    ///
    /// # Errors
    /// [`ReadError`] when it cannot be read.
    pub fn read(files: &dyn FileSystem, path: &Path) -> Result<Passwords, ReadError> {
        let text = Zeroizing::new(files.read(path, MAX_CERTIFICATE_BYTES)?);
        let lines = text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let passwords = lines.filter(|line| !line.is_empty()).take(MAX_PASSWORDS);
        Ok(Passwords(passwords.map(|line| Zeroizing::new(line.to_vec())).collect()))
    }

    /// The passwords for an encrypted key, one at least. Whether there are any comes before what can be done with them.
    fn of_encrypted_key(passwords: Option<&Passwords>) -> Result<&Passwords, KeyProblem> {
        match passwords {
            None => Err(KeyProblem::NeedsPassword),
            Some(passwords) if passwords.0.is_empty() => Err(KeyProblem::WrongPassword { tried: 0 }),
            Some(passwords) => Ok(passwords),
        }
    }
}

/// Reads the private key that nginx would take from the text of a file: the first one for which `is_key` holds. OpenSSL
/// goes on behind what it cannot read, from 3.0; before, it ended there.
pub(super) fn read_key(
    text: &[u8],
    passwords: Option<&Passwords>,
    is_key: impl Fn(&KeyBlock) -> bool,
) -> Result<KeyBlock, KeyProblem> {
    let mut first_other = None;
    let mut first_problem = None;
    let mut reader = PemReader::new(text);
    loop {
        let block = match reader.next() {
            Some(Ok(block)) => block,
            end => {
                let problem = end.and_then(Result::err).map(|problem| KeyProblem::Damaged(Box::new(problem)));
                first_problem = first_problem.or(problem);
                if reader.resume() {
                    continue;
                }
                return Err(first_problem.unwrap_or_else(|| problem_without_key(text, first_other)));
            }
        };
        let line = block.line;
        let key = match block.label {
            b"PRIVATE KEY" => plain_or_legacy(block, KeyForm::Pkcs8, passwords),
            b"ENCRYPTED PRIVATE KEY" => decrypt_pkcs8(&block, passwords),
            b"RSA PRIVATE KEY" => plain_or_legacy(block, KeyForm::Rsa, passwords),
            b"EC PRIVATE KEY" => plain_or_legacy(block, KeyForm::Ec, passwords),
            b"DSA PRIVATE KEY" => plain_or_legacy(block, KeyForm::Dsa, passwords),
            other => {
                first_other.get_or_insert(other);
                continue;
            }
        };
        match key {
            Ok(block) if !is_key(&block) => first_problem = first_problem.or(Some(KeyProblem::BadDer { line })),
            Err(problem @ (KeyProblem::BadDer { .. } | KeyProblem::Damaged(_))) => {
                first_problem = first_problem.or(Some(problem));
            }
            found => return found,
        }
    }
}

/// A block that is not encrypted, or in the way of RFC 1421, with header lines.
fn plain_or_legacy(block: PemBlock<'_>, form: KeyForm, passwords: Option<&Passwords>) -> Result<KeyBlock, KeyProblem> {
    let line = block.line;
    let Some(problem) = block.headers else { return Ok(KeyBlock { form, line, der: block.data }) };
    let header = |name: &[u8]| block.header_lines.iter().find_map(|text| text.strip_prefix(name));
    if header(b"Proc-Type:").is_none_or(|value| value.trim_ascii() != b"4,ENCRYPTED") {
        return Err(KeyProblem::Damaged(Box::new(problem)));
    }
    let passwords = Passwords::of_encrypted_key(passwords)?;
    let cipher = header(b"DEK-Info:").and_then(LegacyCipher::parse);
    let cipher = cipher.ok_or(KeyProblem::UnsupportedEncryption("a cipher of its DEK-Info line".into()))?;
    let der = try_passwords(passwords, |password| Ok(cipher.decrypt(password, &block.data)))?;
    Ok(KeyBlock { form, line, der })
}

/// The first decryption that gives a DER sequence.
fn try_passwords(
    passwords: &Passwords,
    decrypt: impl Fn(&[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, KeyProblem>,
) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    for password in &passwords.0 {
        if let Some(der) = decrypt(password)?.filter(|der| is_sequence(der)) {
            return Ok(der);
        }
    }
    Err(KeyProblem::WrongPassword { tried: passwords.0.len() })
}

fn is_sequence(der: &[u8]) -> bool {
    Any::from_ber(der).is_ok_and(|(_, any)| any.tag() == Tag::Sequence)
}

fn decrypt_pkcs8(block: &PemBlock<'_>, passwords: Option<&Passwords>) -> Result<KeyBlock, KeyProblem> {
    let line = block.line;
    if !is_sequence(&block.data) {
        return Err(KeyProblem::BadDer { line });
    }
    let passwords = Passwords::of_encrypted_key(passwords)?;
    let unsupported = |what: String| KeyProblem::UnsupportedEncryption(what.into());
    // Most of the old schemes are not even read by pkcs5.
    let info = EncryptedPrivateKeyInfoRef::try_from(block.data.as_slice())
        .map_err(|_| unsupported("a scheme other than PBES2".into()))?;
    let scheme = &info.encryption_algorithm;
    let Some(parameters) = scheme.pbes2() else { return Err(unsupported("PBES1".into())) };
    if let Some(reason) = too_costly(&parameters.kdf, passwords.0.len()) {
        return Err(unsupported(reason));
    }
    let der = try_passwords(passwords, |password| match scheme.decrypt(password, info.encrypted_data.as_bytes()) {
        Ok(der) => Ok(Some(Zeroizing::new(der))),
        Err(pkcs5::Error::DecryptFailed | pkcs5::Error::EncryptFailed) => Ok(None),
        Err(error) => Err(unsupported(error.to_string())),
    })?;
    Ok(KeyBlock { form: KeyForm::Pkcs8, line, der })
}

/// Why so many passwords are not even tried.
fn too_costly(kdf: &pbes2::Kdf, passwords: usize) -> Option<String> {
    let passwords = passwords as u64;
    match kdf {
        pbes2::Kdf::Pbkdf2(parameters) => {
            let rounds = parameters.iteration_count;
            (rounds > MAX_ROUNDS || passwords.saturating_mul(rounds.into()) > MAX_ALL_ROUNDS)
                .then(|| format!("PBKDF2 with {rounds} rounds"))
        }
        pbes2::Kdf::Scrypt(parameters) => {
            let block = u64::from(parameters.block_size).saturating_mul(128);
            let cost = block.saturating_mul(parameters.cost_parameter);
            let times = u64::from(parameters.parallelization);
            let memory = cost.saturating_add(block.saturating_mul(times));
            let all = cost.saturating_mul(times).saturating_mul(passwords);
            (memory > MAX_SCRYPT_BYTES || all > MAX_ALL_SCRYPT_BYTES)
                .then(|| format!("scrypt with {} MiB of memory, {times} times", memory >> 20))
        }
        _ => None,
    }
}

/// A cipher of a `DEK-Info` line (RFC 1423), and its initialization vector.
struct LegacyCipher {
    kind: LegacyKind,
    iv: Vec<u8>,
}

#[derive(Clone, Copy)]
enum LegacyKind {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
}

impl LegacyCipher {
    fn parse(value: &[u8]) -> Option<LegacyCipher> {
        let value = std::str::from_utf8(value).ok()?;
        let (name, iv) = value.trim().split_once(',')?;
        let kind = match name {
            "AES-128-CBC" => LegacyKind::Aes128,
            "AES-192-CBC" => LegacyKind::Aes192,
            "AES-256-CBC" => LegacyKind::Aes256,
            "DES-EDE3-CBC" => LegacyKind::TripleDes,
            _ => return None,
        };
        let digits = iv.trim().as_bytes().chunks(2);
        let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let iv: Vec<u8> = bytes.collect::<Option<_>>()?;
        (iv.len() == kind.iv_length()).then_some(LegacyCipher { kind, iv })
    }

    fn decrypt(&self, password: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let key = bytes_to_key(password, self.iv.get(..8)?, self.kind.key_length());
        let mut buffer = Zeroizing::new(data.to_vec());
        let length = match self.kind {
            LegacyKind::Aes128 => decrypt_cbc::<cbc::Decryptor<aes::Aes128>>(&key, &self.iv, &mut buffer),
            LegacyKind::Aes192 => decrypt_cbc::<cbc::Decryptor<aes::Aes192>>(&key, &self.iv, &mut buffer),
            LegacyKind::Aes256 => decrypt_cbc::<cbc::Decryptor<aes::Aes256>>(&key, &self.iv, &mut buffer),
            LegacyKind::TripleDes => decrypt_cbc::<cbc::Decryptor<des::TdesEde3>>(&key, &self.iv, &mut buffer),
        }?;
        buffer.truncate(length);
        Some(buffer)
    }
}

impl LegacyKind {
    fn key_length(self) -> usize {
        match self {
            LegacyKind::Aes128 => 16,
            LegacyKind::Aes192 | LegacyKind::TripleDes => 24,
            LegacyKind::Aes256 => 32,
        }
    }

    fn iv_length(self) -> usize {
        match self {
            LegacyKind::TripleDes => 8,
            _ => 16,
        }
    }
}

/// Decrypts in place; how many bytes are left without the padding.
fn decrypt_cbc<D: BlockModeDecrypt + KeyIvInit>(key: &[u8], iv: &[u8], buffer: &mut [u8]) -> Option<usize> {
    let decryptor = D::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded::<Pkcs7>(buffer).ok().map(<[u8]>::len)
}

/// OpenSSL's EVP_BytesToKey with MD5 and one round, which is how these keys are made.
fn bytes_to_key(password: &[u8], salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    // With room for the last digest, nothing is moved while it grows.
    let mut key = Zeroizing::new(Vec::with_capacity(length + 16));
    while key.len() < length {
        let mut hash = Md5::new();
        if let Some(last) = key.len().checked_sub(16) {
            hash.update(&key[last..]);
        }
        hash.update(password);
        hash.update(salt);
        key.extend_from_slice(&hash.finalize());
    }
    key.truncate(length);
    key
}

/// The problem of a file in which OpenSSL finds no private key.
fn problem_without_key(text: &[u8], first_other: Option<&[u8]>) -> KeyProblem {
    match first_other {
        Some(b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE") => KeyProblem::CertificateOnly,
        Some(b"PUBLIC KEY" | b"RSA PUBLIC KEY") => KeyProblem::PublicKeyOnly,
        Some(b"OPENSSH PRIVATE KEY") => KeyProblem::OpenSsh,
        Some(label) => KeyProblem::OtherOnly { label: printable(&String::from_utf8_lossy(label)) },
        None if text.trim_ascii().is_empty() => KeyProblem::Empty,
        None if is_sequence(text) => KeyProblem::Der,
        None => KeyProblem::NotPem,
    }
}
