//! The words by which locations and upstreams say that they are for WebSocket, and what is known of the applications
//! that they belong to: a table, `rules/data/websocket-applications.yaml`.

use std::sync::LazyLock;

use serde::Deserialize;

/// An application, or a library of applications, with its habits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Application {
    /// Its name.
    pub name: String,
    /// What the paths of its sockets have in them: `/ws` is a whole segment, `/api/ws` are two, and a word without a
    /// slash in front may stand anywhere.
    pub paths: Vec<String>,
    /// What its upstreams are called: whole words of their names.
    #[serde(default)]
    pub upstreams: Vec<String>,
    /// Whether an upstream has to be called so for a path to mean it.
    #[serde(default)]
    pub needs_upstream: bool,
    /// Whole words of the path or the upstream's name beside which it means something else.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Seconds after which one of the two sides sends something on a quiet socket, by default; `None` where nobody does,
    /// and where it is not known.
    pub pings: Option<u32>,
    /// Whether it takes a handshake only if the host in Origin is the one in Host; `None` where it is not known.
    pub checks_origin: Option<bool>,
    /// Where its documentation or source says so.
    pub source: Vec<String>,
}

/// What says that a location is for WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'p> {
    /// The word.
    pub word: &'p str,
    /// Whose word it is; `None` for one that the settings add.
    pub application: Option<&'static Application>,
}

static TABLE: LazyLock<Vec<Application>> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/data/websocket-applications.yaml"));
    serde_yaml::from_str(text).expect("a test reads the table, and it is compiled in")
});

/// The words to look for: those of the table, with what settings add and take away.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    added: Vec<String>,
    removed: Vec<String>,
}

impl Patterns {
    /// With words besides those of the table, and without some of it: `/cable` and `cable` are the same word of a path,
    /// and `ws` is one of upstreams' names, too.
    #[must_use]
    pub fn new(added: Vec<String>, removed: Vec<String>) -> Patterns {
        Patterns { added, removed }
    }

    /// Whether `removed` takes a word of the table away.
    #[must_use]
    pub fn knows(removed: &str) -> bool {
        let is_one = |words: &[String]| words.iter().any(|word| takes_away(removed, word));
        TABLE.iter().any(|application| is_one(&application.paths) || is_one(&application.upstreams))
    }

    /// The words of the table, without a slash in front.
    pub fn known_words() -> impl Iterator<Item = &'static str> {
        let words = TABLE.iter().flat_map(|application| application.paths.iter().chain(&application.upstreams));
        words.map(|word| word.trim_start_matches('/'))
    }

    /// The pattern that a path has in it: one that the settings add, or else the longest. `upstream` is what its requests
    /// are passed to.
    #[must_use]
    pub fn in_path(&self, path: &str, upstream: &str) -> Option<Named<'_>> {
        let path = path.to_ascii_lowercase();
        let upstream = upstream.to_ascii_lowercase();
        let segments: Vec<&str> = path.split(SEPARATORS).filter(|segment| !segment.is_empty()).collect();
        let is_in = |pattern: &str| is_in_path(pattern, &path, &segments);
        let known = self.known(|application| &application.paths);
        let known = known.filter(|named| {
            let fits = |application: &Application| {
                application.fits_upstream(&upstream) && application.fits_words_beside(&[&path, &upstream])
            };
            is_in(named.word) && named.application.is_none_or(fits)
        });
        self.added().find(|named| is_in(named.word)).or_else(|| longest(known).filter(|_| !names_file(&path)))
    }

    /// The word of an upstream's name that means WebSocket.
    #[must_use]
    pub fn in_upstream(&self, name: &str) -> Option<Named<'_>> {
        let name = name.to_ascii_lowercase();
        let added = self.added().filter(|named| name.contains(named.word.trim_matches('/')));
        let known = self.known(|application| if application.needs_upstream { &[] } else { &application.upstreams });
        let known = known.filter(|named| {
            let fits = |application: &Application| application.fits_words_beside(&[&name]);
            has_word(&name, named.word) && named.application.is_none_or(fits)
        });
        added.into_iter().next().or_else(|| longest(known))
    }

    fn added(&self) -> impl Iterator<Item = Named<'_>> {
        self.added.iter().map(|word| Named { word, application: None })
    }

    fn known<'p>(
        &'p self,
        words: impl Fn(&'static Application) -> &'static [String],
    ) -> impl Iterator<Item = Named<'p>> {
        let of_one = move |application: &'static Application| {
            words(application).iter().map(move |word| Named { word: word.as_str(), application: Some(application) })
        };
        TABLE
            .iter()
            .flat_map(of_one)
            .filter(|named| !self.removed.iter().any(|removed| takes_away(removed, named.word)))
    }
}

