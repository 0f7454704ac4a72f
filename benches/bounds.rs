//! What configurations cost that are made to be costly. Each is checked, and a request traced in it, at one size and
//! at twice that; the last column is how many times longer the second takes. It should stay below 2.3.
//!
//!     cargo bench --bench bounds

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark looks at the clock and prints")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use ngxlint::config::{Config, Library};
use ngxlint::model::{CertificateMode, Environment, MAX_HOPS, Model, Request, Start};
use ngxlint::nginx::NEWEST;
use ngxlint::rules::{self, Selection};
use ngxlint::source::{MemoryFiles, Sources};
use ngxlint::tls::UnixTime;
use url::Url;

/// A name, a size, and the content of `http` of that size.
type Case = (&'static str, usize, fn(usize) -> String);

const CASES: &[Case] = &[
    ("server names in a block", 5_000, names),
    ("servers on a socket", 10_000, servers),
    ("sockets of one port", 10_000, sockets),
    ("wildcard names", 10_000, wildcards),
    ("regex names", 2_000, regex_names),
    ("prefix locations", 20_000, prefixes),
    ("regex locations", 2_000, regexes),
    ("prefixes of each other", 2_000, chain_of_prefixes),
    ("nested locations", 2_000, nested),
    ("redirects from server to server", 5_000, redirects),
    ("redirects from path to path", 5_000, paths),
    ("internal redirects", 5_000, rewrites),
    ("entries of a map", 100_000, map),
    ("regexes of a map", 2_000, regex_map),
    ("maps of maps", 2_000, maps),
    ("servers that share a map of chains", 2_500, servers_with_map),
    ("ifs that cannot be decided", 2_000, ifs),
    ("nested ifs", 64, nested_ifs),
    ("a regex that backtracks", 20_000, backtracking),
    ("error pages", 5_000, error_pages),
    ("parameters of try_files", 20_000, try_files),
    ("headers of a server", 5_000, headers),
    ("proxied locations", 5_000, proxies),
];

/// Rounds, of which the fastest counts.
const ROUNDS: usize = 3;

fn main() {
    let only = std::env::args().nth(1).filter(|name| !name.starts_with('-'));
    println!("{:<34}{:>8}{:>12}{:>12}{:>7}", "", "size", "time", "doubled", "times");
    for (name, size, make) in CASES {
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let (once, twice) = (measured(&make(*size)), measured(&make(size * 2)));
        let times = twice.as_secs_f64() / once.as_secs_f64();
        println!("{name:<34}{size:>8}{:>12}{:>12}{times:>7.2}", shown(once), shown(twice));
    }
}

fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn measured(http: &str) -> Duration {
    let mut files = MemoryFiles::default();
    files.add("/etc/nginx/nginx.conf", format!("events {{}}\nhttp {{\n{http}\n}}\n"));
    (0..ROUNDS).map(|_| run(&files)).min().unwrap_or_default()
}

fn run(files: &MemoryFiles) -> Duration {
    let start = Instant::now();
    let sources = Sources::default();
    let library = Library::new(files, &sources, None);
    let config = Config::load(&library, Path::new("/etc/nginx/nginx.conf"), None).expect("the root is in memory");
    let environment = Environment {
        version: NEWEST,
        now: UnixTime(1_780_272_000),
        certificates: CertificateMode::Skip,
        document_files: true,
        ..Environment::default()
    };
    let model = Model::build(&config, files, environment);
    let mut found = rules::run(&model, &Selection::default()).len();
    for url in ["http://a.test/", "http://name0.test/p0/x", "http://other.test/"] {
        let url = Url::parse(url).expect("a URL of this table");
        let request = Request::get(&url).expect("a URL over http");
        let start = Start { url, request, socket: None, hsts: Vec::new(), max_hops: MAX_HOPS };
        found += model.tracer().traces(&start).0.len();
    }
    std::hint::black_box(found);
    start.elapsed()
}

/// One line for each number below `count`.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0..count {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{}", line(number));
    }
    text
}

fn server(content: &str) -> String {
    format!("server {{ listen 80; server_name a.test;\n{content}\n}}")
}

fn names(count: usize) -> String {
    let names = lines(count, |number| format!("name{number}.test"));
    format!("server {{ listen 80; server_name {names}; return 301 https://$host$request_uri; }}")
}

fn servers(count: usize) -> String {
    lines(count, |number| format!("server {{ listen 80; server_name name{number}.test; return 301 https://$host/; }}"))
}

