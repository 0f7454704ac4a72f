//! The list of all rules, made from the lines in the categories' `mod.rs`.

use std::fmt;
use std::sync::{LazyLock, OnceLock};

use super::declare::Declared;
use super::{Face, Rule};

/// Where the project is at home.
pub const PROJECT: &str = "https://github.com/ngxlint/ngxlint";

/// Where the rules are documented, below [`PROJECT`].
const DOCUMENTATION: &str = "blob/main/rules";

/// A rule's id: its place in the sorted list of all rules, so that ids sort as their names do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(u16);

impl RuleId {
    /// The rule behind it.
    #[must_use]
    pub fn entry(self) -> &'static RuleEntry {
        &all_rules()[self.0 as usize]
    }

    /// The id as people write it: `redirect-loop`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.entry().name
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One rule with all that is known of it.
pub struct RuleEntry {
    /// Its id.
    pub id: RuleId,
    /// Its id as people write it.
    pub name: &'static str,
    /// The family it belongs to.
    pub category: &'static str,
    /// Whether it finds some of what it finds only where the files of certificates and keys are there.
    pub reads_certificates: bool,
    pub(super) rule: &'static dyn Rule,
    face_text: &'static str,
    face: OnceLock<Face>,
}

impl RuleEntry {
    /// What the rule says of itself.
    pub fn face(&self) -> &Face {
        self.face.get_or_init(|| {
            Face::parse(self.face_text).expect("a test reads the face of every rule, and they are compiled in")
        })
    }

    /// The text of its face.
    #[must_use]
    pub fn face_text(&self) -> &'static str {
        self.face_text
    }

    /// Says what is wrong with a value of one of its options.
    ///
    /// # Errors
    /// What the type of the option says.
    pub fn check_option(&self, name: &str, value: &serde_yaml::Value) -> Result<(), serde_yaml::Error> {
        let mut options = self.face().default_options();
        options.insert(name.into(), value.clone());
        self.rule.read_options(&options.into())
    }

    /// The address of its documentation.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{PROJECT}/{DOCUMENTATION}/{}/{}.yaml", self.category, self.name)
    }
}

static REGISTRY: LazyLock<Vec<RuleEntry>> = LazyLock::new(|| {
    let categories = [
        super::certificate::RULES,
        super::hsts::RULES,
        super::redirect::RULES,
        super::stream::RULES,
        super::syntax::RULES,
        super::upstream::RULES,
        super::websocket::RULES,
    ];
    let mut declared: Vec<&'static Declared> = categories.into_iter().flatten().collect();
    declared.sort_by_key(|rule| rule.name);
    let entries = declared.into_iter().enumerate().map(|(number, declared)| RuleEntry {
        id: RuleId(number as u16),
        name: declared.name,
        category: declared.category,
        reads_certificates: declared.reads_certificates,
        rule: declared.rule,
        face_text: declared.face_text,
        face: OnceLock::new(),
    });
    entries.collect()
});

/// All rules, sorted by name.
#[must_use]
pub fn all_rules() -> &'static [RuleEntry] {
    &REGISTRY
}

/// The rule of that name.
#[must_use]
pub fn find_rule(name: &str) -> Option<RuleId> {
    all_rules().binary_search_by(|entry| entry.name.cmp(name)).ok().map(|at| all_rules()[at].id)
}

/// A rule's options, as a type of its own. Their defaults are in its face.
pub trait Options: serde::de::DeserializeOwned {
    /// Reads all of a rule's options.
    ///
    /// # Errors
    /// What is wrong with them.
    fn read(options: &serde_yaml::Value) -> Result<Self, serde_yaml::Error> {
        Self::deserialize(options)
    }
}
