//! Certificates, keys and the other files of TLS wherever a configuration names them: in `http`, `stream` and `mail`, for
//! clients and for upstreams.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod exposition;
mod program;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use program::Folder;
use program::certificates::{NOW, files, folder, listed};

/// What rules say of a configuration with the certificates of the fixtures.
fn findings(conf: &str, arguments: &[&str]) -> Vec<String> {
    let folder = folder(conf);
    let run = folder.run(&[&["check", NOW, "--format=short", "--fail-on=never", "nginx.conf"], arguments].concat());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{conf}");
    run.stdout.lines().map(str::to_owned).collect()
}

/// Everything that names files of TLS, in every place, with something wrong where a message is to name the users.
const EVERYWHERE: &str = "events {}
http {
    ssl_certificate pki/expired.shop.example.pem;
    ssl_certificate_key pki/expired.shop.example.key;
    server { listen 443 ssl; server_name shop.example; }
    server { listen 443 ssl; server_name www.shop.example; }
    server {
        listen 8443 ssl;
        server_name other.example;
        ssl_certificate pki/other.example.pem;
        ssl_certificate_key pki/other.example.key;
        ssl_verify_client on;
        ssl_client_certificate pki/root.pem;
        ssl_trusted_certificate pki/intermediate.pem;
        ssl_crl pki/other/crl.pem;
        ssl_dhparam pki/other/dh2048.pem;
        ssl_stapling on;
        ssl_stapling_file pki/other/ocsp.der;
        ssl_password_file passwords;
        location /x {
            proxy_pass https://127.0.0.1:9001;
            proxy_ssl_certificate pki/expired-client.shop.example.pem;
            proxy_ssl_certificate_key pki/shop.example.key;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate pki/root.pem;
            proxy_ssl_crl pki/other/crl.pem;
            if ($arg_a) { proxy_pass https://127.0.0.1:9002; }
        }
        location = /g {
            grpc_pass grpcs://127.0.0.1:9003;
            grpc_ssl_certificate pki/client.shop.example.pem;
            grpc_ssl_certificate_key pki/shop.example.key;
        }
        location /plain { proxy_pass http://127.0.0.1:9004; proxy_ssl_certificate pki/missing.pem; }
    }
}
stream {
    ssl_certificate pki/expired.shop.example.pem;
    ssl_certificate_key pki/expired.shop.example.key;
    server { listen 127.0.0.1:5433 ssl; proxy_pass 127.0.0.1:5432; }
    server {
        listen 5434;
        proxy_pass 127.0.0.1:5432;
        proxy_ssl on;
        proxy_ssl_certificate pki/client.shop.example.pem;
        proxy_ssl_certificate_key pki/shop.example.key;
    }
}
mail {
    auth_http 127.0.0.1:9000;
    server { listen 25; protocol smtp; }
    server {
        listen 143;
        protocol imap;
        starttls on;
        ssl_certificate pki/expired.shop.example.pem;
        ssl_certificate_key pki/expired.shop.example.key;
    }
}
";

fn everywhere() -> Folder {
    let folder = folder(EVERYWHERE);
    fs::create_dir_all(folder.path("pki/other")).unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pki/other")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path("pki/other").join(entry.file_name())).unwrap();
    }
    folder.write("passwords", b"ngxlint\n");
    folder
}

#[test]
fn messages_name_everybody_who_uses_a_file() {
    let folder = everywhere();
    let run = folder.run(&["check", NOW, "--format=short", "--select=cert-expired", "nginx.conf"]);
    let expired = |line: u32, column: u32, of: &str| {
        format!(
            "nginx.conf:{line}:{column}: error[cert-expired] the certificate pki/expired.shop.example.pem expired on \
             2025-04-01, 426 days ago; it is presented for {of}\n"
        )
    };
    let client = "nginx.conf:22:35: warning[cert-expired] the certificate pki/expired-client.shop.example.pem expired on \
                  2025-04-01, 426 days ago: an upstream that asks for one refuses proxy_pass in location /x of \
                  other.example, proxy_pass in an if in location /x of other.example\n";
    let expected = [
        expired(3, 21, "shop.example, www.shop.example, the stream server on 127.0.0.1:5433, the mail server on 143"),
        client.to_owned(),
    ];
    assert_eq!(run.stdout.lines().take(2).map(|line| format!("{line}\n")).collect::<Vec<_>>(), expected);
}

#[test]
fn roles_and_users_of_files() {
    let folder = everywhere();
    let report = folder.certs_json(&["nginx.conf"]);
    let expired = listed(&report, "pki/expired.shop.example.pem");
    let places: Vec<(&str, u64)> = expired["servers"].as_array().unwrap().iter().map(place).collect();
    assert_eq!(places, [("http", 5), ("http", 6), ("stream", 40), ("mail", 52)]);
    assert_eq!(expired["clients"], json!([]));
    let client = listed(&report, "pki/client.shop.example.pem");
    assert_eq!((&client["servers"], &client["unserved_names"]), (&json!([]), &json!([])));
    assert_eq!(
        client["clients"],
        json!([
            {"protocol": "http", "file": "nginx.conf", "line": 30, "name": "grpc_pass in location = /g of other.example"},
            {"protocol": "stream", "file": "nginx.conf", "line": 43, "name": "proxy_pass of the stream server on 5434"},
        ])
    );
    assert_eq!(client["keys"][0]["state"], "matches");
    // What nothing uses is not opened.
    assert!(!files(&report).contains(&"pki/missing.pem"));
    let described: Vec<String> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            let users: Vec<&str> =
                file["users"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
            format!("{} {} {}: {}", file["file"], file["role"], file["not_after"], users.join(", ")).replace('"', "")
        })
        .collect();
    let upstreams = "proxy_pass in location /x of other.example, proxy_pass in an if in location /x of other.example";
    assert_eq!(
        described,
        [
            "passwords passwords null: ".to_owned(),
            "pki/intermediate.pem authorities 2124-01-01T00:00:00Z: other.example".to_owned(),
            format!("pki/other/crl.pem revocation-lists 2124-01-01T00:00:00Z: other.example, {upstreams}"),
            "pki/other/dh2048.pem dh-parameters null: other.example".to_owned(),
            "pki/other/ocsp.der ocsp-response null: other.example".to_owned(),
            format!("pki/root.pem authorities 2124-01-01T00:00:00Z: other.example, {upstreams}"),
        ]
    );
    assert_eq!(report["files"][5]["directives"], json!(["proxy_ssl_trusted_certificate", "ssl_client_certificate"]));
    let human = folder.certs(&["nginx.conf", "--select=cert-expired"]);
    insta::assert_snapshot!("everywhere", human.stdout);
    let metrics = exposition::read(&folder.certs(&["--format=prometheus", "nginx.conf"]).stdout);
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let of_file = |name: &str| {
        let labels = vec![label("path", "pki/root.pem"), label("role", "authorities")];
        metrics.get(&(format!("ngxlint_tls_file_{name}"), labels)).copied()
    };
    assert_eq!((of_file("readable"), of_file("not_after_timestamp_seconds")), (Some(1.0), Some(4_859_740_800.0)));
    let client = vec![label("path", "pki/client.shop.example.pem"), label("server_name", "")];
    assert!(metrics.contains_key(&("ngxlint_certificate_not_after_timestamp_seconds".to_owned(), client)));
}

