//! `ngxlint check --show-settings`: what is in effect, and where it is from.

use std::io::{self, Write};
use std::path::Path;

use super::input::DEFAULT_PATH;
use super::options::{EnvironmentOptions, FileOptions};
use super::rule_options::RuleOptions;
use super::settings::{Given, Run, place};
use super::{RunError, Status, output};
use crate::model::{CertificateMode, Edge};
use crate::report::printable;
use crate::rules::{RuleSet, Severity};
use crate::settings::{Settings, SettingsFile};
use crate::source::Sources;

/// Shows them for each group of PATHs.
pub(super) fn run(given: Given<'_>, runs: &[Run], file: Option<&Path>) -> Result<Status, RunError> {
    let sources = Sources::default();
    for file in runs.iter().filter_map(|run| run.file.as_ref()) {
        sources.add(file.path.clone(), file.text().as_bytes().to_vec());
    }
    output::write_report(&sources, file, |out| {
        for (number, run) in runs.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            let table = table(given, run);
            let width =
                |column: fn(&Row) -> &String| table.iter().map(|row| column(row).chars().count()).max().unwrap_or(0);
            // A list of a hundred words is not to push the rest off the screen.
            let (names, values) = (width(|row| &row.name), width(|row| &row.value).min(MAX_VALUE));
            write_head(given, run, out)?;
            for Row { name, value, from } in &table {
                writeln!(out, "{}", printable(&format!("{name:names$}  {value:values$}  {from}")))?;
            }
        }
        Ok(())
    })?;
    Ok(Status::Success)
}

const MAX_VALUE: usize = 48;

/// One setting.
struct Row {
    name: String,
    value: String,
    from: String,
}

fn write_head(given: Given<'_>, run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let paths: Vec<String> = run.paths.iter().map(|path| path.display().to_string()).collect();
    let paths = if paths.is_empty() { DEFAULT_PATH.to_owned() } else { paths.join(" ") };
    match &run.file {
        Some(file) => {
            let by = given.settings.chosen_by().map_or_else(String::new, |by| format!(", by {by}"));
            writeln!(out, "# {}: settings of {}{by}", printable(&paths), printable(&file.path.to_string_lossy()))
        }
        None => writeln!(out, "# {}: no settings file", printable(&paths)),
    }
}

/// The rows, in the order of the settings file.
fn table(given: Given<'_>, run: &Run) -> Vec<Row> {
    let none = Settings::default();
    let table = Table { file: run.file.as_ref(), settings: run.file.as_ref().map_or(&none, |file| &file.settings) };
    let FileOptions { prefix, root, maps, .. } = given.files;
    let EnvironmentOptions { edge, nginx_version, certs, ca, system_roots, .. } = given.environment;
    let (settings, environment) = (table.settings, &run.environment);
    let mut rows = vec![
        table.row("roots", paths(&run.roots), false, settings.roots.is_some()),
        table.row(
            "nginx-version",
            environment.version.to_string(),
            nginx_version.is_some(),
            settings.nginx_version.is_some(),
        ),
        table.row("prefix", path(run.files.prefix.as_deref()), prefix.is_some(), settings.prefix.is_some()),
        table.row("root", path(run.files.root.as_deref()), root.is_some(), settings.root.is_some()),
    ];
    for (number, pair) in run.files.maps.iter().enumerate() {
        let value = format!("{} = {}", pair.from.display(), pair.to.display());
        rows.push(table.row("map", value, number < maps.len(), true));
    }
    let certificates = match environment.certificates {
        CertificateMode::Auto => "auto",
        CertificateMode::Require => "require",
        CertificateMode::Skip => "skip",
    };
    rows.push(table.row("certs", certificates.to_owned(), certs.is_some(), settings.certs.is_some()));
    for file in ca {
        rows.push(table.row("ca", file.display().to_string(), true, false));
    }
    for (file, path) in run.file.iter().flat_map(|file| settings.ca.iter().flatten().map(move |path| (file, path))) {
        rows.push(table.row("ca", file.resolve(path).display().to_string(), false, true));
    }
    let trusts = *system_roots || settings.system_roots == Some(true);
    rows.push(table.row("system-roots", trusts.to_string(), *system_roots, settings.system_roots.is_some()));
    rows.extend(table.edge(edge.map(Edge::from)));
    rows.extend(given.rules.into_iter().flat_map(|rules| table.rules(rules)));
    rows.extend(table.others());
    rows
}

struct Table<'a> {
    file: Option<&'a SettingsFile>,
    settings: &'a Settings,
}

