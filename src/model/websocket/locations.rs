//! The locations that may answer a handshake, and what they make of it.

use rustc_hash::FxHashMap;
use url::Url;

use crate::config::{Directive, ItemId};
use crate::model::following::starts::{ANY_HOST, hosts_of};
use crate::model::following::witness::Witnesses;
use crate::model::inherit::{self, InEffect};
use crate::model::processing::{self, Arrival};
use crate::model::requests::choices::explore;
use crate::model::requests::location::{Modifier, matcher};
use crate::model::requests::proxy::ProxiedBlock;
use crate::model::requests::request::Request;
use crate::model::values::map::{Entry, TableKind};
use crate::model::values::value::{Piece, has_variables, pieces};
use crate::model::websocket::applications::Patterns;
use crate::model::websocket::entrance::{Entrances, unused_upgrade};
use crate::model::websocket::forwarding::{Forwarding, Passed};
use crate::model::websocket::handshake::{Asked, says_upgrade};
use crate::model::websocket::intent::{self, Intent, NameIntent};
use crate::model::{Model, SelectedBy, Server, ServerId};
use crate::nginx::{Contexts, DirectiveName, NginxVersion, default_value, parse_time};

/// Combinations of unknowns that are tried for one location.
const MAX_COMBINATIONS: usize = 32;

/// A `proxy_pass` that is meant for WebSocket, whoever says so.
#[derive(Debug, Clone)]
pub struct WebsocketLocation<'c> {
    /// The `proxy_pass`, in its block.
    pub proxied: ProxiedBlock<'c>,
    /// The `proxy_set_header` directives in effect there.
    pub headers: InEffect<'c>,
    /// What says that it is meant for WebSocket.
    pub intent: Intent<'c>,
    /// What the upstream gets of a handshake; `None` where the location does not pass it on there: it has another
    /// answer, or another `proxy_pass` for it.
    pub forwarding: Option<Forwarding<'c>>,
    /// The `mirror` or `auth_request` whose subrequests it is there for: no client gets to it.
    pub subrequest_of: Option<Directive<'c>>,
    /// What keeps handshakes of Firefox, with its longer Connection, from succeeding where those of others do.
    pub with_firefox: Option<Forwarding<'c>>,
}

impl<'c> WebsocketLocation<'c> {
    /// The location.
    #[must_use]
    pub fn location(&self) -> Directive<'c> {
        self.proxied.location()
    }

    /// The location that clients ask for: it, or one that leads to it.
    #[must_use]
    pub fn entrance(&self) -> Directive<'c> {
        self.intent.led_by.unwrap_or_else(|| self.location())
    }

    /// Whether its name says that it is for WebSocket, so that ordinary requests are not what it is there for.
    #[must_use]
    pub fn is_named_for_it(&self) -> bool {
        self.intent.name.is_some()
    }

    /// The header that shows what is meant, where it is written in the location itself: one of an outer level, or of a
    /// file that others include, too, is there for other locations as well.
    #[must_use]
    pub fn own_header(&self) -> Option<Directive<'c>> {
        let location = self.location();
        self.intent.header.filter(|header| {
            header.ancestors().any(|block| block == location) && header.span().file == location.span().file
        })
    }

    /// The same where it stands in a file that the location includes, and that is there for WebSocket alone: it sets no
    /// header that other requests need.
    #[must_use]
    pub fn included_header(&self) -> Option<Directive<'c>> {
        const OF_HANDSHAKES: &[&str] = &["upgrade", "connection", "host"];
        let location = self.location();
        let header = self.intent.header.filter(|header| header.ancestors().any(|block| block == location))?;
        let mut beside = self.headers.directives.iter().filter(|other| other.span().file == header.span().file);
        let is_for_it = beside.all(|other| {
            other.argument(0).is_some_and(|name| {
                let name = name.text().to_ascii_lowercase();
                OF_HANDSHAKES.contains(&name.as_str()) || name.starts_with("sec-websocket-")
            })
        });
        (is_for_it && header.span().file != location.span().file).then_some(header)
    }

    /// Whether it is for WebSocket and not only one of many that get the headers of an outer level, or of a file for all.
    #[must_use]
    pub fn is_itself_for_it(&self) -> bool {
        let is_named = || match &self.intent.name {
            Some(name) => name.is_unmistakable() || self.intent.header.is_some(),
            None => false,
        };
        self.own_header().is_some() || self.included_header().is_some() || is_named()
    }

    /// Whether a handshake that the location passes on succeeds.
    #[must_use]
    pub fn succeeds(&self) -> bool {
        self.forwarding.as_ref().is_some_and(Forwarding::succeeds)
    }

    /// The list that its `proxy_set_header` directives have taken the place of: the nearest outer one. `None` where it
    /// has none of its own.
    #[must_use]
    pub fn lost_headers(&self) -> Option<InEffect<'c>> {
        let outer = self.headers.level?.parent()?;
        Some(inherit::in_effect(outer, "proxy_set_header"))
    }

    /// Whether these headers are all in that list, so that they would be sent if the block had none of its own.
    #[must_use]
    pub fn is_lost_to_own_headers(&self, names: &[&str]) -> bool {
        self.lost_headers().is_some_and(|lost| {
            !names.is_empty()
                && names.iter().all(|wanted| {
                    lost.directives.iter().any(|header| {
                        let is_wanted = |name: crate::syntax::Word<'_>| name.text().eq_ignore_ascii_case(wanted);
                        let is_sent = header.argument(1).is_some_and(|value| !value.text().is_empty());
                        is_sent && header.argument(0).is_some_and(is_wanted)
                    })
                })
        })
    }

    /// The milliseconds of a time in effect, and the directive that says so; nginx's default where none does.
    #[must_use]
    pub fn time_in_effect(&self, name: &str, version: NginxVersion) -> Option<(u64, Option<Directive<'c>>)> {
        let said = inherit::value_in_effect(self.proxied.block, name);
        let value = match said {
            Some(directive) => directive.argument(0)?.value().into_owned(),
            None => {
                let name = DirectiveName::find(name.as_bytes())?;
                let context = name.rows().first()?.contexts;
                default_value(name, context, version)?.as_bytes().to_vec()
            }
        };
        Some((parse_time(&value).ok()?, said))
    }
}

