//! Defaults that follow the version of nginx.

use super::{Contexts, DirectiveName, NginxVersion};

/// What the directive is in `context` when nobody writes it, in this version of nginx; `None` when it has no default.
///
/// In the words of the documentation: `4k|8k` depends on the platform, several defaults of one directive are
/// joined by `; `. A directive that a version does not know yet behaves there as if it had its first default.
#[must_use]
pub fn default_value(name: DirectiveName, context: Contexts, version: NginxVersion) -> Option<&'static str> {
    let directive = name.in_context(context)?;
    let earlier = EARLIER.iter().filter(|earlier| earlier.name == directive.name && version < earlier.before);
    earlier.min_by_key(|earlier| earlier.before).map_or(directive.default, |earlier| earlier.default)
}

/// The default of every directive `name` in the releases before `before`.
struct EarlierDefault {
    name: &'static str,
    before: NginxVersion,
    default: Option<&'static str>,
}

const fn was(name: &'static str, (major, minor, patch): (u16, u16, u16), default: &'static str) -> EarlierDefault {
    EarlierDefault { name, before: NginxVersion::new(major, minor, patch), default: Some(default) }
}

const fn had_none(name: &'static str, (major, minor, patch): (u16, u16, u16)) -> EarlierDefault {
    EarlierDefault { name, before: NginxVersion::new(major, minor, patch), default: None }
}

