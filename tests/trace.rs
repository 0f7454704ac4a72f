//! `ngxlint trace`, as people and other programs run it.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod program;

use serde_json::{Value, json};

use program::traced::{CERTIFICATE, CONF, folder, read};
use program::{Folder, Run};

impl Folder {
    fn trace(&self, arguments: &[&str]) -> Run {
        self.run(&[&["trace", "--conf=nginx.conf"], arguments].concat())
    }

    /// The JSON form, which must follow its schema, and the exit status.
    fn trace_json(&self, arguments: &[&str]) -> (Value, i32) {
        let run = self.trace(&[&["--format=json"], arguments].concat());
        let report = read(&run, ngxlint::report::TRACE_SCHEMA);
        (report, run.status)
    }
}

#[test]
fn a_redirect_to_an_answer() {
    let (report, status) = folder().trace_json(&["http://www.shop.example/a?b=c"]);
    let server = |line: u32, names: &[&str]| json!({"file": "nginx.conf", "line": line, "names": names});
    let selected = |line: u32, names: &[&str], by: &str| {
        let mut server = server(line, names);
        server["selected_by"] = json!(by);
        server
    };
    let names = ["shop.example", "*.shop.example"];
    assert_eq!(
        report,
        json!({
            "schema_version": 1,
            "hops": [{
                "url": "http://www.shop.example/a?b=c",
                "listen": "0.0.0.0:80",
                "tls": null,
                "refused": null,
                "server": selected(3, &["shop.example", "www.shop.example"], "default"),
                "location": null,
                "internal": [],
                "response": {
                    "kind": "redirect",
                    "status": 301,
                    "target": null,
                    "location_header": "https://shop.example/a?b=c"
                },
                "hsts": null,
                "conditions": []
            }, {
                "url": "https://shop.example/a?b=c",
                "listen": "0.0.0.0:443",
                "tls": {
                    "sni": "shop.example",
                    "server": server(8, &names),
                    "selected_by": "exact",
                    "rejected": false,
                    "certificate": {
                        "file": "pki/shop.pem",
                        "covers_host": true,
                        "names": ["shop.example", "www.shop.example"],
                        "owner": server(8, &names)
                    }
                },
                "refused": null,
                "server": selected(8, &names, "exact"),
                "location": {"file": "nginx.conf", "line": 16, "pattern": "/", "modifier": ""},
                "internal": [],
                "response": {
                    "kind": "proxy",
                    "status": null,
                    "target": "http://127.0.0.1:9000/a?b=c",
                    "location_header": null
                },
                "hsts": {"max_age": 300, "include_subdomains": true, "preload": false},
                "conditions": []
            }],
            "outcome": "answered"
        })
    );
    assert_eq!(status, 0);
}

// Arguments; exit status and outcome; parts of the last hop.
type Row = (&'static [&'static str], i32, &'static str, &'static [(&'static str, &'static str)]);

