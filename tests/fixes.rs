//! Each fix that an example of a face or a story of `fixtures/` is offered, made: the finding is gone, nothing else is
//! found, the files parse, to do it again changes nothing, and nginx accepts what it accepted before.
//!
//! `cargo test --test fixes -- --nocapture` prints a table: rule, fix, whether it is safe, the verdicts of nginx before
//! and after it.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads the repository, and stops where it cannot"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what was compared, or not, is to be seen")]

mod examples;
#[path = "fixes/expected.rs"]
mod expected;
#[path = "fixes/lines.rs"]
mod lines;
#[path = "fixes/ordinary.rs"]
mod ordinary;
#[allow(dead_code, reason = "tests/nginx asks more of it")]
#[path = "nginx/real.rs"]
mod real;
#[path = "fixes/safety.rs"]
mod safety;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use examples::{DIRECTORY, World, environment, pki, repository};
use expected::{FIXING, HELD_BACK};
use ngxlint::config::{Config, Library};
use ngxlint::fixes::{FixMode, apply, choose};
use ngxlint::model::{Edge, Environment, Model};
use ngxlint::nginx::NginxVersion;
use ngxlint::rules::{Finding, Fix, RuleId, Selection, Severity, all_rules, run};
use ngxlint::source::{FileId, FileSystem, MemoryFiles, Sources};
use real::{Nginx, Verdict};

/// Versions of nginx that are asked for when none is there.
const VERSIONS: [NginxVersion; 2] = [NginxVersion::new(1, 22, 1), NginxVersion::new(1, 31, 3)];

/// More rounds than any example needs.
const MAX_ROUNDS: usize = 10;

/// A configuration that is linted and changed.
#[derive(Clone)]
struct Case {
    name: String,
    files: MemoryFiles,
    root: PathBuf,
    edge: Edge,
}

/// What a run of the rules says of it.
struct Linted {
    findings: Vec<Finding>,
    files: BTreeMap<FileId, (PathBuf, Vec<u8>)>,
}

/// A finding, wherever it stands.
type Said = (RuleId, String, Severity);

impl Linted {
    fn said(&self) -> Vec<Said> {
        self.findings.iter().map(|finding| (finding.rule, finding.message.clone(), finding.severity)).collect()
    }

    fn count(&self, rule: &str) -> usize {
        self.findings.iter().filter(|finding| finding.rule.as_str() == rule).count()
    }

    fn fixes(&self, mode: FixMode) -> impl Iterator<Item = &Fix> {
        self.findings.iter().filter_map(|finding| finding.fix.as_ref()).filter(move |fix| mode.takes(fix))
    }
}

impl Case {
    fn lint(&self, version: NginxVersion) -> Linted {
        let sources = Sources::default();
        let library = Library::new(&self.files, &sources, self.root.parent().map(Path::to_path_buf));
        let config = Config::load(&library, &self.root, None).unwrap();
        let environment = Environment { version, ..environment(self.edge) };
        let model = Model::build(&config, &self.files, environment);
        let findings = run(&model, &Selection::default());
        let files = config.files().map(|file| (file.ast.file, (file.canonical.clone(), file.ast.text().to_vec())));
        Linted { findings, files: files.collect() }
    }

    /// The same with fixes made.
    fn with(&self, linted: &Linted, fixes: &[&Fix]) -> Case {
        let mut changed = self.clone();
        for (file, text) in apply(fixes, |file| &linted.files[&file].1) {
            changed.files.add(&linted.files[&file].0, text);
        }
        changed
    }

    /// The same with all fixes made, until there are none. `Err` where that does not end.
    fn mended(&self, version: NginxVersion, mode: FixMode) -> Result<Case, String> {
        let mut case = self.clone();
        for _ in 0..MAX_ROUNDS {
            let linted = case.lint(version);
            let chosen = choose(linted.fixes(mode));
            if chosen.is_empty() {
                return Ok(case);
            }
            case = case.with(&linted, &chosen);
        }
        Err(format!("{}: {mode:?} fixes of {version} go on and on:\n{}", self.name, case.shown()))
    }

    /// The files without certificates and keys.
    fn shown(&self) -> String {
        let mut shown = String::new();
        for path in self.files.paths().filter(|path| !is_certificate(path)) {
            let text = self.files.read(path, u64::MAX).unwrap();
            shown += &format!("--- {}\n{}", path.display(), String::from_utf8_lossy(&text));
        }
        shown
    }

