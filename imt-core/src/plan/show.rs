//! A plan as people see it: as text and as a mermaid diagram.

use std::fmt::Write as _;

use super::model::{Plan, PlannedJob, Selection};
use crate::lines::visible;
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
    out.push_str("  classDef skipped stroke-dasharray: 5 5,opacity:0.6\n");
    out
}

fn facts(job: &PlannedJob) -> Vec<String> {
    let mut facts = Vec::new();
    match job.selection {
        Selection::Run => {}
        Selection::Skip(Reason::When) => facts.push("skipped: its `when` does not match".to_owned()),
        Selection::Skip(Reason::NotSelected) => facts.push("skipped: not selected".to_owned()),
        Selection::Skip(reason) => facts.push(format!("skipped: {reason}")),
    }
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