/// A `map` whose variable is sent as a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapBehind<'c> {
    /// The block.
    pub block: Directive<'c>,
    /// The variable, without `$`.
    pub variable: String,
    /// What it looks at, as written.
    pub source: String,
    /// Whether it has a `default`.
    pub has_default: bool,
}

/// The requests of one location, worked out when they are asked for.
pub(super) struct Asking<'m, 'c> {
    model: &'m Model<'c>,
    entrances: Option<Entrances<'c>>,
    witnesses: Witnesses,
    known: FxHashMap<(ItemId, Asked), Vec<Passed<'c>>>,
}

impl<'c> Model<'c> {
    /// The locations that are meant for WebSocket, in the order of the configuration.
    pub fn websocket_locations(&self) -> &[WebsocketLocation<'c>] {
        self.websocket_locations.get_or_init(|| {
            let patterns = &self.environment.websocket;
            let mut asking = Asking::new(self);
            asking.entrances = Some(Entrances::read(self));
            let (mut meant, mut others) = (Vec::new(), Vec::new());
            for proxied in self.proxied_blocks() {
                match asking.websocket_location(proxied, patterns) {
                    Ok(location) => meant.push(location),
                    Err(headers) => others.push((proxied, headers)),
                }
            }
            let twins = asking.twins(&meant, others);
            meant.extend(twins);
            meant.sort_by_key(|location| location.proxied.pass.id());
            meant
        })
    }

    /// The `map` that gives a `proxy_set_header` its value, where that is one variable of one.
    #[must_use]
    pub fn map_behind(&self, header: Directive<'c>) -> Option<MapBehind<'c>> {
        let value = header.argument(1)?.text().into_owned();
        let mut parts = pieces(&value);
        let (Some(Piece::Variable(name)), None) = (parts.next(), parts.next()) else { return None };
        let table = self.definitions().table(&name.to_ascii_lowercase())?;
        let source = table.source.filter(|_| table.kind == TableKind::Map)?.text().into_owned();
        Some(MapBehind { block: table.block, variable: name.to_owned(), source, has_default: table.has_default() })
    }
}

impl<'c> Model<'c> {
    /// The variable of the first `map` in `http` that says upgrade for a handshake and does not for an ordinary request.
    #[must_use]
    pub fn upgrade_variable(&self) -> Option<String> {
        self.upgrade_variable.get_or_init(|| self.find_upgrade_variable()).clone()
    }

