//! The directives that decide about Strict-Transport-Security in a block, in the order in which nginx runs them.
//!
//! The filter of headers-more comes before the one of nginx's own `add_header` (a module that is added runs first), so
//! that `more_set_headers` replaces what an upstream has sent, and `add_header` adds another one behind it.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header>,
//! <https://github.com/openresty/headers-more-nginx-module#more_set_headers>

use crate::config::Directive;
use crate::model::inherit;
use crate::nginx::NginxVersion;

const HEADER: &str = "strict-transport-security";

/// The statuses of answers that `add_header` adds to without `always`.
const ADDED_TO: &[u16] = &[200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/// One directive that decides about the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HstsSetting<'c> {
    /// The directive.
    pub directive: Directive<'c>,
    /// What it does.
    pub kind: HstsSettingKind,
    /// The value as it is written; empty where the header is taken away.
    pub value: String,
}

/// What a directive does about the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HstsSettingKind {
    /// `add_header`.
    Add {
        /// Whether errors get it as well.
        is_always: bool,
    },
    /// `more_set_headers` and `more_clear_headers`.
    Replace {
        /// `-s`; empty: all.
        statuses: Vec<u16>,
        /// `-t`: only for answers of these content types; empty: all.
        types: Vec<String>,
        /// `-a`: what is there stays.
        appends: bool,
    },
}

impl HstsSetting<'_> {
    /// Whether answers of a status get it; an upstream's, which is not known, is taken for a success.
    #[must_use]
    pub fn applies_to(&self, status: Option<u16>) -> bool {
        match &self.kind {
            HstsSettingKind::Add { is_always } => *is_always || status.is_none_or(|status| ADDED_TO.contains(&status)),
            HstsSettingKind::Replace { statuses, .. } => {
                statuses.is_empty() || statuses.contains(&status.unwrap_or(200))
            }
        }
    }

    /// Whether it is an `add_header` without `always`.
    #[must_use]
    pub fn leaves_out_errors(&self) -> bool {
        self.kind == HstsSettingKind::Add { is_always: false } && !self.value.is_empty()
    }
}

/// What the directives in effect in `block` do about the header, in the order in which they do it.
#[must_use]
pub fn hsts_settings<'c>(block: Directive<'c>, version: NginxVersion) -> Vec<HstsSetting<'c>> {
    let replacing = ["more_set_headers", "more_clear_headers"].into_iter();
    let mut replacing: Vec<Directive<'c>> =
        replacing.flat_map(|name| inherit::in_effect(block, name).directives).collect();
    // Those of outer levels run first.
    let depth = |directive: &Directive<'_>| directive.ancestors().count();
    replacing.sort_by_key(|directive| (depth(directive), directive.id()));
    let added = inherit::headers_in_effect(block, version);
    replacing.into_iter().chain(added).filter_map(hsts_setting).collect()
}