fn sockets(count: usize) -> String {
    lines(count, |number| {
        let address = format!("10.{}.{}.{}", number >> 16, number >> 8 & 255, number & 255);
        format!(
            "server {{ listen {address}:80; server_name name{number}.test; return 301 http://name{}.test/; }}",
            number + 1
        )
    })
}

fn wildcards(count: usize) -> String {
    lines(count, |number| {
        format!(
            "server {{ listen 80; server_name *.name{number}.test; return 301 http://x.name{}.test/; }}",
            number + 1
        )
    })
}

fn regex_names(count: usize) -> String {
    lines(count, |number| format!("server {{ listen 80; server_name ~^w{number}\\.; return 301 http://w$host/; }}"))
}

fn prefixes(count: usize) -> String {
    server(&lines(count, |number| format!("location /p{number}/ {{ return 301 /p{}/; }}", number + 1)))
}

fn regexes(count: usize) -> String {
    server(&lines(count, |number| format!("location ~ ^/p{number}/(.*) {{ return 301 /q/$1; }}")))
}

fn chain_of_prefixes(count: usize) -> String {
    // The text itself grows with the square of the length, so the length is the root.
    let length = (count as f64).sqrt() as usize * 10;
    server(&lines(length, |number| format!("location /{} {{ return 404; }}", "p".repeat(number))))
}

fn nested(count: usize) -> String {
    server(&format!("{}{}", lines(count, |_| "location ~ . {".to_owned()), "}".repeat(count)))
}

fn redirects(count: usize) -> String {
    lines(count, |number| {
        format!("server {{ listen 80; server_name name{number}.test; return 301 http://name{}.test/; }}", number + 1)
    })
}

fn paths(count: usize) -> String {
    server(&lines(count, |number| format!("location = /p{number} {{ return 301 /p{}; }}", number + 1)))
}

fn rewrites(count: usize) -> String {
    server(&lines(count, |number| format!("location /p{number}/ {{ rewrite ^ /p{}/ last; }}", number + 1)))
}

fn map(count: usize) -> String {
    let entries = lines(count, |number| format!("/p{number} /q{number};"));
    format!(
        "map $uri $new {{\n{entries}}}\nmap $http_x $other {{\n{entries}}}\n{}",
        server("if ($new) { return 301 $new$other; }")
    )
}

fn regex_map(count: usize) -> String {
    let entries = lines(count, |number| format!("~^/p{number}/(.*)$ /q{number}/$1;"));
    format!("map $uri $new {{\n{entries}}}\n{}", server("if ($new) { return 301 $new; }"))
}

fn maps(count: usize) -> String {
    let chain = lines(count, |number| format!("map $m{} $m{number} {{ default $m{}; x y; }}", number + 1, number + 1));
    format!("{chain}\n{}", server("return 301 /$m0;"))
}

fn servers_with_map(count: usize) -> String {
    let entries = lines(20_000, |number| format!("/p{number} /p{};", number + 1));
    let servers = lines(count, |number| {
        format!(
            "server {{ listen 80; server_name name{number}.test; if ($next) {{ return 301 http://name{number}.test$next; }} }}"
        )
    });
    format!("map $uri $next {{\n{entries}}}\n{servers}")
}

fn ifs(count: usize) -> String {
    server(&format!("{}return 301 /$v;", lines(count, |number| format!("if ($http_x{number}) {{ set $v {number}; }}"))))
}

fn nested_ifs(count: usize) -> String {
    server(&format!("{}return 301 /;{}", lines(count, |number| format!("if ($http_x{number}) {{")), "}".repeat(count)))
}

fn backtracking(count: usize) -> String {
    server(&format!("location ~ ^(/a|/a)*$ {{ return 404; }}\nreturn 301 {};", "/a".repeat(count)))
}

fn error_pages(count: usize) -> String {
    server(&format!(
        "{}error_page 404 /e0;\nreturn 404;",
        lines(count, |number| format!("location = /e{number} {{ error_page 404 /e{}; return 404; }}", number + 1))
    ))
}

fn try_files(count: usize) -> String {
    server(&format!("root /srv; location / {{ try_files {} =404; }}", lines(count, |number| format!("$uri.{number}"))))
}

fn headers(count: usize) -> String {
    server(&format!("{}return 301 https://$host/;", lines(count, |number| format!("add_header X-{number} \"$host\";"))))
}

fn proxies(count: usize) -> String {
    server(&lines(count, |number| {
        format!("location /p{number}/ {{ proxy_pass http://127.0.0.1:{}/; }}", 1000 + number % 1000)
    }))
}
