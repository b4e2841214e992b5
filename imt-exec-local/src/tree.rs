//! Finding and ending the processes of attempts.
//!
//! Each process is held by a pidfd before it is looked at, so that a reused number never gets a stranger killed. Whole
//! groups are killed at one stroke, because processes that fork and exit outrun whoever takes them one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant as Moment};

use imt_core::id::{AttemptId, PipelineId};
use imt_core::ports::{Failure, FailureKind};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};
use tokio::time::Instant;

use crate::proc::{self, Stat};

/// The variable by which processes are known. It stands in the environment of all of them.
pub(crate) const MARK: &str = "IMT_ATTEMPT";

/// How long killed processes may take to be gone: only what hangs inside the kernel takes longer.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// The same when none of them lets us signal it: those of another user, which hear nobody but that user.
const REFUSED_WITHIN: Duration = Duration::from_millis(500);

/// So many numbers are tried one by one rather than listed.
const FEW: i32 = 256;

/// So many are looked at on the spot.
const QUICK: i32 = 32;

/// The process that an attempt begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leader {
    pub(crate) pid: i32,
    pub(crate) start_ticks: u64,
    begun: Moment,
}

impl Leader {
    /// A child that has just been started and whose end nobody has taken.
    pub(crate) fn new(pid: i32, begun: Moment) -> Self {
        // A child that cannot be read would make us look at more processes than we must, and at none too few.
        let start_ticks = proc::stat(pid).map_or(0, |stat| stat.start_ticks);
        Self { pid, start_ticks, begun }
    }
}

/// A process group known to be an attempt's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) id: i32,
    /// In this session, where that is known.
    pub(crate) session: Option<i32>,
    /// None of its processes began earlier.
    pub(crate) since_ticks: u64,
}

impl Group {
    fn has(&self, stat: &Stat) -> bool {
        self.id == stat.group
            && stat.start_ticks >= self.since_ticks
            && self.session.is_none_or(|session| session == stat.session)
    }
}

/// Which processes are meant.
#[derive(Debug, Clone)]
pub(crate) struct Prey {
    /// What their mark begins with: a pipeline's, or the whole of an attempt's.
    mark: Vec<u8>,
    exact: bool,
    /// Process groups known to be theirs.
    groups: Vec<Group>,
    /// Inodes of pipes whose write ends only they hold.
    pipes: Vec<u64>,
    /// None of them began before this one.
    since: Option<Leader>,
}

impl Prey {
    /// The processes of an attempt.
    pub(crate) fn attempt(attempt: AttemptId, leader: Leader) -> Self {
        let group = Group { id: leader.pid, session: None, since_ticks: leader.start_ticks };
        Self { since: Some(leader), ..Self::dead_attempt(attempt, vec![group]) }
    }

    /// The same, and those that hold write ends of these pipes.
    pub(crate) fn or_holding(mut self, pipes: Vec<u64>) -> Self {
        self.pipes = pipes;
        self
    }

    /// The processes of an attempt that a dead life of ours started.
    pub(crate) fn dead_attempt(attempt: AttemptId, groups: Vec<Group>) -> Self {
        Self { mark: format!("{MARK}={attempt}").into_bytes(), exact: true, groups, pipes: Vec::new(), since: None }
    }

    /// The processes of all attempts of a pipeline, of whatever life of ours.
    pub(crate) fn pipeline(pipeline: PipelineId, groups: Vec<Group>) -> Self {
        Self { mark: format!("{MARK}={pipeline}.").into_bytes(), exact: false, groups, pipes: Vec::new(), since: None }
    }

    /// Whether a scan takes less than handing it to another thread does: the usual case of a short job.
    fn is_quick(&self) -> bool {
        self.pipes.is_empty() && matches!(self.numbers(), Numbers::Each(first, last) if last - first <= QUICK)
    }

    fn numbers(&self) -> Numbers {
        let since = self.since.map(|leader| (leader.pid, leader.begun.elapsed()));
        Numbers::to_look_at(since, proc::newest(), proc::highest())
    }

    fn is_marked(&self, environ: &[u8]) -> bool {
        environ
            .split(|byte| *byte == 0)
            .any(|var| if self.exact { var == self.mark } else { var.starts_with(&self.mark) })
    }

    fn is_in_known_group(&self, stat: &Stat) -> bool {
        self.groups.iter().any(|group| group.has(stat))
    }
}

/// Which numbers processes of an attempt may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// Each of these, the ends included: few enough to try them.
    Each(i32, i32),
    /// Those of all processes from this one on.
    From(i32),
    /// Any.
    All,
}

impl Numbers {
    /// `since` is the number of the first process and how long ago it began. Later ones have higher numbers, but only until
    /// the numbers start over, so this is relied on only for as long as they cannot have: the kernel gives them out one by
    /// one, under a lock, and takes longer than a microsecond for a process.
    fn to_look_at(since: Option<(i32, Duration)>, newest: Option<i32>, highest: Option<u32>) -> Self {
        let (Some((first, age)), Some(newest), Some(highest)) = (since, newest, highest) else { return Self::All };
        if newest < first || age >= Duration::from_micros(highest.into()) {
            return Self::All;
        }
        if newest - first <= FEW { Self::Each(first, newest) } else { Self::From(first) }
    }

