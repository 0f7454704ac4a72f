//! Without `always` nginx leaves a header out of error answers.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header>

use rustc_hash::FxHashSet;

use crate::config::Directive;
use crate::hsts::HstsPolicy;
use crate::model::{HstsHeader, Model, Response, Server, hsts_setting, hsts_settings};
use crate::rules::redirect::shown;
use crate::rules::{Finding, Findings, Fix, Rule, edit};
use crate::source::Span;

pub(super) struct HstsNotAlways;

impl Rule for HstsNotAlways {
    fn prepare(&self, model: &Model<'_>) {
        model.ask_over_https(|server| model.mentions_hsts(server));
    }

    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told: FxHashSet<Span> = FxHashSet::default();
        let servers: Vec<&Server<'_>> = model.tls_servers().filter(|server| model.mentions_hsts(server)).collect();
        for server in &servers {
            for answered in model.https_answers(server.id).iter().filter(|answered| answered.is_root()) {
                let Some(directive) = answered.responses.first().and_then(|response| left_out(model, response)) else {
                    continue;
                };
                let status = answered.responses.first().and_then(|response| response.status).unwrap_or_default();
                if answered.all(|response| left_out(model, response).is_some()) && told.insert(directive.span()) {
                    let message = format!(
                        "{} answers {status}, so it never carries this HSTS header: without `always` errors do not",
                        shown(&answered.url)
                    );
                    add_always(model, sink.warning(directive.span(), message), directive);
                }
            }
        }
        for header in servers.iter().flat_map(|server| model.hsts_headers(server)) {
            let is_partial = hsts_setting(header.directive).is_some_and(|it| it.leaves_out_errors());
            if is_partial && may_bind(header) && told.insert(header.span()) {
                let message = "without `always` error answers (4xx, 5xx) do not carry HSTS";
                add_always(model, sink.info(header.span(), message), header.directive);
            }
        }
    }
}

/// The `add_header` that would be on an answer, were its status no error.
fn left_out<'c>(model: &Model<'c>, response: &Response<'c>) -> Option<Directive<'c>> {
    if !response.hsts.is_empty() {
        return None;
    }
    let settings = hsts_settings(response.block, model.environment.version);
    let setting = settings.into_iter().find(|setting| setting.leaves_out_errors())?;
    let is_rollback = HstsPolicy::parse(&setting.value).is_some_and(|policy| policy.max_age == 0);
    (!is_rollback && !setting.applies_to(response.status)).then_some(setting.directive)
}

/// Whether a header binds. Beside an upstream's there may be one of the server's own.
fn may_bind(header: &HstsHeader<'_>) -> bool {
    !header.is_of_upstream && header.binding().is_some()
}

/// Whether a header of servers is one that this rule writes `always` to.
pub(super) fn is_to_become_always(model: &Model<'_>, directive: Directive<'_>) -> bool {
    let is_partial = hsts_setting(directive).is_some_and(|it| it.leaves_out_errors());
    let is_it = |header: &HstsHeader<'_>| header.directive.span() == directive.span() && may_bind(header);
    let mut servers = model.tls_servers().filter(|server| model.mentions_hsts(server));
    is_partial
        && servers.any(|server| model.hsts_headers(server).iter().any(is_it))
        && !comes_behind_another(model, directive)
}

fn add_always(model: &Model<'_>, finding: &mut Finding, directive: Directive<'_>) {
    finding.help("write `always` behind the value");
    let always = directive.argument(1).map(|value| edit::word_behind(value, "always"));
    let always = always.filter(|_| !comes_behind_another(model, directive));
    finding.fix(Fix::safe("send the header with errors as well", [always]));
}

/// Whether some answer that it is left out of carries another one, an upstream's say: it would have two of them.
fn comes_behind_another(model: &Model<'_>, directive: Directive<'_>) -> bool {
    let servers = model.tls_servers().filter(|server| model.mentions_hsts(server));
    let mut responses = servers.flat_map(|server| model.https_answers(server.id)).flat_map(|it| &it.responses);
    let is_it = |other: &Directive<'_>| other.span() == directive.span();
    responses.any(|response| {
        !response.hsts.is_empty()
            && !response.hsts.iter().any(|(sent, _)| is_it(sent))
            && hsts_settings(response.block, model.environment.version).iter().any(|it| is_it(&it.directive))
    })
}
