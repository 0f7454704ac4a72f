//! What browsers are told about HSTS: the answers of a server, each with the headers that it really carries.

use rayon::prelude::*;
use url::Url;

use crate::config::Directive;
use crate::model::following::starts::{ANY_HOST, hosts_of};
use crate::model::following::witness::Witnesses;
use crate::model::hsts::settings::{HstsSetting, hsts_setting};
use crate::model::requests::location::{Modifier, matcher};
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

/// A file that a location is asked for, whatever its files are: a name that hardly begins that of another location.
const ANY_FILE: &str = "q_any_file";

/// One URL of a server, with its answers.
#[derive(Debug)]
pub struct AnsweredUrl<'c> {
    /// What was asked for.
    pub url: Url,
    /// Whether files below it were asked for, of which some are there, and not for the URL itself.
    pub is_of_files_below: bool,
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

    /// Whether all comes from elsewhere than from files.
    fn reads_no_files(&self) -> bool {
        let is_made = |response: &Response<'_>| matches!(response.kind, ResponseKind::Proxy | ResponseKind::Return);
        self.all(|response| is_made(response) && response.conditions.iter().all(|condition| !condition.is_of_files()))
    }

    /// Whether it is the site's front page.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.url.path() == "/" && !self.is_of_files_below
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
            .get_or_init(|| answers(self, self.server(server), true, &self.telling_paths(server, true)))
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
        answers(self, self.server(server), false, &self.telling_paths(server, false))
    }

    /// `/`, and a path of each location that has a say in the headers, or that a block in it gives one; and of each that
    /// another server here answers, which may have one. With `asks_below` the files below them, too, where any header may
    /// be on them.
    fn telling_paths(&self, server: ServerId, asks_below: bool) -> Vec<AskedPath> {
        let server = self.server(server);
        let has_say = |directive: &Directive<'_>| {
            SETTING.iter().any(|name| directive.is_named(name)) || self.asks_itself(*directive)
        };
        let telling = server.directive.descendants().filter(has_say);
        let locations = telling.filter_map(|directive| directive.ancestors().find(|block| block.is_named("location")));
        let mut paths = paths_of(locations).0;
        if !asks_below || !self.mentions_hsts(server) {
            paths.retain(|asked| asked.kind != AskedKind::FilesBelow);
        }
        paths
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

/// A path that a server is asked for.
#[derive(Debug, PartialEq, Eq)]
struct AskedPath {
    path: String,
    kind: AskedKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AskedKind {
    /// What stands there counts.
    Itself,
    /// It stands for all that a regex matches.
    OneOfMany,
    /// It ends with a slash, and stands for the files below.
    FilesBelow,
}

/// Of names behind the edge and names that are not, each is asked as its clients would.
fn answers<'c>(model: &Model<'c>, server: &Server<'c>, is_secure: bool, paths: &[AskedPath]) -> Vec<AnsweredUrl<'c>> {
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
    paths: &[AskedPath],
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
    let mut answers: Vec<AnsweredUrl<'c>> = Vec::new();
    for (number, host) in hosts.iter().enumerate() {
        for asked in paths.iter().take(if number == 0 { MAX_PATHS } else { 1 }) {
            let is_of_files_below = asked.kind == AskedKind::FilesBelow;
            // Where no file answered for the path itself none does below.
            if is_of_files_below && answers.last().is_some_and(AnsweredUrl::reads_no_files) {
                continue;
            }
            let Ok(url) = Url::parse(&format!("{scheme}://{host}{port}{}", asked.path)) else { continue };
            let probed = if is_of_files_below { url.join(ANY_FILE) } else { Ok(url.clone()) };
            let Some(start) = probed.ok().and_then(|url| Start::new(url, Some(socket))) else { continue };
            let (responses, is_complete) = kept_answers(model, server, &start, asked.kind != AskedKind::Itself);
            answers.push(AnsweredUrl { url, is_of_files_below, responses, is_complete });
        }
    }
    answers
}

/// The answers of a server to one request that differ for a browser that looks for HSTS; whether these are all.
fn kept_answers<'c>(
    model: &Model<'c>,
    server: &Server<'c>,
    start: &Start<'_>,
    supposes_files: bool,
) -> (Vec<Response<'c>>, bool) {
    let tracer = model.tracer();
    let (responses, is_complete) =
        if supposes_files { tracer.first_answers_supposing_files(start) } else { tracer.first_answers(start) };
    let is_answer = |response: &Response<'_>| {
        response.server == server.id && !matches!(response.kind, ResponseKind::Closed | ResponseKind::Unknown)
    };
    let mut kept: Vec<Response<'c>> = Vec::new();
    let seen = responses.into_iter().filter(is_answer).flat_map(|response| model.with_upstream_hsts(response));
    for mut response in seen {
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
    (kept, is_complete)
}

/// `/`, and a path of each location; whether none is left out.
fn all_paths(server: &Server<'_>) -> (Vec<AskedPath>, bool) {
    paths_of(server.directive.descendants().filter(|directive| directive.is_named("location")))
}

fn paths_of<'c>(locations: impl Iterator<Item = Directive<'c>>) -> (Vec<AskedPath>, bool) {
    let mut witnesses = Witnesses::default();
    let mut paths = Vec::new();
    add_with_files_below(&mut paths, "/".to_owned());
    let mut is_all = true;
    for location in locations {
        let modifier = matcher(location).map(|(modifier, ..)| modifier);
        match witnesses.of_location(location) {
            Some(path) if paths.iter().any(|asked| asked.path == path) => {}
            Some(path) if paths.len() < MAX_PATHS => match modifier {
                Some(Modifier::Prefix | Modifier::PrefixOnly) => add_with_files_below(&mut paths, path),
                Some(Modifier::Regex | Modifier::RegexIgnoringCase) => {
                    paths.push(AskedPath { path, kind: AskedKind::OneOfMany });
                }
                _ => paths.push(AskedPath { path, kind: AskedKind::Itself }),
            },
            _ => is_all = false,
        }
    }
    (paths, is_all)
}

fn add_with_files_below(paths: &mut Vec<AskedPath>, path: String) {
    let below = if path.ends_with('/') { path.clone() } else { format!("{path}/") };
    paths.push(AskedPath { path, kind: AskedKind::Itself });
    paths.push(AskedPath { path: below, kind: AskedKind::FilesBelow });
}
