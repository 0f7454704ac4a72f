//! Certificates from the side of the directive that names them.

use std::path::PathBuf;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::certificates::tls_endpoint::{EndpointId, TlsEndpoint};
use crate::model::certificates::tls_user::TlsUser;
use crate::model::{CertificateSource, CertificateUse, Coverage, Model, Server, ServerId, ServerName};
use crate::source::{FileSystem, Span};
use crate::syntax::Word;
use crate::tls::{Certificate, CertificateFile, CertificateName, Chain, Host, OddityKind};

/// One `ssl_certificate` or `proxy_ssl_certificate` (grpc, uwsgi), as it is written, with all that it is in effect in.
/// With `$ssl_server_name` in its path it counts once for each name whose file is there.
#[derive(Debug, Clone, Copy)]
pub struct UsedCertificate<'m, 'c> {
    /// Its parameter.
    pub word: Word<'c>,
    /// The file; `None` where it is not known.
    pub file: Option<&'m CertificateFile>,
    /// The servers of `http` that it is in effect in.
    pub servers: &'m [ServerId],
    /// The other endpoints.
    pub endpoints: &'m [EndpointId],
    usage: &'m Usage,
    model: &'m Model<'c>,
}

/// What [`UsedCertificate`] is made from.
#[derive(Debug, Clone)]
pub(crate) struct Usage {
    /// The first user, and which of its certificates.
    first: (TlsUser, usize),
    /// For a path that depends on it, the name that clients ask for.
    name: Option<Host>,
    servers: Vec<ServerId>,
    endpoints: Vec<EndpointId>,
    /// Where else the same file is named.
    others: Vec<Span>,
}

/// The files to read: of a path that depends on the name, those that are there for an exact name of the server.
pub(crate) fn paths(servers: &[Server<'_>], endpoints: &[TlsEndpoint<'_>], files: &dyn FileSystem) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for used in endpoints.iter().filter(|endpoint| endpoint.opens_files).flat_map(|endpoint| &endpoint.certificates) {
        if let CertificateSource::File(path) = &used.source {
            paths.push(path.clone());
        }
    }
    for server in servers {
        for used in &server.certificates {
            match &used.source {
                CertificateSource::File(path) => paths.push(path.clone()),
                CertificateSource::PerName => {
                    let possible = server.hosts().filter_map(|host| used.file_for(&host));
                    paths.extend(possible.filter(|path| files.is_readable(path)));
                }
                CertificateSource::Unknown => {}
            }
        }
    }
    paths
}

/// How many names a message spells out.
const SPELLED_OUT: usize = 4;

/// The first names of a list for a message, and how many more there are.
#[must_use]
pub fn spelled_out(names: &[String]) -> String {
    match names.len().checked_sub(SPELLED_OUT) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..SPELLED_OUT].join(", ")),
    }
}

impl Usage {
    /// A snippet that many servers include counts as one directive, for that is what people change.
    fn all(model: &Model<'_>) -> Vec<Usage> {
        let mut uses: Vec<(Span, Option<Host>, (TlsUser, usize))> = Vec::new();
        for server in model.servers() {
            for (number, used) in server.certificates.iter().enumerate() {
                let (span, place) = (used.word.span(), (TlsUser::Server(server.id), number));
                if used.source != CertificateSource::PerName {
                    uses.push((span, None, place));
                    continue;
                }
                let is_there = |host: &Host| model.certificate_file_for(used, host).is_some();
                let names: Vec<Host> = server.hosts().filter(is_there).collect();
                if names.is_empty() {
                    uses.push((span, None, place));
                }
                uses.extend(names.into_iter().map(|name| (span, Some(name), place)));
            }
        }
        for endpoint in model.tls_endpoints().filter(|endpoint| endpoint.opens_files) {
            let certificates = endpoint.certificates.iter().enumerate();
            let user = TlsUser::Endpoint(endpoint.id);
            uses.extend(certificates.map(|(number, used)| (used.word.span(), None, (user, number))));
        }
        uses.sort();
        uses.chunk_by(|a, b| (a.0, &a.1) == (b.0, &b.1))
            .map(|group| {
                let mut usage = Usage {
                    first: group[0].2,
                    name: group[0].1.clone(),
                    servers: Vec::new(),
                    endpoints: Vec::new(),
                    others: Vec::new(),
                };
                for (.., (user, _)) in group {
                    match *user {
                        TlsUser::Server(id) => usage.servers.push(id),
                        TlsUser::Endpoint(id) => usage.endpoints.push(id),
                    }
                }
                usage.servers.dedup();
                usage.endpoints.dedup();
                usage
            })
            .collect()
    }

