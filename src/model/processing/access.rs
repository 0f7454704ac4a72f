//! The access phase: `allow`, `deny`, `auth_basic`, `auth_request`, and `satisfy`, which joins them.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#satisfy>,
//! `ngx_http_core_access_phase` in src/http/ngx_http_core_module.c.

use std::sync::LazyLock;

use super::{Phase, Processing};
use crate::config::Directive;
use crate::model::inherit;
use crate::model::requests::access::covers_address;
use crate::model::requests::location::{self, Lookup};
use crate::model::requests::response::{ResponseKind, Value};
use crate::nginx::DirectiveName;

/// What a module says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing.
    Declined,
    Allowed,
    Refused(u16),
}

impl<'c> Processing<'_, 'c, '_> {
    pub(super) fn check_access(&mut self) -> Phase<'c> {
        // nginx asks nobody again (`ngx_http_core_access_phase`).
        if self.is_subrequest {
            return Phase::TryFiles;
        }
        static SCRIPTS: LazyLock<Vec<DirectiveName>> =
            LazyLock::new(|| DirectiveName::find_all(&["access_by_lua", "access_by_lua_block", "access_by_lua_file"]));
        if let Some(script) = self.block.children_of(&SCRIPTS).next() {
            return Phase::Lost(format!("what {} does cannot be told", script.name_text()));
        }
        let satisfy = inherit::value_in_effect(self.block, "satisfy").and_then(|directive| directive.argument(0));
        let is_any = satisfy.is_some_and(|word| word.is("any"));
        let mut refused: Option<(u16, Option<Directive<'c>>)> = None;
        // The order in which nginx asks its modules.
        let modules = [Self::check_address, Self::check_password, Self::check_subrequest];
        for check in modules {
            match check(self) {
                (Verdict::Declined, _) => {}
                (Verdict::Allowed, _) if is_any => return Phase::TryFiles,
                (Verdict::Allowed, _) => {}
                (Verdict::Refused(status), by) if is_any => {
                    // 401 asks for a password, so it is not given up for 403.
                    if refused.is_none_or(|(status, _)| status != 401) {
                        refused = Some((status, by));
                    }
                }
                (Verdict::Refused(status), by) => return Phase::Finalize(status, by),
            }
        }
        refused.map_or(Phase::TryFiles, |(status, by)| Phase::Finalize(status, by))
    }

    fn check_address(&mut self) -> (Verdict, Option<Directive<'c>>) {
        let rules = inherit::in_effect(self.block, "allow").directives;
        let verdict =
            |rule: Directive<'_>| if rule.is_named("allow") { Verdict::Allowed } else { Verdict::Refused(403) };
        let Some(client) = self.arrival.request.client else { return self.assume_address(&rules) };
        let first = rules
            .into_iter()
            .find(|rule| rule.argument(0).is_some_and(|network| covers_address(&network.text(), client).is_some()));
        first.map_or((Verdict::Declined, None), |rule| (verdict(rule), Some(rule)))
    }

