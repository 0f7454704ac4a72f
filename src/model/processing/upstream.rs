//! What an upstream is asked for.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>,
//! `ngx_http_proxy_create_request` in src/http/modules/ngx_http_proxy_module.c.

use super::Processing;
use crate::config::Directive;
use crate::model::inherit;
use crate::model::requests::location::{self, Modifier};
use crate::model::requests::response::Value;
use crate::model::requests::upstream_request::{UpstreamHeader, UpstreamRequest, UpstreamVersion};
use crate::model::values::uri::escape_uri;
use crate::model::values::value::has_variables;
use crate::nginx::{Contexts, DirectiveName, NginxVersion, default_value};

impl<'c> Processing<'_, 'c, '_> {
    /// The URL of the upstream, with the URI that nginx asks it for where it speaks HTTP.
    pub(super) fn upstream_target(&mut self, pass: Directive<'c>) -> Value {
        let written = pass.argument(0).map(|word| word.text().into_owned()).unwrap_or_default();
        let value = self.expand(Some(pass), &written);
        let name = pass.name_text();
        if name != "proxy_pass" {
            let scheme = name.strip_suffix("_pass").unwrap_or(&name);
            let text = if value.text.contains("://") { value.text } else { format!("{scheme}://{}", value.text) };
            return Value { text, ..value };
        }
        let Some((base, uri)) = split_url(&value.text) else { return value };
        let (base, uri) = (base.to_owned(), uri.to_owned());
        let request = self.arrival.request;
        if has_variables(&written) && !uri.is_empty() {
            let uri = if uri.starts_with('?') { format!("/{uri}") } else { uri };
            return Value { text: format!("{base}{uri}"), is_known: value.is_known };
        }
        if uri.is_empty() && self.is_uri_as_sent {
            return Value { text: format!("{base}{}", request.target), is_known: value.is_known };
        }
        let replaced = match location::around(pass).and_then(location::matcher) {
            Some((Modifier::Prefix | Modifier::PrefixOnly | Modifier::Exact, _, text))
                if self.is_location_valid && !uri.is_empty() =>
            {
                text.len()
            }
            _ => 0,
        };
        // `rewrite … break` has taken the URI from its location, and with it what would replace its beginning.
        let uri = if self.is_location_valid { uri } else { String::new() };
        let rest = self.uri.text.get(replaced..).unwrap_or_default();
        let rest = if self.is_escaped || self.is_internal { escape_uri(rest) } else { rest.to_owned() };
        let args = if self.args.text.is_empty() { String::new() } else { format!("?{}", self.args.text) };
        Value {
            text: format!("{base}{uri}{rest}{args}"),
            is_known: value.is_known && self.uri.is_known && self.args.is_known,
        }
    }

    /// The Host header that the upstream of a `proxy_pass` gets: that of `proxy_set_header`, else `$proxy_host`.
    ///
    /// nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header>
    pub(super) fn upstream_host(&mut self, pass: Directive<'c>, target: &Value) -> Option<Value> {
        let authority = authority(&target.text).filter(|_| pass.is_named("proxy_pass"))?.to_owned();
        let proxy_host = Value { is_known: !has_variables(&authority), text: authority };
        let headers = inherit::in_effect(self.block, "proxy_set_header").directives;
        let is_host =
            |header: &&Directive<'_>| header.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case("host"));
        let written: Vec<_> = headers.iter().rev().filter(is_host).copied().collect();
        if written.is_empty() {
            return Some(proxy_host);
        }
        self.variables.insert("proxy_host".to_owned(), proxy_host);
        // An empty one is not sent, so that one before it may count.
        written.into_iter().find_map(|header| {
            let value = header.argument(1).map(|value| value.text().into_owned()).unwrap_or_default();
            Some(self.expand(Some(header), &value)).filter(|value| !value.text.is_empty())
        })
    }

