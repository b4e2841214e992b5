//! `imt runners`: who runs the pipelines of a store.

use std::fmt::Write as _;
use std::time::Duration;

use imt_core::ports::{RunnerStatus, Sifted};
use serde::Serialize;

use crate::args::{ReportOutput, RunnersArgs};
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::records::{self, ALIVE};
use crate::terminal::{Paint, Terminal, clean};
use crate::view::{ago, span};

pub(crate) async fn run(args: &RunnersArgs) -> Result<Exit> {
    let records = records::open(&args.store).await?;
    let listed = records.catalog().runners().await.map_err(CliError::store("list the runners"))?;
    let Sifted { found: runners, set_aside } = listed;
    output::result(&match args.output {
        ReportOutput::Human => human(&runners, Terminal::stdout().paint),
        ReportOutput::Json => runners.iter().map(|runner| output::json_line(&told(runner))).collect::<Result<_>>()?,
    })?;
    for broken in set_aside {
        output::warning(&broken);
    }
    Ok(Exit::Success)
}

/// A runner, as programs read it.
#[derive(Serialize)]
struct Told<'a> {
    runner: &'a str,
    host: &'a str,
    version: &'a str,
    labels: &'a [String],
    driving: u32,
    capacity: u32,
    draining: bool,
    silent_ms: u64,
    alive: bool,
}

fn told(runner: &RunnerStatus) -> Told<'_> {
    let beat = &runner.beat;
    Told {
        runner: beat.instance.as_str(),
        host: &beat.host,
        version: &beat.version,
        labels: &beat.labels,
        driving: beat.driving,
        capacity: beat.capacity.get(),
        draining: beat.draining,
        silent_ms: u64::try_from(runner.silent_for.as_millis()).unwrap_or(u64::MAX),
        alive: is_alive(runner),
    }
}

fn is_alive(runner: &RunnerStatus) -> bool {
    runner.silent_for <= ALIVE
}

fn human(runners: &[RunnerStatus], paint: Paint) -> String {
    if runners.is_empty() {
        return "There are no runners.\n".to_owned();
    }
    let mut out = String::new();
    for runner in runners {
        let beat = &runner.beat;
        let mark = match runner {
            runner if !is_alive(runner) => paint.bad("✗"),
            runner if runner.beat.draining => paint.warn("■"),
            _ => paint.good("✓"),
        };
        let mut facts =
            vec![format!("{} of {} pipelines", beat.driving, beat.capacity), format!("imt {}", clean(&beat.version))];
        if !beat.labels.is_empty() {
            facts.push(format!("labels {}", clean(&beat.labels.join(", "))));
        }
        if beat.draining {
            facts.push("takes up no more".to_owned());
        }
        facts.push(heard(runner.silent_for));
        let name = format!("{}  {}", clean(&beat.host), paint.dim(&clean(beat.instance.as_str())));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{mark} {name}\n    {}", facts.join(", "));
    }
    out
}

fn heard(silent: Duration) -> String {
    if silent <= ALIVE {
        format!("heard of {} ago", span(silent))
    } else {
        format!("silent: last heard of {}", ago(silent))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use imt_core::id::InstanceId;
    use imt_core::ports::RunnerBeat;

    use super::*;

    fn runner(host: &str, silent_for: Duration, draining: bool) -> RunnerStatus {
        RunnerStatus {
            beat: RunnerBeat {
                instance: InstanceId::new("i-1"),
                host: host.to_owned(),
                version: "0.1.0".to_owned(),
                labels: vec!["gpu".to_owned()],
                capacity: NonZeroU32::new(4).unwrap(),
                driving: 1,
                draining,
            },
            silent_for,
        }
    }

    #[test]
    fn the_silent_and_the_draining_are_marked() {
        let (alive, late) = (Duration::from_millis(1_500), Duration::from_mins(3));
        let runners = [runner("a", alive, false), runner("b", alive, true), runner("c", late, false)];
        insta::assert_snapshot!(human(&runners, Paint::plain()), @r"
        ✓ a  i-1
            1 of 4 pipelines, imt 0.1.0, labels gpu, heard of 1.5s ago
        ■ b  i-1
            1 of 4 pipelines, imt 0.1.0, labels gpu, takes up no more, heard of 1.5s ago
        ✗ c  i-1
            1 of 4 pipelines, imt 0.1.0, labels gpu, silent: last heard of 3 min ago
        ");
        assert_eq!(human(&[], Paint::plain()), "There are no runners.\n");
        assert!(!told(&runners[2]).alive && told(&runners[0]).alive);
    }
}
