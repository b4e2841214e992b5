//! One job of a pipeline file.

use std::collections::BTreeSet;
use std::time::Duration;

use super::units::{self, MINUTE};
use super::{Checker, values};
use crate::pipeline::branch_pattern::{self, BranchPattern};
use crate::pipeline::diagnostic::shown;
use crate::pipeline::spec::{JobDefinition, PullPolicy, Resources, RetryCause, RetryPolicy, TriggerEvent, When};
use crate::pipeline::tree::{Content, Entry, Key, Node, find};

/// The keys of a job.
pub(in crate::pipeline) const JOB_KEYS: [&str; 11] = [
    "stage",
    "image",
    "pull",
    "script",
    "variables",
    "timeout",
    "grace",
    "retry",
    "allow_failure",
    "resources",
    "when",
];
/// The keys of `retry` written as a mapping.
pub(in crate::pipeline) const RETRY_KEYS: [&str; 2] = ["max", "on"];
/// The keys of `resources`.
pub(in crate::pipeline) const RESOURCE_KEYS: [&str; 3] = ["memory", "cpus", "pids"];
/// The keys of `when`.
pub(in crate::pipeline) const WHEN_KEYS: [&str; 2] = ["branch", "event"];

const PULL: [(&str, PullPolicy); 3] =
    [("missing", PullPolicy::Missing), ("always", PullPolicy::Always), ("never", PullPolicy::Never)];
const CAUSES: [(&str, RetryCause); 3] =
    [("failed", RetryCause::Failed), ("timeout", RetryCause::Timeout), ("lost", RetryCause::Lost)];
const EVENTS: [(&str, TriggerEvent); 4] = [
    ("push", TriggerEvent::Push),
    ("tag", TriggerEvent::Tag),
    ("manual", TriggerEvent::Manual),
    ("api", TriggerEvent::Api),
];

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60 * MINUTE);
const DEFAULT_GRACE: Duration = Duration::from_secs(10);
/// A day's work for most, a month for whoever trains models.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30 * 24 * 60 * MINUTE);
const LONGEST_GRACE: Duration = Duration::from_secs(60 * MINUTE);
const MOST_RETRIES: u64 = 10;
/// What the smallest shell needs; container engines refuse less.
const LEAST_MEMORY: u64 = 6 << 20;
/// A shell around the script, its own, and two commands of a pipe.
const LEAST_PIDS: u64 = 4;

/// What the file gives all its jobs.
pub(super) struct JobDefaults<'f> {
    pub(super) image: Option<String>,
    pub(super) stages: &'f [String],
    /// The same, to look them up.
    pub(super) names: BTreeSet<&'f str>,
    /// Whether the file lists its stages.
    pub(super) listed: bool,
}

impl Checker<'_, '_> {
    pub(super) fn job(&mut self, key: &Key, body: &Node, defaults: &JobDefaults<'_>) -> Option<JobDefinition> {
        self.job_name(&key.name, &key.span);
        if body.is_null() {
            self.no_script(key);
            return None;
        }
        let name = shown(&key.name);
        let entries = self.mapping(body, &format!("job `{name}`"))?;
        let mut job = JobDefinition {
            name: key.name.to_string(),
            stage: defaults.stages.first().cloned().unwrap_or_default(),
            image: defaults.image.clone(),
            pull: PullPolicy::default(),
            script: Vec::new(),
            variables: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            grace: DEFAULT_GRACE,
            retry: RetryPolicy::default(),
            allow_failure: false,
            resources: Resources::default(),
            when: When::default(),
        };
        for entry in entries {
            self.job_key(entry, &mut job, defaults, &name);
        }
        if find(entries, "script").is_none() {
            self.no_script(key);
        }
        if job.image.is_none() && find(entries, "image").is_none() {
            let message = format!("job `{name}` has no image: it can run only on the host itself");
            let help = "give the job an `image`, or the file a default one".to_owned();
            self.problems.warning("no-image", &key.span, message, Some(help));
        }
        Some(job)
    }

