//! What changes from one answer to another, told to people.

use super::human::counted;
use super::trace_words as words;
use crate::model::certificates::certificate_use::spelled_out;
use crate::model::following::answer::{
    Answer, AnsweredHop, AskedUpstream, CertificateIdentity, DEFAULT_HOST, PresentedCertificate, Standing,
};
use crate::model::following::difference::{Aspect, Difference};
use crate::model::{Coverage, Refusal, ResponseKind, Value, Verdict};

/// Items of a list that are written out.
const SPELLED_OUT: usize = 4;

/// What was and what will be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Change {
    pub(super) label: &'static str,
    pub(super) old: String,
    pub(super) new: String,
}

/// What all requests have in common of which a change is told; where they have not, nginx's names stand for what is the
/// request's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sameness {
    pub(super) of_host: bool,
    pub(super) of_path: bool,
}

/// What changes.
pub(super) fn changes(difference: &Difference, sameness: Sameness) -> Vec<Change> {
    let (old, new) =
        (Side { answers: &difference.old, is_new: false }, Side { answers: &difference.new, is_new: true });
    let telling = Telling { difference, sameness };
    let mut labels: Vec<(&'static str, Aspect)> =
        difference.changes.iter().map(|&aspect| (label(aspect), aspect)).collect();
    // Status, target and upstream are told as one response.
    labels.dedup_by_key(|(label, _)| *label);
    let change = |(label, aspect): (&'static str, Aspect)| Change {
        label,
        old: telling.told(aspect, old, new),
        new: telling.told(aspect, new, old),
    };
    labels.into_iter().map(change).collect()
}

/// The first of a list, and how many more there are.
pub(super) fn several(items: &[String]) -> String {
    match items.len().checked_sub(SPELLED_OUT) {
        None | Some(0) => items.join(", "),
        Some(more) => format!("{} and {more} more", items[..SPELLED_OUT].join(", ")),
    }
}

fn label(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Connection => "connection",
        Aspect::Certificate => "certificate",
        Aspect::Server => "server",
        Aspect::Status | Aspect::Redirect | Aspect::Upstream => "response",
        Aspect::UpstreamHeaders => "to upstream",
        Aspect::Root => "root",
        Aspect::Hsts => "HSTS",
        Aspect::Outcome => "outcome",
        Aspect::Conditions => "conditions",
    }
}

/// The answers of one configuration.
#[derive(Debug, Clone, Copy)]
struct Side<'r> {
    answers: &'r [Answer],
    is_new: bool,
}

struct Telling<'r> {
    difference: &'r Difference,
    sameness: Sameness,
}

