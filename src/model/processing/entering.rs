//! A request that is put into a location, whatever leads there: what the location makes of it.

use super::{Arrival, Phase, Processing};
use crate::config::Directive;
use crate::model::inherit;
use crate::model::requests::choices::Choices;
use crate::model::requests::location;
use crate::model::requests::response::{Response, Value};
use crate::model::values::uri::RequestPath;
use crate::nginx::Contexts;

/// The answer of `location` to a request, as if nothing on the way there had answered it, and nothing kept the client
/// out. What the server's `set` directives have given on the way counts. `path` is the path of the request, where one is
/// known that the location matches.
pub(in crate::model) fn respond_in<'c>(
    arrival: Arrival<'_, 'c>,
    location: Directive<'c>,
    path: Option<&str>,
    choices: &mut Choices<'c>,
) -> Response<'c> {
    let read = path.and_then(|path| RequestPath::parse(path, true).ok());
    let is_escaped = read.as_ref().is_some_and(|read| read.needs_escape);
    let uri = read.map_or_else(|| Value::unknown("$uri"), |read| Value::new(read.path));
    let mut processing = Processing::new(arrival, choices, uri.clone(), "", is_escaped);
    processing.args = Value::unknown("$args");
    if let Some((pattern, host)) = arrival.regex_name {
        processing.matches(None, pattern, &Value::new(host), "server_name");
    }
    if sets_variables(processing.server()) && processing.server() != location {
        let _ended = processing.rewrite(processing.server());
        processing.uri = uri;
        processing.is_uri_changed = false;
        processing.is_location_valid = true;
        processing.is_internal = false;
        processing.location_header = None;
        processing.steps.clear();
    }
    processing.capture_location(location);
    processing.location = Some(location);
    processing.enter_block(location);
    let next = match processing.rewrite(processing.block) {
        // What a script does cannot be told; that it lets requests pass is what it is there for.
        Some(Phase::Lost(_)) | None if !processing.is_uri_changed => Phase::TryFiles,
        Some(end) => end,
        None if processing.count_uri_change() => Phase::FindLocation,
        None => Phase::Finalize(500, Some(location)),
    };
    processing.forget_what_access_sets();
    processing.run(next)
}

/// The scripts that are run before the answer, and may set variables.
const SCRIPTS: &[&str] = &[
    "rewrite_by_lua",
    "rewrite_by_lua_block",
    "rewrite_by_lua_file",
    "access_by_lua",
    "access_by_lua_block",
    "access_by_lua_file",
];

/// Where `set` stands.
const WHERE_SET: Contexts =
    Contexts::SERVER.union(Contexts::IF_IN_SERVER).union(Contexts::LOCATION).union(Contexts::IF_IN_LOCATION);

/// Whether the rewrite directives of a server give variables values that its locations may use.
fn sets_variables(server: Directive<'_>) -> bool {
    let ifs = server.children_named("if");
    server.children_named("set").next().is_some()
        || ifs.into_iter().any(|block| block.children_named("set").next().is_some())
}

impl<'c> Processing<'_, 'c, '_> {
    /// What `set` has given may be another value after the access phase: a script can assign to every variable of `set`,
    /// and `auth_request_set` does to its own.
    fn forget_what_access_sets(&mut self) {
        let by_answer = inherit::in_effect(self.block, "auth_request_set").directives;
        let has_script = SCRIPTS.iter().any(|name| inherit::has_in_effect(self.block, name));
        let config = self.model().config;
        let by_script = has_script.then(|| config.directives_named("set", WHERE_SET)).into_iter().flatten();
        for directive in by_answer.into_iter().chain(by_script) {
            let Some(name) = directive.argument(0).map(|name| name.text().trim_start_matches('$').to_ascii_lowercase())
            else {
                continue;
            };
            let unknown = Value::unknown(format!("${name}"));
            self.variables.insert(name, unknown);
        }
    }

    /// What a regex location captures of the path; where the path is not known, that is not either.
    fn capture_location(&mut self, location: Directive<'c>) {
        let Some((modifier, word, _)) = location::matcher(location).filter(|(modifier, ..)| modifier.is_regex()) else {
            return;
        };
        let pattern = location::regex(self.model(), location, modifier, word);
        match self.uri.known().and_then(|uri| pattern.captures(uri)).flatten() {
            Some(_) => {
                let uri = self.uri.clone();
                self.matches_keeping_captures(Some(location), pattern, &uri, "location");
            }
            None => {
                self.captures = None;
                for (_, name) in pattern.capture_names() {
                    self.variables.insert(name.to_ascii_lowercase(), Value::unknown(format!("${name}")));
                }
            }
        }
    }
}
