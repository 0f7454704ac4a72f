//! What two configurations answer differently, for people: by host, what was and what will be.

use std::collections::hash_map::Entry;
use std::io::{self, Write};
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::human::{HumanStyle, counted, wrapping};
use super::printable::printable;
use super::trace_words as words;
use crate::model::certificate_use::spelled_out;
use crate::model::difference::{Answer, AnsweredHop, Aspect, Comparison, Difference};
use crate::model::{Coverage, Refusal, ResponseKind, Verdict};

/// Columns of the sign and the longest label.
const LABEL_WIDTH: usize = 13;

/// Below this the text of a line gets the room of the labels' column as well.
const NARROW: usize = 60;

/// URLs of a group, and hosts of several alike, that are written out.
const SPELLED_OUT: usize = 4;

/// Writes the differences by host, those that are alike together, and a line that sums up.
///
/// # Errors
/// What `out` says.
pub fn write_difference_human(comparison: &Comparison, style: HumanStyle, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { style, out };
    for section in sections(comparison) {
        section.write(&mut page)?;
    }
    if comparison.left_out > 0 {
        let many = format!("{} locations and rewrites with a regex are left out", comparison.left_out);
        page.paragraph("", "33", &format!("{many}: a server has too many of them"))?;
    }
    let different = comparison.differences.len();
    let asked = format!("{} to {}", counted(comparison.asked, "request"), counted(comparison.hosts, "host"));
    match different {
        0 => page.paragraph("", "32", &format!("no difference: {asked} are answered alike")),
        _ => page.paragraph("", "33", &format!("{different} of {asked} are answered differently")),
    }
}

/// What was and what will be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Change {
    label: &'static str,
    old: String,
    new: String,
}

/// What is asked for but for the host: scheme, port, path, address.
type Asked = (String, u16, String, Option<IpAddr>);

/// What two hosts that change alike have in common: for each group what changes, and for which requests.
type Key = Vec<(Vec<Change>, Vec<Asked>)>;

/// Requests of one host that change alike.
#[derive(Debug)]
struct Group<'r> {
    /// With nginx's names for what is the request's own.
    general: Vec<Change>,
    differences: Vec<&'r Difference>,
}

/// Hosts whose requests change alike.
#[derive(Debug)]
struct Section<'r> {
    hosts: Vec<String>,
    groups: Vec<Group<'r>>,
    /// Requests that the same redirects as before lead to what is told.
    followers: usize,
}

/// The differences by host; hosts that change alike together.
fn sections(comparison: &Comparison) -> Vec<Section<'_>> {
    let host = |difference: &Difference| difference.question.url.host_str().map(str::to_owned);
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut known: FxHashMap<Key, usize> = FxHashMap::default();
    for of_host in comparison.differences.chunk_by(|a, b| host(a) == host(b)) {
        let section = Section::new(of_host);
        match known.entry(section.key()) {
            Entry::Occupied(like) => {
                let like = &mut sections[*like.get()];
                like.hosts.extend(section.hosts);
                like.followers += section.followers;
            }
            Entry::Vacant(new) => {
                new.insert(sections.len());
                sections.push(section);
            }
        }
    }
    // Where all is what follows from other hosts, nothing is left to tell.
    sections.retain(|section| !section.groups.is_empty());
    sections
}

impl<'r> Section<'r> {
    fn new(of_host: &'r [Difference]) -> Section<'r> {
        let mut groups: Vec<Group<'r>> = Vec::new();
        let mut known: FxHashMap<Vec<Change>, usize> = FxHashMap::default();
        for difference in of_host.iter().filter(|difference| difference.follows.is_none()) {
            let general = changes(difference, true);
            let number = *known.entry(general.clone()).or_insert_with(|| {
                groups.push(Group { general, differences: Vec::new() });
                groups.len() - 1
            });
            groups[number].differences.push(difference);
        }
        let question = of_host.first().map(|difference| &difference.question);
        let host = question.map_or_else(String::new, |question| match question.is_stand_in {
            true => "any other host".to_owned(),
            false => question.url.host_str().unwrap_or_default().to_owned(),
        });
        let followers = of_host.iter().filter(|difference| difference.follows.is_some()).count();
        Section { hosts: vec![host], groups, followers }
    }

    fn key(&self) -> Key {
        let asked = |difference: &&Difference| -> Asked {
            let url = &difference.question.url;
            let port = url.port_or_known_default().unwrap_or(0);
            (url.scheme().to_owned(), port, url.path().to_owned(), difference.question.address)
        };
        let groups = self.groups.iter();
        groups.map(|group| (group.general.clone(), group.differences.iter().map(asked).collect())).collect()
    }

    fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.paragraph("", "1", &several(&self.hosts))?;
        for group in &self.groups {
            let of_several = self.hosts.len() > 1;
            let urls: Vec<String> =
                group.differences.iter().map(|difference| asked_for(difference, of_several)).collect();
            page.paragraph("  ", "0", &several(&urls))?;
            let is_alone = group.differences.len() == 1 && !of_several;
            let changes = match group.differences.first() {
                Some(only) if is_alone => changes(only, false),
                _ => group.general.clone(),
            };
            for change in &changes {
                page.line("-", "31", change.label, &change.old)?;
                page.line("+", "32", change.label, &change.new)?;
            }
        }
        if self.followers > 0 {
            let lead = if self.followers == 1 { "URL leads" } else { "URLs lead" };
            page.paragraph(
                "  ",
                "0",
                &format!("{} more {lead} there, by the same redirects as before", self.followers),
            )?;
        }
        writeln!(page.out)
    }
}