impl Telling<'_> {
    fn told(&self, aspect: Aspect, own: Side<'_>, other: Side<'_>) -> String {
        if aspect == Aspect::Conditions {
            return self.conditions(own, other);
        }
        let hop = |side: Side<'_>| side.answers.get(self.difference.case)?.hops.get(self.difference.hop).cloned();
        let (Some(answer), Some(hop), other) = (own.answers.get(self.difference.case), hop(own), hop(other)) else {
            return "nothing".to_owned();
        };
        match aspect {
            Aspect::Connection => match hop.refusal {
                Some(Refusal::NothingListens) => "nothing listens".to_owned(),
                Some(Refusal::HandshakeRejected) => "the handshake is rejected".to_owned(),
                Some(Refusal::TlsToPlainSocket) => "the port does not speak TLS".to_owned(),
                None => "there is one".to_owned(),
            },
            Aspect::Certificate => {
                let other = other.as_ref().and_then(|other| other.certificate.as_ref());
                hop.certificate.as_ref().map_or_else(
                    || "none".to_owned(),
                    |own_certificate| self.certificate(own_certificate, other, own.is_new),
                )
            }
            Aspect::Server => hop.server.as_deref().map_or_else(|| "none".to_owned(), |server| self.general(server)),
            Aspect::Status | Aspect::Redirect | Aspect::Upstream => self.response(&hop, other.as_ref()),
            Aspect::UpstreamHeaders => {
                self.headers(hop.upstream.as_ref(), other.as_ref().and_then(|other| other.upstream.as_ref()))
            }
            Aspect::Root => hop.root.as_ref().map_or_else(|| "none".to_owned(), |root| self.general_value(root)),
            Aspect::Hsts => hop.hsts.map_or_else(|| "none".to_owned(), words::policy),
            Aspect::Outcome => outcome(answer),
            Aspect::Conditions => String::new(),
        }
    }

    /// A URL or a host without what differs from request to request although the directive behind it is the same.
    fn general(&self, text: &str) -> String {
        let url = &self.difference.question.url;
        let (host, path) = (url.host_str().unwrap_or_default(), url.path());
        let text = match text.strip_suffix(path) {
            Some(start) if start.contains("://") && !self.sameness.of_path => format!("{start}$request_uri"),
            _ => text.to_owned(),
        };
        // The host of a stand-in is nobody's.
        if self.sameness.of_host && !self.difference.question.is_stand_in {
            return text;
        }
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

    fn general_value(&self, value: &Value) -> String {
        words::with_unknowns(&Value { text: self.general(&value.text), is_known: value.is_known })
    }

    /// What a client sees of a certificate; of one that another replaces for the same names only what is new.
    fn certificate(&self, own: &PresentedCertificate, other: Option<&PresentedCertificate>, is_new: bool) -> String {
        let file = self.certificate_text(own, &own.file);
        let names = self.certificate_text(own, &spelled_out(&own.names));
        let other_identity = other.and_then(|other| other.identity.as_ref());
        let is_for_same = other.is_some_and(|other| (&other.names, other.coverage) == (&own.names, own.coverage));
        let mut parts = vec![match own.coverage {
            _ if is_for_same && other_identity.is_some() => file,
            Coverage::Covered => format!("{file}, for {names}"),
            Coverage::NotCovered if own.names.is_empty() => format!("{file}, for no host"),
            Coverage::NotCovered => format!("{file}, for {names}, not for this host"),
            Coverage::Unknown => format!("{file}, which is not known here"),
        }];
        match (&own.identity, other_identity) {
            (Some(own), Some(other)) => {
                parts.extend(novelties(own, other, is_new));
                // Where nothing else is another.
                if parts.len() == 1 && is_for_same {
                    parts.push(format!("serial number {}", own.serial));
                }
            }
            (Some(own), None) if own.standing != Standing::Valid => parts.push(period(own)),
            _ => {}
        }
        parts.join(", ")
    }

    /// Names stay as they are in the certificate; of hosts that have one each, the only name is the host's.
    fn certificate_text(&self, certificate: &PresentedCertificate, text: &str) -> String {
        let host = self.difference.question.url.host_str().unwrap_or_default();
        match &certificate.names[..] {
            [only] if only == host => self.general(text),
            _ => text.to_owned(),
        }
    }

    fn response(&self, hop: &AnsweredHop, other: Option<&AnsweredHop>) -> String {
        let status = hop.status.map_or_else(|| "a status that cannot be told".to_owned(), |status| status.to_string());
        match hop.kind {
            None => "none".to_owned(),
            Some(ResponseKind::Redirect) => {
                let target = hop.location_header.as_ref().map(|header| self.general_value(header));
                format!("{status} to {}", target.unwrap_or_default())
            }
            Some(ResponseKind::Return) => status,
            Some(ResponseKind::Proxy) => {
                let other = other.and_then(|other| other.upstream.as_ref());
                let upstream = hop.upstream.as_ref().map(|own| {
                    let servers = servers(own, other).map(|servers| format!(" ({servers})")).unwrap_or_default();
                    format!("{}{servers}", self.general_value(&own.target))
                });
                format!("the one of {}", upstream.unwrap_or_default())
            }
            Some(ResponseKind::Static) => format!("{status}, a file"),
            Some(ResponseKind::Error) => format!("{status}, nginx's own error page"),
            Some(ResponseKind::Closed) => "none, the connection is closed".to_owned(),
            Some(ResponseKind::Unknown) => "it cannot be told".to_owned(),
        }
    }

    /// The headers that the other does not get, and those that only the other gets.
    fn headers(&self, own: Option<&AskedUpstream>, other: Option<&AskedUpstream>) -> String {
        let headers = |upstream: Option<&AskedUpstream>| upstream.map(|upstream| upstream.headers.clone());
        let (own_headers, other_headers) = (headers(own).unwrap_or_default(), headers(other).unwrap_or_default());
        let mut told: Vec<String> = Vec::new();
        for (name, value) in own_headers.iter().filter(|header| !other_headers.contains(header)) {
            let name = written_name(name);
            told.push(match (value.as_str(), own.and_then(|own| authority(&own.target.text))) {
                (DEFAULT_HOST, Some(host)) => format!("{name}: {}", self.general(host)),
                ("", _) => format!("no {name}"),
                (value, _) if name == "Host" => format!("{name}: {}", self.general(value)),
                (value, _) => format!("{name}: {value}"),
            });
        }
        for (name, _) in other_headers.iter().filter(|(name, _)| own_headers.iter().all(|(own, _)| own != name)) {
            let missing = format!("no {}", written_name(name));
            if !told.contains(&missing) {
                told.push(missing);
            }
        }
        several(&told)
    }

    /// Who gets another answer than the one that is told, and when.
    fn conditions(&self, own: Side<'_>, other: Side<'_>) -> String {
        let (own_others, other_others) = (self.other_answers(own), self.other_answers(other));
        if own_others == other_others {
            return assumptions(own.answers, self.difference.case);
        }
        let refused = |side: Side<'_>| {
            let mut statuses: Vec<String> =
                side.answers.iter().filter_map(Answer::refuses_with).map(|status| status.to_string()).collect();
            statuses.sort();
            statuses.dedup();
            statuses.join(" and ")
        };
        let (own_refused, other_refused) = (refused(own), refused(other));
        match (own.is_new, own_refused.as_str(), other_refused.as_str()) {
            (true, "", "") | (false, "", "") if own_others.is_empty() => "the same answer for all".to_owned(),
            (_, "", "") => own_others.join("; "),
            (true, "", status) => format!("those who got {status} are let in, too"),
            (false, "", _) => "all are let in".to_owned(),
            _ if own_others.is_empty() => "the same answer for all".to_owned(),
            _ => own_others.join("; "),
        }
    }

    /// `403, nginx's own error page, when the client's address is denied`, for each answer that is not the one told.
    fn other_answers(&self, side: Side<'_>) -> Vec<String> {
        let told = side.answers.get(self.difference.case).or(side.answers.first());
        let Some(told) = told else { return Vec::new() };
        let result = |answer: &Answer| answer.hops.last().map(|hop| self.response(hop, None)).unwrap_or_default();
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for answer in side.answers.iter().filter(|answer| result(answer) != result(told)) {
            let own: Vec<&str> = answer
                .conditions
                .iter()
                .filter(|condition| !told.conditions.contains(condition))
                .map(String::as_str)
                .collect();
            let (result, when) = (result(answer), own.join(" and "));
            match groups.iter_mut().find(|(known, _)| *known == result) {
                Some((_, conditions)) => conditions.push(when),
                None => groups.push((result, vec![when])),
            }
        }
        let text = |(result, conditions): (String, Vec<String>)| match conditions.len() {
            1 => format!("{result}, when {}", conditions.concat()),
            count => {
                let first = conditions.first().map_or("", String::as_str);
                format!("{result}, when {first} (and in {} more cases)", count - 1)
            }
        };
        groups.into_iter().map(text).collect()
    }
}

