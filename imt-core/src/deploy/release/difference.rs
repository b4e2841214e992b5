//! What differs between two releases, by names: of what may be secret nothing is told but how it is called.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Release, ReleaseImage, StoredText};
use crate::compose::{Change, Setting, Settings};
use crate::secret::Secret;

/// What one release has that another one has not, or has otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Services whose image is another one, by name: what each release runs, `None` where it has no such service.
    pub services: BTreeMap<String, (Option<ReleaseImage>, Option<ReleaseImage>)>,
    /// Compose files and other files on the target, by path. The deploy override is none of them: it follows the images.
    pub files: BTreeMap<String, Change>,
    /// Profiles that only one of them activates.
    pub profiles: BTreeMap<String, Change>,
    /// What the compose files set otherwise, the images of [`Difference::services`] apart.
    pub settings: Names<Setting>,
    /// Variables of the environment.
    pub variables: Names<String>,
}

/// What differs of things that may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names<N> {
    /// These do, by name; none: they are the same.
    Named(BTreeMap<N, Change>),
    /// They do, and which ones cannot be said for sure, or not without a value.
    Unnamed,
}

impl<N> Default for Names<N> {
    fn default() -> Self {
        Self::Named(BTreeMap::new())
    }
}

/// What differs from one release to another.
pub fn difference(from: &Release, to: &Release) -> Difference {
    let services: BTreeSet<&String> = from.images.keys().chain(to.images.keys()).collect();
    let both = services.into_iter().map(|name| (name, (from.images.get(name), to.images.get(name))));
    let services = both.filter(|(_, (from, to))| runs(*from) != runs(*to));
    let services = services.map(|(name, (from, to))| (name.clone(), (from.cloned(), to.cloned()))).collect();
    Difference {
        settings: settings(&from.compose_files, &to.compose_files, &services),
        services,
        files: differing(&files(from), &files(to)),
        profiles: differing(&profiles(from), &profiles(to)),
        variables: variables(from.env.as_ref(), to.env.as_ref()),
    }
}

/// `services`: those whose image is told already, as is that one of them is new, or gone.
fn settings<I>(from: &[StoredText], to: &[StoredText], services: &BTreeMap<String, I>) -> Names<Setting> {
    if from == to {
        return Names::default();
    }
    let read = |files: &[StoredText]| Settings::read(files.iter().map(|file| file.text.as_str()));
    let Some(mut changes) = read(from).zip(read(to)).and_then(|(from, to)| from.changes(&to)) else {
        return Names::Unnamed;
    };
    changes.retain(|setting, _| match (&setting.service, setting.name.as_str()) {
        (Some(service), "image") => !services.contains_key(service),
        (None, name) => !name.strip_prefix("services.").is_some_and(|service| services.contains_key(service)),
        _ => true,
    });
    Names::Named(changes)
}

/// What makes an image another one.
fn runs(image: Option<&ReleaseImage>) -> Option<(&str, Option<&str>)> {
    image.map(|image| (image.reference.as_str(), image.digest.as_deref()))
}

fn files(of: &Release) -> BTreeMap<String, (u32, String)> {
    let (checksums, placed) = (of.checksums(), of.files.iter().map(|file| (&file.path, file.mode)));
    let modes: BTreeMap<&String, u32> = placed.collect();
    let files = checksums.into_iter().filter(|(path, _)| *path != of.override_file.path);
    files.map(|(path, hash)| (path.clone(), (modes.get(&path).copied().unwrap_or_default(), hash))).collect()
}

fn profiles(of: &Release) -> BTreeMap<String, bool> {
    of.profiles.iter().map(|profile| (profile.clone(), true)).collect()
}

fn differing<V: PartialEq>(from: &BTreeMap<String, V>, to: &BTreeMap<String, V>) -> BTreeMap<String, Change> {
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let kinds = names.into_iter().filter_map(|name| match (from.get(name), to.get(name)) {
        (Some(before), Some(after)) => (before != after).then(|| (name.clone(), Change::Changed)),
        (Some(_), None) => Some((name.clone(), Change::Removed)),
        (None, _) => Some((name.clone(), Change::Added)),
    });
    kinds.collect()
}

fn variables(from: Option<&Secret>, to: Option<&Secret>) -> Names<String> {
    let text = |env: Option<&Secret>| env.map(|env| env.expose().to_owned()).unwrap_or_default();
    let (from, to) = (text(from), text(to));
    if from == to {
        return Names::default();
    }
    match (named(&from), named(&to)) {
        (Some(from), Some(to)) => Names::Named(differing(&from, &to)),
        _ => Names::Unnamed,
    }
}

