//! What two configurations answer differently, for people: by host, what was and what will be.

use std::collections::hash_map::Entry;
use std::io::{self, Write};
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::difference_words::{Change, Sameness, changes, several};
use super::human::{HumanStyle, counted, wrapping};
use super::printable::printable;
use crate::model::following::difference::{Comparison, Difference};

/// Columns of the sign and the longest label.
const LABEL_WIDTH: usize = 13;

/// Below this the text of a line gets the room of the labels' column as well.
const NARROW: usize = 60;

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
            let general = changes(difference, Sameness { of_host: false, of_path: false });
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
            let sameness = Sameness { of_host: !of_several, of_path: group.differences.len() == 1 };
            let changes = group.differences.first().map(|first| changes(first, sameness)).unwrap_or_default();
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
