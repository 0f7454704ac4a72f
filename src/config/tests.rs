//! Files in, tree and problems out.

use std::path::Path;

use super::*;
use crate::source::{MemoryFiles, Sources};

/// Loads `/n/nginx.conf` of `files`, and gives its tree in one line and its problems.
fn load(files: &[(&str, &str)]) -> (String, Vec<String>) {
    let mut memory = MemoryFiles::default();
    for (path, text) in files {
        memory.add(format!("/n/{path}"), *text);
    }
    let sources = Sources::default();
    let library = Library::new(&memory, &sources, Some("/n".into()));
    let config = Config::load(&library, Path::new("/n/nginx.conf"), None).unwrap();
    let problems = config.problems.iter().map(|problem| {
        let position = sources.file(problem.span.file).position(problem.span.start);
        format!("{}:{} {:?}", sources.path(problem.span.file).display(), position.line, problem.kind)
    });
    let problems = problems.collect();
    fn list<'c>(directives: impl Iterator<Item = Directive<'c>>) -> String {
        let one = |directive: Directive<'_>| {
            let words: Vec<_> = std::iter::once(directive.name_text().into_owned())
                .chain(directive.arguments().map(|word| word.text().into_owned()))
                .collect();
            let words = words.join("|");
            if directive.is_block() { format!("{words}{{{}}}", list(directive.children())) } else { words }
        };
        directives.map(one).collect::<Vec<_>>().join(" ")
    }
    (list(config.directives().filter(|directive| directive.parent().is_none())), problems)
}

/// Files, what they make together, and the problems in them.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static [&'static str]);

