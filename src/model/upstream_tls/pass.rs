//! The passes to upstreams over TLS: where they lead, and the settings in effect.

use super::constant::Constants;
use super::modules::{MODULES, PassModule, TlsSetting};
use crate::config::Directive;
use crate::model::requests::upstreams::{self, Upstream, UpstreamKind};
use crate::model::values::value::{Piece, has_variables, pieces};
use crate::model::{Model, Settled, inherit};
use crate::nginx::{Contexts, parse_flag, parse_number};

/// A pass to an upstream over TLS, or one for which nginx is ready for it because its URL has variables.
#[derive(Debug, Clone)]
pub struct TlsPass<'c> {
    /// The module.
    pub module: &'static PassModule,
    /// The `…_pass`.
    pub pass: Directive<'c>,
    /// The block that it stands in, whose settings are in effect.
    pub block: Directive<'c>,
    /// Where it leads; `None` where each request may lead elsewhere.
    pub upstream: Option<Upstream<'c>>,
    /// The domain that every host of it lies below, where requests decide the host: `https://$bucket.s3.example`.
    pub domain: Option<String>,
    /// Whether nginx always speaks TLS to it; not so where variables may say otherwise.
    pub is_always_tls: bool,
    /// `…_ssl_server_name`: whether SNI is sent.
    pub server_name: Switch<'c>,
    /// `…_ssl_verify`: whether the upstream's certificate is verified.
    pub verify: Switch<'c>,
    /// The name for SNI and for verification.
    pub name: PeerName<'c>,
}

/// A flag in effect.
#[derive(Debug, Clone, Copy)]
pub struct Switch<'c> {
    /// Whether it is on.
    pub is_on: bool,
    /// The directive that says so; `None` for nginx's default, which is off.
    pub by: Option<Directive<'c>>,
    /// Whether nothing that is not seen can change it: an include that could not be followed, a placeholder.
    pub is_certain: bool,
    /// Whether only what stands around a snippet can change it.
    pub is_certain_here: bool,
}

impl Switch<'_> {
    /// Whether it is on, if that is certain.
    #[must_use]
    pub fn settled(&self) -> Settled<bool> {
        if self.is_certain { Settled::Known(self.is_on) } else { Settled::Unknown }
    }
}

/// The name of an upstream's TLS server.
#[derive(Debug, Clone)]
pub struct PeerName<'c> {
    /// The name without a port, as nginx sends it; `None` where requests decide.
    pub text: Option<String>,
    /// The `…_ssl_name` that gives it; `None` for the host of the pass.
    pub by: Option<Directive<'c>>,
}

impl<'c> TlsPass<'c> {
    /// The SNI that nginx sends, `None` where it sends none (`ngx_http_upstream_ssl_name`,
    /// src/http/ngx_http_upstream.c).
    #[must_use]
    pub fn sni(&self) -> Settled<Option<&str>> {
        match self.server_name.settled() {
            Settled::Known(false) => Settled::Known(None),
            Settled::Known(true) => match &self.name.text {
                Some(name) => Settled::Known(Some(name.as_str()).filter(|name| is_sent(name))),
                None => Settled::Unknown,
            },
            Settled::Unknown => Settled::Unknown,
        }
    }

    /// The directive of a setting in effect, and whether there may be another that is not seen.
    #[must_use]
    pub fn setting(&self, setting: TlsSetting) -> (Option<Directive<'c>>, bool) {
        let in_effect = inherit::in_effect(self.block, self.module.name_of(setting));
        let found = in_effect.directives.last().copied();
        (found, in_effect.is_partial || found.is_none() && !self.block.config().is_whole())
    }

    /// `…_ssl_verify_depth`; `None` where it cannot be told.
    ///
    /// nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_verify_depth>
    #[must_use]
    pub fn verify_depth(&self) -> Option<usize> {
        const DEFAULT: usize = 1;
        match self.setting(TlsSetting::VerifyDepth) {
            (_, true) => None,
            (None, false) => Some(DEFAULT),
            (Some(depth), false) => usize::try_from(parse_number(&depth.argument(0)?.value()).ok()?).ok(),
        }
    }

    /// Whether the name is that of an `upstream` group, because nothing gives another one.
    #[must_use]
    pub fn is_named_by_group(&self) -> bool {
        let group = self.upstream.as_ref().filter(|upstream| matches!(upstream.kind, UpstreamKind::Group(_)));
        group.is_some_and(|group| self.name.text.as_deref() == Some(group.host.as_str()))
    }

