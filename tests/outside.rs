//! What is changed is below what the command line names, whatever settings, includes and links of others say.
#![allow(clippy::disallowed_methods, reason = "these tests make files and start the program")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]
#![cfg(unix)]

mod program;

use std::fs;
use std::os::unix::fs::symlink;

use program::{Folder, Run};

const ROOT: &str = "events {}\nhttp {\n    include no.conf;\n    listen 80\n}\n";
const SITE: &str = "server {\n    include no.conf;\n    listen 80\n}\n";

/// The runs that change files.
const CHANGING: &[&[&str]] = &[&["--fix=all"], &["--add-ignore", "not mine"]];

/// A checkout of a repository of somebody else, beside a folder of the user's own.
fn checkout(settings: &str, root: &str) -> Folder {
    Folder::new(&[
        ("repo/.git/HEAD", ""),
        ("repo/.ngxlint.yaml", settings),
        ("repo/nginx.conf", root),
        ("repo/sub/x.conf", SITE),
        ("own/nginx.conf", ROOT),
        ("own/inc.conf", SITE),
    ])
}

fn run(folder: &Folder, arguments: &[&str]) -> Run {
    let mut command = folder.command(&["check"]);
    Run::of(command.args(arguments).current_dir(folder.path("repo")).output().unwrap())
}

/// The number of the user's own files.
fn own_names(folder: &Folder) -> usize {
    let names = fs::read_dir(folder.path("own")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name != ".git").count()
}

/// Runs that change files leave the user's own as they are, and say so if they are linted.
#[track_caller]
fn own_files_stay(folder: &Folder, arguments: &[&str], wants_note: bool) {
    let own = ["own/nginx.conf", "own/inc.conf"];
    let before = own.map(|path| fs::read(folder.path(path)).unwrap());
    for how in CHANGING {
        let run = run(folder, &[arguments, how].concat());
        let said = format!("{arguments:?} {how:?}: {}{}", run.stdout, run.stderr);
        assert_eq!(own.map(|path| fs::read(folder.path(path)).unwrap()), before, "{said}");
        assert_eq!(run.stderr.contains("name it to change it"), wants_note, "{said}");
        assert_eq!(run.status, 1, "{said}");
    }
    assert_eq!(own_names(folder), own.len());
}

#[test]
fn an_include_that_leads_out() {
    let root = "events {}\nhttp {\n    include ../own/inc.conf;\n    include no.conf;\n}\n";
    for path in [".", "nginx.conf", "../repo", "sub/../nginx.conf"] {
        own_files_stay(&checkout("", root), &[path], true);
    }
    // What is named is changed.
    let folder = checkout("", root);
    run(&folder, &["../own/inc.conf", "--add-ignore", "x"]).expect(0, &["own/inc.conf: "], &[]);
    assert!(fs::read_to_string(folder.path("own/inc.conf")).unwrap().contains("# ngxlint: ignore["));
}

#[test]
fn roots_of_settings_that_lead_out() {
    own_files_stay(&checkout("roots: [../own/nginx.conf]\n", "events {}\n"), &[], true);
    own_files_stay(&checkout("roots: [../own/nginx.conf]\n", "events {}\n"), &["--config", ".ngxlint.yaml"], true);
    let folder = checkout("roots: [../own/nginx.conf]\n", "events {}\n");
    run(&folder, &["../own/nginx.conf", "--add-ignore", "x"]).expect(0, &["own/nginx.conf: "], &[]);
    // Those below the settings are meant.
    let folder = checkout("roots: [nginx.conf]\n", ROOT);
    run(&folder, &["--add-ignore", "x"]).expect(0, &["nginx.conf: "], &[]);
}

#[test]
fn maps_and_roots_of_settings_do_not_change_what_is_named() {
    let folder = checkout("", "events {}\nhttp { include sub/x.conf; }\n");
    let (repo, own) = (folder.path("repo"), folder.path("own"));
    let (repo, own) = (fs::canonicalize(repo).unwrap(), fs::canonicalize(own).unwrap());
    folder.write("repo/.ngxlint.yaml", format!("map: {{{}: {}}}\n", repo.display(), own.display()).as_bytes());
    own_files_stay(&folder, &[repo.join("nginx.conf").to_str().unwrap()], true);
    folder.write("repo/.ngxlint.yaml", b"map: {/etc/nginx: ../own}\n");
    folder.write("repo/nginx.conf", b"events {}\nhttp { include /etc/nginx/inc.conf; }\n");
    own_files_stay(&folder, &["."], true);
    folder.write("repo/.ngxlint.yaml", b"root: ../own\nroots: [/nginx.conf]\n");
    own_files_stay(&folder, &[], true);
}

