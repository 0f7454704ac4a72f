//! The names below a domain that a configuration knows, and how browsers find them that are forced to https.

use std::fmt;

use rustc_hash::FxHashMap;
use url::Url;

use crate::model::hsts::mentions::MentionKind;
use crate::model::sockets::listen::Listen;
use crate::model::{
    Coverage, Edge, Family, ListenSocket, Model, NameKind, Response, ResponseKind, Server, ServerId, ServerName,
    Service, Start,
};
use crate::nginx::Contexts;
use crate::source::Span;
use crate::syntax::Word;
use crate::tls::Host;

const HTTPS_PORT: u16 = 443;

/// Of so many regexes among the server names of a configuration none is asked for hosts that it matches.
const MANY_REGEXES: usize = 256;

/// How a host is served over HTTPS by this configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpsState {
    /// With a certificate; the path of the first one.
    Certificate(Coverage, String),
    /// No TLS server has the name; the certificate that the default server presents instead, if there
    /// is a TLS socket at all.
    PlainOnly(Option<String>),
    /// The default server of the TLS socket rejects the handshake, and none has the name.
    Rejected,
    /// It cannot be told.
    Unknown,
}

/// A name below a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subdomain {
    /// The name, or the pattern, as it is written.
    pub name: String,
    /// Where it stands.
    pub place: Span,
    /// How it is served.
    pub state: SubdomainState,
    /// Whether it stands for more names than one.
    pub is_pattern: bool,
}

/// How a name below a domain is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubdomainState {
    /// By a server of this configuration.
    Served(HttpsState),
    /// Over plain HTTP, which does no more for visitors than to send them to https:// on another host.
    LeadsAway {
        /// The server answers for the authority that certifies the name: it has, or will have, a certificate.
        is_certified: bool,
    },
    /// By none, but it is named.
    NotServed(MentionKind),
}

/// What includeSubDomains on the domain does to a name, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lockout {
    /// Browsers cannot open it any more.
    Certain,
    /// Visitors of http:// do not come to where they were sent any more.
    OfRedirect,
    /// Browsers cannot open it, if there is such a name, or if nothing else serves it over HTTPS.
    Possible,
    /// As `OfRedirect`, of a name that has a certificate somewhere.
    OfCertifiedRedirect,
    /// Nothing, as far as it is known.
    None,
}

impl Subdomain {
    /// How it is served in two or three words, to count names that are served alike.
    #[must_use]
    pub fn kind_text(&self) -> &'static str {
        match &self.state {
            SubdomainState::Served(HttpsState::PlainOnly(_) | HttpsState::Rejected) => "on plain HTTP only",
            SubdomainState::Served(HttpsState::Certificate(Coverage::NotCovered, _)) => "not covered",
            SubdomainState::Served(HttpsState::Certificate(..)) => "over HTTPS",
            SubdomainState::Served(HttpsState::Unknown) => "unknown",
            SubdomainState::LeadsAway { .. } => "only sent elsewhere",
            SubdomainState::NotServed(_) => "not served here",
        }
    }

    /// What includeSubDomains on the domain above does to it.
    #[must_use]
    pub fn lockout(&self) -> Lockout {
        match &self.state {
            SubdomainState::Served(state) if state.is_broken() && self.is_pattern => Lockout::Possible,
            SubdomainState::Served(state) if state.is_broken() => Lockout::Certain,
            SubdomainState::LeadsAway { is_certified: false } => Lockout::OfRedirect,
            SubdomainState::LeadsAway { is_certified: true } => Lockout::OfCertifiedRedirect,
            SubdomainState::NotServed(MentionKind::SentOverHttp) => Lockout::Possible,
            SubdomainState::Served(_) | SubdomainState::NotServed(_) => Lockout::None,
        }
    }
}

/// How it is served, as a sentence.
impl fmt::Display for Subdomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is ", self.name)?;
        match &self.state {
            SubdomainState::Served(state) => state.fmt(f),
            SubdomainState::LeadsAway { .. } => {
                f.write_str("only there to send visitors from http:// elsewhere, which HSTS keeps them from")
            }
            SubdomainState::NotServed(MentionKind::Asked) => MentionKind::Asked.fmt(f),
            SubdomainState::NotServed(kind) => write!(f, "{kind}, and no server here has the name"),
        }
    }
}

