//! What must stay silent, or speak more quietly: small forms of real configurations that raised a
//! false alarm.

use std::path::Path;

use super::*;
use crate::config::{Config, Library, infer_surroundings};
use crate::model::{CertificateMode, Edge, Environment};
use crate::nginx::NginxVersion;
use crate::source::{MemoryFiles, Sources};
use crate::tls::UnixTime;

/// The findings for `/n/FILE` as `LINE severity[rule]`; a file without `http` is a lone snippet.
fn check(text: &str) -> Vec<String> {
    check_with(text, Edge::None)
}

fn check_with(text: &str, edge: Edge) -> Vec<String> {
    let mut memory = MemoryFiles::default();
    memory.add("/n/x.conf", text);
    memory.add(
        "/n/sites",
        "server { listen 80 default_server; server_name a.test; }\nserver { listen 80; server_name b.test c.test; }",
    );
    let sources = Sources::default();
    let library = Library::new(&memory, &sources, Some("/n".into()));
    let path = Path::new("/n/x.conf");
    let ast = &library.load(path).unwrap().ast;
    let is_root = ast.roots().any(|node| ast.name(node).is("http"));
    let surroundings = (!is_root).then(|| infer_surroundings(library.dialect(), ast, None));
    let config = Config::load(&library, path, surroundings).unwrap();
    let environment = Environment {
        version: NginxVersion::default(),
        now: UnixTime(0),
        certificates: CertificateMode::Skip,
        edge: edge.into(),
        ..Environment::default()
    };
    let found = run(&Model::build(&config, &memory, environment), &Selection::default());
    found
        .iter()
        .map(|finding| {
            let line = sources.file(finding.span.file).position(finding.span.start).line;
            format!("{line} {}[{}]", finding.severity, finding.rule)
        })
        .collect()
}

const CASES: &[(&str, &str, &[&str])] = &[
    (
        "a server whose listen stands in a file that cannot be read is on no socket",
        "server { listen 80; server_name a.test; return 301 https://$host$request_uri; }\n\
         server { include tls; server_name a.test; }",
        &["2 info[include-not-found]"],
    ),
    (
        "nor lacks it a certificate, a name, or headers that may stand there",
        "http { server { listen 443 ssl default_server; include tls; }\n\
         server { listen 443 ssl;\ninclude names; location /ws {\ninclude proxy; proxy_pass http://x; } } }",
        &["1 error[include-not-found]", "3 error[include-not-found]", "4 error[include-not-found]"],
    ),
    (
        "a pattern in a snippet may match where the snippet belongs",
        "location /ws { include proxy.d/*.conf; proxy_pass http://x; }",
        &[],
    ),
    (
        "includes of a snippet that cannot be followed are said once",
        "include a;\ninclude b;\ngzip on;\ninclude c;",
        &["1 info[include-not-found]"],
    ),
    (
        "a file of many servers that is included twice is one mistake",
        "http { include sites;\ninclude sites; }",
        &["2 warning[conflicting-server-name]"],
    ),
    (
        "a template says once that it is one",
        "server { server_name {{ name }};\nroot /x/{{ name }}; {% if x %}\n}",
        &["1 error[syntax-error]"],
    ),
    (
        "a certificate on port 80 is superfluous where port 443 has it too",
        "http { server { listen 80; ssl_certificate x; ssl_certificate_key x; server_name a.test; }\n\
         server { listen 443 ssl; ssl_certificate x; ssl_certificate_key x; server_name a.test; } }",
        &[],
    ),
    (
        "and on its own means that the TLS socket is missing",
        "http { server { listen 80; ssl_certificate x; ssl_certificate_key x; server_name a.test; } }",
        &["1 warning[listen-443-without-ssl]"],
    ),
    (
        "Connection alone asks for an upgrade only if it says so",
        "server { listen 80; proxy_http_version 1.1;\n\
         location /a { proxy_set_header Connection $args; proxy_pass http://x; }\n\
         location /b { proxy_set_header Connection \"te, close\"; proxy_pass http://x; }\n\
         location /c { proxy_set_header Connection $connection_upgrade; proxy_pass http://x; }\n\
         location /d { proxy_set_header Connection upgrade; proxy_pass http://x; } }",
        &["4 error[websocket-missing-upgrade]", "5 error[websocket-missing-upgrade]"],
    ),
    (
        "port_in_redirect off leads to another port",
        "http { server { listen 80; server_name a.test; return 200 ok; }\n\
         server { listen 8080; server_name a.test; port_in_redirect off; location / { return 301 /; } } }",
        &[],
    ),
    (
        "which address a name leads to is not to be seen",
        "http { server { listen 127.0.0.1:80; server_name a.test; return 200 ok; }\n\
         server { listen 127.0.0.1:80; server_name b.test; return 301 http://a.test/; }\n\
         server { listen 127.0.0.2:80; server_name a.test; return 301 http://b.test/; }\n\
         server { listen 127.0.0.2:80; server_name b.test; return 200 ok; } }",
        &["1 info[implicit-default-server]", "3 info[implicit-default-server]"],
    ),
    (
        "includeSubDomains of one host turns another's http:// into https://",
        "http { server { listen 443 ssl; ssl_certificate $x; ssl_certificate_key $x; server_name a.test;\n\
         add_header Strict-Transport-Security 'max-age=31536000; includeSubDomains' always; return 301 http://www.a.test/; }\n\
         server { listen 443 ssl default_server; ssl_certificate $x; ssl_certificate_key $x; server_name www.a.test;\n\
         return 301 http://www.a.test/; }\n\
         server { listen 80; server_name www.a.test; return 200 ok; } }",
        &["2 error[redirect-to-plain-http]", "4 error[redirect-loop]", "4 error[redirect-to-plain-http]"],
    ),
    (
        "a trailing dot in the target is the same host",
        "http { server { listen 8080; server_name a.test; return 301 http://a.test.:8080/; } }",
        &["1 error[redirect-loop]"],
    ),
    (
        "a server is looked at on the socket where nothing reaches it",
        "http { server { listen 80 default_server; server_name a.test; return 200; }\n\
         server { listen 8080; listen 80; root /status; } }",
        &["2 warning[missing-server-name]"],
    ),
    (
        "an empty Connection by way of a map is the keepalive idiom",
        "http { map $request_method $conn { default ''; }\n\
         server { listen 80; location / { proxy_set_header Connection $conn; proxy_pass http://x; } } }",
        &[],
    ),
];