#[test]
fn links_that_lead_out() {
    // A file, a folder, and both as they are named by what lists the files of a change.
    let root = "events {}\nhttp { include sites/*; include link/inc.conf; include no.conf; }\n";
    let folder = checkout("", root);
    symlink("../own", folder.path("repo/link")).unwrap();
    fs::create_dir(folder.path("repo/sites")).unwrap();
    symlink("../../own/inc.conf", folder.path("repo/sites/inc.conf")).unwrap();
    for path in [".", "nginx.conf", "sites/inc.conf", "link/inc.conf", "link/nginx.conf", "link", "link/", "sites"] {
        own_files_stay(&folder, &[path], true);
    }
    // Inside of the repository links are followed, and the user's own links are, too.
    folder.write("repo/sub/x.conf", SITE.as_bytes());
    symlink("../sub/x.conf", folder.path("repo/sites/x.conf")).unwrap();
    run(&folder, &["sites/x.conf", "--add-ignore", "x"]).expect(1, &["sub/x.conf: "], &["own/inc.conf left out"]);
    assert!(fs::read_to_string(folder.path("repo/sub/x.conf")).unwrap().contains("ignore["));
    symlink("own/inc.conf", folder.path("my.conf")).unwrap();
    run(&folder, &["../my.conf", "--add-ignore", "x"]).expect(0, &[], &[]);
}

#[test]
fn a_baseline_behind_a_link_that_leads_out() {
    let folder = checkout("", ROOT);
    symlink("../own/new.json", folder.path("repo/known.json")).unwrap();
    symlink("../own", folder.path("repo/link")).unwrap();
    for path in ["known.json", "link/known.json"] {
        let run = run(&folder, &["nginx.conf", "--write-baseline", path]);
        run.expect(2, &[], &["error: cannot write the baseline ", "a link out of the repository"]);
    }
    assert_eq!(fs::read_dir(folder.path("own")).unwrap().count(), 2);
    symlink("sub/new.json", folder.path("repo/inside.json")).unwrap();
    run(&folder, &["nginx.conf", "--write-baseline", "inside.json"]).expect(0, &[], &["inside.json has "]);
    run(&folder, &["nginx.conf", "--write-baseline", "../own/known.json"]).expect(0, &[], &["known.json has "]);
}

#[test]
fn a_report_behind_a_link_that_leads_out() {
    let folder = checkout("", ROOT);
    symlink("../own/inc.conf", folder.path("repo/old.sarif")).unwrap();
    symlink("../own/new", folder.path("repo/new.sarif")).unwrap();
    symlink("../own", folder.path("repo/link")).unwrap();
    let refused = |arguments: &[&str]| {
        let mut command = folder.command(arguments);
        let run = Run::of(command.current_dir(folder.path("repo")).output().unwrap());
        run.expect(2, &[], &["error: cannot write ", "it is a link out of the repository, or below one"]);
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert_eq!(fs::read_to_string(folder.path("own/inc.conf")).unwrap(), SITE);
        assert_eq!(own_names(&folder), 2);
    };
    let all = || {
        for path in ["old.sarif", "new.sarif", "link/x.sarif", "link/inc.conf"] {
            refused(&["check", "nginx.conf", "-o", path]);
            refused(&["check", "nginx.conf", "--format", "github", "--format", &format!("sarif={path}")]);
            refused(&["check", "nginx.conf", "--diff", "-o", path]);
            refused(&["check", "nginx.conf", "--show-files", "-o", path]);
            refused(&["certs", "nginx.conf", "-o", path]);
        }
    };
    all();
    // Another repository is outside as well.
    fs::create_dir(folder.path("own/.git")).unwrap();
    all();
    symlink("sub/new.sarif", folder.path("repo/inside.sarif")).unwrap();
    symlink("/dev/null", folder.path("repo/null")).unwrap();
    for path in ["inside.sarif", "../own/new", "null", "/dev/null"] {
        run(&folder, &["nginx.conf", "--format=sarif", "-o", path]).expect(1, &[], &[]);
    }
    assert!(folder.path("repo/sub/new.sarif").is_file() && folder.path("own/new").is_file());
    run(&folder, &["nginx.conf", "-o", "/dev/stdout"]).expect(1, &["missing `;`"], &[]);
}

