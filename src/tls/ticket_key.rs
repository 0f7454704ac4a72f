//! Keys of session tickets, as `ssl_session_ticket_key` names them.

use std::path::Path;

use zeroize::Zeroizing;

use super::file_problem::FileProblem;
use crate::source::{FileSystem, MAX_CERTIFICATE_BYTES};

/// For AES-128 and AES-256, each with a name and a key for the HMAC (`ngx_ssl_session_ticket_keys`,
/// src/event/ngx_event_openssl.c).
const SIZES: [usize; 2] = [48, 80];

/// What is wrong with the file of a key of session tickets. Its bytes are not kept.
#[must_use]
pub fn ticket_key_problem(files: &dyn FileSystem, path: &Path) -> Option<FileProblem> {
    match files.read(path, MAX_CERTIFICATE_BYTES).map(Zeroizing::new) {
        Err(error) => Some(error.into()),
        Ok(key) => (!SIZES.contains(&key.len())).then_some(FileProblem::TicketKeySize { size: key.len() }),
    }
}
