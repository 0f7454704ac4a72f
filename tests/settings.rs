//! `.ngxlint.yaml`: where it is found, what it does, and what is said when it is wrong.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod program;

use program::{Folder, Run};

/// A configuration of two files with findings in both.
const ROOT: &str = "events {}\nhttp {\n    set_real_ip_from 10.0.0.0/8;\n    include sites/*;\n}\n";

const SITE: &str = "server { listen 80; server_name a.test; return 301 https://$host$request_uri; }\n\
                    server { listen 80; server_name b.test; return 301 https://$host$request_uri; }\n\
                    server { listen 80; server_name c.test; root /srv; }\n";

/// Nobody says which server is the default one.
const IMPLICIT: &str = "info[implicit-default-server]";

fn repository(settings: &str) -> Folder {
    let files = [(".git/HEAD", ""), ("nginx.conf", ROOT), ("sites/a.conf", SITE), (".ngxlint.yaml", settings)];
    Folder::new(&files)
}

/// The short report of `check` with these arguments.
fn check(folder: &Folder, arguments: &[&str]) -> Run {
    folder.run(&[&["check", "--format=short"], arguments].concat())
}

#[track_caller]
fn expect_only(run: &Run, status: i32, lines: &[&str]) {
    let found: Vec<&str> = run.stdout.lines().collect();
    let is_same = found.len() == lines.len() && found.iter().zip(lines).all(|(line, part)| line.contains(part));
    assert!(is_same && run.status == status, "status {}\n{}\n{}", run.status, run.stdout, run.stderr);
}

// Where they are found.

#[test]
fn the_nearest_file_up_to_the_repository() {
    let folder = repository("ignore: [redirect]\n");
    expect_only(&check(&folder, &["sites/a.conf"]), 0, &[IMPLICIT]);
    folder.write("sites/.ngxlint.yaml", b"select: [redirect-edge-loop]\n");
    expect_only(&check(&folder, &["sites/a.conf"]), 1, &["redirect-edge-loop", "redirect-edge-loop"]);
    // A directory is linted with the settings that are in it or above it.
    expect_only(&check(&folder, &["."]), 0, &[IMPLICIT]);
    // Above the repository nobody looks.
    let outer = Folder::new(&[("a/.git/HEAD", ""), ("a/nginx.conf", ROOT), ("a/sites/a", SITE)]);
    outer.write(".ngxlint.yaml", b"nonsense\n");
    assert_eq!(check(&outer, &["a/nginx.conf"]).status, 1);
    std::fs::remove_dir_all(outer.path("a/.git")).unwrap();
    assert_eq!(check(&outer, &["a/nginx.conf"]).status, 2);
}

#[test]
fn the_command_line_and_the_environment_name_another_file() {
    let folder = repository("nonsense\n");
    folder.write("other.yaml", b"ignore: [redirect]\n");
    assert_eq!(check(&folder, &["."]).status, 2);
    expect_only(&check(&folder, &["--config", "other.yaml", "."]), 0, &[IMPLICIT]);
    let mut command = folder.command(&["check", "--format=short", "."]);
    let from_environment = Run::of(command.env("NGXLINT_CONFIG", "other.yaml").output().unwrap());
    expect_only(&from_environment, 0, &[IMPLICIT]);
    assert_eq!(check(&folder, &["--no-config", "."]).status, 1);
    let mut command = folder.command(&["check", "--format=short", "--no-config", "."]);
    assert_eq!(Run::of(command.env("NGXLINT_CONFIG", "nothere").output().unwrap()).status, 1);
    check(&folder, &["--config", "nothere.yaml", "."]).expect(
        2,
        &[],
        &["cannot read the settings nothere.yaml: no such"],
    );
}