/// The first of a list, and how many more there are.
fn several(items: &[String]) -> String {
    match items.len().checked_sub(SPELLED_OUT) {
        None | Some(0) => items.join(", "),
        Some(more) => format!("{} and {more} more", items[..SPELLED_OUT].join(", ")),
    }
}

/// What is asked for, as the head of a group. `of_several`: the host is one of several.
fn asked_for(difference: &Difference, of_several: bool) -> String {
    let question = &difference.question;
    let url = &question.url;
    let text = if question.is_stand_in || of_several {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://$host{port}{}", url.scheme(), url.path())
    } else {
        url.to_string()
    };
    let address = question.address.map(|address| match address {
        IpAddr::V6(v6) if v6.segments()[..2] == [0x2001, 0xdb8] => " over IPv6".to_owned(),
        address => format!(" at {address}"),
    });
    let hop = difference.pair().filter(|_| difference.hop > 0).and_then(|(old, _)| old.hops.get(difference.hop));
    let hop = hop.map(|hop| format!(" (after the redirect to {})", hop.url));
    format!("{text}{}{}", address.unwrap_or_default(), hop.unwrap_or_default())
}

/// What changes. `is_general`: with `$host` and `$request_uri` where the text repeats the request's own.
fn changes(difference: &Difference, is_general: bool) -> Vec<Change> {
    let Some((old, new)) = difference.pair() else {
        let (old, new) = (assumptions(&difference.old), assumptions(&difference.new));
        return vec![Change { label: "conditions", old, new }];
    };
    let general = |text: String| if is_general { generalized(&text, difference) } else { text };
    let mut labels: Vec<(&'static str, Aspect)> =
        difference.changes.iter().map(|&aspect| (label(aspect), aspect)).collect();
    // Status, target and upstream are told as one response.
    labels.dedup_by_key(|(label, _)| *label);
    let change = |(label, aspect): (&'static str, Aspect)| Change {
        label,
        old: general(told(aspect, old, difference.hop)),
        new: general(told(aspect, new, difference.hop)),
    };
    labels.into_iter().map(change).collect()
}

fn label(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Connection => "connection",
        Aspect::Certificate => "certificate",
        Aspect::Server => "server",
        Aspect::Status | Aspect::Redirect | Aspect::Upstream => "response",
        Aspect::Hsts => "HSTS",
        Aspect::Outcome => "outcome",
        Aspect::Conditions => "conditions",
    }
}

/// A text without what differs from request to request although the directive behind it is the same.
fn generalized(text: &str, difference: &Difference) -> String {
    let url = &difference.question.url;
    let (host, path) = (url.host_str().unwrap_or_default(), url.path());
    let text = match text.strip_suffix(path) {
        Some(start) if start.contains("://") => format!("{start}$request_uri"),
        _ => text.to_owned(),
    };
    let belongs_to_name = |char: char| char.is_alphanumeric() || char == '.' || char == '-';
    let mut general = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(host).filter(|_| !host.is_empty()) {
        let (before, behind) = (&rest[..at], &rest[at + host.len()..]);
        let is_whole = !before.ends_with(belongs_to_name) && !behind.starts_with(belongs_to_name);
        general.push_str(before);
        general.push_str(if is_whole { "$host" } else { host });
        rest = behind;
    }
    general + rest
}

