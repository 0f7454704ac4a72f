//! Certificates for tests, byte by byte, so that they can be wrong. Their signatures are not valid.

use std::fmt::Write;

pub(super) use super::der::tlv;

pub(super) const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";
pub(super) const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
pub(super) const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
pub(super) const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const ECDSA_WITH_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
const COMMON_NAME: &[u8] = b"\x55\x04\x03";

/// The generator of P-256, so that a real nginx takes the key.
const P256_POINT: &[u8] = b"\x04\
    \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
    \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

/// What tests change in a certificate.
pub(super) struct Fields {
    /// The bytes of the INTEGER.
    pub(super) serial: Vec<u8>,
    /// The whole Name.
    pub(super) subject: Vec<u8>,
    /// The whole Time.
    pub(super) not_after: Vec<u8>,
    /// The whole SubjectPublicKeyInfo.
    pub(super) key: Vec<u8>,
    /// Whole Extensions.
    pub(super) extensions: Vec<Vec<u8>>,
}

impl Default for Fields {
    fn default() -> Fields {
        Fields {
            serial: vec![1],
            subject: common_name(0x0c, b"a.test"),
            not_after: tlv(0x17, b"490101000000Z"),
            key: public_key(EC, &tlv(6, b"\x2a\x86\x48\xce\x3d\x03\x01\x07"), P256_POINT),
            extensions: vec![extension(SUBJECT_ALT_NAME, &dns_names(&[b"a.test", b"*.b.test"]))],
        }
    }
}

pub(super) fn certificate(fields: &Fields) -> Vec<u8> {
    let algorithm = tlv(0x30, &tlv(6, ECDSA_WITH_SHA256));
    let extensions = fields.extensions.concat();
    let tbs = [
        tlv(0xa0, b"\x02\x01\x02"),
        tlv(2, &fields.serial),
        algorithm.clone(),
        common_name(0x0c, b"Test CA"),
        tlv(0x30, &[tlv(0x17, b"250101000000Z"), fields.not_after.clone()].concat()),
        fields.subject.clone(),
        fields.key.clone(),
        if extensions.is_empty() { Vec::new() } else { tlv(0xa3, &tlv(0x30, &extensions)) },
    ];
    let signature = tlv(3, b"\0\x30\x06\x02\x01\x01\x02\x01\x01");
    tlv(0x30, &[tlv(0x30, &tbs.concat()), algorithm, signature].concat())
}

/// A Name of one common name, a string with this tag.
pub(super) fn common_name(tag: u8, text: &[u8]) -> Vec<u8> {
    let attribute = [tlv(6, COMMON_NAME), tlv(tag, text)].concat();
    tlv(0x30, &tlv(0x31, &tlv(0x30, &attribute)))
}

pub(super) fn extension(oid: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(6, oid), tlv(4, value)].concat())
}

/// GeneralNames of dNSNames.
pub(super) fn dns_names(names: &[&[u8]]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|name| tlv(0x82, name)).collect();
    tlv(0x30, &names.concat())
}

pub(super) fn public_key(algorithm: &[u8], parameters: &[u8], key: &[u8]) -> Vec<u8> {
    let algorithm = tlv(0x30, &[&tlv(6, algorithm), parameters].concat());
    tlv(0x30, &[algorithm, tlv(3, &[b"\0", key].concat())].concat())
}

/// An RSAPublicKey whose modulus has this many bits.
pub(super) fn rsa_key(bits: usize) -> Vec<u8> {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] = 0xff >> (modulus.len() * 8 - bits);
    if bits.is_multiple_of(8) {
        modulus.insert(0, 0);
    }
    tlv(0x30, &[tlv(2, &modulus), tlv(2, b"\x01\0\x01")].concat())
}

/// A block of base64 in lines of `width` characters.
pub(super) fn pem(label: &str, der: &[u8], width: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut characters = String::new();
    for group in der.chunks(3) {
        let bits = group.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let sextet = bits >> (18 - 6 * place) & 0x3f;
            characters.push(if place > group.len() { '=' } else { char::from(ALPHABET[sextet as usize]) });
        }
    }
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in characters.as_bytes().chunks(width) {
        writeln!(text, "{}", std::str::from_utf8(line).unwrap()).unwrap();
    }
    writeln!(text, "-----END {label}-----").unwrap();
    text
}
