//! What a block inherits from the levels around it, directive by directive.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::{Directive, DirectiveName, Duplicate};

/// What happens to a directive of an outer level in the blocks inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Inheritance {
    /// It holds inside, unless a block has one of its own: `ngx_conf_merge_value`.
    Nearest,
    /// All of one level are one list, and it holds inside as a whole, unless a block has any of its own: that
    /// drops every inherited one. [`Directive::inherited_with`] names the directives that share the list.
    List,
    /// It holds inside, before those that a block has of its own.
    Added,
    /// It answers requests of its `location`, and of the `if` and `limit_except` there; locations inside know
    /// nothing of it.
    Handler,
    /// It acts where it stands, and nowhere inside.
    Own,
}

impl Directive {
    /// What the blocks inside its own inherit of it; `None` for third-party directives whose code is not known.
    ///
    /// Without meaning for a directive that stands on one level only, such as `listen`.
    #[must_use]
    pub fn inheritance(&self) -> Option<Inheritance> {
        BY_NAME.get(self.name).map(|(inheritance, _)| *inheritance).or_else(|| {
            let has_common_setter = self.value.is_some() && self.duplicate == Duplicate::Rejected;
            (self.package.is_none() || has_common_setter).then_some(Inheritance::Nearest)
        })
    }

    /// The directives that are one setting with this one, itself among them: an `allow` of a level drops the
    /// inherited `deny` too, and an `alias` the inherited `root`.
    #[must_use]
    pub fn inherited_with(&self) -> &[&'static str] {
        BY_NAME.get(self.name).map_or(std::slice::from_ref(&self.name), |(_, names)| names)
    }
}

impl DirectiveName {
    /// What blocks inherit of the directives of this name, as [`Directive::inheritance`] says of the first of them, and
    /// the names of those that are one setting with it.
    #[must_use]
    pub fn inherited(self) -> (Inheritance, &'static [DirectiveName]) {
        let (inheritance, names) = &BY_NUMBER[self.number()];
        (*inheritance, names)
    }
}

/// What [`DirectiveName::inherited`] says of each name, by its number.
static BY_NUMBER: LazyLock<Vec<(Inheritance, Vec<DirectiveName>)>> = LazyLock::new(|| {
    let of_row = |row: &Directive| {
        let names = row.inherited_with().iter().filter_map(|name| DirectiveName::find(name.as_bytes()));
        (row.inheritance().unwrap_or(Inheritance::Nearest), names.collect())
    };
    DirectiveName::all().filter_map(|name| name.rows().first()).map(of_row).collect()
});

/// How a directive is inherited, and the directives that are one setting with it.
type Row = (Inheritance, &'static [&'static str]);

static BY_NAME: LazyLock<FxHashMap<&'static str, Row>> = LazyLock::new(|| {
    let groups = KNOWN.iter().flat_map(|(inheritance, groups)| groups.iter().map(move |names| (*inheritance, *names)));
    groups.flat_map(|(inheritance, names)| names.iter().map(move |name| (*name, (inheritance, names)))).collect()
});

