//! The last parameter of `try_files`, and what it leads to when its file is missing.

use url::Url;

use super::location::{self, Modifier};
use super::trace::Start;
use super::{Choices, Model, Server};
use crate::config::Directive;

/// A `try_files` whose last parameter is missing and leads back to the same `try_files`.
#[derive(Debug)]
pub struct FallbackCycle<'c> {
    /// The `try_files`.
    pub by: Directive<'c>,
    /// A URL without a file.
    pub url: Url,
    /// The last parameter, without arguments.
    pub target: String,
    /// The document root, as it is in effect.
    pub root: String,
}

/// A name that no file has.
const NO_FILE: &str = "ngxlint-no-such-file";

impl<'c> Model<'c> {
    /// The cycles that URLs without a file meet in a server, where its document roots can be seen and are in use.
    ///
    /// nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files>
    #[must_use]
    pub fn fallback_cycles(&self, server: &Server<'c>) -> Vec<FallbackCycle<'c>> {
        let directives = server.directive.descendants().filter(|directive| directive.is_named("try_files"));
        directives.filter_map(|directive| self.fallback_cycle(server, directive)).collect()
    }

    fn fallback_cycle(&self, server: &Server<'c>, directive: Directive<'c>) -> Option<FallbackCycle<'c>> {
        let last = directive.arguments().last()?.text().into_owned();
        let target = last.split('?').next().filter(|target| target.starts_with('/') && !target.contains('$'))?;
        let path = match location::around(directive).and_then(location::matcher) {
            Some((Modifier::Prefix | Modifier::PrefixOnly, _, prefix)) if prefix.ends_with('/') => {
                format!("{prefix}{NO_FILE}")
            }
            Some((Modifier::Exact, _, path)) => path,
            None => format!("/{NO_FILE}"),
            Some(_) => return None,
        };
        let root = super::inherit::value_in_effect(directive.parent()?, "root")?.argument(0)?.text().into_owned();
        let directory = self.environment.prefix.clone().unwrap_or_default().join(&root);
        if super::value::has_variables(&root) || !directory.is_absolute() || !self.documents.is_there(&directory) {
            return None;
        }
        let socket = self.sockets_of(server.id).find(|socket| !socket.is_quic)?;
        let scheme = if socket.is_tls { "https" } else { "http" };
        let host = server.names.iter().flat_map(super::ServerName::witnesses).next();
        let host = host.map_or(super::starts::ANY_HOST.to_owned(), |host| host.to_string());
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
        if !self.documents.is_in_use(&directory) {
            return None;
        }
        Some(FallbackCycle { by: directive, url, target: target.to_owned(), root })
    }
}