impl Table<'_> {
    fn row(&self, name: &str, value: String, is_given: bool, is_set: bool) -> Row {
        let from = match (self.file, is_given) {
            (_, true) => "command line".to_owned(),
            (Some(file), false) if is_set => place(file, &[name]),
            _ => "default".to_owned(),
        };
        Row { name: name.to_owned(), value, from }
    }

    /// What is said inside a key.
    fn inner(&self, keys: &[&str], value: String) -> Row {
        let from = self.file.map_or_else(String::new, |file| place(file, keys));
        Row { name: keys.join("."), value, from }
    }

    fn edge(&self, given: Option<Edge>) -> Vec<Row> {
        let word = |edge: Edge| if edge == Edge::Tls { "tls" } else { "none" }.to_owned();
        let (default, servers) = match (given, &self.settings.edge) {
            (Some(edge), _) => (edge, [].as_slice()),
            (None, Some(setting)) => (setting.default.unwrap_or_default(), setting.servers.as_slice()),
            (None, None) => (Edge::None, [].as_slice()),
        };
        let mut row = self.row("edge", word(default), given.is_some(), false);
        if let (None, Some(file)) =
            (given, self.file.filter(|_| self.settings.edge.as_ref().is_some_and(|said| said.default.is_some())))
        {
            row.from = place(file, &["edge", "default"]);
        }
        let mut rows = vec![row];
        rows.extend(servers.iter().map(|(name, edge)| self.inner(&["edge", "servers", name], word(*edge))));
        rows
    }

    fn rules(&self, given: &RuleOptions) -> Vec<Row> {
        let names = |sets: &[RuleSet]| sets.iter().map(|set| set.name.clone()).collect::<Vec<_>>().join(", ");
        let mut rows = Vec::new();
        match &self.settings.select {
            Some(list) if given.select.is_empty() => {
                rows.push(self.row("select", list.names().collect::<Vec<_>>().join(", "), false, true));
            }
            _ if given.select.is_empty() => rows.push(self.row("select", "all".to_owned(), false, false)),
            _ => rows.push(self.row("select", names(&given.select), true, false)),
        }
        if !given.ignore.is_empty() {
            rows.push(self.row("ignore", names(&given.ignore), true, false));
        }
        if let Some(list) = &self.settings.ignore {
            rows.push(self.row("ignore", list.names().collect::<Vec<_>>().join(", "), false, true));
        }
        for (glob, list) in self.settings.per_file_ignores.iter().flat_map(|ignores| ignores.entries()) {
            rows.push(self.inner(&["per-file-ignores", glob.text()], list.names().collect::<Vec<_>>().join(", ")));
        }
        for said in self.settings.rules.iter().flat_map(|rules| rules.iter()) {
            let name = said.rules.name.as_str();
            if let Some(severity) = said.severity {
                let outweighed = said.rules.rules.iter().all(|rule| given.names(*rule));
                let note = if outweighed { " (the command line says otherwise)" } else { "" };
                rows.push(self.inner(&["rules", name], severity_word(severity).to_owned() + note));
            }
            for (option, value) in &said.options {
                let value = serde_yaml::to_string(value).unwrap_or_default();
                let option = option.as_str().unwrap_or_default();
                rows.push(self.inner(&["rules", name, option], value.trim_end().replace('\n', " ")));
            }
        }
        for (name, severity) in given.said_severities() {
            let mut row = self.row("rules", severity_word(severity).to_owned(), true, false);
            row.name = format!("rules.{name}");
            rows.push(row);
        }
        rows
    }

    fn others(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some(words) = &self.settings.websocket {
            for (key, words) in [("patterns", &words.patterns), ("without", &words.without)] {
                if !words.is_empty() {
                    rows.push(self.inner(&["websocket", key], words.join(", ")));
                }
            }
        }
        if let Some(packages) = &self.settings.modules {
            let names: Vec<&str> = packages.iter().map(|package| package.0.as_str()).collect();
            rows.push(self.row("modules", names.join(", "), false, true));
        }
        for (name, directive) in self.settings.extra_directives.iter().flat_map(|extra| &extra.0) {
            let block = if directive.is_block { ", a block" } else { "" };
            rows.push(self.inner(&["extra-directives", name], format!("in {}{block}", directive.contexts)));
        }
        rows
    }
}

fn severity_word(severity: Option<Severity>) -> &'static str {
    match severity {
        None => "off",
        Some(Severity::Info) => "info",
        Some(Severity::Warning) => "warning",
        Some(Severity::Error) => "error",
    }
}

fn paths(paths: &[std::path::PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    if paths.is_empty() { "-".to_owned() } else { paths.join(", ") }
}

fn path(path: Option<&Path>) -> String {
    path.map_or_else(|| "-".to_owned(), |path| path.display().to_string())
}
