//! The JSON Schema of the settings file, as editors read it: made from the types, and from the rules' faces.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads and writes a file of the repository")]

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use serde_yaml::Value as Yaml;

use crate::nginx::Contexts;
use crate::nginx::directives::packages as known_packages;
use crate::rules::{OptionFace, RuleEntry, all_rules, find_rule};

const SEVERITIES: [&str; 4] = ["off", "info", "warning", "error"];

pub(super) fn version(_: &mut SchemaGenerator) -> Schema {
    // 1.28 without quotes is a number to an editor, and 1 is none of the form that is wanted.
    json_schema!({"anyOf": [
        {"type": "string", "pattern": r"^\d+\.\d+(\.\d+)?$"},
        {"type": "number", "not": {"type": "integer"}, "minimum": 0, "maximum": 1000},
        {"type": "null"}
    ]})
}

pub(super) fn map(_: &mut SchemaGenerator) -> Schema {
    let paths = json!({"type": "string"});
    json_schema!({"type": ["object", "null"], "propertyNames": {"pattern": "^/"}, "additionalProperties": paths})
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
                "type": ["object", "null"],
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

pub(super) fn selected(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["array", "null"], "minItems": 1, "items": {"enum": rule_names()}})
}

pub(super) fn words(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": {"type": "string", "pattern": r"[^/\s]"}})
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
            inner.insert(option.clone(), rule_option(find_rule(name).unwrap().entry(), option, said));
        }
        let mapping = json!({"type": "object", "additionalProperties": false, "properties": inner});
        properties.insert(name.to_owned(), json!({"description": summary, "oneOf": [{"enum": SEVERITIES}, mapping]}));
    }
    json_schema!({"type": ["object", "null"], "additionalProperties": false, "properties": Value::Object(properties)})
}

/// What the rule takes for an option, as the rule itself says when it is asked.
fn rule_option(rule: &RuleEntry, name: &str, said: &OptionFace) -> Value {
    let takes = |value: Yaml| rule.check_option(name, &value).is_ok();
    let kinds = [
        ("boolean", takes(true.into())),
        ("number", takes(1.5.into())),
        ("integer", takes(1.into()) && !takes(1.5.into())),
        ("string", takes("a word".into())),
        ("array", takes(Yaml::Sequence(Vec::new()))),
        ("null", takes(Yaml::Null)),
    ];
    let kinds: Vec<&str> = kinds.iter().filter(|(_, is_taken)| *is_taken).map(|(kind, _)| *kind).collect();
    let mut schema = json!({
        "description": format!("{} ({})", said.description.trim(), said.kind),
        "type": if let [only] = kinds[..] { json!(only) } else { json!(kinds) },
        "default": serde_json::to_value(&said.default).unwrap(),
    });
    // The bounds of numbers are those of their types, or nothing that a rule could work with.
    if let Some(minimum) = [-1, 0, 1].into_iter().find(|&number| takes(number.into())).filter(|&least| least >= 0) {
        schema["minimum"] = minimum.into();
    }
    if !takes(u64::MAX.into()) && takes(u32::MAX.into()) {
        schema["maximum"] = u32::MAX.into();
    }
    schema
}

pub(super) fn packages(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["array", "null"], "items": {"enum": known_packages()}})
}

