//! Hosts that a configuration names beside its server names: where it sends visitors, what it asks itself, what headers,
//! maps and certificates hold.

use std::fmt;

use rustc_hash::FxHashMap;

use crate::config::Directive;
use crate::model::Model;
use crate::source::Span;
use crate::syntax::Word;
use crate::tls::{CertificateName, Host};

/// Directives that send visitors elsewhere.
const SENDING: &[&str] = &["return", "rewrite", "error_page"];

/// Directives by which nginx asks another server itself.
const ASKING: &[&str] =
    &["proxy_pass", "grpc_pass", "fastcgi_pass", "scgi_pass", "uwsgi_pass", "memcached_pass", "mirror"];

/// Other directives whose values hold hosts that browsers come to see.
const NAMING: &[&str] = &["add_header", "more_set_headers", "sub_filter", "proxy_redirect", "set", "valid_referers"];

/// Blocks whose entries hold values.
const TABLES: &[&str] = &["map", "geo", "split_clients"];

/// A host where it is named.
#[derive(Debug)]
pub(crate) struct Mention {
    /// The host.
    pub(crate) host: Host,
    /// Where it stands.
    pub(crate) place: Span,
    /// What for.
    pub(crate) kind: MentionKind,
}

/// What a host is named for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MentionKind {
    /// Visitors are sent there, over http://.
    SentOverHttp,
    /// Visitors are sent there.
    Sent,
    /// A value of this directive or block names it.
    Named(Box<str>),
    /// A certificate, by its path, is for it.
    Certified(Box<str>),
    /// nginx itself asks it.
    Asked,
}

impl fmt::Display for MentionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MentionKind::SentOverHttp => f.write_str("where visitors are sent over http://"),
            MentionKind::Sent => f.write_str("where visitors are sent"),
            MentionKind::Named(directive) => write!(f, "named in {directive}"),
            MentionKind::Certified(path) => write!(f, "a name of the certificate {path}"),
            MentionKind::Asked => f.write_str("asked by nginx itself, which knows no HSTS"),
        }
    }
}

/// All of them by the domains above.
#[derive(Debug, Default)]
pub(crate) struct Mentions {
    all: Vec<Mention>,
    below: FxHashMap<Box<str>, Vec<u32>>,
}

impl Mentions {
    fn of(model: &Model<'_>) -> Mentions {
        let mut mentions = Mentions::default();
        for directive in model.config.directives() {
            let Some((kind, has_key)) = kind_of(directive) else { continue };
            let key = has_key.then(|| directive.name_word());
            for word in key.into_iter().chain(directive.arguments()) {
                mentions.read(word, &kind);
            }
        }
        for used in model.certificate_uses() {
            for name in used.leaf().into_iter().flat_map(|leaf| leaf.names()) {
                let CertificateName::Dns(name) = name else { continue };
                if let Ok(host) = Host::parse(name.as_bytes()) {
                    mentions.add(host, used.span(), MentionKind::Certified(used.text().into()));
                }
            }
        }
        mentions
    }

    fn read(&mut self, word: Word<'_>, kind: &MentionKind) {
        // Most values have no host in them.
        if memchr::memchr(b'.', word.raw()).is_none() {
            return;
        }
        let text = word.text();
        let is_of_host = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_');
        let mut start = 0;
        for piece in text.split_inclusive(|char| !is_of_host(char)) {
            let before = &text[..start];
            start += piece.len();
            let Ok(host) = Host::parse(piece.trim_end_matches(|char| !is_of_host(char)).as_bytes()) else { continue };
            if host.name().is_none_or(|name| !name.contains('.')) {
                continue;
            }
            let kind = match kind {
                MentionKind::Sent if before.ends_with("http://") => MentionKind::SentOverHttp,
                other => other.clone(),
            };
            self.add(host, word.span(), kind);
        }
    }

    fn add(&mut self, host: Host, place: Span, kind: MentionKind) {
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let name = host.name().unwrap_or_default();
        for (dot, _) in name.match_indices('.') {
            self.below.entry(name[dot + 1..].into()).or_default().push(number);
        }
        self.all.push(Mention { host, place, kind });
    }
}

/// What the hosts in a directive are named for, and whether its name is one of its values.
fn kind_of(directive: Directive<'_>) -> Option<(MentionKind, bool)> {
    let is_in = |names: &[&str]| names.iter().any(|name| directive.is_named(name));
    let parent = directive.parent();
    if let Some(table) = parent.filter(|parent| TABLES.iter().any(|name| parent.is_named(name))) {
        return Some((MentionKind::Named(table.name_text().into()), true));
    }
    let is_of_upstream = directive.is_named("server") && parent.is_some_and(|parent| parent.is_named("upstream"));
    if is_of_upstream || is_in(ASKING) {
        Some((MentionKind::Asked, false))
    } else if is_in(SENDING) {
        Some((MentionKind::Sent, false))
    } else if is_in(NAMING) {
        Some((MentionKind::Named(directive.name_text().into()), false))
    } else {
        None
    }
}

impl Model<'_> {
    /// The hosts below a domain that no server has a name for, each once, what matters most for visitors first.
    pub(crate) fn mentions_below(&self, domain: &Host) -> Vec<&Mention> {
        let mentions = self.mentions.get_or_init(|| Mentions::of(self));
        let numbers = domain.name().and_then(|domain| mentions.below.get(domain)).map(Vec::as_slice);
        let found = numbers.unwrap_or_default().iter().filter_map(|&number| mentions.all.get(number as usize));
        let mut found: Vec<&Mention> =
            found.filter(|mention| !self.is_served(mention.host.name().unwrap_or_default())).collect();
        found.sort_by(|a, b| (&a.host, &a.kind, a.place).cmp(&(&b.host, &b.kind, b.place)));
        found.dedup_by(|later, first| later.host == first.host);
        found
    }
}
