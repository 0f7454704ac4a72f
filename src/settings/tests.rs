//! Settings as they are read, and the places of the mistakes in them.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test stops at what it does not expect")]

use super::file::parse;
use super::{SETTINGS_SCHEMA, Starter, starter};
use crate::config::Elsewhere;

/// Files with a mistake: the text, what is pointed at, and what is said.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("roots: [a]\nrots: [b]\n", "rots", "there is no setting `rots` here; did you mean `roots`?"),
    ("roots: a\n", "a", "`roots`: expected a list, not \"a\""),
    ("roots:\n  - a\n  - [b]\n", "[b", "`roots[1]`: expected text, not a list"),
    ("- a\n", "- a", "expected a mapping of settings, not a list"),
    ("roots: [a]\nignore: []\nroots: [b]\n", "roots", "`roots` is said twice"),
    ("nginx-version: newest\n", "newest", "`newest` is not a version of nginx such as 1.29.7"),
    ("map: {nginx: deploy}\n", "nginx", "`nginx` is no path of nginx: it begins with /"),
    ("certs: yes\n", "yes", "`yes` is none of auto, require, skip"),
    ("edge: tsl # no\n", "tsl", "`tsl` is neither tls nor none"),
    ("edge:\n  servers: {a.test: tls, a.test: none}\n", "a.test", "`a.test` is said twice"),
    (
        "edge:\n  servers:\n    shop.example: tls\n    shop example: tls\n",
        "shop example",
        "`shop example` is no name as in server_name: shop.example, *.shop.example, .shop.example or shop.*",
    ),
    (
        "edge: {servers: {a.*.b: tls}}\n",
        "a.*.b",
        "`a.*.b` is no name as in server_name: shop.example, *.shop.example, .shop.example or shop.*",
    ),
    (
        "rules: {cert-expires-soon: {days: 4294967296}}\n",
        "4294967296",
        "days of cert-expires-soon is a number of days, and 4294967296 is too large",
    ),
    ("system-roots: yes\n", "yes", "`system-roots`: expected true or false, not \"yes\""),
    ("edge: {default: tls, port: 1}\n", "port", "there is no setting `port` here, only default, servers"),
    ("edge:\n  server: {}\n", "server", "there is no setting `server` here; did you mean `servers`?"),
    (
        "select: [hsts, redirect-lop]\n",
        "redirect-lop",
        "there is no rule `redirect-lop`; did you mean `redirect-loop`?",
    ),
    ("rules:\n  hsts: off\n  redirect-chain: of\n", "of", "`of` is none of error, warning, info, off"),
    (
        "rules:\n  hsts-max-age:\n    minimun: 1\n",
        "minimun",
        "hsts-max-age has no option `minimun`; did you mean `minimum`?",
    ),
    (
        "rules:\n  hsts-max-age:\n    maximum: 5\n    minimum: \"soon\"\n",
        "\"soon\"",
        "minimum of hsts-max-age is a number of seconds, not \"soon\"",
    ),
    ("rules:\n  redirect-loop: {days: 1}\n", "days", "redirect-loop has no option `days`, and no others"),
    ("rules:\n  hsts: {minimum: 1}\n", "minimum", "hsts has no option `minimum`, and no others"),
    ("rules:\n  redirect-loop: off\n  redirect-loop: error\n", "redirect-loop", "`redirect-loop` is said twice"),
    ("per-file-ignores:\n  \"a[\": [hsts]\n", "\"a[\"", "`a[` is no glob: unclosed character class; missing ']'"),
    ("modules: [brotly]\n", "brotly", "there is no package `brotly` of modules; did you mean `brotli`?"),
    (
        "extra-directives:\n  x: {contexts: [servre]}\n",
        "servre",
        "there is no context `servre`; did you mean `server`?",
    ),
    (
        "extra-directives:\n  my guard: {contexts: [server]}\n",
        "my guard",
        "`my guard` is no name of a directive, which is one word",
    ),
    ("extra-directives:\n  x: {block: true}\n", "{block", "`contexts` is missing here"),
    ("websocket: {patterns: [/feed, \"\"]}\n", "\"\"", "`` is no word: it would be in every path"),
    ("websocket: {patterns: [\"/\"]}\n", "\"/\"", "`/` is no word: it would be in every path"),
    ("websocket:\n  without: [cabel]\n", "cabel", "ngxlint knows no word `cabel` of WebSocket; did you mean `cable`?"),
    (
        "websocket:\n  without: [/shop]\n",
        "/shop",
        "ngxlint knows no word `/shop` of WebSocket, so there is nothing to leave out",
    ),
    ("websocket:\n\tpatterns: [x]\n", "\tpatterns", "a tab cannot stand here"),
    (
        "roots: [a\nignore: []\n",
        ":",
        "did not find expected ',' or ']', while parsing a flow sequence at line 1 column 8",
    ),
    ("ignore: *all\n", "*all", "unknown anchor"),
    ("roots: [\"a\u{2}\"]\n", "\u{2}", "a control character (U+0002)"),
    ("roots: [a]\n---\nroots: [b]\n", "---", "settings are one document; here another begins"),
    ("roots: [a]\n...\nroots: [b]\n", "...", "settings are one document; here another begins"),
    ("\u{feff}roots: [a]\r\nrots: [b]\r\n", "rots", "there is no setting `rots` here; did you mean `roots`?"),
    ("<<: {roots: [a]}\n", "<<", "merge keys are not read here"),
    ("rules:\n  \"<<\": {hsts: off}\n", "\"<<\"", "merge keys are not read here"),
    ("rules: {hsts-max-age: {<<: {minimum: 1}}}\n", "<<", "merge keys are not read here"),
    (
        "rules: {redirect-chain: {max-redirects: [1]}}\n",
        "[1",
        "max-redirects of redirect-chain is a number, not a list",
    ),
    ("rules: {hsts-max-age: {minimum: -1}}\n", "-1", "minimum of hsts-max-age is a number of seconds, not -1"),
    (
        "extra-directives:\n  gzip: {contexts: [http]}\n",
        "http",
        "nginx itself has `gzip` in http: there is nothing to say of it",
    ),
    (
        "extra-directives: {gzip: {contexts: [any]}}\n",
        "any",
        "nginx itself has `gzip` in any: there is nothing to say of it",
    ),
    ("extra-directives: {x: {contexts: []}}\n", "[", "a directive that may stand nowhere: name its contexts"),
    (
        "extra-directives: {x: {contexts: [http], blok: true}}\n",
        "blok",
        "there is no setting `blok` here; did you mean `block`?",
    ),
    ("extra-directives: {x: {contexts: [http], contexts: [http]}}\n", "contexts", "`contexts` is said twice"),
];