    /// Those of one file put together, at the first place that speaks TLS.
    fn by_file(model: &Model<'_>) -> Vec<Usage> {
        let mut places: FxHashMap<(PathBuf, Option<Host>, bool), usize> = FxHashMap::default();
        let mut files: Vec<Usage> = Vec::new();
        for usage in model.certificate_uses.get_or_init(|| Usage::all(model)) {
            let used = UsedCertificate::new(model, usage);
            let known = used.path().map(|path| {
                let key = (path, usage.name.clone(), used.is_of_client());
                *places.entry(key).or_insert(files.len())
            });
            match known.and_then(|known| files.get_mut(known)) {
                Some(file) => file.add(model, usage),
                None => files.push(usage.clone()),
            }
        }
        for file in &mut files {
            file.servers.sort_unstable();
            file.servers.dedup();
            file.endpoints.sort_unstable();
            file.endpoints.dedup();
        }
        files
    }

    fn add(&mut self, model: &Model<'_>, other: &Usage) {
        let span = |usage: &Usage| model.certificate_use(usage.first).word.span();
        let speaks_tls = |usage: &Usage| match usage.first.0 {
            TlsUser::Server(id) => model.tls_sockets_of(id).next().is_some(),
            TlsUser::Endpoint(id) => model.tls_endpoint(id).speaks_tls,
        };
        if !speaks_tls(self) && speaks_tls(other) {
            self.others.push(span(self));
            self.first = other.first;
        } else {
            self.others.push(span(other));
        }
        self.servers.extend_from_slice(&other.servers);
        self.endpoints.extend_from_slice(&other.endpoints);
    }
}

/// How many further places of a file a finding shows.
pub(super) const SHOWN_PLACES: usize = 9;

impl<'m, 'c> UsedCertificate<'m, 'c> {
    fn new(model: &'m Model<'c>, usage: &'m Usage) -> UsedCertificate<'m, 'c> {
        let used = model.certificate_use(usage.first);
        let file = match &usage.name {
            Some(name) => model.certificate_file_for(used, name),
            None => model.certificate_file(used),
        };
        let Usage { servers, endpoints, .. } = usage;
        UsedCertificate { word: used.word, file, servers, endpoints, usage, model }
    }

