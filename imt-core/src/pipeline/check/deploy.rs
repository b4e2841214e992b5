//! The deployments of a pipeline file.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::units::MINUTE;
use super::{Checker, values};
use crate::image::ImageReference;
use crate::pipeline::deployment::{ConflictPolicy, DeploymentDefinition, Hook, HookFailure, Hooks};
use crate::pipeline::diagnostic::shown;
use crate::pipeline::names;
use crate::pipeline::spec::{TriggerEvent, When};
use crate::pipeline::tree::{Content, Entry, Node, Span, find};

/// The keys of a deployment.
pub(in crate::pipeline) const DEPLOYMENT_KEYS: [&str; 10] = [
    "environment",
    "when",
    "compose",
    "profiles",
    "registry",
    "hooks",
    "stable_for",
    "wait_timeout",
    "on_conflict",
    "keep",
];
/// The keys of `hooks`.
pub(in crate::pipeline) const HOOKS_KEYS: [&str; 4] = ["before", "after", "on_failure", "on_rollback"];
/// The keys of a hook.
pub(in crate::pipeline) const HOOK_KEYS: [&str; 2] = ["service", "command"];

const CONFLICTS: [(&str, ConflictPolicy); 2] =
    [("replace", ConflictPolicy::Replace), ("refuse", ConflictPolicy::Refuse)];
const FAILURES: [(&str, HookFailure); 2] = [("stop", HookFailure::Stop), ("roll_back", HookFailure::RollBack)];

const LONGEST_STABLE: Duration = Duration::from_secs(60 * MINUTE);
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * MINUTE);
const MOST_KEPT: u64 = 1_000;

impl Checker<'_, '_> {
    pub(super) fn deployments(&mut self, entry: &Entry) -> Vec<DeploymentDefinition> {
        let nodes = match &*entry.value.content {
            Content::Sequence(_) => self.items(entry),
            _ => vec![&entry.value],
        };
        let mut environments = BTreeSet::new();
        let mut all = Vec::new();
        for node in nodes {
            let Some(entries) = self.mapping(node, "`deploy`") else { continue };
            // Where something is missing: at the key, or at the first one of an item of the list.
            let is_item = matches!(&*entry.value.content, Content::Sequence(_));
            let begin = entries.first().filter(|_| is_item).map_or(&entry.key.span, |first| &first.key.span);
            let Some(definition) = self.deployment(entries, begin) else { continue };
            if !environments.insert(definition.environment.clone())
                && let Some(again) = find(entries, "environment")
            {
                let message = format!("the environment `{}` is deployed to twice", shown(&definition.environment));
                let help = "keep one of them: its `when` may name several branches and events".to_owned();
                self.problems.error("duplicate-environment", values::place(again), message, Some(help));
            }
            all.push(definition);
        }
        all
    }

    /// `None` where it is not said where to.
    fn deployment(&mut self, entries: &[Entry], begin: &Span) -> Option<DeploymentDefinition> {
        let mut definition = DeploymentDefinition {
            environment: String::new(),
            when: When::default(),
            compose_files: Vec::new(),
            profiles: Vec::new(),
            registry: None,
            hooks: Hooks::default(),
            stable_for: None,
            wait_timeout: None,
            conflicts: None,
            keep: None,
        };
        let mut environment = None;
        for entry in entries {
            match &*entry.key.name {
                "environment" => environment = self.environment(entry),
                _ => self.deployment_key(entry, &mut definition),
            }
        }
        self.wait_covers(entries, &definition);
        if find(entries, "environment").is_none() {
            let help = "add `environment:` with a name, such as `production`".to_owned();
            let message = "the deployment names no environment";
            self.problems.error("no-environment", begin, message, Some(help));
        }
        definition.environment = environment?;
        self.everywhere(entries, &definition);
        Some(definition)
    }

    fn deployment_key(&mut self, entry: &Entry, definition: &mut DeploymentDefinition) {
        match &*entry.key.name {
            "when" => definition.when = self.when(entry),
            "compose" => definition.compose_files = self.paths(entry),
            "profiles" => definition.profiles = self.profiles(entry),
            "registry" => definition.registry = self.registry(entry),
            "hooks" => definition.hooks = self.hooks(entry),
            "stable_for" => definition.stable_for = self.duration(entry, Duration::ZERO..=LONGEST_STABLE),
            "wait_timeout" => definition.wait_timeout = self.duration(entry, Duration::from_secs(1)..=LONGEST_WAIT),
            "on_conflict" => {
                definition.conflicts = self.choice(&entry.value, values::place(entry), "on_conflict", &CONFLICTS);
            }
            "keep" => {
                let number = self.integer(entry, 1..=MOST_KEPT).and_then(|n| usize::try_from(n).ok());
                definition.keep = number.and_then(NonZeroUsize::new);
            }
            _ => self.unknown_key(&entry.key, &DEPLOYMENT_KEYS, "in `deploy`"),
        }
    }

    fn environment(&mut self, entry: &Entry) -> Option<String> {
        let name = self.entry_text(entry)?;
        if !names::is_environment(&name) {
            let message = format!("`{}` cannot be the name of an environment", shown(&name));
            let help = format!(
                "use lower-case letters, digits, `_`, `.` and `-`, beginning with a letter or digit, at most {} bytes",
                names::LONGEST - 1
            );
            self.problems.error("bad-name", values::place(entry), message, Some(help));
        }
        Some(name)
    }

