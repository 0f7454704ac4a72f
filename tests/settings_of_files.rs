//! What `.ngxlint.yaml` says of files: where they are, which of them rules are not run on, and what is said when it is wrong.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod program;

use std::os::unix::fs::symlink;

use program::{Folder, Run};

const ROOT: &str = "events {}\nhttp { include sites-enabled/*; include vendor/*.conf; }\n";

const SITE: &str = "server { listen 80; server_name a.test; return 301 http://a.test/; }\n";

const LOOP: &str = "error[redirect-loop]";

/// Debian's layout, with a folder of somebody else's.
fn debian(settings: &str) -> Folder {
    let folder = Folder::new(&[
        (".git/HEAD", ""),
        ("nginx/nginx.conf", ROOT),
        ("nginx/sites-available/shop", SITE),
        ("nginx/vendor/x.conf", &SITE.replace("a.test", "b.test")),
        ("nginx/sites-enabled/keep", ""),
        (".ngxlint.yaml", settings),
    ]);
    symlink("../sites-available/shop", folder.path("nginx/sites-enabled/shop")).unwrap();
    folder
}

fn check(folder: &Folder, arguments: &[&str]) -> Run {
    folder.run(&[&["check", "--format=short", "--select=redirect-loop"], arguments].concat())
}

/// The files in which loops are found.
fn found(run: &Run) -> Vec<&str> {
    run.stdout.lines().filter(|line| line.contains(LOOP)).filter_map(|line| line.split(':').next()).collect()
}

#[test]
fn globs_fit_links_and_folders() {
    let (shop, vendor) = ("nginx/sites-available/shop", "nginx/vendor/x.conf");
    for (glob, expected) in [
        ("nginx/sites-enabled/*", &[vendor][..]),
        ("nginx/sites-available/*", &[vendor]),
        ("nginx/sites-enabled/", &[vendor]),
        ("sites-enabled/", &[vendor]),
        ("shop", &[vendor]),
        ("vendor/", &[shop]),
        ("nginx/vendor/", &[shop]),
        ("./nginx/vendor/", &[shop]),
        ("nginx/", &[]),
        // As in .gitignore: a slash within ties it to the directory of the settings.
        ("other/vendor/", &[shop, vendor]),
        ("vendor/x.conf/", &[shop, vendor]),
        ("sites-enabled/*", &[shop, vendor]),
        ("vendor", &[shop]),
        ("nginx/vendor", &[shop]),
        ("*/vendor", &[shop]),
        ("./nginx", &[]),
        ("nginx/sites-enabled/shop", &[vendor]),
        ("vend?r", &[shop, vendor]),
        ("nginx/*", &[shop, vendor]),
    ] {
        let folder = debian(&format!("per-file-ignores: {{\"{glob}\": [redirect]}}\n"));
        for paths in [&["."][..], &["nginx/nginx.conf"], &["nginx/sites-enabled/shop", vendor]] {
            let run = check(&folder, paths);
            assert_eq!(found(&run), expected, "{glob} {paths:?} {}", run.stderr);
        }
        // And from elsewhere.
        let mut command = folder.command(&["check", "--format=short", "--select=redirect-loop", "nginx.conf"]);
        let run = Run::of(command.current_dir(folder.path("nginx")).output().unwrap());
        assert_eq!(found(&run).len(), expected.len(), "{glob} {}", run.stdout);
    }
}

#[test]
fn globs_fit_links_below_a_root() {
    let folder = Folder::new(&[
        ("image/etc/nginx/nginx.conf", "events {}\nhttp { include /etc/nginx/sites-enabled/*; }\n"),
        ("image/etc/nginx/sites-available/shop", SITE),
        ("image/etc/nginx/sites-enabled/keep", ""),
    ]);
    symlink("/etc/nginx/sites-available/shop", folder.path("image/etc/nginx/sites-enabled/shop")).unwrap();
    for (glob, count) in
        [("image/etc/nginx/sites-enabled/*", 0), ("sites-available/", 0), ("etc/nginx/sites-enabled/*", 1)]
    {
        folder.write(".ngxlint.yaml", format!("root: image\nper-file-ignores: {{{glob}: [redirect]}}\n").as_bytes());
        let run = check(&folder, &["--config=.ngxlint.yaml"]);
        assert_eq!(found(&run).len(), count, "{glob} {} {}", run.stdout, run.stderr);
    }
}