fn place(user: &Value) -> (&str, u64) {
    (user["protocol"].as_str().unwrap(), user["line"].as_u64().unwrap())
}

#[test]
fn each_of_several_certificates_is_judged() {
    let server = |lines: &str| {
        format!("events {{}}\nhttp {{\nserver {{ listen 443 ssl; server_name shop.example;\n{lines}\n}} }}\n")
    };
    let pair = |certificate: &str, key: &str| {
        format!("ssl_certificate pki/{certificate}.pem;\nssl_certificate_key pki/{key}.key;\n")
    };
    let good = [pair("rsa.shop.example", "rsa.shop.example"), pair("shop.example", "shop.example")].concat();
    let rules = "--select=cert-expired,cert-key-mismatch,cert-file-missing";
    assert_eq!(findings(&server(&good), &[rules]), [""; 0]);
    let rows: [(&str, &str, &str); 4] = [
        ("expired.shop.example", "expired.shop.example", "6:17: error[cert-expired] the certificate pki/expired"),
        ("shop.example", "other.example", "7:21: error[cert-key-mismatch] the key pki/other.example.key does not"),
        ("missing", "shop.example", "6:17: error[cert-file-missing] cannot read the certificate pki/missing.pem"),
        ("shop.example", "missing", "7:21: error[cert-key-mismatch] nginx cannot load the key pki/missing.key"),
    ];
    for (certificate, key, expected) in rows {
        let both = [pair("rsa.shop.example", "rsa.shop.example"), pair(certificate, key)].concat();
        let found = findings(&server(&both), &[rules]);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with(&format!("nginx.conf:{expected}")), "{found:#?}");
    }
}

