//! The JSON Schema of the settings file, as editors read it: made from the types, and from the rules' faces.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads and writes a file of the repository")]

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::nginx::Contexts;
use crate::nginx::directives::packages as known_packages;
use crate::rules::all_rules;

const SEVERITIES: [&str; 4] = ["off", "info", "warning", "error"];

pub(super) fn version(_: &mut SchemaGenerator) -> Schema {
    // 1.28 without quotes is a number to an editor.
    json_schema!({"type": ["string", "number", "null"], "pattern": r"^\d+\.\d+(\.\d+)?$"})
}

pub(super) fn certificates(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": ["auto", "require", "skip", null]})
}

pub(super) fn edge(_: &mut SchemaGenerator) -> Schema {
    let word = json!({"enum": ["tls", "none"]});
    json_schema!({"oneOf": [word, {"type": "null"}, {
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "default": {"description": "For hosts that are not among `servers`.", "enum": ["tls", "none"]},
            "servers": {
                "description": "By names and wildcards as in server_name: shop.example, *.shop.example, .shop.example, shop.*.",
                "type": "object",
                "additionalProperties": word
            }
        }
    }]})
}

fn rule_names() -> Vec<&'static str> {
    let rules = all_rules();
    let mut names: Vec<&str> = rules.iter().map(|rule| rule.category).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    names.extend(rules.iter().map(|rule| rule.name));
    names
}

pub(super) fn rule_list(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["array", "null"], "items": {"enum": rule_names()}})
}

pub(super) fn per_file_ignores(_: &mut SchemaGenerator) -> Schema {
    let rules = json!({"type": "array", "items": {"enum": rule_names()}});
    json_schema!({"type": ["object", "null"], "additionalProperties": rules})
}

pub(super) fn rules(_: &mut SchemaGenerator) -> Schema {
    let mut properties = Map::new();
    for name in rule_names() {
        let face = all_rules().iter().find(|rule| rule.name == name).map(|rule| rule.face());
        let summary = face.map_or_else(|| format!("All rules of {name}."), |face| face.summary.clone());
        let mut inner = Map::new();
        inner.insert("severity".to_owned(), json!({"enum": SEVERITIES}));
        for (option, said) in face.iter().flat_map(|face| &face.options) {
            let default = serde_json::to_value(&said.default).unwrap();
            let description = format!("{} ({})", said.description.trim(), said.kind);
            inner.insert(option.clone(), json!({"description": description, "default": default}));
        }
        let mapping = json!({"type": "object", "additionalProperties": false, "properties": inner});
        properties.insert(name.to_owned(), json!({"description": summary, "oneOf": [{"enum": SEVERITIES}, mapping]}));
    }
    json_schema!({"type": ["object", "null"], "additionalProperties": false, "properties": Value::Object(properties)})
}

pub(super) fn packages(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["array", "null"], "items": {"enum": known_packages()}})
}

pub(super) fn extra_directives(_: &mut SchemaGenerator) -> Schema {
    let contexts: Vec<String> = Contexts::all().map(|context| context.to_string()).collect();
    json_schema!({"type": ["object", "null"], "additionalProperties": {
        "type": "object",
        "additionalProperties": false,
        "required": ["contexts"],
        "properties": {
            "contexts": {
                "description": "Where it may stand.",
                "type": "array", "minItems": 1, "items": {"enum": contexts}
            },
            "block": {"description": "Whether it opens a block.", "type": "boolean", "default": false}
        }
    }})
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_types() {
    let made = serde_json::to_value(schemars::schema_for!(super::Settings)).unwrap();
    let text = serde_json::to_string_pretty(&made).unwrap() + "\n";
    if std::env::var_os("NGXLINT_WRITE_SCHEMA").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/settings/schema/settings.schema.json");
        return std::fs::write(path, text).unwrap();
    }
    let is_current = text == super::SETTINGS_SCHEMA;
    assert!(
        is_current,
        "set NGXLINT_WRITE_SCHEMA=1 and run this test to write src/settings/schema/settings.schema.json"
    );
}