    /// The location, or the `server` of `stream`, that it stands in.
    #[must_use]
    pub fn place(&self) -> Directive<'c> {
        let around = std::iter::once(self.block).chain(self.block.ancestors());
        around.into_iter().find(|block| block.is_named("location")).unwrap_or(self.block)
    }
}

/// Whether nginx sends a name as SNI: no address (RFC 6066, section 3), and not the empty one.
#[must_use]
pub fn is_sent(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('[') && !is_ipv4(name)
}

/// Four decimal numbers, of which nginx takes `010` and nothing at all for numbers, too: `ngx_inet_addr`,
/// src/core/ngx_inet.c.
fn is_ipv4(name: &str) -> bool {
    let is_octet = |octet: &str| {
        let digits = octet.trim_start_matches('0');
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits.is_empty() || digits.parse::<u8>().is_ok())
    };
    name.split('.').count() == 4 && name.split('.').all(is_octet)
}

/// A name without the port, which `$proxy_host` and `$http_host` may bring along.
fn without_port(name: &str) -> &str {
    let literal = if name.starts_with('[') { name.find(']').unwrap_or(0) } else { 0 };
    let end = name[literal..].find(':').map_or(name.len(), |colon| literal + colon);
    &name[..end]
}

impl<'c> Model<'c> {
    /// The passes to upstreams over TLS, and those for which nginx is ready for it, in the order of the configuration by module.
    pub fn tls_passes(&self) -> &[TlsPass<'c>] {
        self.tls_passes.get_or_init(|| {
            let mut constants = Constants::read(self.config);
            let passes = MODULES.iter().flat_map(|module| {
                self.config.directives_named(module.pass, module.contexts).map(move |pass| (module, pass))
            });
            passes.filter_map(|(module, pass)| self.tls_pass(module, pass, &mut constants)).collect()
        })
    }

    fn tls_pass(
        &self,
        module: &'static PassModule,
        pass: Directive<'c>,
        constants: &mut Constants<'c>,
    ) -> Option<TlsPass<'c>> {
        let block = pass.parent()?;
        let written = pass.argument(0)?.text().into_owned();
        let server_name = |name: &str| {
            (name == "server_name").then(|| self.server_around(block)).flatten().map(|server| server.primary_name())
        };
        let is_stream = module.side == Contexts::STREAM;
        let url = if !has_variables(&written) {
            Some(written.clone())
        } else if is_stream {
            None
        } else {
            constants.expand(block, before_path(&written), &server_name)
        };
        let (rest, is_always_tls) = match module.scheme {
            None => {
                let enabled = switch(block, "proxy_ssl");
                let is_on = enabled.settled().known()?;
                if !is_on {
                    return None;
                }
                (url, true)
            }
            Some(scheme) => match url.as_deref().map(|url| without_scheme(url, scheme)) {
                Some(Some(rest)) => (Some(rest.to_owned()), true),
                Some(None) if !has_variables(&written) => return None,
                // nginx makes ready for TLS wherever there are variables.
                Some(None) => (None, false),
                None => (None, without_scheme(&written, scheme).is_some()),
            },
        };
        let domain = module.scheme.filter(|_| rest.is_none()).and_then(|scheme| domain(&written, scheme));
        let authority = rest.as_deref().map(upstreams::authority);
        let upstream = authority.map(|authority| self.upstream(module.side, authority, module.usual_port));
        let proxy_host = authority.map(|authority| match authority.strip_prefix("unix:") {
            Some(_) => "localhost".to_owned(),
            None => authority.to_owned(),
        });
        let named = inherit::in_effect(block, module.name_of(TlsSetting::Name));
        let given = named.directives.last().copied();
        let is_unseen = named.is_partial || given.is_none() && !self.config.is_whole();
        let text = match given.and_then(|directive| directive.argument(0)) {
            Some(word) => {
                let text = word.text().into_owned();
                let built_in = |name: &str| match name {
                    "proxy_host" => proxy_host.clone(),
                    name => server_name(name),
                };
                match (has_variables(&text), is_stream) {
                    (false, _) => Some(text),
                    (true, false) => constants.expand(block, &text, &built_in),
                    (true, true) => None,
                }
            }
            None => upstream.as_ref().map(|upstream| upstream.host.clone()),
        };
        let text = text.filter(|_| !is_unseen).map(|name| without_port(&name).to_owned());
        Some(TlsPass {
            module,
            pass,
            block,
            upstream,
            domain,
            is_always_tls,
            server_name: switch(block, module.name_of(TlsSetting::ServerName)),
            verify: switch(block, module.name_of(TlsSetting::Verify)),
            name: PeerName { text, by: given },
        })
    }
}

