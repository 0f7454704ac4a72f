//! JUnit's and Checkstyle's XML.

use std::path::PathBuf;

use super::{Folder, report, repository, run_tool, said, tool};

/// Checkstyle has no published schema; this is what its XMLLogger writes and its readers take.
pub(crate) const CHECKSTYLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/checkstyle.xsd");

/// The schema of Jenkins for JUnit's XML, as pytest has it in its tests.
pub(crate) fn junit_schema() -> Option<PathBuf> {
    let found = std::env::var_os("NGXLINT_JUNIT_XSD").map(PathBuf::from);
    if found.is_none() {
        eprintln!("SKIPPED: NGXLINT_JUNIT_XSD names no junit-10.xsd");
        assert!(std::env::var_os("CI").is_none(), "in CI there has to be the schema of JUnit's XML");
    }
    found
}

/// Whether xmllint takes the report by this schema; `None` where it is not there.
pub(crate) fn is_valid(folder: &Folder, xml: &str, schema: &str) -> Option<Result<(), String>> {
    let xmllint = tool("xmllint")?;
    std::fs::write(folder.path("report.xml"), xml).unwrap();
    let output = run_tool(&xmllint, &["--noout", "--schema", schema, "report.xml"], folder.0.path());
    Some(if output.status.success() { Ok(()) } else { Err(said(&output)) })
}

#[test]
fn junit_xml_fits_the_schema_of_jenkins() {
    let folder = repository();
    let run = report(&folder, "junit");
    assert_eq!(run.status, 1);
    let Some(schema) = junit_schema() else { return };
    let schema = schema.to_str().unwrap();
    if let Some(verdict) = is_valid(&folder, &run.stdout, schema) {
        verdict.unwrap_or_else(|said| panic!("{said}\n{}", run.stdout));
        assert!(is_valid(&folder, &run.stdout.replace("testcase", "case"), schema).unwrap().is_err());
    }
    // A run that failed has a case with an error.
    let failed = folder.run(&["check", "--format", "junit", "nothere.conf", "deploy"]);
    failed.expect(2, &["errors=\"1\"", "<error message=\"the run failed"], &["cannot read nothere.conf"]);
    let nothing = folder.run(&["check", "--format", "junit", "nothere.conf"]);
    nothing.expect(2, &["tests=\"1\" failures=\"0\" errors=\"1\""], &["cannot read nothere.conf"]);
    for run in [failed, nothing] {
        if let Some(verdict) = is_valid(&folder, &run.stdout, schema) {
            verdict.unwrap_or_else(|said| panic!("{said}\n{}", run.stdout));
        }
    }
    // A run without findings has a case that passes.
    let clean = Folder::new(&[("nginx.conf", "events {}\n")]);
    let run = clean.run(&["check", "nginx.conf", "--format", "junit"]);
    run.expect(0, &["tests=\"1\"", "failures=\"0\""], &[]);
    if let Some(verdict) = is_valid(&clean, &run.stdout, schema) {
        verdict.unwrap_or_else(|said| panic!("{said}\n{}", run.stdout));
    }
}

#[test]
fn checkstyle_xml_is_well_formed_and_of_its_form() {
    let folder = repository();
    let run = report(&folder, "checkstyle");
    assert_eq!(run.status, 1);
    assert!(run.stdout.contains("<file name=\"deploy/a b/nginx.conf\">"), "{}", run.stdout);
    if let Some(verdict) = is_valid(&folder, &run.stdout, CHECKSTYLE) {
        verdict.unwrap_or_else(|said| panic!("{said}\n{}", run.stdout));
        let wrong = run.stdout.replace("severity=\"error\"", "severity=\"fatal\"");
        assert!(is_valid(&folder, &wrong, CHECKSTYLE).unwrap().is_err());
    }
}
