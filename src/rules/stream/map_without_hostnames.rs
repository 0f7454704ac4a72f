//! Without `hostnames` a map compares `.example.com` and `*.example.com` as they stand, and no client asks for a host
//! that is called that.

use crate::model::Model;
use crate::model::values::hostnames::{LiteralWildcards, literal_wildcards};
use crate::rules::{Findings, Rule};

pub(super) struct MapWithoutHostnames;

/// Keys that a finding shows besides its own.
const SHOWN_KEYS: usize = 8;

impl Rule for MapWithoutHostnames {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        for LiteralWildcards { map, keys, hostnames } in literal_wildcards(model.config) {
            let Some((first, others)) = keys.split_first() else { continue };
            let source = map.argument(0).map(|word| word.text().into_owned()).unwrap_or_default();
            let why = match hostnames {
                Some(_) => "`hostnames` counts for what follows it",
                None => "the map has no `hostnames`",
            };
            let message = format!(
                "{} is compared with {source} as it stands, as {why}: no host is called that, and this line is never taken",
                first.text()
            );
            let finding = sink.warning(first.span(), message);
            for other in others.iter().take(SHOWN_KEYS) {
                finding.related(other.span(), "here, too");
            }
            match hostnames {
                Some(hostnames) => finding
                    .related(hostnames.span(), "this comes too late")
                    .help("move `hostnames;` to the start of the map"),
                None => finding.help("add `hostnames;` at the start of the map"),
            };
        }
    }
}
