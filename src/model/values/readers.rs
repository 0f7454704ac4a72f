//! Who reads a variable.

use crate::config::Directive;
use crate::model::Model;
use crate::model::values::value::{Piece, pieces};

impl<'c> Model<'c> {
    /// The directives whose words have a variable in them, besides the block that defines it, and all that bring in
    /// scripts, which may read it unseen. The name is compared without case.
    pub fn readers_of<'m>(&'m self, variable: &'m str) -> impl Iterator<Item = Directive<'c>> + 'm {
        let names = move |text: &str| {
            pieces(text).any(|piece| matches!(piece, Piece::Variable(name) if name.eq_ignore_ascii_case(variable)))
        };
        self.config.directives().filter(move |directive| {
            let name = directive.name_text();
            let defined = usize::from(matches!(&*name, "map" | "geo" | "split_clients"));
            let mut words = directive.arguments().enumerate();
            words.any(|(at, word)| (defined == 0 || at != defined) && names(&word.text())) || is_script(&name)
        })
    }
}

fn is_script(name: &str) -> bool {
    name.contains("_by_lua") || name.starts_with("js_") || name.starts_with("perl")
}
