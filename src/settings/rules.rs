//! `select`, `ignore`, `per-file-ignores` and `rules`: which rules run, on what, and how.

use std::fmt;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use rustc_hash::FxHashSet;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_yaml::Mapping;

use super::option_value::OptionValue;
use super::{error, scalar};
use crate::config::nearest;
use crate::rules::{RuleId, RuleSet, Selection, Severity};

/// Rules and categories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RuleList(Vec<Listed>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed(RuleSet);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Listed, D::Error> {
        scalar::text(deserializer, "the name of a rule or category", RuleSet::parse).map(Listed)
    }
}

impl RuleList {
    /// The rules, those of categories one by one.
    pub fn rules(&self) -> impl Iterator<Item = RuleId> {
        self.0.iter().flat_map(|listed| listed.0.rules.iter().copied())
    }

    /// As they were written.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|listed| listed.0.name.as_str())
    }
}

/// The rules that are run. None at all would be a mistake that nobody sees: everything is fine then.
pub(super) fn selected<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RuleList>, D::Error> {
    struct Selected(RuleList);
    impl<'de> Deserialize<'de> for Selected {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Selected, D::Error> {
            deserializer.deserialize_seq(Names)
        }
    }
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Selected;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of rules and categories")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, names: A) -> Result<Selected, A::Error> {
            let list = RuleList(Vec::deserialize(SeqAccessDeserializer::new(names))?);
            match list.0.is_empty() {
                true => Err(error::said("no rule is selected: name some, or leave `select` out to run all")),
                false => Ok(Selected(list)),
            }
        }
    }
    Ok(Option::<Selected>::deserialize(deserializer)?.map(|selected| selected.0))
}

/// Globs, each with the rules that are not run on the files that it fits.
#[derive(Debug, Clone, Default)]
pub struct PerFileIgnores(Vec<(FileGlob, RuleList)>);

impl PerFileIgnores {
    /// The globs with the rules.
    pub fn entries(&self) -> impl Iterator<Item = (&FileGlob, &RuleList)> {
        self.0.iter().map(|(glob, rules)| (glob, rules))
    }
}

/// A glob of files.
#[derive(Debug, Clone)]
pub struct FileGlob {
    text: String,
    /// For files, and for what is below folders.
    matchers: Vec<GlobMatcher>,
}

impl FileGlob {
    fn parse(text: &str) -> Result<FileGlob, String> {
        // As in a shell, and in .gitignore: `*` stays in its directory, `**` does not, and what ends with a slash stands for
        // folders: of this name anywhere, if it is only a name. A name without `*` may be that of a folder as well.
        let text = text.strip_prefix("./").unwrap_or(text);
        let below = |folder: &str| match folder.is_empty() || folder.contains('/') {
            true => format!("{folder}/**"),
            false => format!("**/{folder}/**"),
        };
        let is_plain = !text.rsplit('/').next().unwrap_or(text).contains(['*', '?', '[', '{', '}', ']']);
        let patterns = match text.strip_suffix('/') {
            Some(folder) => vec![below(folder)],
            None if is_plain => vec![text.to_owned(), below(text)],
            None => vec![text.to_owned()],
        };
        let matcher = |pattern: &String| {
            let glob = GlobBuilder::new(pattern).literal_separator(true).build();
            Ok(glob.map_err(|error| format!("`{text}` is no glob: {}", error.kind()))?.compile_matcher())
        };
        let matchers = patterns.iter().map(matcher).collect::<Result<_, String>>()?;
        Ok(FileGlob { text: text.to_owned(), matchers })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it fits a file. Both paths are absolute; `directory` is that of the settings file.
    #[must_use]
    pub fn fits(&self, file: &Path, directory: &Path) -> bool {
        let is_name = !self.text.contains('/');
        let name = file.file_name().map(Path::new).filter(|_| is_name);
        let path = if self.text.starts_with('/') { file } else { file.strip_prefix(directory).unwrap_or(file) };
        self.matchers.iter().any(|matcher| matcher.is_match(path) || name.is_some_and(|name| matcher.is_match(name)))
    }
}

/// A key that is a glob, and has not been there.
struct GlobKey<'s>(&'s FxHashSet<String>);

impl<'de> DeserializeSeed<'de> for GlobKey<'_> {
    type Value = FileGlob;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FileGlob, D::Error> {
        scalar::text(deserializer, "a glob", |text| {
            let pattern = FileGlob::parse(text)?;
            match self.0.contains(&pattern.text) {
                true => Err(format!("`{text}` is said twice")),
                false => Ok(pattern),
            }
        })
    }
}

