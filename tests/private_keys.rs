//! Private keys that stand in the configuration reach no output.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod program;

use std::fs;

use program::Folder;

const LINES: [&str; 3] = [
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgi2EKxQQ0i+emG3Eq",
    "FTAMwffhhW1L4m7TUEelY8Ov3pyhRANCAAROM5eIgpJ45BEUGyBWL0zPXEFAALhe",
    "1B5pqw/ae4TV57Md1uNfKTKESSsbh5PE5nlf1CAhqyVh0OfbsiTH8xEG",
];

/// A header that rules mind stands beside the key, and something to fix.
fn configuration(key: &str) -> String {
    let header = "add_header Strict-Transport-Security \"max-age=31536000, includeSubDomains\" always;";
    format!(
        "events {{}}\nhttp {{\nserver {{\nlisten 8443 ssl; server_name shop.example;\nssl_certificate shop.pem; {header}\n\
         {key} {header}\n{header}\n}}\n}}\n"
    )
}

fn configurations() -> Vec<String> {
    let (lines, escaped) = (LINES.join("\n"), LINES.join("\\n"));
    let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    let keys = [
        format!("ssl_certificate_key \"data:{begin}\\n{escaped}\\n{end}\\n\";"),
        format!("ssl_certificate_key \"data:{begin}\n{lines}\n{end}\";"),
        format!("ssl_certificate_key 'data:{begin}\r\n{}\r\n{end}';", LINES.join("\r\n")),
        format!("ssl_certificate_key \"{begin}\\n{escaped}\\n{end}\\n\";"),
        format!("ssl_certificate_key \"{begin}\n{lines}\n{end}\";"),
        format!("ssl_certificate_key {begin}\n{lines}\n{end};"),
        format!("ssl_certificate_key \"data:{begin}\n{lines}\";"),
        format!("ssl_certificate_key data:{};", LINES.concat()),
        format!("ssl_certificate_key {};", LINES.concat()),
        format!("proxy_ssl_certificate_key \"data:{begin}\n{lines}\n{end}\"\n"),
        format!("some_secret \"{begin}\n{lines}\n{end}\";"),
        format!("set $key \"{begin}\n{lines}\n{end}\n;"),
        format!("{begin}\n{};\n{end};", LINES.join(";\n")),
        format!("# {begin}\n{lines}\n# {end}\n"),
    ];
    keys.iter().map(|key| configuration(key)).collect()
}

#[track_caller]
fn assert_hidden(text: &str, what: &str) {
    for piece in LINES.iter().flat_map(|line| line.as_bytes().windows(12)) {
        let piece = std::str::from_utf8(piece).unwrap();
        assert!(!text.contains(piece), "{what}: {piece} in\n{text}");
    }
}

#[test]
fn no_output_shows_a_key() {
    const FORMATS: &[&str] = &["human", "short", "json", "sarif", "github", "gitlab", "junit", "checkstyle"];
    for text in configurations() {
        let folder = Folder::new(&[("nginx.conf", &text), ("shop.pem", "")]);
        let mut said = 0;
        let mut run = |arguments: &[&str], columns: &str| {
            let mut command = folder.command(arguments);
            let run = program::Run::of(command.env("COLUMNS", columns).output().unwrap());
            assert_hidden(&run.stdout, &arguments.join(" "));
            assert_hidden(&run.stderr, &arguments.join(" "));
            said += run.stdout.len();
        };
        for format in FORMATS {
            run(&["check", "nginx.conf", "--format", format], "200");
        }
        run(&["check", "nginx.conf"], "40");
        run(&["check", "nginx.conf", "--statistics"], "100");
        run(&["check", "nginx.conf", "--diff"], "100");
        run(&["check", "nginx.conf", "--diff", "--fix=all"], "100");
        run(&["check", "nginx.conf", "--write-baseline", "known.json"], "100");
        for format in ["human", "json", "prometheus"] {
            run(&["certs", "nginx.conf", "--format", format], "120");
        }
        for format in ["human", "json"] {
            run(&["trace", "https://shop.example/", "--conf", "nginx.conf", "--format", format], "120");
        }
        assert!(said > 1000, "{text}");
        if let Ok(known) = fs::read_to_string(folder.path("known.json")) {
            assert_hidden(&known, "the baseline");
        }
        assert_eq!(fs::read_to_string(folder.path("nginx.conf")).unwrap(), text);
    }
}