/// In what a certificate differs from the other one.
fn novelties(own: &CertificateIdentity, other: &CertificateIdentity, is_new: bool) -> Vec<String> {
    let mut told = Vec::new();
    let is_later = own.validity.not_after > other.validity.not_after;
    if is_new && is_later && (&own.issuer, own.key) == (&other.issuer, other.key) {
        told.push("renewed".to_owned());
    }
    if own.issuer != other.issuer {
        told.push(format!("issued by {}", own.issuer));
    }
    if own.key != other.key {
        told.push(own.key.to_string());
    }
    if period(own) != period(other) {
        told.push(period(own));
    }
    told
}

/// `until 2026-09-01`, or that it is not valid now.
fn period(identity: &CertificateIdentity) -> String {
    match identity.standing {
        Standing::Valid => format!("until {}", identity.validity.not_after),
        Standing::Expired => format!("expired on {}", identity.validity.not_after),
        Standing::NotYetValid => format!("not valid before {}", identity.validity.not_before),
    }
}

/// The servers of a group, those that the other has not first.
fn servers(own: &AskedUpstream, other: Option<&AskedUpstream>) -> Option<String> {
    let mut servers = own.servers.clone();
    servers.sort_by_key(|server| other.is_some_and(|other| other.servers.contains(server)));
    (!servers.is_empty()).then(|| several(&servers))
}

/// What stands between the scheme and the path of a URL.
fn authority(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', '?']).next()
}

/// `X-Forwarded-Proto`
fn written_name(name: &str) -> String {
    let part = |part: &str| match part.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => part.to_owned(),
    };
    name.split('-').map(part).collect::<Vec<_>>().join("-")
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

/// What an answer depends on; where one configuration has fewer answers, what all of its answers depend on.
fn assumptions(answers: &[Answer], case: usize) -> String {
    match (answers.get(case), answers) {
        (Some(answer), _) if answer.conditions.is_empty() => "nothing is assumed".to_owned(),
        (Some(answer), _) => answer.conditions.join(" and "),
        (None, [] | [_]) => "it depends on nothing".to_owned(),
        (None, _) => {
            let clauses: Vec<String> = answers.iter().map(|answer| answer.conditions.join(" and ")).collect();
            format!("it depends: {}", several(&clauses))
        }
    }
}
