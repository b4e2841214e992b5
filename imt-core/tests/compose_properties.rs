//! Whatever names and texts a project has: the override says exactly what was meant once it is read back, and passes the
//! self-check after a merge as compose does it.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle};
use imt_core::compose::{
    Form, Model, Naming, Override, PullPolicy, ReleaseImages, ServiceOverride, build_override, deploy_override, images,
    self_check,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// What stands for `!reset` in a text that was read back.
const RESET: &str = "\u{1}reset";

/// Reads YAML back; a tag makes a value [`RESET`]. Only quoted scalars are texts here.
fn read_back(text: &str) -> Value {
    let mut stack: Vec<(Value, Option<String>)> = Vec::new();
    let mut root = Value::Null;
    for step in Parser::new_from_str(text) {
        let (event, _) = step.unwrap_or_else(|error| panic!("{error}\n{text}"));
        let finished = match event {
            Event::Scalar(_, _, _, Some(_)) => Value::from(RESET),
            Event::Scalar(text, style, _, None) => {
                let is_key = matches!(stack.last(), Some((Value::Object(_), None)));
                assert!(is_key || style == ScalarStyle::DoubleQuoted, "`{text}` is not quoted");
                Value::from(text.into_owned())
            }
            Event::MappingStart(..) => {
                stack.push((json!({}), None));
                continue;
            }
            Event::SequenceStart(..) => {
                stack.push((json!([]), None));
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => stack.pop().unwrap().0,
            _ => continue,
        };
        match stack.last_mut() {
            None => root = finished,
            Some((Value::Array(items), _)) => items.push(finished),
            Some((Value::Object(fields), key)) => match key.take() {
                None => *key = Some(finished.as_str().unwrap().to_owned()),
                Some(name) => assert!(fields.insert(name, finished).is_none(), "a key stands twice"),
            },
            Some(_) => unreachable!("only collections are open"),
        }
    }
    root
}

/// Merges as compose does, of what an override holds: mappings by key, mounts by target, `!reset` takes away. Both sides keep
/// their doubled dollars, as compose's output does.
fn merge(base: &mut Value, with: &Value) {
    match (base, with) {
        (Value::Object(fields), Value::Object(others)) => {
            for (key, value) in others {
                if value == RESET {
                    fields.remove(key);
                } else if let Some(field) = fields.get_mut(key) {
                    merge(field, value);
                } else {
                    fields.insert(key.clone(), value.clone());
                }
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            for other in others {
                match items.iter_mut().find(|item| item["target"] == other["target"]) {
                    Some(item) => merge(item, other),
                    None => items.push(other.clone()),
                }
            }
        }
        (base, with) => *base = with.clone(),
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[$\"'\\\\{}:#&*!|>%@` \n\t\r\u{85}\u{2028}\u{feff}ä🐳-]{1,12}",
        Just("null".to_owned()),
        Just("yes".to_owned()),
        Just("1e3".to_owned()),
        Just("<<".to_owned()),
        Just("!reset".to_owned()),
    ]
}

fn service_override() -> impl Strategy<Value = ServiceOverride> {
    let volumes = prop::collection::btree_map(text(), text(), 0..3);
    (prop::option::of(text()), any::<(bool, bool)>(), prop::option::of(text()), volumes).prop_map(
        |(image, (resets_build, has_policy), files_hash, image_volumes)| ServiceOverride {
            image,
            resets_build,
            resets_build_tags: false,
            pull_policy: has_policy.then_some(PullPolicy::Missing),
            files_hash,
            image_volumes,
        },
    )
}

/// A name that compose takes for a service.
fn service_name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9._-]{1,10}"
}

fn image_name() -> impl Strategy<Value = String> {
    let name = "([a-z0-9]{1,4}\\.example(:[0-9]{2,4})?/)?([a-z0-9]{1,3}/)?[a-zA-Z][a-z0-9]{0,3}";
    (name, prop::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,5}"))
        .prop_map(|(name, tag)| tag.map_or_else(|| name.clone(), |tag| format!("{name}:{tag}")))
}

fn service() -> impl Strategy<Value = Value> {
    let build = prop::option::of((text(), prop::collection::vec(image_name(), 0..2)));
    let mounts = prop::collection::btree_map("/[a-z$ ]{1,6}", (any::<bool>(), image_name()), 0..3);
    let labels = prop::collection::btree_map(text(), text(), 0..3);
    (build, prop::option::of(image_name()), mounts, labels, text()).prop_map(|(build, image, mounts, labels, command)| {
        let mut fields = Map::new();
        let escaped = |text: &str| Value::from(text.replace('$', "$$"));
        if let Some((context, tags)) = &build {
            let mut block = json!({ "context": escaped(context) });
            if !tags.is_empty() {
                block["tags"] = json!(tags);
            }
            fields.insert("build".into(), block);
        }
        if let Some(image) = image.or_else(|| build.is_none().then(|| "busybox:1".to_owned())) {
            fields.insert("image".into(), image.into());
        }
        if !mounts.is_empty() {
            let mount = |(target, (is_image, source)): (&String, &(bool, String))| {
                json!({ "type": if *is_image { "image" } else { "volume" }, "source": source, "target": escaped(target) })
            };
            fields.insert("volumes".into(), mounts.iter().map(mount).collect());
        }
        if !labels.is_empty() {
            let labels = labels.iter().map(|(key, value)| (key.replace('$', "$$"), escaped(value)));
            fields.insert("labels".into(), Value::Object(labels.collect()));
        }
        fields.insert("command".into(), json!([escaped(&command)]));
        Value::Object(fields)
    })
}

fn project() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(service_name(), service(), 1..6)
        .prop_map(|services| json!({ "name": "shop", "services": services, "networks": { "default": null } }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_override_reads_back_as_what_it_is(services in prop::collection::btree_map(text(), service_override(), 0..4)) {
        let read = read_back(&Override { services: services.clone() }.to_yaml());
        let found: BTreeMap<String, ServiceOverride> = read["services"].as_object().unwrap().iter().map(|(name, fields)| {
            let plain = |value: &Value| value.as_str().map(|text| text.replace("$$", "$"));
            let volumes = fields["volumes"].as_array().into_iter().flatten();
            (name.clone(), ServiceOverride {
                image: plain(&fields["image"]),
                resets_build: fields["build"] == RESET,
                resets_build_tags: false,
                pull_policy: (fields["pull_policy"] == "missing").then_some(PullPolicy::Missing),
                files_hash: plain(&fields["labels"]["imt.files-hash"]),
                image_volumes: volumes.map(|volume| {
                    assert_eq!(volume["type"], "image");
                    (plain(&volume["target"]).unwrap(), plain(&volume["source"]).unwrap())
                }).collect(),
            })
        }).collect();
        prop_assert_eq!(found, services);
    }

    #[test]
    fn merged_as_compose_does_it_passes_the_self_check(document in project(), registry in prop::option::of(Just("ghcr.io/acme"))) {
        let base = Model::from_value(document.clone(), Form::Resolved).unwrap();
        let naming = Naming::new(registry.map(|registry| registry.parse().unwrap()), &"c".repeat(40)).unwrap();
        let sorted = images(&base, &naming);
        let digests = sorted.images.built.iter().map(|image| (image.builder.clone(), format!("sha256:{}", "d".repeat(64))));
        let files_hashes = base.services.keys().map(|name| (name.clone(), "hash".to_owned()));
        let release = ReleaseImages { digests: digests.collect(), files_hashes: files_hashes.collect(), ..ReleaseImages::default() };
        let overrides = [
            build_override(&base, &sorted.images),
            deploy_override(&base, &sorted.images, &release, PullPolicy::Missing),
        ];
        for changes in overrides {
            let mut merged = document.clone();
            merge(&mut merged, &read_back(&changes.to_yaml()));
            let merged = Model::from_value(merged, Form::Resolved).unwrap();
            prop_assert_eq!(self_check(&base, &changes, &merged), []);
            prop_assert_eq!(merged.services.len(), base.services.len());
        }
    }
}
