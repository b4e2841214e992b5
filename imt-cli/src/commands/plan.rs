//! `imt plan`: what would run, in which order and why.

use std::fmt::Write as _;

use imt_core::plan::{Plan, PlannedJob, Selection, deployment_facts};
use imt_core::status::Reason;
use serde_json::Value;

use crate::args::{PlanArgs, PlanOutput};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::planning::{self, Known};
use crate::terminal::{Paint, Terminal, clean};
use crate::variables;
use crate::view::revision;

pub(crate) fn run(args: &PlanArgs) -> Result<Exit> {
    // Values change no plan, so none is looked for.
    args.secrets.iter().try_for_each(|given| variables::secret(given, &|_| None).map(drop))?;
    let planned = planning::plan(&args.project, &args.trigger, Known::default())?;
    let text = match args.output {
        PlanOutput::Human => human(&planned.plan, &planned.file, Terminal::stdout().paint),
        PlanOutput::Json => output::json_line(&json(&planned.plan)?)?,
        PlanOutput::Mermaid => imt_core::plan::mermaid(&planned.plan),
    };
    output::result(&text)?;
    Ok(Exit::Success)
}

/// The plan as programs read it: durations are numbers whose names tell the unit.
fn json(plan: &Plan) -> Result<Value> {
    let failed = |error| CliError::internal("cannot write a plan as JSON").because(error);
    let mut value = serde_json::to_value(plan).map_err(failed)?;
    let jobs = value["jobs"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut);
    for (job, planned) in jobs.zip(&plan.jobs) {
        for (name, span) in [("timeout", planned.timeout), ("grace", planned.grace)] {
            job.remove(name);
            job.insert(format!("{name}_ms"), u64::try_from(span.as_millis()).unwrap_or(u64::MAX).into());
        }
    }
    Ok(value)
}

fn human(plan: &Plan, file: &str, paint: Paint) -> String {
    let mut out = String::new();
    let about = format!("{} {}", revision(plan), clean(file));
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{} {}", paint.bold(plan.project.as_str()), paint.dim(about.trim_start()));
    let widest = plan.jobs.iter().map(|job| job.name.len()).max().unwrap_or(0);
    for stage in &plan.stages {
        let _ = writeln!(out, "\n{}", paint.bold(&clean(&stage.name)));
        if stage.jobs.is_empty() {
            let _ = writeln!(out, "  {}", paint.dim("no jobs"));
        }
        for job in stage.jobs.iter().map(|index| plan.job(*index)) {
            let line = match job.selection {
                Selection::Run => format!("{} {:<widest$}  {}", paint.good("▸"), job.name, paint.dim(&facts(job))),
                Selection::Skip(reason) => paint.dim(&format!("- {:<widest$}  skipped: {}", job.name, skipped(reason))),
            };
            let _ = writeln!(out, "  {}", line.trim_end());
        }
    }
    if !plan.deployments.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("then deployed to"));
    }
    let widest = plan.deployments.iter().map(|planned| planned.definition.environment.len()).max().unwrap_or(0);
    for planned in &plan.deployments {
        let environment = &planned.definition.environment;
        let line = match planned.selection {
            Selection::Run => {
                let facts = deployment_facts(planned).join(", ");
                format!("{} {environment:<widest$}  {}", paint.good("▸"), paint.dim(&facts))
            }
            Selection::Skip(reason) => paint.dim(&format!("- {environment:<widest$}  skipped: {}", skipped(reason))),
        };
        let _ = writeln!(out, "  {}", line.trim_end());
    }
    let runs = plan.jobs.iter().filter(|job| job.selection == Selection::Run).count();
    let side = match plan.concurrency.get() {
        1 => "one after another".to_owned(),
        n => format!("up to {n} of a stage side by side"),
    };
    let _ = writeln!(out, "\n{runs} of {} jobs would run, {side}.", plan.jobs.len());
    out
}

/// What is special about a job.
fn facts(job: &PlannedJob) -> String {
    let mut facts = Vec::new();
    facts.extend(job.image.as_deref().map(clean));
    let items = job.script.len();
    facts.push(format!("{items} command{}", if items == 1 { "" } else { "s" }));
    facts.push(format!("timeout {}", span(job.timeout)));
    if job.retry.max > 0 {
        facts.push(format!("retry {}", job.retry.max));
    }
    if job.allow_failure {
        facts.push("may fail".to_owned());
    }
    facts.join(", ")
}