    /// What the directive names.
    pub(crate) fn source(&self) -> &'m CertificateSource {
        &self.model.certificate_use(self.usage.first).source
    }

    /// For a path that depends on it, the name that clients ask for.
    pub(crate) fn name(&self) -> Option<&'m Host> {
        self.usage.name.as_ref()
    }

    /// The directive's name.
    #[must_use]
    pub fn directive_name(&self) -> String {
        self.model.certificate_use(self.usage.first).directive.name_text().into_owned()
    }

    /// The path as it is written, with the name in it where it depends on one.
    #[must_use]
    pub fn text(&self) -> String {
        let used = self.model.certificate_use(self.usage.first);
        let of_name = self.usage.name.as_ref().and_then(|name| used.text_for(name));
        of_name.unwrap_or_else(|| self.word.text().into_owned())
    }

    /// The certificate that servers present: the first one of the file.
    #[must_use]
    pub fn leaf(&self) -> Option<&'m Certificate> {
        self.file.and_then(CertificateFile::leaf)
    }

    /// Whether a certificate of a user is this one.
    pub(super) fn is(&self, used: &CertificateUse<'_>) -> bool {
        used.word.span() == self.word.span()
            || !self.usage.others.is_empty()
                && match (&used.source, self.source()) {
                    (CertificateSource::PerName, _) => self.name().and_then(|name| used.file_for(name)) == self.path(),
                    (source, own) => source == own,
                }
    }

    /// The file that it names.
    fn path(&self) -> Option<PathBuf> {
        match self.source() {
            CertificateSource::File(path) => Some(path.clone()),
            CertificateSource::PerName => self.model.certificate_use(self.usage.first).file_for(self.name()?),
            CertificateSource::Unknown => None,
        }
    }

    pub(super) fn model(&self) -> &'m Model<'c> {
        self.model
    }

    /// Some of the further places that name the same file, of those that [`Model::certificate_files`] puts together.
    pub fn other_spans(&self) -> impl Iterator<Item = Span> {
        self.usage.others.iter().copied().take(SHOWN_PLACES)
    }

    /// Who names it, whether or not they present it, for a message.
    #[must_use]
    pub fn users_text(&self) -> String {
        let servers = self.servers.iter().map(|&id| TlsUser::Server(id));
        self.model.users_text(servers.chain(self.endpoints.iter().map(|&id| TlsUser::Endpoint(id))))
    }

    /// The one of the same server that takes its place, if any does wherever the server names it.
    fn replacing(&self, user: TlsUser) -> Option<&'m CertificateUse<'c>> {
        let certificates = self.model.certificates_of(user).0;
        // A snippet may be included twice in one server.
        let last = certificates.iter().rposition(|used| self.is(used))?;
        self.model.replacing(certificates, last, self.name())
    }

    /// The servers and other endpoints that speak TLS and for which a later certificate takes its place, with that one.
    pub fn replaced(&self) -> impl Iterator<Item = (TlsUser, &'m CertificateUse<'c>)> {
        let servers = self.servers.iter().filter(|server| self.model.tls_sockets_of(**server).next().is_some());
        let endpoints = self.endpoints.iter().filter(|id| self.model.tls_endpoint(**id).speaks_tls);
        let users = servers.map(|&id| TlsUser::Server(id)).chain(endpoints.map(|&id| TlsUser::Endpoint(id)));
        users.filter_map(|user| Some((user, self.replacing(user)?)))
    }

    /// The files of those.
    pub(crate) fn replacing_paths(&self) -> impl Iterator<Item = PathBuf> {
        self.replaced().filter_map(|(_, used)| match (&used.source, self.name()) {
            (CertificateSource::File(path), _) => Some(path.clone()),
            (CertificateSource::PerName, Some(name)) => used.file_for(name),
            _ => None,
        })
    }

    /// The servers of `http` that it is in effect in, without those in which a later one takes its place.
    pub(crate) fn keeping(&self) -> impl Iterator<Item = ServerId> {
        self.servers.iter().copied().filter(|&server| self.replacing(TlsUser::Server(server)).is_none())
    }

    /// The servers of `http` that present it: those with a TLS socket, unless a later certificate takes its place.
    pub fn presenting(&self) -> impl Iterator<Item = &'m Server<'c>> {
        let on_tls = self.keeping().filter(|&server| self.model.tls_sockets_of(server).next().is_some());
        on_tls.map(|server| self.model.server(server))
    }

    /// The other endpoints that present it.
    pub fn presenting_endpoints(&self) -> impl Iterator<Item = &'m TlsEndpoint<'c>> {
        let endpoints = self.endpoints.iter().map(|&id| self.model.tls_endpoint(id));
        endpoints.filter(|endpoint| endpoint.speaks_tls && self.replacing(TlsUser::Endpoint(endpoint.id)).is_none())
    }

    /// Whether those that present it present no other certificate.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        let servers = self.presenting().map(|server| &server.certificates);
        let mut all = servers.chain(self.presenting_endpoints().map(|endpoint| &endpoint.certificates));
        all.all(|certificates| self.model.kept(certificates, self.name()).nth(1).is_none())
    }

    /// Whether anybody gets to see it.
    #[must_use]
    pub fn is_presented(&self) -> bool {
        self.presenting().next().is_some() || self.presenting_endpoints().next().is_some()
    }

    /// Whether nginx presents it as a client, to upstreams.
    #[must_use]
    pub fn is_of_client(&self) -> bool {
        // A directive is either a server's or a client's.
        self.endpoints.first().is_some_and(|&id| !self.model.tls_endpoint(id).is_server())
    }

    /// Whether a site presents it: a server that some client means by a name, and that does not just turn it away; or one
    /// of `stream` or `mail`, where addresses are enough.
    #[must_use]
    pub fn is_of_site(&self) -> bool {
        self.is_of_http_site() || self.presenting_endpoints().any(TlsEndpoint::is_server)
    }

    /// The same for servers of `http`, whose clients are browsers.
    #[must_use]
    pub fn is_of_http_site(&self) -> bool {
        self.presenting().any(|server| server.has_real_name() && !server.rejects_handshake)
    }

    /// Whether a site of the public presents it: one of a host that a public authority would certify. Where the server
    /// does not say its hosts, the certificate does.
    #[must_use]
    pub fn is_of_public_site(&self) -> bool {
        let is_public = |host: Host| !host.is_internal();
        let of_http = self.presenting().filter(|server| !server.rejects_handshake).any(|server| {
            let witnesses = server.names.iter().filter(|name| !name.is_no_host()).flat_map(ServerName::witnesses);
            witnesses.into_iter().any(is_public)
        });
        let of_certificate =
            || self.leaf().into_iter().flat_map(Certificate::names).filter_map(CertificateName::witness);
        of_http
            || self.presenting_endpoints().filter(|endpoint| endpoint.is_server()).any(|endpoint| {
                match endpoint.answers_any_name() {
                    true => of_certificate().any(is_public),
                    false => endpoint.names.iter().flat_map(ServerName::witnesses).any(is_public),
                }
            })
    }

    /// What clients make of the certificates in its file.
    #[must_use]
    pub fn chain(&self) -> Option<&'m Chain> {
        self.file?.chain(&self.model.environment.anchors, self.model.environment.now)
    }

    /// Who presents it, for a message.
    #[must_use]
    pub fn presenting_text(&self) -> String {
        let servers = self.presenting().map(|server| TlsUser::Server(server.id));
        let endpoints = self.presenting_endpoints().map(|endpoint| TlsUser::Endpoint(endpoint.id));
        self.model.users_text(servers.chain(endpoints))
    }

    /// Where the path is written.
    #[must_use]
    pub fn span(&self) -> Span {
        self.word.span()
    }
}