pub(super) fn extra_directives(_: &mut SchemaGenerator) -> Schema {
    let contexts: Vec<String> = Contexts::all().map(|context| context.to_string()).collect();
    let name = json!({"pattern": r#"^[^\s;{}#"'\\]+$"#});
    json_schema!({"type": ["object", "null"], "propertyNames": name, "additionalProperties": {
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

/// Settings, and whether editors are to complain of them; the program does as they do.
const VERDICTS: &[(&str, bool)] = &[
    ("rules: {hsts-max-age: {minimum: 31536000, maximum: null}}", true),
    ("rules: {hsts-max-age: {severity: error, maximum: 0}}", true),
    ("rules: {hsts-max-age: {minimum: soon}}", false),
    ("rules: {hsts-max-age: {minimum: null}}", false),
    ("rules: {hsts-max-age: {minimum: -1}}", false),
    ("rules: {hsts-max-age: {minimum: 1.5}}", false),
    ("rules: {hsts-max-age: {minimum: [1]}}", false),
    ("rules: {hsts-max-age: {days: 1}}", false),
    ("rules: {hsts-max-age: {severity: fatal}}", false),
    ("rules: {cert-expires-soon: {days: 14, lifetime-share: 3}}", true),
    ("rules: {cert-expires-soon: {days: 4294967296}}", false),
    ("rules: {redirect-chain: {max-redirects: 2}}", true),
    ("rules: {redirect-chain: {max-redirects: true}}", false),
    ("rules: {redirect-loop: {days: 1}}", false),
    ("rules: {redirect-loop: off, hsts: {severity: info}}", true),
    ("rules: {redirect-lop: off}", false),
    ("map: {/etc: image}", true),
    ("map: {etc: image}", false),
    ("edge: {servers: null}", true),
    ("edge: {servers: {a.test: tsl}}", false),
    ("extra-directives: {x: {contexts: [server], block: true}}", true),
    ("extra-directives: {x: {contexts: []}}", false),
    ("nginx-version: 1.28", true),
    ("nginx-version: 1.28.0", true),
    ("nginx-version: new", false),
    ("certs: skip", true),
    ("certs: true", false),
    ("nginx-version: 1", false),
    ("nginx-version: 1e3", false),
    ("nginx-version: 9999999999999.1", false),
    ("nginx-version: '1.28 '", false),
    ("nginx-version: null", true),
    ("certs: null", true),
    ("prefix: 5", false),
    ("prefix: '5'", true),
    ("prefix: null", true),
    ("root: true", false),
    ("roots: [1]", false),
    ("roots: [null]", false),
    ("roots: [a, \"1\"]", true),
    ("ca: [5.5]", false),
    ("map: {/a: 5}", false),
    ("map: {/a: }", false),
    ("map: {'': b}", false),
    ("websocket: {patterns: [1]}", false),
    ("websocket: {patterns: [true]}", false),
    ("websocket: {patterns: [/]}", false),
    ("websocket: {patterns: [push, /1]}", true),
    ("websocket: {patterns: null}", false),
    ("websocket: null", true),
    ("select: []", false),
    ("select: null", true),
    ("ignore: []", true),
    ("per-file-ignores: {a: null}", false),
    ("per-file-ignores: null", true),
    ("rules: {hsts: null}", false),
    ("rules: {hsts: {}}", true),
    ("rules: {hsts: {severity: null}}", false),
    ("rules: {hsts-max-age: {minimum: 18446744073709551615}}", true),
    ("edge: {}", true),
    ("edge: {default: null}", false),
    ("modules: [5]", false),
    ("extra-directives: {a b: {contexts: [http]}}", false),
    ("extra-directives: {x: {contexts: [http], block: null}}", false),
    ("system-roots: 'true'", false),
    ("", true),
    ("# nothing yet", true),
    ("[]", false),
    ("roots: nginx.conf", false),
    ("rots: [nginx.conf]", false),
];

#[test]
fn editors_complain_of_what_the_program_does_not_take() {
    let validator = jsonschema::validator_for(&serde_json::from_str(super::SETTINGS_SCHEMA).unwrap()).unwrap();
    for (text, is_right) in VERDICTS {
        let value: Value = serde_yaml::from_str(text).unwrap();
        assert_eq!((validator.is_valid(&value), super::file::parse(text).is_ok()), (*is_right, *is_right), "{text}");
    }
}

#[test]
fn options_have_types() {
    let schema: Value = serde_json::from_str(super::SETTINGS_SCHEMA).unwrap();
    for rule in all_rules() {
        for name in rule.face().options.keys() {
            let option = &schema["properties"]["rules"]["properties"][rule.name]["oneOf"][1]["properties"][name];
            let has = |key: &str| option.get(key).is_some();
            assert!(has("type") && has("default") && has("description"), "{}: {name}: {option}", rule.name);
        }
    }
}