/// A report is not to take the place of what it is about, by whatever name.
#[test]
fn a_report_in_the_place_of_what_is_read() {
    let root = "events {}\nhttp {\n    include sub/*.conf;\n}\n";
    let folder = checkout("ignore: [hsts]\n", root);
    folder.write("repo/known.json", b"{\"schema_version\": 1, \"findings\": []}");
    folder.write("repo/dump.txt", b"# configuration file /etc/nginx/nginx.conf:\nevents {}\n");
    symlink("sub/x.conf", folder.path("repo/link.conf")).unwrap();
    let names = ["nginx.conf", "sub/x.conf", "link.conf", ".ngxlint.yaml", "known.json", "dump.txt", "own.conf"];
    symlink("../own/nginx.conf", folder.path("repo/own.conf")).unwrap();
    let before = names.map(|path| fs::read(folder.path("repo").join(path)).unwrap());
    let cases: &[&[&str]] = &[
        &["check", "nginx.conf", "-o", "nginx.conf"],
        &["check", "nginx.conf", "-o", "./sub/../nginx.conf"],
        &["check", "nginx.conf", "-o", "sub/x.conf"],
        &["check", "nginx.conf", "-o", "link.conf"],
        &["check", ".", "--format", "human", "--format", "sarif=nginx.conf"],
        &["check", "nginx.conf", "--format", "sarif=sub/x.conf", "--fix=all"],
        &["check", "nginx.conf", "--diff", "-o", "sub/x.conf"],
        &["check", "nginx.conf", "--show-files", "-o", "nginx.conf"],
        &["check", "nginx.conf", "--show-settings", "-o", ".ngxlint.yaml"],
        &["check", "nginx.conf", "-o", ".ngxlint.yaml"],
        &["check", "nginx.conf", "--baseline", "known.json", "-o", "known.json"],
        &["check", "dump.txt", "-o", "dump.txt"],
        &["check", "--as", "/etc/nginx/nginx.conf=nginx.conf", "-o", "nginx.conf"],
        &["check", "own.conf", "-o", "../own/nginx.conf"],
        &["certs", "nginx.conf", "-o", "sub/x.conf"],
        &["trace", "http://a.test/", "--conf", "nginx.conf", "-o", "nginx.conf"],
        &["trace", "--diff", "nginx.conf", "../own/nginx.conf", "-o", "nginx.conf"],
    ];
    for arguments in cases {
        let mut command = folder.command(arguments);
        let run = Run::of(command.current_dir(folder.path("repo")).output().unwrap());
        run.expect(2, &[], &["is read by this run: a report cannot take its place\n"]);
        assert_eq!(run.stdout, "", "{arguments:?}");
        assert_eq!(names.map(|path| fs::read(folder.path("repo").join(path)).unwrap()), before, "{arguments:?}");
    }
    let baseline = run(&folder, &["nginx.conf", "--write-baseline", "nginx.conf"]);
    baseline.expect(2, &[], &["error: cannot use the baseline nginx.conf: it is no baseline"]);
    // Others are replaced.
    folder.write("repo/old.json", b"old");
    run(&folder, &["nginx.conf", "--format=json", "-o", "old.json"]).expect(1, &[], &[]);
    assert!(fs::read_to_string(folder.path("repo/old.json")).unwrap().starts_with('{'));
}

/// A snippet in no repository says by its own includes where they start; that is not what the user names.
#[test]
fn includes_of_a_lone_snippet() {
    let folder = checkout("", "");
    fs::remove_dir_all(folder.path("repo/.git")).unwrap();
    folder.write("repo/sub/x.conf", b"include own/inc.conf;\nserver { include no.conf; }\n");
    own_files_stay(&folder, &["sub/x.conf"], true);
    // Nor are the includes of a root file and the settings.
    folder.write("repo/nginx.conf", b"events {}\nhttp { include ../own/inc.conf; include no.conf; }\n");
    own_files_stay(&folder, &["nginx.conf"], true);
    own_files_stay(&folder, &["."], true);
    folder.write("repo/.ngxlint.yaml", b"roots: [link/nginx.conf]\n");
    symlink("../own", folder.path("repo/link")).unwrap();
    own_files_stay(&folder, &[], true);
}