impl fmt::Display for HttpsState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PLAIN_ONLY: &str = "served on plain HTTP only";
        match self {
            HttpsState::PlainOnly(None) => f.write_str(PLAIN_ONLY),
            HttpsState::PlainOnly(Some(path)) => write!(f, "{PLAIN_ONLY}; over HTTPS clients get {path}"),
            HttpsState::Rejected => write!(f, "{PLAIN_ONLY}; over HTTPS the default server rejects it"),
            HttpsState::Certificate(Coverage::NotCovered, path) => {
                write!(f, "served with {path}, which does not cover it")
            }
            HttpsState::Certificate(Coverage::Covered, path) => write!(f, "served over HTTPS with {path}"),
            HttpsState::Certificate(Coverage::Unknown, path) if path.is_empty() => {
                f.write_str("served over HTTPS with a certificate that is not known")
            }
            HttpsState::Certificate(Coverage::Unknown, path) => {
                write!(f, "served over HTTPS with {path}, which was not read")
            }
            HttpsState::Unknown => f.write_str("served in a way that cannot be told"),
        }
    }
}

impl HttpsState {
    /// Whether browsers that are forced to https get an error.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        match self {
            HttpsState::Certificate(coverage, _) => *coverage == Coverage::NotCovered,
            HttpsState::PlainOnly(_) | HttpsState::Rejected => true,
            HttpsState::Unknown => false,
        }
    }
}

impl<'c> Model<'c> {
    /// Every name below `domain` that the configuration knows, each once, what is locked out first.
    #[must_use]
    pub fn subdomains(&self, domain: &Host) -> Vec<Subdomain> {
        let mut found = self.served_below(domain);
        found.extend(self.patterns_below(domain));
        found.extend(self.mentions_below(domain).into_iter().map(|mention| Subdomain {
            name: mention.host.to_string(),
            place: mention.place,
            state: SubdomainState::NotServed(mention.kind.clone()),
            is_pattern: false,
        }));
        found.sort_by_key(Subdomain::lockout);
        found
    }