    /// What nginx says of it.
    fn verdict(&self, nginx: &Nginx) -> Verdict {
        let directory = tempfile::tempdir().unwrap();
        let here = |path: &Path| directory.path().join(path.strip_prefix("/").unwrap());
        let etc = here(Path::new(DIRECTORY)).display().to_string();
        let shown = self.shown();
        let is_named = |path: &Path| shown.contains(&*path.file_name().unwrap().to_string_lossy());
        for path in self.files.paths().filter(|path| !is_certificate(path) || is_named(path)) {
            let text = self.files.read(path, u64::MAX).unwrap();
            let place = here(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            let text = if path.extension().is_some_and(|extension| extension == "conf") {
                replaced(&text, DIRECTORY, &etc)
            } else {
                text
            };
            std::fs::write(place, text).unwrap();
        }
        let root = here(&self.root);
        let text = String::from_utf8_lossy(&std::fs::read(&root).unwrap()).into_owned();
        let mut loads = String::new();
        if text.contains("stream") {
            loads += &nginx.loads_stream().unwrap_or_default();
        }
        if text.contains("mail") {
            loads += &nginx.loads_mail().unwrap_or_default();
        }
        let events = if text.contains("events") { "" } else { "events {} " };
        std::fs::write(&root, loads + events + &text).unwrap();
        self.ask(nginx, &root)
    }

    /// The verdict, where every upstream has an address.
    fn ask(&self, nginx: &Nginx, root: &Path) -> Verdict {
        const UNKNOWN: &str = "host not found in upstream \"";
        loop {
            let verdict = nginx.test(root);
            let Some((_, rest)) = verdict.text.split_once(UNKNOWN) else { return verdict };
            let host = rest.split(['"', ':']).next().unwrap().to_owned();
            let mut any = false;
            for path in walkdir::WalkDir::new(real::prefix(root)).into_iter().map(|entry| entry.unwrap().into_path()) {
                if path.extension().is_some_and(|extension| extension == "conf") {
                    let text = std::fs::read(&path).unwrap();
                    let local = ["//", " "].into_iter().fold(text.clone(), |text, before| {
                        replaced(&text, &format!("{before}{host}"), &format!("{before}127.0.0.1"))
                    });
                    any |= local != text;
                    std::fs::write(path, local).unwrap();
                }
            }
            if !any {
                return verdict;
            }
        }
    }
}

fn is_certificate(path: &Path) -> bool {
    path.to_string_lossy().contains("/pki/")
}

fn replaced(text: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (from, mut rest) = (from.as_bytes(), text);
    let mut result = Vec::new();
    while let Some(place) = rest.windows(from.len()).position(|window| window == from) {
        result.extend_from_slice(&rest[..place]);
        result.extend_from_slice(to.as_bytes());
        rest = &rest[place + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}

/// All examples, and the bad stories.
fn cases() -> Vec<Case> {
    let pki = pki();
    let mut cases = Vec::new();
    for entry in all_rules() {
        for (kind, examples) in [("bad", &entry.face().bad), ("good", &entry.face().good)] {
            for (number, example) in examples.iter().enumerate() {
                let World { files, root, .. } = World::new(example, &pki, &mut Vec::new());
                let name = format!("{}, {kind} example {}", entry.name, number + 1);
                cases.push(Case { name, files, root, edge: example.edge });
            }
        }
    }
    let stories = repository().join("fixtures/stories");
    for story in std::fs::read_dir(&stories).unwrap() {
        let story = story.unwrap().file_name().into_string().unwrap();
        let place = Path::new(DIRECTORY).join("fixtures/stories").join(&story);
        let mut files = MemoryFiles::default();
        for (path, bytes) in &pki {
            let path = Path::new(DIRECTORY).join("fixtures/pki").join(path);
            files.add(&path, bytes.clone());
            files.set_mode(path, 0o600);
        }
        for entry in walkdir::WalkDir::new(stories.join(&story)) {
            let entry = entry.unwrap();
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(stories.join(&story)).unwrap();
                files.add(place.join(path), std::fs::read(entry.path()).unwrap());
            }
        }
        let root = place.join("bad/nginx.conf");
        cases.push(Case { name: format!("story {story}"), files, root, edge: Edge::None });
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// What is in `after` and not in `before`, or not as bad there.
fn added(before: &[Said], after: &[Said]) -> Vec<Said> {
    let mut left = before.to_vec();
    let is_known = |known: &Said, said: &Said| (&known.0, &known.1) == (&said.0, &said.1) && known.2 >= said.2;
    let is_new = |said: &&Said| match left.iter().position(|known| is_known(known, said)) {
        Some(place) => {
            left.swap_remove(place);
            false
        }
        None => true,
    };
    after.iter().filter(is_new).cloned().collect()
}

fn holds_back(rule: RuleId, other: RuleId) -> bool {
    // What cannot be read is not seen.
    rule.as_str() == "syntax-error" && other != rule
        || HELD_BACK.iter().any(|(first, others)| rule.as_str() == *first && others.contains(&other.as_str()))
}

/// What is wrong with one fix.
fn faults(case: &Case, linted: &Linted, finding: &Finding, fix: &Fix, version: NginxVersion) -> (Case, Vec<String>) {
    let mended = case.with(linted, &[fix]);
    let after = mended.lint(version);
    let mut wrong = Vec::new();
    if after.count("syntax-error") > linted.count("syntax-error") {
        wrong.push("it leaves what nginx cannot read".to_owned());
    }
    let is_it = |other: &&Finding| (other.rule, &other.message) == (finding.rule, &finding.message);
    let times = |linted: &Linted| linted.findings.iter().filter(is_it).count();
    if times(&after) >= times(linted) {
        wrong.push("its finding is still there".to_owned());
    }
    for (rule, message, severity) in added(&linted.said(), &after.said()) {
        if !holds_back(finding.rule, rule) {
            wrong.push(format!("{rule} says now: {severity}: {message}"));
        }
    }
    let place = |edit: &ngxlint::rules::Edit| (edit.span.file, edit.span.start, edit.span.end);
    if !fix.edits.is_sorted_by(|one, next| place(one).0 != place(next).0 || place(one).2 <= place(next).1) {
        wrong.push("its edits are not in order, or overlap".to_owned());
    }
    (mended, wrong)
}

fn verdict_word(verdict: &Verdict) -> String {
    match &verdict.refusal {
        _ if verdict.is_accepted => "accepts".to_owned(),
        Some(refusal) => format!("refuses: {}", refusal.message.chars().take(50).collect::<String>()),
        None => "refuses".to_owned(),
    }
}

#[test]
fn a_fix_mends_what_it_is_for_and_nothing_else() {
    let nginx = real::all();
    let versions: BTreeSet<NginxVersion> = nginx.iter().map(|nginx| nginx.version).chain(VERSIONS).collect();
    let (mut wrong, mut refused) = (Vec::new(), Vec::new());
    let mut table: BTreeSet<String> = BTreeSet::new();
    let mut fixing: BTreeSet<&str> = BTreeSet::new();
    for case in cases() {
        for &version in &versions {
            let linted = case.lint(version);
            let offered = || linted.findings.iter().filter_map(|finding| Some((finding, finding.fix.as_ref()?)));
            if offered().next().is_none() {
                continue;
            }
            let nginx = nginx.iter().find(|nginx| nginx.version == version);
            let before = nginx.map(|nginx| case.verdict(nginx));
            let mut accepts_still = |mended: &Case, what: &str| {
                let after = nginx.map(|nginx| mended.verdict(nginx));
                let accepted = |verdict: &Option<Verdict>| verdict.as_ref().is_some_and(|verdict| verdict.is_accepted);
                if accepted(&before) && !accepted(&after) {
                    let said = after.as_ref().map(|verdict| verdict.text.clone()).unwrap_or_default();
                    refused.push(format!("{what}: nginx {version} refuses it: {said}\n{}", mended.shown()));
                }
                after
            };
            for (finding, fix) in offered() {
                if case.name.starts_with(&format!("{}, bad", finding.rule)) {
                    fixing.insert(finding.rule.as_str());
                }
                let (mended, faults) = faults(&case, &linted, finding, fix, version);
                let what = format!("{}: {version}: {} `{}`", case.name, finding.rule, fix.title);
                let after = accepts_still(&mended, &what);
                let safe = if fix.is_safe { "safe" } else { "not safe" };
                let words = |verdict: &Option<Verdict>| verdict.as_ref().map_or("not there".to_owned(), verdict_word);
                table.insert(format!(
                    "| {} | {} | {safe} | {version} | {} | {} |",
                    finding.rule,
                    fix.title,
                    words(&before),
                    words(&after)
                ));
                wrong.extend(faults.iter().map(|fault| format!("{what}: {fault}\n{}", mended.shown())));
            }
            for mode in [FixMode::Safe, FixMode::All] {
                match case.mended(version, mode) {
                    Ok(mended) => drop(accepts_still(&mended, &format!("{}: {version}: {mode:?}", case.name))),
                    Err(error) => wrong.push(error),
                }
            }
        }
    }
    println!("| rule | fix | safe | nginx | before | after |\n|---|---|---|---|---|---|");
    table.iter().for_each(|row| println!("{row}"));
    wrong.append(&mut refused);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
    assert_eq!(fixing, FIXING.iter().copied().collect(), "the rules that offer a fix for an example of theirs");
}

/// The files of a configuration, one after the other: `# PATH` begins each but nginx.conf.
fn case_of(text: &str) -> Case {
    let mut files = MemoryFiles::default();
    let root = Path::new(DIRECTORY).join("nginx.conf");
    let mut path = root.clone();
    let mut texts: BTreeMap<PathBuf, String> = BTreeMap::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(name) => path = Path::new(DIRECTORY).join(name),
            None => *texts.entry(path.clone()).or_default() += &format!("{line}\n"),
        }
    }
    texts.into_iter().for_each(|(path, text)| files.add(path, text));
    Case { name: text.to_owned(), files, root, edge: Edge::None }
}

/// The lines that all fixes add to a configuration, each with its file and whether the fixes that are safe add it.
fn added_lines(text: &str, version: &str) -> Vec<String> {
    let case = case_of(text);
    let version = version.parse().unwrap();
    let lines = |mode: FixMode| -> BTreeSet<String> {
        let mended = case.mended(version, mode).unwrap();
        let lines = |case: &Case, path: &Path| -> Vec<String> {
            let text = String::from_utf8(case.files.read(path, u64::MAX).unwrap()).unwrap();
            text.lines().map(|line| line.trim().to_owned()).collect()
        };
        let of_file = |path: &Path| {
            let before = lines(&case, path);
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let new = lines(&mended, path).into_iter().filter(move |line| !before.contains(line));
            new.map(|line| format!("{name}: {line}")).collect::<Vec<_>>()
        };
        mended.files.paths().flat_map(of_file).collect()
    };
    let (safe, all) = (lines(FixMode::Safe), lines(FixMode::All));
    all.iter().map(|line| format!("{}{line}", if safe.contains(line) { "" } else { "? " })).collect()
}

#[track_caller]
fn adds(text: &str, expected: &[&str]) {
    assert_eq!(added_lines(text, "1.31.3"), expected, "{text}");
}

const PASS: &str = "proxy_pass http://127.0.0.1:9000;\nproxy_read_timeout 300s;\nproxy_http_version 1.1;";

/// A site with a location, and more in its server and in http.
fn site(location: &str, server: &str, http: &str) -> String {
    format!(
        "events {{}}\nhttp {{\n{http}\nserver {{\nlisten 80;\nserver_name shop.example;\n{server}\n\
         location {location}\n}}\n}}\n"
    )
}

#[test]
fn the_first_header_takes_along_what_was_inherited() {
    let location = format!("/socket.io/ {{\n{PASS}\n}}");
    adds(
        &site(&location, "", "proxy_set_header X-A \"a b\";\nproxy_set_header Host $host;"),
        // Those that stand there already are not told by this test, but by the next.
        &[
            "nginx.conf: proxy_set_header Connection \"upgrade\";",
            "nginx.conf: proxy_set_header Upgrade $http_upgrade;",
        ],
    );
    let text = site(&location, "", "proxy_set_header X-A \"a b\";\nproxy_set_header Host $host;");
    let mended = case_of(&text).mended(VERSIONS[1], FixMode::Safe).unwrap();
    let text = String::from_utf8(mended.files.read(&mended.root, u64::MAX).unwrap()).unwrap();
    let location = text.split_once("/socket.io/").unwrap().1;
    assert!(location.contains("proxy_set_header X-A \"a b\";\nproxy_set_header Host $host;\n"), "{text}");
}

#[test]
fn who_else_reads_a_file_is_thought_of() {
    let twice = |servers: [&str; 2], file: &str| {
        let server = |listen: &str, name: &str, more: &str| {
            format!("server {{\nlisten {listen};\nserver_name {name};\n{more}\n}}\n")
        };
        let servers = server("80 default_server", "a.example", servers[0]) + &server("80", "b.example", servers[1]);
        format!("events {{}}\nhttp {{\n{servers}}}\n# ws.conf\n{file}")
    };
    let location = format!("location /socket.io/ {{\n{PASS}\n}}\n");
    // All inherit the same.
    adds(
        &twice(["include ws.conf;", "include ws.conf;"], &location),
        &["ws.conf: proxy_set_header Connection \"upgrade\";", "ws.conf: proxy_set_header Upgrade $http_upgrade;"],
    );
    // What one inherits and the other does not cannot be repeated.
    adds(&twice(["include ws.conf;", "proxy_set_header X-A a;\ninclude ws.conf;"], &location), &[]);
    // A list of headers that lacks one, for all who include it.
    let live = |more: &str| format!("location /live/ {{\ninclude ws.conf;\n{more}{PASS}\n}}");
    let headers = "proxy_set_header Upgrade $http_upgrade;\n";
    adds(&twice([&live(""), &live("")], headers), &["? ws.conf: proxy_set_header Connection \"upgrade\";"]);
    // One has it: it would have it twice.
    let own = live("proxy_set_header Connection upgrade;\n");
    adds(&twice([&live(""), &own], headers), &[]);
}

#[test]
fn a_map_that_is_there_tells_handshakes_from_other_requests() {
    let map = "map $http_upgrade $upgrade {\ndefault upgrade;\n'' close;\n}";
    let headers = "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Host $host;";
    let root = format!("/ {{\n{PASS}\n{headers}\n}}");
    adds(&site(&root, "", map), &["nginx.conf: proxy_set_header Connection $upgrade;"]);
    adds(&site(&root, "", ""), &["? nginx.conf: proxy_set_header Connection \"upgrade\";"]);
    // Who keeps connections to the upstream is not to lose them unseen.
    let kept = format!("/socket.io/ {{\n{PASS}\n{headers}\nproxy_set_header Connection \"\";\n}}");
    adds(&site(&kept, "", map), &["nginx.conf: proxy_set_header Connection $upgrade;"]);
    adds(&site(&kept, "", ""), &["? nginx.conf: proxy_set_header Connection \"upgrade\";"]);
    // A map that does not tell them apart is none.
    adds(
        &site(&root, "", &map.replace("close", "upgrade")),
        &["? nginx.conf: proxy_set_header Connection \"upgrade\";"],
    );
}

#[test]
fn what_an_old_nginx_has_not_is_not_written() {
    let certificate = "ssl_certificate pki/shop.example.pem;\nssl_certificate_key pki/shop.example.key;";
    let text = format!(
        "events {{}}\nhttp {{\nserver {{\nlisten 443 ssl http2;\nserver_name shop.example;\n{certificate}\n}}\n}}\n"
    );
    assert_eq!(added_lines(&text, "1.25.0"), Vec::<String>::new());
    assert_eq!(added_lines(&text, "1.25.1"), ["nginx.conf: http2 on;", "nginx.conf: listen 443 ssl;"]);
    // What ends a comment stays.
    let commented = text.replace(" http2", " # TLS\nhttp2");
    assert_eq!(added_lines(&commented, "1.25.1"), ["nginx.conf: ;", "nginx.conf: http2 on;"]);
    let text = site("/ {\nproxy_pass https://api.partner.example;\n}", "", "");
    assert_eq!(added_lines(&text, "1.6.3"), Vec::<String>::new());
    assert_eq!(added_lines(&text, "1.7.0"), ["nginx.conf: proxy_ssl_server_name on;"]);
    // Servers answer 421 where the two names differ.
    let text =
        text.replace("https://api.partner.example;", "https://api.partner.example;\nproxy_set_header Host $host;");
    assert_eq!(added_lines(&text, "1.7.0"), ["? nginx.conf: proxy_ssl_server_name on;"]);
}

#[test]
fn a_redirect_to_itself_is_removed_where_nobody_needs_it() {
    let https = |name: &str, inside: &str| {
        let certificate = "ssl_certificate pki/shop.example.pem;\nssl_certificate_key pki/shop.example.key;";
        format!("server {{\nlisten 443 ssl default_server;\nserver_name {name};\n{certificate}\n{inside}\n}}\n")
    };
    let loops = |name: &str, inside: &str, mode: FixMode| {
        let text = format!("events {{}}\nhttp {{\n{}}}\n", https(name, inside));
        let mended = case_of(&text).mended(VERSIONS[1], mode).unwrap();
        mended.shown().contains("return 301")
    };
    const RETURN: &str = "return 301 https://$host$request_uri;";
    let under_if = format!("if ($host = shop.example) {{\n{RETURN}\n}}\nroot /srv;");
    assert!(!loops("shop.example", &format!("{RETURN}\nroot /srv;"), FixMode::Safe));
    assert!(!loops("shop.example", &under_if, FixMode::Safe));
    // There is nothing else that answers.
    assert!(loops("shop.example", RETURN, FixMode::Safe));
    assert!(!loops("shop.example", RETURN, FixMode::All));
    // One comes by http://, another by another name.
    assert!(loops("shop.example", &format!("listen 80;\n{RETURN}\nroot /srv;"), FixMode::All));
    const TO_ONE: &str = "return 301 https://shop.example$request_uri;\nroot /srv;";
    assert!(loops("shop.example www.shop.example", TO_ONE, FixMode::All));
}