/// What follows the scheme, in whatever case that is written.
fn without_scheme<'u>(url: &'u str, scheme: &str) -> Option<&'u str> {
    let start = url.get(..scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then(|| &url[scheme.len()..])
}

/// What stands before the path of a URL with variables, which often is one of them.
fn before_path(url: &str) -> &str {
    const PATHS: &[&str] = &["request_uri", "uri", "document_uri"];
    let Some(start) = url.find("://").map(|start| start + "://".len()) else { return url };
    let authority = upstreams::authority(&url[start..]);
    let mut end = start;
    for piece in pieces(authority) {
        match piece {
            Piece::Variable(name) if PATHS.iter().any(|path| path.eq_ignore_ascii_case(name)) => break,
            Piece::Variable(name) if url[end..].starts_with("${") => end += name.len() + "${}".len(),
            Piece::Variable(name) => end += name.len() + "$".len(),
            Piece::Capture(_) => end += "$1".len(),
            Piece::Text(text) => end += text.len(),
        }
    }
    &url[..end]
}

/// What the host of a URL with variables ends with, behind the last of them.
fn domain(url: &str, scheme: &str) -> Option<String> {
    let host = upstreams::host(upstreams::authority(without_scheme(before_path(url), scheme)?));
    match pieces(host).last()? {
        Piece::Text(text) => text.strip_prefix('.').filter(|domain| domain.contains('.')).map(str::to_ascii_lowercase),
        Piece::Variable(_) | Piece::Capture(_) => None,
    }
}

/// A flag that is off by default.
fn switch<'c>(block: Directive<'c>, name: &str) -> Switch<'c> {
    let in_effect = inherit::in_effect(block, name);
    let by = in_effect.directives.last().copied();
    let value = by.and_then(|directive| directive.argument(0)).map(|word| parse_flag(&word.value()));
    let is_certain_here = !in_effect.is_partial && !matches!(value, Some(Err(_)));
    Switch {
        is_on: matches!(value, Some(Ok(true))),
        by,
        is_certain: is_certain_here && (by.is_some() || block.config().is_whole()),
        is_certain_here,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // What is sent as SNI was seen on nginx 1.22.1 and 1.31.3.
    #[test]
    fn names_that_are_sent() {
        for (name, sent) in [
            ("a.test", Some("a.test")),
            ("a.test:8443", Some("a.test")),
            ("10.0.0.1", None),
            ("10.0.0.1:8443", None),
            ("010.0..1", None),
            ("10.0.0.256", Some("10.0.0.256")),
            ("10.0.1", Some("10.0.1")),
            ("10.0.0.1.", Some("10.0.0.1.")),
            ("[::1]:8443", None),
            ("[::1]", None),
            ("::1", None),
            ("", None),
            ("/run/a.sock", Some("/run/a.sock")),
        ] {
            assert_eq!(Some(without_port(name)).filter(|name| is_sent(name)), sent, "{name}");
        }
    }

    #[test]
    fn urls_end_before_their_paths() {
        for (url, expected) in [
            ("https://$a.test/$uri", "https://$a.test"),
            ("https://$a$request_uri", "https://$a"),
            ("https://${a}b${uri}", "https://${a}b"),
            ("https://a.test$is_args", "https://a.test$is_args"),
            ("https://a.test:$port?$args", "https://a.test:$port"),
            ("https://$1.test$uri", "https://$1.test"),
            ("$url$request_uri", "$url$request_uri"),
            ("https://unix:$a:/$uri", "https://unix:$a"),
        ] {
            assert_eq!(before_path(url), expected, "{url}");
        }
    }

    #[test]
    fn domains_of_hosts_that_requests_decide() {
        for (url, expected) in [
            ("https://$b.S3.test/x", Some("s3.test")),
            ("https://$b.s3.test:8443$request_uri", Some("s3.test")),
            ("https://$b.test", None),
            ("https://s3.$b", None),
            ("https://$b-s3.a.test", None),
            ("http://$b.s3.test", None),
        ] {
            assert_eq!(domain(url, "https://").as_deref(), expected, "{url}");
        }
    }
}