const OUTCOMES: &[Row] = &[
    (&["https://shop.example/gone"], 0, "answered", &[("/response/status", "410"), ("/location/modifier", "\"=\"")]),
    (
        &["https://shop.example:8443/hidden/"],
        0,
        "answered",
        &[("/response/kind", "\"error\""), ("/listen", "\"0.0.0.0:8443\"")],
    ),
    // A certificate that does not cover the host.
    (&["https://a.shop.example/gone"], 1, "answered", &[("/tls/certificate/covers_host", "false")]),
    (&["https://a.shop.example/gone", "--certs=skip"], 0, "answered", &[("/tls/certificate/covers_host", "null")]),
    // The default server's is presented by a server without one.
    (
        &["https://bare.example/"],
        1,
        "answered",
        &[("/tls/certificate/owner/line", "8"), ("/tls/server/line", "28"), ("/server/line", "28")],
    ),
    (
        &["https://no.example/"],
        1,
        "refused",
        &[("/refused", "\"handshake-rejected\""), ("/server", "null"), ("/response", "null")],
    ),
    (&["https://plain.example:8080/"], 1, "refused", &[("/refused", "\"tls-to-plain-socket\""), ("/tls", "null")]),
    (&["http://shop.example:81/"], 1, "refused", &[("/refused", "\"nothing-listens\""), ("/listen", "null")]),
    (
        &["https://shop.example/close"],
        1,
        "refused",
        &[("/response/status", "444"), ("/response/kind", "\"return\""), ("/refused", "null")],
    ),
    (&["https://shop.example/out"], 0, "external", &[("/response/location_header", "\"https://other.example/\"")]),
    (&["http://shop.example:443/"], 0, "answered", &[("/response/status", "400"), ("/tls", "null")]),
    (&["https://shop.example/loop/", "--max-hops=1"], 1, "truncated", &[]),
    // HSTS was learned at the first answer, so that http is not asked at all.
    (&["https://shop.example/loop/"], 1, "loop", &[("/url", "\"https://shop.example/loop/\"")]),
    (
        &["http://a.shop.example/gone", "--hsts=shop.example"],
        0,
        "answered",
        &[("/url", "\"https://shop.example/gone\"")],
    ),
    (
        &["http://a.shop.example/gone", "--hsts=shop.example;includeSubDomains"],
        1,
        "answered",
        &[("/tls/sni", "\"a.shop.example\"")],
    ),
    // Internal redirects.
    (
        &["https://shop.example/old/x"],
        0,
        "answered",
        &[
            ("/internal", "[\"/new/x\",\"@missing\"]"),
            ("/location/pattern", "\"missing\""),
            ("/location/modifier", "\"@\""),
        ],
    ),
    // What the client sends.
    (
        &["https://shop.example/gone", "--no-sni"],
        0,
        "answered",
        &[("/tls/sni", "null"), ("/tls/selected_by", "\"default\"")],
    ),
    (
        &["https://shop.example/", "--sni=bare.example"],
        0,
        "answered",
        &[("/tls/server/line", "28"), ("/server/line", "8")],
    ),
    (
        &["https://shop.example/", "--host=bare.example"],
        0,
        "answered",
        &[("/tls/server/line", "8"), ("/server/line", "28")],
    ),
    (&["https://shop.example/", "-H", "Host: bare.example"], 0, "answered", &[("/server/line", "28")]),
    (
        &["https://shop.example/agent"],
        0,
        "answered",
        &[("/response/status", "204"), ("/conditions", "[\"the request has no User-Agent header\"]")],
    ),
    (&["https://shop.example/agent", "-H", "User-Agent: x"], 0, "answered", &[("/response/status", "403")]),
    (
        &["http://plain.example:8080/app/"],
        0,
        "answered",
        &[("/response/status", "200"), ("/internal", "[\"/app/index.html\"]")],
    ),
    (&["http://plain.example:8080/app/", "-Xput"], 0, "answered", &[("/response/status", "405")]),
    (&["http://plain.example:8080/app/x"], 0, "answered", &[("/response/status", "404")]),
    (&["wss://shop.example/ws"], 0, "answered", &[("/url", "\"https://shop.example/ws\"")]),
    // TLS ends before nginx.
    (&["https://shop.example/x", "--edge=tls"], 1, "loop", &[("/tls", "null"), ("/listen", "\"0.0.0.0:80\"")]),
];

#[test]
fn outcomes_and_exit_statuses() {
    let folder = folder();
    let prefix = folder.path("").to_string_lossy().into_owned();
    for (arguments, status, outcome, parts) in OUTCOMES {
        let (report, exit) = folder.trace_json(&[&["-p", &prefix], *arguments].concat());
        assert_eq!((report["outcome"].as_str().unwrap(), exit), (*outcome, *status), "{arguments:?}\n{report:#}");
        let last = report["hops"].as_array().unwrap().last().unwrap();
        for (pointer, expected) in *parts {
            let found = last.pointer(pointer).map(Value::to_string);
            assert_eq!(found.as_deref(), Some(*expected), "{arguments:?} {pointer}\n{report:#}");
        }
    }
}