/// Source: every default that differs between two releases from 1.14.0 to 1.31.4 in nginx's source, and nginx's list
/// of changes, <https://nginx.org/en/CHANGES>, in the release that each row names. Older changes are those that the
/// reference documentation still tells.
#[rustfmt::skip] // A table: one row a line.
const EARLIER: &[EarlierDefault] = &[
    // 1.29.7: "ngx_http_proxy_module supports keepalive by default"; `Connection` is not sent any more.
    was("proxy_http_version", (1, 29, 7), "1.0"),
    was("proxy_set_header", (1, 29, 7), "Host $proxy_host; Connection close"),
    had_none("keepalive", (1, 29, 7)),
    // 1.27.3: "now TLSv1 and TLSv1.1 protocols are disabled by default"; 1.23.4: "now TLSv1.3 protocol is enabled
    // by default"; 1.9.1: "now SSLv3 protocol is disabled by default".
    was("ssl_protocols", (1, 27, 3), "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
    was("ssl_protocols", (1, 23, 4), "TLSv1 TLSv1.1 TLSv1.2"),
    was("ssl_protocols", (1, 9, 1), "SSLv3 TLSv1 TLSv1.1 TLSv1.2"),
    was("proxy_ssl_protocols", (1, 27, 3), "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
    was("proxy_ssl_protocols", (1, 23, 4), "TLSv1 TLSv1.1 TLSv1.2"),
    was("proxy_ssl_protocols", (1, 9, 1), "SSLv3 TLSv1 TLSv1.1 TLSv1.2"),
    was("grpc_ssl_protocols", (1, 27, 3), "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
    was("grpc_ssl_protocols", (1, 23, 4), "TLSv1 TLSv1.1 TLSv1.2"),
    was("uwsgi_ssl_protocols", (1, 27, 3), "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
    was("uwsgi_ssl_protocols", (1, 23, 4), "TLSv1 TLSv1.1 TLSv1.2"),
    was("uwsgi_ssl_protocols", (1, 9, 1), "SSLv3 TLSv1 TLSv1.1 TLSv1.2"),
    // 1.21.4: "the default value of the "sendfile_max_chunk" directive was changed to 2 megabytes".
    was("sendfile_max_chunk", (1, 21, 4), "0"),
    // 1.19.10: "the default value of the "keepalive_requests" directive was changed to 1000"; in `upstream` too.
    was("keepalive_requests", (1, 19, 10), "100"),
    // 1.11.3: "now the "accept_mutex" directive is turned off by default".
    was("accept_mutex", (1, 11, 3), "on"),
    // 1.11.0: "by default a list built into OpenSSL is used".
    was("ssl_ecdh_curve", (1, 11, 0), "prime256v1"),
    // The reference documentation: "Prior to version …, the default value was …".
    was("connection_pool_size", (1, 9, 8), "256"),
    was("output_buffers", (1, 9, 5), "1 32k"),
    was("variables_hash_max_size", (1, 5, 13), "512"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_follow_the_version() {
        const HTTP: Contexts = Contexts::HTTP;
        const ROWS: &[(&str, Contexts, &str, Option<&str>)] = &[
            ("proxy_http_version", HTTP, "1.29.6", Some("1.0")),
            ("proxy_http_version", HTTP, "1.29.7", Some("1.1")),
            ("proxy_set_header", Contexts::LOCATION, "1.22.1", Some("Host $proxy_host; Connection close")),
            ("proxy_set_header", Contexts::LOCATION, "1.31.4", Some("Host $proxy_host")),
            ("keepalive", Contexts::UPSTREAM, "1.29.6", None),
            ("keepalive", Contexts::UPSTREAM, "1.29.7", Some("32 local")),
            ("ssl_protocols", HTTP, "1.8.1", Some("SSLv3 TLSv1 TLSv1.1 TLSv1.2")),
            ("ssl_protocols", HTTP, "1.22.1", Some("TLSv1 TLSv1.1 TLSv1.2")),
            ("ssl_protocols", HTTP, "1.23.4", Some("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3")),
            ("ssl_protocols", HTTP, "1.27.2", Some("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3")),
            ("ssl_protocols", Contexts::STREAM, "1.27.3", Some("TLSv1.2 TLSv1.3")),
            ("ssl_protocols", Contexts::MAIL_SERVER, "1.22.1", Some("TLSv1 TLSv1.1 TLSv1.2")),
            ("proxy_ssl_protocols", Contexts::STREAM_SERVER, "1.22.1", Some("TLSv1 TLSv1.1 TLSv1.2")),
            ("proxy_ssl_protocols", HTTP, "1.27.3", Some("TLSv1.2 TLSv1.3")),
            ("grpc_ssl_protocols", HTTP, "1.27.2", Some("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3")),
            ("uwsgi_ssl_protocols", HTTP, "1.23.3", Some("TLSv1 TLSv1.1 TLSv1.2")),
            ("sendfile_max_chunk", HTTP, "1.21.3", Some("0")),
            ("sendfile_max_chunk", HTTP, "1.21.4", Some("2m")),
            ("keepalive_requests", HTTP, "1.19.9", Some("100")),
            ("keepalive_requests", Contexts::UPSTREAM, "1.19.10", Some("1000")),
            ("keepalive_timeout", HTTP, "1.31.4", Some("75s")),
            ("keepalive_timeout", Contexts::UPSTREAM, "1.31.4", Some("60s")),
            ("accept_mutex", Contexts::EVENTS, "1.10.3", Some("on")),
            ("accept_mutex", Contexts::EVENTS, "1.11.3", Some("off")),
            ("ssl_ecdh_curve", HTTP, "1.10.3", Some("prime256v1")),
            ("ssl_ecdh_curve", HTTP, "1.11.0", Some("auto")),
            ("connection_pool_size", HTTP, "1.9.7", Some("256")),
            ("output_buffers", HTTP, "1.9.4", Some("1 32k")),
            ("output_buffers", HTTP, "1.9.5", Some("2 32k")),
            ("variables_hash_max_size", HTTP, "1.5.12", Some("512")),
            ("variables_hash_max_size", HTTP, "1.5.13", Some("1024")),
            // The same in every version, and none.
            ("proxy_read_timeout", HTTP, "1.14.0", Some("60s")),
            ("ssl_reject_handshake", HTTP, "1.31.4", Some("off")),
            ("proxy_pass", Contexts::LOCATION, "1.31.4", None),
            // Not in this context at all.
            ("proxy_pass", HTTP, "1.31.4", None),
        ];
        for (name, context, version, expected) in ROWS {
            let directive = DirectiveName::find(name.as_bytes()).expect("a row names a known directive");
            let version = version.parse().expect("a row names a version");
            assert_eq!(default_value(directive, *context, version), *expected, "{name} in {context}, {version}");
        }
    }

    #[test]
    fn every_earlier_default_is_another_than_the_next_one() {
        for earlier in EARLIER {
            let name = DirectiveName::find(earlier.name.as_bytes()).expect("a row names a known directive");
            for row in name.rows() {
                let next = default_value(name, row.contexts, earlier.before);
                assert!(next != earlier.default, "{} in {} from {}", row.name, row.module, earlier.before);
            }
        }
    }
}
