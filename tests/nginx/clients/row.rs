//! The rows as they are written.

use std::collections::BTreeMap;

use ngxlint::nginx::NginxVersion;
use serde::Deserialize;

use crate::names::pki;

/// A configuration, what ngxlint says of it, and what becomes of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    #[serde(skip)]
    pub(super) rule: String,
    pub(super) what: String,
    /// The severity of the most that the rule says; empty: nothing.
    #[serde(default)]
    pub(super) says: String,
    /// What stands in `http`.
    pub(super) http: String,
    /// Other rules of the two categories that find an error or give a warning.
    #[serde(default)]
    pub(super) also: Vec<String>,
    /// The first nginx that knows its directives.
    #[serde(default)]
    pub(super) since: (u16, u16, u16),
    /// What nginx says when it does not start.
    pub(super) nginx: Option<String>,
    /// Whether clients come by IPv6.
    #[serde(default)]
    pub(super) ipv6: bool,
    /// What curl knows of HSTS hosts before, as [`Visit::noted`].
    #[serde(default)]
    pub(super) known: String,
    /// Why clients do otherwise than the rule says.
    pub(super) but: Option<String>,
    #[serde(default)]
    pub(super) clients: Vec<Visit>,
}

/// What becomes of one URL, as [`Clients`](super::programs::Clients) say it. A client of which nothing is expected is
/// not asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(super) struct Visit {
    pub(super) url: String,
    /// How many days from now it is, for OpenSSL.
    pub(super) days: i64,
    pub(super) openssl: String,
    pub(super) webpki: String,
    pub(super) curl: String,
    /// The HSTS hosts that curl knows afterwards: `a.example 365 days`; `.a.example` with includeSubDomains.
    pub(super) noted: String,
}

impl From<String> for Visit {
    fn from(line: String) -> Visit {
        let mut cells = line.split('|').map(|cell| cell.trim().to_owned());
        let mut cell = || cells.next().unwrap_or_default();
        let first = cell();
        let (url, days) = match first.strip_suffix(" days").and_then(|first| first.split_once(" in ")) {
            Some((url, days)) => (url.to_owned(), days.parse().unwrap()),
            None => (first, 0),
        };
        Visit { url, days, openssl: cell(), webpki: cell(), curl: cell(), noted: cell() }
    }
}

impl Visit {
    /// Its cells.
    pub(super) fn cells(&self) -> [String; 5] {
        let days = if self.days > 0 { format!(" in {} days", self.days) } else { String::new() };
        let Visit { url, openssl, webpki, curl, noted, .. } = self.clone();
        [url + &days, openssl, webpki, curl, noted]
    }

    /// Whether a client refuses.
    pub(super) fn fails(&self) -> bool {
        let is_other = |said: &str, good: &str| !said.is_empty() && said.split(' ').next() != Some(good);
        is_other(&self.openssl, "0") || is_other(&self.webpki, "ok") || is_other(&self.curl, "0")
    }
}

impl Row {
    pub(super) fn is_known_to(&self, version: NginxVersion) -> bool {
        let (major, minor, patch) = self.since;
        version >= NginxVersion::new(major, minor, patch)
    }
}

/// All rows, by their rules.
pub(super) fn rows() -> Vec<Row> {
    [include_str!("certificates.yaml"), include_str!("hsts.yaml")].into_iter().flat_map(parse).collect()
}

fn parse(text: &str) -> Vec<Row> {
    let by_rule: BTreeMap<String, Vec<Row>> = serde_yaml::from_str(text).unwrap();
    let rows = by_rule.into_iter().flat_map(|(rule, rows)| {
        rows.into_iter().map(move |row| Row { rule: rule.clone(), http: written_out(&row.http), ..row })
    });
    rows.collect()
}

/// The configuration with its shorthands written out.
fn written_out(http: &str) -> String {
    let text = replace(http, "SITE", |names| {
        let first = names.split(' ').next().unwrap_or_default();
        format!("listen 443 ssl; server_name {names}; root sites/{first};")
    });
    let text = replace(&text, "HSTS", |value| format!("add_header Strict-Transport-Security {value} always;"));
    replace(&text, "CERT", |files| {
        let own_key = |name: &str| format!("{name}.key");
        let (certificate, key) = match files.split_once(' ') {
            Some((certificate, key)) => (certificate, key.to_owned()),
            None if pki().join(own_key(files)).exists() => (files, own_key(files)),
            None => (files, own_key("shop.example")),
        };
        format!("ssl_certificate pki/{certificate}.pem; ssl_certificate_key pki/{key};")
    })
}

/// `WORD value;` replaced. A quoted value may hold a semicolon.
fn replace(text: &str, word: &str, with: impl Fn(&str) -> String) -> String {
    let mark = format!("{word} ");
    let mut parts = text.split(&mark);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let quoted = part.strip_prefix('"').and_then(|rest| rest.find('"')).map_or(0, |end| end + 2);
        let end = quoted + part[quoted..].find(';').unwrap();
        replaced += &(with(&part[..end]) + &part[end + 1..]);
    }
    replaced
}