const LOADED: &[Row] = &[
    (
        "includes stand where they are written, globs in order, in any context",
        &[
            ("nginx.conf", "http { include mime.types; include sites/*; }"),
            ("mime.types", "types { include more.types; text/html html; }"),
            ("more.types", "a/b c;"),
            ("sites/b", "server { include common; }"),
            ("sites/a", "upstream x { include servers; }"),
            ("servers", "server y;"),
            ("common", "listen 80;"),
        ],
        "http{include|mime.types types{include|more.types a/b|c text/html|html} include|sites/* \
         upstream|x{include|servers server|y} server{include|common listen|80}}",
        &[],
    ),
    (
        "a file may be included twice, in the same place or in two",
        &[("nginx.conf", "http { include a; include a; }"), ("a", "gzip on;")],
        "http{include|a gzip|on include|a gzip|on}",
        &[],
    ),
    (
        "a cycle is cut where it closes",
        &[("nginx.conf", "include a;"), ("a", "include b;"), ("b", "\ninclude a;")],
        "include|a include|b include|a",
        &["b:2 IncludeCycle { files: [\"a\", \"b\"] }"],
    ),
    (
        "a missing name is a problem, an empty glob is none",
        &[("nginx.conf", "include none.conf; include none/*.conf; include /else/where;")],
        "include|none.conf include|none/*.conf include|/else/where",
        &[
            "nginx.conf:1 IncludeNotFound { path: \"/n/none.conf\", error: NotFound, is_packaged: false, elsewhere: None }",
            "nginx.conf:1 IncludeNotFound { path: \"/else/where\", error: NotFound, is_packaged: false, elsewhere: None }",
        ],
    ),
    (
        "absolute paths of a repository that is /etc/nginx on the server",
        &[("nginx.conf", "include /etc/nginx/d/x;\ninclude /etc/nginx/d/y;"), ("d/x", "")],
        "include|/etc/nginx/d/x include|/etc/nginx/d/y",
        &[
            "nginx.conf:1 IncludeNotFound { path: \"/etc/nginx/d/x\", error: NotFound, is_packaged: false, \
             elsewhere: Some(Elsewhere { from: \"/etc/nginx\", to: \"/n\" }) }",
            "nginx.conf:2 IncludeNotFound { path: \"/etc/nginx/d/y\", error: NotFound, is_packaged: false, elsewhere: None }",
        ],
    ),
    (
        "a repository without the files of nginx's package",
        &[("nginx.conf", "include mime.types;\ninclude d/fastcgi_params;"), ("d/fastcgi.conf", "")],
        "include|mime.types include|d/fastcgi_params",
        &[
            "nginx.conf:1 IncludeNotFound { path: \"/n/mime.types\", error: NotFound, is_packaged: true, elsewhere: None }",
            "nginx.conf:2 IncludeNotFound { path: \"/n/d/fastcgi_params\", error: NotFound, is_packaged: false, elsewhere: None }",
        ],
    ),
    (
        "a directory is no file",
        &[("nginx.conf", "include d;"), ("d/x", "")],
        "include|d",
        &["nginx.conf:1 IncludeNotFound { path: \"/n/d\", error: IsDirectory, is_packaged: false, elsewhere: None }"],
    ),
    (
        "charset_map and split_clients know no include",
        &[("nginx.conf", "http { split_clients $a $b { include x; } }")],
        "http{split_clients|$a|$b{include|x}}",
        &[],
    ),
    (
        "a semicolon is missing, nginx refuses it, and the next line counts",
        &[("nginx.conf", "http {\nserver {\nlisten 80\nserver_name x;\nroot /x\nlocation / {\n}\n}\n}")],
        "http{server{listen|80 server_name|x root|/x location|/{}}}",
        &[
            "nginx.conf:3 MissingSemicolon { directive: \"listen\", last_word: \"80\", swallowed: \"server_name\", \
             is_refused: true }",
            "nginx.conf:5 MissingSemicolon { directive: \"root\", last_word: \"/x\", swallowed: \"location\", \
             is_refused: true }",
        ],
    ),
    (
        "a semicolon is missing, and nginx takes the next line for names",
        &[("nginx.conf", "http {\nserver {\nserver_name x\nroot /x;\n}\n}")],
        "http{server{server_name|x|root|/x}}",
        &["nginx.conf:3 MissingSemicolon { directive: \"server_name\", last_word: \"x\", swallowed: \"root\", \
           is_refused: false }"],
    ),
    (
        "parameters on lines of their own are fine",
        &[(
            "nginx.conf",
            "http {\naccess_log /x\n  main\n  buffer=1k;\nserver_name_in_redirect\n  off;\ngzip_types\n  text/css\n  a/b;\n}",
        )],
        "http{access_log|/x|main|buffer=1k server_name_in_redirect|off gzip_types|text/css|a/b}",
        &[],
    ),
    (
        "parameters that are called as directives are",
        &[(
            "nginx.conf",
            "http {\nserver {\nlisten 443\n  ssl\n  default_server;\nlisten 8443 default_server backlog=5\n  http2 ssl;\n\
             listen 444 # TLS\n  # and\n  ssl # more\n;\nlisten 445\n  ssl\nroot /x;\n}\n}\nstream {\nserver {\n\
             listen 1\n  proxy_protocol\n  ssl;\n}\n}",
        )],
        "http{server{listen|443|ssl|default_server listen|8443|default_server|backlog=5|http2|ssl listen|444|ssl \
         listen|445|ssl root|/x}} stream{server{listen|1|proxy_protocol|ssl}}",
        &["nginx.conf:13 MissingSemicolon { directive: \"listen\", last_word: \"ssl\", swallowed: \"root\", \
           is_refused: true }"],
    ),
    (
        "directives that are called as parameters are, too",
        &[("nginx.conf", "http {\nserver {\nlisten 443\nssl on;\nlisten 80\nhttp2 off\nroot /x;\n}\n}")],
        "http{server{listen|443 ssl|on listen|80 http2|off root|/x}}",
        &[
            "nginx.conf:3 MissingSemicolon { directive: \"listen\", last_word: \"443\", swallowed: \"ssl\", \
             is_refused: true }",
            "nginx.conf:5 MissingSemicolon { directive: \"listen\", last_word: \"80\", swallowed: \"http2\", \
             is_refused: true }",
            "nginx.conf:6 MissingSemicolon { directive: \"http2\", last_word: \"off\", swallowed: \"root\", \
             is_refused: true }",
        ],
    ),
    (
        "entries have no blocks",
        &[("nginx.conf", "http {\ntypes { a{2;} }\n}")],
        "http{types{a{2}}}",
        &["nginx.conf:2 BlockAmongEntries { block: \"types\" }"],
    ),
    (
        "the wrong end of a directive",
        &[("nginx.conf", "events;\nhttp {\ngzip on { }\n}")],
        "events http{gzip|on{}}",
        &["nginx.conf:1 NoBlock { directive: \"events\" }", "nginx.conf:3 NotTerminated { directive: \"gzip\" }"],
    ),
];

#[test]
fn trees_and_problems() {
    for (name, files, tree, problems) in LOADED {
        let (found, found_problems) = load(files);
        assert_eq!(found, *tree, "{name}");
        assert_eq!(found_problems, *problems, "{name}");
    }
}

#[test]
fn includes_that_multiply_are_given_up() {
    let files: Vec<(String, String)> =
        (0..40).map(|n| (format!("f{n}"), format!("include f{0}; include f{0};", n + 1))).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.extend([("nginx.conf", "include f0;"), ("f40", "gzip on;")]);
    let (_, problems) = load(&files);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("TooManyDirectives"));
}
