//! `ngxlint certs`: every certificate that configurations name, and the servers that use it.

use super::analyses::{Analyses, Subject, analyse};
use super::certs_arguments::{CertsArguments, CertsFormat};
use super::input::Changes;
use super::per_file_ignores::FileIgnores;
use super::settings::Given;
use super::{RunError, Status, check, complain, configuration, output};
use crate::model::{Inventory, Model};
use crate::report::{self, CertsReport, Checked, Report};
use crate::rules::{self, Outcome, Selection, all_rules};
use crate::source::Sources;

/// The rules of whose findings the status speaks, unless the user names others.
const CATEGORY: &str = "certificate";

/// Those of the category that are about names of servers, whatever certificates they have.
const OF_NAMES: &[&str] = &["conflicting-server-name", "implicit-default-server", "missing-server-name"];

/// What is left of a configuration when its model is gone.
struct Analysis {
    inventory: Inventory,
    outcome: Outcome,
    /// A place that nginx would refuse.
    refused: Option<String>,
}

/// Runs the command.
pub(super) fn run(arguments: &CertsArguments) -> Result<Status, RunError> {
    let given = Given {
        settings: &arguments.settings,
        files: &arguments.files,
        environment: &arguments.environment,
        rules: Some(&arguments.rules),
    };
    let mut runs = given.runs(&arguments.paths)?;
    if arguments.rules.select.is_empty() {
        runs.iter_mut().for_each(|run| narrow(&mut run.selection));
    }
    let sources = Sources::default();
    let file = arguments.output.output.as_deref();
    let analyses = analyse(&runs, file, &Changes::new(), true, &sources, |subject: &Subject<'_, '_>| {
        let run = subject.run;
        let model = Model::build(subject.config, subject.library.files(), run.environment.clone());
        let mut outcome = rules::judge(&model, &run.selection);
        let ignored = FileIgnores::new(subject);
        outcome.findings.retain(|finding| !ignored.ignores(finding));
        let inventory = Inventory::new(&model, subject.library.files());
        Analysis {
            inventory: inventory.with_paths(|path| subject.shown.path(path)),
            outcome,
            refused: configuration::refused_at(subject.config),
        }
    })?;
    let (analyses, has_failed) = match analyses {
        Analyses::FilesShown(status) => return Ok(status),
        Analyses::Done { analyses, has_failed } => (analyses, has_failed),
    };
    if analyses.is_empty() && !has_failed {
        complain("note", "no nginx configuration was found");
    }
    let mut inventories = Vec::new();
    let mut outcomes = Vec::new();
    for analysis in analyses {
        if let Some(place) = analysis.refused {
            complain("note", &configuration::refusal(&place));
        }
        inventories.push(analysis.inventory);
        outcomes.push(analysis.outcome);
    }
    let inventory = Inventory::merged(inventories);
    let version = check::version_of(&runs);
    let findings = Outcome::merged(outcomes).findings;
    let found = Report::new(&sources, findings, Default::default(), Checked::default(), version);
    let report = CertsReport {
        sources: &sources,
        inventory: &inventory,
        findings: found.findings(),
        threshold: arguments.output.fail_on.threshold(),
        now: runs.first().map(|run| run.environment.now).unwrap_or_default(),
        nginx_version: version,
        is_complete: !has_failed,
    };
    output::write_report(&sources, file, |out| match arguments.output.format {
        CertsFormat::Human => {
            report::write_certs_human(&report, output::human_style(arguments.output.color, file), out)
        }
        CertsFormat::Json => report::write_certs_json(&report, out),
        CertsFormat::Prometheus => report::write_certs_prometheus(&report, out),
    })?;
    Ok(match (has_failed, report.is_failure()) {
        (true, _) => Status::Failed,
        (false, true) => Status::Found,
        (false, false) => Status::Success,
    })
}

/// Leaves the rules about certificates, whatever the settings select.
fn narrow(selection: &mut Selection) {
    let others = all_rules().iter().filter(|entry| entry.category != CATEGORY || OF_NAMES.contains(&entry.name));
    selection.ignore.extend(others.map(|entry| entry.id));
}
