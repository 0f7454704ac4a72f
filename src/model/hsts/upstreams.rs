//! Headers that an upstream puts on an answer, which come before nginx's own.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_hide_header>,
//! `ngx_http_upstream_hide_headers_hash` in src/http/ngx_http_upstream.c.

use std::net::Ipv4Addr;

use url::Url;

use crate::config::Directive;
use crate::model::following::tracer::address_in;
use crate::model::hsts::settings::{HstsSetting, HstsSettingKind, hsts_settings, names_hsts};
use crate::model::values::value::has_variables;
use crate::model::{Model, Response, Server, Start, Value, inherit};

/// Something that says that an upstream sends the header, of an answer that keeps it beside nginx's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamHint<'c> {
    /// A block around hides it, which this directive of the block has put out of effect.
    HiddenAround {
        /// What hides it.
        outer: Directive<'c>,
        /// What is in effect instead.
        own: Directive<'c>,
    },
    /// Another block of the server asks the same upstream, and hides it.
    HiddenElsewhere {
        /// What hides it there.
        hide: Directive<'c>,
        /// What asks the upstream here.
        pass: Directive<'c>,
    },
}

impl<'c> Model<'c> {
    /// The headers that the upstream of an answer puts on it: known where the upstream is another server of this
    /// configuration, and neither hidden nor replaced.
    #[must_use]
    pub fn upstream_hsts(&self, response: &Response<'c>) -> Vec<(Directive<'c>, Value)> {
        self.find_upstream_hsts(response).unwrap_or_default()
    }

    fn find_upstream_hsts(&self, response: &Response<'c>) -> Option<Vec<(Directive<'c>, Value)>> {
        let pass = response.by.filter(|by| by.is_named("proxy_pass"))?;
        if !self.keeps_upstream_hsts(response.block, pass, response.status) {
            return None;
        }
        let url = Url::parse(response.target.as_ref()?.known()?).ok()?;
        let address = match url.host()? {
            url::Host::Domain("localhost") => Ipv4Addr::LOCALHOST.into(),
            _ => address_in(&url)?,
        };
        let socket = self.socket_at(Some(address), url.port_or_known_default()?, false).known().flatten()?;
        // Which server of several answers depends on the Host that is sent on.
        if socket.is_shared() {
            return None;
        }
        let start = Start { max_hops: 1, ..Start::new(url, Some(socket))? };
        let (traces, _) = self.tracer().traces(&start);
        Some(traces.into_iter().next()?.hops.into_iter().next()?.response?.hsts)
    }

    /// Whether a header of the upstream goes out on the answers of a block with this status.
    fn keeps_upstream_hsts(&self, block: Directive<'c>, pass: Directive<'c>, status: Option<u16>) -> bool {
        let mut settings = hsts_settings(block, self.environment.version).into_iter();
        let is_replaced = settings
            .any(|setting| matches!(setting.kind, HstsSettingKind::Replace { .. }) && setting.applies_to(status));
        !is_replaced && hiding(block, pass).is_none()
    }

    /// What says of upstreams that a server asks that they send the header, where it is kept and nginx adds another one.
    #[must_use]
    pub fn upstream_hints(&self, server: &Server<'c>) -> Vec<UpstreamHint<'c>> {
        let passes: Vec<Directive<'c>> =
            server.directive.descendants().filter(|directive| is_pass(*directive)).collect();
        let is_hidden = |pass: &Directive<'c>| Some((*pass, hiding(pass.parent()?, *pass)?));
        let hidden: Vec<(Directive<'c>, Directive<'c>)> = passes.iter().filter_map(is_hidden).collect();
        passes.into_iter().filter_map(|pass| self.upstream_hint(pass, &hidden)).collect()
    }

    fn upstream_hint(
        &self,
        pass: Directive<'c>,
        hidden: &[(Directive<'c>, Directive<'c>)],
    ) -> Option<UpstreamHint<'c>> {
        let block = pass.parent()?;
        let adds = |setting: &HstsSetting<'_>| {
            // One that is made of variables may look at the upstream's.
            matches!(setting.kind, HstsSettingKind::Add { .. })
                && !setting.value.is_empty()
                && !has_variables(&setting.value)
        };
        if !hsts_settings(block, self.environment.version).iter().any(adds)
            || !self.keeps_upstream_hsts(block, pass, None)
        {
            return None;
        }
        let name = directive_of(pass, "hide_header")?;
        let in_effect = inherit::in_effect(block, &name);
        if let Some((own, level)) = in_effect.directives.first().zip(in_effect.level) {
            let mut around = level.ancestors().flat_map(|block| block.children_named(&name));
            if let Some(outer) = around.find(|hide| is_about_hsts(*hide)) {
                return Some(UpstreamHint::HiddenAround { outer, own: *own });
            }
        }
        let is_same = |other: Directive<'_>| {
            other.name() == pass.name()
                && other.argument(0).zip(pass.argument(0)).is_some_and(|(a, b)| a.text() == b.text())
        };
        let (_, hide) = hidden.iter().find(|(other, _)| is_same(*other))?;
        Some(UpstreamHint::HiddenElsewhere { hide: *hide, pass })
    }
}

/// What hides the header of an upstream in a block; `None` where it goes out. What `proxy_pass_header` names goes out
/// even if it is hidden.
fn hiding<'c>(block: Directive<'c>, pass: Directive<'_>) -> Option<Directive<'c>> {
    let find = |suffix: &str| {
        let directives = inherit::in_effect(block, &directive_of(pass, suffix)?).directives;
        directives.into_iter().find(|directive| is_about_hsts(*directive))
    };
    if find("pass_header").is_some() { None } else { find("hide_header") }
}

/// The directive of the module that a `proxy_pass`, `fastcgi_pass` … belongs to.
fn directive_of(pass: Directive<'_>, suffix: &str) -> Option<String> {
    let name = pass.name_text();
    name.strip_suffix("pass").map(|module| format!("{module}{suffix}"))
}

fn is_about_hsts(directive: Directive<'_>) -> bool {
    directive.argument(0).is_some_and(|name| names_hsts(&name.text()))
}

/// Whether it passes requests to an upstream whose headers it may hide.
fn is_pass(directive: Directive<'_>) -> bool {
    ["proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass"].iter().any(|name| directive.is_named(name))
}
