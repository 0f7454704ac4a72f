//! Generated servers and locations.

use std::fmt::Write as _;

use super::configuration::Surroundings;
use super::words::{
    ACCESS, CONDITIONS, ERROR_PAGES, INDEXES, LOCATIONS, METHODS_EXCEPT, MORE_HEADERS, NAMED, NESTED, POLICIES,
    REGEXES, REPLACEMENTS, SETTINGS, TEXTS, TRY_FILES,
};
use crate::random::Random;

/// Writes directives, one a line.
pub(crate) struct Writer<'r> {
    pub(crate) random: &'r mut Random,
    pub(crate) surroundings: &'r Surroundings,
    pub(crate) text: String,
    pub(crate) level: usize,
    policies: usize,
}

impl<'r> Writer<'r> {
    pub(crate) fn new(random: &'r mut Random, surroundings: &'r Surroundings) -> Writer<'r> {
        Writer { random, surroundings, text: String::new(), level: 0, policies: 0 }
    }

    pub(crate) fn line(&mut self, directive: &str) {
        let indent = self.level * 4;
        writeln!(self.text, "{:indent$}{directive};", "").unwrap();
    }

    fn block(&mut self, head: &str, inside: impl FnOnce(&mut Self)) {
        let indent = self.level * 4;
        writeln!(self.text, "{:indent$}{head} {{", "").unwrap();
        self.level += 1;
        inside(self);
        self.level -= 1;
        writeln!(self.text, "{:indent$}}}", "").unwrap();
    }

    /// Different ones of `from`, each directive once.
    fn some(&mut self, from: &[&str], limit: usize, can_repeat: &[&str]) {
        let mut used: Vec<&str> = Vec::new();
        for _ in 0..1 + self.random.below(limit) {
            let directive = self.random.pick(from);
            let name = directive.split(' ').next().unwrap_or_default();
            if !used.contains(&name) || can_repeat.contains(&name) {
                used.push(name);
                self.line(directive);
            }
        }
    }

    pub(crate) fn settings(&mut self) {
        self.some(SETTINGS, 2, &[]);
    }

    fn access(&mut self, can_satisfy: bool) {
        if can_satisfy && self.random.once_in(3) {
            let satisfy = self.random.pick(&["satisfy any", "satisfy all"]);
            self.line(satisfy);
        }
        self.some(ACCESS, 3, &["allow", "deny"]);
    }

    pub(crate) fn add_headers(&mut self) {
        for _ in 0..1 + self.random.below(2) {
            self.policies += 1;
            let always = self.random.pick(&["", " always"]);
            if self.random.once_in(4) {
                self.line(&format!("add_header X-Other {}{always}", self.policies));
                continue;
            }
            let name = self.random.pick(&[
                "Strict-Transport-Security",
                "Strict-Transport-Security",
                "strict-transport-security",
            ]);
            let policy = self.random.pick(POLICIES).replace('N', &self.policies.to_string());
            self.line(&format!("add_header {name} {policy}{always}"));
        }
        if self.surroundings.version >= "1.29.3".parse().unwrap() && self.random.once_in(3) {
            let how = self.random.pick(&["on", "off", "merge"]);
            self.line(&format!("add_header_inherit {how}"));
        }
        if self.surroundings.headers_more.is_some() && self.random.once_in(4) {
            self.policies += 1;
            let more = self.random.pick(MORE_HEADERS).replace('N', &self.policies.to_string());
            self.line(&more);
        }
    }

    pub(crate) fn error_pages(&mut self) {
        for _ in 0..1 + self.random.below(3) {
            let page = self.random.pick(ERROR_PAGES);
            self.line(&format!("error_page {page}"));
        }
    }

    pub(crate) fn indexes(&mut self) {
        let index = self.random.pick(INDEXES);
        self.line(&format!("index {index}"));
    }

    /// What stands in a server beside its sockets and names.
    pub(crate) fn server(&mut self) {
        if !self.random.once_in(3) {
            let root = self.random.pick(&["site", "site", "alt", "site/a", "site/"]);
            let directory = self.surroundings.directory.display().to_string();
            let root = if self.random.once_in(2) { format!("{directory}/{root}") } else { root.to_owned() };
            self.line(&format!("root {root}"));
        }
        if self.random.once_in(4) {
            self.line("recursive_error_pages on");
        } else if self.random.once_in(3) {
            self.settings();
        }
        if self.random.once_in(10) {
            self.line("merge_slashes off");
        }
        if self.random.once_in(3) {
            self.add_headers();
        }
        if self.random.once_in(2) {
            self.error_pages();
        }
        if self.random.once_in(8) {
            self.indexes();
        }
        if self.random.once_in(12) {
            self.access(true);
        }
        if self.random.once_in(8) {
            self.upstream_headers();
        }
        if self.random.once_in(15) {
            let files = self.random.pick(TRY_FILES);
            self.line(&format!("try_files {files}"));
        }
        if self.random.once_in(3) {
            self.rewriting(0, false);
        }
        let mut used: Vec<&str> = Vec::new();
        for _ in 0..self.random.below(7) {
            let location = self.random.pick(LOCATIONS);
            if !used.contains(&location) {
                used.push(location);
                self.block(&format!("location {location}"), |writer| writer.location(location, 0));
            }
        }
        for name in NAMED {
            if !self.random.once_in(3) {
                self.block(&format!("location {name}"), |writer| writer.location(name, 0));
            }
        }
    }

    fn location(&mut self, head: &str, depth: usize) {
        let is_prefix = head.starts_with(['/', '=']) || head.starts_with('^');
        match self.random.below(16) {
            0..=2 => {}
            3..=6 => self.rewriting(0, true),
            7 | 8 => {
                if self.random.once_in(6) {
                    self.rewriting(0, true);
                }
                self.proxy_pass(is_prefix);
            }
            9..=11 => {
                if self.random.once_in(6) {
                    self.rewriting(0, true);
                }
                let files = self.random.pick(TRY_FILES);
                self.line(&format!("try_files {files}"));
            }
            12 if is_prefix => self.alias(),
            12 if head.contains('(') => self.line("alias alt/$1"),
            13 => {
                let root =
                    self.random.pick(&["alt", "site", "site/dir", "site/", "$document_root_none/site", "alt/$by_host"]);
                let root = root.replace("$document_root_none/", "");
                self.line(&format!("root {root}"));
            }
            14 => self.indexes(),
            15 if self.random.once_in(3) => {
                let handler = self.random.pick(&["empty_gif", "stub_status"]);
                self.line(handler);
            }
            _ => {}
        }
        self.extras(head, depth);
        let nested = self.random.pick(NESTED);
        if depth < 2 && can_hold(head, nested) && self.random.once_in(3) {
            self.block(&format!("location {nested}"), |writer| writer.location(nested, depth + 1));
        }
    }

    fn extras(&mut self, head: &str, depth: usize) {
        if self.random.once_in(6) {
            self.add_headers();
        }
        if self.random.once_in(5) {
            self.error_pages();
        }
        if self.random.once_in(8) {
            self.settings();
        }
        if self.random.once_in(10) {
            self.access(true);
        }
        if self.random.once_in(12) {
            self.upstream_headers();
        }
        if self.random.once_in(12) && !head.starts_with('@') {
            self.line("internal");
        }
        if self.random.once_in(12) && depth == 0 {
            let methods = self.random.pick(METHODS_EXCEPT);
            self.block(&format!("limit_except {methods}"), |writer| {
                writer.access(false);
                if writer.random.once_in(6) {
                    writer.proxy_pass(false);
                }
            });
        }
    }

    fn proxy_pass(&mut self, is_prefix: bool) {
        const ANYWHERE: &[&str] =
            &["UP", "UP", "UP$request_uri", "UP/v$uri", "UP/v?$args", "http://up", "UP$uri$is_args$args"];
        const PREFIX: &[&str] = &["UP/", "UP/up/", "UP/up", "http://up/", "UP/a?x=2", "UP/%20b"];
        let form =
            if is_prefix && self.random.once_in(2) { self.random.pick(PREFIX) } else { self.random.pick(ANYWHERE) };
        let upstream = format!("http://127.0.0.1:{}", self.surroundings.upstream);
        let form = form.replace("UP", &upstream);
        self.line(&format!("proxy_pass {form}"));
    }

    fn upstream_headers(&mut self) {
        const HEADERS: &[&str] = &["Host $host", "Host $http_host", "X-B b", "host fixed.test", "Host $by_host.test"];
        for _ in 0..1 + self.random.below(2) {
            let header = self.random.pick(HEADERS);
            self.line(&format!("proxy_set_header {header}"));
        }
    }

    fn alias(&mut self) {
        let alias = self.random.pick(&["alt/", "alt", "site/dir/", "site/a/", "alt/guide.html", "site/$by_host/"]);
        self.line(&format!("alias {alias}"));
    }

    fn value(&mut self) -> String {
        let mut value = String::new();
        for _ in 0..1 + self.random.below(3) {
            let text = self.random.pick(TEXTS);
            // It would lengthen the name of a variable.
            value.push_str(if text == "a" && !value.is_empty() { "-a" } else { text });
        }
        value
    }

    /// Directives of the rewrite module; an `if` holds no other `if`.
    fn rewriting(&mut self, depth: usize, in_location: bool) {
        for _ in 0..1 + self.random.below(3) {
            match self.random.below(14) {
                0 | 1 => {
                    let directive = self.return_directive();
                    self.line(&directive);
                }
                2..=4 => {
                    let variable = self.random.pick(&["$v1", "$v2", "$v3", "$args"]);
                    let value = if self.random.once_in(5) { "\"\"".to_owned() } else { self.value() };
                    self.line(&format!("set {variable} {value}"));
                }
                5 if self.random.once_in(2) => self.line("break"),
                6..=9 if depth == 0 => {
                    let condition = self.random.pick(CONDITIONS);
                    self.block(&format!("if ({condition})"), |writer| writer.if_block(in_location));
                }
                _ => {
                    let regex = self.random.pick(REGEXES);
                    let replacement = self.random.pick(REPLACEMENTS);
                    let flag = self.random.pick(&["", "", " last", " last", " break", " redirect", " permanent"]);
                    self.line(&format!("rewrite {regex} {replacement}{flag}"));
                }
            }
        }
    }

    fn if_block(&mut self, in_location: bool) {
        if !in_location || !self.random.once_in(3) {
            self.rewriting(1, in_location);
        }
        if !in_location {
            return;
        }
        if self.random.once_in(6) {
            self.add_headers();
        }
        if self.random.once_in(8) {
            self.error_pages();
        }
        match self.random.below(16) {
            0 => self.proxy_pass(false),
            1 => self.line("root alt"),
            _ => {}
        }
    }

    fn return_directive(&mut self) -> String {
        match self.random.below(6) {
            0 => {
                let status = self.random.pick(&["301", "302", "303", "307", "308"]);
                format!("return {status} {}", self.value())
            }
            1 => {
                let status = self.random.pick(&["301", "302"]);
                format!("return {status} /{}", self.value())
            }
            2 => {
                let scheme = self.random.pick(&["http", "https", "$scheme"]);
                format!("return {scheme}://{}", self.value())
            }
            3 => format!("return 200 {}", self.value()),
            _ => {
                let answer = self.random.pick(&[
                    "200 x", "404", "404 x", "301", "403", "200", "444", "444 x", "300 /x", "410", "204", "500",
                    "503 y", "405", "401", "400", "497",
                ]);
                format!("return {answer}")
            }
        }
    }
}

/// Whether nginx accepts a location inside another.
fn can_hold(outer: &str, inner: &str) -> bool {
    let path = |head: &str| head.trim_start_matches(['^', '~', ' ', '=']).to_owned();
    let is_regex = |head: &str| head.starts_with('~');
    let is_open = !outer.starts_with(['@', '=']);
    let is_below = path(inner).starts_with(&path(outer)) && path(inner) != path(outer);
    is_open && (is_regex(inner) || !is_regex(outer) && is_below)
}