#[test]
fn paths_with_settings_of_their_own() {
    let one = "server { listen 80; server_name a.test; return 301 http://a.test/; }\n";
    let folder = Folder::new(&[
        ("one/nginx.conf", &format!("events {{}}\nhttp {{\n{one}}}\n")),
        ("one/.ngxlint.yaml", "rules: {redirect-loop: warning}\n"),
        ("two/nginx.conf", &format!("events {{}}\nhttp {{\n{one}}}\n")),
        ("two/.ngxlint.yaml", "rules: {redirect-loop: off}\n"),
        ("three.conf", &format!("events {{}}\nhttp {{\n{one}}}\n")),
    ]);
    let run = check(&folder, &["one", "two", "three.conf", "one/nginx.conf", "--fail-on=error"]);
    expect_only(&run, 1, &["one/nginx.conf:3:41: warning[redirect-loop]", "three.conf:3:41: error[redirect-loop]"]);
}

#[test]
fn roots_that_the_settings_name() {
    // Nothing in the file says that it is a root, and it is far away.
    let folder = Folder::new(&[
        ("conf/main", "include ../blocks/*.conf;\n"),
        ("blocks/http.conf", "events {}\nhttp { set_real_ip_from 10.0.0.0/8; include ../sites/*; }\n"),
        ("sites/a.conf", SITE),
        (".ngxlint.yaml", "roots: [conf/main]\nignore: [redirect]\n"),
    ]);
    expect_only(&check(&folder, &["sites/a.conf"]), 0, &["sites/a.conf:1:10: info[implicit-default-server]"]);
    expect_only(&check(&folder, &["sites"]), 0, &["sites/a.conf:1:10: info[implicit-default-server]"]);
    // Without a PATH they are linted, also from a directory inside.
    expect_only(&check(&folder, &[]), 0, &["sites/a.conf:1:10: info[implicit-default-server]"]);
    let mut command = folder.command(&["check", "--format=short"]);
    let inside = Run::of(command.current_dir(folder.path("sites")).output().unwrap());
    expect_only(&inside, 0, &["implicit-default-server"]);
    let run = folder.run(&["trace", "http://a.test/"]);
    run.expect(1, &["a.test, which has exactly this name (sites/a.conf:1)"], &[]);
}

// What they do.

#[test]
fn a_root_that_is_not_there_ends_the_run() {
    let folder = repository("ignore: []\nroots: [nginx.conf, nginx.con]\n");
    for arguments in [&["check"][..], &["check", "sites"], &["trace", "http://a.test/"], &["certs"]] {
        folder.run(arguments).expect(
            2,
            &[],
            &["error[settings]", "[.ngxlint.yaml:2:21]", "cannot read nginx.con: no such file"],
        );
    }
}

#[test]
fn severities_options_and_ignores() {
    let folder = repository(
        "rules:\n  redirect: off\n  redirect-edge-loop: {severity: error}\nper-file-ignores:\n  sites/*: [certificate]\n",
    );
    expect_only(&check(&folder, &["."]), 1, &["error[redirect-edge-loop]", "error[redirect-edge-loop]"]);
    // The command line comes first.
    let run = check(&folder, &[".", "--severity=redirect-edge-loop=info"]);
    expect_only(&run, 0, &["info[redirect-edge-loop]", "info[redirect-edge-loop]"]);
    let run = check(&folder, &[".", "--select=implicit-default-server"]);
    expect_only(&run, 0, &[]);
    for (glob, is_ignored) in [
        ("a.conf", true),
        ("*.conf", true),
        ("**/a.conf", true),
        ("./sites/a.*", true),
        ("sites", true),
        ("site", false),
        ("b", false),
        ("b/*", false),
    ] {
        folder.write(
            ".ngxlint.yaml",
            format!("ignore: [redirect]\nper-file-ignores: {{\"{glob}\": [certificate]}}\n").as_bytes(),
        );
        expect_only(&check(&folder, &["nginx.conf"]), 0, if is_ignored { &[] } else { &[IMPLICIT] });
    }
}

