//! Of several headers on one answer browsers take the first. RFC 6797, section 8.1.

use rustc_hash::FxHashSet;

use crate::model::{HstsPolicy, Model};
use crate::rules::{Findings, Rule, Severity};

pub(super) struct HstsDuplicate;

impl Rule for HstsDuplicate {
    fn check(&self, model: &Model<'_>, sink: &mut Findings) {
        let mut told = FxHashSet::default();
        for server in model.tls_servers().filter(|server| model.mentions_hsts(server)) {
            for answered in model.https_answers(server.id) {
                for response in &answered.responses {
                    let mut sent = model.upstream_hsts(response);
                    sent.extend(response.hsts.iter().cloned());
                    let [(first, first_value), .., (last, last_value)] = sent.as_slice() else { continue };
                    if !told.insert((first.span(), last.span())) {
                        continue;
                    }
                    let policy = |text: &str| HstsPolicy::parse(text);
                    let is_same = policy(&first_value.text) == policy(&last_value.text);
                    let severity = if is_same { Severity::Info } else { Severity::Warning };
                    let message = format!(
                        "{} carries {} HSTS headers; browsers take the first, `{}`, and ignore this one",
                        crate::rules::redirect::shown(&answered.url),
                        sent.len(),
                        first_value.text
                    );
                    let finding = sink.add(severity, last.span(), message);
                    let all_do = answered.all(|other| !model.upstream_hsts(other).is_empty() || other.hsts.len() > 1);
                    if !all_do {
                        finding.conditional();
                    }
                    let by_upstream = first.ancestors().all(|block| block != model.server(response.server).directive)
                        && !model.upstream_hsts(response).is_empty();
                    let place = if by_upstream { "the upstream sends this one" } else { "this one is sent first" };
                    finding.related(first.span(), place);
                    finding.help(if by_upstream {
                        "drop the upstream's with proxy_hide_header Strict-Transport-Security, or send none here"
                    } else {
                        "leave one of the two"
                    });
                }
            }
        }
    }
}