    /// The processes, the newest first: it is the one that may be gone soonest.
    fn pids(self) -> Vec<i32> {
        let mut pids: Vec<i32> = match self {
            Self::Each(first, last) => (first..=last).collect(),
            Self::From(first) => proc::all().filter(|pid| *pid >= first).collect(),
            Self::All => proc::all().collect(),
        };
        pids.sort_unstable_by(|a, b| b.cmp(a));
        pids
    }
}

/// A process as found.
struct Process {
    fd: OwnedFd,
    stat: Stat,
    is_prey: bool,
}

/// What a look gave.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// How many were there.
    found: usize,
    /// Those that we may not signal.
    refused: Vec<i32>,
}

/// Sends SIGTERM to all that can be found now and are not in this group.
pub(crate) fn terminate(prey: &Prey, but_group: i32) {
    for (_, process) in hunt(prey, |_, _| {}) {
        if process.stat.group != but_group {
            // One that ended meanwhile, or that we may not signal, is found or not found by the next look.
            let _ = pidfd_send_signal(&process.fd, Signal::TERM);
        }
    }
}

/// Kills a whole group at one stroke. Only while its number cannot be another's: as long as the end of its leader was not
/// taken.
pub(crate) fn kill_group(group: i32) {
    // To the kernel a group 1 would be everybody.
    if let Some(pid) = Pid::from_raw(group).filter(|_| group > 1) {
        // An error means that nobody is left in it, or that we may signal none of them; the scan that follows tells.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

/// Kills all that can be found now.
fn kill_once(prey: &Prey) -> Left {
    let ours = our_session();
    let mut left = Left::default();
    // Those that are prey by themselves at once: a moment later a process that forks and exits is another one.
    let found = hunt(prey, |pid, process| kill_one(prey, ours, pid, process));
    for (pid, process) in found {
        left.found += 1;
        if pidfd_send_signal(&process.fd, Signal::KILL) == Err(Errno::PERM) {
            left.refused.push(pid);
        }
    }
    left
}

/// The session that we are in; 0 if it is one from outside of our namespace.
pub(crate) fn our_session() -> i32 {
    i32::try_from(std::process::id()).ok().and_then(proc::stat).map_or(0, |stat| stat.session)
}

/// Kills a process, and its group with it where all of that must be the attempt's.
fn kill_one(prey: &Prey, our_session: i32, pid: i32, process: &Process) {
    // Sessions other than ours are made by the attempt's processes, and nobody else can join a group in them.
    let owns_group = process.stat.session != our_session || prey.is_in_known_group(&process.stat);
    // While it is stopped it keeps the group's number from being given to others.
    if owns_group
        && pidfd_send_signal(&process.fd, Signal::STOP).is_ok()
        && proc::stat(pid).is_some_and(|now| {
            (now.start_ticks, now.group) == (process.stat.start_ticks, process.stat.group) && !now.is_over
        })
    {
        kill_group(process.stat.group);
    }
    // One that we may not signal is counted by the caller.
    let _ = pidfd_send_signal(&process.fd, Signal::KILL);
}

/// Kills until nothing is found any more. Longer scans are made off the async threads.
///
/// # Errors
/// When something is left that does not die.
pub(crate) async fn kill(prey: Prey) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        let left = if prey.is_quick() {
            kill_once(&prey)
        } else {
            let scan = prey.clone();
            tokio::task::spawn_blocking(move || kill_once(&scan)).await.map_err(|error| {
                Failure::new(FailureKind::Internal, "looking for a job's processes failed").with_source(error)
            })?
        };
        if left.found == 0 {
            return Ok(());
        }
        let patience = if left.refused.len() == left.found { REFUSED_WITHIN } else { GONE_WITHIN };
        if begun.elapsed() > patience {
            return Err(cannot_be_killed(&left));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

fn cannot_be_killed(left: &Left) -> Failure {
    let refused: Vec<String> = left.refused.iter().map(|pid| proc::name(*pid)).collect();
    let whose = if refused.is_empty() { String::new() } else { format!(", of other users: {}", refused.join(", ")) };
    let message = format!("{} processes of a job cannot be killed{whose}", left.found);
    Failure::new(FailureKind::Internal, message)
        .with_help("look for processes in state D, or of another user, with IMT_ATTEMPT in their environment")
}

/// Processes of our user that began with the attempt or later and that hide from us, so that nobody can say whose they are.
pub(crate) fn hidden(leader: Leader) -> Vec<String> {
    let us = rustix::process::geteuid().as_raw();
    let hides = |pid: &i32| {
        proc::stat(*pid).is_some_and(|stat| {
            let refused =
                || proc::environ(*pid, &stat).is_err_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied);
            !stat.is_over && stat.start_ticks >= leader.start_ticks && refused() && proc::user(*pid) == Some(us)
        })
    };
    proc::all().filter(hides).map(proc::name).collect()
}

/// Whether the number of a process is now that of another than the one that began then.
pub(crate) fn is_another(pid: i32, start_ticks: u64) -> bool {
    proc::stat(pid).is_some_and(|stat| stat.start_ticks != start_ticks)
}

/// Finds them; `at_once` is told of those that are prey by themselves, the moment they are seen.
fn hunt(prey: &Prey, at_once: impl Fn(i32, &Process)) -> Vec<(i32, Process)> {
    let us = i32::try_from(std::process::id()).unwrap_or(0);
    let mut all = BTreeMap::new();
    for pid in prey.numbers().pids().into_iter().filter(|pid| *pid != us) {
        if let Some(process) = look(prey, pid) {
            if process.is_prey {
                at_once(pid, &process);
            }
            all.insert(pid, process);
        }
    }
    let mut prey_pids: BTreeSet<i32> = all.iter().filter(|(_, p)| p.is_prey).map(|(pid, _)| *pid).collect();
    // Children of prey are prey, to any depth.
    loop {
        let more: Vec<i32> = all
            .iter()
            .filter(|(pid, p)| prey_pids.contains(&p.stat.parent) && !prey_pids.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if more.is_empty() {
            break;
        }
        prey_pids.extend(more);
    }
    all.into_iter().filter(|(pid, _)| prey_pids.contains(pid)).collect()
}

fn look(prey: &Prey, pid: i32) -> Option<Process> {
    // One that cannot be opened has ended.
    let fd = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
    let stat = proc::stat(pid).filter(|stat| !stat.is_over)?;
    if prey.since.is_some_and(|leader| stat.start_ticks < leader.start_ticks) {
        return None;
    }
    // Not readable means another user's, or one that hides: not ours, or beyond our power.
    let is_marked = || proc::environ(pid, &stat).is_ok_and(|environ| prey.is_marked(&environ));
    // We hold the read ends. What we are about to start holds all that we held when it came to be, which can be the write
    // ends of a job that was being started then; it lets go of them by itself.
    let holds_pipe =
        || !prey.pipes.is_empty() && !proc::is_about_to_start(pid, &stat) && proc::writes_to(pid, &stat, &prey.pipes);
    let is_prey = prey.is_in_known_group(&stat) || is_marked() || holds_pipe();
    Some(Process { fd, stat, is_prey })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_relied_on_only_while_numbers_cannot_have_started_over() {
        let at = |age: u64, newest: i32| {
            Numbers::to_look_at(Some((30_000, Duration::from_millis(age))), Some(newest), Some(32_768))
        };
        assert_eq!(at(1, 30_010), Numbers::Each(30_000, 30_010));
        assert_eq!(at(1, 31_000), Numbers::From(30_000));
        assert_eq!(at(1, 400), Numbers::All, "they have started over");
        assert_eq!(at(33, 30_010), Numbers::All, "they may have gone all the way round");
        assert_eq!(Numbers::to_look_at(None, Some(1), Some(32_768)), Numbers::All);
        assert_eq!(Numbers::to_look_at(Some((1, Duration::ZERO)), None, Some(32_768)), Numbers::All);
    }

    #[test]
    fn a_new_process_is_looked_at() {
        let mut child = std::process::Command::new("sleep").arg("300").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        for numbers in [Numbers::Each(pid - 3, pid), Numbers::From(pid), Numbers::All] {
            assert!(numbers.pids().contains(&pid), "{numbers:?}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_group_has_its_members_and_nobody_that_began_before() {
        let stat = proc::stat(i32::try_from(std::process::id()).unwrap()).unwrap();
        let group = Group { id: stat.group, session: Some(stat.session), since_ticks: stat.start_ticks };
        assert!(group.has(&stat));
        assert!(!Group { since_ticks: stat.start_ticks + 1, ..group }.has(&stat));
        assert!(!Group { session: Some(stat.session + 1), ..group }.has(&stat));
        assert!(!Group { id: stat.group + 1, ..group }.has(&stat));
    }

    #[test]
    fn marks_of_attempts_are_exact_and_of_pipelines_are_not() {
        let attempt: AttemptId = "00000000-0000-0000-0000-000000000001.0.1".parse().unwrap();
        let environ = format!("A=b\0{MARK}={attempt}\0");
        let exact = Prey::dead_attempt(attempt, Vec::new());
        assert!(exact.is_marked(environ.as_bytes()));
        assert!(Prey::pipeline(attempt.pipeline, Vec::new()).is_marked(environ.as_bytes()));
        let other = format!("A=b\0{MARK}={attempt}0\0");
        assert!(!exact.is_marked(other.as_bytes()));
        assert!(!exact.is_marked(format!("X{MARK}={attempt}\0").as_bytes()));
    }
}
