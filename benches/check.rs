//! How long the steps of `ngxlint check` take, from text to findings, on configurations of 1, 100
//! and 10,000 sites. All files are in memory, so the disk is left out.
//!
//!     cargo bench

use std::path::Path;

use divan::{Bencher, black_box};
use ngxlint::config::{Config, Library};
use ngxlint::model::{CertificateMode, Environment, Model};
use ngxlint::nginx::NEWEST;
use ngxlint::rules::{self, Selection};
use ngxlint::source::{FileId, MemoryFiles, Sources};
use ngxlint::syntax;
use ngxlint::tls::UnixTime;

/// A small, an ordinary and a large configuration.
const SITES: &[usize] = &[1, 100, 10_000];

fn main() {
    divan::main();
}

/// Two servers of one site, as operators have them.
fn site(number: usize) -> String {
    format!(
        r#"server {{
    listen 80;
    server_name site{number}.example www.site{number}.example;
    location /.well-known/acme-challenge/ {{ root /srv/acme; }}
    location / {{ return 301 https://$host$request_uri; }}
}}
server {{
    listen 443 ssl;
    server_name site{number}.example www.site{number}.example;
    ssl_certificate certs/{number}.pem;
    ssl_certificate_key certs/{number}.key;
    add_header Strict-Transport-Security "max-age=31536000" always;
    root /srv/site{number};
    location / {{ try_files $uri $uri/ =404; }}
    location /ws/ {{
        proxy_pass http://127.0.0.1:9001;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header Host $host;
    }}
    location ~ \.(css|js|png)$ {{ expires 30d; }}
}}
"#
    )
}

fn configuration(sites: usize) -> MemoryFiles {
    let certificate = include_bytes!("../fixtures/pki/shop.example.pem");
    let mut files = MemoryFiles::default();
    let head = "events {}\nhttp {\nserver { listen 443 ssl default_server; ssl_reject_handshake on; }\n\
                server { listen 80 default_server; return 444; }\ninclude sites/*;\n}\n";
    files.add("/etc/nginx/nginx.conf", head);
    for number in 0..sites {
        files.add(format!("/etc/nginx/sites/{number}.conf"), site(number));
        files.add(format!("/etc/nginx/certs/{number}.pem"), &certificate[..]);
    }
    files
}

fn environment() -> Environment {
    Environment {
        version: NEWEST,
        now: UnixTime(1_780_272_000),
        certificates: CertificateMode::Require,
        ..Environment::default()
    }
}

#[divan::bench(args = SITES)]
fn parse(bencher: Bencher<'_, '_>, sites: usize) {
    let text: String = (0..sites).map(site).collect();
    bencher
        .counter(divan::counter::BytesCount::of_str(&text))
        .bench(|| black_box(syntax::parse(FileId(0), text.as_bytes())).len());
}

#[divan::bench(args = SITES)]
fn load(bencher: Bencher<'_, '_>, sites: usize) {
    let files = configuration(sites);
    bencher.bench(|| {
        let sources = Sources::default();
        let library = Library::new(&files, &sources, None);
        Config::load(&library, Path::new("/etc/nginx/nginx.conf"), None).map(|config| config.len())
    });
}

#[divan::bench(args = SITES)]
fn model(bencher: Bencher<'_, '_>, sites: usize) {
    let files = configuration(sites);
    let sources = Sources::default();
    let library = Library::new(&files, &sources, None);
    let config = Config::load(&library, Path::new("/etc/nginx/nginx.conf"), None).expect("the root is in memory");
    bencher.bench(|| Model::build(&config, &files, environment()).server_count());
}

#[divan::bench(args = SITES)]
fn rules(bencher: Bencher<'_, '_>, sites: usize) {
    let files = configuration(sites);
    let sources = Sources::default();
    let library = Library::new(&files, &sources, None);
    let config = Config::load(&library, Path::new("/etc/nginx/nginx.conf"), None).expect("the root is in memory");
    bencher.bench(|| {
        // The model keeps what it works out, so each round starts with a new one.
        let model = Model::build(&config, &files, environment());
        rules::run(&model, &Selection::default()).len()
    });
}
