//! `ngxlint rebuild-preload`: the HSTS preload list from Chromium's file, without a network.

use super::arguments::RebuildPreloadArguments;
use super::{RunError, Status, output};
use crate::hsts::preload::chromium::parse_chromium_list;
use crate::hsts::preload::encode::encode;
use crate::source::{FileSystem, RealFiles};

/// Chromium's file has some 20 MB.
const MAX_LIST_BYTES: u64 = 256 << 20;

/// Runs the command.
pub(super) fn run(arguments: &RebuildPreloadArguments) -> Result<Status, RunError> {
    let path = &arguments.file;
    let text = RealFiles::default()
        .read(path, MAX_LIST_BYTES)
        .map_err(|source| RunError::PreloadFile { path: path.clone(), source })?;
    let refuse = |source| RunError::PreloadList { path: path.clone(), source };
    let hosts = parse_chromium_list(&text).map_err(|error| refuse(Box::new(error)))?;
    let list = encode(&hosts, &arguments.date, &arguments.source).map_err(|error| refuse(Box::new(error)))?;
    output::write_to(Some(&arguments.output), |out| out.write_all(&list))?;
    output::write_to(None, |out| writeln!(out, "{} hosts, {} bytes", hosts.len(), list.len()))?;
    Ok(Status::Success)
}
