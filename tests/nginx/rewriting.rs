//! Where `return` and `rewrite` send a request: the rows of the model's own table.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;

use crate::real::{self, free_ports};

/// A whole configuration with these servers, and one on `port` that tells that nginx has started.
fn surrounded(directory: &Path, port: u16, servers: &str) -> String {
    let path = directory.display();
    let mut text = format!(
        "worker_processes 1;\nevents {{ worker_connections 512; }}\nhttp {{\n    access_log off;\n    root {path}/none;\n    \
         client_body_temp_path {path}/body;\n    proxy_temp_path {path}/proxy;\n    fastcgi_temp_path {path}/fastcgi;\n    \
         uwsgi_temp_path {path}/uwsgi;\n    scgi_temp_path {path}/scgi;\n    server_names_hash_bucket_size 128;\n    \
         map $http_y $mapped {{ default m; }}\n    server {{ listen 127.0.0.1:{port}; set $v1 1; set $v2 2; set $scheme_x 3; }}\n"
    );
    text.push_str(servers);
    text.push_str("}\n");
    text
}

/// Status and Location, if it is a redirect that a client can follow.
type Redirect = Option<(u16, String)>;

fn ask(port: u16, host: &str, uri: &str) -> Redirect {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    write!(stream, "GET {uri} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let location = head.lines().find_map(|line| line.strip_prefix("Location: "))?;
    (matches!(status, 301 | 302 | 303 | 307 | 308) && !location.is_empty()).then(|| (status, location.to_owned()))
}

include!("redirects.in.rs");

/// The rows of the model's own table, in the words of that table.
#[test]
fn the_model_s_table_of_redirects_is_true() {
    for nginx in real::all() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("nginx.conf");
        let mut ports = free_ports(REDIRECTS.len() + 1);
        let own = ports.pop().unwrap();
        let mut servers = String::new();
        for ((server, ..), port) in REDIRECTS.iter().zip(&ports) {
            writeln!(servers, "    server {{ listen 127.0.0.1:{port}; server_name a.test; {server} }}").unwrap();
        }
        let text = surrounded(directory.path(), own, &servers);
        std::fs::write(&root, &text).unwrap();
        let _running =
            nginx.start(&root, ports[0]).unwrap_or_else(|log| panic!("{nginx:?} does not start:\n{log}\n{text}"));
        for ((server, uri, expected), port) in REDIRECTS.iter().zip(&ports) {
            let found = ask(*port, "a.test", uri).map_or("other".to_owned(), |(status, location)| {
                format!("{status} {}", location.strip_prefix(&format!("http://a.test:{port}")).unwrap_or(&location))
            });
            assert_eq!(found, *expected, "{nginx:?}: {server} {uri}");
        }
    }
}