#[test]
fn options_of_rules() {
    let folder = Folder::new(&[(
        "a.conf",
        "server { listen 443 ssl; server_name a.test; ssl_certificate $a; ssl_certificate_key $a;\n\
        add_header Strict-Transport-Security max-age=100 always; root /srv; }\n",
    )]);
    let lint = |settings: &str| {
        folder.write(".ngxlint.yaml", settings.as_bytes());
        check(&folder, &["a.conf", "--select=hsts-max-age"]).stdout
    };
    assert!(lint("").contains("180 days"));
    assert_eq!(lint("rules: {hsts-max-age: {minimum: 100}}"), "");
    assert!(lint("rules: {hsts-max-age: {minimum: 1, maximum: 99}}").contains("at most 99 seconds"));
}

#[test]
fn an_edge_host_by_host() {
    let folder = repository("edge:\n  servers: {a.test: tls}\nignore: [certificate]\n");
    let lines = [
        "a.conf:1:41: error[redirect-edge-loop] https://a.test/",
        "a.conf:2:41: warning[redirect-edge-loop] https://b.test/",
    ];
    expect_only(&check(&folder, &["."]), 1, &lines);
    let lines = ["1:41: error[redirect-edge-loop]", "2:41: error[redirect-edge-loop]"];
    expect_only(&check(&folder, &[".", "--edge=tls"]), 1, &lines);
    folder.write(".ngxlint.yaml", b"edge: {default: tls, servers: {'*.test': none}}\nignore: [certificate]\n");
    // The first server is the default one, for hosts of which nothing else is said.
    expect_only(&check(&folder, &["."]), 1, &["1:41: error[redirect-edge-loop] https://$host/"]);
    // Whoever says that nothing stands before nginx is not asked what would be if.
    expect_only(&check(&folder, &[".", "--edge=none"]), 0, &[]);
    expect_only(&check(&folder, &[".", "--no-config", "--ignore=certificate"]), 1, &["1:41: warning", "2:41: warning"]);
    for said in ["edge: none", "edge: {default: none}", "edge: {servers: {'*.test': none}}"] {
        folder.write(".ngxlint.yaml", format!("{said}\nignore: [certificate]\n").as_bytes());
        expect_only(&check(&folder, &["."]), 0, &[]);
    }
    folder.write(".ngxlint.yaml", b"edge: {default: tls, servers: {'*.test': none}}\nignore: [certificate]\n");
    folder.run(&["trace", "https://c.other/", "--conf=nginx.conf"]).expect(1, &["ends at the edge"], &[]);
    folder.run(&["trace", "https://a.test/", "--conf=nginx.conf"]).expect(1, &["nothing listens on port 443"], &[]);
    let run = folder.run(&["trace", "http://c.other/", "--conf=nginx.conf", "-H", "X-Forwarded-Proto: http"]);
    run.expect(2, &[], &["`edge` of .ngxlint.yaml:1 cannot be used with -H"]);
}

/// One server for names behind the edge and names that are not: each is judged as its clients reach it.
#[test]
fn a_server_of_hosts_with_and_without_an_edge() {
    let settings = "edge: {servers: {'*.cdn.example': tls}}\nselect: [hsts-missing]\n";
    let folder = repository(settings);
    let site = |head: &str| format!("server {{ {head} server_name *.cdn.example admin.example; root /srv; }}\n");
    // Nobody reaches admin.example over HTTPS.
    folder.write("sites/a.conf", site("listen 80;").as_bytes());
    expect_only(&check(&folder, &["."]), 0, &[]);
    folder
        .write("sites/a.conf", site("listen 80; listen 443 ssl; ssl_certificate x; ssl_certificate_key y;").as_bytes());
    expect_only(&check(&folder, &["."]), 0, &["info[hsts-missing] admin.example is served over HTTPS without HSTS"]);
    let sent =
        "listen 80; listen 443 ssl; ssl_certificate x; ssl_certificate_key y; if ($scheme = https) { return 204; }";
    folder.write("sites/a.conf", site(sent).as_bytes());
    expect_only(&check(&folder, &["."]), 0, &["info[hsts-missing] admin.example is served over HTTPS without HSTS"]);
}

