//! The top level of a pipeline file, in both its forms.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use super::job::{JOB_KEYS, JobDefaults};
use super::{Checker, values};
use crate::pipeline::deployment::DeploymentDefinition;
use crate::pipeline::diagnostic::shown;
use crate::pipeline::names;
use crate::pipeline::spec::PipelineSpec;
use crate::pipeline::tree::{Content, Entry, Key, Node, Span, find};

/// The keys of the file itself; in the older form any other key names a job.
pub(in crate::pipeline) const FILE_KEYS: [&str; 7] =
    ["stages", "variables", "image", "concurrency", "runs_on", "deploy", "jobs"];

/// The stage that exists when the file lists none.
const DEFAULT_STAGE: &str = "default";

impl Checker<'_, '_> {
    pub(super) fn file(&mut self, root: Option<&Node>) -> Option<PipelineSpec> {
        let Some(root) = root.filter(|node| !node.is_null()) else {
            let help = "`imt init` writes a first one".to_owned();
            self.problems.error("no-jobs", &(0..0), "the file is empty", Some(help));
            return None;
        };
        let entries = self.mapping(root, "the file")?;
        let stages = self.stages(find(entries, "stages"));
        let mut spec = PipelineSpec {
            stages,
            variables: Vec::new(),
            concurrency: NonZeroU32::MIN,
            runs_on: Vec::new(),
            jobs: Vec::new(),
            deployments: Vec::new(),
        };
        let mut image = None;
        for entry in entries {
            match &*entry.key.name {
                "variables" => spec.variables = self.variables(entry),
                "image" => image = self.image(entry),
                "concurrency" => {
                    let number = self.integer(entry, 1..=1024).and_then(|n| u32::try_from(n).ok());
                    spec.concurrency = number.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
                }
                "runs_on" => spec.runs_on = self.labels(entry),
                "deploy" => spec.deployments = self.deploy(entry),
                _ => {}
            }
        }
        let stages = spec.stages.clone();
        let names: BTreeSet<&str> = stages.iter().map(String::as_str).collect();
        let defaults = JobDefaults { image, stages: &stages, names, listed: find(entries, "stages").is_some() };
        for (key, body) in self.job_entries(entries, &root.span) {
            spec.jobs.extend(self.job(key, body, &defaults));
        }
        Some(spec)
    }

    fn deploy(&mut self, entry: &Entry) -> Vec<DeploymentDefinition> {
        if has_script(&entry.value) {
            let message = "`deploy` is a key of the file itself and cannot name a job here";
            let help = "put all jobs below `jobs:`, where this name is free, or choose another".to_owned();
            self.problems.error("bad-name", &entry.key.span, message, Some(help));
            return Vec::new();
        }
        self.deployments(entry)
    }

    /// The jobs of either form, in file order; other top-level keys are judged on the way.
    fn job_entries<'e>(&mut self, entries: &'e [Entry], file: &Span) -> Vec<(&'e Key, &'e Node)> {
        let strangers: Vec<&Entry> = entries.iter().filter(|entry| !is_file_key(&entry.key.name)).collect();
        let Some(jobs) = find(entries, "jobs") else {
            let (jobs, others): (Vec<_>, Vec<_>) = strangers.into_iter().partition(|entry| self.is_job(entry));
            for entry in &others {
                self.unknown_key(&entry.key, &FILE_KEYS, "at the top of the file");
            }
            // What is only deployed needs no job.
            if jobs.is_empty() && others.is_empty() && find(entries, "deploy").is_none() {
                let help = "add `jobs:` with at least one job that has a `script`".to_owned();
                self.problems.error("no-jobs", &(file.start..file.start), "the file has no jobs", Some(help));
            }
            return jobs.into_iter().map(|entry| (&entry.key, &entry.value)).collect();
        };
        let (foreign, others): (Vec<_>, Vec<_>) = strangers.into_iter().partition(|entry| has_script(&entry.value));
        if let Some(first) = foreign.first() {
            let message = format!("job `{}` stands outside of `jobs`", shown(&first.key.name));
            let help = "move it under `jobs`, or drop the `jobs` key and keep all jobs at the top".to_owned();
            self.problems.error("mixed-forms", &first.key.span, message, Some(help));
        }
        for entry in others {
            self.unknown_key(&entry.key, &FILE_KEYS, "at the top of the file");
        }
        let mut all = Vec::new();
        for group in entries.iter().filter(|entry| &*entry.key.name == "jobs") {
            all.extend(self.jobs_of(group));
        }
        let hidden_only = |found: &[Entry]| found.iter().all(|entry| entry.key.name.starts_with('.'));
        if all.is_empty() && matches!(&*jobs.value.content, Content::Mapping(found) if hidden_only(found)) {
            let help = "add at least one job with a `script`".to_owned();
            self.problems.error("no-jobs", values::place(jobs), "`jobs` has no job", Some(help));
        }
        all
    }

    fn jobs_of<'e>(&mut self, group: &'e Entry) -> Vec<(&'e Key, &'e Node)> {
        if group.value.is_null() {
            let help = "add at least one job with a `script`".to_owned();
            self.problems.error("no-jobs", values::place(group), "`jobs` is empty", Some(help));
            return Vec::new();
        }
        let jobs = self.mapping(&group.value, "`jobs`").unwrap_or_default();
        jobs.iter().filter(|entry| !entry.key.name.starts_with('.')).map(|entry| (&entry.key, &entry.value)).collect()
    }

    /// Whether a top-level key of the older form names a job: it has a script, or all but.
    fn is_job(&self, entry: &Entry) -> bool {
        let near_keyword = || self.problems.guess(&entry.key.name, FILE_KEYS).is_some();
        let has_job_key =
            || entry.value.as_mapping().is_some_and(|body| JOB_KEYS.iter().any(|key| find(body, key).is_some()));
        has_script(&entry.value) || (has_job_key() && !near_keyword())
    }

    fn stages(&mut self, entry: Option<&Entry>) -> Vec<String> {
        let Some(entry) = entry else { return vec![DEFAULT_STAGE.to_owned()] };
        let mut seen = BTreeSet::new();
        let mut stages = Vec::new();
        for node in self.items(entry) {
            let Some(name) = self.text(node, "a stage") else { continue };
            self.stage_name(&name, &node.span);
            if seen.insert(name.clone()) {
                stages.push(name);
            } else {
                let message = format!("stage `{}` is listed twice", shown(&name));
                self.problems.error("duplicate-stage", &node.span, message, Some("keep one of them".to_owned()));
            }
        }
        stages
    }

    fn labels(&mut self, entry: &Entry) -> Vec<String> {
        let mut labels = Vec::new();
        for node in self.items(entry) {
            let Some(label) = self.text(node, "a label of `runs_on`") else { continue };
            if !names::is_label(&label) {
                let message = format!("`{}` cannot be a label of a runner", shown(&label));
                let help = format!("use 1 to {} printable characters, no white space", names::LONGEST);
                self.problems.error("bad-name", &node.span, message, Some(help));
            } else if labels.contains(&label) {
                let message = format!("label `{}` is listed twice", shown(&label));
                self.problems.error("duplicate-label", &node.span, message, Some("keep one of them".to_owned()));
            } else {
                labels.push(label);
            }
        }
        labels
    }
}

fn has_script(value: &Node) -> bool {
    value.as_mapping().is_some_and(|body| find(body, "script").is_some())
}

/// Whether a top-level key is the file's own; those with a leading dot hold anchors and mean nothing by themselves.
fn is_file_key(name: &str) -> bool {
    FILE_KEYS.contains(&name) || name.starts_with('.')
}
