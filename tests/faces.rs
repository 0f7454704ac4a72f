//! The faces of the rules, `rules/<category>/<rule-id>.yaml`: each is complete, and its examples do what they say.
//!
//! How an example is read, and what a mark is: `tests/examples`.
//!
//! In every example each finding of the rule itself is marked, and each mark is found; so are errors of other rules, and
//! whatever `syntax-error` says. Other rules may have warnings and advice of their own. A good example has no finding
//! of the rule and none to be marked.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads the repository, and stops where it cannot"
)]

mod examples;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use examples::{DIRECTORY, Mark, Marked, World, environment, pki, repository};
use ngxlint::config::{Config, Library};
use ngxlint::model::{CertificateMode, Edge, Environment, Model};
use ngxlint::rules::{Example, Face, Finding, RuleEntry, Selection, Severity, all_rules, run};
use ngxlint::source::{MemoryFiles, Sources, Span};

/// The longest line of a face.
const MAX_COLUMNS: usize = 120;

/// Gives the findings for the configuration `root` in `files` to `look`.
fn check<T>(
    files: &MemoryFiles,
    root: &Path,
    edge: Edge,
    selection: &Selection,
    look: impl FnOnce(&Sources, Vec<Finding>) -> T,
) -> T {
    let sources = Sources::default();
    let library = Library::new(files, &sources, Some(DIRECTORY.into()));
    let config = Config::load(&library, root, None).unwrap();
    let model = Model::build(&config, files, environment(edge));
    look(&sources, run(&model, selection))
}

/// The place and message of a finding.
fn as_mark(entry: &RuleEntry, sources: &Sources, finding: &Finding) -> Mark {
    let Span { file, start, end } = finding.span;
    let file = sources.file(file);
    let position = file.position(start);
    let line = position.line as usize - 1;
    let rest = &file.text[start as usize..(end as usize).min(file.lines().line_range(&file.text, line).end)];
    Mark {
        line,
        column: position.column as usize - 1,
        width: String::from_utf8_lossy(rest).trim_end().chars().count().max(1),
        severity: finding.severity.to_string(),
        rule: (finding.rule != entry.id).then(|| finding.rule.to_string()),
        message: finding.message.clone(),
    }
}

/// Runs an example, and tells what differs from its marks.
fn differences(entry: &RuleEntry, example: &Example, pki: &[(PathBuf, Vec<u8>)]) -> Vec<String> {
    let mut wrong = Vec::new();
    let World { files, root, mut marked } = World::new(example, pki, &mut wrong);
    let is_to_be_marked = |finding: &&Finding| {
        finding.rule == entry.id || finding.severity == Severity::Error || finding.rule.as_str() == "syntax-error"
    };
    check(&files, &root, example.edge, &Selection::default(), |sources, findings| {
        for finding in findings.iter().filter(is_to_be_marked) {
            let found = as_mark(entry, sources, finding);
            let path = sources.path(finding.span.file).to_owned();
            let file = marked.get_mut(&path);
            let line = file.as_ref().and_then(|file| file.lines.get(found.line)).copied().unwrap_or_default();
            let marks = file.map(|file| &mut file.marks);
            let mark = marks.and_then(|marks| Some((marks.iter().position(|mark| mark.matches(&found))?, marks)));
            match mark {
                Some((mark, marks)) => drop(marks.remove(mark)),
                None => wrong.push(format!("found at {}:{line}, not marked:\n{found}", path.display())),
            }
        }
    });
    for (path, file) in &marked {
        for mark in &file.marks {
            let line = file.lines.get(mark.line).copied().unwrap_or_default();
            wrong.push(format!("marked at {}:{line}, not found:\n{mark}", path.display()));
        }
    }
    wrong
}

