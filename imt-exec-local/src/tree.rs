//! Finding and ending the processes of attempts through `/proc`.
//!
//! Each process is held by a pidfd before it is looked at, so that a reused number never gets a stranger killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use imt_core::id::{AttemptId, PipelineId};
use imt_core::ports::{Failure, FailureKind};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::time::Instant;

/// The variable by which processes are known. It stands in the environment of all of them.
pub(crate) const MARK: &str = "IMT_ATTEMPT";

/// How long killed processes may take to be gone: only what hangs inside the kernel takes longer.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// So many numbers are tried one by one rather than listed.
const FEW: i32 = 256;

/// So many are looked at on the spot.
const QUICK: i32 = 32;

/// Which processes are meant.
#[derive(Debug, Clone)]
pub(crate) struct Prey {
    /// What their mark begins with: a pipeline's, or the whole of an attempt's.
    mark: Vec<u8>,
    exact: bool,
    /// Process groups known to be theirs.
    groups: Vec<i32>,
    /// Inodes of pipes whose write ends only they hold.
    pipes: Vec<u64>,
    /// All of them have a higher number than this, as far as numbers have not started over.
    since: Option<i32>,
}

impl Prey {
    /// The processes of an attempt.
    pub(crate) fn attempt(attempt: AttemptId, group: i32) -> Self {
        let mark = format!("{MARK}={attempt}").into_bytes();
        Self { mark, exact: true, groups: vec![group], pipes: Vec::new(), since: Some(group) }
    }

    /// The same, and if there are none, those that hold write ends of these pipes.
    pub(crate) fn or_holding(mut self, pipes: Vec<u64>) -> Self {
        self.pipes = pipes;
        self
    }

    /// The processes of an attempt that a dead life of ours started.
    pub(crate) fn dead_attempt(attempt: AttemptId, groups: Vec<i32>) -> Self {
        Self { mark: format!("{MARK}={attempt}").into_bytes(), exact: true, groups, pipes: Vec::new(), since: None }
    }

    /// The processes of all attempts of a pipeline, of whatever life of ours.
    pub(crate) fn pipeline(pipeline: PipelineId, groups: Vec<i32>) -> Self {
        Self { mark: format!("{MARK}={pipeline}.").into_bytes(), exact: false, groups, pipes: Vec::new(), since: None }
    }

    /// Whether a scan takes less than handing it to another thread does: the usual case of a short job.
    fn is_quick(&self) -> bool {
        self.pipes.is_empty()
            && matches!((self.since, newest()), (Some(since), Some(newest)) if (since..=since + QUICK).contains(&newest))
    }

    fn is_marked(&self, environ: &[u8]) -> bool {
        environ
            .split(|byte| *byte == 0)
            .any(|var| if self.exact { var == self.mark } else { var.starts_with(&self.mark) })
    }
}

/// A process as found.
struct Process {
    fd: OwnedFd,
    parent: i32,
    group: i32,
    marked: bool,
}

/// Sends a signal to all that can be found now and are not in this group; answers how many there are.
pub(crate) fn signal(prey: &Prey, signal: Signal, but_group: Option<i32>) -> usize {
    let mut found = hunt(prey);
    found.retain(|process| but_group != Some(process.group));
    for process in &found {
        // One that ended meanwhile, or that we may not signal, is found or not found by the next look.
        let _ = pidfd_send_signal(&process.fd, signal);
    }
    found.len()
}

