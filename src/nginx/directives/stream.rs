//! The directives of `stream`: data, one row a line and sorted by
//! module and name, so that it is as long as there are directives.
//!
//! Source: nginx's command tables in the releases 1.14.0 to 1.31.4 and its reference documentation.

use super::row::{Module, at_least, between, d, exactly, module};
use super::words::{
    LOG_LEVELS, MAIN, OFF_ON_LEAF, OFF_ON_V2, STREAM, STREAM_LEVELS, STREAM_SERVER, STREAM_UPSTREAM, TLS_PROTOCOLS,
    VERIFY_CLIENT,
};

#[rustfmt::skip] // One row a line, whatever its length: a diff shows which fact changed.
pub(super) const MODULES: &[Module] = &[
    module("ngx_stream").page("stream/ngx_stream_core_module").rows(&[
        d("stream", MAIN, exactly(0)).block().once(),
    ]),
    module("ngx_stream_access_module").page("stream/ngx_stream_access_module").rows(&[
        d("allow", STREAM_LEVELS, exactly(1)).repeats(),
        d("deny", STREAM_LEVELS, exactly(1)).repeats(),
    ]),
    module("ngx_stream_core_module").page("stream/ngx_stream_core_module").rows(&[
        d("error_log", STREAM_LEVELS, at_least(1)).repeats().default("logs/error.log error").page("ngx_core_module"),
        d("listen", STREAM_SERVER, at_least(1)).repeats(),
        d("preread_buffer_size", STREAM_LEVELS, exactly(1)).size().once().default("16k").since(1, 11, 5),
        d("preread_timeout", STREAM_LEVELS, exactly(1)).time().once().default("30s").since(1, 11, 5),
        d("proxy_protocol_timeout", STREAM_LEVELS, exactly(1)).time().once().default("30s").since(1, 11, 4),
        d("resolver", STREAM_LEVELS, at_least(1)).once().since(1, 11, 3),
        d("resolver_timeout", STREAM_LEVELS, exactly(1)).time().once().default("30s").since(1, 11, 3),
        d("server", STREAM, exactly(0)).block().repeats(),
        d("server_name", STREAM_SERVER, at_least(1)).repeats().default("\"\"").since(1, 25, 5),
        d("server_names_hash_bucket_size", STREAM, exactly(1)).number().once().default("32|64|128").since(1, 25, 5),
        d("server_names_hash_max_size", STREAM, exactly(1)).number().once().default("512").since(1, 25, 5),
        d("tcp_nodelay", STREAM_LEVELS, exactly(1)).flag().once().default("on").since(1, 9, 4),
        d("variables_hash_bucket_size", STREAM, exactly(1)).number().once().default("64").since(1, 11, 2),
        d("variables_hash_max_size", STREAM, exactly(1)).number().once().default("1024").since(1, 11, 2),
    ]),
    module("ngx_stream_geo_module").page("stream/ngx_stream_geo_module").rows(&[
        d("geo", STREAM, between(1, 2)).block().repeats(),
    ]),
    module("ngx_stream_geoip_module").page("stream/ngx_stream_geoip_module").rows(&[
        d("geoip_city", STREAM, between(1, 2)).once(),
        d("geoip_country", STREAM, between(1, 2)).once(),
        d("geoip_org", STREAM, between(1, 2)).once(),
    ]),
    module("ngx_stream_limit_conn_module").page("stream/ngx_stream_limit_conn_module").rows(&[
        d("limit_conn", STREAM_LEVELS, exactly(2)).repeats(),
        d("limit_conn_dry_run", STREAM_LEVELS, exactly(1)).flag().once().default("off").since(1, 17, 6),
        d("limit_conn_log_level", STREAM_LEVELS, exactly(1)).one_of(LOG_LEVELS).once().default("error"),
        d("limit_conn_zone", STREAM, exactly(2)).repeats(),
    ]),
    module("ngx_stream_log_module").page("stream/ngx_stream_log_module").rows(&[
        d("access_log", STREAM_LEVELS, at_least(1)).repeats().default("off"),
        d("log_format", STREAM, at_least(2)).repeats(),
        d("open_log_file_cache", STREAM_LEVELS, between(1, 4)).once().default("off"),
    ]),
    module("ngx_stream_map_module").page("stream/ngx_stream_map_module").rows(&[
        d("map", STREAM, exactly(2)).block().repeats(),
        d("map_hash_bucket_size", STREAM, exactly(1)).number().once().default("32|64|128"),
        d("map_hash_max_size", STREAM, exactly(1)).number().once().default("2048"),
    ]),
    module("ngx_stream_pass_module").page("stream/ngx_stream_pass_module").rows(&[
        d("pass", STREAM_SERVER, exactly(1)).once().since(1, 25, 5),
    ]),
    module("ngx_stream_proxy_module").page("stream/ngx_stream_proxy_module").rows(&[
        d("proxy_bind", STREAM_LEVELS, between(1, 2)).once().since(1, 9, 2),
        d("proxy_buffer_size", STREAM_LEVELS, exactly(1)).size().once().default("16k").since(1, 9, 4),
        d("proxy_connect_timeout", STREAM_LEVELS, exactly(1)).time().once().default("60s"),
        d("proxy_download_rate", STREAM_LEVELS, exactly(1)).once().default("0").since(1, 9, 3),
        d("proxy_downstream_buffer", STREAM_LEVELS, exactly(1)).size().once().deprecated(1, 9, 4, Some("proxy_buffer_size")).undocumented(),
        d("proxy_half_close", STREAM_LEVELS, exactly(1)).flag().once().default("off").since(1, 21, 4),
        d("proxy_next_upstream", STREAM_LEVELS, exactly(1)).flag().once().default("on"),
        d("proxy_next_upstream_timeout", STREAM_LEVELS, exactly(1)).time().once().default("0"),
        d("proxy_next_upstream_tries", STREAM_LEVELS, exactly(1)).number().once().default("0"),
        d("proxy_pass", STREAM_SERVER, exactly(1)).once(),
        d("proxy_protocol", STREAM_LEVELS, exactly(1)).one_of(OFF_ON_V2).value_since("v2", 1, 31, 4).once().default("off").since(1, 9, 2),
        d("proxy_requests", STREAM_LEVELS, exactly(1)).number().once().default("0").since(1, 15, 7),
        d("proxy_responses", STREAM_LEVELS, exactly(1)).number().once().since(1, 9, 13),
        d("proxy_socket_keepalive", STREAM_LEVELS, exactly(1)).flag().once().default("off").since(1, 15, 6),
        d("proxy_socket_rcvbuf", STREAM_LEVELS, exactly(1)).size().once().since(1, 31, 3),
        d("proxy_socket_sndbuf", STREAM_LEVELS, exactly(1)).size().once().since(1, 31, 3),
        d("proxy_ssl", STREAM_LEVELS, exactly(1)).flag().once().default("off"),
        d("proxy_ssl_alpn", STREAM_LEVELS, at_least(1)).once().since(1, 31, 0),
        d("proxy_ssl_certificate", STREAM_LEVELS, exactly(1)).once(),
        d("proxy_ssl_certificate_cache", STREAM_LEVELS, between(1, 3)).once().default("off").since(1, 27, 4),
        d("proxy_ssl_certificate_key", STREAM_LEVELS, exactly(1)).once(),
        d("proxy_ssl_ciphers", STREAM_LEVELS, exactly(1)).text().once().default("DEFAULT"),
        d("proxy_ssl_conf_command", STREAM_LEVELS, exactly(2)).key_value().repeats().since(1, 19, 4),
        d("proxy_ssl_crl", STREAM_LEVELS, exactly(1)).text().once(),
        d("proxy_ssl_name", STREAM_LEVELS, exactly(1)).once().default("host from proxy_pass"),
        d("proxy_ssl_password_file", STREAM_LEVELS, exactly(1)).once(),
        d("proxy_ssl_protocols", STREAM_LEVELS, at_least(1)).set_of(TLS_PROTOCOLS).once().default("TLSv1.2 TLSv1.3"),
        d("proxy_ssl_server_name", STREAM_LEVELS, exactly(1)).flag().once().default("off"),
        d("proxy_ssl_session_reuse", STREAM_LEVELS, exactly(1)).flag().once().default("on"),
        d("proxy_ssl_trusted_certificate", STREAM_LEVELS, exactly(1)).text().once(),
        d("proxy_ssl_verify", STREAM_LEVELS, exactly(1)).flag().once().default("off"),
        d("proxy_ssl_verify_depth", STREAM_LEVELS, exactly(1)).number().once().default("1"),
        d("proxy_timeout", STREAM_LEVELS, exactly(1)).time().once().default("10m"),
        d("proxy_upload_rate", STREAM_LEVELS, exactly(1)).once().default("0").since(1, 9, 3),
        d("proxy_upstream_buffer", STREAM_LEVELS, exactly(1)).size().once().deprecated(1, 9, 4, Some("proxy_buffer_size")).undocumented(),
    ]),
    module("ngx_stream_realip_module").page("stream/ngx_stream_realip_module").rows(&[
        d("set_real_ip_from", STREAM_LEVELS, exactly(1)).repeats(),
    ]),
    module("ngx_stream_return_module").page("stream/ngx_stream_return_module").rows(&[
        d("return", STREAM_SERVER, exactly(1)).once(),
    ]),
    module("ngx_stream_set_module").page("stream/ngx_stream_set_module").rows(&[
        d("set", STREAM_SERVER, exactly(2)).repeats().since(1, 19, 3),
    ]),
    module("ngx_stream_split_clients_module").page("stream/ngx_stream_split_clients_module").rows(&[
        d("split_clients", STREAM, exactly(2)).block().repeats(),
    ]),
    module("ngx_stream_ssl_module").page("stream/ngx_stream_ssl_module").rows(&[
        d("ssl_alpn", STREAM_LEVELS, at_least(1)).once().since(1, 21, 4),
        d("ssl_certificate", STREAM_LEVELS, exactly(1)).text().repeats(),
        d("ssl_certificate_cache", STREAM_LEVELS, between(1, 3)).once().default("off").since(1, 27, 4),
        d("ssl_certificate_compression", STREAM_LEVELS, exactly(1)).flag().once().default("off").since(1, 29, 1),
        d("ssl_certificate_key", STREAM_LEVELS, exactly(1)).text().repeats(),
        d("ssl_ciphers", STREAM_LEVELS, exactly(1)).text().once().default("HIGH:!aNULL:!MD5"),
        d("ssl_client_certificate", STREAM_LEVELS, exactly(1)).text().once().since(1, 11, 8),
        d("ssl_conf_command", STREAM_LEVELS, exactly(2)).key_value().repeats().since(1, 19, 4),
        d("ssl_crl", STREAM_LEVELS, exactly(1)).text().once().since(1, 11, 8),
        d("ssl_dhparam", STREAM_LEVELS, exactly(1)).text().once(),
        d("ssl_ecdh_curve", STREAM_LEVELS, exactly(1)).text().once().default("auto"),
        d("ssl_ech_file", STREAM_LEVELS, exactly(1)).text().repeats().since(1, 29, 4),
        d("ssl_handshake_timeout", STREAM_LEVELS, exactly(1)).time().once().default("60s"),
        d("ssl_ocsp", STREAM_LEVELS, exactly(1)).one_of(OFF_ON_LEAF).once().default("off").since(1, 27, 2),
        d("ssl_ocsp_cache", STREAM_LEVELS, exactly(1)).once().default("off").since(1, 27, 2),
        d("ssl_ocsp_responder", STREAM_LEVELS, exactly(1)).text().once().since(1, 27, 2),
        d("ssl_password_file", STREAM_LEVELS, exactly(1)).once(),
        d("ssl_prefer_server_ciphers", STREAM_LEVELS, exactly(1)).flag().once().default("off"),
        d("ssl_protocols", STREAM_LEVELS, at_least(1)).set_of(TLS_PROTOCOLS).once().default("TLSv1.2 TLSv1.3"),
        d("ssl_reject_handshake", STREAM_LEVELS, exactly(1)).flag().once().default("off").since(1, 25, 5),
        d("ssl_session_cache", STREAM_LEVELS, between(1, 2)).repeats().default("none"),
        d("ssl_session_ticket_key", STREAM_LEVELS, exactly(1)).text().repeats(),
        d("ssl_session_tickets", STREAM_LEVELS, exactly(1)).flag().once().default("on"),
        d("ssl_session_timeout", STREAM_LEVELS, exactly(1)).seconds().once().default("5m"),
        d("ssl_stapling", STREAM_LEVELS, exactly(1)).flag().once().default("off").since(1, 27, 2),
        d("ssl_stapling_file", STREAM_LEVELS, exactly(1)).text().once().since(1, 27, 2),
        d("ssl_stapling_responder", STREAM_LEVELS, exactly(1)).text().once().since(1, 27, 2),
        d("ssl_stapling_verify", STREAM_LEVELS, exactly(1)).flag().once().default("off").since(1, 27, 2),
        d("ssl_trusted_certificate", STREAM_LEVELS, exactly(1)).text().once().since(1, 11, 8),
        d("ssl_verify_client", STREAM_LEVELS, exactly(1)).one_of(VERIFY_CLIENT).once().default("off").since(1, 11, 8),
        d("ssl_verify_depth", STREAM_LEVELS, exactly(1)).number().once().default("1").since(1, 11, 8),
    ]),
    module("ngx_stream_ssl_preread_module").page("stream/ngx_stream_ssl_preread_module").rows(&[
        d("ssl_preread", STREAM_LEVELS, exactly(1)).flag().once().default("off"),
    ]),
    module("ngx_stream_upstream").page("stream/ngx_stream_upstream_module").rows(&[
        d("resolver", STREAM_UPSTREAM, at_least(1)).once().since(1, 27, 3),
        d("resolver_timeout", STREAM_UPSTREAM, exactly(1)).time().once().default("30s").since(1, 27, 3),
        d("server", STREAM_UPSTREAM, at_least(1)).repeats(),
        d("upstream", STREAM, exactly(1)).block().repeats(),
    ]),
    module("ngx_stream_upstream_hash_module").page("stream/ngx_stream_upstream_module").rows(&[
        d("hash", STREAM_UPSTREAM, between(1, 2)).repeats(),
    ]),
    module("ngx_stream_upstream_least_conn_module").page("stream/ngx_stream_upstream_module").rows(&[
        d("least_conn", STREAM_UPSTREAM, exactly(0)).repeats(),
    ]),
    module("ngx_stream_upstream_least_time_module").page("stream/ngx_stream_upstream_module").rows(&[
        d("least_time", STREAM_UPSTREAM, between(1, 2)).once().since(1, 31, 0),
    ]),
    module("ngx_stream_upstream_random_module").page("stream/ngx_stream_upstream_module").rows(&[
        d("random", STREAM_UPSTREAM, between(0, 2)).repeats().since(1, 15, 1),
    ]),
    module("ngx_stream_upstream_zone_module").page("stream/ngx_stream_upstream_module").rows(&[
        d("zone", STREAM_UPSTREAM, between(1, 2)).repeats(),
    ]),
];