/// Redirects as people write them, each with the `--edge` that they are asked with and what is said of them.
const REDIRECTS: &[(&str, Edge, &str, &[&str])] = &[
    (
        "certbot's conditions, whose last line is for other names",
        Edge::None,
        "http { server { listen 80 default_server; server_name a.test www.a.test;\n\
         if ($host = www.a.test) { return 301 https://$host$request_uri; }\n\
         if ($host = a.test) { return 301 https://$host$request_uri; } return 404; }\n\
         server { listen 443 ssl default_server; ssl_certificate $x; ssl_certificate_key $x; server_name a.test www.a.test; root /srv; } }",
        &[],
    ),
    (
        "the same behind an edge",
        Edge::Tls,
        "server { listen 80; server_name a.test;\nif ($host = a.test) { return 301 https://$host$request_uri; }\n\
         return 404; }",
        &["2 error[redirect-edge-loop]"],
    ),
    (
        "the halves of a pair in files of their own",
        Edge::None,
        "server { listen 80; server_name a.test; location / { return 301 https://$host$request_uri; }\n\
         location /.well-known/acme-challenge/ { root /srv/acme; } }",
        &[],
    ),
    (
        "a snippet may have its TLS in another file",
        Edge::None,
        "server { listen 80; server_name a.test; if ($scheme = http) { return 301 https://$host$request_uri; } }",
        &[],
    ),
    (
        "headers that say the client's scheme say another one after the redirect",
        Edge::None,
        "http { map $http_cf_visitor $is_plain { default 0; ~http: 1; }\n\
         server { listen 80; listen 443 ssl; ssl_certificate $x; ssl_certificate_key $x; server_name a.test;\n\
         if ($http_x_forwarded_proto != https) { return 301 https://$host$request_uri; }\n\
         if ($is_plain) { return 301 https://$host$request_uri; } root /srv; } }",
        &[],
    ),
    (
        "a catch-all that closes the connection",
        Edge::None,
        "http { server { listen 80 default_server; return 444; }\n\
         server { listen 443 ssl default_server; ssl_certificate $x; ssl_certificate_key $x; return 444; }\n\
         server { listen 80; server_name a.test; return 301 https://a.test$request_uri; }\n\
         server { listen 443 ssl; ssl_certificate $x; ssl_certificate_key $x; server_name a.test; root /srv; } }",
        &[],
    ),
    (
        "an answer to a cookie, a referrer, early data, or a link that the client brings",
        Edge::None,
        "http { map $ssl_early_data $replayed { 1 307; }\n\
         server { listen 443 ssl default_server; ssl_certificate $x; ssl_certificate_key $x; server_name a.test;\n\
         if ($replayed = 307) { return 307 https://$host$request_uri; }\n\
         if ($cookie_lang = '') { return 302 $request_uri; } if ($secure_link = '') { return 302 $request_uri; }\n\
         root /srv; } }",
        &[],
    ),
    (
        "a file that nobody can see",
        Edge::None,
        "http { server { listen 80 default_server; server_name a.test; root /srv/a;\n\
         if (-d $request_filename) { rewrite [^/]$ $uri/ permanent; }\n\
         if (!-d $request_filename) { rewrite ^(.+)/$ $1 permanent; } } }",
        &[],
    ),
    (
        "TLS that ends elsewhere knows hosts that nginx does not",
        Edge::None,
        "http { server { listen 80 default_server; server_name a.test; return 301 https://www.a.test$request_uri; }\n\
         server { listen 80; server_name www.a.test; root /srv; } }",
        &[],
    ),
    (
        "the default server of a socket of its own has no names to be looked at",
        Edge::None,
        "http { server { listen 80 default_server; server_name a.test; return 301 https://b.test$request_uri; }\n\
         server { listen 80; server_name b.test; root /srv; }\n\
         server { listen 443 ssl; ssl_certificate $x; ssl_certificate_key $x; server_name *.test; root /srv; } }",
        &[],
    ),
    (
        "a front controller, with and without a file",
        Edge::None,
        "http { server { listen 80 default_server; server_name a.test; root /srv/a; index index.php;\n\
         location / { try_files $uri $uri/ /index.php?$args; if (!-e $request_filename) { rewrite ^ /index.php last; } }\n\
         error_page 404 /index.php; error_page 500 502 /50x.html;\n\
         location ~ \\.php$ { try_files $uri =404; fastcgi_pass unix:/run/php.sock; } } }",
        &[],
    ),
    (
        "nginx asks its other half, by the name of the request",
        Edge::None,
        "http { upstream half { server 127.0.0.1:8080; server 127.0.0.1:8081; }\n\
         server { listen 80; server_name a.test; location / { proxy_set_header Host $http_host; proxy_pass http://half; } }\n\
         server { listen 8080; listen 8081; server_name a.test; root /srv; } }",
        &[],
    ),
    (
        "what answers on another machine is not known, nor what only some requests meet",
        Edge::None,
        "http { server { listen 80; location / { proxy_pass http://10.0.0.1; } location /a { proxy_pass http://a.test; }\n\
         location /b { if ($http_via = '') { proxy_pass http://127.0.0.1; } return 404; } } }",
        &[],
    ),
    (
        "the slash that nginx adds, where the edge is the one to say https",
        Edge::Tls,
        "server { listen 8080; server_name a.test;\nlocation /app/ { proxy_pass http://127.0.0.1:9000; } }",
        &["2 warning[redirect-to-plain-http]"],
    ),
    (
        "and where port_in_redirect and absolute_redirect were thought of",
        Edge::Tls,
        "server { listen 8080; server_name a.test; absolute_redirect off;\n\
         location /app/ { proxy_pass http://127.0.0.1:9000; } location = / { return 302 /app/; } }",
        &[],
    ),
    (
        "nothing of that is known without an edge",
        Edge::None,
        "server { listen 8080; server_name a.test;\nlocation /app/ { proxy_pass http://127.0.0.1:9000; } }",
        &[],
    ),
];

#[test]
fn redirects_as_people_write_them() {
    for (name, edge, text, expected) in REDIRECTS {
        assert_eq!(check_with(text, *edge), *expected, "{name}");
    }
}

#[test]
fn real_configurations_raise_no_false_alarm() {
    for (name, text, expected) in CASES {
        assert_eq!(check(text), *expected, "{name}");
    }
}