/// The certificate of nginx is that of the hosts that are not behind the edge, whatever other names their server has.
#[test]
fn a_certificate_of_hosts_with_and_without_an_edge() {
    let folder = Folder::new(&[(".git/HEAD", "")]);
    folder.copy_certificates("pki");
    let site = |names: &str| {
        format!(
            "events {{}}\nhttp {{\nserver {{ listen 80; listen 443 ssl; server_name {names}; root /srv;\n\
             ssl_certificate pki/with-root.shop.example.pem; ssl_certificate_key pki/shop.example.key;\n\
             add_header Strict-Transport-Security max-age=31536000 always; }}\n}}\n"
        )
    };
    let found = |names: &str, edge: &str| {
        folder.write("nginx.conf", site(names).as_bytes());
        folder.write(".ngxlint.yaml", format!("edge: {edge}\nselect: [hsts-untrusted-cert]\n").as_bytes());
        check(&folder, &["nginx.conf"]).stdout.matches("hsts-untrusted-cert").count()
    };
    let edge = "{servers: {cdn.example: tls}}";
    assert_eq!(found("cdn.example", edge), 0);
    assert_eq!(found("shop.example", edge), 1);
    assert_eq!(found("cdn.example shop.example", edge), 1);
    assert_eq!(found("shop.example cdn.example", edge), 1);
    assert_eq!(found("shop.example cdn.example", "tls"), 0);
    assert_eq!(found("shop.example cdn.example", "{default: tls, servers: {shop.example: none}}"), 1);
}

/// Of a server with names behind an edge, includeSubDomains is judged for the others.
#[test]
fn subdomains_of_hosts_with_and_without_an_edge() {
    let folder = Folder::new(&[(".git/HEAD", "")]);
    let site = "events {}\nhttp {\nserver { listen 80; listen 443 ssl; server_name shop.example cdn.example; root /srv;\n\
                ssl_certificate x; ssl_certificate_key y;\n\
                add_header Strict-Transport-Security \"max-age=31536000; includeSubDomains\" always; }\n\
                server { listen 80; server_name status.shop.example; root /srv; }\n\
                server { listen 80; server_name status.cdn.example; root /srv; }\n}\n";
    folder.write("nginx.conf", site.as_bytes());
    let found = |edge: &str| {
        folder.write(".ngxlint.yaml", format!("edge: {edge}\nselect: [hsts-subdomains-uncovered]\n").as_bytes());
        let run = check(&folder, &["nginx.conf"]);
        let told = |host: &str| run.stdout.contains(&format!("includeSubDomains on {host} locks"));
        (told("shop.example"), told("cdn.example"))
    };
    assert_eq!(found("none"), (true, true));
    assert_eq!(found("{servers: {cdn.example: tls}}"), (true, false));
    assert_eq!(found("{servers: {shop.example: tls}}"), (false, true));
    assert_eq!(found("tls"), (false, false));
}

#[test]
fn words_of_websocket() {
    let folder = Folder::new(&[(
        "a.conf",
        "server { listen 80; server_name a.test;\n\
        location /live/feed { proxy_pass http://x; }\nlocation /ws/ { proxy_pass http://x; } }\n",
    )]);
    expect_only(&check(&folder, &["a.conf"]), 1, &["3:1: warning[websocket-missing-upgrade]"]);
    folder.write(".ngxlint.yaml", b"websocket: {patterns: [/feed], without: [/ws]}\n");
    expect_only(&check(&folder, &["a.conf"]), 1, &["2:1: warning[websocket-missing-upgrade]"]);
    // As the message of the rule shows it.
    folder.write(".ngxlint.yaml", b"websocket: {without: [ws]}\n");
    expect_only(&check(&folder, &["a.conf"]), 0, &[]);
}