    /// `domain` and the hosts below it, as far as servers that browsers reach name them, that no policy binds.
    #[must_use]
    pub fn hosts_without_policy(&self, domain: &Host) -> Vec<(Host, Span)> {
        let exact = self.owners_of(domain.name().unwrap_or_default()).flat_map(|server| &server.names);
        let names = exact.filter(|name| name.host().as_ref() == Some(domain)).chain(self.names_below(domain));
        let mut hosts: Vec<(Host, Span)> = names.filter_map(|name| Some((name.host()?, name.span()?))).collect();
        hosts.sort_by(|a, b| (a.0 != *domain, a).cmp(&(b.0 != *domain, b)));
        hosts.dedup_by(|later, first| later.0 == first.0);
        hosts.retain(|(host, _)| {
            let servers = || self.owners_of(host.name().unwrap_or_default());
            let is_reached = |server: &Server<'_>| {
                let mut sockets = self.sockets_of(server.id).filter(|socket| !socket.is_quic);
                sockets.any(|socket| Family::ALL.iter().any(|&family| socket.serves(family)))
            };
            servers().any(is_reached) && !self.sends_policy(host) && !self.is_bound_from_above(host)
        });
        hosts
    }

    /// The hosts below `domain` that servers name exactly.
    fn served_below(&self, domain: &Host) -> Vec<Subdomain> {
        let names = self.names_below(domain);
        let mut hosts: Vec<(Host, Span)> = names.filter_map(|name| Some((name.host()?, name.span()?))).collect();
        hosts.sort();
        hosts.dedup_by(|later, first| later.0 == first.0);
        let subdomain = |(host, place): (Host, Span)| {
            let state = match self.https_state(&host) {
                HttpsState::PlainOnly(_) | HttpsState::Rejected if self.only_sends_elsewhere(&host) => {
                    SubdomainState::LeadsAway { is_certified: self.is_being_certified(&host) }
                }
                state @ (HttpsState::PlainOnly(_) | HttpsState::Rejected) => match self.plain_service(&host) {
                    PlainService::Nobody => return None,
                    PlainService::Direct => SubdomainState::Served(state),
                    PlainService::BehindOther => SubdomainState::Served(HttpsState::Unknown),
                },
                state => SubdomainState::Served(state),
            };
            Some(Subdomain { name: host.to_string(), place, state, is_pattern: false })
        };
        hosts.into_iter().filter_map(subdomain).collect()
    }

    /// The wildcards and regexes that take names below `domain`.
    fn patterns_below(&self, domain: &Host) -> Vec<Subdomain> {
        let patterns = self.patterns_below.get_or_init(|| PatternNames::of(self));
        let numbers = domain.name().and_then(|domain| patterns.below.get(domain)).map(Vec::as_slice);
        let found = numbers.unwrap_or_default().iter().filter_map(|&number| patterns.all.get(number));
        let mut subdomains: Vec<Subdomain> = Vec::new();
        for (id, host) in found {
            let server = self.server(id.0);
            let name = self.name(*id);
            let (Some(place), text) = (name.span(), pattern_text(name)) else { continue };
            if subdomains.iter().any(|known| known.name == text) {
                continue;
            }
            let state = match self.https_state(host) {
                HttpsState::PlainOnly(_) | HttpsState::Rejected if !self.serves_plain_pages(server, host) => continue,
                state => SubdomainState::Served(state),
            };
            subdomains.push(Subdomain { name: text, place, state, is_pattern: true });
        }
        subdomains
    }

    /// Whether the plain servers of `host` do no more for visitors than send them to https:// on another host.
    fn only_sends_elsewhere(&self, host: &Host) -> bool {
        self.only_sends_to_https(host, false)
    }

    /// Whether they do no more than send them to https://, on the same host or on another one.
    fn only_sends_to_https(&self, host: &Host, on_same_host: bool) -> bool {
        let leads_there = |response: &Response<'_>| {
            let target = response.location_header.as_ref().and_then(|header| Url::parse(&header.text).ok());
            let is_there =
                |target: Url| target.scheme() == "https" && (target.host_str() == host.name()) == on_same_host;
            response.kind == ResponseKind::Redirect && target.is_some_and(is_there)
        };
        let owners = self.owners_of(host.name().unwrap_or_default());
        let mut pages = owners.filter_map(|server| self.plain_front_page(server, host)).peekable();
        pages.peek().is_some()
            && pages.all(|(responses, is_complete)| {
                is_complete && !responses.is_empty() && responses.iter().all(leads_there)
            })
    }

    /// Whether a server of `host` answers for the authority that certifies the name (RFC 8555, section 8.3).
    fn is_being_certified(&self, host: &Host) -> bool {
        let is_for_authority = |word: Word<'_>| memchr::memmem::find(word.raw(), b"acme-challenge").is_some();
        self.owners_of(host.name().unwrap_or_default())
            .flat_map(|server| server.directive.descendants())
            .any(|block| block.is_named("location") && block.arguments().any(is_for_authority))
    }

    fn plain_service(&self, host: &Host) -> PlainService {
        let mut service = PlainService::Nobody;
        for server in self.owners_of(host.name().unwrap_or_default()) {
            let Some((responses, is_complete)) = self.plain_front_page(server, host) else { continue };
            if is_complete && responses.iter().all(|response| response.kind == ResponseKind::Closed) {
                continue;
            }
            if !self.may_sit_behind_tls(server) {
                return PlainService::Direct;
            }
            service = PlainService::BehindOther;
        }
        service
    }

    /// Whether visitors of `host` see anything over plain HTTP but a redirect to https.
    fn serves_plain_pages(&self, server: &Server<'c>, host: &Host) -> bool {
        let is_page = |response: &Response<'_>| {
            let target = response.location_header.as_ref().map(|header| header.text.as_str());
            match response.kind {
                ResponseKind::Redirect => target.is_none_or(|target| !target.starts_with("https:")),
                ResponseKind::Closed | ResponseKind::Unknown => false,
                _ => true,
            }
        };
        let page = self.plain_front_page(server, host);
        !self.may_sit_behind_tls(server) && page.is_some_and(|(responses, _)| responses.iter().any(is_page))
    }

    /// What a server answers to `http://host/`, and whether these are all of its answers; `None` where other machines do
    /// not reach it over plain HTTP.
    fn plain_front_page(&self, server: &Server<'c>, host: &Host) -> Option<(Vec<Response<'c>>, bool)> {
        let is_reached = |socket: &&ListenSocket| {
            !socket.is_tls && !socket.is_quic && Family::ALL.iter().any(|&family| socket.serves(family))
        };
        let socket = self.sockets_of(server.id).find(is_reached)?;
        let url = Url::parse(&format!("http://{host}:{}/", socket.endpoint.port)).ok()?;
        let start = Start { max_hops: 1, ..Start::new(url, Some(socket))? };
        let (traces, is_complete) = self.tracer().traces(&start);
        let responses = traces.into_iter().filter_map(|trace| trace.hops.into_iter().next()?.response);
        Some((responses.filter(|response| response.server == server.id).collect(), is_complete))
    }

    /// How `host` is served over HTTPS: where browsers go that are forced there, which is port 443 (RFC 6797, section 8.3).
    /// Where nothing speaks TLS on it, another port stands for it, as in a container.
    #[must_use]
    pub fn https_state(&self, host: &Host) -> HttpsState {
        // What an edge serves is not to be seen here.
        if self.edge_of_host(host.name().unwrap_or_default()) == Edge::Tls {
            return HttpsState::Unknown;
        }
        let tls_sockets = || self.sockets().filter(|socket| socket.is_tls && !socket.is_quic);
        let has_https_port = tls_sockets().any(|socket| socket.endpoint.port == HTTPS_PORT);
        let mut fallback = None;
        for socket in tls_sockets().filter(|socket| !has_https_port || socket.endpoint.port == HTTPS_PORT) {
            let path = |server: &Server<'_>| {
                let used = self.presented_use(self.presenting_server(socket, server.id), None);
                used.map(|used| used.word.text().into_owned()).unwrap_or_default()
            };
            match self.service(socket, host) {
                Service::Unknown => return HttpsState::Unknown,
                Service::Named(server) if !server.rejects_handshake => {
                    let coverage = self.coverage(self.presenting_server(socket, server.id), host);
                    return HttpsState::Certificate(coverage, path(server));
                }
                Service::Named(_) | Service::Rejected(_) => fallback = fallback.or(Some(HttpsState::Rejected)),
                Service::ForAll(server, coverage) if !server.has_real_name() => {
                    fallback = Some(HttpsState::Certificate(coverage, path(server)));
                }
                // One with a name is another site, whatever its certificate covers; but visitors of plain HTTP that
                // are sent to it lose nothing by coming to it at once.
                Service::ForAll(server, coverage) | Service::Stranger(server, coverage)
                    if coverage != Coverage::NotCovered && self.only_sends_to_https(host, true) =>
                {
                    fallback = Some(HttpsState::Certificate(coverage, path(server)));
                }
                Service::ForAll(server, _) | Service::Stranger(server, _) => {
                    fallback = fallback.or(Some(HttpsState::PlainOnly(Some(path(server)))));
                }
            }
        }
        match fallback.unwrap_or(HttpsState::PlainOnly(None)) {
            state @ HttpsState::Certificate(..) => state,
            // It may be passed on, by its SNI, to whatever serves it.
            _ if self.has_stream_on_https_port() => HttpsState::Unknown,
            state => state,
        }
    }

    /// Whether a server of `stream` takes connections on port 443.
    fn has_stream_on_https_port(&self) -> bool {
        let listens = self.config.directives_named("listen", Contexts::STREAM_SERVER).filter_map(Listen::parse);
        let mut endpoints = listens.flat_map(|listen| listen.endpoints);
        endpoints.any(|endpoint| endpoint.port == HTTPS_PORT)
    }
}

