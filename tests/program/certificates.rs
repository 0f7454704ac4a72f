//! The certificates of the fixtures, and what `ngxlint certs` says of them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Folder, Run};

/// The clock of the fixtures.
pub(crate) const NOW: &str = "--now=2026-06-01T00:00:00Z";

/// A folder with a configuration and all certificates of the fixtures in its `pki`.
pub(crate) fn folder(conf: &str) -> Folder {
    let folder = Folder::new(&[("nginx.conf", conf)]);
    folder.copy_certificates("pki");
    folder
}

impl Folder {
    pub(crate) fn copy_certificates(&self, directory: &str) {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pki")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                let name = entry.file_name().into_string().unwrap();
                self.write(&format!("{directory}/{name}"), &fs::read(entry.path()).unwrap());
                // As keys are to be; git does not keep it.
                #[cfg(unix)]
                fs::set_permissions(
                    self.path(directory).join(name),
                    std::os::unix::fs::PermissionsExt::from_mode(0o600),
                )
                .unwrap();
            }
        }
    }

    pub(crate) fn certs(&self, arguments: &[&str]) -> Run {
        self.run(&[&["certs", NOW], arguments].concat())
    }

    /// The JSON form, which must follow its schema.
    pub(crate) fn certs_json(&self, arguments: &[&str]) -> Value {
        let run = self.certs(&[&["--format=json"], arguments].concat());
        let report: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}{}", run.stdout, run.stderr));
        let schema = serde_json::from_str(ngxlint::report::CERTS_SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{}", run.stdout);
        report
    }
}

/// What a certificate is listed as: its file or parameter.
pub(crate) fn files(report: &Value) -> Vec<&str> {
    let listed = report["certificates"].as_array().unwrap().iter();
    listed.map(|listed| listed["file"].as_str().or(listed["parameter"].as_str()).unwrap()).collect()
}

pub(crate) fn listed<'r>(report: &'r Value, file: &str) -> &'r Value {
    let place = files(report).iter().position(|name| *name == file);
    &report["certificates"][place.unwrap_or_else(|| panic!("{file} is not among {:?}", files(report)))]
}