impl<'de> Deserialize<'de> for PerFileIgnores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PerFileIgnores, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = PerFileIgnores;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of globs to lists of rules")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<PerFileIgnores, A::Error> {
                let mut all = Vec::new();
                let mut seen = FxHashSet::default();
                while let Some(pattern) = entries.next_key_seed(GlobKey(&seen))? {
                    seen.insert(pattern.text.clone());
                    all.push((pattern, entries.next_value()?));
                }
                Ok(PerFileIgnores(all))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// What is said of rules and categories, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct RuleSettings(Vec<RuleSetting>);

/// What is said of one rule or category.
#[derive(Debug, Clone)]
pub struct RuleSetting {
    /// The rule or category.
    pub rules: RuleSet,
    /// Its severity, where that is said; `None` inside turns it off.
    pub severity: Option<Option<Severity>>,
    /// Its options, where they are other than in its face.
    pub options: Mapping,
}

impl RuleSettings {
    /// What is said, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &RuleSetting> {
        self.0.iter()
    }

    /// Lets them decide. What is said of a rule outweighs what is said of its category.
    pub fn apply(&self, selection: &mut Selection) {
        let (rules, categories): (Vec<_>, Vec<_>) = self.0.iter().partition(|said| said.rules.rule().is_some());
        for said in categories.into_iter().chain(rules) {
            for &rule in &said.rules.rules {
                selection.severities.extend(said.severity.map(|severity| (rule, severity)));
                if !said.options.is_empty() {
                    selection.options.push((rule, said.options.clone()));
                }
            }
        }
    }
}

impl<'de> Deserialize<'de> for RuleSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RuleSettings, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = RuleSettings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of rules to severities or options")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RuleSettings, A::Error> {
                let mut all: Vec<RuleSetting> = Vec::new();
                while let Some(rules) = entries.next_key_seed(RuleKey(&all))? {
                    let setting = entries.next_value_seed(OfRule(rules))?;
                    all.push(setting);
                }
                Ok(RuleSettings(all))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A key that is a rule or category, and has not been there.
struct RuleKey<'s>(&'s [RuleSetting]);

impl<'de> DeserializeSeed<'de> for RuleKey<'_> {
    type Value = RuleSet;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RuleSet, D::Error> {
        scalar::text(deserializer, "the name of a rule or category", |name| {
            let rules = RuleSet::parse(name).map_err(|error| error.to_string())?;
            match self.0.iter().any(|said| said.rules == rules) {
                true => Err(format!("`{name}` is said twice")),
                false => Ok(rules),
            }
        })
    }
}

/// What is said of a rule: a severity, or a mapping.
struct OfRule(RuleSet);

impl<'de> DeserializeSeed<'de> for OfRule {
    type Value = RuleSetting;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RuleSetting, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OfRule {
    type Value = RuleSetting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("off, info, warning, error, or a mapping of `severity` and options")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<RuleSetting, E> {
        let severity = Severity::parse(word).map_err(error::said)?;
        Ok(RuleSetting { rules: self.0, severity: Some(severity), options: Mapping::new() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RuleSetting, A::Error> {
        let mut setting = RuleSetting { rules: self.0, severity: None, options: Mapping::new() };
        while let Some(name) = entries.next_key_seed(OptionKey(&setting))? {
            if name == SEVERITY {
                setting.severity = Some(entries.next_value::<SeverityWord>()?.0);
                continue;
            }
            let rule = setting.rules.rule().map(RuleId::entry);
            let rule = rule.ok_or_else(|| error::said("only a rule has options"))?;
            let value = entries.next_value_seed(OptionValue { rule, name: &name })?;
            setting.options.insert(name.into(), value);
        }
        Ok(setting)
    }
}

const SEVERITY: &str = "severity";

/// A key that is `severity` or an option of the rule.
struct OptionKey<'s>(&'s RuleSetting);

impl<'de> DeserializeSeed<'de> for OptionKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let RuleSetting { rules, severity, options } = self.0;
        scalar::text(deserializer, "`severity` or an option", |key| {
            let face = rules.rule().map(|rule| rule.entry().face());
            let known: Vec<&str> = face.iter().flat_map(|face| face.options.keys()).map(String::as_str).collect();
            if options.contains_key(key) || key == SEVERITY && severity.is_some() {
                return Err(format!("`{key}` is said twice"));
            }
            if key == SEVERITY || known.contains(&key) {
                return Ok(key.to_owned());
            }
            let of = &rules.name;
            let meant = nearest(key, known.iter().copied().chain([SEVERITY]));
            Err(match (meant, &known[..]) {
                (Some(meant), _) => format!("{of} has no option `{key}`; did you mean `{meant}`?"),
                (None, []) => format!("{of} has no option `{key}`, and no others"),
                (None, known) => format!("{of} has no option `{key}`; it has {}", known.join(", ")),
            })
        })
    }
}

struct SeverityWord(Option<Severity>);

impl<'de> Deserialize<'de> for SeverityWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SeverityWord, D::Error> {
        scalar::text(deserializer, "off, info, warning or error", Severity::parse).map(SeverityWord)
    }
}
