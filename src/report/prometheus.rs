//! An inventory of certificates as metrics, for the textfile collector of Prometheus's node_exporter.
//!
//! The text is that of the exposition format 0.0.4. A series is there once for its labels, in the order of the labels,
//! so that two runs can be compared line by line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::certs::{CertsReport, ChainState, role_word, shown, source_text};
use crate::model::certificates::inventory::{ListedCertificate, NameCoverage};
use crate::tls::KeyState;

/// Label names and values.
type Labels = Vec<(&'static str, String)>;

/// One metric: what it is called, what it means, its series.
struct Metric {
    name: &'static str,
    help: &'static str,
    series: BTreeMap<Labels, i64>,
}

impl Metric {
    fn new(name: &'static str, help: &'static str) -> Metric {
        Metric { name, help, series: BTreeMap::new() }
    }

    /// Adds a series. Of two with the same labels, as from two servers of one name, the worse one counts.
    fn add(&mut self, labels: Labels, value: i64) {
        self.series.entry(labels).and_modify(|known| *known = value.min(*known)).or_insert(value);
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "# HELP {} {}", self.name, escaped(self.help, false))?;
        writeln!(out, "# TYPE {} gauge", self.name)?;
        for (labels, value) in &self.series {
            let labels: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value, true))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            writeln!(out, "{}{labels} {value}", self.name)?;
        }
        Ok(())
    }
}

/// Writes one metric after the other.
///
/// # Errors
/// What `out` says.
pub fn write_certs_prometheus(report: &CertsReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut metrics = Certificates::new();
    report.inventory.certificates.iter().for_each(|listed| metrics.add(listed));
    let Certificates { not_after, readable, chain, key, covers } = metrics;
    let mut file_not_after = Metric::new(
        "ngxlint_tls_file_not_after_timestamp_seconds",
        "The last second at which a certificate of an authority, or a revocation list, of the file is valid.",
    );
    let mut file_readable = Metric::new(
        "ngxlint_tls_file_readable",
        "1 if nginx can load the file (authorities, revocation lists, parameters, passwords), 0 if it cannot.",
    );
    for file in &report.inventory.files {
        let labels = || vec![("path", shown(&file.path)), ("role", role_word(file.kind).to_owned())];
        file_readable.add(labels(), file.problem.is_none().into());
        if let Some(end) = file.not_after {
            file_not_after.add(labels(), end.0);
        }
    }
    let mut findings =
        Metric::new("ngxlint_findings", "Findings of the rules about certificates, or of those that were selected.");
    for ((rule, severity), count) in report.finding_counts() {
        let labels = vec![("rule", rule.to_owned()), ("severity", severity.to_string())];
        findings.add(labels, i64::try_from(count).unwrap_or(i64::MAX));
    }
    let mut complete =
        Metric::new("ngxlint_run_complete", "1 if all that the run was asked about could be read, else 0.");
    complete.add(Vec::new(), report.is_complete.into());
    let mut unknown = Metric::new(
        "ngxlint_certificates_unknown",
        "How many certificates nothing is known of: in variables, in the configuration itself, or not opened.",
    );
    let count = report.inventory.certificates.iter().filter(|listed| listed.unknown.is_some()).count();
    unknown.add(Vec::new(), i64::try_from(count).unwrap_or(i64::MAX));
    let metrics = [chain, covers, key, not_after, readable, unknown, file_not_after, file_readable, findings, complete];
    metrics.iter().try_for_each(|metric| metric.write(out))
}

/// The metrics that are of certificates.
struct Certificates {
    not_after: Metric,
    readable: Metric,
    chain: Metric,
    key: Metric,
    covers: Metric,
}

impl Certificates {
    fn new() -> Certificates {
        Certificates {
            not_after: Metric::new(
                "ngxlint_certificate_not_after_timestamp_seconds",
                "The last second at which the certificate is valid, by each name of the servers that present it.",
            ),
            readable: Metric::new(
                "ngxlint_certificate_readable",
                "1 if the file holds a certificate that can be read, 0 if it does not.",
            ),
            chain: Metric::new(
                "ngxlint_certificate_chain_complete",
                "1 if the file leads from its leaf to a root, 0 if an issuer is missing or clients refuse the chain; \
                 absent if the issuer may be the root of a private authority (see --ca).",
            ),
            key: Metric::new(
                "ngxlint_certificate_key_matches",
                "1 if the private key belongs to the certificate, 0 if it does not; absent if they cannot be compared.",
            ),
            covers: Metric::new(
                "ngxlint_certificate_covers_host",
                "1 if the certificate covers the server name, or a part of what it matches, 0 if it does not.",
            ),
        }
    }

    fn add(&mut self, listed: &ListedCertificate) {
        // Of what a variable stands for there is nothing to measure.
        if listed.unknown.is_some() {
            return;
        }
        let path = || vec![("path", source_text(&listed.source))];
        self.readable.add(path(), listed.leaf.is_some().into());
        // Nobody gets it, so that nobody minds how it is.
        if listed.is_replaced() {
            return;
        }
        let is_complete = listed.chain.as_ref().and_then(|chain| ChainState::of(chain).is_complete());
        if let Some(is_complete) = is_complete {
            self.chain.add(path(), is_complete.into());
        }
        for key in &listed.keys {
            match key.check.state {
                KeyState::Matches => self.key.add(path(), 1),
                KeyState::Differs { .. } => self.key.add(path(), 0),
                KeyState::Uncompared | KeyState::Unusable(_) => {}
            }
        }
        let Some(leaf) = &listed.leaf else { return };
        let with_name = |name: &str| {
            let mut labels = path();
            labels.push(("server_name", name.to_owned()));
            labels
        };
        let not_after = leaf.validity.not_after.0;
        let names = || listed.users.iter().flat_map(|user| &user.names);
        for name in names() {
            self.not_after.add(with_name(&name.text), not_after);
            match name.coverage {
                NameCoverage::Covered | NameCoverage::Partly => self.covers.add(with_name(&name.text), 1),
                NameCoverage::NotCovered => self.covers.add(with_name(&name.text), 0),
                NameCoverage::Unknown => {}
            }
        }
        if names().next().is_none() {
            self.not_after.add(with_name(""), not_after);
        }
    }
}

/// Text as the format wants it: backslashes and line feeds escaped, in the values of labels quotes as well.
fn escaped(text: &str, is_label: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '"' if is_label => escaped.push_str("\\\""),
            other => escaped.push(other),
        }
    }
    escaped
}