/// A span as the pipeline file would have it: `1h30m`.
fn span(time: std::time::Duration) -> String {
    let mut rest = time.as_secs();
    let mut out = String::new();
    for (unit, seconds) in [("h", 3600), ("m", 60), ("s", 1)] {
        if rest >= seconds {
            let _ = write!(out, "{}{unit}", rest / seconds);
            rest %= seconds;
        }
    }
    if out.is_empty() { format!("{}ms", time.as_millis()) } else { out }
}

fn skipped(reason: Reason) -> &'static str {
    match reason {
        Reason::When => "its `when` does not match a manual run on this branch",
        Reason::NotSelected => "not selected by --job",
        other => other.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::plan_of;

    #[test]
    fn shows_order_choices_and_what_is_special() {
        let plan = plan_of(
            "stages: [build, test, empty]\nimage: busybox\nconcurrency: 2\njobs:\n  compile:\n    stage: build\n    script: [make, make check]\n    retry: 2\n    timeout: 90m\n  unit:\n    stage: test\n    script: \"true\"\n    allow_failure: true\n  release:\n    stage: test\n    script: \"true\"\n    when: { event: [tag] }\n",
        );
        insta::assert_snapshot!(human(&plan, "pipeline.yml", Paint::plain()), @r"
        hello 0123456789ab (main) pipeline.yml

        build
          ▸ compile  busybox, 2 commands, timeout 1h30m, retry 2

        test
          ▸ unit     busybox, 1 command, timeout 1h, may fail
          - release  skipped: its `when` does not match a manual run on this branch

        empty
          no jobs

        2 of 3 jobs would run, up to 2 of a stage side by side.
        ");
    }

    #[test]
    fn shows_what_is_deployed_where() {
        let plan = plan_of(
            "image: busybox\njobs: { unit: { script: make test } }\ndeploy:\n  - environment: staging\n    when: { branch: develop }\n  - environment: production\n    when: { branch: main }\n    registry: ghcr.io/acme\n    profiles: [web, worker]\n    hooks: { before: { service: web, command: ./migrate } }\n    stable_for: 15s\n    keep: 3\n",
        );
        insta::assert_snapshot!(human(&plan, "pipeline.yml", Paint::plain()), @r"
        hello 0123456789ab (main) pipeline.yml

        default
          ▸ unit  busybox, 1 command, timeout 1h

        then deployed to
          - staging     skipped: its `when` does not match a manual run on this branch
          ▸ production  registry ghcr.io/acme, profiles web worker, 1 hook before, stable for 15s, keeps 3

        1 of 1 jobs would run, one after another.
        ");
        let deployments = json(&plan).unwrap()["deployments"].take();
        assert_eq!(deployments[0]["selection"], serde_json::json!({ "skip": "when" }));
        let production = &deployments[1];
        assert_eq!((&production["selection"], &production["environment"]), (&"run".into(), &"production".into()));
        assert_eq!((&production["stable_for_ms"], &production["keep"]), (&15_000.into(), &3.into()));
    }

    #[test]
    fn durations_are_milliseconds_for_programs() {
        let plan = plan_of("image: i\njobs: { x: { script: ls, timeout: 90s, grace: 1500ms }, y: { script: ls } }");
        let jobs = json(&plan).unwrap()["jobs"].take();
        assert_eq!((&jobs[0]["timeout_ms"], &jobs[0]["grace_ms"]), (&90_000.into(), &1500.into()));
        assert_eq!((&jobs[1]["timeout_ms"], &jobs[1]["grace_ms"]), (&3_600_000.into(), &10_000.into()));
        for key in ["timeout", "grace"] {
            assert!(jobs[0].get(key).is_none(), "{jobs}");
        }
        assert_eq!((&jobs[0]["name"], &jobs[0]["script"]), (&"x".into(), &serde_json::json!(["ls"])));
    }

    #[test]
    fn spans_read_as_written() {
        for (seconds, text) in [(3600, "1h"), (5400, "1h30m"), (61, "1m1s"), (86_400, "24h")] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
        assert_eq!(span(Duration::from_millis(20)), "20ms");
    }
}