/// All directives that are not inherited singly and by the nearest level; those of one slice are one setting.
///
/// Source: the merge functions of nginx's modules; for lists also "These directives are inherited from the previous
/// configuration level if and only if there are no … directives defined on the current level" in the reference.
#[rustfmt::skip] // A table: what belongs together stands on a line.
const KNOWN: &[(Inheritance, &[&[&str]])] = &[
    // One slot for both: ngx_http_core_root.
    (Inheritance::Nearest, &[&["root", "alias"]]),
    (Inheritance::List, &[
        &["add_header"], &["add_trailer"], &["error_page"], &["error_log"], &["access_log"], &["index"], &["types"],
        &["allow", "deny"], &["limit_conn"], &["limit_req"], &["set_real_ip_from"], &["auth_request_set"], &["valid_referers"],
        &["mirror"], &["sub_filter"], &["early_hints"], &["client_body_early_read"], &["gzip_disable"],
        &["ancient_browser"], &["modern_browser"], &["xslt_param", "xslt_string_param"], &["xslt_stylesheet"],
        &["gzip_types"], &["ssi_types"], &["sub_filter_types"], &["addition_types"], &["charset_types"], &["xslt_types"],
        &["proxy_set_header"], &["proxy_hide_header"], &["proxy_pass_header"], &["proxy_redirect"],
        &["proxy_cookie_domain"], &["proxy_cookie_path"], &["proxy_cookie_flags"],
        &["proxy_cache_valid"], &["proxy_cache_bypass"], &["proxy_no_cache"], &["proxy_ssl_conf_command"],
        &["grpc_set_header"], &["grpc_hide_header"], &["grpc_pass_header"], &["grpc_ssl_conf_command"],
        &["fastcgi_param"], &["fastcgi_hide_header"], &["fastcgi_pass_header"], &["fastcgi_catch_stderr"],
        &["fastcgi_cache_valid"], &["fastcgi_cache_bypass"], &["fastcgi_no_cache"],
        &["uwsgi_param"], &["uwsgi_hide_header"], &["uwsgi_pass_header"], &["uwsgi_ssl_conf_command"],
        &["uwsgi_cache_valid"], &["uwsgi_cache_bypass"], &["uwsgi_no_cache"],
        &["scgi_param"], &["scgi_hide_header"], &["scgi_pass_header"],
        &["scgi_cache_valid"], &["scgi_cache_bypass"], &["scgi_no_cache"],
        &["ssl_certificate"], &["ssl_certificate_key"], &["ssl_conf_command"], &["ssl_session_ticket_key"], &["ssl_ech_file"],
        &["auth_http_header"], &["imap_capabilities"], &["pop3_capabilities"], &["smtp_capabilities"],
    ]),
    // Seen on nginx 1.22.1 with headers-more: an outer `more_set_headers` is sent beside an inner one.
    (Inheritance::Added, &[&["more_set_headers"], &["more_clear_headers"], &["more_set_input_headers"], &["more_clear_input_headers"]]),
    // `clcf->handler` is no part of any merge, but an `if` or a `limit_except` keeps it.
    (Inheritance::Handler, &[
        &["proxy_pass"], &["fastcgi_pass"], &["uwsgi_pass"], &["scgi_pass"], &["grpc_pass"], &["memcached_pass"], &["tunnel_pass"],
        &["empty_gif"], &["flv"], &["mp4"], &["perl"], &["stub_status"], &["js_content"],
        &["content_by_lua"], &["content_by_lua_block"], &["content_by_lua_file"], &["echo"], &["echo_duplicate"], &["echo_exec"],
        &["echo_location"], &["echo_location_async"], &["echo_subrequest"], &["echo_subrequest_async"],
    ]),
    // The rewrite module runs what stands on a level and merges none of it; try_files has no merge function.
    (Inheritance::Own, &[&["rewrite"], &["return"], &["set"], &["if"], &["break"], &["try_files"]]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nginx::directives::all_directives;
    use crate::nginx::{Contexts, DirectiveName};

    fn find(name: &str) -> &'static Directive {
        &DirectiveName::find(name.as_bytes()).expect("a row names a known directive").rows()[0]
    }

    #[test]
    fn inheritance_of_known_directives() {
        const ROWS: &[(&str, Option<Inheritance>, &[&str])] = &[
            ("add_header", Some(Inheritance::List), &["add_header"]),
            ("deny", Some(Inheritance::List), &["allow", "deny"]),
            ("proxy_read_timeout", Some(Inheritance::Nearest), &["proxy_read_timeout"]),
            ("alias", Some(Inheritance::Nearest), &["root", "alias"]),
            ("internal", Some(Inheritance::Nearest), &["internal"]),
            ("proxy_pass", Some(Inheritance::Handler), &["proxy_pass"]),
            ("return", Some(Inheritance::Own), &["return"]),
            ("more_set_headers", Some(Inheritance::Added), &["more_set_headers"]),
            ("brotli", Some(Inheritance::Nearest), &["brotli"]),
            ("content_by_lua_block", Some(Inheritance::Handler), &["content_by_lua_block"]),
            ("set_by_lua_block", None, &["set_by_lua_block"]),
        ];
        for (name, inheritance, shared) in ROWS {
            assert_eq!(find(name).inheritance(), *inheritance, "{name}");
            assert_eq!(find(name).inherited_with(), *shared, "{name}");
        }
    }

    #[test]
    fn every_name_is_known_once_and_stands_on_levels_that_inherit() {
        let mut names: Vec<&str> =
            KNOWN.iter().flat_map(|(_, groups)| groups.iter().copied().flatten().copied()).collect();
        for name in &names {
            let contexts = DirectiveName::find(name.as_bytes()).expect("the table names known directives").contexts();
            assert!(contexts.iter().count() > 1 || contexts == Contexts::LOCATION, "{name}: {contexts}");
        }
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn what_may_stand_twice_on_inheriting_levels_is_a_list_or_known_otherwise() {
        /// Accepted twice because the last one counts, or because nginx ignores it.
        const SINGLE: &[&str] = &[
            "ancient_browser_value",
            "modern_browser_value",
            "auth_http",
            "protocol",
            "ssl_session_cache",
            "fastcgi_split_path_info",
        ];
        let levels = [Contexts::HTTP | Contexts::SERVER, Contexts::SERVER | Contexts::LOCATION];
        let levels = levels
            .into_iter()
            .chain([Contexts::STREAM | Contexts::STREAM_SERVER, Contexts::MAIL | Contexts::MAIL_SERVER]);
        let levels: Vec<Contexts> = levels.collect();
        for row in all_directives().iter().filter(|row| row.package.is_none() && row.duplicate == Duplicate::Allowed) {
            let inherits = levels.iter().any(|level| row.contexts.contains(*level));
            let one =
                row.inheritance() == Some(Inheritance::Nearest) && row.name != "include" && row.name != "location";
            let counted = row.deprecated.is_some() || SINGLE.contains(&row.name);
            assert!(!inherits || !one || counted, "{} of {}", row.name, row.module);
        }
    }
}
