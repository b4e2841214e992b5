//! What compose files set, by names: for those who compare two states of a project and must not tell values.
//!
//! Reads the YAML itself, since of a release nothing else is kept: variables stand as they are written. Several files are merged
//! as compose merges them as far as that is the same for every version of it; of what is not, the settings are only compared
//! where all files say the same of them as before. Where even that cannot be said, nothing is.

use std::collections::{BTreeMap, BTreeSet};

use crate::pipeline::{YamlNode, yaml};

/// What some compose files set together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, Set>);

/// One setting of a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    /// The service that has it; `None` for what is the project's.
    pub service: Option<String>,
    /// Its keys, with dots between them: `environment.LOG_LEVEL`.
    pub name: String,
}

/// How a setting differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Only the later files have it.
    Added,
    /// Only the earlier files have it.
    Removed,
    /// Both have it, with other values.
    Changed,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Set {
    Nothing,
    Text(String),
    List(Vec<Set>),
    Map(BTreeMap<String, Set>),
    /// What each of several files says, where it takes compose to know what comes of it.
    Several(Vec<Set>),
}

/// Names with values that may also be written as a list of `NAME=value`, by their keys within a service.
const LISTS_OF_NAMES: [&str; 7] =
    ["environment", "labels", "annotations", "sysctls", "build.args", "build.labels", "deploy.labels"];
/// Of these a later file's stands in the place of an earlier one's, list or not.
const REPLACED: [&str; 3] = ["command", "entrypoint", "healthcheck.test"];
/// Of these mappings not each key is merged.
const MERGED_AS_A_WHOLE: [&str; 1] = ["logging"];
/// What a file says to nobody: a format that compose does not look at.
const VERSION: &str = "version";

/// It cannot be said for sure.
#[derive(Debug)]
struct Unsure;

impl Settings {
    /// What these files set, in the order in which compose is given them. `None` where only compose could say: a file that pulls in
    /// others or services of others, one with tags, one that is no YAML.
    pub fn read<'t>(files: impl IntoIterator<Item = &'t str>) -> Option<Self> {
        let mut all = Set::Nothing;
        for text in files {
            all = merged(all, document(text).ok()?, "");
        }
        match all {
            Set::Map(all) => Some(Self(all)),
            Set::Nothing => Some(Self(BTreeMap::new())),
            _ => None,
        }
    }

    /// What differs from these settings to later ones; `None` where that cannot be said for sure.
    pub fn changes(&self, later: &Self) -> Option<BTreeMap<Setting, Change>> {
        let mut found = Found::default();
        found.compare(&Set::Map(self.0.clone()), &Set::Map(later.0.clone()), &mut Vec::new()).ok()?;
        Some(found.0)
    }
}

#[derive(Default)]
struct Found(BTreeMap<Setting, Change>);

impl Found {
    fn compare(&mut self, from: &Set, to: &Set, keys: &mut Vec<String>) -> Result<(), Unsure> {
        match (from, to) {
            _ if from == to => Ok(()),
            _ if from.is_unsure() || to.is_unsure() => Err(Unsure),
            (Set::Map(before), Set::Map(after)) => {
                let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
                for name in names {
                    keys.push(name.clone());
                    match (before.get(name), after.get(name)) {
                        (Some(before), Some(after)) => self.compare(before, after, keys)?,
                        (Some(before), None) => self.whole(before, keys, Change::Removed)?,
                        (None, after) => self.whole(after.unwrap_or(&Set::Nothing), keys, Change::Added)?,
                    }
                    keys.pop();
                }
                Ok(())
            }
            _ => self.whole(&Set::Nothing, keys, Change::Changed),
        }
    }

    fn whole(&mut self, value: &Set, keys: &[String], change: Change) -> Result<(), Unsure> {
        if value.is_unsure() {
            return Err(Unsure);
        }
        let setting = match keys {
            [services, service, name @ ..] if services == "services" && !name.is_empty() => {
                Setting { service: Some(service.clone()), name: name.join(".") }
            }
            keys => Setting { service: None, name: keys.join(".") },
        };
        self.0.insert(setting, change);
        Ok(())
    }
}

impl Set {
    fn is_unsure(&self) -> bool {
        matches!(self, Self::Several(_))
    }
}

