//! A rule's face: what `rules/<category>/<rule-id>.yaml` says.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::Edge;

/// Summary, reasons, examples and options of a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Face {
    /// What is wrong where the rule speaks, in half a line.
    pub summary: String,
    /// Why it matters, and what people see when it happens.
    pub rationale: String,
    /// How to mend it.
    pub fix: String,
    /// Sources: nginx documentation, RFCs.
    #[serde(default)]
    pub references: Vec<String>,
    /// The rule's options by name.
    #[serde(default)]
    pub options: BTreeMap<String, OptionFace>,
    /// Configurations that it speaks up on, each marked where.
    pub bad: Vec<Example>,
    /// Configurations that it is silent on.
    pub good: Vec<Example>,
}

/// One option of a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionFace {
    /// What it is for, with its unit.
    pub description: String,
    /// Its type in words.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its value when nobody says otherwise.
    pub default: serde_yaml::Value,
}

/// An example configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What makes it special.
    #[serde(default)]
    pub note: Option<String>,
    /// The configuration: a whole one, or what stands in `http`.
    pub config: String,
    /// What stands between clients and nginx: `tls` for `--edge tls`.
    #[serde(default)]
    pub edge: Edge,
    /// Further files that it includes, by path.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// A face that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the rule's face is not valid")]
pub struct FaceError(#[from] serde_yaml::Error);

impl Face {
    /// Reads the text of a face.
    ///
    /// # Errors
    /// [`FaceError`] when it is no YAML or lacks a field.
    pub fn parse(text: &str) -> Result<Face, FaceError> {
        Ok(serde_yaml::from_str(text)?)
    }

    /// The defaults of all options, as a mapping.
    #[must_use]
    pub fn default_options(&self) -> serde_yaml::Mapping {
        let options = self.options.iter();
        options.map(|(name, option)| (serde_yaml::Value::from(name.as_str()), option.default.clone())).collect()
    }
}