    fn job_key(&mut self, entry: &Entry, job: &mut JobDefinition, defaults: &JobDefaults<'_>, name: &str) {
        match &*entry.key.name {
            "stage" => {
                if let Some(stage) = self.stage(entry, defaults) {
                    job.stage = stage;
                }
            }
            "image" => job.image = self.image(entry),
            "pull" => job.pull = self.choice(&entry.value, values::place(entry), "pull", &PULL).unwrap_or_default(),
            "script" => job.script = self.script(entry, name),
            "variables" => job.variables = self.variables(entry),
            "timeout" => {
                let range = Duration::from_secs(1)..=LONGEST_TIMEOUT;
                job.timeout = self.duration(entry, range).unwrap_or(DEFAULT_TIMEOUT);
            }
            "grace" => job.grace = self.duration(entry, Duration::ZERO..=LONGEST_GRACE).unwrap_or(DEFAULT_GRACE),
            "retry" => job.retry = self.retry(entry),
            "allow_failure" => job.allow_failure = self.boolean(entry).unwrap_or_default(),
            "resources" => job.resources = self.resources(entry),
            "when" => job.when = self.when(entry),
            _ => self.unknown_key(&entry.key, &JOB_KEYS, &format!("in job `{name}`")),
        }
    }

    fn no_script(&mut self, key: &Key) {
        let message = format!("job `{}` has no script", shown(&key.name));
        let help = "add `script:` with a list of shell commands".to_owned();
        self.problems.error("empty-script", &key.span, message, Some(help));
    }

    fn stage(&mut self, entry: &Entry, defaults: &JobDefaults<'_>) -> Option<String> {
        let name = self.entry_text(entry)?;
        if defaults.names.contains(name.as_str()) {
            return Some(name);
        }
        if defaults.stages.is_empty() {
            // The list itself is at fault, and that has been said.
            return None;
        }
        let help = match self.problems.guess(&name, defaults.stages.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if defaults.listed => format!("the stages are {}", values::quoted(defaults.stages)),
            None => format!("the file lists no stages; add `stages: [{}]` at its top", shown(&name)),
        };
        let message = format!("there is no stage `{}`", shown(&name));
        self.problems.error("unknown-stage", values::place(entry), message, Some(help));
        None
    }

    fn script(&mut self, entry: &Entry, job: &str) -> Vec<String> {
        let help = || Some("a list of shell commands, or one block (`script: |`)".to_owned());
        let nodes = match &*entry.value.content {
            Content::Sequence(items) if !items.is_empty() => items.as_slice(),
            Content::Scalar(scalar) if !(scalar.is_null() || scalar.text.trim().is_empty()) => {
                std::slice::from_ref(&entry.value)
            }
            Content::Sequence(_) | Content::Scalar(_) => {
                let message = format!("the script of job `{job}` is empty");
                self.problems.error("empty-script", values::place(entry), message, help());
                return Vec::new();
            }
            Content::Mapping(_) => {
                let message = format!("the script of job `{job}` must be a list or text, this is a mapping");
                self.problems.error("wrong-type", values::place(entry), message, help());
                return Vec::new();
            }
            Content::Invalid => return Vec::new(),
        };
        nodes.iter().filter_map(|node| self.script_item(node, job)).collect()
    }

    fn script_item(&mut self, node: &Node, job: &str) -> Option<String> {
        let scalar = match &*node.content {
            Content::Scalar(scalar) => scalar,
            Content::Invalid => return None,
            Content::Sequence(_) | Content::Mapping(_) => {
                let message = format!("an item of the script of job `{job}` must be text, this is {}", node.kind());
                let help = match &*node.content {
                    Content::Mapping(_) => {
                        "YAML takes `: ` for a mapping; put the item in quotes or in a block (`- |`)"
                    }
                    _ => "write the commands into the one list",
                };
                self.problems.error("wrong-type", &node.span, message, Some(help.to_owned()));
                return None;
            }
        };
        if scalar.is_null() && !scalar.text.is_empty() {
            let message = format!("an item of the script of job `{job}` must be text, this is nothing");
            let help = "remove it, or put it in quotes if it is a command".to_owned();
            self.problems.error("wrong-type", &node.span, message, Some(help));
            return None;
        }
        if scalar.text.trim().is_empty() {
            let message = format!("an item of the script of job `{job}` is empty");
            // Nothing is written there: point at the dash.
            let span = node.span.start.saturating_sub(usize::from(node.span.is_empty()))..node.span.end;
            self.problems.error("empty-script", &span, message, Some("remove it".to_owned()));
            return None;
        }
        self.without_nul(&scalar.text, &node.span, "a script")
    }