/// What one file sets.
fn document(text: &str) -> Result<Set, Unsure> {
    let (root, problems) = yaml(text, "");
    // A tag, say, by which a setting is taken away. A file without anything is not wrong in this way.
    if !problems.is_empty() {
        return Err(Unsure);
    }
    let Some(root) = root else { return Ok(Set::Nothing) };
    let Some(entries) = root.entries() else { return Ok(Set::Nothing) };
    let mut all = BTreeMap::new();
    for (name, node) in entries {
        match name.as_str() {
            "include" => return Err(Unsure),
            // What begins so is there for anchors, and of those the services have what they take.
            name if name == VERSION || name.starts_with("x-") => {}
            "services" => drop(all.insert(name, Set::Map(services(&node)?))),
            _ => drop(all.insert(name.clone(), read(&node, &name)?)),
        }
    }
    Ok(Set::Map(all))
}

fn services(node: &YamlNode) -> Result<BTreeMap<String, Set>, Unsure> {
    let mut all = BTreeMap::new();
    for (service, node) in node.entries().unwrap_or_default() {
        if node.get("extends").is_some() {
            return Err(Unsure);
        }
        let settings = node.entries().unwrap_or_default().into_iter();
        let settings = settings.map(|(name, node)| {
            let value = read(&node, &name)?;
            Ok((name, value))
        });
        all.insert(service, Set::Map(settings.collect::<Result<_, Unsure>>()?));
    }
    Ok(all)
}

/// `path`: the keys within a service, or from the file's beginning where it is no service's.
fn read(node: &YamlNode, path: &str) -> Result<Set, Unsure> {
    if let Some(entries) = node.entries() {
        let within = |(name, node): (String, YamlNode)| {
            let value = read(&node, &below(path, &name))?;
            Ok((name, value))
        };
        return Ok(Set::Map(entries.into_iter().map(within).collect::<Result<_, Unsure>>()?));
    }
    let Some(items) = node.list() else {
        let text = node.text();
        return Ok(match text {
            // Where nothing else is said of a build than where it is.
            Some(text) if path == "build" => Set::Map([("context".to_owned(), Set::Text(text))].into()),
            Some(text) => Set::Text(text),
            None => Set::Nothing,
        });
    };
    if LISTS_OF_NAMES.contains(&path) {
        return items.iter().map(named).collect::<Result<_, Unsure>>().map(Set::Map);
    }
    items.iter().map(|item| read(item, &below(path, "-"))).collect::<Result<_, Unsure>>().map(Set::List)
}

/// An item `NAME=value` of a list of names. What does not begin with a name may be a value.
fn named(item: &YamlNode) -> Result<(String, Set), Unsure> {
    let text = item.text().ok_or(Unsure)?;
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Set::Text(value.to_owned())),
        None => (text.as_str(), Set::Nothing),
    };
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic());
    if is_name { Ok((name.to_owned(), value)) } else { Err(Unsure) }
}