    /// What a `proxy_pass` sends besides the URI and Host (`ngx_http_proxy_create_request`).
    pub(super) fn upstream_request(&mut self) -> UpstreamRequest<'c> {
        let set = inherit::in_effect(self.block, "proxy_set_header").directives;
        let mut headers: Vec<UpstreamHeader<'c>> = Vec::with_capacity(set.len());
        for header in set {
            let Some(name) = header.argument(0).map(|name| name.text().to_ascii_lowercase()) else { continue };
            let value = header.argument(1).map(|value| value.text().into_owned()).unwrap_or_default();
            let value = self.expand(Some(header), &value);
            headers.push(UpstreamHeader { name, value, by: Some(header) });
        }
        let is_set = |name: &str| headers.iter().any(|header| header.name == name);
        let closes = self.model().environment.version < KEEPALIVE_SINCE && !is_set("connection");
        let passes = inherit::flag_in_effect(self.block, "proxy_pass_request_headers") != Some(false);
        let sent = self.arrival.request.headers.iter().filter(|_| passes);
        let sent = sent.filter(|(name, _)| !is_set(name) && !OF_ONE_HOP.contains(&name.as_str()));
        let sent = sent.map(|(name, value)| (name.as_str(), value.as_str()));
        let own = closes.then_some(("connection", "close"));
        let others: Vec<_> = own.into_iter().chain(sent).collect();
        headers.extend(others.into_iter().map(|(name, value)| UpstreamHeader {
            name: name.to_owned(),
            value: Value::new(value),
            by: None,
        }));
        let method = inherit::value_in_effect(self.block, "proxy_method");
        let method = match method.and_then(|method| Some((method, method.argument(0)?))) {
            Some((method, value)) => self.expand(Some(method), &value.text()),
            None => Value::new(self.method.as_str()),
        };
        UpstreamRequest { method, version: self.upstream_version(), headers, cache: self.cache() }
    }

    /// The `proxy_cache` that is looked into, unless `proxy_cache_bypass` says otherwise, or may do so.
    fn cache(&mut self) -> Option<Directive<'c>> {
        let cache = inherit::value_in_effect(self.block, "proxy_cache")?;
        if cache.argument(0)?.is("off") {
            return None;
        }
        for bypass in inherit::in_effect(self.block, "proxy_cache_bypass").directives {
            for word in bypass.arguments() {
                let value = self.expand(Some(bypass), &word.text());
                if value.known().is_none_or(|value| !value.is_empty() && value != "0") {
                    return None;
                }
            }
        }
        // What the key holds makes another entry of the cache.
        let key = inherit::value_in_effect(self.block, "proxy_cache_key").and_then(|key| key.argument(0));
        (!key.is_some_and(|key| key.text().to_ascii_lowercase().contains("upgrade"))).then_some(cache)
    }

    fn upstream_version(&self) -> Option<UpstreamVersion> {
        let said = inherit::value_in_effect(self.block, "proxy_http_version");
        match said.and_then(|directive| directive.argument(0)) {
            Some(version) => UpstreamVersion::parse(&version.text()),
            None => default_version(self.model().environment.version),
        }
    }
}

/// The headers of a client that nginx never passes on by itself (`ngx_http_proxy_headers`).
const OF_ONE_HOP: &[&str] =
    &["connection", "proxy-connection", "content-length", "transfer-encoding", "te", "keep-alive", "expect", "upgrade"];

/// "ngx_http_proxy_module supports keepalive by default": before, nginx sends `Connection: close` where nobody says
/// otherwise. nginx's CHANGES.
const KEEPALIVE_SINCE: NginxVersion = NginxVersion::new(1, 29, 7);

/// The version that an upstream is asked with where nobody says another.
fn default_version(version: NginxVersion) -> Option<UpstreamVersion> {
    let name = DirectiveName::find(b"proxy_http_version")?;
    default_value(name, Contexts::LOCATION, version).and_then(UpstreamVersion::parse)
}

/// Whether nginx refuses what variables have made of a `proxy_pass` (`ngx_http_proxy_eval` and `ngx_parse_url`).
pub(super) fn is_refused(pass: Directive<'_>, target: &Value) -> bool {
    let is_made = pass.is_named("proxy_pass") && pass.argument(0).is_some_and(|url| has_variables(&url.text()));
    let Some(url) = target.known().filter(|_| is_made) else { return false };
    let lower = url.to_ascii_lowercase();
    if !lower.starts_with("http://") && !lower.starts_with("https://") {
        return true;
    }
    let authority = authority(url).unwrap_or_default();
    if authority.starts_with("unix:") || authority.starts_with('[') {
        return false;
    }
    match authority.split_once(':') {
        Some((host, port)) => host.is_empty() || !port.parse::<u16>().is_ok_and(|port| port > 0),
        None => authority.is_empty(),
    }
}

/// What stands between the scheme and the path of a URL.
fn authority(url: &str) -> Option<&str> {
    let (base, _) = split_url(url)?;
    base.split_once("://").map(|(_, authority)| authority)
}

/// Splits a URL before its path; the path of a Unix-domain socket is part of the address.
fn split_url(url: &str) -> Option<(&str, &str)> {
    let start = url.find("://")? + 3;
    let end = if url[start..].starts_with("unix:") {
        let after = start + "unix:".len();
        url[after..].find(':').map_or(url.len(), |colon| after + colon + 1)
    } else {
        url[start..].find(['/', '?']).map_or(url.len(), |slash| start + slash)
    };
    Some(url.split_at(end))
}