/// Whether a word that settings take away is `word`: with the slash that says that it is a segment, or as messages show it.
fn takes_away(removed: &str, word: &str) -> bool {
    removed.eq_ignore_ascii_case(word) || removed.eq_ignore_ascii_case(word.trim_start_matches('/'))
}

impl Application {
    fn fits_upstream(&self, name: &str) -> bool {
        !self.needs_upstream || self.upstreams.iter().any(|word| has_word(name, word))
    }

    fn fits_words_beside(&self, texts: &[&str]) -> bool {
        !self.unless.iter().any(|word| texts.iter().any(|text| has_word(text, word)))
    }
}

/// The one with the longest word, the first of those that are as long.
fn longest<'p>(found: impl Iterator<Item = Named<'p>>) -> Option<Named<'p>> {
    found.reduce(|best, next| if next.word.len() > best.word.len() { next } else { best })
}

/// What the names of files end in that a site has, and that are read, not spoken with.
const FILES: &[&str] = &[
    "js", "mjs", "cjs", "ts", "css", "map", "html", "htm", "xhtml", "json", "xml", "xsd", "wsdl", "txt", "md", "pdf",
    "png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "woff", "woff2", "wasm", "zip", "gz",
];

/// Whether a path, or a regex without its backslashes, ends in the name of a file: `/websocket.js`, `^/ws/.*.wsdl$`.
fn names_file(path: &str) -> bool {
    let end = path.rsplit('/').next().unwrap_or_default().trim_end_matches(['$', ')', '?', '*', '+']);
    let Some((_, extensions)) = end.rsplit_once('.') else { return false };
    let mut extensions = extensions.trim_start_matches(['(', '?', ':']).split('|');
    extensions.all(|extension| FILES.contains(&extension))
}

/// What stands between the segments of a location's path, which may be a regex.
const SEPARATORS: &[char] = &['/', '(', ')', '|', '^', '$', '?', '*', '+', '[', ']'];

fn is_in_path(pattern: &str, path: &str, segments: &[&str]) -> bool {
    let Some(wanted) = pattern.strip_prefix('/') else { return path.contains(pattern) };
    let wanted: Vec<&str> = wanted.split('/').filter(|segment| !segment.is_empty()).collect();
    !wanted.is_empty() && segments.windows(wanted.len()).any(|found| found == wanted)
}

