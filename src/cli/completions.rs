//! `ngxlint completions`: the words of the command line for a shell.

use std::sync::LazyLock;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, CommandFactory};
use clap_complete::Shell;

use super::arguments::{Arguments, CompletionsArguments};
use super::{RunError, Status, output};
use crate::rules::all_rules;

/// Runs the command.
pub(super) fn run(arguments: &CompletionsArguments) -> Result<Status, RunError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut offered(arguments.shell), env!("CARGO_PKG_NAME"), &mut script);
    output::write_to(None, |out| out.write_all(&script))?;
    Ok(Status::Success)
}

/// What is offered: no hidden commands, and the names of rules, which the command line reads with messages of its own.
fn offered(shell: Shell) -> Command {
    // To zsh, what is behind `=` in the name of an option is not part of it.
    let takes_words = shell != Shell::Zsh;
    let all = Arguments::command();
    let shown = all.get_subcommands().filter(|command| !command.is_hide_set()).cloned().map(|mut command| {
        for (argument, words) in named_rules() {
            if command.get_arguments().any(|known| known.get_id() == argument) {
                command = command.mut_arg(argument, |known| known.value_parser(PossibleValuesParser::new(words)));
            }
        }
        let fix = command.get_arguments().find(|argument| argument.get_id() == FIX);
        match fix.and_then(Arg::get_help).cloned() {
            Some(help) => {
                let flag = |name: &'static str| Arg::new(name).long(name).help(help.clone()).action(ArgAction::SetTrue);
                let choices = FIX_CHOICES.iter().filter(|_| takes_words).map(|name| flag(name));
                command.mut_arg(FIX, |_| flag(FIX)).args(choices)
            }
            None => command,
        }
    });
    Command::new(env!("CARGO_PKG_NAME")).version(env!("CARGO_PKG_VERSION")).subcommands(shown.collect::<Vec<_>>())
}

/// The arguments that name rules, by their ids, each with what it takes.
fn named_rules() -> [(&'static str, Vec<&'static str>); 4] {
    static SEVERITIES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let severities = ["off", "info", "warning", "error"];
        sets().into_iter().flat_map(|set| severities.map(|severity| format!("{set}={severity}"))).collect()
    });
    let rules = all_rules().iter().map(|rule| rule.name).collect();
    let severities = SEVERITIES.iter().map(String::as_str).collect();
    [("select", sets()), ("ignore", sets()), ("severities", severities), ("rule", rules)]
}

/// Categories and rules.
fn sets() -> Vec<&'static str> {
    let mut sets: Vec<&str> = all_rules().iter().map(|rule| rule.category).collect();
    sets.sort_unstable();
    sets.dedup();
    sets.extend(all_rules().iter().map(|rule| rule.name));
    sets
}

/// The option of `check`, by its id and name.
const FIX: &str = "fix";

/// The same with its values, which stand behind `=` only: to a shell that looks at words, further options.
const FIX_CHOICES: [&str; 2] = ["fix=safe", "fix=all"];