#[test]
fn a_certificate_at_http_level_is_that_of_all_servers_without_one() {
    let conf = "events {}\nhttp {\nssl_certificate pki/expired.shop.example.pem;\n\
                ssl_certificate_key pki/other.example.key;\n\
                server { listen 443 ssl; server_name shop.example; }\n\
                server { listen 443 ssl; server_name www.shop.example; }\n\
                server { listen 443 ssl; server_name blog.example; ssl_certificate pki/blog.example.pem; \
                ssl_certificate_key pki/blog.example.key; }\n}\n";
    let found = findings(conf, &["--select=cert-expired,cert-key-mismatch"]);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].ends_with("it is presented for shop.example, www.shop.example"), "{found:#?}");
    assert!(
        found[1].contains("the key pki/other.example.key does not belong to pki/expired.shop.example.pem"),
        "{found:#?}"
    );
}

#[test]
fn what_is_in_no_file_is_unknown() {
    let conf = "events {}
http {
    server { listen 443 ssl; server_name a.example; ssl_certificate data:$a; ssl_certificate_key data:$a; }
    server { listen 443 ssl; server_name b.example; ssl_certificate $b; ssl_certificate_key engine:pkcs11:b; }
    server { listen 443 ssl; server_name c.example; ssl_certificate pki/$c.pem; ssl_certificate_key store:pkcs11:c; }
    server {
        listen 443 ssl;
        server_name shop.example;
        ssl_certificate pki/shop.example.pem;
        ssl_certificate_key store:file:/run/shop.key;
        location / {
            proxy_pass https://127.0.0.1:9001;
            proxy_ssl_certificate $cert;
            proxy_ssl_certificate_key $key;
        }
        location /data/ {
            proxy_pass https://127.0.0.1:9001;
            proxy_ssl_certificate data:$cert;
            proxy_ssl_certificate_key engine:pkcs11:client;
        }
    }
}
stream {
    server {
        listen 5433 ssl;
        proxy_pass 127.0.0.1:5432;
        ssl_certificate $ssl_server_name.pem;
        ssl_certificate_key $ssl_server_name.key;
    }
}
";
    let report = folder(conf).certs_json(&["nginx.conf"]);
    let unknown: Vec<(&str, &str)> = report["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|listed| Some((listed["parameter"].as_str()?, listed["unknown"].as_str()?)))
        .collect();
    let (path, value) = ("the path depends on a variable", "the certificate is the value of a variable");
    let expected = [
        ("$b", path),
        ("$cert", path),
        ("$ssl_server_name.pem", path),
        ("data:$a", value),
        ("data:$cert", value),
        ("pki/$c.pem", path),
    ];
    assert_eq!(unknown, expected);
    let rules = "--select=cert-expired,cert-key-mismatch,cert-file-missing,cert-unparsable,cert-name-mismatch,\
                 ssl-without-certificate,cert-self-signed,cert-weak,key-file-exposed,ssl-stapling-without-responder";
    assert_eq!(findings(conf, &[rules]), [""; 0]);
    // For a certificate, nginx takes what is a key's for a path.
    let conf = "events {}\nhttp { server { listen 443 ssl; ssl_certificate engine:a:b; ssl_certificate_key pki/shop.example.key; } }\n";
    let found = findings(conf, &["--select=cert-file-missing"]);
    assert!(
        found[0].contains("error[cert-file-missing] cannot read the certificate engine:a:b: no such file"),
        "{found:#?}"
    );
}

#[cfg(unix)]
#[test]
fn a_key_that_a_group_can_read() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let folder = Folder::new(&[(
        "image/etc/nginx/nginx.conf",
        "user nginx;\nevents {}\nhttp { server { listen 443 ssl; server_name shop.example; \
         ssl_certificate pki/shop.example.pem; ssl_certificate_key pki/shop.example.key; } }\n",
    )]);
    folder.copy_certificates("image/etc/nginx/pki");
    let key = folder.path("image/etc/nginx/pki/shop.example.key");
    // Who runs this has a group of his own; root's may be given to any.
    if fs::metadata(&key).unwrap().gid() == 0 {
        chown(&key, None, Some(100)).unwrap();
    }
    let (owner, group) = (fs::metadata(&key).unwrap().uid(), fs::metadata(&key).unwrap().gid());
    let other = owner.wrapping_add(1);
    folder.write(
        "image/etc/passwd",
        format!("root:x:0:0::/:\nme:x:{owner}:{group}::/:\nann:x:{other}:{group}::/:\n").as_bytes(),
    );
    for directory in [".", "image", "image/etc", "image/etc/nginx", "image/etc/nginx/pki"] {
        fs::set_permissions(folder.path(directory), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let rows: [(u32, &str, &str); 4] = [
        (0o640, "staff", "info[key-file-exposed] ann of the group staff can read the private key"),
        (0o600, "staff", ""),
        (0o640, "nginx", ""),
        (0o640, "ssl-cert", ""),
    ];
    for (mode, name, expected) in rows {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        folder.write("image/etc/group", format!("root:x:0:\n{name}:x:{group}:\n").as_bytes());
        let root = folder.path("image");
        let run = folder.run(&[
            "check",
            NOW,
            "--select=key-file-exposed",
            "--format=short",
            "--root",
            root.to_str().unwrap(),
            "/etc/nginx/nginx.conf",
        ]);
        assert!(
            run.stdout.contains(expected) && run.stdout.is_empty() == expected.is_empty(),
            "{mode:o} {name}: {}{}",
            run.stdout,
            run.stderr
        );
    }
}

#[cfg(unix)]
#[test]
fn passwords_may_come_from_a_named_pipe() {
    let conf = "events {}\nhttp { server { listen 443 ssl; server_name shop.example; ssl_password_file pipe; \
                ssl_certificate pki/shop.example.pem; ssl_certificate_key pki/encrypted.shop.example.key; } }\n";
    let folder = folder(conf);
    std::process::Command::new("mkfifo").arg(folder.path("pipe")).status().unwrap();
    let select = "--select=cert-file-missing,cert-unparsable,cert-key-mismatch,key-file-exposed";
    folder.run(&["check", NOW, "--format=short", "--certs=require", select, "nginx.conf"]).expect(0, &[], &[]);
}

#[test]
fn by_what_clients_are_verified_depends_on_the_version() {
    let conf = |lines: &str| {
        format!(
            "events {{}}\nhttp {{\nserver {{ listen 443 ssl; server_name shop.example;\n\
             ssl_certificate pki/shop.example.pem; ssl_certificate_key pki/shop.example.key;\n{lines} }} }}\n"
        )
    };
    // (lines, of 1.22.1, of 1.27.2)
    const ROWS: &[(&str, bool, bool)] = &[
        ("ssl_verify_client on;", true, true),
        ("ssl_verify_client ON;", true, true),
        ("ssl_verify_client optional;", true, true),
        ("ssl_verify_client optional_no_ca;", false, false),
        ("ssl_verify_client off;", false, false),
        ("ssl_verify_client on; ssl_trusted_certificate pki/root.pem;", true, false),
        ("ssl_verify_client on; ssl_trusted_certificate \"\";", true, true),
        ("ssl_verify_client on; ssl_client_certificate pki/root.pem;", false, false),
        ("ssl_verify_client on; include missing/*.conf;", true, true),
    ];
    for &(lines, old, new) in ROWS {
        for (version, is_refused) in [("1.22.1", old), ("1.27.1", old), ("1.27.2", new)] {
            let version = format!("--nginx-version={version}");
            let found = findings(&conf(lines), &["--select=ssl-verify-client-without-trust", &version]);
            assert_eq!(found.len(), usize::from(is_refused), "{lines} {version}: {found:#?}");
        }
    }
}

/// An expired certificate that only some clients get is no error for all, and says for which.
#[test]
fn one_of_two_kinds_of_key_has_expired() {
    let conf = "events {}
http {
    server {
        listen 443 ssl;
        server_name shop.example;
        ssl_certificate pki/shop.example.pem;
        ssl_certificate_key pki/shop.example.key;
        ssl_certificate pki/rsa.shop.example.pem;
        ssl_certificate_key pki/rsa.shop.example.key;
    }
}
";
    let late = "--now=2199-01-01T00:00:00Z";
    let run = folder(conf).run(&["check", late, "--format=short", "--fail-on=never", "nginx.conf"]);
    let found: Vec<&str> = run.stdout.lines().filter(|line| line.contains("[cert-expired]")).collect();
    assert_eq!(found.len(), 2, "{}", run.stdout);
    assert!(found[0].contains("error[cert-expired]") && found[0].ends_with("it is presented for shop.example"));
    assert!(found[1].contains("warning[cert-expired]"), "{}", found[1]);
    assert!(found[1].ends_with("; clients that take only RSA get it for shop.example"), "{}", found[1]);
}

/// What is wrong with a file is told once, however many servers name it in directives of their own.
#[test]
fn one_finding_for_each_file() {
    const BROKEN: &[(&str, &str, &str)] = &[
        ("expired.shop.example.pem", "expired.shop.example.key", "cert-expired"),
        ("nothere.pem", "shop.example.key", "cert-file-missing"),
        ("root.key", "shop.example.key", "cert-unparsable"),
        ("shop.example.pem", "other.example.key", "cert-key-mismatch"),
        ("shop.example.pem", "nothere.key", "cert-key-mismatch"),
        ("leaf-only.pem", "shop.example.key", "cert-chain-incomplete"),
    ];
    for (certificate, key, rule) in BROKEN {
        let server = |name: usize| {
            format!(
                "server {{ listen 443 ssl; server_name s{name}.shop.example; \
                 ssl_certificate pki/{certificate}; ssl_certificate_key pki/{key}; }}\n"
            )
        };
        let good = "server { listen 443 ssl; server_name shop.example; ssl_certificate pki/shop.example.pem; \
                    ssl_certificate_key pki/shop.example.key; }";
        let servers: String = (0..7).map(server).collect();
        let found = findings(&format!("events {{}}\nhttp {{\n{servers}{good}\n}}\n"), &[]);
        let found: Vec<&String> = found.iter().filter(|line| line.contains(&format!("[{rule}]"))).collect();
        assert_eq!(found.len(), 1, "{certificate} {key}: {found:?}");
        assert!(found[0].starts_with("nginx.conf:3:"), "{}", found[0]);
        let who = "s0.shop.example, s1.shop.example, s2.shop.example, s3.shop.example and 3 more";
        assert!(found[0].contains(who), "{}", found[0]);
    }
}
