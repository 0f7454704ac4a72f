//! HSTS policies that the configuration cannot keep. RFC 6797.

use super::declare::declare_rules;
use super::redirect::shown;
use super::{Edit, edit};
use crate::config::Directive;
use crate::hsts::HstsPolicy;
use crate::model::{AnsweredUrl, HstsHeader, Model, Server, hsts_setting, inherit};

declare_rules! { "hsts":
    hsts_duplicate::HstsDuplicate = "hsts-duplicate",
    hsts_header_lost::HstsHeaderLost = "hsts-header-lost",
    hsts_malformed::HstsMalformed = "hsts-malformed",
    hsts_max_age::HstsMaxAge = "hsts-max-age",
    hsts_missing::HstsMissing = "hsts-missing" reads certificates,
    hsts_not_always::HstsNotAlways = "hsts-not-always",
    hsts_on_ip_host::HstsOnIpHost = "hsts-on-ip-host",
    hsts_on_plain_http::HstsOnPlainHttp = "hsts-on-plain-http",
    hsts_preload_conflict::HstsPreloadConflict = "hsts-preload-conflict" reads certificates,
    hsts_preload_ineligible::HstsPreloadIneligible = "hsts-preload-ineligible",
    hsts_subdomains_uncovered::HstsSubdomainsUncovered = "hsts-subdomains-uncovered" reads certificates,
    hsts_untrusted_cert::HstsUntrustedCert = "hsts-untrusted-cert" reads certificates,
}

const YEAR: u64 = 31_536_000;

/// A time as people say it: `180 days`, `1 day`, `300 seconds`.
fn time_text(seconds: u64) -> String {
    const DAY: u64 = 86_400;
    let (count, unit) = match seconds {
        _ if seconds >= DAY && seconds.is_multiple_of(DAY) => (seconds / DAY, "day"),
        _ if seconds >= 3600 && seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Takes an `add_header` away, if its block inherits no others when it has none of its own any more.
fn without_header(model: &Model<'_>, header: Directive<'_>) -> Option<Edit> {
    let block = header.parent()?;
    let is_alone = block.children_named("add_header").count() == 1;
    let around = block.parent().map(|around| inherit::in_effect(around, "add_header")).unwrap_or_default();
    let inherits_none = around.directives.is_empty() && !around.is_partial && model.config.is_whole();
    let is_removable = header.is_named("add_header") && header.readings() == 1 && (!is_alone || inherits_none);
    if is_removable { edit::without(header) } else { None }
}

/// Takes a word such as `includeSubDomains` out of a header, wherever the server says the same one. `None` where it is not
/// written out, or where others read the file.
fn without_part(server: &Server<'_>, header: &HstsHeader<'_>, part: &str) -> Vec<Option<Edit>> {
    let is_same = |directive: &Directive<'_>| hsts_setting(*directive).is_some_and(|it| it.value == header.value);
    let inside =
        server.directive.descendants().filter(|directive| *directive != header.directive && is_same(directive));
    let all = std::iter::once(header.directive).chain(inside);
    let kept: Vec<&str> =
        header.value.split(';').filter(|kept| !kept.trim().eq_ignore_ascii_case(part)).map(str::trim).collect();
    let value = kept.join("; ");
    let is_readable = HstsPolicy::parse(&value).is_some();
    let changed = |directive: Directive<'_>| with_value(directive, &header.value, &value, "");
    all.map(|directive| changed(directive).filter(|_| is_readable && directive.readings() == 1)).collect()
}

/// Writes another value for the header, and `behind` it what does not belong to it. `None` where its value is not written
/// out.
fn with_value(directive: Directive<'_>, value: &str, new: &str, behind: &str) -> Option<Edit> {
    let word = directive.arguments().find(|word| word.text().contains(value))?;
    let text = std::str::from_utf8(word.raw()).ok()?;
    let (before, after) = text.split_once(value)?;
    let quote = if word.is_quoted() || !new.contains([' ', ';']) { "" } else { "\"" };
    Some(edit::word_replaced(word, format!("{quote}{before}{new}{after}{quote}{behind}")))
}

/// What was asked for, as the subject of a sentence, with its verb.
fn text_of(answered: &AnsweredUrl<'_>, of_one: &str, of_many: &str) -> String {
    let url = shown(&answered.url);
    if answered.is_of_files_below { format!("files below {url} {of_many}") } else { format!("{url} {of_one}") }
}