/// Fixes for the files with these texts, by every way to name the configuration.
#[track_caller]
fn all_are_changed(make: impl Fn() -> Folder, from: &str, changed: &[&str], ways: &[&[&str]]) {
    for way in ways {
        for how in [&["--fix=all"][..], &["--add-ignore", "why"]] {
            let folder = make();
            let mut command = folder.command(&["check"]);
            let run = Run::of(command.args(*way).args(how).current_dir(folder.path(from)).output().unwrap());
            let said = format!("{way:?} {how:?}: {}{}", run.stdout, run.stderr);
            assert!(!run.stderr.contains("name it to change it"), "{said}");
            for path in changed {
                assert_ne!(fs::read_to_string(folder.path(path)).unwrap(), SITE, "{path}: {said}");
            }
        }
    }
}

#[test]
fn links_to_a_folder_beside_in_the_same_repository() {
    let make = || {
        let root = "events {}\nhttp {\n    include sites-enabled/*.conf;\n}\n";
        let files = [("rep/.git/HEAD", ""), ("rep/nginx/nginx.conf", root), ("rep/shared/sites/a.conf", SITE)];
        let folder = Folder::new(&files);
        folder.write("rep/.ngxlint.yaml", b"roots: [nginx/nginx.conf]\n");
        // A link in a folder that a link leads to.
        folder.write("rep/more/b.conf", SITE.as_bytes());
        symlink("../../more/b.conf", folder.path("rep/shared/sites/b.conf")).unwrap();
        symlink("../shared/sites", folder.path("rep/nginx/sites-enabled")).unwrap();
        folder
    };
    let changed = ["rep/shared/sites/a.conf", "rep/more/b.conf"];
    all_are_changed(make, "rep", &changed, &[&["nginx/"], &["nginx/nginx.conf"], &["."], &[]]);
    all_are_changed(make, "rep/nginx", &changed, &[&["."], &["nginx.conf"], &["../nginx"], &[]]);
}

/// GNU stow: the files of a directory are links to those of a package. In no repository it has to be named as well.
#[test]
fn links_that_make_up_a_directory_in_no_repository() {
    let root = "events {}\nhttp {\n    include sites-enabled/*;\n    include snippets/p.conf;\n}\n";
    let folder = Folder::new(&[("pkg/nginx/nginx.conf", root), ("pkg/nginx/sites-available/a.conf", SITE)]);
    folder.write("pkg/nginx/snippets/p.conf", SITE.as_bytes());
    folder.write("etc/nginx/sites-enabled/.keep", b"");
    for name in ["nginx.conf", "sites-available", "snippets"] {
        symlink(format!("../../pkg/nginx/{name}"), folder.path("etc/nginx").join(name)).unwrap();
    }
    symlink("../sites-available/a.conf", folder.path("etc/nginx/sites-enabled/a.conf")).unwrap();
    let held = |path: &str| fs::read_to_string(folder.path(path)).unwrap();
    let run = folder.run(&["check", "etc/nginx", "--fix=all"]);
    assert!(run.stderr.contains("name it to change it") && !run.stderr.contains("made"), "{}", run.stderr);
    assert_eq!([held("pkg/nginx/sites-available/a.conf"), held("pkg/nginx/snippets/p.conf")], [SITE, SITE]);
    let run = folder.run(&["check", "etc/nginx", "pkg", "--fix=all"]);
    assert!(run.stderr.contains("note: made"), "{}{}", run.stdout, run.stderr);
    assert_ne!(held("pkg/nginx/sites-available/a.conf"), SITE);
}

/// A checkout leads nowhere, whatever is on the way.
#[test]
fn links_over_other_places() {
    let root = "events {}\nhttp { include one/inc.conf; include no.conf; }\n";
    let folder = checkout("roots: [nginx.conf, sub/nginx.conf]\n", root);
    symlink("sub/two", folder.path("repo/one")).unwrap();
    symlink("../../own", folder.path("repo/sub/two")).unwrap();
    folder.write("repo/sub/nginx.conf", b"events {}\nhttp { include two/inc.conf; include no.conf; }\n");
    let ways: &[&[&str]] = &[&[], &["."], &["sub"], &["one"], &["sub/two/inc.conf"], &["nginx.conf"]];
    ways.iter().for_each(|way| own_files_stay(&folder, way, true));
    // Other repositories are others' as well.
    fs::create_dir(folder.path("own/.git")).unwrap();
    ways.iter().for_each(|way| own_files_stay(&folder, way, true));
}
