//! An inventory of certificates as one JSON object, for programs. Its form is [`CERTS_SCHEMA`].

use std::io::{self, Write};

use serde::Serialize;

use super::certs::{
    CertsReport, ChainState, chain_text, key_text, key_word, names, protocol_word, role_word, shown, source_text,
};
use super::json::Tool;
use crate::model::certificates::inventory::{
    CertificateUser, FileUser, ListedCertificate, ListedFile, ListedKey, ListedSource, NameCoverage, UnusedCertificate,
    UserName,
};
use crate::rules::Severity;
use crate::tls::{Certificate, Chain, MissingIssuer, Trust, UnixTime};

/// The JSON Schema of what [`write_certs_json`] writes.
pub const CERTS_SCHEMA: &str = include_str!("schema/certs.schema.json");

/// Grows when a program that reads the report would have to change.
const SCHEMA_VERSION: u32 = 1;

/// Writes the report as one object and a line feed.
///
/// # Errors
/// What `out` says.
pub fn write_certs_json(report: &CertsReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    let counts = report.finding_counts().into_iter();
    let object = ReportObject {
        schema_version: SCHEMA_VERSION,
        tool: Tool::new(report.nginx_version),
        now: report.now.rfc3339(),
        complete: report.is_complete,
        certificates: report.certificates().into_iter().map(|listed| CertificateObject::new(report, listed)).collect(),
        files: report.inventory.files.iter().map(|file| FileObject::new(report, file)).collect(),
        unused: report.inventory.unused.iter().map(|unused| UnusedObject::new(report, unused)).collect(),
        unused_keys: report.inventory.unused_keys.iter().map(|unused| shown(&unused.path)).collect(),
        findings: counts.map(|((rule, severity), count)| CountObject { rule, severity, count }).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &object)?;
    writeln!(out)
}

#[derive(Serialize)]
struct ReportObject<'r> {
    schema_version: u32,
    tool: Tool,
    now: String,
    complete: bool,
    certificates: Vec<CertificateObject<'r>>,
    files: Vec<FileObject<'r>>,
    unused: Vec<UnusedObject>,
    unused_keys: Vec<String>,
    findings: Vec<CountObject>,
}

#[derive(Serialize)]
struct CertificateObject<'r> {
    file: Option<String>,
    parameter: Option<String>,
    unknown: Option<&'static str>,
    problem: Option<String>,
    leaf: Option<LeafObject<'r>>,
    chain: Option<ChainObject<'r>>,
    keys: Vec<KeyObject>,
    replaced_by: Vec<String>,
    servers: Vec<ServerObject<'r>>,
    clients: Vec<UserObject<'r>>,
    uncovered_names: Vec<&'r str>,
    unserved_names: Vec<String>,
}

#[derive(Serialize)]
struct LeafObject<'r> {
    subject: &'r str,
    issuer: &'r str,
    serial: &'r str,
    names: Vec<String>,
    key: String,
    not_before: String,
    not_after: String,
    days_left: i64,
    expired: bool,
}

#[derive(Serialize)]
struct ChainObject<'r> {
    state: ChainState,
    root: Option<&'r str>,
    missing_issuer: Option<&'r str>,
    missing_issuer_url: Option<&'r str>,
    detail: String,
}

#[derive(Serialize)]
struct KeyObject {
    file: String,
    state: &'static str,
    exposed: bool,
    detail: String,
}

#[derive(Serialize)]
struct ServerObject<'r> {
    protocol: &'static str,
    file: String,
    line: u32,
    names: Vec<NameObject<'r>>,
}

#[derive(Serialize)]
struct NameObject<'r> {
    name: &'r str,
    covered: &'static str,
}

#[derive(Serialize)]
struct FileObject<'r> {
    file: String,
    role: &'static str,
    directives: &'r [&'static str],
    problem: Option<&'r str>,
    count: usize,
    not_after: Option<String>,
    days_left: Option<i64>,
    users: Vec<UserObject<'r>>,
}

#[derive(Serialize)]
struct UserObject<'r> {
    protocol: &'static str,
    file: String,
    line: u32,
    name: &'r str,
}

#[derive(Serialize)]
struct UnusedObject {
    file: String,
    names: Vec<String>,
    not_after: String,
    days_left: i64,
}

#[derive(Serialize)]
struct CountObject {
    rule: &'static str,
    severity: Severity,
    count: usize,
}