    fn find_upgrade_variable(&self) -> Option<String> {
        let is_for_upgrade = |map: &Directive<'_>| {
            let source = map.argument(0).map(|source| source.text().to_ascii_lowercase()).unwrap_or_default();
            matches!(source.as_str(), "$http_upgrade" | "${http_upgrade}")
        };
        self.config.directives_named("map", Contexts::HTTP).filter(is_for_upgrade).find_map(|map| {
            let variable = map.argument(1)?.text().into_owned();
            let table = self.definitions().table(&variable.strip_prefix('$')?.to_ascii_lowercase())?;
            let says = |source: &str| match table.look_up(source) {
                Some(Entry::Value(value)) => Some(value.is_some_and(|value| says_upgrade(&value.text()))),
                _ => None,
            };
            let is_it = table.block == map && says("websocket") == Some(true) && says("") == Some(false);
            is_it.then_some(variable)
        })
    }
}

impl<'m, 'c> Asking<'m, 'c> {
    pub(super) fn new(model: &'m Model<'c>) -> Asking<'m, 'c> {
        Asking { model, entrances: None, witnesses: Witnesses::default(), known: FxHashMap::default() }
    }

    /// `Err`, with its headers, where nothing says that a block is meant for WebSocket.
    fn websocket_location(
        &mut self,
        proxied: ProxiedBlock<'c>,
        patterns: &Patterns,
    ) -> Result<WebsocketLocation<'c>, InEffect<'c>> {
        let headers = proxied.headers();
        let url = self.upstream_url(proxied);
        let location = proxied.location();
        let own = NameIntent::of(&proxied, &url, patterns);
        let (name, led_by) = match own {
            Some(name) => (Some(name), None),
            None => self.leading(location, &url, patterns),
        };
        let mentions = intent::mentions_upgrade(&headers);
        if name.is_none() && led_by.is_none() && !mentions {
            return Err(headers);
        }
        let header = if mentions {
            let handshake = self.ask(location, Asked::Handshake).to_vec();
            intent::upgrading_header(&headers, &handshake, || self.ask(location, Asked::Ordinary).to_vec())
        } else {
            None
        };
        if name.is_none() && led_by.is_none() && header.is_none() {
            return Err(headers);
        }
        Ok(self.with_intent(proxied, headers, Intent { header, name, led_by, twin: None }))
    }

    /// The location that leads to a named one and is meant for WebSocket, with the name that says so; else its headers do.
    fn leading(
        &self,
        location: Directive<'c>,
        url: &str,
        patterns: &Patterns,
    ) -> (Option<NameIntent>, Option<Directive<'c>>) {
        let leading = self.entrances.as_ref().map(|entrances| entrances.leading_to(location)).unwrap_or_default();
        let named = |&leads: &Directive<'c>| Some((NameIntent::of_location(leads, url, patterns)?, leads));
        match leading.iter().find_map(named) {
            Some((name, leads)) => (Some(name), Some(leads)),
            None => (None, leading.iter().copied().find(|leads| unused_upgrade(*leads).is_some())),
        }
    }

    /// The URL of the upstream, with what is known of its variables.
    fn upstream_url(&mut self, proxied: ProxiedBlock<'c>) -> String {
        let written = proxied.pass.argument(0).map(|url| url.text().into_owned()).unwrap_or_default();
        if !has_variables(&written) {
            return written;
        }
        let passed = self.ask(proxied.location(), Asked::Handshake);
        passed.iter().find(|passed| passed.pass == proxied.pass).map_or(written, |passed| passed.target.text.clone())
    }

