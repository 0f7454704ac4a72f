//! What browsers are told about HSTS: the answers of a server, each with the headers that it really carries.

use rayon::prelude::*;
use url::Url;

use crate::config::Directive;
use crate::model::following::starts::{ANY_HOST, hosts_of};
use crate::model::following::witness::Witnesses;
use crate::model::hsts::settings::{HstsSetting, hsts_setting};
use crate::model::{Edge, Model, Response, ResponseKind, Server, ServerId, Settled, Start, inherit};

/// Paths of a server that are asked for.
const MAX_PATHS: usize = 64;

/// Names of a server for which `/` is asked; headers rarely depend on the host.
const MAX_HOSTS: usize = 4;

/// The directives that make the headers of a block other than those around it.
const SETTING: &[&str] = &["add_header", "add_header_inherit", "more_set_headers", "more_clear_headers"];

/// The directives by which other languages may set any header.
const SCRIPTING: &[&str] =
    &["header_filter_by_lua", "header_filter_by_lua_block", "header_filter_by_lua_file", "js_header_filter"];

/// One URL of a server, with its answers.
#[derive(Debug)]
pub struct AnsweredUrl<'c> {
    /// What was asked for.
    pub url: Url,
    /// The answers of this server, one for each assignment of what is not known; those that close the connection and
    /// those that cannot be told are left out.
    pub responses: Vec<Response<'c>>,
    /// Whether these are all.
    pub is_complete: bool,
}

impl<'c> AnsweredUrl<'c> {
    /// Whether every answer fulfils a condition.
    pub fn all(&self, condition: impl Fn(&Response<'c>) -> bool) -> bool {
        self.is_complete && !self.responses.is_empty() && self.responses.iter().all(condition)
    }

    /// Whether it is the site's front page.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.url.path() == "/"
    }
}

impl Response<'_> {
    /// What this answer depends on, as a clause that begins with a comma; empty where there is no other. That files are
    /// there which are asked for goes without saying.
    #[must_use]
    pub fn condition_text(&self) -> String {
        let open = self.conditions.iter().filter(|condition| condition.is_open && !condition.is_of_files());
        let texts: Vec<&str> = open.map(|condition| condition.text.as_str()).collect();
        if texts.is_empty() { String::new() } else { format!(", if {}", texts.join(" and ")) }
    }
}

impl<'c> Model<'c> {
    /// The answers of a server over HTTPS: to `/` for some of its names, and to a path of each location that has a say in
    /// the headers, or that this configuration answers itself through `proxy_pass`. What such an upstream sends is among
    /// the headers. None where no TLS socket leads to it.
    #[must_use]
    pub fn https_answers(&self, server: ServerId) -> &[AnsweredUrl<'c>] {
        // As with chains: within a cell nothing waits for other threads of the pool.
        self.https_answers[server.0 as usize]
            .get_or_init(|| answers(self, self.server(server), true, &telling_paths(self, self.server(server))))
    }

    /// Asks those of the servers that browsers reach over TLS in parallel, so that
    /// [`https_answers`](Model::https_answers) has their answers ready.
    pub fn ask_over_https(&self, is_asked: impl Fn(&Server<'c>) -> bool + Sync) {
        let servers: Vec<&Server<'c>> = self.tls_servers().collect();
        servers.into_par_iter().filter(|server| is_asked(server)).for_each(|server| {
            let _ = self.https_answers(server.id);
        });
    }

    /// The same over plain HTTP.
    #[must_use]
    pub fn plain_answers(&self, server: ServerId) -> Vec<AnsweredUrl<'c>> {
        answers(self, self.server(server), false, &telling_paths(self, self.server(server)))
    }

    /// Whether a value of the header comes first on an answer of a server, that of any location: browsers take no other
    /// (RFC 6797, section 8.1). One that nobody was seen to send may do so.
    pub(crate) fn is_hsts_in_effect(&self, server: &Server<'c>, value: &str) -> bool {
        let is_sent = |responses: &mut dyn Iterator<Item = &Response<'c>>| {
            let mut is_sent = Settled::Unknown;
            for response in responses {
                if let Some(number) = response.hsts.iter().position(|(_, sent)| sent.known() == Some(value)) {
                    // A value that is not known may be empty, and is not sent then.
                    if response.hsts.iter().take(number).all(|(_, earlier)| earlier.known().is_none()) {
                        return Settled::Known(true);
                    }
                    is_sent = Settled::Known(false);
                }
            }
            is_sent
        };
        let mut told = self.https_answers(server.id).iter().flat_map(|answered| &answered.responses);
        if is_sent(&mut told) != Settled::Known(false) {
            return true;
        }
        let (paths, is_all) = all_paths(server);
        let answers = answers(self, server, true, &paths);
        let is_complete = is_all && answers.iter().all(|answered| answered.is_complete);
        !is_complete || is_sent(&mut answers.iter().flat_map(|answered| &answered.responses)) == Settled::Known(true)
    }

    /// Whether a server has any directive about HSTS: inside, or around it, even if it does not see that one.
    #[must_use]
    pub fn mentions_hsts(&self, server: &Server<'c>) -> bool {
        let outer = |name: &&str| {
            let around = server.directive.ancestors().flat_map(|block| block.children_named(name));
            around.chain(self.config.top_level_named(name)).any(|directive| hsts_setting(directive).is_some())
        };
        let find = || SETTING.iter().any(outer) || own_settings(server).next().is_some();
        *self.hsts_mentions[server.id.0 as usize].get_or_init(find)
    }

    /// Whether a script may set any header in a block.
    #[must_use]
    pub fn scripts_headers(&self, block: Directive<'_>) -> bool {
        SCRIPTING.iter().any(|name| inherit::has_in_effect(block, name))
    }
}