#[test]
fn mistakes_are_told_at_their_places() {
    for (text, place, message) in MISTAKES {
        let Err((span, told)) = parse(text) else { panic!("no mistake is found in {text}") };
        assert_eq!((&told.message.as_str(), text.get(span.clone())), (message, Some(*place)), "{text}{span:?}");
        let key = text.split(place).next().map_or(0, str::len);
        let is_second = text.matches(place).count() > 1;
        assert!(place.is_empty() || is_second || span.start == key, "{text}{span:?}");
    }
}

#[test]
fn nothing_said_is_nothing_set() {
    for text in [
        "",
        "# only a comment\n",
        "---\n",
        "roots:\nrules:\nedge:\nmap:\nselect:\nwebsocket:\nper-file-ignores:\nextra-directives:\n",
        "\u{feff}ignore: []\r\nroots:\r\n  - nginx.conf\r\n",
        // Another module's, by a name that nginx has elsewhere, or that some package has.
        "extra-directives:\n  timeout: {contexts: [http]}\n  brotli: {contexts: [http]}\n",
    ] {
        assert!(parse(text).is_ok(), "{text:?}");
    }
}

#[test]
fn aliases_stand_for_what_they_name() {
    let settings =
        parse("select: &rules [redirect-loop]\nignore: *rules\nnginx-version: 1.20\n").map_err(|_| ()).unwrap();
    assert_eq!(settings.select.map(|list| list.rules().count()), settings.ignore.map(|list| list.rules().count()));
    assert_eq!(settings.nginx_version.unwrap().to_string(), "1.20.0");
}

