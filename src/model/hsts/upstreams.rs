//! Headers that an upstream puts on an answer, which come before nginx's own.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_hide_header>,
//! `ngx_http_upstream_hide_headers_hash` in src/http/ngx_http_upstream.c.

use crate::config::Directive;
use crate::model::hsts::settings::{HstsSetting, HstsSettingKind, hsts_setting, hsts_settings, names_hsts};
use crate::model::values::value::has_variables;
use crate::model::{Model, Response, Server, inherit};

/// Something that says that an upstream sends the header, of an answer that keeps it beside nginx's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamHint<'c> {
    /// A block around hides it, which this directive of the block has put out of effect.
    HiddenAround {
        /// What hides it.
        outer: Directive<'c>,
        /// What is in effect instead.
        own: Directive<'c>,
        /// What asks the upstream.
        pass: Directive<'c>,
    },
    /// Another block of the server asks the same upstream, and hides it.
    HiddenElsewhere {
        /// What hides it there.
        hide: Directive<'c>,
        /// What asks the upstream here.
        pass: Directive<'c>,
    },
}

impl<'c> UpstreamHint<'c> {
    /// What asks the upstream.
    #[must_use]
    pub fn pass(&self) -> Directive<'c> {
        match self {
            UpstreamHint::HiddenAround { pass, .. } | UpstreamHint::HiddenElsewhere { pass, .. } => *pass,
        }
    }
}

/// Upstreams that are asked about one answer: nginx may ask itself, through others, or in a circle.
const MAX_ASKED: usize = 16;

impl<'c> Model<'c> {
    /// An answer as it comes to clients: with the headers that its upstream puts on it before nginx's own, one for each
    /// answer of that. They are known where the upstream is another server of this configuration, or where they are
    /// hidden or replaced; else the answer is as it was.
    #[must_use]
    pub fn with_upstream_hsts(&self, response: Response<'c>) -> Vec<Response<'c>> {
        self.add_upstream_hsts(response, &mut MAX_ASKED.clone())
    }

    fn add_upstream_hsts(&self, mut response: Response<'c>, budget: &mut usize) -> Vec<Response<'c>> {
        let Some(pass) = response.by.filter(|_| response.upstream_hsts.is_none()) else { return vec![response] };
        if !self.keeps_upstream_hsts(response.block, pass, response.status) {
            response.upstream_hsts = Some(0);
            return vec![response];
        }
        let Some(answers) = self.find_upstream_answers(&response, budget) else { return vec![response] };
        let mut all: Vec<Response<'c>> = Vec::new();
        for answer in answers {
            let mut sent = response.clone();
            sent.hsts.retain(|(own, _)| hsts_setting(*own).is_none_or(|own| own.applies_to(answer.status)));
            sent.upstream_hsts = Some(answer.hsts.len());
            sent.hsts.splice(0..0, answer.hsts);
            if all.iter().all(|known| (known.upstream_hsts, &known.hsts) != (sent.upstream_hsts, &sent.hsts)) {
                sent.conditions.extend(answer.conditions);
                all.push(sent);
            }
        }
        all
    }

    /// The answers of the upstream, each with what its own upstream puts on it; `None` where not all of that is seen.
    fn find_upstream_answers(&self, response: &Response<'c>, budget: &mut usize) -> Option<Vec<Response<'c>>> {
        *budget = budget.checked_sub(1)?;
        let intercepts = inherit::flag_in_effect(response.block, "proxy_intercept_errors") == Some(true);
        let mut all = Vec::new();
        for answer in self.upstream_answers(response)? {
            // A page of nginx's own takes its place.
            if intercepts && answer.status.is_none_or(|status| status >= 300) {
                return None;
            }
            let answers = self.add_upstream_hsts(answer, budget);
            if answers.iter().any(|answer| answer.upstream_hsts.is_none()) {
                return None;
            }
            all.extend(answers);
        }
        Some(all)
    }

    /// Whether the upstream of all answers of a `proxy_pass` is seen, and there are some.
    #[must_use]
    pub fn sees_upstream(&self, server: &Server<'c>, pass: Directive<'c>) -> bool {
        let answers = self.https_answers(server.id).iter().flat_map(|answered| &answered.responses);
        let mut of_pass = answers.filter(|response| response.by == Some(pass)).peekable();
        of_pass.peek().is_some() && of_pass.all(|response| response.upstream_hsts.is_some())
    }

    /// Whether a `proxy_pass` leads to a server of this configuration, as far as it is written out.
    pub(crate) fn asks_itself(&self, pass: Directive<'_>) -> bool {
        let url = pass.argument(0).map(|url| url.text().into_owned()).unwrap_or_default();
        pass.is_named("proxy_pass") && self.own_socket(&url).is_some()
    }

    /// Whether a header of the upstream goes out on the answers of a block with this status.
    fn keeps_upstream_hsts(&self, block: Directive<'c>, pass: Directive<'c>, status: Option<u16>) -> bool {
        let mut settings = hsts_settings(block, self.environment.version).into_iter();
        let is_replaced = settings.any(|setting| {
            matches!(setting.kind, HstsSettingKind::Replace { appends: false, .. }) && setting.applies_to(status)
        });
        !is_replaced && hiding(block, pass).is_none()
    }

    /// What says of upstreams that a server asks that they send the header, where it is kept and nginx adds another one.
    /// Of one that is seen ([`Model::sees_upstream`]) the answers say more.
    #[must_use]
    pub fn upstream_hints(&self, server: &Server<'c>) -> Vec<UpstreamHint<'c>> {
        let passes: Vec<Directive<'c>> =
            server.directive.descendants().filter(|directive| is_pass(*directive)).collect();
        let is_hidden = |pass: &Directive<'c>| Some((*pass, hiding(pass.parent()?, *pass)?));
        let hidden: Vec<(Directive<'c>, Directive<'c>)> = passes.iter().filter_map(is_hidden).collect();
        passes.into_iter().filter_map(|pass| self.upstream_hint(pass, &hidden)).collect()
    }

    /// Whether nothing would be said ([`Model::upstream_hints`]) of the upstreams that a block asks, if it sent the
    /// header: what their server hides anywhere, the block hides.
    #[must_use]
    pub fn hides_upstream_hsts_as_elsewhere(&self, block: Directive<'c>) -> bool {
        let Some(server) = self.server_around(block) else { return false };
        let mut passes = block.descendants().filter(|directive| is_pass(*directive));
        passes.all(|pass| {
            let Some(name) = directive_of(pass, "hide_header") else { return true };
            let around = server.directive.ancestors().flat_map(|block| block.children_named(&name));
            let inside = server.directive.descendants().filter(|directive| directive.is_named(&name));
            pass.parent().is_some_and(|block| hiding(block, pass).is_some()) || !around.chain(inside).any(is_about_hsts)
        })
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
                return Some(UpstreamHint::HiddenAround { outer, own: *own, pass });
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