    fn retry(&mut self, entry: &Entry) -> RetryPolicy {
        let max = |number: Option<u64>| number.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        let Content::Mapping(entries) = &*entry.value.content else {
            return RetryPolicy { max: max(self.integer(entry, 0..=MOST_RETRIES)), ..RetryPolicy::default() };
        };
        let mut policy = RetryPolicy::default();
        for inner in entries {
            match &*inner.key.name {
                "max" => policy.max = max(self.integer(inner, 0..=MOST_RETRIES)),
                "on" => policy.on = self.choices(inner, "retry.on", &CAUSES),
                _ => self.unknown_key(&inner.key, &RETRY_KEYS, "in `retry`"),
            }
        }
        if find(entries, "max").is_none() {
            let help = "add `max:` with the number of further tries".to_owned();
            self.problems.error("wrong-type", &entry.key.span, "`retry` has no `max`", Some(help));
        }
        policy
    }

    fn resources(&mut self, entry: &Entry) -> Resources {
        let mut resources = Resources::default();
        for inner in self.optional_mapping(entry) {
            match &*inner.key.name {
                "memory" => resources.memory_bytes = self.memory(inner),
                "cpus" => resources.cpu_millis = self.cpus(inner),
                "pids" => {
                    resources.pids = self.integer(inner, LEAST_PIDS..=4_194_304).and_then(|n| u32::try_from(n).ok());
                }
                _ => self.unknown_key(&inner.key, &RESOURCE_KEYS, "in `resources`"),
            }
        }
        resources
    }

    fn memory(&mut self, entry: &Entry) -> Option<u64> {
        let help = "write a number with a unit, such as `512MB` or `2GiB`".to_owned();
        let text = self.entry_text(entry)?;
        let Some(bytes) = units::size(&text) else {
            let message = format!("`{}` is not a size", shown(&text));
            self.problems.error("bad-size", values::place(entry), message, Some(help));
            return None;
        };
        if bytes < LEAST_MEMORY {
            let message = format!("`memory` must be at least 6 MiB, this is {bytes} bytes");
            self.problems.error("out-of-range", values::place(entry), message, Some(help));
            return None;
        }
        Some(bytes)
    }

    fn cpus(&mut self, entry: &Entry) -> Option<u64> {
        let text = self.entry_text(entry)?;
        let millis = units::cpu_millis(&text);
        if millis.is_none() {
            let message = format!("`{}` is not a number of processors", shown(&text));
            let help = "write `2`, `0.5` or `500m` (thousandths), from 0.01 to 1024".to_owned();
            self.problems.error("bad-cpus", values::place(entry), message, Some(help));
        }
        millis
    }

    pub(super) fn when(&mut self, entry: &Entry) -> When {
        let mut when = When::default();
        for inner in self.optional_mapping(entry) {
            match &*inner.key.name {
                "branch" => when.branch = self.branches(inner),
                "event" => when.event = self.choices(inner, "when.event", &EVENTS),
                _ => self.unknown_key(&inner.key, &WHEN_KEYS, "in `when`"),
            }
        }
        when
    }

    fn branches(&mut self, entry: &Entry) -> Vec<BranchPattern> {
        let mut patterns = Vec::new();
        for node in self.one_or_more(entry) {
            let Some(text) = self.text(node, "a branch pattern") else { continue };
            let Some(fault) = branch_pattern::fault(&text) else {
                patterns.push(BranchPattern(text));
                continue;
            };
            let message = format!("`{}` is not a valid branch pattern: {fault}", shown(&text));
            let help = "`*` and `?` match within a part, `**` matches whole parts, `[abc]` one of these".to_owned();
            self.problems.error("bad-glob", &node.span, message, Some(help));
        }
        patterns
    }
}
