//! An inventory of certificates for people: what expires first comes first.

use std::io::{self, Write};

use super::certs::{CertsReport, ChainState, chain_text, key_text, names, role_word, shown, source_text};
use super::human::{HumanStyle, counted};
use super::page::{Page, Row, Tone};
use crate::model::certificates::certificate_use::spelled_out;
use crate::model::certificates::inventory::{
    CertificateUser, FileUser, ListedCertificate, ListedFile, NameCoverage, Protocol,
};
use crate::nginx::tls_files::TlsFileKind;
use crate::tls::{Certificate, CertificateName, KeyState};

/// As `cert-expires-soon` judges by default.
const SOON: (u32, u32) = (30, 4);

/// Writes each certificate with what is known of it, the files that nothing uses, what makes the run fail, and a line
/// that sums up.
///
/// # Errors
/// What `out` says.
pub fn write_certs_human(report: &CertsReport<'_>, style: HumanStyle, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { style, out };
    for listed in report.certificates() {
        page.title(&source_text(&listed.source))?;
        for row in rows(report, listed) {
            page.row("", &row)?;
        }
        writeln!(page.out)?;
    }
    if !report.inventory.files.is_empty() {
        page.title("Other files of TLS")?;
        for file in &report.inventory.files {
            let (tone, text) = file_text(report, file);
            page.item(tone, &text)?;
        }
        writeln!(page.out)?;
    }
    if !report.inventory.unused.is_empty() || !report.inventory.unused_keys.is_empty() {
        page.title("In the same directories, not used by nginx")?;
        for unused in &report.inventory.unused {
            let (path, leaf) = (shown(&unused.path), &unused.leaf);
            let of = if leaf.names().is_empty() { leaf.subject.to_string() } else { spelled_out(&names(leaf)) };
            let verb = if leaf.validity.is_expired(report.now) { "expired on" } else { "until" };
            page.item(Tone::Plain, &format!("{path}, for {of} ({verb} {})", leaf.validity.not_after))?;
        }
        for unused in &report.inventory.unused_keys {
            page.item(Tone::Plain, &format!("{}, by its name a private key", shown(&unused.path)))?;
        }
        writeln!(page.out)?;
    }
    let failures: Vec<_> = report.findings.iter().filter(|finding| report.fails(finding)).collect();
    if !failures.is_empty() {
        page.title("What rules say")?;
        for finding in failures {
            let (file, line) = report.place(finding.span);
            let text = format!("{file}:{line}: {}[{}] {}", finding.severity, finding.rule, finding.message);
            page.item(Tone::Plain, &text)?;
        }
        writeln!(page.out)?;
    }
    let (tone, text) = summary(report);
    page.paragraph("", tone, &text)
}

