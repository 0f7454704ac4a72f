//! The last parameter of `try_files` and of `index`, and what it leads to when its file is missing.

use std::path::PathBuf;

use url::Url;

use crate::config::Directive;
use crate::model::following::starts::ANY_HOST;
use crate::model::following::trace::Start;
use crate::model::following::witness::Witnesses;
use crate::model::requests::location::{self, Modifier};
use crate::model::values::value::has_variables;
use crate::model::{Choices, Model, Server, ServerName, inherit};

/// A `try_files` or `index` whose last parameter leads back to the same directive.
#[derive(Debug)]
pub struct FallbackCycle<'c> {
    /// The `try_files` or `index`.
    pub by: Directive<'c>,
    /// A URL without a file.
    pub url: Url,
    /// The last parameter, without arguments.
    pub target: String,
    /// The document root of a `try_files`, as it is in effect.
    pub root: Option<String>,
}

/// A name that no file has.
const NO_FILE: &str = "ngxlint-no-such-file";

impl<'c> Model<'c> {
    /// The cycles that URLs without a file meet in a server, where its document roots can be seen and are in use.
    ///
    /// nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files>,
    /// <https://nginx.org/en/docs/http/ngx_http_index_module.html>
    #[must_use]
    pub fn fallback_cycles(&self, server: &Server<'c>) -> Vec<FallbackCycle<'c>> {
        let mut witnesses = Witnesses::default();
        let is_fallback = |directive: &Directive<'_>| directive.is_named("try_files") || directive.is_named("index");
        let directives = server.directive.descendants().filter(is_fallback);
        directives.filter_map(|directive| self.fallback_cycle(server, directive, &mut witnesses)).collect()
    }

    fn fallback_cycle(
        &self,
        server: &Server<'c>,
        directive: Directive<'c>,
        witnesses: &mut Witnesses,
    ) -> Option<FallbackCycle<'c>> {
        let last = directive.arguments().last()?.text().into_owned();
        let target = last.split('?').next().filter(|target| target.starts_with(['/', '$']))?;
        let is_index = directive.is_named("index");
        let path = match location::around(directive) {
            None if is_index => "/".to_owned(),
            None => format!("/{NO_FILE}"),
            Some(location) => match location::matcher(location)? {
                (Modifier::Prefix | Modifier::PrefixOnly, _, prefix) if is_index => prefix,
                (Modifier::Prefix | Modifier::PrefixOnly, _, prefix) => {
                    format!("{}/{NO_FILE}", prefix.trim_end_matches('/'))
                }
                (Modifier::Exact, _, path) => path,
                _ => witnesses.of_location(location)?,
            },
        };
        let root = if is_index { None } else { Some(self.visible_root(directive)?) };
        let socket = self.sockets_of(server.id).find(|socket| !socket.is_quic)?;
        let scheme = if socket.is_tls { "https" } else { "http" };
        let host = server.names.iter().flat_map(ServerName::witnesses).next();
        let host = host.map_or(ANY_HOST.to_owned(), |host| host.to_string());
        let url = Url::parse(&format!("{scheme}://{host}:{}{path}", socket.endpoint.port)).ok()?;
        let start = Start { max_hops: 1, ..Start::new(url.clone(), Some(socket))? };
        let mut choices = Choices::default();
        let trace = self.tracer().trace(&start, &mut choices);
        let response = trace.hops.into_iter().next()?.response?;
        let leads_back = response.steps.iter().filter(|step| step.by == Some(directive)).count() > 1;
        // With a condition it depends on files that are not seen, or on the request.
        if !response.is_cycle || !leads_back || choices.conditions().iter().any(|condition| condition.is_open) {
            return None;
        }
        if root.as_ref().is_some_and(|(_, directory)| !self.documents.is_in_use(directory)) {
            return None;
        }
        Some(FallbackCycle { by: directive, url, target: target.to_owned(), root: root.map(|(written, _)| written) })
    }

    /// The document root of a directive as it is written, and where it is, if it can be seen.
    fn visible_root(&self, directive: Directive<'c>) -> Option<(String, PathBuf)> {
        let root = inherit::value_in_effect(directive.parent()?, "root")?.argument(0)?.text().into_owned();
        let directory = self.environment.prefix.clone().unwrap_or_default().join(&root);
        let is_visible = !has_variables(&root) && directory.is_absolute() && self.documents.is_there(&directory);
        is_visible.then_some((root, directory))
    }
}
