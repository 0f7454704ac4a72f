//! OCSP responses, as `ssl_stapling_file` names them: RFC 6960, section 4.2.1.

use std::path::Path;

use x509_parser::der_parser::asn1_rs::{Any, FromBer, Tag};

use super::file_problem::FileProblem;
use crate::source::{FileSystem, MAX_CERTIFICATE_BYTES};

/// What is wrong with the file of an OCSP response: `SEQUENCE { responseStatus ENUMERATED, … }`. What the response says is
/// not looked at.
#[must_use]
pub fn ocsp_file_problem(files: &dyn FileSystem, path: &Path) -> Option<FileProblem> {
    match files.read(path, MAX_CERTIFICATE_BYTES) {
        Err(error) => Some(error.into()),
        Ok(der) => (!is_response(&der)).then_some(FileProblem::NotOcsp),
    }
}

fn is_response(der: &[u8]) -> bool {
    let Ok((_, response)) = Any::from_ber(der) else { return false };
    response.tag() == Tag::Sequence
        && Any::from_ber(response.data).is_ok_and(|(_, status)| status.tag() == Tag::Enumerated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_begins_with_its_status() {
        for (der, expected) in
            [(&b"\x30\x03\x0a\x01\x06"[..], true), (b"\x30\x03\x02\x01\x06", false), (b"", false), (b"--", false)]
        {
            assert_eq!(is_response(der), expected, "{der:?}");
        }
    }
}
