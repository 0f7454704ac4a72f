//! Which lines fixes write, where, and where none is offered.

use super::*;

#[test]
fn a_location_that_lacks_no_name_is_given_none() {
    let both = "/ {\nproxy_pass https://api.partner.example;\n}\nlocation /group/ {\nproxy_pass https://partner;\n}";
    let text = site(both, "", "upstream partner {\nserver api.partner.example:443;\n}");
    adds(&text, &["? nginx.conf: proxy_ssl_name api.partner.example;", "nginx.conf: proxy_ssl_server_name on;"]);
    let mended = case_of(&text).mended(VERSIONS[1], FixMode::All).unwrap().shown();
    assert_eq!(mended.matches("proxy_ssl_server_name on;").count(), 2, "{mended}");
    assert_eq!(mended.matches("proxy_ssl_name ").count(), 1, "{mended}");
    let safe = case_of(&text).mended(VERSIONS[1], FixMode::Safe).unwrap().shown();
    let direct = safe.split_once("location / {").unwrap().1.split_once('}').unwrap().0;
    assert!(direct.contains("proxy_ssl_server_name on;") && !direct.contains("proxy_ssl_name "), "{safe}");
    assert_eq!(safe.matches("proxy_ssl_server_name on;").count(), 1, "{safe}");
}

#[test]
fn the_version_is_written_only_where_nginx_has_another() {
    const BARE: &str = "/socket.io/ {\nproxy_pass http://127.0.0.1:9000;\nproxy_read_timeout 300s;\n}";
    let added = |server: &str, version: &str| added_lines(&site(BARE, server, ""), version);
    let headers =
        ["nginx.conf: proxy_set_header Connection \"upgrade\";", "nginx.conf: proxy_set_header Upgrade $http_upgrade;"];
    let with_version: Vec<&str> = std::iter::once("nginx.conf: proxy_http_version 1.1;").chain(headers).collect();
    assert_eq!(added("", "1.29.6"), with_version);
    assert_eq!(added("", "1.29.7"), headers);
    assert_eq!(added("proxy_http_version 1.0;", "1.29.7").len(), 3);
    // Nothing is lacking there.
    let whole =
        BARE.replace("300s;", "300s;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;");
    assert_eq!(added_lines(&site(&whole, "", ""), "1.29.7"), Vec::<String>::new());
    // What was lost is repeated, without what nginx does anyway.
    let lost = BARE.replace("300s;", "300s;\nproxy_set_header X-A a;");
    let outer = "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n";
    let text = site(&lost, outer, "");
    let mended = case_of(&text).mended(VERSIONS[1], FixMode::Safe).unwrap().shown();
    assert_eq!(mended.matches("Upgrade $http_upgrade").count(), 2, "{mended}");
    assert!(!mended.contains("proxy_http_version"), "{mended}");
}

/// The header and version lines that a text tells to write.
fn told_lines(text: &str) -> BTreeSet<String> {
    let is_line = |line: &str| line.starts_with("proxy_set_header ") || line.starts_with("proxy_http_version ");
    text.lines().map(|line| line.trim().to_owned()).filter(|line| is_line(line)).collect()
}

#[test]
fn help_and_fix_say_the_same_lines() {
    let mut compared = BTreeSet::new();
    for case in cases() {
        for version in VERSIONS {
            let linted = case.lint(version);
            for finding in &linted.findings {
                let (Some(help), Some(fix)) = (&finding.help, &finding.fix) else { continue };
                let told = told_lines(help);
                if told.is_empty() {
                    continue;
                }
                let after = told_lines(&case.with(&linted, &[fix]).shown());
                let missing: Vec<_> = told.iter().filter(|line| !after.contains(*line)).collect();
                assert!(missing.is_empty(), "{}: {}: {help}\nwithout {missing:?}:\n{:?}", case.name, finding.rule, fix);
                compared.insert(finding.rule.as_str());
            }
        }
    }
    assert!(compared.len() > 5, "{compared:?}");
}

/// A text as a whole nginx.conf, with the certificates of the fixtures.
fn whole(text: &str) -> Case {
    let mut files = MemoryFiles::default();
    let root = Path::new(DIRECTORY).join("nginx.conf");
    for (path, bytes) in pki() {
        files.add(Path::new(DIRECTORY).join("pki").join(path), bytes);
    }
    files.add(&root, text.as_bytes());
    Case { name: text.to_owned(), files, root, edge: Edge::None }
}

