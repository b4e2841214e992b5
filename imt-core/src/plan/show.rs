//! A plan as people see it: as text and as a mermaid diagram.

use std::fmt::Write as _;

use super::model::{Plan, PlannedDeployment, PlannedJob, Selection};
use crate::lines::visible;
use crate::pipeline::{ConflictPolicy, HookFailure};
use crate::status::Reason;

/// The plan as a text: stages in order, their jobs below them, each with what matters about it.
pub fn text(plan: &Plan) -> String {
    let mut out = String::new();
    for (number, stage) in plan.stages.iter().enumerate() {
        line(&mut out, &format!("{}. {}", number + 1, visible(&stage.name)));
        if stage.jobs.is_empty() {
            line(&mut out, "   (no jobs)");
        }
        for job in stage.jobs.iter().map(|index| plan.job(*index)) {
            let facts = facts(job);
            let facts = if facts.is_empty() { String::new() } else { format!("  ({})", facts.join(", ")) };
            line(&mut out, &format!("   - {}{facts}", visible(&job.name)));
        }
    }
    for deployment in &plan.deployments {
        let facts = deployment_facts(deployment);
        let facts = if facts.is_empty() { String::new() } else { format!("  ({})", facts.join(", ")) };
        line(&mut out, &format!("deploy to {}{facts}", visible(&deployment.definition.environment)));
    }
    out
}

/// The plan as a mermaid flowchart: a box for each stage, arrows from each to the next, skipped jobs dashed.
pub fn mermaid(plan: &Plan) -> String {
    let mut out = String::from("flowchart LR\n");
    for (number, stage) in plan.stages.iter().enumerate() {
        line(&mut out, &format!("  subgraph s{number}[\"{}\"]", escaped(&stage.name)));
        line(&mut out, "    direction TB");
        for index in &stage.jobs {
            let class = if plan.job(*index).selection == Selection::Run { "" } else { ":::skipped" };
            line(&mut out, &format!("    j{}[\"{}\"]{class}", index.0, escaped(&plan.job(*index).name)));
        }
        if plan.concurrency.get() == 1 && stage.jobs.len() > 1 {
            let chain: Vec<String> = stage.jobs.iter().map(|index| format!("j{}", index.0)).collect();
            line(&mut out, &format!("    {}", chain.join(" --> ")));
        }
        line(&mut out, "  end");
    }
    for number in 1..plan.stages.len() {
        line(&mut out, &format!("  s{} --> s{number}", number - 1));
    }
    for (number, PlannedDeployment { selection, definition }) in plan.deployments.iter().enumerate() {
        let class = if *selection == Selection::Run { "" } else { ":::skipped" };
        let label = escaped(&definition.environment);
        line(&mut out, &format!("  d{number}([\"deploy to {label}\"]){class}"));
        if let Some(last) = plan.stages.len().checked_sub(1) {
            line(&mut out, &format!("  s{last} --> d{number}"));
        }
    }
    out.push_str("  classDef skipped stroke-dasharray: 5 5,opacity:0.6\n");
    out
}

fn skipped(selection: Selection) -> Option<String> {
    match selection {
        Selection::Run => None,
        Selection::Skip(Reason::When) => Some("skipped: its `when` does not match".to_owned()),
        Selection::Skip(Reason::NotSelected) => Some("skipped: not selected".to_owned()),
        Selection::Skip(reason) => Some(format!("skipped: {reason}")),
    }
}

/// What the file says of a deployment. What it leaves out is known by whoever remembers the target.
pub fn deployment_facts(deployment: &PlannedDeployment) -> Vec<String> {
    let PlannedDeployment { selection, definition } = deployment;
    let mut facts: Vec<String> = skipped(*selection).into_iter().collect();
    facts.extend(definition.registry.as_ref().map(|registry| format!("registry {}", visible(registry))));
    let named = |what: &str, names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| visible(name)).collect();
        (!names.is_empty()).then(|| format!("{what} {}", names.join(" ")))
    };
    facts.extend(named("files", &definition.compose_files));
    facts.extend(named("profiles", &definition.profiles));
    let hooks = &definition.hooks;
    for (when, count) in [("before", hooks.before.len()), ("after", hooks.after.len())].iter().filter(|(_, n)| *n > 0) {
        facts.push(format!("{count} hook{} {when}", if *count == 1 { "" } else { "s" }));
    }
    if !hooks.after.is_empty() && hooks.on_failure == HookFailure::RollBack {
        facts.push("rolled back when one after fails".to_owned());
    }
    for (what, span) in [("stable for", definition.stable_for), ("waits", definition.wait_timeout)] {
        facts.extend(span.map(|span| format!("{what} {}", humantime::format_duration(span))));
    }
    if definition.conflicts == Some(ConflictPolicy::Refuse) {
        facts.push("refused where a stranger holds a name".to_owned());
    }
    facts.extend(definition.keep.map(|keep| format!("keeps {keep}")));
    facts
}

fn facts(job: &PlannedJob) -> Vec<String> {
    let mut facts: Vec<String> = skipped(job.selection).into_iter().collect();
    facts.push(job.image.as_deref().map_or_else(|| "no image".to_owned(), visible));
    if job.retry.max > 0 {
        facts.push(format!("retry {}", job.retry.max));
    }
    if job.allow_failure {
        facts.push("may fail".to_owned());
    }
    facts.push(format!("timeout {}", humantime::format_duration(job.timeout)));
    facts
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

/// A name inside a quoted mermaid label.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in visible(text).chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            c => out.push(c),
        }
    }
    out
}