#[test]
fn globs_that_fit_nothing_are_told_of_where_all_is_read() {
    let settings = "roots: [nginx/nginx.conf]\nper-file-ignores:\n  vendor/: [redirect]\n  vendro/: [redirect]\n";
    let folder = debian(settings);
    let note = "note: .ngxlint.yaml:4: `vendro/` of per-file-ignores fits none of the files that were read\n";
    for arguments in [&["."][..], &[], &["nginx", "."]] {
        assert_eq!(check(&folder, arguments).stderr, note, "{arguments:?}");
    }
    // A few files are not all that the settings are for, and nobody wants to hear it who is told to be quiet.
    for arguments in [&["nginx"][..], &["nginx/nginx.conf"], &["nginx/sites-enabled/shop"], &["--quiet", "."]] {
        assert_eq!(check(&folder, arguments).stderr, "", "{arguments:?}");
    }
    assert_eq!(check(&folder, &["nothere", "."]).stderr.matches("note").count(), 0);
}

#[test]
fn what_the_settings_say_is_used() {
    let folder = Folder::new(&[
        ("a/nginx.conf", "events {}\nhttp { include /opt/sites/*.conf; include /etc/x.conf; }\n"),
        ("opt/b/shop.conf", SITE),
        ("image/etc/x.conf", &SITE.replace("a.test", "b.test")),
        (".ngxlint.yaml", "roots: [a/nginx.conf]\nmap: {/opt/sites: opt/b}\n"),
    ]);
    // Each as its option, and the option first.
    let run = check(&folder, &["a/nginx.conf"]);
    assert_eq!(found(&run), ["opt/b/shop.conf"], "{}", run.stderr);
    let run = check(&folder, &["a/nginx.conf", "--map=/opt/sites=nothere"]);
    assert_eq!(found(&run), [""; 0], "{}", run.stderr);
    folder.write("image/etc/nginx/nginx.conf", b"events {}\nhttp { include /etc/x.conf; }\n");
    folder.write(".ngxlint.yaml", b"root: image\n");
    for arguments in [&[][..], &["--root=image", "--no-config"]] {
        let run = check(&folder, arguments);
        assert_eq!(found(&run), ["image/etc/x.conf"], "{}", run.stderr);
    }
    folder.write("second/etc/nginx/nginx.conf", b"events {}\n");
    let run = check(&folder, &["--root=second", "--config=.ngxlint.yaml"]);
    assert_eq!((found(&run).len(), run.status), (0, 0), "{}", run.stderr);
    // From another directory they are still those of the settings.
    let mut command = folder.command(&["check", "--format=short", "--select=redirect-loop"]);
    let run = Run::of(command.current_dir(folder.path("opt")).output().unwrap());
    assert_eq!(found(&run), [folder.0.path().canonicalize().unwrap().join("image/etc/x.conf").to_str().unwrap()]);
}

#[test]
fn what_cannot_be_used_is_told_at_its_place() {
    let folder = Folder::new(&[("nginx.conf", "events {}\n"), ("file", "x"), ("dir/x", "")]);
    for (settings, place, said) in [
        ("# where\nroot: nothere\n", "2:7", "cannot use nothere: no such file"),
        ("root: \"file\" # no\n", "1:7", "cannot use file: it is not a directory"),
        ("rules: {hsts: off}\nroots: [nginx.conf, nothere.conf]\n", "2:21", "cannot read nothere.conf: no such file"),
        ("roots:\n- nginx.conf\n- dir\n", "3:3", "cannot read dir: it is a directory"),
        ("roots: ['']\n", "1:9", "cannot read .: it is a directory"),
        ("ca: [\n  nothere.pem]\n", "2:3", "cannot use nothere.pem: no such file"),
        ("\u{feff}ca: [file]\r\n", "1:7", "cannot use file: "),
    ] {
        folder.write(".ngxlint.yaml", settings.as_bytes());
        for command in [&["check", "."][..], &["certs", "."], &["trace", "http://a.test/", "--conf=nginx.conf"]] {
            folder.run(command).expect(2, &[], &["error[settings]", &format!("[.ngxlint.yaml:{place}]"), said]);
        }
        // The option is asked first.
        let options = ["check", "--root=/", "--no-config", "nginx.conf"];
        assert!(!folder.run(&options).stderr.contains("settings"));
    }
    folder.run(&["check", "--root=nothere", "--no-config"]).expect(
        2,
        &[],
        &["error: cannot use --root nothere: no such file"],
    );
}