fn text_of(case: &Case) -> String {
    String::from_utf8(case.files.read(&case.root, u64::MAX).unwrap()).unwrap()
}

/// What the fixes of one rule make of a text.
fn made_of(rule: &str, text: &str) -> String {
    let mut case = whole(text);
    for _ in 0..MAX_ROUNDS {
        let linted = case.lint(VERSIONS[1]);
        let of_rule = linted.findings.iter().filter(|finding| finding.rule.as_str() == rule);
        let chosen = choose(of_rule.filter_map(|finding| finding.fix.as_ref()));
        if chosen.is_empty() {
            break;
        }
        assert!(chosen.iter().all(|fix| !fix.is_safe));
        case = case.with(&linted, &chosen);
    }
    text_of(&case)
}

/// The lines that the fixes of one rule add, none of which is safe.
#[track_caller]
fn adds_of(rule: &str, text: &str, expected: &[&str]) {
    let linted = whole(text).lint(VERSIONS[1]);
    assert!(linted.count(rule) > 0, "{rule} says nothing of\n{text}");
    let made = made_of(rule, text);
    let mut added: Vec<String> = made
        .lines()
        .filter(|line| !text.lines().any(|old| old == *line))
        .map(|line| format!("? nginx.conf: {line}"))
        .collect();
    added.sort();
    assert_eq!(added, expected, "{text}");
}

/// What the safe fixes make of a text that is a whole nginx.conf.
fn safely(text: &str) -> String {
    text_of(&whole(text).mended(VERSIONS[1], FixMode::Safe).unwrap())
}

#[test]
fn a_new_line_stands_as_its_neighbours_do() {
    let around = |server: &str| format!("events {{}}\nhttp {{\n{server}\n}}\n");
    const REST: &str = "ssl_certificate pki/shop.example.pem; ssl_certificate_key pki/shop.example.key;";
    for (before, after) in [
        (
            "\tserver {\n\t\tlisten 443 ssl http2;\n\t\tserver_name shop.example;",
            "\tserver {\n\t\tlisten 443 ssl;\n\t\thttp2 on;\n\t\tserver_name shop.example;",
        ),
        // Several directives in one line.
        (
            "    server {\n        server_name shop.example; listen 443 ssl http2;\n",
            "    server {\n        server_name shop.example; listen 443 ssl;\n        http2 on;\n",
        ),
        (
            "    server {\n        listen 443 ssl http2; server_name shop.example;\n",
            "    server {\n        listen 443 ssl; http2 on; server_name shop.example;\n",
        ),
        // On the line of the server, with lines below it or none.
        (
            "\tserver { listen 443 ssl http2; # TLS\n\t\tserver_name shop.example;\n",
            "\tserver { listen 443 ssl; # TLS\n\t\thttp2 on;\n\t\tserver_name shop.example;\n",
        ),
        (
            "  server { listen 443 ssl http2;\n    server_name shop.example;\n",
            "  server { listen 443 ssl;\n    http2 on;\n    server_name shop.example;\n",
        ),
        (
            "  server { server_name shop.example; listen 443 ssl http2; ",
            "  server { server_name shop.example; listen 443 ssl; http2 on; ",
        ),
        (
            "server\n{\n\tlisten 443\n\t\tssl http2;\n\tserver_name shop.example;\n",
            "server\n{\n\tlisten 443\n\t\tssl;\n\thttp2 on;\n\tserver_name shop.example;\n",
        ),
    ] {
        let text = |inside: &str| around(&format!("{inside}{REST} }}"));
        assert_eq!(safely(&text(before)), text(after));
        let with_cr = |inside: &str| text(inside).replace('\n', "\r\n");
        assert_eq!(safely(&with_cr(before)), with_cr(after));
    }
}