impl<'c> Model<'c> {
    /// The file of a certificate, if it was read and is the same for all clients.
    #[must_use]
    pub fn certificate_file(&self, used: &CertificateUse<'_>) -> Option<&CertificateFile> {
        match &used.source {
            CertificateSource::File(path) => self.certificates.file(path),
            CertificateSource::PerName | CertificateSource::Unknown => None,
        }
    }

    /// The file of a certificate for clients that ask for `host`, if it was read.
    #[must_use]
    pub fn certificate_file_for(&self, used: &CertificateUse<'_>, host: &Host) -> Option<&CertificateFile> {
        match &used.source {
            CertificateSource::File(path) => self.certificates.file(path),
            CertificateSource::PerName => self.certificates.file(&used.file_for(host)?),
            CertificateSource::Unknown => None,
        }
    }

    /// Whether a file begins with an issuer, and the certificate of the server stands behind it: then what is wrong is the
    /// order.
    #[must_use]
    pub fn starts_with_issuer(&self, file: &CertificateFile) -> bool {
        let chain = file.chain(&self.environment.anchors, self.environment.now);
        chain.is_some_and(|chain| {
            chain.oddities.iter().any(|oddity| matches!(oddity.kind, OddityKind::LeafNotFirst { .. }))
        })
    }

    /// Whether the certificate that `server` presents covers `host`.
    #[must_use]
    pub fn coverage(&self, server: &Server<'_>, host: &Host) -> Coverage {
        self.coverage_for_sni(server, Some(host), host)
    }

    /// The same for a client whose SNI is `sni`; none for a client without one.
    pub(crate) fn coverage_for_sni(&self, server: &Server<'_>, sni: Option<&Host>, host: &Host) -> Coverage {
        match self.presented(server, sni) {
            Some((_, leaf)) if leaf.covers(host) => Coverage::Covered,
            Some(_) => Coverage::NotCovered,
            None => Coverage::Unknown,
        }
    }

    /// The `ssl_certificate` of what an ordinary client gets of `server`; where it cannot be told, the last that is
    /// written.
    #[must_use]
    pub fn presented_use<'s, 'd>(&self, server: &'s Server<'d>, sni: Option<&Host>) -> Option<&'s CertificateUse<'d>> {
        self.presented(server, sni).map(|(used, _)| used).or(server.certificates.last())
    }

    /// The names of the certificates that `server` presents, as far as they are known.
    pub fn certificate_names(&self, server: &Server<'_>) -> impl Iterator<Item = &CertificateName> {
        let leaves = self.kept(&server.certificates, None).filter_map(|used| self.certificate_file(used)?.leaf());
        leaves.flat_map(Certificate::names).collect::<Vec<_>>().into_iter()
    }

    /// The certificate of a user with this number.
    fn certificate_use(&self, (user, number): (TlsUser, usize)) -> &CertificateUse<'c> {
        &self.certificates_of(user).0[number]
    }

    /// The certificates that directives name, in the order of the configuration, each with those that present it.
    pub fn certificate_uses(&self) -> impl Iterator<Item = UsedCertificate<'_, 'c>> {
        let uses = self.certificate_uses.get_or_init(|| Usage::all(self));
        uses.iter().map(|usage| UsedCertificate::new(self, usage))
    }

    /// The same, with those together that name one file. What is wrong with the file is told once, at the first of them.
    pub fn certificate_files(&self) -> impl Iterator<Item = UsedCertificate<'_, 'c>> {
        let files = self.certificate_files.get_or_init(|| Usage::by_file(self));
        files.iter().map(|usage| UsedCertificate::new(self, usage))
    }

    /// How many certificates, by what names them, can be in no file that is known.
    #[must_use]
    pub fn unknown_certificate_count(&self) -> usize {
        let uses = self.certificate_uses().filter(|used| used.file.is_none());
        let uses = uses.filter(|used| !matches!(used.source(), CertificateSource::File(_)));
        uses.map(|used| used.text()).collect::<FxHashSet<_>>().len()
    }

    /// Those of [`Model::certificate_files`], with all chains judged at once.
    pub fn judged_certificate_files(&self) -> impl Iterator<Item = UsedCertificate<'_, 'c>> {
        self.certificates.judge_chains(&self.environment.anchors, self.environment.now);
        self.certificate_files()
    }

    /// Those of [`Model::certificate_uses`], with all chains judged at once.
    pub fn judged_certificate_uses(&self) -> impl Iterator<Item = UsedCertificate<'_, 'c>> {
        self.certificates.judge_chains(&self.environment.anchors, self.environment.now);
        self.certificate_uses()
    }
}