/// The variables of a `.env`, where each has a line of its own. `None` for anything else: a line of a value that goes over several
/// must not be taken for a name.
fn named(text: &str) -> Option<BTreeMap<String, String>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| {
        let (name, value) = line.split_once('=')?;
        let name = name.strip_prefix("export ").unwrap_or(name).trim();
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (is_name && is_whole(value.trim())).then(|| (name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

/// Whether a value ends on the line that it begins on.
fn is_whole(value: &str) -> bool {
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    quote.is_none_or(|quote| value.len() > 1 && value.ends_with(quote) && !value.ends_with("\\\""))
        // A key that was pasted as it is: its lines may look like anything.
        && !value.contains("-----BEGIN")
}

#[cfg(test)]
mod tests {
    use super::super::tests::release;
    use super::super::{ReleaseFile, StoredText};
    use super::*;

    fn with_env(text: &str) -> Release {
        Release { env: Some(Secret::new(text)), ..release(7) }
    }

    fn of_variables(from: &str, to: &str) -> Names<String> {
        difference(&with_env(from), &with_env(to)).variables
    }

    fn kinds(all: &[(&str, Change)]) -> BTreeMap<String, Change> {
        all.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect()
    }

    #[test]
    fn a_release_does_not_differ_from_itself() {
        let mut again = release(7);
        again.override_file.text = "services: {web: {image: b}}".into();
        assert_eq!(difference(&release(7), &again), Difference::default());
    }

    #[test]
    fn services_files_and_profiles_are_told_by_name() {
        let (from, mut to) = (release(7), release(7));
        to.images.remove("db");
        let mut web = to.images["web"].clone();
        web.digest = Some("sha256:other".into());
        to.images.insert("web".into(), web.clone());
        to.compose_files = vec![StoredText { path: "compose.yaml".into(), text: "services: {}".into() }];
        to.files = vec![ReleaseFile { path: "nginx.conf".into(), mode: 0o755, hash: "ab".into() }];
        to.profiles = vec!["web".into(), "debug".into()];
        let found = difference(&from, &to);
        assert_eq!(found.services.len(), 2);
        assert_eq!(found.services["db"], (Some(from.images["db"].clone()), None));
        assert_eq!(found.services["web"], (Some(from.images["web"].clone()), Some(web)));
        assert_eq!(found.files, kinds(&[("compose.yaml", Change::Changed), ("nginx.conf", Change::Changed)]));
        assert_eq!(found.profiles, kinds(&[("debug", Change::Added), ("jobs", Change::Removed)]));
    }

    fn of_settings(from: &str, to: &str) -> Names<Setting> {
        let with = |text: &str| {
            let compose_files = vec![StoredText { path: "compose.yaml".into(), text: text.into() }];
            Release { compose_files, ..release(7) }
        };
        let mut to = with(to);
        to.images.get_mut("web").unwrap().reference = "other".into();
        difference(&with(from), &to).settings
    }

    #[test]
    fn settings_of_compose_files_are_told_by_name_and_an_image_once() {
        let setting = |service: &str, name: &str| Setting { service: Some(service.into()), name: name.into() };
        let found = of_settings(
            "services: {web: {image: a, command: x}, db: {image: a}}",
            "services: {web: {image: b, command: hunter2}, db: {image: b}}",
        );
        let named = [(setting("db", "image"), Change::Changed), (setting("web", "command"), Change::Changed)];
        assert_eq!(found, Names::Named(named.into()));
        assert_eq!(of_settings("services: {db: {}}", "services: {db: {}, web: {}} # and\n"), Names::default());
        assert_eq!(of_settings("services: {}", "include: [a.yml]"), Names::Unnamed);
        assert_eq!(of_settings("include: [a.yml]", "include: [a.yml]"), Names::default());
    }

    #[test]
    fn variables_are_told_by_name_and_never_by_value() {
        let found = of_variables("# a\nA=1\nB=2\nC='x y'\n", "export A=1\n\nB=hunter2\nD=\"q\"\n");
        let expected = kinds(&[("B", Change::Changed), ("C", Change::Removed), ("D", Change::Added)]);
        assert_eq!(found, Names::Named(expected));
        assert!(!format!("{found:?}").contains("hunter2"));
        assert_eq!(of_variables("A=1\n", "A=1\n"), Names::default());
    }

    #[test]
    fn what_may_be_a_value_is_taken_for_no_name() {
        for odd in [
            "KEY=\"first\nsecret=\n\"\n",
            "KEY=-----BEGIN X-----\nsecret==\n-----END X-----\n",
            "secret\n",
            "KEY='a\nb'\n",
            "1A=x\n",
            "KEY=\"a\\\"\nsecret=x\"\n",
            "KEY=\"\nsecret=\n\"",
        ] {
            assert_eq!(of_variables("A=1\n", odd), Names::Unnamed, "{odd}");
            assert_eq!(of_variables(odd, "A=1\n"), Names::Unnamed, "{odd}");
        }
    }
}