/// The directives inside a server that are about HSTS.
pub(crate) fn own_settings<'c>(server: &Server<'c>) -> impl Iterator<Item = HstsSetting<'c>> {
    let about = |directive: &Directive<'_>| SETTING.iter().any(|name| directive.is_named(name));
    server.directive.descendants().filter(about).filter_map(hsts_setting)
}

/// Of names behind the edge and names that are not, each is asked as its clients would.
fn answers<'c>(model: &Model<'c>, server: &Server<'c>, is_secure: bool, paths: &[String]) -> Vec<AnsweredUrl<'c>> {
    let is_behind_edge = model.edge_of(server) == Edge::Tls;
    let hosts = |is_behind_edge: bool| -> Vec<String> {
        let is_alike = |host: &String| (model.edge_of_host(host) == Edge::Tls) == is_behind_edge;
        server.names.iter().flat_map(hosts_of).filter(is_alike).take(MAX_HOSTS).collect()
    };
    let edges = &model.environment.edge;
    let others = if edges.has(Edge::Tls) && edges.has(Edge::None) { hosts(!is_behind_edge) } else { Vec::new() };
    let mut answers = answers_to(model, server, (is_secure, is_behind_edge), hosts(is_behind_edge), paths);
    if !others.is_empty() {
        answers.extend(answers_to(model, server, (is_secure, !is_behind_edge), others, paths));
    }
    answers
}

fn answers_to<'c>(
    model: &Model<'c>,
    server: &Server<'c>,
    (is_secure, is_behind_edge): (bool, bool),
    mut hosts: Vec<String>,
    paths: &[String],
) -> Vec<AnsweredUrl<'c>> {
    // Behind an edge every socket speaks plain HTTP, whatever the client does.
    let mut sockets = model.sockets_of(server.id).filter(|socket| !socket.is_quic);
    let Some(socket) = sockets.find(|socket| socket.is_tls == (is_secure && !is_behind_edge)) else {
        return Vec::new();
    };
    if hosts.is_empty() && socket.default.server == server.id {
        hosts.push(ANY_HOST.to_owned());
    }
    let scheme = if is_secure { "https" } else { "http" };
    let port = if is_behind_edge { String::new() } else { format!(":{}", socket.endpoint.port) };
    let tracer = model.tracer();
    let mut answers = Vec::new();
    for (number, host) in hosts.iter().enumerate() {
        for path in paths.iter().take(if number == 0 { MAX_PATHS } else { 1 }) {
            let url = Url::parse(&format!("{scheme}://{host}{port}{path}"));
            let Some(start) = url.ok().and_then(|url| Start::new(url, Some(socket))) else { continue };
            let (responses, is_complete) = tracer.first_answers(&start);
            let is_answer = |response: &Response<'_>| {
                response.server == server.id && !matches!(response.kind, ResponseKind::Closed | ResponseKind::Unknown)
            };
            let mut kept: Vec<Response<'c>> = Vec::new();
            let seen = responses.into_iter().filter(is_answer).flat_map(|response| model.with_upstream_hsts(response));
            for mut response in seen {
                // What tells answers apart for a browser that looks for HSTS.
                let is_alike = |other: &Response<'_>| {
                    (other.block, other.kind, other.status) == (response.block, response.kind, response.status)
                        && (&other.hsts, &other.location_header) == (&response.hsts, &response.location_header)
                        && other.upstream_hsts == response.upstream_hsts
                };
                if !kept.iter().any(is_alike) {
                    response.conditions.retain(|condition| condition.is_open);
                    response.conditions.shrink_to_fit();
                    response.steps.shrink_to_fit();
                    kept.push(response);
                }
            }
            kept.shrink_to_fit();
            let responses = kept;
            answers.push(AnsweredUrl { url: start.url, responses, is_complete });
        }
    }
    answers
}

/// `/`, and a path of each location that has a say in the headers, or that a block in it gives one; and of each that
/// another server here answers, which may have one.
fn telling_paths(model: &Model<'_>, server: &Server<'_>) -> Vec<String> {
    let has_say = |directive: &Directive<'_>| {
        SETTING.iter().any(|name| directive.is_named(name)) || model.asks_itself(*directive)
    };
    let telling = server.directive.descendants().filter(has_say);
    paths_of(telling.filter_map(|directive| directive.ancestors().find(|block| block.is_named("location")))).0
}

/// `/`, and a path of each location; whether none is left out.
fn all_paths(server: &Server<'_>) -> (Vec<String>, bool) {
    paths_of(server.directive.descendants().filter(|directive| directive.is_named("location")))
}

fn paths_of<'c>(locations: impl Iterator<Item = Directive<'c>>) -> (Vec<String>, bool) {
    let mut witnesses = Witnesses::default();
    let (mut paths, mut is_all) = (vec!["/".to_owned()], true);
    for location in locations {
        match witnesses.of_location(location) {
            Some(path) if paths.contains(&path) => {}
            Some(path) if paths.len() < MAX_PATHS => paths.push(path),
            _ => is_all = false,
        }
    }
    (paths, is_all)
}
