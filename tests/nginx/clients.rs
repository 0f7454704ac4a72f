//! What clients do with what the rules of certificates and HSTS speak of: real nginx serves it, and OpenSSL, curl and
//! webpki open it. The rows are in certificates.yaml and hsts.yaml; `--nocapture` prints them with what was seen.

mod hsts_cache;
mod pki;
mod programs;
mod row;
mod setting;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ngxlint::rules::{Finding, Severity, all_rules};
use rayon::prelude::*;

use self::row::{Row, Visit, rows};
use self::setting::{Ports, Setting};
use crate::real::{self, Nginx};
use crate::selection::has_ipv6;

const CATEGORIES: &[&str] = &["certificate", "hsts"];

/// What is seen of a row.
struct Sight {
    findings: Vec<Finding>,
    refusal: Option<String>,
    visits: Vec<Visit>,
}

#[test]
fn clients_do_what_the_rules_say() {
    if !programs::are_there() {
        return;
    }
    if !has_ipv6() {
        eprintln!("SKIPPED: there is no IPv6 on this machine, so nobody comes by it");
    }
    let setting = Setting::new();
    for nginx in real::all() {
        let is_possible = |row: &Row| row.is_known_to(nginx.version) && (!row.ipv6 || has_ipv6());
        let rows: Vec<Row> = rows().into_iter().filter(is_possible).collect();
        let sights = see(&setting, nginx, &rows);
        println!("\n{nginx:?}\n{}", table(&rows, &sights));
        let wrong: String = rows.iter().zip(&sights).map(|(row, sight)| differences(row, sight)).collect();
        assert!(wrong.is_empty(), "{nginx:?}\n{wrong}");
    }
}

#[test]
fn every_rule_has_rows_that_show_what_it_is_for() {
    let rows = rows();
    let of_categories = all_rules().iter().filter(|entry| CATEGORIES.contains(&entry.category));
    for name in of_categories.map(|entry| entry.name) {
        let says = |nothing: bool| rows.iter().any(|row| row.rule == name && row.says.is_empty() == nothing);
        assert!(
            says(false) && says(true),
            "{name} has no row of which it says something, or none of which it does not"
        );
    }
    for row in &rows {
        let breaks = row.nginx.is_some() || row.clients.iter().any(Visit::fails);
        // What is wrong with a policy is to be seen in what is noted, not in an error.
        let is_harm = ["error", "warning"].contains(&row.says.as_str()) && !row.rule.starts_with("hsts-");
        assert!(breaks || !is_harm || row.but.is_some(), "harm that nobody takes: {row:#?}");
        assert!(!breaks || !row.says.is_empty() || row.but.is_some(), "harm that is not told: {row:#?}");
    }
}

#[test]
fn another_user_reads_a_key_that_is_exposed() {
    if !programs::are_there() {
        return;
    }
    let setting = Setting::new();
    match setting.is_readable_by_others("pki/readable.shop.example.key") {
        Some(is_readable) => assert!(is_readable),
        None => eprintln!("SKIPPED: only root can be another user"),
    }
    assert_ne!(setting.is_readable_by_others("pki/shop.example.key"), Some(true));
}

fn see(setting: &Setting, nginx: &Nginx, rows: &[Row]) -> Vec<Sight> {
    let ports: Vec<Ports> = rows.iter().map(Ports::new).collect();
    let told = rows.par_iter().zip(&ports).enumerate().map(|(number, (row, ports))| {
        let verdict = setting.test(nginx, number, row, ports);
        let refusal = (!verdict.is_accepted).then_some(verdict.text);
        Sight { findings: setting.findings(nginx, number, row), refusal, visits: Vec::new() }
    });
    let mut sights: Vec<Sight> = told.collect();
    // nginx opens the sockets in the order of the file, so this is the last.
    let last = Row { http: "server { listen 80; }".to_owned(), ..Row::default() };
    let ready = Ports::new(&last);
    let started = rows.iter().zip(&ports).zip(&sights).filter(|(_, sight)| sight.refusal.is_none());
    let root = setting.together(started.map(|(row, _)| row).chain([(&last, &ready)]));
    let _running = nginx.start(&root, ready.reached(80).port()).unwrap();
    sights.par_iter_mut().zip(rows).zip(&ports).enumerate().for_each(|(number, ((sight, row), ports))| {
        if sight.refusal.is_none() {
            sight.visits = setting.visit(number, row, ports);
        }
    });
    sights
}

impl Sight {
    /// The most that the rule of the row says.
    fn severity(&self, row: &Row) -> String {
        let of_rule = self.findings.iter().filter(|finding| finding.rule.as_str() == row.rule);
        of_rule.map(|finding| finding.severity).max().map(|severity| severity.to_string()).unwrap_or_default()
    }

    /// The other rules of the two categories that warn at least.
    fn others(&self, row: &Row) -> BTreeSet<&str> {
        let warns = |finding: &&Finding| {
            finding.severity >= Severity::Warning && CATEGORIES.contains(&finding.rule.entry().category)
        };
        let rules = self.findings.iter().filter(warns).map(|finding| finding.rule.as_str());
        rules.filter(|rule| *rule != row.rule).collect()
    }
}

/// Where it is not as the row says.
fn differences(row: &Row, sight: &Sight) -> String {
    let mut wrong = String::new();
    let mut compare = |what: &str, expected: &str, found: &str| {
        if expected != found {
            let Row { rule, what: row, .. } = row;
            writeln!(wrong, "{rule}, {row}: {what}:\n    expected: {expected}\n    found:    {found}").unwrap();
        }
    };
    compare("ngxlint", &row.says, &sight.severity(row));
    let also: BTreeSet<&str> = row.also.iter().map(String::as_str).collect();
    compare("other rules", &format!("{also:?}"), &format!("{:?}", sight.others(row)));
    match (&row.nginx, &sight.refusal) {
        (Some(expected), Some(found)) if found.contains(expected) => {}
        (expected, found) => compare("nginx -t", &format!("{expected:?}"), &format!("{found:?}")),
    }
    for (expected, found) in row.clients.iter().zip(&sight.visits) {
        compare("clients", &expected.cells().join(" | "), &found.cells().join(" | "));
    }
    wrong
}

fn table(rows: &[Row], sights: &[Sight]) -> String {
    let mut table = String::from(
        "| rule | certificate, configuration | ngxlint | nginx -t | URL | s_client | webpki | curl | curl's HSTS hosts |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for (row, sight) in rows.iter().zip(sights) {
        let nginx = sight.refusal.as_ref().map_or("ok", |_| row.nginx.as_deref().unwrap_or("refused"));
        let but = row.but.as_ref().map(|but| format!(" ({but})")).unwrap_or_default();
        let mut start = format!("| {} | {}{but} | {} | {nginx}", row.rule, row.what, sight.severity(row));
        for visit in &sight.visits {
            writeln!(table, "{start} | {} |", visit.cells().join(" | ")).unwrap();
            "| | | | ".clone_into(&mut start);
        }
        if sight.visits.is_empty() {
            writeln!(table, "{start} | | | | | |").unwrap();
        }
    }
    table
}