#[test]
fn large_nests_and_bombs_end_soon() {
    let mut bomb = "select: &a [hsts, hsts, hsts, hsts, hsts, hsts, hsts, hsts]\n".to_owned();
    for (name, before) in ["b", "c", "d", "e", "f", "g"].iter().zip(["a", "b", "c", "d", "e", "f"]) {
        bomb += &format!("x{name}: &{name} [*{before}, *{before}, *{before}, *{before}, *{before}, *{before}]\n");
    }
    let in_options = format!("rules:\n  hsts-max-age:\n    minimum: {}\n", "[".repeat(60));
    let nests = format!("roots: {}", "[".repeat(500_000));
    let listed = format!("{}a\n", "- ".repeat(50_000));
    let inner = "roots: &a [x, x]\nselect: [*a, *a, *a]\n".to_owned();
    let keys: String = (0..60_000).map(|number| format!("key{number}: x\n")).collect();
    let start = std::time::Instant::now();
    for text in [bomb, in_options, nests, listed, inner, keys] {
        assert!(parse(&text).is_err(), "{}", &text[..40]);
    }
    let many: String = (0..20_000).map(|number| format!("    s{number}.test: tls\n")).collect();
    assert!(parse(&format!("edge:\n  servers:\n{many}")).is_ok());
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn what_init_writes_is_valid_with_and_without_its_comments() {
    let validator = jsonschema::validator_for(&serde_json::from_str(SETTINGS_SCHEMA).unwrap()).unwrap();
    let seen = Starter {
        roots: vec!["nginx.conf".into(), "a b: \"c\"\n.conf".into()],
        elsewhere: vec![
            Elsewhere { from: "/etc/nginx".into(), to: "a b".into() },
            Elsewhere { from: "/".into(), to: "overlay".into() },
        ],
        reads_certificates: Some(true),
        asks_for_scheme: Some("sites/a.conf:3".to_owned()),
        vendored: vec!["**/vendor/**".to_owned()],
    };
    for seen in [seen, Starter::default()] {
        let text = starter(&seen);
        let settings = parse(&text).map_err(|(_, told)| told.message).unwrap();
        assert_eq!(settings.roots.unwrap_or_default(), seen.roots);
        let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        assert!(validator.is_valid(&value), "{text}");
    }
    // What stands in comments is valid, too, when it is taken one by one.
    let text = starter(&Starter { vendored: vec!["**/vendor/**".to_owned()], ..Starter::default() });
    let settings = [
        "# roots:",
        "# nginx-version:",
        "# root:",
        "# map:",
        "# ca:",
        "# certs:",
        "# edge: tls",
        "# edge:\n",
        "# select:",
        "# ignore:",
        "# per-file-ignores:",
        "# rules:",
        "# websocket:",
        "# modules:",
        "# extra-directives:",
    ];
    for start in settings {
        let (_, rest) = text.split_once(start).unwrap();
        let block: Vec<&str> = rest.lines().skip(1).map_while(|line| line.strip_prefix("#  ")).collect();
        let rest_of_line = rest.lines().next().unwrap_or_default().to_owned();
        let first = start.trim_start_matches("# ").trim_end().to_owned();
        let block: String = block.iter().map(|line| format!("  {line}\n")).collect();
        let taken = match start.ends_with('\n') {
            true => format!("{first}\n  {}\n{block}", rest_of_line.trim_start_matches("#  ")),
            false => format!("{first}{rest_of_line}\n{block}"),
        };
        parse(&taken).map_err(|(_, told)| format!("{taken}: {}", told.message)).unwrap();
        let value: serde_json::Value = serde_yaml::from_str(&taken).unwrap();
        assert!(validator.is_valid(&value) && value.as_object().is_some_and(|all| all.len() == 1), "{taken}");
    }
}

#[test]
fn lines_of_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(super::FILE_NAME);
    let text = "# rules:\nedge:\n  servers: {}\n'rules':\n  \"hsts\": off\n  redirect-chain:\n    max-redirects: 2\n";
    std::fs::write(&path, text).unwrap();
    let file = super::SettingsFile::read(&path, path.clone()).unwrap();
    assert_eq!(file.line_of(&["edge"]), 2);
    assert_eq!(file.line_of(&["rules"]), 4);
    assert_eq!(file.line_of(&["rules", "hsts"]), 5);
    assert_eq!(file.line_of(&["rules", "redirect-chain", "max-redirects"]), 7);
}

#[test]
fn the_example_of_the_readme_is_valid() {
    let (_, rest) = include_str!("../../README.md").split_once("```yaml\nroots:").unwrap();
    let text = format!("roots:{}", rest.split_once("```").unwrap().0);
    parse(&text).map_err(|(_, told)| told.message).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(SETTINGS_SCHEMA).unwrap()).unwrap();
    assert!(validator.is_valid(&serde_yaml::from_str(&text).unwrap()), "{text}");
}

#[test]
fn every_option_of_a_rule_is_judged_by_it() {
    for rule in crate::rules::all_rules() {
        for (name, option) in &rule.face().options {
            assert!(rule.check_option(name, &option.default).is_ok(), "{}: {name}", rule.name);
            let nonsense = serde_yaml::Value::from("neither a number nor a list");
            assert!(rule.check_option(name, &nonsense).is_err(), "{}: {name}", rule.name);
        }
    }
}

/// Everything that a file can say, with characters of several bytes.
const WHOLE: &str = "# é\nroots: [a, \"b\u{1f600}\"]\r\nnginx-version: 1.28\nmap: {/a: b}\nedge:\n  default: tls\n  servers: {.é.test: none}\n\
    per-file-ignores:\n  '*.conf': &all [hsts]\nignore: *all\nrules:\n  hsts-max-age: {severity: error, minimum: 5}\n  redirect: off\n\
    websocket: {patterns: [/x]}\nmodules: [lua]\nextra-directives:\n  é: {contexts: [server], block: true}\n";

#[test]
fn a_file_that_is_cut_or_changed_anywhere_has_its_mistake_inside() {
    assert!(parse(WHOLE).is_ok());
    let mut texts: Vec<String> = Vec::new();
    for (at, _) in WHOLE.char_indices() {
        let (before, after) = WHOLE.split_at(at);
        texts.push(before.to_owned());
        let others =
            ["\t", "\r", "\u{2028}", "\u{85}", ":", "[", "}", "\"", "&", "*", "!", "\n---\n", "\u{feff}", "é: "];
        texts.extend(others.iter().map(|other| format!("{before}{other}{after}")));
    }
    for text in texts {
        if let Err((span, told)) = parse(&text) {
            assert!(text.get(span.clone()).is_some() && !told.message.is_empty(), "{span:?} {text}");
        }
    }
}