/// What one directive does about the header, if anything.
#[must_use]
pub fn hsts_setting(directive: Directive<'_>) -> Option<HstsSetting<'_>> {
    match &*directive.name_text() {
        "add_header" => {
            directive.argument(0).filter(|name| names_hsts(&name.text()))?;
            let value = directive.argument(1)?.text().into_owned();
            let is_always = directive.argument(2).is_some_and(|word| word.is("always"));
            let kind = HstsSettingKind::Add { is_always };
            Some(HstsSetting { directive, kind, value })
        }
        // Without a colon it clears the header; a blank before the name makes it another one.
        "more_set_headers" => replacement(directive, |text| {
            let (name, value) = text.split_once(':').unwrap_or((text, ""));
            names_hsts(name.trim_end()).then(|| value.trim().to_owned())
        }),
        "more_clear_headers" => replacement(directive, |text| {
            let is_cleared = match text.strip_suffix('*') {
                Some(start) => HEADER.starts_with(&start.to_ascii_lowercase()),
                None => names_hsts(text.split(':').next().unwrap_or_default().trim_end()),
            };
            is_cleared.then(String::new)
        }),
        _ => None,
    }
}

/// Whether a header's name is Strict-Transport-Security.
pub(crate) fn names_hsts(name: &str) -> bool {
    name.eq_ignore_ascii_case(HEADER)
}

/// A directive of headers-more: options, then headers, of which `find_value` knows the one.
fn replacement(directive: Directive<'_>, find_value: impl Fn(&str) -> Option<String>) -> Option<HstsSetting<'_>> {
    let (mut statuses, mut types, mut appends, mut value) = (Vec::new(), Vec::new(), false, None);
    let mut words = directive.arguments();
    while let Some(word) = words.next() {
        let mut list = || words.next().map(|word| word.text().into_owned()).unwrap_or_default();
        match &*word.text() {
            "-s" => statuses.extend(list().split_whitespace().filter_map(|status| status.parse::<u16>().ok())),
            "-t" => types.extend(list().split_whitespace().map(str::to_owned)),
            "-a" => appends = true,
            text => value = find_value(text).or(value),
        }
    }
    let kind = HstsSettingKind::Replace { statuses, types, appends };
    value.map(|value| HstsSetting { directive, kind, value })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::{Config, Library};
    use crate::model::{CertificateMode, Environment, Model};
    use crate::nginx::NEWEST;
    use crate::source::{MemoryFiles, Sources};

    /// The values that the front page of the server on 443 carries, for each assignment of what is not known.
    fn sent(http: &str) -> Vec<Vec<String>> {
        let mut files = MemoryFiles::default();
        files.add("/n/nginx.conf", format!("http {{ {http} }}"));
        let sources = Sources::default();
        let library = Library::new(&files, &sources, None);
        let config = Config::load(&library, Path::new("/n/nginx.conf"), None).unwrap();
        let environment =
            Environment { version: NEWEST, certificates: CertificateMode::Skip, ..Environment::default() };
        let model = Model::build(&config, &files, environment);
        let server = model.tls_servers().next().unwrap().id;
        let root = model.https_answers(server).iter().find(|answered| answered.is_root()).unwrap();
        let mut answers = Vec::new();
        for response in &root.responses {
            answers.push(response.hsts.iter().map(|(_, value)| value.text.clone()).collect());
        }
        answers
    }

    fn of_location(around: &str, inside: &str) -> Vec<Vec<String>> {
        sent(&format!("{around} server {{ listen 443 ssl; server_name a.test; location / {{ {inside} }} }}"))
    }

    const OUTER: &str = "more_set_headers 'Strict-Transport-Security: outer';";

    // Seen on nginx 1.22.1 with headers-more.
    #[test]
    fn what_is_sent_with_headers_more() {
        const ROWS: &[(&str, &[&str])] = &[
            ("add_header Strict-Transport-Security add; return 200;", &["outer", "add"]),
            ("more_set_headers 'Strict-Transport-Security: inner'; return 200;", &["inner"]),
            (
                "more_clear_headers Strict-Transport-Security; add_header Strict-Transport-Security add; return 404;",
                &[],
            ),
            ("more_set_headers -s '404 500' 'Strict-Transport-Security: error'; return 404;", &["error"]),
            ("more_set_headers -s 404 'Strict-Transport-Security: error'; return 200;", &["outer"]),
            (
                "more_set_headers 'Strict-Transport-Security: a'; more_clear_headers Strict-Transport-Security; return 200;",
                &[],
            ),
            ("more_clear_headers 'Strict*'; more_set_headers 'Strict-Transport-Security: a'; return 200;", &["a"]),
            ("more_set_headers 'Strict-Transport-Security: a' 'Strict-Transport-Security: b'; return 200;", &["b"]),
            ("more_set_headers 'Strict-Transport-Security:'; return 200;", &[]),
            ("more_set_headers 'X-Other: a'; return 200;", &["outer"]),
            ("more_set_headers Strict-Transport-Security; return 200;", &[]),
            ("more_set_headers ' Strict-Transport-Security: a'; return 200;", &["outer"]),
            ("more_set_headers -t 'text/css text/html' 'Strict-Transport-Security: a'; return 404;", &["a"]),
            ("more_set_headers -t text/css 'Strict-Transport-Security: a'; return 404;", &["outer"]),
        ];
        for (inside, expected) in ROWS {
            assert_eq!(of_location(OUTER, inside), [*expected], "{inside}");
        }
        // Of what type it is depends on the file.
        let of_type = "more_set_headers -t text/css 'Strict-Transport-Security: a'; proxy_pass http://192.0.2.1;";
        assert_eq!(of_location(OUTER, of_type), [["a"], ["outer"]]);
    }

    #[test]
    fn what_is_sent_by_add_header() {
        const OUTER: &str = "add_header Strict-Transport-Security outer;";
        const ROWS: &[(&str, &[&str])] = &[
            ("return 200;", &["outer"]),
            ("return 301 https://b.test/;", &["outer"]),
            ("return 404;", &[]),
            ("add_header Strict-Transport-Security own always; return 404;", &["own"]),
            ("add_header X-Other a; return 200;", &[]),
            ("add_header X-Other a; add_header_inherit merge; return 200;", &["outer"]),
            ("add_header_inherit off; return 200;", &[]),
            ("add_header STRICT-transport-security own; return 200;", &["own"]),
            ("add_header Strict-Transport-Security ''; return 200;", &[]),
            ("add_header Strict-Transport-Security $https; return 200;", &["on"]),
            ("expires 1y; return 200;", &["outer"]),
        ];
        for (inside, expected) in ROWS {
            assert_eq!(of_location(OUTER, inside), [*expected], "{inside}");
        }
    }

    #[test]
    fn a_map_gives_each_of_its_values() {
        let map = "map $scheme $a { https on; } map $http_x $b { default one; x two; y ''; }";
        let header =
            |value: &str| of_location(map, &format!("add_header Strict-Transport-Security {value}; return 200;"));
        assert_eq!(header("$a"), [["on"]]);
        assert_eq!(header("$b"), [vec!["one"], vec!["two"], vec![]]);
    }

    #[test]
    fn an_upstream_of_the_same_configuration_comes_first() {
        let upstream = "server { listen 127.0.0.1:81; add_header Strict-Transport-Security up; return 200; }";
        const PASS: &str = "proxy_pass http://127.0.0.1:81; add_header Strict-Transport-Security own;";
        assert_eq!(of_location(upstream, PASS), [["up", "own"]]);
        let hidden = format!("{PASS} proxy_hide_header strict-transport-security;");
        assert_eq!(of_location(upstream, &hidden), [["own"]]);
        let cleared = format!("{PASS} more_clear_headers Strict-Transport-Security;");
        assert_eq!(of_location(upstream, &cleared), [["own"]]);
        let appended = format!("{PASS} more_set_headers -a 'Strict-Transport-Security: appended';");
        assert_eq!(of_location(upstream, &appended), [["up", "appended", "own"]]);
        assert_eq!(of_location("", PASS), [["own"]]);
    }

    // Seen on nginx 1.22.1.
    #[test]
    fn an_upstream_has_upstreams_statuses_and_conditions_of_its_own() {
        const PASS: &str = "proxy_pass http://127.0.0.1:81; add_header Strict-Transport-Security own;";
        let upstream = |inside: &str| format!("server {{ listen 127.0.0.1:81; location / {{ {inside} }} }}");
        let answers = |inside: &str| of_location(&upstream(inside), PASS);
        const UP: &str = "add_header Strict-Transport-Security up always;";
        assert_eq!(answers(&format!("{UP} return 301 https://b.test/;")), [["up", "own"]]);
        assert_eq!(answers(&format!("{UP} return 404;")), [["up"]]);
        assert_eq!(answers("return 200;"), [["own"]]);
        assert_eq!(answers(&format!("if ($http_x) {{ {UP} }} return 200;")), [vec!["own"], vec!["up", "own"]]);
        let third = "server { listen 127.0.0.1:82; add_header Strict-Transport-Security third; return 200; }";
        let second = upstream(&format!("{UP} proxy_pass http://127.0.0.1:82;"));
        assert_eq!(of_location(&format!("{second} {third}"), PASS), [["third", "up", "own"]]);
        // One that passes on to where nobody looks, and a circle.
        assert_eq!(answers(&format!("{UP} proxy_pass http://192.0.2.1;")), [["own"]]);
        assert_eq!(answers(&format!("{UP} proxy_pass http://127.0.0.1:81;")), [["own"]]);
        // Another Host, another server.
        let named = "server { listen 127.0.0.1:81; return 200; } server { listen 127.0.0.1:81; server_name a.test; \
                     add_header Strict-Transport-Security named; return 200; }";
        assert_eq!(of_location(named, PASS), [["own"]]);
        assert_eq!(of_location(named, &format!("{PASS} proxy_set_header Host $host;")), [["named", "own"]]);
        // A group whose servers are all the same one.
        let group = format!(
            "upstream g {{ server 127.0.0.1:81; server localhost:81; }} {}",
            upstream(&format!("{UP} return 200;"))
        );
        let to_group = PASS.replace("127.0.0.1:81", "g");
        assert_eq!(of_location(&group, &to_group), [["up", "own"]]);
        assert_eq!(of_location(&group.replace("localhost:81", "192.0.2.1"), &to_group), [["own"]]);
    }
}
