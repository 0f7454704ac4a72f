//! The files of TLS, good and bad, wherever a configuration can name them: `nginx -t` refuses exactly what ngxlint calls an
//! error, and ignores `ssl_stapling` exactly where ngxlint says so.

use std::fmt::Write as _;
use std::path::Path;

use ngxlint::nginx::NginxVersion;
use ngxlint::nginx::tls_files::{OWN_READERS_SINCE, STREAM_NAMES_SINCE};
use ngxlint::rules::Severity;

use crate::question::{findings, with_model};
use crate::random::{Random, seeds};
use crate::real::{self, Nginx};

const CASES: usize = 150;

const RULES: &[&str] =
    &["ssl-without-certificate", "cert-file-missing", "cert-unparsable", "cert-key-mismatch", "cert-weak"];

/// `ssl_stapling` of `stream`.
const STREAM_STAPLING_SINCE: NginxVersion = NginxVersion::new(1, 27, 2);

/// Certificates, all with the key of shop.example: as it is, with a certificate twice, with a responder's URL, without an issuer.
const CERTIFICATES: &[&str] = &[
    "shop.example.pem",
    "doubled.shop.example.pem",
    "ocsp.shop.example.pem",
    "ocsp-leaf-only.shop.example.pem",
    "leaf-only.pem",
    "bundle-with-text.pem",
];

/// What is wrong in the place of any PEM.
const BAD: &[&str] = &[
    "missing.pem",
    "broken",
    "broken/empty.pem",
    "broken/der.pem",
    "broken/truncated.pem",
    "broken/bad-base64.pem",
    "broken/garbage.pem",
    "broken/no-pem.pem",
    "other/ocsp.der",
];

const AUTHORITIES: &[&str] =
    &["root.pem", "intermediate.pem", "expired-root.pem", "unrelated.shop.example.pem", "bundle-with-text.pem"];
const NO_AUTHORITIES: &[&str] = &["shop.example.key", "broken/csr.pem", "other/dh2048.pem"];
const BAD_KEYS: &[&str] = &["missing.key", "other.example.key", "shop.example.pem", "broken/empty.pem", "broken"];

/// A configuration that is being written.
struct Writer<'n> {
    random: Random,
    nginx: &'n Nginx,
    text: String,
    /// How many more bad files there may be.
    bad: usize,
    has_mail: bool,
    ports: Vec<u16>,
}

