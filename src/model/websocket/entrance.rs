//! The ways to a location that is not asked for by its path: `try_files` leads to a named one, and `mirror` and
//! `auth_request` ask an internal one by subrequests.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files>,
//! <https://nginx.org/en/docs/http/ngx_http_mirror_module.html>.

use rustc_hash::FxHashMap;

use crate::config::{Directive, ItemId};
use crate::model::requests::location::{Modifier, is_content_handler, matcher};
use crate::model::{Model, ServerId, inherit};
use crate::nginx::Contexts;

/// What leads to the locations of a configuration.
pub(crate) struct Entrances<'c> {
    /// By the named location: those whose `try_files` ends there, in the order of the file.
    leading: FxHashMap<ItemId, Vec<Directive<'c>>>,
    /// What asks by subrequests, with the server that it stands in, if any.
    asking: Vec<(Option<ServerId>, Directive<'c>)>,
}

impl<'c> Entrances<'c> {
    pub(crate) fn read(model: &Model<'c>) -> Entrances<'c> {
        let mut leading: FxHashMap<ItemId, Vec<Directive<'c>>> = FxHashMap::default();
        for tries in model.config.directives_named("try_files", Contexts::LOCATION) {
            let Some((location, server)) = tries.parent().zip(model.server_around(tries)) else { continue };
            let last = tries.arguments().last().map(|word| word.text().into_owned());
            let named = last.and_then(|name| model.locations(server.directive).named(&name));
            if let Some(named) = named {
                leading.entry(named.id()).or_default().push(location);
            }
        }
        let anywhere = Contexts::HTTP | Contexts::SERVER | Contexts::LOCATION;
        let asking =
            ["mirror", "auth_request"].into_iter().flat_map(|name| model.config.directives_named(name, anywhere));
        let asking = asking.map(|asks| (model.server_around(asks).map(|server| server.id), asks)).collect();
        Entrances { leading, asking }
    }

    /// The locations that lead to a named one when no file is there.
    pub(crate) fn leading_to(&self, location: Directive<'_>) -> &[Directive<'c>] {
        self.leading.get(&location.id()).map(Vec::as_slice).unwrap_or_default()
    }

    /// The `mirror` or `auth_request` whose subrequests an internal location answers.
    pub(crate) fn subrequest_of(&self, model: &Model<'c>, location: Directive<'c>) -> Option<Directive<'c>> {
        if self.asking.is_empty() || !inherit::has_in_effect(location, "internal") {
            return None;
        }
        let (modifier, _, pattern) = matcher(location)?;
        let server = model.server_around(location)?.id;
        let is_asked = |uri: &str| match modifier {
            Modifier::Exact => uri == pattern,
            Modifier::Prefix | Modifier::PrefixOnly => uri.starts_with(&pattern),
            Modifier::Regex | Modifier::RegexIgnoringCase | Modifier::Named => false,
        };
        let own = self.asking.iter().filter(|(place, _)| place.is_none_or(|place| place == server));
        own.map(|&(_, asks)| asks).find(|asks| asks.argument(0).is_some_and(|uri| is_asked(&uri.text())))
    }
}

/// The Upgrade of a location that passes nothing on by itself, so that its headers are sent to nobody.
pub(crate) fn unused_upgrade<'c>(leading: Directive<'c>) -> Option<Directive<'c>> {
    if leading.children().any(is_content_handler) {
        return None;
    }
    leading.children_named("proxy_set_header").find(|header| is_upgrade(*header))
}

/// Whether a `proxy_set_header` is for Upgrade, with a value as it is written.
#[must_use]
pub fn is_upgrade(header: Directive<'_>) -> bool {
    let is_named = header.argument(0).is_some_and(|name| name.text().eq_ignore_ascii_case("upgrade"));
    is_named && header.argument(1).is_some_and(|value| !value.text().is_empty())
}