/// `path` as in [`read`]; it begins anew with each service.
fn merged(earlier: Set, later: Set, path: &str) -> Set {
    match (earlier, later) {
        (Set::Nothing, later) => later,
        (earlier, later) if earlier == later && !matches!(later, Set::List(_)) => later,
        (Set::Several(mut all), later) => {
            all.push(later);
            Set::Several(all)
        }
        (Set::Map(mut earlier), Set::Map(later)) if !MERGED_AS_A_WHOLE.contains(&path) => {
            for (name, value) in later {
                let before = earlier.remove(&name).unwrap_or(Set::Nothing);
                let path = if path == "services" { String::new() } else { below(path, &name) };
                earlier.insert(name, merged(before, value, &path));
            }
            Set::Map(earlier)
        }
        (Set::Text(_), later @ Set::Text(_)) => later,
        (Set::Text(_) | Set::List(_), later @ (Set::Text(_) | Set::List(_))) if REPLACED.contains(&path) => later,
        (earlier, later) => Set::Several(vec![earlier, later]),
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The changes as words; `?` where they cannot be told.
    fn told(from: &[&str], to: &[&str]) -> Vec<String> {
        let read = |files: &[&str]| Settings::read(files.iter().copied());
        let found = read(from).zip(read(to)).and_then(|(from, to)| from.changes(&to));
        let Some(found) = found else { return vec!["?".to_owned()] };
        let word = |(setting, change): (Setting, Change)| {
            let sign = match change {
                Change::Added => '+',
                Change::Removed => '-',
                Change::Changed => '~',
            };
            format!("{sign}{}:{}", setting.service.unwrap_or_default(), setting.name)
        };
        found.into_iter().map(word).collect()
    }

    fn of_web(from: &str, to: &str) -> Vec<String> {
        let file = |web: &str| format!("services: {{web: {{{web}}}}}");
        told(&[&file(from)], &[&file(to)])
    }

    #[test]
    fn settings_are_named_by_their_service_and_keys() {
        let from = "name: shop\nservices:\n  web:\n    command: a\n    environment: {LOG_LEVEL: info, A: 1}\n    ports: ['80:80']\n  old: {}\nvolumes: {data: }\n";
        let to = "name: shop\nservices:\n  web:\n    command: [b]\n    environment: {LOG_LEVEL: hunter2, B: 1}\n    ports: ['80:81']\n    deploy: {replicas: 2}\n  new: {}\nvolumes: {data: {external: true}}\n";
        assert_eq!(
            told(&[from], &[to]),
            [
                "+:services.new",
                "-:services.old",
                "~:volumes.data",
                "~web:command",
                "+web:deploy",
                "-web:environment.A",
                "+web:environment.B",
                "~web:environment.LOG_LEVEL",
                "~web:ports",
            ]
        );
        assert_eq!(told(&[from], &[from]), <[&str; 0]>::default());
    }

    #[test]
    fn what_is_written_in_another_way_is_the_same() {
        for (from, to) in [
            ("environment: {A: 1, B: }", "environment: ['A=1', B]"),
            ("labels: ['a.b=x=y']", "labels: {a.b: x=y}"),
            ("build: .", "build: {context: .}"),
            ("image: a", "image: 'a' # a comment\n"),
        ] {
            assert_eq!(of_web(from, to), <[&str; 0]>::default(), "{to}");
        }
        let anchored = "x-common: &common {restart: always}\nservices: {web: {<<: *common}}";
        assert_eq!(told(&[anchored], &["version: '3'\nservices: {web: {restart: always}}"]), <[&str; 0]>::default());
        assert_eq!(of_web("environment: {A: 1}", "environment: [A=2]"), ["~web:environment.A"]);
        assert_eq!(told(&[""], &["services: {web: {}}"]), ["+:services"]);
    }

    #[test]
    fn a_later_file_has_the_last_word() {
        let base = "services: {web: {image: a, command: [x], environment: {A: 1}, build: {args: {V: 1}}}}";
        let over = |text: &str| format!("services: {{web: {{{text}}}}}");
        let (same, other) = (over("command: y, environment: [A=2]"), over("command: y, environment: [A=3]"));
        assert_eq!(told(&[base, &same], &[base, &other]), ["~web:environment.A"]);
        let mended = base.replace("[x]", "[z]").replace("A: 1", "A: 7");
        assert_eq!(told(&[base, &same], &[&mended, &same]), <[&str; 0]>::default(), "the later file says otherwise");
        assert_eq!(told(&[base, &over("build: {args: [V=2]}")], &[base]), ["~web:build.args.V"]);
    }

    #[test]
    fn what_only_compose_could_say_is_not_said() {
        let ports = |port: u16| format!("services: {{web: {{ports: ['{port}'], image: a}}}}");
        let (one, two) = (ports(1), ports(2));
        assert_eq!(told(&[&one, &one], &[&one, &one]), <[&str; 0]>::default());
        let other = two.replace("image: a", "image: b");
        assert_eq!(told(&[&one, &two], &[&one, &other]), ["~web:image"], "the ports are as they were");
        assert_eq!(told(&[&one, &two], &[&one, &one]), ["?"]);
        assert_eq!(told(&[&one, &two], &["services: {web: {image: b}}"]), ["?"]);
        assert_eq!(told(&[&one], &["services: {web: {image: a, ports: ['1']}, db: {}}", &ports(3)]), ["?"]);
        let plain = "services: {web: {image: a}}";
        for odd in [
            "include: [more.yml]",
            "services: {web: {extends: {service: b}}, b: {}}",
            "services: {web: {image: !reset null}}",
            "services: {web: {environment: ['a secret']}}",
            "services: {web: {environment: [{KEY: value}]}}",
            "services: {web: {environment: ['=x']}}",
            "services: [",
            "services: {web: {image: a, image: b}}",
        ] {
            assert_eq!(told(&[plain], &[odd]), ["?"], "{odd}");
            assert_eq!(told(&[odd], &[plain]), ["?"], "{odd}");
        }
        assert_eq!(of_web("logging: {driver: a}", "logging: {driver: b}"), ["~web:logging.driver"]);
        let logging = |driver: &str| format!("services: {{web: {{logging: {{driver: {driver}}}}}}}");
        assert_eq!(told(&[&logging("a"), &logging("b")], &[&logging("a"), &logging("c")]), ["?"]);
        let nothing = "services: {web: {image: }}";
        assert_eq!(told(&[plain, nothing], &[plain]), ["?"]);
    }
}
