//! `ngxlint check --show-files`: which files are read, and as what.

use std::io::{self, Write};
use std::path::Path;

use rustc_hash::FxHashSet;

use super::{RunError, Status, analyses, output};
use crate::config::{Config, Directive, ItemId, Library, PassedOver, Surroundings, Target, TargetError, Targets};
use crate::report::printable;
use crate::source::FileId;

/// Shows the files of all targets.
pub(super) fn run(libraries: &[Library<'_>], all_targets: &[Targets], file: Option<&Path>) -> Result<Status, RunError> {
    let mut has_failed = analyses::complain_of(all_targets);
    output::write_to(file, |out| {
        for (library, targets) in libraries.iter().zip(all_targets) {
            for target in &targets.targets {
                match Config::load(library, &target.path, target.surroundings.clone()) {
                    Ok(config) => show_config(&config, target, out)?,
                    Err(error) => {
                        let error = TargetError { path: target.path.clone(), error };
                        super::complain("error", &error.to_string());
                        has_failed = true;
                    }
                }
            }
            for (path, reason) in &targets.passed_over {
                let reason = match reason {
                    PassedOver::Foreign => "it does not look like nginx configuration",
                    PassedOver::Template => "it is a template; lint what is made from it",
                };
                // As the other files of a walk through the working directory.
                let path = path.strip_prefix(".").unwrap_or(path);
                writeln!(out, "{}: passed over, {reason}", shown(path))?;
            }
        }
        if !has_failed && all_targets.iter().all(|targets| targets.targets.is_empty()) {
            writeln!(out, "nothing to lint: no nginx configuration was found")?;
        }
        Ok(())
    })?;
    Ok(if has_failed { Status::Failed } else { Status::Success })
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

/// The files of one configuration as a tree, in the order in which nginx reads them.
fn show_config(config: &Config<'_>, target: &Target, out: &mut dyn Write) -> io::Result<()> {
    let Some(root) = config.files().next().map(|file| file.ast.file) else { return Ok(()) };
    writeln!(out, "{}: {}", shown(config.path(root)), role(target.surroundings.as_ref()))?;
    let mut seen: FxHashSet<(Option<ItemId>, FileId)> = FxHashSet::default();
    let mut shown_files = FxHashSet::from_iter([root]);
    for directive in config.directives() {
        let Some(include) = directive.included_by() else { continue };
        let file = directive.name_word().span().file;
        if !seen.insert((Some(include.id()), file)) {
            continue;
        }
        shown_files.insert(file);
        let depth = std::iter::successors(Some(include), Directive::included_by).count();
        let place = place(&include);
        writeln!(out, "{}{}{place}", "  ".repeat(depth), shown(config.path(file)))?;
    }
    for file in config.files().filter(|file| !shown_files.contains(&file.ast.file)) {
        writeln!(out, "  {} (no directives)", shown(config.path(file.ast.file)))?;
    }
    Ok(())
}

fn role(surroundings: Option<&Surroundings>) -> String {
    match surroundings {
        None => "root configuration".to_owned(),
        Some(Surroundings { context: None, .. }) => "snippet, its context is not known".to_owned(),
        Some(Surroundings { context: Some(context), is_given: true, .. }) => format!("snippet in {context} (given)"),
        Some(Surroundings { context: Some(context), .. }) => format!("snippet in {context} (inferred)"),
    }
}

/// Where the directives of an included file stand.
fn place(include: &Directive<'_>) -> String {
    match include.parent() {
        _ if !include.context().is_empty() => format!(" (in {})", include.context()),
        Some(block) => format!(" (in {})", printable(&block.name_text())),
        None => String::new(),
    }
}