impl<'r> CertificateObject<'r> {
    fn new(report: &CertsReport<'_>, listed: &'r ListedCertificate) -> CertificateObject<'r> {
        let text = Some(source_text(&listed.source));
        let (file, parameter) = match listed.source {
            ListedSource::File(_) => (text, None),
            ListedSource::Unknown(_) => (None, text),
        };
        CertificateObject {
            file,
            parameter,
            unknown: listed.unknown,
            problem: listed.problem.as_ref().map(ToString::to_string),
            leaf: listed.leaf.as_ref().map(|leaf| LeafObject::new(report, leaf)),
            chain: listed.chain.as_ref().map(ChainObject::new),
            keys: listed.keys.iter().map(KeyObject::new).collect(),
            replaced_by: listed.replaced_by.iter().map(|path| shown(path)).collect(),
            servers: listed.users.iter().map(|user| ServerObject::new(report, user)).collect(),
            clients: listed.clients.iter().map(|client| UserObject::new(report, client)).collect(),
            uncovered_names: listed.names_with(NameCoverage::NotCovered),
            unserved_names: listed.unserved.iter().map(ToString::to_string).collect(),
        }
    }
}

impl<'r> LeafObject<'r> {
    fn new(report: &CertsReport<'_>, leaf: &'r Certificate) -> LeafObject<'r> {
        LeafObject {
            subject: &leaf.subject,
            issuer: &leaf.issuer,
            serial: &leaf.serial,
            names: names(leaf),
            key: leaf.key.to_string(),
            not_before: leaf.validity.not_before.rfc3339(),
            not_after: leaf.validity.not_after.rfc3339(),
            days_left: leaf.validity.days_left(report.now),
            expired: leaf.validity.is_expired(report.now),
        }
    }
}

impl<'r> ChainObject<'r> {
    fn new(chain: &'r Chain) -> ChainObject<'r> {
        let (root, missing): (Option<&str>, Option<&MissingIssuer>) = match &chain.trust {
            Trust::Anchored { anchor, .. } | Trust::Refused { anchor, .. } => (Some(anchor), None),
            Trust::PrivateRoot { subject, .. } => (Some(subject), None),
            Trust::Incomplete(missing) | Trust::IssuerUnknown(missing) => (None, Some(missing)),
            Trust::SelfSigned => (None, None),
        };
        ChainObject {
            state: ChainState::of(chain),
            root,
            missing_issuer: missing.map(|missing| &*missing.issuer),
            missing_issuer_url: missing.and_then(|missing| missing.url.as_deref()),
            detail: chain_text(chain),
        }
    }
}

impl KeyObject {
    fn new(key: &ListedKey) -> KeyObject {
        KeyObject {
            file: shown(&key.path),
            state: key_word(key),
            exposed: key.check.exposure.is_some(),
            detail: key_text(key),
        }
    }
}

impl<'r> ServerObject<'r> {
    fn new(report: &CertsReport<'_>, user: &'r CertificateUser) -> ServerObject<'r> {
        let (file, line) = report.place(user.span);
        let protocol = protocol_word(user.protocol);
        ServerObject { protocol, file, line, names: user.names.iter().map(NameObject::new).collect() }
    }
}

impl<'r> NameObject<'r> {
    fn new(name: &'r UserName) -> NameObject<'r> {
        let covered = match name.coverage {
            NameCoverage::Covered => "yes",
            NameCoverage::Partly => "partly",
            NameCoverage::NotCovered => "no",
            NameCoverage::Unknown => "unknown",
        };
        NameObject { name: &name.text, covered }
    }
}

impl<'r> FileObject<'r> {
    fn new(report: &CertsReport<'_>, file: &'r ListedFile) -> FileObject<'r> {
        FileObject {
            file: shown(&file.path),
            role: role_word(file.kind),
            directives: &file.directives,
            problem: file.problem.as_deref(),
            count: file.count,
            not_after: file.not_after.map(UnixTime::rfc3339),
            days_left: file.not_after.map(|end| report.now.days_until(end)),
            users: file.users.iter().map(|user| UserObject::new(report, user)).collect(),
        }
    }
}

impl<'r> UserObject<'r> {
    fn new(report: &CertsReport<'_>, user: &'r FileUser) -> UserObject<'r> {
        let (file, line) = report.place(user.span);
        UserObject { protocol: protocol_word(user.protocol), file, line, name: &user.text }
    }
}

impl UnusedObject {
    fn new(report: &CertsReport<'_>, unused: &UnusedCertificate) -> UnusedObject {
        UnusedObject {
            file: shown(&unused.path),
            names: names(&unused.leaf),
            not_after: unused.leaf.validity.not_after.rfc3339(),
            days_left: unused.leaf.validity.days_left(report.now),
        }
    }
}
