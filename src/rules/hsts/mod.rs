//! HSTS policies that the configuration cannot keep. RFC 6797.

use super::declare::declare_rules;
use super::redirect::shown;
use crate::model::AnsweredUrl;

declare_rules! { "hsts":
    hsts_duplicate::HstsDuplicate = "hsts-duplicate",
    hsts_header_lost::HstsHeaderLost = "hsts-header-lost",
    hsts_malformed::HstsMalformed = "hsts-malformed",
    hsts_max_age::HstsMaxAge = "hsts-max-age",
    hsts_missing::HstsMissing = "hsts-missing",
    hsts_not_always::HstsNotAlways = "hsts-not-always",
    hsts_on_ip_host::HstsOnIpHost = "hsts-on-ip-host",
    hsts_on_plain_http::HstsOnPlainHttp = "hsts-on-plain-http",
    hsts_preload_conflict::HstsPreloadConflict = "hsts-preload-conflict",
    hsts_preload_ineligible::HstsPreloadIneligible = "hsts-preload-ineligible",
    hsts_subdomains_uncovered::HstsSubdomainsUncovered = "hsts-subdomains-uncovered",
    hsts_untrusted_cert::HstsUntrustedCert = "hsts-untrusted-cert",
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

/// What was asked for, as the subject of a sentence, with its verb.
fn text_of(answered: &AnsweredUrl<'_>, of_one: &str, of_many: &str) -> String {
    let url = shown(&answered.url);
    if answered.is_of_files_below { format!("files below {url} {of_many}") } else { format!("{url} {of_one}") }
}
