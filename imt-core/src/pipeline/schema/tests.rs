use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::check::{
    DEPLOYMENT_KEYS, FILE_KEYS, HOOK_KEYS, HOOKS_KEYS, JOB_KEYS, RESOURCE_KEYS, RETRY_KEYS, WHEN_KEYS,
};
use super::super::load::load;
use super::super::names;
use super::super::problems::Problems;
use super::super::read::read;
use super::super::tree::{Content, Node, Scalar};
use super::{pattern, schema};

#[test]
fn the_reader_knows_exactly_the_keys_of_the_schema() {
    let schema = schema();
    let keys = |at: &str| -> BTreeSet<String> {
        schema.pointer(at).and_then(Value::as_object).unwrap_or_else(|| panic!("{at}")).keys().cloned().collect()
    };
    let known = |keys: &[&str]| -> BTreeSet<String> { keys.iter().map(|key| (*key).to_owned()).collect() };
    assert_eq!(keys("/properties"), known(&FILE_KEYS));
    assert_eq!(keys("/$defs/Job/properties"), known(&JOB_KEYS));
    assert_eq!(keys("/$defs/RetryPolicy/properties"), known(&RETRY_KEYS));
    assert_eq!(keys("/$defs/Resources/properties"), known(&RESOURCE_KEYS));
    assert_eq!(keys("/$defs/When/properties"), known(&WHEN_KEYS));
    assert_eq!(keys("/$defs/Deployment/properties"), known(&DEPLOYMENT_KEYS));
    assert_eq!(keys("/$defs/Hooks/properties"), known(&HOOKS_KEYS));
    assert_eq!(keys("/$defs/Hook/properties"), known(&HOOK_KEYS));
}

#[test]
fn the_schema_stands() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&schema()).unwrap());
}

#[test]
fn every_word_of_a_choice_is_read() {
    let schema = schema();
    let words = |name: &str| -> Vec<String> {
        let found = schema.pointer(&format!("/$defs/{name}")).unwrap_or_else(|| panic!("{name}"));
        let options = found["oneOf"].as_array().unwrap_or_else(|| panic!("{found}"));
        options.iter().map(|option| option["const"].as_str().unwrap().to_owned()).collect()
    };
    for (name, file) in [
        ("PullPolicy", "image: i\njobs: { a: { script: x, pull: WORD } }"),
        ("RetryCause", "image: i\njobs: { a: { script: x, retry: { max: 1, on: WORD } } }"),
        ("TriggerEvent", "image: i\njobs: { a: { script: x, when: { event: WORD } } }"),
        ("ConflictPolicy", "deploy: { environment: e, when: { branch: b }, on_conflict: WORD }"),
        ("HookFailure", "deploy: { environment: e, when: { branch: b }, hooks: { on_failure: WORD } }"),
    ] {
        assert!(words(name).len() >= 2);
        for word in words(name) {
            assert_eq!(read(file.replace("WORD", &word).as_bytes(), "f").diagnostics, [], "{name} {word}");
        }
    }
}

/// Files that only the reader can judge: rules between places of a file, units, forms of YAML.
const BEYOND_A_SCHEMA: [&str; 20] = [
    "bad-cpus",
    "bad-duration",
    "bad-glob",
    "bad-image",
    "bad-path",
    "bad-registry",
    "bad-size",
    "deploy-durations",
    "duplicate-environment",
    "duplicate-key",
    "empty-command",
    "every-branch",
    "merge",
    "no-image",
    "nul-byte",
    "reserved-variable",
    "several-documents",
    "unknown-stage",
    "unknown-stage-unlisted",
    "unsupported-tag",
];

#[test]
fn the_schema_judges_files_as_the_reader_does() {
    for kind in ["good", "bad"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipeline_files").join(kind);
        let mut judged = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let mut problems = Problems::new(&text, "f");
            let Some(root) = load(&text, &mut problems) else { continue };
            if BEYOND_A_SCHEMA.contains(&name.as_str()) {
                continue;
            }
            judged += 1;
            let schema = schema();
            let verdict = Validator { root: &schema }.check(&schema, &to_json(&root), "");
            assert_eq!(verdict.is_ok(), kind == "good", "{name}: {verdict:?}");
        }
        assert!(judged >= 5, "{kind}: {judged}");
    }
}

fn to_json(node: &Node) -> Value {
    match &*node.content {
        Content::Invalid => Value::Null,
        Content::Sequence(items) => items.iter().map(to_json).collect(),
        Content::Mapping(entries) => entries
            .iter()
            .map(|entry| (entry.key.name.to_string(), to_json(&entry.value)))
            .collect::<Map<_, _>>()
            .into(),
        Content::Scalar(scalar) => scalar_to_json(scalar),
    }
}