fn rows(report: &CertsReport<'_>, listed: &ListedCertificate) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(why) = listed.unknown {
        rows.push(Row::new("unknown", why.to_owned()).toned(Tone::Doubtful));
    }
    if let Some(problem) = &listed.problem {
        let tone = if listed.leaf.is_none() { Tone::Bad } else { Tone::Doubtful };
        rows.push(Row::new("problem", problem.to_string()).toned(tone));
    }
    if let Some(leaf) = &listed.leaf {
        rows.push(validity(report, leaf));
        let names = names(leaf);
        rows.push(match (names.is_empty(), &leaf.common_name) {
            (false, _) => Row::new("names", spelled_out(&names)),
            // Upstreams look for no host in it.
            (true, _) if listed.is_of_clients_only() => Row::new("subject", leaf.subject.to_string()),
            (true, Some(name)) => {
                Row::new("names", format!("none; clients do not look at its common name, {name}")).toned(Tone::Bad)
            }
            (true, None) => Row::new("names", "none".to_owned()).toned(Tone::Bad),
        });
        rows.push(Row::new("issuer", leaf.issuer.to_string()));
    }
    if let Some(chain) = &listed.chain {
        let tone = match ChainState::of(chain) {
            ChainState::Complete => Tone::Good,
            ChainState::PrivateRoot | ChainState::SelfSigned | ChainState::IssuerUnknown => Tone::Doubtful,
            ChainState::Incomplete | ChainState::Refused | ChainState::LeafNotFirst => Tone::Bad,
        };
        rows.push(Row::new("chain", chain_text(chain)).toned(tone));
    }
    rows.extend(key_row(listed));
    let servers: Vec<String> = listed.users.iter().map(|user| user_text(report, user)).collect();
    let clients: Vec<String> = listed.clients.iter().map(|client| client_text(report, client)).collect();
    match (servers.is_empty(), clients.is_empty()) {
        (true, true) if listed.is_replaced() => {}
        (true, true) => rows.push(Row::new("servers", "none presents it".to_owned()).toned(Tone::Doubtful)),
        (true, false) => {}
        (false, _) => rows.push(Row::new("servers", spelled_out(&servers))),
    }
    if !listed.replaced_by.is_empty() {
        let by: Vec<String> = listed.replaced_by.iter().map(|path| shown(path)).collect();
        let text = format!("by {}, which comes later and has a key of the same kind", spelled_out(&by));
        rows.push(Row::new("replaced", text).toned(Tone::Doubtful));
    }
    if !clients.is_empty() {
        rows.push(Row::new("to upstreams", spelled_out(&clients)));
    }
    let mut list = |label, tone, names: Vec<String>| {
        if !names.is_empty() {
            rows.push(Row::new(label, spelled_out(&names)).toned(tone));
        }
    };
    let with = |coverage| listed.names_with(coverage).into_iter().map(str::to_owned).collect();
    list("not covered", Tone::Bad, with(NameCoverage::NotCovered));
    list("in part", Tone::Plain, with(NameCoverage::Partly));
    list("unserved", Tone::Doubtful, listed.unserved.iter().map(CertificateName::to_string).collect());
    rows
}

fn validity(report: &CertsReport<'_>, leaf: &Certificate) -> Row {
    let (now, validity) = (report.now, leaf.validity);
    let days = validity.days_left(now);
    let (text, tone) = if validity.is_expired(now) {
        let ago = counted(days.unsigned_abs() as usize, "day");
        (format!("EXPIRED on {}, {ago} ago", validity.not_after), Tone::Bad)
    } else if validity.is_not_yet_valid(now) {
        (format!("not before {}, until {}", validity.not_before, validity.not_after), Tone::Bad)
    } else {
        let is_soon = validity.expires_soon(now, SOON.0, SOON.1);
        (
            format!("until {}, {} left", validity.not_after, validity.time_left(now)),
            if is_soon { Tone::Doubtful } else { Tone::Good },
        )
    };
    Row::new("valid", text).toned(tone)
}

fn key_row(listed: &ListedCertificate) -> Option<Row> {
    let kind = listed.leaf.as_ref().map(|leaf| leaf.key.to_string());
    let keys: Vec<String> = listed.keys.iter().map(key_text).collect();
    let tone = listed.keys.iter().fold(Tone::Plain, |tone, key| match &key.check.state {
        KeyState::Differs { .. } => Tone::Bad,
        KeyState::Unusable(problem) if problem.stops_nginx() => Tone::Bad,
        KeyState::Unusable(_) if tone != Tone::Bad => Tone::Doubtful,
        KeyState::Uncompared if tone == Tone::Plain => Tone::Doubtful,
        KeyState::Matches if tone == Tone::Plain && key.check.exposure.is_none() => Tone::Good,
        KeyState::Matches if tone == Tone::Plain => Tone::Doubtful,
        _ => tone,
    });
    let text: Vec<String> = kind.into_iter().chain((!keys.is_empty()).then(|| spelled_out(&keys))).collect();
    (!text.is_empty()).then(|| Row::new("key", text.join("; ")).toned(tone))
}

