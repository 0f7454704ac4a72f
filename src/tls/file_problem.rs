//! What can be wrong with the files beside certificates and keys, and their PEM.

use super::names::printable;
use super::pem::{PemBlock, PemReader};
use super::problem::{CertificateProblem, stops_nginx};
use crate::source::ReadError;

/// Why a revocation list, Diffie-Hellman parameters or an OCSP response are of no use.
///
/// The text says what is wrong and leaves the name of the file to the message around it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// No bytes, or only white space.
    #[error("it is empty")]
    Empty,
    /// Its PEM is damaged.
    #[error(transparent)]
    Damaged(Box<CertificateProblem>),
    /// PEM, but of other things.
    #[error("it holds `BEGIN {found}` and no `BEGIN {wanted}`")]
    OtherOnly {
        /// The label that nginx looks for.
        wanted: &'static str,
        /// The label of the first block.
        found: Box<str>,
    },
    /// No PEM at all.
    #[error("it is not a PEM file: it has no line `-----BEGIN {wanted}-----`")]
    NotPem {
        /// The label that nginx looks for.
        wanted: &'static str,
    },
    /// The decoded bytes are something else.
    #[error("the PEM block that begins on line {line} does not hold what it says")]
    BadDer {
        /// The line of its `-----BEGIN`.
        line: u32,
    },
    /// Not of the size of a key of session tickets.
    #[error("it has {size} bytes; a key of session tickets has 48 or 80")]
    TicketKeySize {
        /// Its size.
        size: usize,
    },
    /// Not the DER of an OCSP response.
    #[error("it is not an OCSP response in DER form")]
    NotOcsp,
}

impl FileProblem {
    /// Whether nginx certainly does not start with this file, where it opens it.
    #[must_use]
    pub fn stops_nginx(&self) -> bool {
        match self {
            FileProblem::Unreadable(error) => stops_nginx(error),
            _ => true,
        }
    }
}

/// The first blocks with one of `labels`, at most `count`. Until they are found, a damaged one of any label is an error.
pub(super) fn read_blocks<'a>(
    text: &'a [u8],
    labels: &'static [&'static str],
    count: usize,
) -> Result<Vec<PemBlock<'a>>, FileProblem> {
    let wanted = labels.first().copied().unwrap_or_default();
    let mut first_other = None;
    let mut blocks = Vec::new();
    for block in PemReader::new(text) {
        let block = block.map_err(|problem| FileProblem::Damaged(Box::new(problem)))?;
        if !labels.iter().any(|label| label.as_bytes() == block.label) {
            first_other.get_or_insert(block.label);
        } else if let Some(problem) = block.headers {
            return Err(FileProblem::Damaged(Box::new(problem)));
        } else {
            blocks.push(block);
            if blocks.len() == count {
                break;
            }
        }
    }
    match (blocks.is_empty(), first_other) {
        (false, _) => Ok(blocks),
        (true, Some(label)) => {
            Err(FileProblem::OtherOnly { wanted, found: printable(&String::from_utf8_lossy(label)) })
        }
        (true, None) if text.trim_ascii().is_empty() => Err(FileProblem::Empty),
        (true, None) => Err(FileProblem::NotPem { wanted }),
    }
}