/// Whether a name has a word in it as a whole: `chat-ws` has `ws`, `aws` has not.
pub(crate) fn has_word(name: &str, word: &str) -> bool {
    let is_edge = |char: Option<char>| char.is_none_or(|char| !char.is_ascii_alphanumeric());
    name.match_indices(word)
        .any(|(at, _)| is_edge(name[..at].chars().next_back()) && is_edge(name[at + word.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // A path, its upstream, and the word in it.
    const PATHS: &[(&str, &str, Option<&str>)] = &[
        ("/ws/", "", Some("/ws")),
        ("/api/ws", "", Some("/ws")),
        ("^/(ws|wss)/", "", Some("/wss")),
        ("/aws/", "", None),
        ("/wsgi", "", None),
        ("/WebSocket", "", Some("websocket")),
        ("^/socket.io/", "", Some("socket.io")),
        ("(/jellyfin)?/socket", "", Some("/socket")),
        ("/sockets", "", None),
        ("/cable", "", Some("/cable")),
        ("/cables", "", None),
        ("/news/", "", None),
        ("/comms", "nodered:1880", Some("/comms")),
        ("/comms", "mail", None),
        ("/graphql", "app", None),
        // The longest one counts.
        ("/sockjs-node", "", Some("/sockjs-node")),
        ("/sockjs", "", Some("sockjs")),
        ("/ws/socket.io/", "", Some("socket.io")),
        ("/api/websocket", "hass:8123", Some("/api/websocket")),
        ("/api/websocket", "app", Some("websocket")),
        // The names of files.
        ("/websocket.js", "", None),
        ("^/assets/.*websocket.*.js$", "", None),
        ("^/ws/.*.(js|css|map)$", "", None),
        ("^/ws/.+.(?:js|css)?$", "", None),
        ("/docs/websocket-guide.html", "", None),
        ("/socket.io/socket.io.js", "", None),
        ("^/ws/.*.wsdl$", "", None),
        ("/socket.io", "", Some("socket.io")),
        ("/ws/v1.0", "", Some("/ws")),
        ("^/ws/(.*)$", "", Some("/ws")),
        // Web services.
        ("/openmrs/ws/rest", "", None),
        ("/ws/soap/", "", None),
        ("/ws/", "soap.internal", None),
        ("/ws/resting", "", Some("/ws")),
        ("/websocket/rest", "", Some("websocket")),
    ];

    #[test]
    fn paths_that_mean_websocket() {
        for (path, upstream, expected) in PATHS {
            let patterns = Patterns::default();
            let found = patterns.in_path(path, upstream).map(|named| named.word);
            assert_eq!(found, *expected, "{path} {upstream}");
        }
        let patterns = Patterns::new(vec!["/live".into()], vec!["/ws".into()]);
        assert_eq!(patterns.in_path("/a/live", "").map(|named| named.word), Some("/live"));
        assert_eq!(patterns.in_path("/ws", ""), None);
        assert!(patterns.in_upstream("ws").is_some());
        // As messages show it.
        let patterns = Patterns::new(Vec::new(), vec!["cable".into(), "WS".into(), "socket.io".into()]);
        for path in ["/cable", "/ws/", "/socket.io/"] {
            assert_eq!(patterns.in_path(path, ""), None, "{path}");
        }
        assert_eq!(patterns.in_upstream("chat-ws"), None);
        assert!(Patterns::knows("/cable") && Patterns::knows("cable") && !Patterns::knows("cables"));
    }

    // The name of an upstream, and the word in it.
    const UPSTREAMS: &[(&str, Option<&str>)] = &[
        ("chat_websocket", Some("websocket")),
        ("ws.shop.example", Some("ws")),
        ("chat-ws", Some("ws")),
        ("aws", None),
        ("ws-soap.internal", None),
        ("websocket-rest", Some("websocket")),
        ("127.0.0.1", None),
        ("app", None),
    ];

    #[test]
    fn upstreams_that_mean_websocket() {
        for (name, expected) in UPSTREAMS {
            let patterns = Patterns::default();
            assert_eq!(patterns.in_upstream(name).map(|named| named.word), *expected, "{name}");
        }
    }

    #[test]
    fn every_application_has_a_source_and_words_of_its_own() {
        let mut words: Vec<&str> = Vec::new();
        for application in TABLE.iter() {
            let name = &application.name;
            assert!(!application.source.is_empty(), "{name} has no source");
            assert!(application.source.iter().all(|source| source.starts_with("https://")), "{name}");
            assert!(!application.paths.is_empty() || !application.upstreams.is_empty(), "{name} has no word");
            assert!(!application.needs_upstream || !application.upstreams.is_empty(), "{name} names no upstream");
            for word in application.paths.iter().chain(&application.upstreams) {
                assert_eq!(*word, word.to_ascii_lowercase(), "{name}");
            }
            words.extend(application.paths.iter().map(String::as_str));
        }
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count, "two applications have the same path");
    }
}