impl Writer<'_> {
    fn once_in(&mut self, times: usize) -> bool {
        self.random.once_in(times)
    }

    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").unwrap();
    }

    /// One of `good`, or seldom one of `bad`.
    fn pick(&mut self, good: &[&'static str], bad: &[&[&'static str]]) -> &'static str {
        if self.bad > 0 && self.random.once_in(6) {
            self.bad -= 1;
            let bad = bad.concat();
            return self.random.pick(&bad);
        }
        self.random.pick(good)
    }

    fn name(&mut self, directive: &str, file: &str) {
        let pki = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pki");
        self.line(&format!("{directive} {}/{file};", pki.display()));
    }

    /// A certificate and its key.
    fn certificate(&mut self, prefix: &str) {
        let file = self.pick(CERTIFICATES, &[BAD, &["broken/csr.pem", "shop.example.key"]]);
        self.name(&format!("{prefix}_certificate"), file);
        // Of another algorithm: nginx starts, and ngxlint says that it does.
        if self.bad > 0 && self.once_in(12) {
            self.bad -= 1;
            return;
        }
        let key = self.pick(&["shop.example.key"], &[BAD_KEYS]);
        self.name(&format!("{prefix}_certificate_key"), key);
    }

    fn authorities(&mut self, directive: &str) {
        let is_old = self.nginx.version < OWN_READERS_SINCE && directive != "ssl_client_certificate";
        let lists: &[&str] = if is_old { &["root.pem"] } else { &["other/crl.pem"] };
        let file = self.pick(AUTHORITIES, &[BAD, NO_AUTHORITIES, lists]);
        self.name(directive, file);
    }

    fn revocations(&mut self, directive: &str) {
        // Before, nginx starts with certificates in their place, though ngxlint calls it an error.
        let certificates: &[&str] =
            if self.nginx.version < OWN_READERS_SINCE { &["missing.pem"] } else { &["root.pem"] };
        let file = self.pick(&["other/crl.pem", "other/expired-crl.pem"], &[BAD, &["shop.example.key"], certificates]);
        self.name(directive, file);
    }

    /// Settings of a side beside its certificates; `verify` is switched on only where it has authorities.
    fn settings(&mut self, prefix: &str, verify: &[&'static str], authorities: &[&str]) {
        let mut has_authorities = false;
        for directive in authorities {
            if self.once_in(4) {
                self.authorities(&format!("{prefix}_{directive}"));
                // The older nginx wants ssl_client_certificate.
                has_authorities |= *directive == authorities[0];
            }
        }
        if self.once_in(5) {
            self.revocations(&format!("{prefix}_crl"));
        }
        if self.once_in(8) {
            let file = self.pick(&["broken/no-pem.pem", "broken/empty.pem"], &[&["missing.txt", "broken"]]);
            self.name(&format!("{prefix}_password_file"), file);
        }
        if has_authorities && self.once_in(2) {
            let verify = self.random.pick(verify);
            self.line(verify);
        }
    }

    fn server_settings(&mut self, has_stapling: bool) {
        const VERIFY: &[&str] = &[
            "ssl_verify_client on;",
            "ssl_verify_client optional;",
            "ssl_verify_client optional_no_ca;",
            "ssl_verify_client off;",
        ];
        self.settings("ssl", VERIFY, &["client_certificate", "trusted_certificate"]);
        if self.once_in(6) {
            let file = self.pick(&["other/dh2048.pem"], &[BAD, &["other/dh1536.pem", "root.pem"]]);
            self.name("ssl_dhparam", file);
        }
        for _ in 0..self.random.below(3) {
            if self.once_in(4) {
                let file = self.pick(&["other/ticket48.key", "other/ticket80.key"], &[BAD, &["shop.example.key"]]);
                self.name("ssl_session_ticket_key", file);
            }
        }
        if has_stapling {
            if self.once_in(3) {
                let value = self.random.pick(&["ssl_stapling on;", "ssl_stapling on;", "ssl_stapling off;"]);
                self.line(value);
            }
            if self.once_in(8) {
                let file =
                    self.pick(&["other/ocsp.der"], &[&["missing.der", "broken", "root.pem", "broken/empty.pem"]]);
                self.name("ssl_stapling_file", file);
            }
            if self.once_in(8) {
                let url = self.random.pick(&[
                    "http://127.0.0.1:9/",
                    "https://127.0.0.1:9/",
                    "HTTP://127.0.0.1:9/x",
                    "http://",
                ]);
                self.line(&format!("ssl_stapling_responder {url};"));
            }
        }
    }

    fn client_settings(&mut self, prefix: &str) {
        if self.once_in(4) {
            self.certificate(prefix);
        }
        let verify: &[&str] = match prefix {
            "proxy_ssl" => &["proxy_ssl_verify on;", "proxy_ssl_verify off;"],
            "grpc_ssl" => &["grpc_ssl_verify on;"],
            _ => &["uwsgi_ssl_verify on;"],
        };
        self.settings(prefix, verify, &["trusted_certificate"]);
    }

    fn location(&mut self, number: usize) {
        let (prefix, passes): (&str, &[&str]) = match self.random.below(4) {
            0 => {
                ("grpc_ssl", &["grpc_pass grpcs://127.0.0.1:9;", "grpc_pass grpc://127.0.0.1:9;", "grpc_pass $arg_a;"])
            }
            1 => {
                ("uwsgi_ssl", &["uwsgi_pass suwsgi://127.0.0.1:9;", "uwsgi_pass 127.0.0.1:9;", "uwsgi_pass $arg_a:9;"])
            }
            _ => (
                "proxy_ssl",
                &[
                    "proxy_pass https://127.0.0.1:9;",
                    "proxy_pass HTTPS://127.0.0.1:9;",
                    "proxy_pass http://127.0.0.1:9;",
                    "proxy_pass http://127.0.0.1:$arg_a;",
                    "proxy_pass $scheme://127.0.0.1:9;",
                ],
            ),
        };
        self.line(&format!("location /{number} {{"));
        if self.once_in(2) {
            self.client_settings(prefix);
        }
        let pass = self.random.pick(passes);
        match self.random.below(6) {
            0 => {}
            1 => self.line(&format!("if ($arg_b) {{ {pass} }}")),
            _ => self.line(pass),
        }
        self.line("}");
    }

    fn http(&mut self) {
        self.line("http {");
        if self.once_in(6) {
            self.certificate("ssl");
        }
        if self.once_in(4) {
            self.server_settings(true);
        }
        for prefix in ["proxy_ssl", "grpc_ssl", "uwsgi_ssl"] {
            if self.once_in(5) {
                self.client_settings(prefix);
            }
        }
        for number in 0..1 + self.random.below(3) {
            self.line(&format!("server {{ server_name s{number}.test;"));
            let port = self.ports[self.random.below(2)];
            let ssl = if self.once_in(3) { "" } else { " ssl" };
            self.line(&format!("listen 127.0.0.1:{port}{ssl};"));
            match self.random.below(8) {
                0 => {}
                1 => self.line("ssl_reject_handshake on;"),
                2 => {
                    // Of two with keys of one algorithm, nginx looks for the issuers of both in the second's file.
                    self.name("ssl_certificate", "rsa.shop.example.pem");
                    self.name("ssl_certificate_key", "rsa.shop.example.key");
                    self.certificate("ssl");
                }
                _ => self.certificate("ssl"),
            }
            if self.once_in(2) {
                self.server_settings(true);
            }
            if self.once_in(5) {
                self.client_settings("proxy_ssl");
            }
            for number in 0..self.random.below(3) {
                self.location(number);
            }
            self.line("}");
        }
        self.line("}");
    }

    fn stream(&mut self) {
        let (has_names, has_stapling) =
            (self.nginx.version >= STREAM_NAMES_SINCE, self.nginx.version >= STREAM_STAPLING_SINCE);
        self.line("stream {");
        if self.once_in(4) {
            self.certificate("ssl");
        }
        if self.once_in(4) {
            self.server_settings(has_stapling);
        }
        if self.once_in(5) {
            self.client_settings("proxy_ssl");
        }
        for number in 0..1 + self.random.below(3) {
            self.line("server {");
            // Before there were names, each has a socket of its own.
            let port = if has_names { self.random.below(2) } else { number };
            let ssl = if self.once_in(3) { "" } else { " ssl" };
            self.line(&format!("listen 127.0.0.1:{}{ssl};", self.ports[2 + port]));
            if has_names {
                self.line(&format!("server_name s{number}.test;"));
            }
            match self.random.below(8) {
                0 => {}
                1 if has_names => self.line("ssl_reject_handshake on;"),
                _ => self.certificate("ssl"),
            }
            if self.once_in(2) {
                self.server_settings(has_stapling);
            }
            if self.once_in(3) {
                self.client_settings("proxy_ssl");
            }
            if self.once_in(2) {
                let switch = self.random.pick(&["proxy_ssl on;", "proxy_ssl off;"]);
                self.line(switch);
            }
            let handler = self.random.pick(&["proxy_pass 127.0.0.1:9;", "return a;"]);
            self.line(handler);
            self.line("}");
        }
        self.line("}");
    }

    fn mail(&mut self) {
        self.line("mail { auth_http 127.0.0.1:9;");
        if self.once_in(3) {
            self.certificate("ssl");
        }
        if self.once_in(4) {
            self.server_settings(false);
        }
        if self.once_in(6) {
            let starttls = self.random.pick(&["starttls on;", "starttls off;"]);
            self.line(starttls);
        }
        for number in 0..1 + self.random.below(2) {
            self.line("server { protocol imap;");
            let (ssl, starttls) =
                [(" ssl", ""), ("", "starttls on;"), ("", "starttls only;"), ("", "starttls off;"), ("", "")]
                    [self.random.below(5)];
            // nginx refuses the two together, also across levels.
            let starttls = if ssl.is_empty() { starttls } else { "starttls off;" };
            self.line(&format!("listen 127.0.0.1:{}{ssl}; {starttls}", self.ports[5 + number]));
            if !self.once_in(6) {
                self.certificate("ssl");
            }
            if self.once_in(2) {
                self.server_settings(false);
            }
            self.line("}");
        }
        self.line("}");
    }
}