#[test]
fn what_depends_on_what_cannot_be_seen_is_undetermined() {
    let folder = folder();
    let (report, status) = folder.trace_json(&["https://shop.example/lua"]);
    assert_eq!((report["outcome"].as_str(), status), (Some("undetermined"), 1), "{report:#}");
    let conditions = report["hops"][0]["conditions"].as_array().unwrap();
    assert!(conditions.iter().any(|clause| clause.as_str().unwrap().contains("$geoip_country_code")), "{report:#}");
    folder.trace(&["https://shop.example/lua"]).expect(1, &["It depends on what was assumed", "\nWhen "], &[]);
    // Whether a file exists is not known without looking.
    let (report, _) = folder.trace_json(&["http://plain.example:8080/app/x", "--no-files", "-p", "."]);
    assert_ne!(report["hops"][0]["conditions"], json!([]), "{report:#}");
}

#[test]
fn the_configuration_is_found_as_check_finds_it() {
    let dump = format!("# configuration file /etc/nginx/nginx.conf:\n{CONF}");
    let folder = Folder::new(&[
        ("one/nginx.conf", "events {}\nhttp { include sites/*; }\n"),
        ("one/sites/a", "server { listen 80; server_name a.example; return 204; }\n"),
        ("dump.txt", &dump),
        ("image/etc/nginx/nginx.conf", CONF),
        ("image/etc/nginx/pki/shop.pem", CERTIFICATE),
        ("many/a/nginx.conf", CONF),
        ("many/b/nginx.conf", CONF),
        ("bad.conf", "events {}\nhttp { server { return 204; } }\nhttp {} }\n"),
        ("notes.md", ""),
    ]);
    let answered = |arguments: &[&str], file: &str| {
        let run = folder.run(&[&["trace", "--format=json", "http://a.example/"], arguments].concat());
        let report = read(&run, ngxlint::report::TRACE_SCHEMA);
        assert_eq!(report["hops"][0]["server"]["file"], file, "{arguments:?}");
    };
    answered(&["--conf=one/nginx.conf"], "one/sites/a");
    answered(&["--conf=one"], "one/sites/a");
    answered(&["--conf=one/sites/a"], "one/sites/a");
    answered(&["--conf=dump.txt"], "/etc/nginx/nginx.conf");
    answered(&["--root=image"], "image/etc/nginx/nginx.conf");
    answered(&["--as=one/sites/b=one/sites/a", "--conf=one"], "one/sites/a");
    let run = folder.run_with_stdin(&["trace", "http://a.example/", "--conf=-"], dump.as_bytes());
    run.expect(1, &["/etc/nginx/nginx.conf:3"], &[]);
    let run = folder.run(&["trace", "https://shop.example/gone", "--root=image"]);
    run.expect(0, &["image/etc/nginx/pki/shop.pem"], &[]);
    let run = folder.run(&["trace", "http://a.example/", "--conf=one", "--show-files"]);
    run.expect(0, &["one/nginx.conf: root configuration\n  one/sites/a (in http)\n"], &[]);

    let failures: &[(&[&str], &str)] = &[
        (&["--conf=nothere.conf"], "error: cannot read nothere.conf: no such file\n"),
        (
            &["--conf=many"],
            "error: there are several nginx configurations in many: many/a/nginx.conf, many/b/nginx.conf; name the one \
             that is meant, as in --conf many/a/nginx.conf\n",
        ),
        (&["--conf=pki"], "cannot read pki"),
        (&["--root=."], "/etc/nginx/nginx.conf: no such file"),
        (&["--conf=one", "-o", "nothere/x"], "cannot write nothere/x"),
    ];
    for (arguments, message) in failures {
        folder.run(&[&["trace", "http://a.example/"], *arguments].concat()).expect(2, &[], &[message]);
    }
    folder.run(&["trace", "http://a.example/", "--conf=bad.conf"]).expect(
        0,
        &["204"],
        &["note: nginx would refuse this configuration, see bad.conf:3; `ngxlint check` says why\n"],
    );
}

