//! What other programs read of the repository itself: the action, the GitLab job, the hooks; and what the program writes
//! for a system: completions and manual pages.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Folder, run_tool, said, tool};

const TOP: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_action_and_the_gitlab_job_fit_their_schemas() {
    let Some(checker) = tool("check-jsonschema") else { return };
    for (schema, file) in
        [("vendor.github-actions", "action.yml"), ("vendor.gitlab-ci", "templates/ngxlint.gitlab-ci.yml")]
    {
        let output = run_tool(&checker, &["--builtin-schema", schema, file], Path::new(TOP));
        assert!(output.status.success(), "{file}: {}", said(&output));
    }
}

/// The scripts of the action are bash, and take their inputs from the environment.
#[test]
fn the_scripts_of_the_action_are_bash() {
    let action: serde_yaml::Value =
        serde_yaml::from_str(&fs::read_to_string(format!("{TOP}/action.yml")).unwrap()).unwrap();
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    let scripts: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    assert_eq!(scripts.len(), 3);
    for script in scripts {
        assert!(!script.contains("${{"), "an expression in a script is code that others can write: {script}");
        let checked = Command::new("bash").args(["-n", "-c", script]).output().unwrap();
        assert!(checked.status.success(), "{}", said(&checked));
    }
}

/// The last step of the action, as the runner starts it.
#[test]
fn the_action_lints_and_writes_sarif() {
    let folder = Folder::new(&[("a/nginx.conf", "events {}\ninclude missing;\n"), ("b/nginx.conf", "events {}\n")]);
    let bin = folder.path("root/bin");
    fs::create_dir_all(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ngxlint"), bin.join("ngxlint")).unwrap();
    let action: serde_yaml::Value =
        serde_yaml::from_str(&fs::read_to_string(format!("{TOP}/action.yml")).unwrap()).unwrap();
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    let script = steps.iter().filter_map(|step| step["run"].as_str()).next_back().unwrap();
    let run = |paths: &str, arguments: &str| {
        Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .current_dir(folder.0.path())
            .env("ROOT", folder.path("root"))
            .env("NGXLINT_PATHS", paths)
            .env("NGXLINT_ARGS", arguments)
            .env("FAIL_ON", "warning")
            .env("SARIF", "out.sarif")
            .output()
            .unwrap()
    };
    let found = run("a b", "");
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
    assert!(said(&found).contains("::error file=a/nginx.conf,line=2"), "{}", said(&found));
    assert!(folder.path("out.sarif").is_file());
    assert_eq!(run("a b", "--ignore include-not-found").status.code(), Some(0));
    assert_eq!(run("b", "").status.code(), Some(0));
    // On several lines.
    let found = run("b\na\n", "");
    assert!(said(&found).contains("::error file=a/nginx.conf,line=2"), "{}", said(&found));
    assert_eq!(run("b\n  a", "--ignore\ninclude-not-found\n").status.code(), Some(0));
}

/// What the action is built from decides whether a cached program is that of this version.
#[test]
fn the_cache_of_the_action_goes_by_its_sources() {
    let action: serde_yaml::Value =
        serde_yaml::from_str(&fs::read_to_string(format!("{TOP}/action.yml")).unwrap()).unwrap();
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    let step = steps.iter().find(|step| step["id"] == "source").unwrap();
    let cache = steps.iter().find(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("/cache@"))).unwrap();
    assert!(cache["with"]["key"].as_str().unwrap().ends_with("-${{ steps.source.outputs.hash }}"));
    let files = ["Cargo.toml", "Cargo.lock", "src/main.rs", "src/a b/c.rs", "rules/x.yaml"].map(|path| (path, "1"));
    let folder = Folder::new(&files);
    let hash = || {
        let output = folder.path("output");
        fs::write(&output, "").unwrap();
        let run = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().unwrap()])
            .env("SOURCE", folder.0.path())
            .env("GITHUB_OUTPUT", &output)
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", said(&run));
        fs::read_to_string(output).unwrap()
    };
    let first = hash();
    assert!(first.starts_with("hash=") && first.trim_end().len() == "hash=".len() + 64, "{first}");
    assert_eq!(hash(), first);
    let mut seen = vec![first];
    for (path, _) in files {
        fs::write(folder.path(path), "2").unwrap();
        let now = hash();
        assert!(!seen.contains(&now), "{path}");
        seen.push(now);
    }
}

/// There is no container engine in CI: what the file asks of the repository is looked at, and that both of its stages
/// have one C library.
#[test]
fn the_image_is_built_from_what_is_there() {
    let file = fs::read_to_string(format!("{TOP}/Dockerfile")).unwrap();
    let lines: Vec<&str> = file.lines().filter(|line| !line.starts_with('#')).collect();
    let bases: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("FROM ")).collect();
    let [build, run] = bases[..] else { panic!("{bases:?}") };
    assert_eq!((build, run), ("rust:1-slim-trixie AS build", "debian:trixie-slim"));
    assert!(lines.contains(&"USER nobody") && lines.contains(&"COPY . ."), "{file}");
    let ignored = fs::read_to_string(format!("{TOP}/.dockerignore")).unwrap();
    for line in ignored.lines() {
        assert!(["target", ".git", "fuzz/target"].contains(&line), "the build may need {line}");
    }
    // Whom cargo would ask for what is locked.
    assert!(Path::new(TOP).join("Cargo.lock").is_file());
}