fn told(aspect: Aspect, answer: &Answer, hop: usize) -> String {
    let Some(hop) = answer.hops.get(hop) else { return "nothing".to_owned() };
    match aspect {
        Aspect::Connection => match hop.refusal {
            Some(Refusal::NothingListens) => "nothing listens".to_owned(),
            Some(Refusal::HandshakeRejected) => "the handshake is rejected".to_owned(),
            Some(Refusal::TlsToPlainSocket) => "the port does not speak TLS".to_owned(),
            None => "there is one".to_owned(),
        },
        Aspect::Certificate => certificate(hop),
        Aspect::Server => hop.server.clone().unwrap_or_else(|| "none".to_owned()),
        Aspect::Status | Aspect::Redirect | Aspect::Upstream => response(hop),
        Aspect::Hsts => hop.hsts.map_or_else(|| "none".to_owned(), words::policy),
        Aspect::Outcome => outcome(answer),
        Aspect::Conditions if answer.conditions.is_empty() => "nothing is assumed".to_owned(),
        Aspect::Conditions => answer.conditions.join(" and "),
    }
}

fn certificate(hop: &AnsweredHop) -> String {
    let Some(certificate) = &hop.certificate else { return "none".to_owned() };
    let names = spelled_out(&certificate.names);
    match certificate.coverage {
        Coverage::Covered => format!("{}, for {names}", certificate.file),
        Coverage::NotCovered if certificate.names.is_empty() => format!("{}, for no host", certificate.file),
        Coverage::NotCovered => format!("{}, for {names}, not for this host", certificate.file),
        Coverage::Unknown => format!("{}, which is not known here", certificate.file),
    }
}

fn response(hop: &AnsweredHop) -> String {
    let status = hop.status.map_or_else(|| "a status that cannot be told".to_owned(), |status| status.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match hop.kind {
        None => "none".to_owned(),
        Some(ResponseKind::Redirect) => format!("{status} to {}", text(&hop.location_header)),
        Some(ResponseKind::Return) => status,
        Some(ResponseKind::Proxy) => format!("the one of {}", text(&hop.upstream)),
        Some(ResponseKind::Static) => format!("{status}, a file"),
        Some(ResponseKind::Error) => format!("{status}, nginx's own error page"),
        Some(ResponseKind::Closed) => "none, the connection is closed".to_owned(),
        Some(ResponseKind::Unknown) => "it cannot be told".to_owned(),
    }
}

fn outcome(answer: &Answer) -> String {
    let text = match answer.verdict {
        Verdict::Answered => "an answer",
        Verdict::Loop => "a loop",
        Verdict::External => "a host that is not of this configuration",
        Verdict::Refused => "no answer",
        Verdict::Truncated => "more redirects than are followed",
        Verdict::Undetermined => "it cannot be told",
    };
    match answer.hops.len() {
        0 | 1 => text.to_owned(),
        count => format!("{text}, after {}", counted(count - 1, "redirect")),
    }
}

/// What several answers of one request depend on.
fn assumptions(answers: &[Answer]) -> String {
    match answers {
        [] | [_] => "it depends on nothing".to_owned(),
        _ => {
            let clauses: Vec<String> = answers.iter().map(|answer| answer.conditions.join(" and ")).collect();
            format!("it depends: {}", several(&clauses))
        }
    }
}

struct Page<'o> {
    style: HumanStyle,
    out: &'o mut dyn Write,
}

impl Page<'_> {
    fn paragraph(&mut self, indent: &str, color: &str, text: &str) -> io::Result<()> {
        let options = wrapping(self.style.width).initial_indent(indent).subsequent_indent("    ");
        for line in textwrap::wrap(&printable(text), options) {
            writeln!(self.out, "{}", self.colored(color, &line))?;
        }
        Ok(())
    }

    fn line(&mut self, sign: &str, color: &str, label: &str, text: &str) -> io::Result<()> {
        let is_narrow = self.style.width < NARROW;
        let head = if is_narrow { format!("    {sign} {label}: ") } else { format!("    {sign} {label:LABEL_WIDTH$}") };
        let indent = " ".repeat(if is_narrow { 8 } else { head.len() });
        let options = wrapping(self.style.width).initial_indent(&head).subsequent_indent(&indent);
        for line in textwrap::wrap(&printable(text), options) {
            writeln!(self.out, "{}", self.colored(color, &line))?;
        }
        Ok(())
    }

    fn colored(&self, color: &str, text: &str) -> String {
        if self.style.color && color != "0" { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