/// Who answers for a host over plain HTTP.
enum PlainService {
    /// No server that other machines reach, or one that closes the connection.
    Nobody,
    /// A server of this configuration.
    Direct,
    /// One that TLS may end before.
    BehindOther,
}

/// The names of servers that take more than one host, by the domains above those.
#[derive(Debug, Default)]
pub(crate) struct PatternNames {
    /// Each with a host that it takes.
    all: Vec<((ServerId, usize), Host)>,
    below: FxHashMap<Box<str>, Vec<usize>>,
}

impl PatternNames {
    fn of(model: &Model<'_>) -> PatternNames {
        let asks_regexes = model.served_hosts().regex_count() <= MANY_REGEXES;
        let mut names = PatternNames::default();
        for server in model.servers() {
            for (number, name) in server.names.iter().enumerate() {
                let hosts = match &name.kind {
                    NameKind::WildcardLeading(domain) | NameKind::DotLeading(domain) => {
                        // No other server names it.
                        format!("any-name.{domain}").parse().into_iter().collect()
                    }
                    NameKind::Regex(_) if asks_regexes => name.witnesses(),
                    _ => Vec::new(),
                };
                for host in hosts {
                    let text = host.name().unwrap_or_default();
                    for (dot, _) in text.match_indices('.') {
                        names.below.entry(text[dot + 1..].into()).or_default().push(names.all.len());
                    }
                    names.all.push(((server.id, number), host));
                }
            }
        }
        names
    }
}

/// A pattern as messages call it.
fn pattern_text(name: &ServerName<'_>) -> String {
    match &name.kind {
        NameKind::DotLeading(domain) => format!("*.{domain}"),
        _ => name.to_string(),
    }
}