#[test]
fn directives_of_a_site() {
    let files = [
        ("sites/a.conf", "server {\n    listen 80\n    my_guard on;\n}\n"),
        ("sites/b.conf", "my_zone one;\nmy_zone two;\n"),
        ("sites/c.conf", "brotli on;\nbrotli_comp_level 5;\n"),
    ];
    let folder = Folder::new(&files);
    let shown = |settings: &str| {
        folder.write(".ngxlint.yaml", settings.as_bytes());
        (check(&folder, &["sites"]).stdout, folder.run(&["check", "--show-files", "sites"]).stdout)
    };
    let (found, files) = shown("");
    assert!(!found.contains("a.conf:2:12"), "{found}");
    assert!(files.contains("sites/b.conf: passed over") && files.contains("sites/c.conf: snippet in http"), "{files}");
    let (found, files) =
        shown("modules: []\nextra-directives:\n  my_guard: {contexts: [server]}\n  my_zone: {contexts: [http]}\n");
    assert!(found.contains("sites/a.conf:2:12: warning[syntax-error]"), "{found}");
    assert!(files.contains("sites/b.conf: snippet in http") && files.contains("sites/c.conf: passed over"), "{files}");
}

#[test]
fn places_of_files() {
    let folder = Folder::new(&[
        ("repo/image/etc/nginx/nginx.conf", "events {}\nhttp { include /etc/nginx/x; include /opt/y; }\n"),
        ("repo/image/etc/nginx/x", ""),
        ("repo/opt/y", ""),
        ("repo/.ngxlint.yaml", "root: image\nmap: {/opt: opt}\nnginx-version: 1.22\ncerts: skip\n"),
    ]);
    // Paths are those of the settings file's directory, wherever the program is run.
    let mut command = folder.command(&["check", "--format=json"]);
    let run = Run::of(command.current_dir(folder.path("repo")).output().unwrap());
    run.expect(0, &["\"nginx_version\": \"1.22.0\"", "\"files\": 3"], &[]);
    folder.run(&["check", "--config=repo/.ngxlint.yaml"]).expect(0, &["no problems found in 3 files"], &[]);
    folder.run(&["certs", "--config=repo/.ngxlint.yaml"]).expect(0, &[], &[]);
}

#[test]
fn certificates_are_judged_by_their_rules_alone() {
    let folder = repository("select: [redirect, cert-expired]\n");
    folder.run(&["certs", "."]).expect(0, &["0 certificates"], &[]);
    folder.run(&["certs", "--select=redirect", "."]).expect(1, &["redirect-edge-loop"], &[]);
}

#[test]
fn trust_anchors_of_settings() {
    let folder = repository("# what clients know\nca: [none.pem]\n");
    check(&folder, &["."]).expect(2, &[], &["[.ngxlint.yaml:2:6]", "cannot use none.pem: no such file"]);
}

#[test]
fn what_is_in_effect_is_shown() {
    let folder = repository(
        "nginx-version: 1.28\nedge:\n  servers:\n    a.test: tls\nrules:\n  hsts-max-age:\n    minimum: 5\n",
    );
    let run = folder.run(&["check", "--show-settings", "--certs=skip", "--severity=hsts=info", "."]);
    let squeezed: Vec<String> =
        run.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "# .: settings of .ngxlint.yaml",
        "roots - default",
        "nginx-version 1.28.0 .ngxlint.yaml:1",
        "prefix - default",
        "root - default",
        "certs skip command line",
        "system-roots false default",
        "edge none default",
        "edge.servers.a.test tls .ngxlint.yaml:4",
        "select all default",
        "rules.hsts-max-age.minimum 5 .ngxlint.yaml:7",
        "rules.hsts info command line",
    ];
    assert_eq!(squeezed, expected);
}

