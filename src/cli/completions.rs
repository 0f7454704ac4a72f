//! `ngxlint completions`: the words of the command line for a shell.

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::arguments::{Arguments, CompletionsArguments};
use super::{RunError, Status, output};

/// Runs the command.
pub(super) fn run(arguments: &CompletionsArguments) -> Result<Status, RunError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut offered(), env!("CARGO_PKG_NAME"), &mut script);
    output::write_to(None, |out| out.write_all(&script))?;
    Ok(Status::Success)
}

/// What is offered: no hidden commands, and `--fix` without a value, which stands behind `=` only.
fn offered() -> Command {
    let all = Arguments::command();
    let shown = all.get_subcommands().filter(|command| !command.is_hide_set()).cloned().map(|command| {
        let fix = command.get_arguments().find(|argument| argument.get_id() == FIX);
        match fix.and_then(Arg::get_help).cloned() {
            Some(help) => command.mut_arg(FIX, |_| Arg::new(FIX).long(FIX).help(help).action(ArgAction::SetTrue)),
            None => command,
        }
    });
    Command::new(env!("CARGO_PKG_NAME")).version(env!("CARGO_PKG_VERSION")).subcommands(shown.collect::<Vec<_>>())
}

/// The option of `check`.
const FIX: &str = "fix";