#[test]
fn bad_usage() {
    let folder = folder();
    const ROWS: &[(&[&str], &str)] = &[
        (&[], "<URL"),
        (&["shop.example"], "it has no scheme; is https://shop.example meant?"),
        (&["shop.example:8443/x"], "it has no scheme; is https://shop.example:8443/x meant?"),
        (&["ftp://shop.example/"], "nginx serves http:// and https://, not ftp:"),
        (&["https://a b/"], "invalid"),
        (&["https://shop.example/", "--sni="], "--no-sni is nothing"),
        (&["https://shop.example/", "--sni=a", "--no-sni"], "cannot be used with"),
        (&["https://shop.example/", "-H", "Accept"], "a name and a value are expected"),
        (&["https://shop.example/", "-X", "GE T"], "it is no method"),
        (&["https://shop.example/", "--address=localhost"], "invalid IP address"),
        (&["https://shop.example/", "--hsts=10.0.0.1"], "browsers know no address by HSTS"),
        (&["https://shop.example/", "--max-hops=0"], "a number from 1"),
        (&["https://shop.example/", "--diff", "a", "b"], "cannot be used with"),
        (&["--diff", "a"], "2 values required"),
        (&["--diff", "nothere", "nginx.conf"], "cannot read nothere: no such file"),
        (
            &["https://shop.example/", "--diff", "a", "b"],
            "Usage: ngxlint trace [OPTIONS] <URL>\n       ngxlint trace [OPTIONS] --diff <OLD> <NEW>",
        ),
        (&["https://a.example/", "--edge=tls", "-H", "X-Forwarded-Proto: http"], "--edge tls cannot be used with -H"),
    ];
    for (arguments, message) in ROWS {
        let run = folder.run(&[&["trace"], *arguments].concat());
        assert!(run.status == 2 && run.stderr.contains(message), "{arguments:?}: {}\n{}", run.status, run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
    folder.trace(&["http://shop.example:81/", "--sni=a"]).expect(1, &[], &["note: --sni is of no use here"]);
}

#[test]
fn human_form() {
    let folder = folder();
    let traced = |arguments: &[&str], columns: &str| {
        let arguments = [&["trace", "--conf=nginx.conf"], arguments].concat();
        Run::of(folder.command(&arguments).env("COLUMNS", columns).output().unwrap()).stdout
    };
    insta::assert_snapshot!("loop", traced(&["http://shop.example/loop/x"], "100"));
    insta::assert_snapshot!("borrowed", traced(&["https://bare.example/"], "100"));
    insta::assert_snapshot!("internal_narrow", traced(&["https://shop.example/old/x"], "44"));
    assert!(!traced(&["https://shop.example/"], "100").contains('\x1b'));
    assert!(traced(&["https://shop.example/", "--color=always"], "100").contains("\x1b[32m"));
    let run = folder.command(&["trace", "--conf=nginx.conf", "http://shop.example/loop/"]).env("LC_ALL", "C").output();
    assert!(Run::of(run.unwrap()).stdout.is_ascii());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = folder();
    for format in ["human", "json"] {
        let arguments = ["--format", format, "https://shop.example/lua"];
        assert_eq!(folder.trace(&arguments).stdout, folder.trace(&arguments).stdout);
    }
}

#[test]
fn help_is_about_this_command() {
    let help = Folder::new(&[]).run(&["trace", "--help"]).stdout;
    assert!(help.contains("Step by step, or host by host what changes, for people"), "{help}");
    assert!(!help.contains("A table") && !help.contains("An array"), "{help}");
}

#[test]
fn what_is_no_configuration_is_refused() {
    let folder = Folder::new(&[
        ("empty.conf", ""),
        ("notes.conf", "These are notes; nobody reads them.\nBut { they } end\n"),
        ("broken.conf", "worker_processes 1;\nevents {\n"),
        ("quiet.conf", "events {}\n"),
    ]);
    folder.write("binary.conf", b"\x7fELF\x02\x01 \x00\x00}{;;\n\x01\x02");
    const ROWS: &[(&str, &str)] = &[
        ("empty.conf", "error: empty.conf is no nginx configuration: it holds no directive\n"),
        ("notes.conf", "error: notes.conf is no nginx configuration: it holds no directive of nginx\n"),
        ("binary.conf", "error: binary.conf is no nginx configuration: it holds no directive"),
        ("broken.conf", "error: broken.conf is no nginx configuration: it has no `http` block, and it cannot be read"),
        ("-", "error: <stdin> is no nginx configuration: it holds no directive\n"),
    ];
    for (conf, message) in ROWS {
        folder.run(&["trace", "http://a.example/", "--conf", conf]).expect(2, &[], &[message]);
    }
    folder.run(&["trace", "http://a.example/", "--conf=quiet.conf"]).expect(
        1,
        &["nothing listens on port 80"],
        &["note: there is no `server` in quiet.conf\n"],
    );
}

#[test]
fn what_is_not_known_is_no_value() {
    let server = "listen 80; location / { return 302 /$pid; } location /p { proxy_pass http://$cookie_a$geoip_b; }
        location /hsts { add_header Strict-Transport-Security max-age=$arg_age; return 204; }";
    let folder = Folder::new(&[("nginx.conf", &format!("events {{}}\nhttp {{ server {{ {server} }} }}\n"))]);
    let (report, _) = folder.trace_json(&["http://shop.example/"]);
    assert_eq!(report["hops"][0]["response"]["location_header"], Value::Null, "{report:#}");
    folder.trace(&["http://shop.example/"]).expect(1, &["302 to http://shop.example/$pid ($pid is not known)"], &[]);
    let (report, _) = folder.trace_json(&["http://shop.example/p"]);
    assert_eq!(report["hops"][0]["response"]["target"], Value::Null, "{report:#}");
    folder.trace(&["http://shop.example/p"]).expect(0, &["$geoip_b is not known)"], &[]);
    folder.trace(&["http://shop.example/hsts"]).expect(0, &["max-age=, which browsers ignore"], &[]);
    folder.trace(&["http://shop.example/hsts?age=9"]).expect(0, &["max-age=9, which browsers ignore over plain"], &[]);
}

// RFC 6797, section 8.1.
#[test]
fn an_upstreams_policy_comes_before_the_own_one() {
    let header = |age: u32| format!("add_header Strict-Transport-Security max-age={age};");
    let (upstream, own) = (header(300), header(9));
    let folder = Folder::new(&[(
        "nginx.conf",
        &format!(
            "events {{}}\nhttp {{ server {{ listen 127.0.0.1:81; {upstream} return 204; }} server {{ listen 443 ssl; {own}
             server_name shop.example; ssl_certificate a.pem; ssl_certificate_key a.key;
             location / {{ proxy_pass http://127.0.0.1:81; }}
             location /own {{ proxy_hide_header Strict-Transport-Security; proxy_pass http://127.0.0.1:81; }} }} }}\n"
        ),
    )]);
    for (path, age) in [("", 300), ("own", 9)] {
        let (report, _) = folder.trace_json(&[&format!("https://shop.example/{path}")]);
        assert_eq!(report["hops"][0]["hsts"]["max_age"], age, "{report:#}");
    }
}

#[test]
fn a_cycle_of_internal_redirects_is_told_once() {
    let server = "listen 80; location / { rewrite ^/(.*) /x/$1 last; }
        location = /in { rewrite ^ /a last; } location /a { rewrite ^ /b/$uri last; } location /b { rewrite ^ /a last; }";
    let folder = Folder::new(&[("nginx.conf", &format!("events {{}}\nhttp {{ server {{ {server} }} }}\n"))]);
    for (url, turns) in [("http://a.example/q", 1), ("http://a.example/a", 2), ("http://a.example/in", 3)] {
        let run = folder.trace(&[url]);
        run.expect(0, &["in a cycle, which nginx ends with 500 after 10 changes of the URI"], &[]);
        assert_eq!(run.stdout.matches("internal ").count(), turns + 1, "{url}\n{}", run.stdout);
    }
}

#[test]
fn through_stream() {
    let conf = "events {}
stream {
    map $ssl_preread_server_name $backend {
        shop.example 127.0.0.1:8443;
        term.example unix:/run/term.sock;
        far.example  192.0.2.20:443;
    }
    server { listen 443; ssl_preread on; proxy_pass $backend; }
    server {
        listen unix:/run/term.sock ssl;
        ssl_certificate pki/shop.pem;
        ssl_certificate_key pki/shop.key;
        proxy_pass 127.0.0.1:8080;
    }
}
http {
    server {
        listen 127.0.0.1:8443 ssl;
        server_name shop.example;
        ssl_certificate pki/shop.pem;
        ssl_certificate_key pki/shop.key;
        location / { return 204; }
        location /rel { return 301 /new; }
    }
    server { listen 127.0.0.1:8080; server_name term.example; return 302 $scheme://$host:$server_port/; }
}
";
    let folder = Folder::new(&[("nginx.conf", conf), ("pki/shop.pem", CERTIFICATE), ("pki/shop.key", "")]);
    const ROWS: &[Row] = &[
        (
            &["https://shop.example/"],
            0,
            "answered",
            &[
                ("/listen", "\"0.0.0.0:443\""),
                ("/tls/server/line", "17"),
                ("/server/line", "17"),
                ("/tls/certificate/covers_host", "true"),
                ("/conditions", "[]"),
            ],
        ),
        // http sees the port of its own socket, which clients do not reach.
        (
            &["https://shop.example/rel", "--max-hops=1"],
            1,
            "truncated",
            &[("/response/location_header", "\"https://shop.example:8443/new\"")],
        ),
        (&["https://shop.example/rel"], 1, "refused", &[("/refused", "\"nothing-listens\"")]),
        // TLS ends in stream, so that http sees none.
        (
            &["https://term.example/", "--max-hops=1"],
            1,
            "truncated",
            &[
                ("/tls/server/line", "9"),
                ("/tls/certificate/covers_host", "false"),
                ("/response/location_header", "\"http://term.example:8080/\""),
            ],
        ),
        (
            &["https://far.example/"],
            1,
            "undetermined",
            &[
                ("/listen", "\"0.0.0.0:443\""),
                ("/tls", "null"),
                ("/response", "null"),
                ("/conditions", "[\"stream hands the connection to 0.0.0.0:443 on to 192.0.2.20:443\"]"),
            ],
        ),
        (
            &["https://other.example/"],
            1,
            "refused",
            &[("/conditions", "[\"stream closes the connection to 0.0.0.0:443: there is no address for the name\"]")],
        ),
        (&["http://shop.example/"], 1, "refused", &[("/refused", "\"nothing-listens\""), ("/listen", "null")]),
    ];
    for (arguments, status, outcome, parts) in ROWS {
        let (report, found) = folder.trace_json(arguments);
        assert_eq!((found, report["outcome"].as_str().unwrap()), (*status, *outcome), "{arguments:?} {report:#}");
        let hop = report["hops"].as_array().unwrap().last().unwrap();
        for (pointer, expected) in *parts {
            assert_eq!(hop.pointer(pointer).unwrap().to_string(), *expected, "{arguments:?} {pointer} {report:#}");
        }
    }
    folder.trace(&["https://term.example/", "--max-hops=1"]).expect(
        1,
        &[
            "stream       proxy_pass to unix:/run/term.sock (nginx.conf:8), by the entry term.example",
            "socket       unix:/run/term.sock, stream, which ends TLS",
            "SNI term.example selects the default server, the stream server on",
        ],
        &[],
    );
}