/// Everything at once, from all of its sources.
#[test]
fn what_is_in_effect_is_shown_with_where_it_is_from() {
    let folder = repository(
        "roots: [nginx.conf]\nmap: {/etc/letsencrypt: test/certs}\ncerts: skip\nedge:\n  default: tls\n  servers:\n    .b.test: none\n\
        select: [hsts]\nignore: [hsts-missing]\nper-file-ignores:\n  vendor/: [websocket]\nrules: {hsts: info}\n\
        websocket:\n  patterns: [/feed]\nmodules: [lua]\nextra-directives:\n  hsts: {contexts: [server]}\n",
    );
    std::fs::rename(folder.path(".ngxlint.yaml"), folder.path("other.yaml")).unwrap();
    let shown = |mut command: std::process::Command| -> Vec<String> {
        let run = Run::of(command.output().unwrap());
        run.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let mut command =
        folder.command(&["check", "--show-settings", "--map=/a=b", "--severity=hsts=error", "--nginx-version=1.28"]);
    command.env("NGXLINT_CONFIG", "other.yaml");
    let lines = shown(command);
    let certificates = folder.0.path().canonicalize().unwrap().join("test/certs");
    let map = format!("map /etc/letsencrypt = {} other.yaml:2", certificates.display());
    let expected = [
        "# nginx.conf: settings of other.yaml, by NGXLINT_CONFIG",
        "roots nginx.conf other.yaml:1",
        "nginx-version 1.28.0 command line",
        "prefix - default",
        "root - default",
        "map /a = b command line",
        &map,
        "certs skip other.yaml:3",
        "system-roots false default",
        "edge tls other.yaml:5",
        "edge.servers..b.test none other.yaml:7",
        "select hsts other.yaml:8",
        "ignore hsts-missing other.yaml:9",
        "per-file-ignores.vendor/ websocket other.yaml:11",
        "rules.hsts info (the command line says otherwise) other.yaml:12",
        "rules.hsts error command line",
        "websocket.patterns /feed other.yaml:14",
        "modules lua other.yaml:15",
        "extra-directives.hsts in server other.yaml:17",
    ];
    assert_eq!(lines, expected);
    let lines = shown(folder.command(&["check", "--show-settings", "--config=other.yaml", "--edge=none"]));
    assert_eq!(lines[0], "# nginx.conf: settings of other.yaml, by --config");
    assert!(
        lines.iter().any(|line| line == "edge none command line") && !lines.iter().any(|line| line.contains("b.test"))
    );
    let lines = shown(folder.command(&["check", "--show-settings", "."]));
    assert_eq!(lines[0], "# .: no settings file");
}

// What `init` writes.

#[test]
fn init_writes_a_file_once() {
    let folder = Folder::new(&[("nginx.conf", ROOT), ("sites/a.conf", SITE), ("vendor/x/h5bp.conf", "gzip on;\n")]);
    folder.run(&["init"]).expect(0, &["wrote .ngxlint.yaml"], &[]);
    let text = std::fs::read_to_string(folder.path(".ngxlint.yaml")).unwrap();
    assert!(text.starts_with("# yaml-language-server: $schema=https://"), "{text}");
    assert!(text.contains("roots:\n  - nginx.conf\n") && text.contains("\"**/vendor/**\""), "{text}");
    folder.run(&["init"]).expect(2, &[], &["error: .ngxlint.yaml exists already"]);
    assert_eq!(std::fs::read_to_string(folder.path(".ngxlint.yaml")).unwrap(), text);
    // It changes nothing yet.
    assert_eq!(check(&folder, &[]).stdout, check(&folder, &["nginx.conf", "--no-config"]).stdout);
    // What is shown is what would be written.
    let shown = folder.run(&["init", "-o", "-"]).stdout;
    assert!(shown.contains("roots:\n  - nginx.conf\n"), "{shown}");
    let run = Run::of(
        folder.command(&["init", "-o", "-", folder.0.path().to_str().unwrap()]).current_dir("/").output().unwrap(),
    );
    assert_eq!(run.stdout, shown);
    folder.run(&["init", "-o", "-", "sites"]).expect(0, &["# roots: [nginx.conf]"], &[]);
    folder.run(&["init", "nothere"]).expect(2, &[], &["cannot read nothere: no such file"]);
}

/// What is included from where it is not, but could be.
#[test]
fn init_shows_where_files_seem_to_be() {
    let folder = Folder::new(&[
        ("nginx/nginx.conf", "events {}\nhttp { include /etc/nginx/conf.d/shop.conf; }\n"),
        ("nginx/conf.d/shop.conf", SITE),
    ]);
    let shown = folder.run(&["init", "-o", "-"]).stdout;
    assert!(shown.contains("# map:\n#   /etc/nginx: nginx\n") && shown.contains("not there, but here"), "{shown}");
    let image = Folder::new(&[
        ("image/etc/nginx/nginx.conf", "events {}\nhttp { include /opt/sites/shop.conf; }\n"),
        ("image/opt/sites/shop.conf", SITE),
    ]);
    let shown = image.run(&["init", "-o", "-"]).stdout;
    assert!(shown.contains("# root: image\n") && shown.contains("not there, but here"), "{shown}");
    // As it is said there, nothing is missing.
    image.write(".ngxlint.yaml", shown.replace("# root:", "root:").as_bytes());
    let run = check(&image, &["."]);
    assert!(!run.stdout.contains("include-not-found") && run.status != 2, "{}{}", run.stdout, run.stderr);
    let none = Folder::new(&[("README", "nothing")]).run(&["init", "-o", "-"]).stdout;
    assert!(none.contains("# None is found here"), "{none}");
}

// Bad input.

#[test]
fn a_mistake_is_shown_at_its_place() {
    let folder = repository("roots: [nginx.conf]\nrules:\n  redirect-lop: off\n");
    let run = check(&folder, &["."]);
    run.expect(
        2,
        &[],
        &["there is no rule `redirect-lop`; did you mean `redirect-loop`?", "[.ngxlint.yaml:3:3]", "redirect-lop: off"],
    );
    for command in [&["certs"][..], &["trace", "http://a.test/", "--conf=nginx.conf"], &["check", "--show-settings"]] {
        folder.run(command).expect(2, &[], &["[.ngxlint.yaml:3:3]"]);
    }
}

#[test]
fn long_values_are_quoted_in_part() {
    let word = "x".repeat(500);
    for text in [word.clone(), format!("ignore: [{word}]"), format!("{word}: 1"), format!("certs: '{word} é'")] {
        let folder = repository(&text);
        let run = check(&folder, &["nginx.conf"]);
        assert_eq!(run.status, 2);
        let message = run.stderr.split("╭─").next().unwrap();
        assert!(message.contains('…') && message.matches('x').count() < 80, "{message}");
    }
}

#[test]
fn what_is_no_settings_file() {
    let folder = repository("");
    assert_eq!(check(&folder, &["."]).status, 1);
    let wrong: &[(&[u8], &str)] = &[
        (b"rules:\n\thsts: off\n", ":2:1]"),
        (b"- roots\n", "expected a mapping of settings, not a list"),
        (b"just text\n", "expected a mapping of settings"),
        (b"roots: [\xff]\n", "this byte is not UTF-8"),
        (b"\xff\xfer\0o\0", "this byte is not UTF-8"),
        (b"roots: [a\0b]\n", "a control character (U+0000)"),
        (b"roots: [a]\nroots: [b]\n", ":2:1]"),
        (b"roots: {a: b}\n", "`roots`: expected a list"),
        (b"a: &a [*a]\n", "there is no setting `a` here"),
        (b"select: &a [*a]\n", ""),
        (b"edge: !!binary x\n", ""),
        (b"rules: {hsts-max-age: {minimum: 99999999999999999999}}\n", "`rules.hsts-max-age.minimum`: expected"),
        (b"rules: {hsts-max-age: {minimum: {a: b}}}\n", "expected number of seconds"),
        (b"? {a: b}\n: c\n", ""),
        (b"%YAML 9.9\n---\n", ""),
        (b"\"roots\n", ""),
    ];
    for (text, said) in wrong {
        folder.write(".ngxlint.yaml", text);
        let run = check(&folder, &["."]);
        run.expect(2, &[], &["error[settings]", ".ngxlint.yaml:", said]);
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    }
    folder.write("large.yaml", &b"# x\n".repeat(10 << 18));
    check(&folder, &["--config=large.yaml", "."]).expect(2, &[], &["cannot read the settings large.yaml: "]);
    check(&folder, &["--config=sites", "."]).expect(2, &[], &["cannot read the settings sites: it is a directory"]);
    std::fs::remove_file(folder.path(".ngxlint.yaml")).unwrap();
    std::fs::create_dir(folder.path(".ngxlint.yaml")).unwrap();
    check(&folder, &["."]).expect(2, &[], &["cannot read the settings .ngxlint.yaml: it is a directory"]);
    std::fs::remove_dir(folder.path(".ngxlint.yaml")).unwrap();
    // Links to nothing, to a device, in a circle; and a FIFO, which nobody writes to.
    for (target, said) in [
        ("nothere", "no such file"),
        ("/dev/zero", "it is not a regular file"),
        (".ngxlint.yaml", "too many levels of symbolic links"),
        ("fifo", "it is not a regular file"),
    ] {
        if target == "fifo" {
            assert!(std::process::Command::new("mkfifo").arg(folder.path("fifo")).status().unwrap().success());
        }
        std::os::unix::fs::symlink(target, folder.path(".ngxlint.yaml")).unwrap();
        let said = format!("cannot read the settings .ngxlint.yaml: {said}");
        check(&folder, &["."]).expect(2, &[], &[&said]);
        std::fs::remove_file(folder.path(".ngxlint.yaml")).unwrap();
    }
}

#[test]
fn bombs_end_soon() {
    let folder = repository("");
    let mut bomb = "roots: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in "bcdefghi".chars().zip("abcdefgh".chars()) {
        bomb += &format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(", "));
    }
    let in_option = bomb.replace("b: ", "rules: {hsts-max-age: {minimum: ").replace("*a]\n", "*a]}}\n");
    let start = std::time::Instant::now();
    for text in [bomb, in_option, format!("roots: {}", "{a: ".repeat(200_000)), format!("{}x\n", "- ".repeat(100_000))]
    {
        folder.write(".ngxlint.yaml", text.as_bytes());
        check(&folder, &["."]).expect(2, &[], &["error[settings]"]);
    }
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}

