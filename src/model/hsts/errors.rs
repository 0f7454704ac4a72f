//! Locations that answer for errors alone, which no URL leads to: what they keep off their answers.

use crate::config::Directive;
use crate::model::hsts::settings::HstsSetting;
use crate::model::requests::location::{Modifier, matcher};
use crate::model::{Model, Server, inherit};

/// A header that is lost on the answers to errors.
#[derive(Debug, Clone)]
pub struct LostOnErrors<'c> {
    /// The statuses of the errors, in the order in which they are written.
    pub statuses: Vec<u16>,
    /// The `error_page` that leads to the location.
    pub page: Directive<'c>,
    /// The location that answers.
    pub location: Directive<'c>,
    /// The header that is lost.
    pub outer: HstsSetting<'c>,
    /// The `add_header` that keeps it off.
    pub own: Directive<'c>,
}

impl<'c> Model<'c> {
    /// The headers that a server loses in its named locations, and in `internal` ones for one URI, on the answers to
    /// errors for which an `error_page` leads there.
    #[must_use]
    pub fn headers_lost_on_errors(&self, server: &Server<'c>) -> Vec<LostOnErrors<'c>> {
        let own = server.directive.descendants().filter(|directive| directive.is_named("error_page"));
        let mut pages = inherit::in_effect(server.directive, "error_page").directives;
        pages.extend(own);
        pages.sort_by_key(Directive::id);
        pages.dedup();
        let locations = server.directive.descendants().filter(|directive| directive.is_named("location"));
        let mut lost = Vec::new();
        for location in locations.filter(|location| is_for_errors(*location)) {
            let name = matcher(location).map(|(_, word, _)| word.text());
            for page in pages.iter().filter(|page| page.arguments().last().map(|target| target.text()) == name) {
                lost.extend(self.lost_on_errors(*page, location));
            }
        }
        lost
    }

    fn lost_on_errors(&self, page: Directive<'c>, location: Directive<'c>) -> Option<LostOnErrors<'c>> {
        let words: Vec<String> = page.arguments().map(|word| word.text().into_owned()).collect();
        let overwrite = words.iter().find_map(|word| word.strip_prefix('='));
        // A mere `=`: the answer's own.
        let overwrite = overwrite.map(|status| status.parse::<u16>().ok());
        // Both that of the error and that of the location's own answer may be sent.
        let returned = location.children_named("return").next().and_then(|directive| directive.argument(0));
        let returned = returned.and_then(|status| status.text().parse::<u16>().ok());
        let is_lost = |status: &u16| {
            let sent = [overwrite.unwrap_or(Some(*status)), returned.or(Some(*status))];
            sent.iter().all(|status| self.lost_in(location, *status).is_some())
        };
        let statuses: Vec<u16> = words.iter().filter_map(|word| word.parse().ok()).filter(is_lost).collect();
        let (outer, own) = self.lost_in(location, Some(*statuses.first()?))?;
        Some(LostOnErrors { statuses, page, location, outer, own })
    }
}

/// Whether clients come to a location through an error only.
fn is_for_errors(location: Directive<'_>) -> bool {
    match matcher(location) {
        Some((Modifier::Named, ..)) => true,
        Some((Modifier::Exact, ..)) => inherit::has_in_effect(location, "internal"),
        _ => false,
    }
}