fn scalar_to_json(scalar: &Scalar) -> Value {
    if scalar.is_null() {
        return Value::Null;
    }
    let number = scalar.text.parse::<i64>().map(Value::from).ok();
    let number = number.or_else(|| scalar.text.parse::<f64>().ok().map(Value::from)).filter(|_| scalar.plain);
    scalar.as_bool().map(Value::from).or(number).unwrap_or_else(|| json!(scalar.text))
}

/// As much of JSON Schema as our schema uses; a keyword that it does not know is a failure of the test, not a pass.
struct Validator<'s> {
    root: &'s Value,
}

impl Validator<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let schema = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Bool(false) => return Err(format!("{at}: nothing may stand here")),
            other => other.as_object().unwrap(),
        };
        for (keyword, rule) in schema {
            self.keyword(schema, keyword, rule, value, at).map_err(|why| format!("{at}/{keyword}: {why}"))?;
        }
        Ok(())
    }

    fn keyword(
        &self,
        schema: &Map<String, Value>,
        keyword: &str,
        rule: &Value,
        value: &Value,
        at: &str,
    ) -> Result<(), String> {
        let holds = |ok: bool| if ok { Ok(()) } else { Err(format!("{rule} against {value}")) };
        let each = |rules: &Value| -> Vec<bool> {
            rules.as_array().unwrap().iter().map(|rule| self.check(rule, value, at).is_ok()).collect()
        };
        let size = |least: bool, actual: Option<usize>| {
            let bound = usize::try_from(rule.as_u64().unwrap()).unwrap();
            holds(actual.is_none_or(|actual| if least { actual >= bound } else { actual <= bound }))
        };
        match keyword {
            "$schema" | "title" | "description" | "$defs" | "format" | "examples" => Ok(()),
            "$ref" => {
                let target = rule.as_str().unwrap().trim_start_matches('#');
                self.check(self.root.pointer(target).unwrap(), value, at)
            }
            "anyOf" => holds(each(rule).contains(&true)),
            "oneOf" => holds(each(rule).iter().filter(|ok| **ok).count() == 1),
            "not" => holds(self.check(rule, value, at).is_err()),
            "const" => holds(rule == value),
            "enum" => holds(rule.as_array().unwrap().contains(value)),
            "type" => {
                let names = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                holds(names.iter().any(|name| has_type(value, name.as_str().unwrap())))
            }
            "minimum" => holds(value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap())),
            "maximum" => holds(value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap())),
            "minItems" => size(true, value.as_array().map(Vec::len)),
            "minProperties" => size(true, value.as_object().map(Map::len)),
            "minLength" => size(true, value.as_str().map(|text| text.chars().count())),
            "maxLength" => size(false, value.as_str().map(|text| text.chars().count())),
            "pattern" => holds(value.as_str().is_none_or(|text| matches_pattern(rule.as_str().unwrap(), text))),
            "uniqueItems" => holds(value.as_array().is_none_or(|items| {
                items.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len() == items.len()
            })),
            "required" => {
                let has =
                    |key: &Value| value.as_object().is_none_or(|object| object.contains_key(key.as_str().unwrap()));
                holds(rule.as_array().unwrap().iter().all(has))
            }
            "items" => value.as_array().into_iter().flatten().try_for_each(|item| self.check(rule, item, at)),
            "propertyNames" => {
                value.as_object().into_iter().flatten().try_for_each(|(key, _)| self.check(rule, &json!(key), at))
            }
            "properties" | "patternProperties" | "additionalProperties" => self.properties(schema, keyword, value, at),
            other => panic!("the test's validator does not know `{other}`"),
        }
    }

    /// The three keywords that share the keys of an object among them; judged where the first of them stands alone.
    fn properties(&self, schema: &Map<String, Value>, keyword: &str, value: &Value, at: &str) -> Result<(), String> {
        for (key, item) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{key}");
            let named = schema.get("properties").and_then(|rules| rules.get(key));
            let patterns = schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
            let matching: Vec<&Value> =
                patterns.filter(|(pattern, _)| matches_pattern(pattern, key)).map(|(_, rule)| rule).collect();
            let rules: Vec<&Value> = match keyword {
                "properties" => named.into_iter().collect(),
                "patternProperties" => matching,
                _ if named.is_none() && matching.is_empty() => vec![&schema["additionalProperties"]],
                _ => Vec::new(),
            };
            rules.into_iter().try_for_each(|rule| self.check(rule, item, &at))?;
        }
        Ok(())
    }
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type `{other}`"),
    }
}

/// The patterns of the schema, as the reader means them.
fn matches_pattern(name: &str, text: &str) -> bool {
    match name {
        pattern::ENVIRONMENT => names::is_environment(text),
        pattern::JOB => names::is_job(text),
        pattern::LABEL => names::is_label(text),
        pattern::VARIABLE => names::is_variable(text),
        pattern::HIDDEN => text.starts_with('.'),
        other => panic!("no pattern `{other}`"),
    }
}