/// A snippet that two roots include: what is to be typed instead is said.
#[test]
fn trace_says_which_roots_include_a_snippet() {
    let root =
        |port: u16| format!("events {{}}\nhttp {{\n    server {{ listen {port}; include ../snip/ws.conf; }}\n}}\n");
    let folder = Folder::new(&[
        (".git/HEAD", ""),
        (".ngxlint.yaml", "roots: [prod/nginx.conf, dev/nginx.conf]\n"),
        ("prod/nginx.conf", &root(80)),
        ("dev/nginx.conf", &root(8080)),
        ("snip/ws.conf", "location / { return 204; }\n"),
    ]);
    let trace = |more: &[&str]| folder.run(&[&["trace", "http://a.example/"], more].concat());
    let (prod, dev) = ("prod/nginx.conf", "dev/nginx.conf");
    for (arguments, around, [first, second]) in [
        (&["--conf", "snip/ws.conf"][..], " that include snip/ws.conf", [prod, dev]),
        (&["--conf", "snip"], " that include files of snip", [prod, dev]),
        (&["--conf", "."], " in .", [dev, prod]),
        (&[], "", [prod, dev]),
    ] {
        let message = format!(
            "error: there are several nginx configurations{around}: {first}, {second}; name the one that is meant, as in \
             --conf {first}\n"
        );
        trace(arguments).expect(2, &[], &[&message]);
    }
    trace(&["--conf", "prod/nginx.conf"]).expect(0, &["snip/ws.conf"], &[]);
    let run = folder.run(&["trace", "--diff", "snip/ws.conf", "prod/nginx.conf"]);
    run.expect(2, &[], &["name the one that is meant, as in prod/nginx.conf\n"]);
}
