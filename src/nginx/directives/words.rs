//! The contexts and values that many rows of the tables share.

use super::Contexts;

pub(super) const MAIN: Contexts = Contexts::MAIN;
pub(super) const EVENTS: Contexts = Contexts::EVENTS;
pub(super) const HTTP: Contexts = Contexts::HTTP;
pub(super) const SERVER: Contexts = Contexts::SERVER;
pub(super) const LOCATION: Contexts = Contexts::LOCATION;
pub(super) const IF_IN_LOCATION: Contexts = Contexts::IF_IN_LOCATION;
pub(super) const LIMIT_EXCEPT: Contexts = Contexts::LIMIT_EXCEPT;
pub(super) const UPSTREAM: Contexts = Contexts::UPSTREAM;
pub(super) const STREAM: Contexts = Contexts::STREAM;
pub(super) const STREAM_SERVER: Contexts = Contexts::STREAM_SERVER;
pub(super) const STREAM_UPSTREAM: Contexts = Contexts::STREAM_UPSTREAM;
pub(super) const MAIL: Contexts = Contexts::MAIL;
pub(super) const MAIL_SERVER: Contexts = Contexts::MAIL_SERVER;
pub(super) const RTMP: Contexts = Contexts::RTMP;
pub(super) const RTMP_SERVER: Contexts = Contexts::RTMP_SERVER;
pub(super) const RTMP_APPLICATION: Contexts = Contexts::RTMP_APPLICATION;
pub(super) const ANY: Contexts = Contexts::ANY;

/// `http`, `server`.
pub(super) const HS: Contexts = HTTP.union(SERVER);
/// `http`, `server`, `location`: most directives of `http`.
pub(super) const HSL: Contexts = HS.union(LOCATION);
/// `http`, `server`, `location`, `if in location`.
pub(super) const HSL_IF: Contexts = HSL.union(IF_IN_LOCATION);
/// `http`, `server`, `location`, `limit_except`.
pub(super) const HSL_LIMIT: Contexts = HSL.union(LIMIT_EXCEPT);
/// `server`, `location`.
pub(super) const SL: Contexts = SERVER.union(LOCATION);
/// `location`, `if in location`.
pub(super) const LOCATION_IF: Contexts = LOCATION.union(IF_IN_LOCATION);
/// Where content handlers stand: `location`, `if in location`, `limit_except`.
pub(super) const PASS: Contexts = LOCATION_IF.union(LIMIT_EXCEPT);
/// `server`, `location` and the `if` of both.
pub(super) const REWRITE: Contexts = SL.union(Contexts::IF_IN_SERVER).union(IF_IN_LOCATION);
/// `http`, `server`, `location` and the `if` of both.
pub(super) const HTTP_REWRITE: Contexts = HTTP.union(REWRITE);
/// `stream`, `server`.
pub(super) const STREAM_LEVELS: Contexts = STREAM.union(STREAM_SERVER);
/// `mail`, `server`.
pub(super) const MAIL_LEVELS: Contexts = MAIL.union(MAIL_SERVER);
/// `rtmp`, `server`.
pub(super) const RTMP_SERVERS: Contexts = RTMP.union(RTMP_SERVER);
/// `rtmp`, `server`, `application`.
pub(super) const RTMP_LEVELS: Contexts = RTMP_SERVERS.union(RTMP_APPLICATION);
/// `rtmp`, `server`, `application`, `recorder`.
pub(super) const RTMP_RECORDERS: Contexts = RTMP_LEVELS.union(Contexts::RTMP_RECORDER);

pub(super) const OFF_ON_ALWAYS: &[&str] = &["off", "on", "always"];
pub(super) const OFF_ON_LEAF: &[&str] = &["off", "on", "leaf"];
pub(super) const OFF_ON_MERGE: &[&str] = &["off", "on", "merge"];
pub(super) const OFF_ON_V2: &[&str] = &["off", "on", "v2"];
pub(super) const VERIFY_CLIENT: &[&str] = &["off", "on", "optional", "optional_no_ca"];
pub(super) const LOG_LEVELS: &[&str] = &["info", "notice", "warn", "error"];
pub(super) const TLS_PROTOCOLS: &[&str] = &["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
pub(super) const CACHE_METHODS: &[&str] = &["GET", "HEAD", "POST"];
#[rustfmt::skip] // One list, one line.
pub(super) const IGNORED_HEADERS: &[&str] = &["X-Accel-Redirect", "X-Accel-Expires", "X-Accel-Limit-Rate", "X-Accel-Buffering", "X-Accel-Charset", "Expires", "Cache-Control", "Set-Cookie", "Vary"];
#[rustfmt::skip] // As above.
pub(super) const NEXT_UPSTREAM: &[&str] = &["error", "timeout", "invalid_header", "non_idempotent", "http_500", "http_503", "http_403", "http_404", "http_429", "updating", "off"];
#[rustfmt::skip] // As above.
pub(super) const NEXT_PROXY_UPSTREAM: &[&str] = &["error", "timeout", "invalid_header", "non_idempotent", "http_500", "http_502", "http_503", "http_504", "http_403", "http_404", "http_429", "updating", "off"];