/// What is compared of one configuration.
struct Verdict {
    errors: Vec<String>,
    ignored_staplings: usize,
}

#[test]
fn files_of_tls_keep_nginx_from_starting_when_ngxlint_says_so() {
    for nginx in real::all() {
        let (stream, mail) = (nginx.loads_stream(), nginx.loads_mail());
        let (mut differences, mut accepted, mut refused, mut staplings) = (Vec::new(), 0, 0, 0);
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("nginx.conf");
        let ports = real::free_ports(7);
        for seed in seeds("tls_files") {
            let mut random = Random::new(seed);
            for case in 0..CASES {
                let bad = [0, 0, 1, 1, 2][random.below(5)];
                let mut text = [stream.clone(), mail.clone()].into_iter().flatten().collect::<String>();
                text.push_str("events {}\n");
                let mut writer = Writer { random, nginx, text, bad, has_mail: mail.is_some(), ports: ports.clone() };
                match writer.random.below(4) {
                    0 if stream.is_some() => writer.stream(),
                    1 if writer.has_mail => writer.mail(),
                    _ => writer.http(),
                }
                let Writer { text, random: next, .. } = writer;
                random = next;
                std::fs::write(&root, &text).unwrap();
                let verdict = nginx.test(&root);
                *(if verdict.is_accepted { &mut accepted } else { &mut refused }) += 1;
                let own = with_model(&root, nginx.version, |model| {
                    let found = findings(model, RULES).into_iter();
                    // nginx starts with a key of another algorithm, and says nothing.
                    let errors = found.filter(|finding| finding.severity == Severity::Error);
                    Verdict {
                        errors: errors.map(|finding| finding.message).collect(),
                        ignored_staplings: model.ignored_staplings().len(),
                    }
                });
                let ignored = verdict.text.matches("\"ssl_stapling\" ignored").count();
                // The file, or the directive that is missing, that nginx names first.
                let named = verdict.refusal.as_ref().and_then(|refusal| refusal.message.split('"').nth(1));
                let is_told = named.is_none_or(|named| own.errors.iter().any(|error| error.contains(named)));
                let is_other = own.errors.is_empty() != verdict.is_accepted
                    || !is_told
                    || verdict.is_accepted && own.ignored_staplings != ignored;
                staplings += if verdict.is_accepted { ignored } else { 0 };
                if is_other {
                    differences.push(format!(
                        "seed {seed}, case {case}:\nnginx: {}\nngxlint: {:#?}, {} staplings ignored\n{text}",
                        verdict.text, own.errors, own.ignored_staplings
                    ));
                }
            }
        }
        println!("{nginx:?}: {accepted} accepted, {refused} refused, {staplings} staplings ignored");
        assert!(differences.is_empty(), "{nginx:?}: {}\n{}", differences.len(), differences.join("\n"));
    }
}