    /// A deployment that no branch is kept from is seldom meant.
    fn everywhere(&mut self, entries: &[Entry], definition: &DeploymentDefinition) {
        let DeploymentDefinition { environment, when, .. } = definition;
        let any_push = when.event.is_empty() || when.event.contains(&TriggerEvent::Push);
        // What cannot be read is not what was meant.
        let says_branch = find(entries, "when").and_then(|when| find(when.value.as_mapping()?, "branch")).is_some();
        let Some(entry) = find(entries, "environment").filter(|_| any_push && !says_branch) else { return };
        let message = format!("every push of every branch is deployed to `{}`", shown(environment));
        let help = "add `when: { branch: main }`; `branch: \"**\"` says that every branch is meant".to_owned();
        self.problems.warning("every-branch", values::place(entry), message, Some(help));
    }

    fn wait_covers(&mut self, entries: &[Entry], definition: &DeploymentDefinition) {
        let Some((stable, wait)) = definition.stable_for.zip(definition.wait_timeout) else { return };
        let Some(entry) = find(entries, "wait_timeout").filter(|_| wait <= stable) else { return };
        let message = "`wait_timeout` must be longer than `stable_for`: no service would be found stable in time";
        let help = format!("write more than {}", humantime::format_duration(stable));
        self.problems.error("out-of-range", values::place(entry), message, Some(help));
    }

    fn paths(&mut self, entry: &Entry) -> Vec<String> {
        let mut paths = Vec::new();
        for node in self.one_or_more(entry) {
            let Some(path) = self.text(node, "a compose file") else { continue };
            let leaves = path.starts_with('/') || path.split('/').any(|part| part == "..");
            if path.is_empty() || leaves || path.contains(char::is_control) {
                let message = format!("`{}` is no file of the repository", shown(&path));
                let help = "write the path from the repository's root, such as `deploy/compose.yml`".to_owned();
                self.problems.error("bad-path", &node.span, message, Some(help));
            } else {
                paths.push(path);
            }
        }
        paths
    }

    fn profiles(&mut self, entry: &Entry) -> Vec<String> {
        let mut profiles = Vec::new();
        for node in self.one_or_more(entry) {
            let Some(name) = self.text(node, "a profile") else { continue };
            if names::is_job(&name) {
                profiles.push(name);
            } else {
                self.name_of_compose(&name, &node.span, "profile");
            }
        }
        profiles
    }

    fn name_of_compose(&mut self, name: &str, span: &Span, what: &str) {
        let message = format!("`{}` cannot be the name of a {what}", shown(name));
        let help = "use letters, digits, `_`, `.` and `-`, as in the compose file".to_owned();
        self.problems.error("bad-name", span, message, Some(help));
    }

    fn registry(&mut self, entry: &Entry) -> Option<String> {
        let text = self.entry_text(entry)?;
        if ImageReference::below(&text, "x").is_ok() {
            return Some(text);
        }
        let message = format!("`{}` is no registry to push to", shown(&text));
        let help = "write a host, a path in it, or both, such as `ghcr.io/acme`".to_owned();
        self.problems.error("bad-registry", values::place(entry), message, Some(help));
        None
    }

    fn hooks(&mut self, entry: &Entry) -> Hooks {
        let mut hooks = Hooks::default();
        for inner in self.optional_mapping(entry) {
            match &*inner.key.name {
                "before" => hooks.before = self.hooks_of(inner),
                "after" => hooks.after = self.hooks_of(inner),
                "on_failure" => {
                    let choice = self.choice(&inner.value, values::place(inner), "on_failure", &FAILURES);
                    hooks.on_failure = choice.unwrap_or_default();
                }
                "on_rollback" => hooks.on_rollback = self.boolean(inner).unwrap_or_default(),
                _ => self.unknown_key(&inner.key, &HOOKS_KEYS, "in `hooks`"),
            }
        }
        hooks
    }

    /// One hook, or a list of them.
    fn hooks_of(&mut self, entry: &Entry) -> Vec<Hook> {
        let nodes = match &*entry.value.content {
            Content::Mapping(_) => vec![&entry.value],
            _ => self.items(entry),
        };
        nodes.into_iter().filter_map(|node| self.hook(node)).collect()
    }

    fn hook(&mut self, node: &Node) -> Option<Hook> {
        let entries = self.mapping(node, "a hook")?;
        let (mut service, mut argv) = (None, None);
        for entry in entries {
            match &*entry.key.name {
                "service" => service = self.service(entry),
                "command" => argv = self.command(entry),
                _ => self.unknown_key(&entry.key, &HOOK_KEYS, "in a hook"),
            }
        }
        let begin = entries.first().map_or(&node.span, |first| &first.key.span);
        for missing in HOOK_KEYS.into_iter().filter(|key| find(entries, key).is_none()) {
            let help = "write `{ service: web, command: ./migrate }`".to_owned();
            self.problems.error("wrong-type", begin, format!("the hook has no `{missing}`"), Some(help));
        }
        Some(Hook { service: service?, argv: argv? })
    }

    fn service(&mut self, entry: &Entry) -> Option<String> {
        let name = self.entry_text(entry)?;
        if !names::is_job(&name) {
            self.name_of_compose(&name, values::place(entry), "service");
        }
        Some(name)
    }

    /// A list is the command with its arguments, a text is a shell's business.
    fn command(&mut self, entry: &Entry) -> Option<Vec<String>> {
        let is_list = matches!(&*entry.value.content, Content::Sequence(_));
        let mut argv = Vec::new();
        for node in self.one_or_more(entry) {
            let text = self.text(node, "a part of a command")?;
            argv.push(self.without_nul(&text, &node.span, "a command")?);
        }
        let first = argv.first()?;
        if first.trim().is_empty() {
            let help = "write `./migrate --all`, or `[./migrate, --all]` to do without a shell".to_owned();
            self.problems.error("empty-command", values::place(entry), "the hook's command is empty", Some(help));
            return None;
        }
        Some(if is_list { argv } else { [vec!["sh".to_owned(), "-c".to_owned()], argv].concat() })
    }
}