/// A PIN opens the key of a token, and is as short as any word: it is known by what stands before it.
#[test]
fn no_output_shows_the_pin_of_a_token() {
    const FORMATS: &[&str] = &["human", "short", "json", "sarif", "github", "gitlab", "junit", "checkstyle"];
    let uri = "pkcs11:token=shop;object=key?pin-value=4711-0815";
    let keys = [
        format!("ssl_certificate_key \"engine:pkcs11:{uri}\";"),
        format!("ssl_certificate_key 'store:{uri}&module-name=softhsm';"),
        format!("proxy_ssl_certificate_key \"engine:pkcs11:{uri}\" x"),
        format!("ssl_certificate_key engine:pkcs11:{uri};"),
        format!("ssl_certificate_key \"{uri}\";"),
        format!("include \"{uri}\";"),
        format!("# {uri}\n"),
    ];
    for key in keys {
        let folder = Folder::new(&[("nginx.conf", &configuration(&key)), ("shop.pem", ""), ("summary", "")]);
        let run = |arguments: &[&str]| {
            let mut command = folder.command(arguments);
            let run = program::Run::of(command.env("GITHUB_STEP_SUMMARY", folder.path("summary")).output().unwrap());
            for said in [&run.stdout, &run.stderr] {
                assert!(!said.contains("4711") && !said.contains("0815"), "{arguments:?}: {said}");
            }
            run
        };
        let human = run(&["check", "nginx.conf"]);
        assert!(human.stdout.contains("pin-value=*********"), "{}", human.stdout);
        for format in FORMATS {
            run(&["check", "nginx.conf", "--format", format]);
        }
        for arguments in [&["--diff"][..], &["--diff", "--fix=all"], &["--write-baseline", "known.json"]] {
            run(&[&["check", "nginx.conf"], arguments].concat());
        }
        // What the baseline knows and is gone is told from the baseline.
        folder.write("nginx.conf", b"events {}\nhttp {}\n");
        run(&["check", "nginx.conf", "--baseline", "known.json"]);
        folder.write("nginx.conf", configuration(&key).as_bytes());
        for format in ["human", "json", "prometheus"] {
            run(&["certs", "nginx.conf", "--format", format]);
        }
        for format in ["human", "json"] {
            run(&["trace", "https://shop.example/", "--conf", "nginx.conf", "--format", format]);
        }
        for file in ["known.json", "summary"] {
            let text = fs::read_to_string(folder.path(file)).unwrap();
            assert!(!text.contains("4711") && !text.contains("0815"), "{file}: {text}");
        }
    }
}

/// Who names the wrong file as settings does not want to see it in the log of CI.
#[test]
fn no_message_about_settings_shows_a_key() {
    let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    let key = format!("{begin}\n{}\n{end}\n", LINES.join("\n"));
    let indented = key.replace('\n', "\n    ");
    let escaped = key.replace('\n', "\\n");
    let settings = [
        key.clone(),
        format!("{end}\n{key}"),
        format!("ignore: [\"{escaped}\"]"),
        format!("ca:\n  - |\n    {indented}"),
        format!("root: \"{escaped}\""),
        format!("nginx-version: \"{escaped}\""),
        format!("\"{escaped}\": 1"),
        format!("rules: {{hsts: \"{escaped}\", cert-expires-soon: {{days: 1}}}}"),
        format!("rules: {{cert-expires-soon: {{days: \"{escaped}\"}}}}"),
        format!("map:\n  /a: |\n    {indented}"),
        format!("prefix: \"{escaped}\""),
        format!("per-file-ignores: {{\"{escaped}\": [hsts]}}"),
    ];
    for text in settings {
        let folder = Folder::new(&[("nginx.conf", "events {}\nhttp {}\n"), ("x.yaml", &text)]);
        for more in [&[][..], &["--show-settings"]] {
            for columns in ["40", "200"] {
                let mut command = folder.command(&[&["check", "--config=x.yaml", "nginx.conf"], more].concat());
                let run = program::Run::of(command.env("COLUMNS", columns).output().unwrap());
                assert_hidden(&format!("{}{}", run.stdout, run.stderr), &text);
            }
        }
    }
}

#[test]
fn lines_keep_their_places_beside_a_key() {
    let folder = Folder::new(&[("nginx.conf", &configurations()[0]), ("shop.pem", "")]);
    let run = folder.run(&["check", "nginx.conf"]);
    assert!(run.stdout.contains("ssl_certificate_key \"data:-----BEGIN PRIVATE KEY-----*"), "{}", run.stdout);
}

#[test]
fn a_key_in_the_place_of_its_path_is_told() {
    let text = &configurations()[3];
    let folder = Folder::new(&[("nginx.conf", text), ("shop.pem", include_str!("../src/tls/testdata/leaf.pem"))]);
    folder.run(&["check", "nginx.conf", "--format=short"]).expect(
        1,
        &["error[cert-key-mismatch] the key itself stands in the parameter of ssl_certificate_key"],
        &[],
    );
}

/// A diff shows fewer lines around a change, where more of them would show a key, and none where that does not help.
#[test]
fn diffs_beside_a_key() {
    let header = "add_header Strict-Transport-Security max-age=31536000;";
    let diff = |between: &str| {
        let key = format!("# -----BEGIN PRIVATE KEY-----\n# {}\n# -----END PRIVATE KEY-----", LINES[0]);
        let text = format!(
            "events {{}}\nhttp {{\nserver {{\nlisten 443 ssl;\nserver_name shop.example;\n{key}{between}{header}\n}}\n}}\n"
        );
        let run = Folder::new(&[("nginx.conf", &text)]).run(&["check", "nginx.conf", "--diff"]);
        assert_hidden(&run.stdout, "diff");
        run
    };
    let (far, near) = (diff("\naccess_log off;\nroot /srv;\n"), diff("\naccess_log off;\n"));
    assert!(
        far.stdout.contains("\n # -----END PRIVATE KEY-----\n access_log off;\n root /srv;\n-add"),
        "{}",
        far.stdout
    );
    assert!(near.stdout.contains("@@\n # -----END PRIVATE KEY-----\n access_log off;\n-add"), "{}", near.stdout);
    // The second line above is the key.
    let beside = diff("\n");
    assert!(beside.stdout.contains("@@\n # -----END PRIVATE KEY-----\n-add"), "{}", beside.stdout);
    let text = configuration(&format!("set $a \"-----BEGIN PRIVATE KEY-----{}\";", LINES[0]))
        .replace("; includeSubDomains\" always", "\"")
        .replace(", includeSubDomains\" always", "\"");
    let run = Folder::new(&[("nginx.conf", &text)]).run(&["check", "nginx.conf", "--diff"]);
    run.expect(1, &[], &["note: no diff of nginx.conf: a private key stands beside its changes"]);
    assert_eq!(run.stdout, "");
}