    /// What the rules say of a client whose address is not known.
    fn assume_address(&mut self, rules: &[Directive<'c>]) -> (Verdict, Option<Directive<'c>>) {
        let Some(&first) = rules.first() else { return (Verdict::Declined, None) };
        let is_all = |rule: &&Directive<'c>| rule.argument(0).is_some_and(|word| word.is("all"));
        let last = rules.iter().find(is_all).copied();
        let before = rules.iter().take_while(|rule| !is_all(rule));
        let can =
            |name: &str| before.clone().any(|rule| rule.is_named(name)) || last.is_some_and(|rule| rule.is_named(name));
        let denial = rules.iter().find(|rule| rule.is_named("deny")).copied();
        // Without `all` nothing is said of the rest, which is let pass.
        match (can("allow") || last.is_none(), can("deny")) {
            (true, false) => (Verdict::Allowed, Some(first)),
            (false, _) => (Verdict::Refused(403), denial),
            (true, true) => {
                let question = format!("address {:?}", first.id());
                let clauses = ["the client's address is allowed", "the client's address is denied"];
                match self.choices.choose(Some(first), question, &clauses, ToString::to_string) {
                    0 => (Verdict::Allowed, Some(first)),
                    _ => (Verdict::Refused(403), denial),
                }
            }
        }
    }

    fn check_password(&mut self) -> (Verdict, Option<Directive<'c>>) {
        let Some(directive) = inherit::value_in_effect(self.block, "auth_basic") else {
            return (Verdict::Declined, None);
        };
        let realm = directive.argument(0).map(|word| word.text().into_owned()).unwrap_or_default();
        let realm = self.expand(Some(directive), &realm);
        if realm.text == "off" || !inherit::has_in_effect(self.block, "auth_basic_user_file") {
            return (Verdict::Declined, None);
        }
        if self.header_value(Some(directive), "authorization").is_some_and(|value| value.text.is_empty()) {
            return (Verdict::Refused(401), Some(directive));
        }
        let clauses = ["the password of auth_basic is right", "the password of auth_basic is missing or wrong"];
        match self.choices.choose(Some(directive), "auth_basic".to_owned(), &clauses, ToString::to_string) {
            0 => (Verdict::Allowed, Some(directive)),
            _ => (Verdict::Refused(401), Some(directive)),
        }
    }

    fn check_subrequest(&mut self) -> (Verdict, Option<Directive<'c>>) {
        let directive = inherit::value_in_effect(self.block, "auth_request");
        let Some(directive) = directive.filter(|directive| !directive.argument(0).is_some_and(|word| word.is("off")))
        else {
            return (Verdict::Declined, None);
        };
        if let Some(status) = directive.argument(0).and_then(|uri| self.status_of_subrequest(&uri.text())) {
            return match status {
                200..=299 => (Verdict::Allowed, Some(directive)),
                401 | 403 => (Verdict::Refused(status), Some(directive)),
                // "auth request unexpected status" (`ngx_http_auth_request_handler`).
                _ => (Verdict::Refused(500), Some(directive)),
            };
        }
        let clauses = ["auth_request allows the request", "auth_request answers 401", "auth_request answers 403"];
        match self.choices.choose(Some(directive), "auth_request".to_owned(), &clauses, ToString::to_string) {
            0 => (Verdict::Allowed, Some(directive)),
            1 => (Verdict::Refused(401), Some(directive)),
            _ => (Verdict::Refused(403), Some(directive)),
        }
    }

    /// The status of a subrequest where the configuration itself decides: its location says `return`, or there is nothing
    /// that could answer. `None` where an upstream, a file or a script does.
    fn status_of_subrequest(&mut self, uri: &str) -> Option<u16> {
        let (model, server) = (self.model(), self.server());
        let is_certain = std::cell::Cell::new(true);
        let lookup = location::find(model, server, uri, &mut |_, pattern| {
            pattern.is_match(uri).unwrap_or_else(|| {
                is_certain.set(false);
                false
            })
        });
        match lookup {
            Lookup::Location(Some(location)) if location.children_named("return").next().is_some() => {}
            Lookup::Location(None) if is_nowhere(server) => return is_certain.get().then_some(404),
            _ => return None,
        }
        if !is_certain.get() {
            return None;
        }
        let uri = Value::new(uri);
        let mut subrequest = Processing::new(self.arrival, self.choices, uri, &self.args.text, false);
        subrequest.args.is_known = self.args.is_known;
        subrequest.variables.clone_from(&self.variables);
        subrequest.method = "GET".to_owned();
        subrequest.is_internal = true;
        subrequest.is_uri_as_sent = false;
        subrequest.is_subrequest = true;
        let response = subrequest.run(Phase::ServerRewrite);
        match response.kind {
            ResponseKind::Return | ResponseKind::Error | ResponseKind::Redirect => response.status,
            ResponseKind::Proxy | ResponseKind::Static | ResponseKind::Closed | ResponseKind::Unknown => None,
        }
    }
}

/// Whether nothing is said of where files are, and nothing rewrites or answers before a location is looked for.
fn is_nowhere(server: Directive<'_>) -> bool {
    const DECIDING: &[&str] = &["return", "rewrite", "if"];
    let decides = DECIDING.iter().any(|name| server.children_named(name).next().is_some());
    !decides && !server.is_incomplete() && !inherit::has_in_effect(server, "root")
}

/// Whether `limit_except` leaves a method to its location; GET includes HEAD.
///
/// nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#limit_except>
pub(super) fn allows_method(limit: Directive<'_>, method: &str) -> bool {
    limit.arguments().any(|word| {
        let allowed = word.text().to_ascii_uppercase();
        allowed == method || allowed == "GET" && method == "HEAD"
    })
}
