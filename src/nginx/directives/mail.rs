//! The directives of `mail`: data, one row a line and sorted by
//! module and name, so that it is as long as there are directives.
//!
//! Source: nginx's command tables in the releases 1.14.0 to 1.31.4 and its reference documentation.

use super::row::{Module, at_least, between, d, exactly, module};
use super::words::{MAIL, MAIL_LEVELS, MAIL_SERVER, MAIN, OFF_ON_V2, TLS_PROTOCOLS, VERIFY_CLIENT};

#[rustfmt::skip] // One row a line, whatever its length: a diff shows which fact changed.
pub(super) const MODULES: &[Module] = &[
    module("ngx_mail").page("mail/ngx_mail_core_module").rows(&[
        d("mail", MAIN, exactly(0)).block().once(),
    ]),
    module("ngx_mail_auth_http_module").page("mail/ngx_mail_auth_http_module").rows(&[
        d("auth_http", MAIL_LEVELS, exactly(1)).repeats(),
        d("auth_http_header", MAIL_LEVELS, exactly(2)).repeats(),
        d("auth_http_pass_client_cert", MAIL_LEVELS, exactly(1)).flag().once().default("off").since(1, 7, 11),
        d("auth_http_timeout", MAIL_LEVELS, exactly(1)).time().once().default("60s"),
    ]),
    module("ngx_mail_core_module").page("mail/ngx_mail_core_module").rows(&[
        d("error_log", MAIL_LEVELS, at_least(1)).repeats().default("logs/error.log error").page("ngx_core_module"),
        d("listen", MAIL_SERVER, at_least(1)).repeats(),
        d("max_errors", MAIL_LEVELS, exactly(1)).number().once().default("5").since(1, 21, 0),
        d("protocol", MAIL_SERVER, exactly(1)).repeats(),
        d("resolver", MAIL_LEVELS, at_least(1)).once().default("off"),
        d("resolver_timeout", MAIL_LEVELS, exactly(1)).time().once().default("30s"),
        d("server", MAIL, exactly(0)).block().repeats(),
        d("server_name", MAIL_LEVELS, exactly(1)).text().once().default("hostname"),
        d("timeout", MAIL_LEVELS, exactly(1)).time().once().default("60s"),
    ]),
    module("ngx_mail_imap_module").page("mail/ngx_mail_imap_module").rows(&[
        d("imap_auth", MAIL_LEVELS, at_least(1)).set_of(&["plain", "login", "cram-md5", "external"]).once().default("plain"),
        d("imap_capabilities", MAIL_LEVELS, at_least(1)).repeats().default("IMAP4 IMAP4rev1 UIDPLUS"),
        d("imap_client_buffer", MAIL_LEVELS, exactly(1)).size().once().default("4k|8k"),
    ]),
    module("ngx_mail_pop3_module").page("mail/ngx_mail_pop3_module").rows(&[
        d("pop3_auth", MAIL_LEVELS, at_least(1)).set_of(&["plain", "apop", "cram-md5", "external"]).once().default("plain"),
        d("pop3_capabilities", MAIL_LEVELS, at_least(1)).repeats().default("TOP USER UIDL"),
    ]),
    module("ngx_mail_proxy_module").page("mail/ngx_mail_proxy_module").rows(&[
        d("proxy", MAIL_LEVELS, exactly(1)).flag().once().default("off"),
        d("proxy_buffer", MAIL_LEVELS, exactly(1)).size().once().default("4k|8k"),
        d("proxy_pass_error_message", MAIL_LEVELS, exactly(1)).flag().once().default("off"),
        d("proxy_protocol", MAIL_LEVELS, exactly(1)).one_of(OFF_ON_V2).value_since("v2", 1, 31, 4).once().default("off").since(1, 19, 8),
        d("proxy_smtp_auth", MAIL_LEVELS, exactly(1)).flag().once().default("off").since(1, 19, 4),
        d("proxy_timeout", MAIL_LEVELS, exactly(1)).time().once().default("24h"),
        d("xclient", MAIL_LEVELS, exactly(1)).flag().once().default("on"),
    ]),
    module("ngx_mail_realip_module").page("mail/ngx_mail_realip_module").rows(&[
        d("set_real_ip_from", MAIL_LEVELS, exactly(1)).repeats().since(1, 19, 8),
    ]),
    module("ngx_mail_smtp_module").page("mail/ngx_mail_smtp_module").rows(&[
        d("smtp_auth", MAIL_LEVELS, at_least(1)).set_of(&["plain", "login", "cram-md5", "external", "none"]).once().default("plain login"),
        d("smtp_capabilities", MAIL_LEVELS, at_least(1)).repeats(),
        d("smtp_client_buffer", MAIL_LEVELS, exactly(1)).size().once().default("4k|8k"),
        d("smtp_greeting_delay", MAIL_LEVELS, exactly(1)).time().once().default("0"),
    ]),
    module("ngx_mail_ssl_module").page("mail/ngx_mail_ssl_module").rows(&[
        d("ssl", MAIL_LEVELS, exactly(1)).flag().once().default("off").last(1, 25, 0).deprecated(1, 15, 0, Some("listen ... ssl")),
        d("ssl_certificate", MAIL_LEVELS, exactly(1)).text().repeats(),
        d("ssl_certificate_compression", MAIL_LEVELS, exactly(1)).flag().once().default("off").since(1, 29, 1),
        d("ssl_certificate_key", MAIL_LEVELS, exactly(1)).text().repeats(),
        d("ssl_ciphers", MAIL_LEVELS, exactly(1)).text().once().default("HIGH:!aNULL:!MD5"),
        d("ssl_client_certificate", MAIL_LEVELS, exactly(1)).text().once().since(1, 7, 11),
        d("ssl_conf_command", MAIL_LEVELS, exactly(2)).key_value().repeats().since(1, 19, 4),
        d("ssl_crl", MAIL_LEVELS, exactly(1)).text().once().since(1, 7, 11),
        d("ssl_dhparam", MAIL_LEVELS, exactly(1)).text().once().since(0, 7, 2),
        d("ssl_ecdh_curve", MAIL_LEVELS, exactly(1)).text().once().default("auto").since(1, 1, 0),
        d("ssl_password_file", MAIL_LEVELS, exactly(1)).once().since(1, 7, 3),
        d("ssl_prefer_server_ciphers", MAIL_LEVELS, exactly(1)).flag().once().default("off"),
        d("ssl_protocols", MAIL_LEVELS, at_least(1)).set_of(TLS_PROTOCOLS).once().default("TLSv1.2 TLSv1.3"),
        d("ssl_session_cache", MAIL_LEVELS, between(1, 2)).repeats().default("none"),
        d("ssl_session_ticket_key", MAIL_LEVELS, exactly(1)).text().repeats().since(1, 5, 7),
        d("ssl_session_tickets", MAIL_LEVELS, exactly(1)).flag().once().default("on").since(1, 5, 9),
        d("ssl_session_timeout", MAIL_LEVELS, exactly(1)).seconds().once().default("5m"),
        d("ssl_trusted_certificate", MAIL_LEVELS, exactly(1)).text().once().since(1, 7, 11),
        d("ssl_verify_client", MAIL_LEVELS, exactly(1)).one_of(VERIFY_CLIENT).once().default("off").since(1, 7, 11),
        d("ssl_verify_depth", MAIL_LEVELS, exactly(1)).number().once().default("1").since(1, 7, 11),
        d("starttls", MAIL_LEVELS, exactly(1)).once().default("off"),
    ]),
];
