//! Chromium's net/http/transport_security_state_static.json, which every browser's list is made from: JSON with
//! comments, each on lines of its own.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A file that is not Chromium's list.
#[derive(Debug, thiserror::Error)]
pub enum ChromiumListError {
    /// It is no JSON, or lacks a field.
    #[error("it is not Chromium's list of hosts")]
    Json(#[from] serde_json::Error),
    /// It has no host at all.
    #[error("it forces no host to https")]
    Empty,
}

#[derive(Deserialize)]
struct List {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    /// `force-https`; entries without it are there for other things (keys that are pinned).
    mode: Option<String>,
    #[serde(default)]
    include_subdomains: bool,
}

/// The hosts that are forced to https, each with whether its subdomains are.
///
/// # Errors
/// [`ChromiumListError`] when it is something else.
pub fn parse_chromium_list(text: &[u8]) -> Result<BTreeMap<String, bool>, ChromiumListError> {
    let mut json = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        if line.trim_ascii_start().starts_with(b"//") {
            // The lines of error messages stay what they are.
            json.push(b'\n');
        } else {
            json.extend_from_slice(line);
        }
    }
    let list: List = serde_json::from_slice(&json)?;
    let forced = list.entries.into_iter().filter(|entry| entry.mode.as_deref() == Some("force-https"));
    let hosts: BTreeMap<String, bool> =
        forced.map(|entry| (entry.name.to_ascii_lowercase(), entry.include_subdomains)).collect();
    if hosts.is_empty() { Err(ChromiumListError::Empty) } else { Ok(hosts) }
}