/// Kills until nothing is found any more. Longer scans are made off the async threads.
///
/// # Errors
/// When something is left that does not die.
pub(crate) async fn kill(prey: Prey) -> Result<(), Failure> {
    let deadline = Instant::now() + GONE_WITHIN;
    let mut pause = Duration::from_millis(1);
    loop {
        let left = if prey.is_quick() {
            signal(&prey, Signal::KILL, None)
        } else {
            let scan = prey.clone();
            tokio::task::spawn_blocking(move || signal(&scan, Signal::KILL, None)).await.map_err(|error| {
                Failure::new(FailureKind::Internal, "looking for a job's processes failed").with_source(error)
            })?
        };
        if left == 0 {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Failure::new(FailureKind::Internal, format!("{left} processes of a job cannot be killed"))
                .with_help(
                    "look for processes in state D, or of another user, with IMT_ATTEMPT in their environment",
                ));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Whether a process of this number began at this time (in the kernel's ticks since boot).
pub(crate) fn is_alive(pid: i32, start_ticks: u64) -> bool {
    stat(pid).is_some_and(|stat| stat.start_ticks == start_ticks && !stat.is_zombie)
}

/// When a process began, in the kernel's ticks since boot.
pub(crate) fn start_ticks(pid: i32) -> Option<u64> {
    stat(pid).map(|stat| stat.start_ticks)
}

fn hunt(prey: &Prey) -> Vec<Process> {
    let us = i32::try_from(std::process::id()).unwrap_or(0);
    let mut all: BTreeMap<i32, Process> =
        candidates(prey.since).into_iter().filter_map(|pid| look(prey, pid)).collect();
    all.remove(&us);
    let mut prey_pids: BTreeSet<i32> =
        all.iter().filter(|(_, p)| p.marked || prey.groups.contains(&p.group)).map(|(pid, _)| *pid).collect();
    // Children of prey are prey, to any depth.
    loop {
        let more: Vec<i32> = all
            .iter()
            .filter(|(pid, p)| prey_pids.contains(&p.parent) && !prey_pids.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if more.is_empty() {
            break;
        }
        prey_pids.extend(more);
    }
    if prey_pids.is_empty() {
        // The last resort, since it costs most: who left the group and forgot the mark, but kept the pipe.
        prey_pids.extend(all.keys().filter(|pid| writes_to(**pid, &prey.pipes)));
    }
    all.into_iter().filter(|(pid, _)| prey_pids.contains(pid)).map(|(_, process)| process).collect()
}

/// The processes to look at: all, or those since one of them. Few, where that can be had: this is asked for each job.
fn candidates(since: Option<i32>) -> Vec<i32> {
    let all = || {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
    };
    match (since, newest()) {
        (Some(since), Some(newest)) if newest >= since && newest - since <= FEW => (since..=newest).collect(),
        (Some(since), Some(newest)) if newest >= since => all().filter(|pid| *pid >= since).collect(),
        // Nothing is known, or the numbers have started over.
        _ => all().collect(),
    }
}

/// The number given to a process last.
fn newest() -> Option<i32> {
    fs::read_to_string("/proc/loadavg").ok()?.rsplit(' ').next()?.trim().parse().ok()
}

fn look(prey: &Prey, pid: i32) -> Option<(i32, Process)> {
    // One that cannot be opened has ended.
    let fd = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
    let stat = stat(pid).filter(|stat| !stat.is_zombie)?;
    // Not readable means another user's: not ours, or beyond our power.
    let marked = fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| prey.is_marked(&environ));
    Some((pid, Process { fd, parent: stat.parent, group: stat.group, marked }))
}

/// Whether a process holds the write end of one of these pipes. We and what we are about to start hold the read ends.
fn writes_to(pid: i32, pipes: &[u64]) -> bool {
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten().map(|fd| fd.path());
    let pipe = |path: &Path| {
        let link = fs::read_link(path).ok()?;
        link.to_str()?.strip_prefix("pipe:[")?.strip_suffix(']')?.parse::<u64>().ok()
    };
    // The mode of the link is that of the descriptor.
    let writable = |path: &Path| fs::symlink_metadata(path).is_ok_and(|link| link.mode() & 0o200 != 0);
    fds.into_iter().any(|path| pipe(&path).is_some_and(|inode| pipes.contains(&inode)) && writable(&path))
}

struct Stat {
    is_zombie: bool,
    parent: i32,
    group: i32,
    start_ticks: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The fields that matter of `/proc/<pid>/stat`; the name in brackets may hold anything, brackets and blanks too.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Stat {
        is_zombie: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        start_ticks: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_whatever_the_name() {
        let text = "42 (a) R (b) S 7 40 40 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 0 0";
        let stat = parse_stat(text).unwrap();
        assert!(!stat.is_zombie);
        assert_eq!((stat.parent, stat.group, stat.start_ticks), (7, 40, 98_765));
        assert!(parse_stat("42 (x)").is_none());
    }

    #[test]
    fn a_new_process_is_a_candidate() {
        let mut child = std::process::Command::new("sleep").arg("300").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        for since in [Some(pid), Some(pid - 1_000), None, Some(i32::MAX)] {
            assert!(candidates(since).contains(&pid), "{since:?}");
        }
        assert!(candidates(Some(pid)).len() < 1_000);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn we_are_alive_since_we_began() {
        let us = i32::try_from(std::process::id()).unwrap();
        let ticks = start_ticks(us).unwrap();
        assert!(is_alive(us, ticks));
        assert!(!is_alive(us, ticks + 1));
    }

    #[test]
    fn marks_of_attempts_are_exact_and_of_pipelines_are_not() {
        let attempt: AttemptId = "00000000-0000-0000-0000-000000000001.0.1".parse().unwrap();
        let environ = format!("A=b\0{MARK}={attempt}\0");
        assert!(Prey::attempt(attempt, 1).is_marked(environ.as_bytes()));
        assert!(Prey::pipeline(attempt.pipeline, Vec::new()).is_marked(environ.as_bytes()));
        let other = format!("A=b\0{MARK}={attempt}0\0");
        assert!(!Prey::attempt(attempt, 1).is_marked(other.as_bytes()));
        assert!(!Prey::attempt(attempt, 1).is_marked(format!("X{MARK}={attempt}\0").as_bytes()));
    }
}