/// `wrong`, each with the rule and the example it is about.
fn of_example(entry: &RuleEntry, kind: &str, number: usize, example: &Example, wrong: &[String]) -> Option<String> {
    let note = example.note.as_deref().unwrap_or("no note");
    let heading = format!("{}, {kind} example {} ({note}):", entry.name, number + 1);
    (!wrong.is_empty()).then(|| format!("{heading}\n{}\n", wrong.join("\n")))
}

#[test]
fn every_example_raises_exactly_what_is_marked() {
    let pki = pki();
    let mut wrong = Vec::new();
    for entry in all_rules() {
        for (kind, examples) in [("bad", &entry.face().bad), ("good", &entry.face().good)] {
            for (number, example) in examples.iter().enumerate() {
                wrong.extend(of_example(entry, kind, number, example, &differences(entry, example, &pki)));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn bad_examples_mark_the_rule_and_good_ones_mark_nothing() {
    let mut wrong = Vec::new();
    for entry in all_rules() {
        let marks = |example: &Example| -> Vec<Mark> {
            let texts = example.files.values().chain([&example.config]);
            texts.flat_map(|text| Marked::new(text, &mut Vec::new()).marks).collect()
        };
        for (number, example) in entry.face().bad.iter().enumerate() {
            if !marks(example).iter().any(|mark| mark.rule.is_none()) {
                wrong.extend(of_example(
                    entry,
                    "bad",
                    number,
                    example,
                    &["it marks no finding of the rule".to_owned()],
                ));
            }
        }
        for (number, example) in entry.face().good.iter().enumerate() {
            if !marks(example).is_empty() {
                wrong.extend(of_example(entry, "good", number, example, &["it has a mark".to_owned()]));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What a repository without its secrets does not tell is not taken for mended: a baseline keeps it.
#[test]
fn rules_that_find_less_without_certificates_say_so() {
    let pki = pki();
    let mut finding_less = BTreeSet::new();
    for example in all_rules().iter().flat_map(|entry| entry.face().bad.iter().chain(&entry.face().good)) {
        let World { files, root, .. } = World::new(example, &pki, &mut Vec::new());
        let found = |certificates: CertificateMode| -> BTreeSet<(&str, Span)> {
            let sources = Sources::default();
            let library = Library::new(&files, &sources, Some(DIRECTORY.into()));
            let config = Config::load(&library, &root, None).unwrap();
            let environment = Environment { certificates, ..environment(example.edge) };
            let model = Model::build(&config, &files, environment);
            let findings = run(&model, &Selection::default());
            findings.iter().map(|finding| (finding.rule.as_str(), finding.span)).collect()
        };
        let without = found(CertificateMode::Skip);
        let with = found(environment(example.edge).certificates);
        finding_less.extend(with.difference(&without).map(|(rule, _)| *rule));
    }
    let reading = all_rules().iter().filter(|entry| entry.reads_certificates).map(|entry| entry.name);
    assert_eq!(finding_less, reading.collect());
}

#[test]
fn every_face_says_what_why_and_how_to_mend_it() {
    let mut wrong = Vec::new();
    for entry in all_rules() {
        let face = match Face::parse(entry.face_text()) {
            Ok(face) => face,
            Err(error) => {
                wrong.push(format!("{}: {error}: {:?}", entry.name, std::error::Error::source(&error)));
                continue;
            }
        };
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("{}: {what}", entry.name));
            }
        };
        must(
            !face.summary.is_empty() && !face.summary.ends_with('.'),
            "the summary is half a line without a full stop",
        );
        must(face.summary.chars().count() <= 80, "the summary is longer than a line of 80 columns");
        must(face.rationale.trim_end().ends_with('.'), "the rationale is full sentences");
        must(face.fix.trim_end().ends_with('.'), "the fix is full sentences");
        must(!face.references.is_empty(), "it has no reference");
        must(face.references.iter().all(|url| url.starts_with("https://")), "a reference is no https:// address");
        must(face.bad.len() >= 2, "it has fewer than two bad examples");
        must(face.good.len() >= 2, "it has fewer than two good examples");
        for (number, line) in entry.face_text().lines().enumerate() {
            let columns = line.chars().count();
            must(
                columns <= MAX_COLUMNS,
                &format!("line {} has {columns} columns, more than {MAX_COLUMNS}", number + 1),
            );
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_option_fits_the_type_that_reads_it() {
    let root = Path::new(DIRECTORY).join("nginx.conf");
    let mut files = MemoryFiles::default();
    files.add(&root, "events {}\nhttp { server { location / { proxy_pass http://127.0.0.1; } } }\n");
    for entry in all_rules() {
        let only = Selection { select: vec![entry.id], ..Selection::default() };
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&files, &root, Edge::None, &only, |_, _| ())));
        assert!(outcome.is_ok(), "{} panics: see above; its options may not fit their type", entry.name);
    }
}

/// `category/rule-id` of the files with this extension in the folders of `directory`.
fn below(directory: &str, extension: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for category in std::fs::read_dir(repository().join(directory)).unwrap() {
        let category = category.unwrap().path();
        // `rules/data` holds tables that rules read, `rules/suppression` is no category.
        if !category.is_dir() || category.ends_with("data") || category.ends_with("suppression") {
            continue;
        }
        for file in std::fs::read_dir(&category).unwrap() {
            let path = file.unwrap().path();
            let stem = path.file_stem().unwrap().to_string_lossy().replace('_', "-");
            assert_eq!(path.extension().unwrap(), extension, "{} does not belong here", path.display());
            if stem != "mod" {
                found.insert(format!("{}/{stem}", category.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    found
}

#[test]
fn every_rule_has_its_two_files_and_every_file_its_rule() {
    let registered: BTreeSet<String> =
        all_rules().iter().map(|entry| format!("{}/{}", entry.category, entry.name)).collect();
    assert_eq!(registered.len(), all_rules().len(), "two rules have the same id");
    for (directory, extension) in [("rules", "yaml"), ("src/rules", "rs")] {
        let found = below(directory, extension);
        let unregistered: Vec<_> = found.difference(&registered).collect();
        assert!(unregistered.is_empty(), "no line of a mod.rs registers these of {directory}/: {unregistered:?}");
        let missing: Vec<_> = registered.difference(&found).collect();
        assert!(missing.is_empty(), "these rules have no .{extension} file in {directory}/: {missing:?}");
    }
}

/// The marks of one text, as `line:column+width severity rule message`.
fn marks_of(text: &str) -> Vec<String> {
    let marks = Marked::new(text, &mut Vec::new()).marks.into_iter();
    let shown = |mark: Mark| {
        let Mark { line, column, width, severity, rule, message } = mark;
        format!("{line}:{column}+{width} {severity} {} {message}", rule.unwrap_or_default())
    };
    marks.map(shown).collect()
}

#[test]
fn a_mark_stands_under_what_it_marks() {
    assert_eq!(marks_of("a b;\n# ^^ error: x: y\n"), ["0:2+2 error  x: y"]);
    assert_eq!(
        marks_of("a b;\n#^^ info: x\n# ^^ error[syntax-error]: y\nc;\n"),
        ["0:0+3 info  x", "0:2+2 error syntax-error y"]
    );
    assert_eq!(marks_of("a;\n b;\n #^ warning: \"\n"), ["1:1+2 warning  \""]);
    assert!(marks_of("# a comment\na; # ^^ error: x\n").is_empty());
    let marked = Marked::new("a;\n#^ error: x\nb;\n", &mut Vec::new());
    assert_eq!((marked.text.as_str(), marked.lines), ("a;\nb;\n", vec![1, 3]));
    for mark in ["#^ error: x", " #^ error: x", "# ^^ info: y", "#  ^ warning[a-b]: z"] {
        assert_eq!(Mark::parse(mark, 0).unwrap().unwrap().to_string(), mark);
    }
    assert!(Mark::parse("# ^^ error", 0).unwrap().is_err());
}
