//! The JSON Schema of a pipeline file, for editors, from types that mirror the file as it is written.
//!
//! The types here say what may stand where; the reader ([`check`](super::check)) says it with places and advice. A test holds the
//! keys of both against each other, and both against the same files.

mod written;

use serde_json::{Value, json};

/// What names in the file look like, as regular expressions.
mod pattern {
    pub(super) const JOB: &str = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
    pub(super) const ENVIRONMENT: &str = "^[a-z0-9][a-z0-9_.-]{0,62}$";
    pub(super) const LABEL: &str = "^\\S{1,64}$";
    pub(super) const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
    /// Holders of anchors, ignored.
    pub(super) const HIDDEN: &str = "^\\.";
}

/// The JSON Schema (draft 2020-12) of a pipeline file, in both its forms.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(written::PipelineFile).to_value();
    without_null(&mut schema);
    let Value::Object(root) = &mut schema else { return schema };
    let keys: Vec<Value> = root
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|p| p.keys().cloned().map(Value::from))
        .collect();
    let own = json!({ "anyOf": [{ "enum": keys }, { "pattern": pattern::HIDDEN }] });
    root.insert("patternProperties".to_owned(), json!({ pattern::HIDDEN: true }));
    // The older form: without `jobs`, any other key names a job.
    root.insert("additionalProperties".to_owned(), json!({ "$ref": "#/$defs/Job" }));
    root.insert(
        "anyOf".to_owned(),
        json!([
            { "required": ["jobs"], "propertyNames": own },
            { "required": ["deploy"], "propertyNames": own },
            {
                "not": { "anyOf": [{ "required": ["jobs"] }, { "propertyNames": own }] },
                "propertyNames": { "anyOf": [own, { "pattern": pattern::JOB }] },
            },
        ]),
    );
    schema
}

/// Takes out the `null`s that stand for "may be absent": absent is not the same as written and empty. The derive puts them
/// last; where `null` may really be written, it stands first.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(object) => {
            object.values_mut().for_each(without_null);
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.pop_if(|name| name == "null");
                if types.len() == 1
                    && let Some(only) = types.pop()
                {
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(options)) = object.get_mut("anyOf") {
                options.pop_if(|option| option == &json!({ "type": "null" }));
                if options.len() == 1
                    && let Some(Value::Object(only)) = options.pop()
                {
                    object.remove("anyOf");
                    object.extend(only);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
