//! Parameters of Diffie-Hellman key exchange, as `ssl_dhparam` names them.

use std::path::Path;

use x509_parser::der_parser::asn1_rs::{Any, FromBer, Tag};

use super::certificate::bit_length;
use super::file_problem::{FileProblem, read_blocks};
use crate::source::{FileSystem, MAX_CERTIFICATE_BYTES};

/// PKCS#3, and ANSI X9.42 (RFC 3279, section 2.3.3); in both the prime comes first.
const LABELS: &[&str] = &["DH PARAMETERS", "X9.42 DH PARAMETERS"];

/// The length of the prime in bits.
///
/// # Errors
/// [`FileProblem`], where nginx would find no parameters in the file. Zero where they are there but could not be read.
pub fn dh_prime_bits(files: &dyn FileSystem, path: &Path) -> Result<u32, FileProblem> {
    parse(&files.read(path, MAX_CERTIFICATE_BYTES)?)
}

/// The same for the text of a file, of which the first parameters count.
fn parse(text: &[u8]) -> Result<u32, FileProblem> {
    let blocks = read_blocks(text, LABELS, 1)?;
    let Some(block) = blocks.first() else { return Err(FileProblem::Empty) };
    match Any::from_ber(&block.data) {
        Ok((_, parameters)) if parameters.tag() == Tag::Sequence => Ok(prime_bits(parameters.data).unwrap_or(0)),
        _ => Err(FileProblem::BadDer { line: block.line }),
    }
}

fn prime_bits(fields: &[u8]) -> Option<u32> {
    let (_, prime) = Any::from_ber(fields).ok()?;
    (prime.tag() == Tag::Integer).then(|| bit_length(prime.data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::der::tlv;
    use crate::tls::forged::pem;

    #[test]
    fn the_first_parameters_count() {
        let block = |label: &str, der: &[u8]| pem(label, der, 64);
        let parameters = |bits: usize| {
            let mut prime = vec![0xff; bits / 8];
            prime.insert(0, 0);
            tlv(0x30, &[tlv(0x02, &prime), tlv(0x02, &[2])].concat())
        };
        let dh = block(LABELS[0], &parameters(2048));
        let rows: [(&str, Result<u32, &str>); 7] = [
            (&dh, Ok(2048)),
            (&block(LABELS[1], &parameters(1024)), Ok(1024)),
            (&format!("{}{dh}-----BEGIN damaged", block("EC PARAMETERS", &[6, 1, 1])), Ok(2048)),
            (&block(LABELS[0], &tlv(0x30, &[])), Ok(0)),
            (&block(LABELS[0], &[6, 1, 1]), Err("the PEM block that begins on line 1 does not hold what it says")),
            (&block("CERTIFICATE", &[6, 1, 1]), Err("it holds `BEGIN CERTIFICATE` and no `BEGIN DH PARAMETERS`")),
            ("", Err("it is empty")),
        ];
        for (text, expected) in rows {
            let found = parse(text.as_bytes()).map_err(|problem| problem.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{text}");
        }
    }
}