    fn with_intent(
        &mut self,
        proxied: ProxiedBlock<'c>,
        headers: InEffect<'c>,
        intent: Intent<'c>,
    ) -> WebsocketLocation<'c> {
        let location = proxied.location();
        let forwarding = Forwarding::of(self.ask(location, Asked::Handshake), proxied.pass);
        let is_asked_again = forwarding.as_ref().is_some_and(Forwarding::succeeds) && self.depends_on_client(&headers);
        let with_firefox = if is_asked_again {
            Forwarding::of(self.ask(location, Asked::FirefoxHandshake), proxied.pass).filter(|it| !it.succeeds())
        } else {
            None
        };
        let entrances = self.entrances.as_ref();
        let subrequest_of = entrances.and_then(|entrances| entrances.subrequest_of(self.model, location));
        WebsocketLocation { proxied, headers, intent, forwarding, subrequest_of, with_firefox }
    }

    /// Whether Connection is taken from a variable that looks at the Connection of the client.
    fn depends_on_client(&self, headers: &InEffect<'_>) -> bool {
        headers.directives.iter().any(|header| {
            let value = header.argument(1).map(|value| value.text().to_ascii_lowercase()).unwrap_or_default();
            value.split('$').skip(1).any(|name| {
                let name = name.trim_matches(['{', '}']);
                let table = self.model.definitions().table(name);
                table
                    .and_then(|table| table.source)
                    .is_some_and(|source| source.text().to_ascii_lowercase().contains("http_connection"))
            })
        })
    }

    /// The locations among `others` that are meant for WebSocket because the same one of another server is.
    fn twins(
        &mut self,
        meant: &[WebsocketLocation<'c>],
        others: Vec<(ProxiedBlock<'c>, InEffect<'c>)>,
    ) -> Vec<WebsocketLocation<'c>> {
        let mut upgrading: FxHashMap<(String, String), Vec<&WebsocketLocation<'c>>> = FxHashMap::default();
        for location in meant.iter().filter(|location| location.succeeds() && location.intent.header.is_some()) {
            upgrading.entry(likeness(&location.proxied)).or_default().push(location);
        }
        if upgrading.is_empty() {
            return Vec::new();
        }
        let mut twins = Vec::new();
        for (proxied, headers) in others {
            let like = upgrading.get(&likeness(&proxied)).map(Vec::as_slice).unwrap_or_default();
            let twin = like.iter().find(|other| self.have_a_name_in_common(proxied.block, other.proxied.block));
            if let Some(twin) = twin.map(|twin| twin.location()) {
                twins.push(self.with_intent(proxied, headers, Intent { twin: Some(twin), ..Intent::default() }));
            }
        }
        twins
    }

    fn have_a_name_in_common(&self, one: Directive<'c>, other: Directive<'c>) -> bool {
        let (one, other) = (self.model.server_around(one), self.model.server_around(other));
        let Some((one, other)) = one.zip(other).filter(|(one, other)| one.id != other.id) else { return false };
        one.hosts().any(|host| other.hosts().any(|known| known == host))
    }

    /// What the `proxy_pass`es of a location send upstream of a request.
    pub(super) fn ask(&mut self, location: Directive<'c>, asked: Asked) -> &[Passed<'c>] {
        let key = (location.id(), asked);
        if !self.known.contains_key(&key) {
            let passed = self.passed(location, asked);
            self.known.insert(key, passed);
        }
        self.known.get(&key).map(Vec::as_slice).unwrap_or_default()
    }

    fn passed(&mut self, location: Directive<'c>, asked: Asked) -> Vec<Passed<'c>> {
        // The locations of a snippet stand in a server that is not seen: without names and directives of its own.
        let unseen;
        let server = match self.model.server_around(location) {
            Some(server) => server,
            None => {
                unseen = Server::new(ServerId(u32::MAX), location);
                &unseen
            }
        };
        let path = self.witnesses.of_location(location);
        let name = server.names.first();
        let host = name.and_then(|name| hosts_of(name).into_iter().next()).unwrap_or_else(|| ANY_HOST.to_owned());
        let is_plain = server.directive != location && self.model.tls_sockets_of(server.id).next().is_none();
        let scheme = if is_plain { "http" } else { "https" };
        let Some(base) = Url::parse(&format!("{scheme}://{host}{}", path.as_deref().unwrap_or("/"))).ok() else {
            return Vec::new();
        };
        let Some(base) = Request::get(&base) else { return Vec::new() };
        let request = asked.of(&base);
        let regex_name = name.and_then(|name| match &name.kind {
            crate::model::NameKind::Regex(pattern) => Some((pattern, host.as_str())),
            _ => None,
        });
        let arrival = Arrival {
            model: self.model,
            request: &request,
            server,
            selected_by: SelectedBy::Default,
            regex_name,
            host: &host,
            first_server: server,
            protocol: "HTTP/1.1",
            refused_with: None,
        };
        let respond = |choices: &mut _| processing::respond_in(arrival, location, path.as_deref(), choices);
        let (responses, is_complete) = explore(MAX_COMBINATIONS, respond);
        // Of some of many assignments nothing can be said for all.
        if is_complete { responses.into_iter().filter_map(Passed::of).collect() } else { Vec::new() }
    }
}

/// What two blocks have in common that stand for the same application: location and upstream, as written.
fn likeness(proxied: &ProxiedBlock<'_>) -> (String, String) {
    let location = proxied.location();
    let modifier = matcher(location).map_or("", |(modifier, ..): (Modifier, _, _)| modifier.text());
    let path = proxied.path().unwrap_or_default();
    let pass = proxied.pass.argument(0).map(|url| url.text().into_owned()).unwrap_or_default();
    (format!("{modifier} {path}"), pass)
}
