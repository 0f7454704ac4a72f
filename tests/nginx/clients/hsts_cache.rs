//! The file in which curl keeps the HSTS hosts that it knows: <https://curl.se/docs/hsts.html>

use std::path::Path;

use ngxlint::tls::UnixTime;

use super::setting::{DAY, now};

/// The file for what a row says, as `a.example 365 days, .b.example 1 days`.
pub(super) fn written(known: &str) -> String {
    let UnixTime(now) = now();
    let line = |entry: &str| {
        let (host, days) = entry.split_once(' ').unwrap();
        let days: i64 = days.strip_suffix(" days").unwrap().parse().unwrap();
        let until = UnixTime(now + days * DAY).rfc3339().replace('-', "").replace('T', " ").replace('Z', "");
        format!("{host} \"{until}\"\n")
    };
    known.split(", ").filter(|entry| !entry.is_empty()).map(line).collect()
}

/// What the file says.
pub(super) fn read(policies: &Path) -> String {
    let text = std::fs::read_to_string(policies).unwrap();
    let entry = |line: &str| {
        let (host, until) = line.split_once(' ').unwrap();
        format!("{host} {}", left(until.trim_matches('"')))
    };
    let mut entries: Vec<String> = text.lines().filter(|line| !line.starts_with('#')).map(entry).collect();
    entries.sort();
    entries.join(", ")
}

/// The time until `20261122 21:51:31`, in days or minutes.
fn left(until: &str) -> String {
    let [year, month, day, time] = [0..4, 4..6, 6..8, 9..until.len().max(9)].map(|part| until.get(part).unwrap_or(""));
    let Ok(UnixTime(until)) = UnixTime::parse_rfc3339(&format!("{year}-{month}-{day}T{time}Z")) else {
        return until.to_owned();
    };
    let UnixTime(now) = now();
    // A few seconds have passed since.
    let seconds = until - now + 30;
    if seconds >= DAY { format!("{} days", seconds / DAY) } else { format!("{} minutes", seconds / 60) }
}
