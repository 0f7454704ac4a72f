//! The modules of nginx that connect to upstreams over TLS.

use crate::nginx::Contexts;

/// A module with a `…_pass` and settings `…_ssl_…` of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct PassModule {
    /// Where an upstream is named.
    pub pass: &'static str,
    /// Its settings, in the order of [`TlsSetting`].
    settings: [&'static str; 9],
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
    /// The name of a setting: `proxy_ssl_verify`.
    #[must_use]
    pub fn name_of(&self, setting: TlsSetting) -> &'static str {
        self.settings[setting as usize]
    }
}

/// The settings of a module, in the order of [`TlsSetting`].
macro_rules! settings {
    ($prefix:literal) => {
        [
            concat!($prefix, "_ssl_server_name"),
            concat!($prefix, "_ssl_name"),
            concat!($prefix, "_ssl_verify"),
            concat!($prefix, "_ssl_verify_depth"),
            concat!($prefix, "_ssl_trusted_certificate"),
            concat!($prefix, "_ssl_crl"),
            concat!($prefix, "_ssl_protocols"),
            concat!($prefix, "_ssl_session_reuse"),
            concat!($prefix, "_ssl_conf_command"),
        ]
    };
}

/// Where a `…_pass` of `http` stands.
const IN_LOCATIONS: Contexts = Contexts::LOCATION.union(Contexts::IF_IN_LOCATION).union(Contexts::LIMIT_EXCEPT);

/// A module of `http`.
macro_rules! of_http {
    ($prefix:literal, $scheme:literal, $usual_port:literal) => {
        PassModule {
            pass: concat!($prefix, "_pass"),
            settings: settings!($prefix),
            side: Contexts::HTTP,
            contexts: IN_LOCATIONS,
            scheme: Some($scheme),
            usual_port: $usual_port,
        }
    };
}

/// The modules.
pub const MODULES: &[PassModule] = &[
    of_http!("proxy", "https://", 443),
    of_http!("grpc", "grpcs://", 0),
    of_http!("uwsgi", "suwsgi://", 0),
    PassModule {
        pass: "proxy_pass",
        settings: settings!("proxy"),
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
        const ENDS: &[(TlsSetting, &str)] = &[
            (ServerName, "server_name"),
            (Name, "name"),
            (Verify, "verify"),
            (VerifyDepth, "verify_depth"),
            (TrustedCertificate, "trusted_certificate"),
            (Crl, "crl"),
            (Protocols, "protocols"),
            (SessionReuse, "session_reuse"),
            (ConfCommand, "conf_command"),
        ];
        for module in MODULES {
            let pass = DirectiveName::find(module.pass.as_bytes()).expect("a pass is known");
            assert!(pass.contexts().intersects(module.contexts), "{}", module.pass);
            for (setting, end) in ENDS {
                let name = module.name_of(*setting);
                assert!(name.ends_with(&format!("_ssl_{end}")), "{name}");
                let known = DirectiveName::find(name.as_bytes()).unwrap_or_else(|| panic!("{name} is not known"));
                assert!(known.contexts().intersects(module.side), "{name}");
            }
        }
    }
}
