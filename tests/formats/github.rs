//! Workflow commands, read as GitHub's runner documents them:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use super::program::{Folder, Run};
use super::{report, repository};

/// A command as the runner sees it.
#[derive(Debug, PartialEq, Eq)]
struct WorkflowCommand {
    name: String,
    properties: BTreeMap<String, String>,
    message: String,
}

fn unescaped(text: &str, escapes: &[(&str, &str)]) -> String {
    // The sign that starts an escape comes last.
    let text = escapes.iter().fold(text.to_owned(), |text, (escape, char)| text.replace(escape, char));
    text.replace("%25", "%")
}

fn parse(line: &str) -> Option<WorkflowCommand> {
    const DATA: &[(&str, &str)] = &[("%0D", "\r"), ("%0A", "\n")];
    const PROPERTY: &[(&str, &str)] = &[("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")];
    let (head, message) = line.strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ')?;
    let properties = properties.split(',').filter_map(|property| property.split_once('='));
    Some(WorkflowCommand {
        name: name.to_owned(),
        properties: properties.map(|(key, value)| (key.to_owned(), unescaped(value, PROPERTY))).collect(),
        message: unescaped(message, DATA),
    })
}

fn commands(run: &Run) -> Vec<WorkflowCommand> {
    run.stdout.lines().filter_map(parse).collect()
}

#[test]
fn each_finding_is_a_command_that_the_runner_understands() {
    let folder = repository();
    let run = report(&folder, "github");
    let commands = commands(&run);
    assert_eq!(commands.len() + 1, run.stdout.lines().count(), "{}", run.stdout);
    let last = run.stdout.lines().last().unwrap();
    assert!(last.starts_with("ngxlint: ") && last.contains("error"), "{last}");
    let ranks: Vec<usize> = commands
        .iter()
        .map(|command| ["error", "warning", "notice"].iter().position(|name| *name == command.name).unwrap())
        .collect();
    assert!(ranks.is_sorted(), "the worst come first: {ranks:?}");
    for command in &commands {
        assert_eq!(command.properties["file"], "deploy/a b/nginx.conf");
        assert!(command.properties["line"].parse::<u32>().unwrap() > 0);
        assert!(command.properties["title"].starts_with("ngxlint: "), "{command:?}");
    }
    let name = commands.iter().find(|command| command.message.contains("<&>%0A,:"));
    assert!(name.is_some() || !run.stdout.contains("%250A"), "{}", run.stdout);
    let missing = commands.iter().find(|command| command.properties["title"].contains("include-not-found")).unwrap();
    assert!(missing.message.contains("missing/<a&b>.conf"), "{missing:?}");
}

/// Whoever reads the log has a terminal.
#[test]
fn names_of_files_cannot_speak_to_the_terminal() {
    let folder = Folder::new(&[("a\u{1b}]0;x\u{7}.conf", "events {}\ninclude no\u{1b}.conf;\n")]);
    let run = folder.run(&["check", "a\u{1b}]0;x\u{7}.conf", "--format=github"]);
    run.expect(1, &["::error file=a␛]0;x␇.conf,line=2"], &[]);
    assert!(!run.stdout.contains(['\u{1b}', '\u{7}']), "{:?}", run.stdout);
}

#[test]
fn what_github_does_not_show_is_counted() {
    let mut conf = "events {}\nhttp {\n".to_owned();
    (0..14).for_each(|number| writeln!(conf, "    include missing{number};").unwrap());
    conf += "}\n";
    let folder = Folder::new(&[("nginx.conf", &conf)]);
    let run = folder.run(&["check", "nginx.conf", "--format", "github"]);
    run.expect(1, &["ngxlint: 14 errors, 0 warnings, 0 infos; GitHub shows 10 of a kind"], &[]);
    assert!(run.stdout.trim_end().ends_with("the other 4 are in this log"), "{}", run.stdout);
}

#[test]
fn the_summary_of_a_step_is_added_to_what_others_wrote() {
    let folder = repository();
    let summary = folder.path("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let mut command = folder.command(&["check", "deploy", "--format", "github"]);
    let run = Run::of(command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap());
    let text = fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("before\n### ngxlint: "), "{text}");
    // A row for each command, under two lines of heading.
    let rows = text.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(rows, commands(&run).len() + 2, "{text}");
    assert!(!text.contains("<a&b>"), "HTML in a message is no HTML in the summary: {text}");

    let run = Run::of(folder.command(&["check", "deploy", "--format=github"]).output().unwrap());
    assert_eq!(run.status, 1);
    assert_eq!(fs::read_to_string(&summary).unwrap(), text, "without the variable nothing is added");
}
