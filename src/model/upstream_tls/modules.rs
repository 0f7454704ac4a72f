//! The modules of nginx that connect to upstreams over TLS.

use crate::nginx::Contexts;

/// A module with a `…_pass` and settings `…_ssl_…` of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct PassModule {
    /// Where an upstream is named.
    pub pass: &'static str,
    /// What its settings begin with.
    prefix: &'static str,
    /// [`Contexts::HTTP`] or [`Contexts::STREAM`].
    pub side: Contexts,
    /// Where `pass` stands.
    pub(super) contexts: Contexts,
    /// What a URL of TLS begins with; `stream` has `proxy_ssl` for it.
    pub(super) scheme: Option<&'static str>,
    /// The port of a URL of TLS without one; 0 where nginx wants one.
    pub(super) usual_port: u16,
}

/// A setting of TLS towards upstreams.
///
/// nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_server_name> and those around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsSetting {
    /// `…_ssl_server_name`: whether SNI is sent.
    ServerName,
    /// `…_ssl_name`: the name for SNI and for verification.
    Name,
    /// `…_ssl_verify`
    Verify,
    /// `…_ssl_verify_depth`
    VerifyDepth,
    /// `…_ssl_trusted_certificate`
    TrustedCertificate,
    /// `…_ssl_crl`
    Crl,
    /// `…_ssl_protocols`
    Protocols,
    /// `…_ssl_session_reuse`
    SessionReuse,
    /// `…_ssl_conf_command`
    ConfCommand,
}

impl PassModule {
    /// Where its settings stand.
    #[must_use]
    pub fn levels(&self) -> Contexts {
        if self.side == Contexts::STREAM {
            Contexts::STREAM.union(Contexts::STREAM_SERVER)
        } else {
            Contexts::HTTP.union(Contexts::SERVER).union(Contexts::LOCATION)
        }
    }

    /// The name of a setting: `proxy_ssl_verify`.
    #[must_use]
    pub fn name_of(&self, setting: TlsSetting) -> String {
        let rest = match setting {
            TlsSetting::ServerName => "server_name",
            TlsSetting::Name => "name",
            TlsSetting::Verify => "verify",
            TlsSetting::VerifyDepth => "verify_depth",
            TlsSetting::TrustedCertificate => "trusted_certificate",
            TlsSetting::Crl => "crl",
            TlsSetting::Protocols => "protocols",
            TlsSetting::SessionReuse => "session_reuse",
            TlsSetting::ConfCommand => "conf_command",
        };
        format!("{}_ssl_{rest}", self.prefix)
    }
}

/// Where a `…_pass` of `http` stands.
const IN_LOCATIONS: Contexts = Contexts::LOCATION.union(Contexts::IF_IN_LOCATION).union(Contexts::LIMIT_EXCEPT);

const fn of_http(
    pass: &'static str,
    prefix: &'static str,
    contexts: Contexts,
    scheme: &'static str,
    usual_port: u16,
) -> PassModule {
    PassModule { pass, prefix, side: Contexts::HTTP, contexts, scheme: Some(scheme), usual_port }
}

/// The modules.
pub const MODULES: &[PassModule] = &[
    of_http("proxy_pass", "proxy", IN_LOCATIONS, "https://", 443),
    of_http("grpc_pass", "grpc", IN_LOCATIONS, "grpcs://", 0),
    of_http("uwsgi_pass", "uwsgi", IN_LOCATIONS, "suwsgi://", 0),
    PassModule {
        pass: "proxy_pass",
        prefix: "proxy",
        side: Contexts::STREAM,
        contexts: Contexts::STREAM_SERVER,
        scheme: None,
        usual_port: 0,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nginx::DirectiveName;

    #[test]
    fn every_module_has_every_setting() {
        use TlsSetting::*;
        let settings =
            [ServerName, Name, Verify, VerifyDepth, TrustedCertificate, Crl, Protocols, SessionReuse, ConfCommand];
        for module in MODULES {
            let name = DirectiveName::find(module.pass.as_bytes()).expect("a pass is known");
            assert!(name.contexts().intersects(module.contexts), "{}", module.pass);
            for setting in settings {
                let name = module.name_of(setting);
                let known = DirectiveName::find(name.as_bytes()).unwrap_or_else(|| panic!("{name} is not known"));
                assert!(known.contexts().intersects(module.side), "{name}");
            }
        }
    }
}