#[test]
fn a_statement_gets_all_its_semicolons_or_none() {
    let around = |inside: &str| format!("events {{}}\nhttp {{\nserver {{\nlisten 80;\n{inside}\n}}\n}}\n");
    for (before, after) in [
        // nginx would take the name of the second directive for a format, or for a page.
        (
            "root /srv\naccess_log /dev/null\nerror_log /dev/null;",
            "root /srv;\naccess_log /dev/null;\nerror_log /dev/null;",
        ),
        ("root /srv\nindex a.html\nautoindex on;", "root /srv;\nindex a.html;\nautoindex on;"),
        ("error_log /dev/null\nerror_page 404 /404.html;", "error_log /dev/null;\nerror_page 404 /404.html;"),
        ("root /srv\nindex a.html\nlocation / {\n}", "root /srv;\nindex a.html;\nlocation / {\n}"),
        // This has a meaning, which is not to change unseen.
        ("index a.html\nautoindex on;", "index a.html\nautoindex on;"),
    ] {
        let mended = safely(&around(before));
        assert_eq!(mended, around(after));
    }
}

#[test]
fn over_plain_http_the_default_server_stays_who_it_is() {
    let text = "events {}\nhttp {\nserver {\nlisten 80;\nserver_name shop.example;\n}\n\
                server {\nlisten 80;\nserver_name blog.example;\n}\n}\n";
    adds(text, &["nginx.conf: listen 80 default_server;"]);
    // What is meant to be TLS is mended first.
    assert_eq!(safely(&text.replace("listen 80;", "listen 443;")), text.replace("listen 80;", "listen 443;"));
    assert_eq!(safely(text), text.replacen("listen 80;", "listen 80 default_server;", 1));
}

const CERTIFICATE: &str = "ssl_certificate pki/shop.example.pem;\nssl_certificate_key pki/shop.example.key;";

/// A server of names that the certificate of shop.example and www.shop.example is for, or of others.
fn server(listen: &str, names: &str, more: &str) -> String {
    let certificate = if listen.contains("ssl") { CERTIFICATE } else { "" };
    format!("server {{\n{listen}\nserver_name {names};\n{certificate}\n{more}\n}}\n")
}

fn http(servers: &[String]) -> String {
    format!("events {{}}\nhttp {{\n{}}}\n", servers.concat())
}

#[test]
fn https_is_written_only_where_it_is_served() {
    const RETURN: &str = "return 301 http://www.shop.example$request_uri;";
    let from = server("listen 443 ssl;", "shop.example", RETURN);
    let www = |listen: &str, more: &str| server(listen, "www.shop.example", more);
    let fixed = ["? nginx.conf: return 301 https://www.shop.example$request_uri;"];
    let ssl = "listen 443 ssl;\nlisten 80;";
    adds_of("redirect-to-plain-http", &http(&[from.clone(), www(ssl, "root /srv;")]), &fixed);
    // Nobody is there.
    adds_of("redirect-to-plain-http", &http(&[from.clone(), www("listen 80;", "root /srv;")]), &[]);
    // The certificate is for others.
    let other = http(&[
        server("listen 443 ssl;", "shop.example", "return 301 http://blog.example/;"),
        server(ssl, "blog.example", "root /srv;"),
    ]);
    adds_of("redirect-to-plain-http", &other, &[]);
    // To itself.
    let itself = http(&[server(
        ssl,
        "shop.example",
        "location /news/ {\nreturn 302 http://shop.example$request_uri;\n}\nroot /srv;",
    )]);
    adds_of("redirect-to-plain-http", &itself, &[]);
}

#[test]
fn a_forgotten_host_is_that_of_the_request() {
    let one = |target: &str| http(&[server("listen 80;", "shop.example", &format!("return 301 {target};"))]);
    let fixed = ["? nginx.conf: return 301 https://$host$request_uri;"];
    adds_of("redirect-empty-host", &one("https://$request_uri"), &fixed);
    adds_of(
        "redirect-empty-host",
        &one("\"https://$request_uri\""),
        &["? nginx.conf: return 301 \"https://$host$request_uri\";"],
    );
    adds_of("redirect-empty-host", &one("http://$request_uri"), &[]);
    adds_of("redirect-empty-host", &one("https:///cart"), &[]);
    // It would lead to itself, or back.
    adds_of(
        "redirect-empty-host",
        &http(&[server("listen 443 ssl;", "shop.example", "return 301 https://$request_uri;")]),
        &[],
    );
    let back = server("listen 443 ssl;", "shop.example", "return 301 http://shop.example$request_uri;");
    adds_of(
        "redirect-empty-host",
        &http(&[server("listen 80;", "shop.example", "return 301 https://$request_uri;"), back]),
        &[],
    );
}