/// Names of files, and whether the hooks take them.
const HOOKED: &[(&str, bool)] = &[
    ("nginx.conf", true),
    ("deploy/nginx-prod.conf", true),
    ("shop.vhost", true),
    ("etc/nginx/conf.d/shop.conf", true),
    ("sites-available/shop", true),
    ("sites-enabled/shop.example", true),
    ("etc/nginx/sites-available/00-shop.conf", true),
    ("snippets/ssl-params", true),
    ("etc/nginx/snippets/tls/modern", true),
    ("snippets/ssl-params.conf", true),
    ("nginx/proxy_params", true),
    ("etc/nginx/fastcgi_params", true),
    ("sites-available/README", false),
    ("sites-available/README.old", false),
    ("sites-available/shop~", false),
    ("sites-available/shop.conf~", false),
    ("sites-available/shop.bak", false),
    ("sites-available/shop.dpkg-dist", false),
    ("sites-available/.shop.swp", false),
    ("snippets/README", false),
    ("snippets/c.snippets", false),
    ("nginx/Dockerfile", false),
    ("nginx/README.md", false),
    ("nginx/entrypoint.sh", false),
    ("nginx/pki/shop.key", false),
    ("app/main.conf", false),
    ("proxy_params", false),
];

#[test]
fn the_hooks_take_what_is_configuration() {
    let hooks: serde_yaml::Value =
        serde_yaml::from_str(&fs::read_to_string(format!("{TOP}/.pre-commit-hooks.yaml")).unwrap()).unwrap();
    let hooks = hooks.as_sequence().unwrap();
    assert_eq!(hooks.len(), 2);
    for hook in hooks {
        let [files, exclude] =
            ["files", "exclude"].map(|key| fancy_regex::Regex::new(hook[key].as_str().unwrap()).unwrap());
        for (name, is_taken) in HOOKED {
            let is_found = files.is_match(name).unwrap() && !exclude.is_match(name).unwrap();
            assert_eq!(is_found, *is_taken, "{name}");
        }
    }
}

#[test]
fn completions_are_scripts_of_their_shells() {
    let folder = Folder::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = folder.run(&["completions", shell]);
        run.expect(0, &["trace", "fail-on", "fix"], &[]);
        assert!(!run.stdout.contains("rebuild-preload"), "{shell}");
    }
    let script = folder.run(&["completions", "bash"]).stdout;
    let completed = |words: &str, last: &str, before: &str| {
        let ask = format!(
            "{script}\nCOMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _ngxlint ngxlint '{last}' {before}; echo \"${{COMPREPLY[*]}}\""
        );
        said(&Command::new("bash").args(["--noprofile", "--norc", "-c", &ask]).output().unwrap())
    };
    assert_eq!(completed("ngxlint ch", "ch", "ngxlint"), "check\n");
    assert_eq!(completed("ngxlint check --fix", "--fix", "check"), "--fix --fix=safe --fix=all\n");
    assert_eq!(completed("ngxlint check --fix=a", "--fix=a", "check"), "--fix=all\n");
    // A value of --fix stands behind `=`.
    assert!(!completed("ngxlint check --fix s", "s", "--fix").contains("safe"));
    // Rules and categories; what is no such thing has the same message as ever.
    assert_eq!(completed("ngxlint explain redirect-l", "redirect-l", "explain"), "redirect-loop\n");
    assert_eq!(completed("ngxlint check --select hst", "hst", "--select").split(' ').next(), Some("hsts"));
    assert_eq!(completed("ngxlint check --ignore redirect-l", "redirect-l", "--ignore"), "redirect-loop\n");
    let severities = "redirect-loop=off redirect-loop=info redirect-loop=warning redirect-loop=error\n";
    assert_eq!(completed("ngxlint check --severity redirect-l", "redirect-l", "--severity"), severities);
    folder.run(&["check", "--select=redirect-lop"]).expect(2, &[], &["did you mean `redirect-loop`?"]);
    for shell in ["zsh", "fish"] {
        let script = folder.run(&["completions", shell]).stdout;
        assert!(script.contains("redirect-loop=off") && script.contains("cert-expired"), "{script}");
    }
    folder.run(&["completions", "tcsh"]).expect(2, &[], &["tcsh"]);
}

#[test]
fn manual_pages_are_written_for_each_command() {
    let folder = Folder::new(&[("man/keep", "")]);
    folder.run(&["man", "man"]).expect(0, &[], &[]);
    for page in ["ngxlint.1", "ngxlint-check.1", "ngxlint-trace.1", "ngxlint-certs.1", "ngxlint-explain.1"] {
        let text = fs::read_to_string(folder.path("man").join(page)).unwrap();
        assert!(text.contains(".TH") && text.contains(".SH NAME"), "{page}: {text}");
    }
    folder.run(&["man", "no/such"]).expect(2, &[], &["cannot write manual pages to no/such"]);
}