/// `shop.example (sites/shop:9)`.
fn user_text(report: &CertsReport<'_>, user: &CertificateUser) -> String {
    let (file, line) = report.place(user.span);
    let protocol = match user.protocol {
        Protocol::Http => "",
        Protocol::Stream => "stream ",
        Protocol::Mail => "mail ",
    };
    match user.names.first() {
        Some(first) => format!("{protocol}{} ({file}:{line})", first.text),
        None => format!("{protocol}server ({file}:{line})"),
    }
}

/// `proxy_pass in location / of shop.example (sites/shop:12)`.
fn client_text(report: &CertsReport<'_>, client: &FileUser) -> String {
    let (file, line) = report.place(client.span);
    format!("{} ({file}:{line})", client.text)
}

/// `pki/root.pem, authorities: 2 certificates, the last until 2124-01-01; for shop.example`.
fn file_text(report: &CertsReport<'_>, file: &ListedFile) -> (Tone, String) {
    let what = match file.kind {
        TlsFileKind::RevocationLists => "revocation lists",
        TlsFileKind::DhParameters => "Diffie-Hellman parameters",
        TlsFileKind::OcspResponse => "an OCSP response",
        TlsFileKind::TicketKey => "a key of session tickets",
        kind => role_word(kind),
    };
    let mut text = format!("{}, {what}", shown(&file.path));
    let mut tone = Tone::Plain;
    if let Some(problem) = &file.problem {
        (tone, text) = (Tone::Bad, format!("{text}: {problem}"));
    } else if let Some(end) = file.not_after {
        let noun = if file.kind == TlsFileKind::RevocationLists { "list" } else { "certificate" };
        let last = if file.count > 1 { ", the last" } else { "," };
        let verb = if end < report.now { "expired on" } else { "until" };
        tone = if end < report.now { Tone::Bad } else { Tone::Plain };
        text = format!("{text}: {}{last} {verb} {end}", counted(file.count, noun));
    }
    let users: Vec<String> = file.users.iter().map(|user| user.text.clone()).collect();
    (tone, if users.is_empty() { text } else { format!("{text}; for {}", spelled_out(&users)) })
}

fn summary(report: &CertsReport<'_>) -> (Tone, String) {
    let certificates = &report.inventory.certificates;
    let count = |is: &dyn Fn(&ListedCertificate) -> bool| {
        certificates.iter().filter(|listed| !listed.is_replaced() && is(listed)).count()
    };
    let of_leaf = |is: &dyn Fn(&Certificate) -> bool| count(&|listed| listed.leaf.as_ref().is_some_and(is));
    let expired = of_leaf(&|leaf| leaf.validity.is_expired(report.now));
    let soon = of_leaf(&|leaf| leaf.validity.expires_soon(report.now, SOON.0, SOON.1));
    let unreadable = count(&|listed| listed.leaf.is_none() && listed.unknown.is_none());
    let unknown = count(&|listed| listed.unknown.is_some());
    let uncovering = count(&|listed| {
        listed.users.iter().flat_map(|user| &user.names).any(|name| name.coverage == NameCoverage::NotCovered)
    });
    let replaced = certificates.iter().filter(|listed| listed.is_replaced()).count();
    let parts = [
        (expired, "expired"),
        (soon, "to be renewed soon"),
        (unreadable, "cannot be read"),
        (unknown, "not known"),
        (uncovering, "not for all names of its servers"),
        (replaced, "replaced by others"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, text)| format!("{count} {text}")).collect();
    let tone = match () {
        () if expired + unreadable + uncovering > 0 || report.is_failure() => Tone::Bad,
        () if soon + unknown + replaced > 0 => Tone::Doubtful,
        () => Tone::Good,
    };
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    let failures = report.findings.iter().filter(|finding| report.fails(finding)).count();
    let failures = if failures == 0 { String::new() } else { format!("; {} of rules", counted(failures, "finding")) };
    (tone, format!("{}{parts}{failures}", counted(certificates.len(), "certificate")))
}