#[test]
fn a_chain_is_shortened_only_for_all_who_take_it() {
    const TO_HTTPS: &str = "return 301 https://$host$request_uri;";
    const TO_WWW: &str = "return 301 https://www.shop.example$request_uri;";
    let chain = |names: &str, second: &str, more: &str| {
        let third = format!("root /srv;\n{more}");
        http(&[
            server("listen 80;", names, TO_HTTPS),
            server("listen 443 ssl;", "shop.example", second),
            server("listen 443 ssl;", "www.shop.example", &third),
        ])
    };
    let fixed = ["? nginx.conf: return 301 https://www.shop.example$request_uri;"];
    let straight = |text: &str| {
        made_of("redirect-chain", text)
            .contains(&format!("listen 80;\nserver_name shop.example www.shop.example;\n\n{TO_WWW}"))
    };
    assert!(straight(&chain("shop.example www.shop.example", TO_WWW, "")), "{fixed:?}");
    // Another name of that server, or another path, leads elsewhere.
    let blog = chain("shop.example www.shop.example blog.example", TO_WWW, "");
    let blog =
        blog.replacen("http {", &format!("http {{\n{}", server("listen 443 ssl;", "blog.example", "root /srv;")), 1);
    assert_eq!(made_of("redirect-chain", &blog), blog);
    let in_location = chain(
        "shop.example www.shop.example",
        &format!("location / {{\n{TO_WWW}\n}}\nlocation /api/ {{\nroot /srv;\n}}"),
        "",
    );
    assert_eq!(made_of("redirect-chain", &in_location), in_location);
    let without_path = chain("shop.example www.shop.example", "return 301 https://www.shop.example/;", "");
    assert_eq!(made_of("redirect-chain", &without_path), without_path);
    // The host between is there for its policy.
    let policy = chain(
        "shop.example www.shop.example",
        &format!("add_header Strict-Transport-Security max-age=31536000 always;\n{TO_WWW}"),
        "",
    );
    assert_eq!(made_of("redirect-chain", &policy), policy);
}

#[test]
fn a_server_listens_for_the_other_family_as_the_others_do() {
    const RULE: &str = "tls-host-unserved";
    const REJECTS: &str = "server {\nlisten 443 ssl http2 default_server;\nlisten [::]:443 ssl http2 default_server;\nssl_reject_handshake on;\n}\n";
    let redirect = server("listen 80;\nlisten [::]:80;", "shop.example", "return 301 https://$host$request_uri;");
    let site = |listen: &str| server(listen, "shop.example", "root /srv;");
    let text = |site: String| http(&[redirect.clone(), REJECTS.to_owned(), site]);
    adds_of(RULE, &text(site("listen 443 ssl http2;")), &["? nginx.conf: listen [::]:443 ssl http2;"]);
    // One address says nothing of others.
    adds_of(RULE, &text(site("listen 192.0.2.10:443 ssl http2;")), &[]);
    // Where nobody is there yet, all come along, each as it listens already.
    let second = server("listen *:443 ssl;", "www.shop.example", "root /srv;");
    let all = http(&[redirect.clone(), site("listen 443 ssl default_server;"), second]);
    adds_of(RULE, &all, &["? nginx.conf: listen [::]:443 ssl default_server;", "? nginx.conf: listen [::]:443 ssl;"]);
}

#[test]
fn no_two_empty_lines_are_left_where_a_line_was() {
    let mended = |before: &str, after: &str| {
        let line = "return 301 https://shop.example$request_uri;";
        let tls = format!(
            "server {{\nlisten 443 ssl;\nserver_name shop.example;\nssl_certificate pki/shop.example.pem;\n\
             ssl_certificate_key pki/shop.example.key;\nroot /srv;\n{before}{line}\n{after}location /a/ {{\n}}\n}}\n"
        );
        let text = format!("events {{}}\nhttp {{\n{tls}}}\n");
        case_of(&text).mended(VERSIONS[1], FixMode::All).unwrap().shown()
    };
    for (before, after, left) in [
        ("\n", "\n", "root /srv;\n\nlocation"),
        ("\n", " \n", "root /srv;\n\nlocation"),
        ("", "\n", "root /srv;\n\nlocation"),
        ("\n", "", "root /srv;\n\nlocation"),
        ("\n\n", "\n\n", "root /srv;\n\n\n\nlocation"),
        ("#why\n", "\n", "root /srv;\n#why\n\nlocation"),
    ] {
        let text = mended(before, after);
        assert!(text.contains(left), "{text}");
    }
}
