//! One case of the matrix: what is deployed, the trouble, who comes next; and what has to be true then.

use std::fmt;
use std::fs;
use std::process::Command;

use imt_core::deploy::machine::{Resume, Step};
use serde_json::Value;

use super::fault::{Kind, Trouble};
use super::pair::Pair;
use super::process::{Job, Ran};
use super::world::{State, What, World, fresh_state, let_lock_get_stale, state_of};

/// What happens without trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// A good release follows on another one, with hooks, and a stranger has to give way.
    Good,
    /// A bad release follows on a good one, with hooks on the way back, too: it is rolled back.
    Bad,
    /// A bad release is the first one, and a stranger has given way: it is withdrawn.
    First,
    /// A hook says no before `up`: files return.
    HookFails,
    /// A stranger is not to give way: files return.
    Refused,
}

impl Story {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Good, Self::Bad, Self::First, Self::HookFails, Self::Refused];

    /// How it ends without trouble.
    pub const fn end(self) -> &'static str {
        match self {
            Self::Good => "success",
            Self::Bad => "rolled_back",
            Self::First | Self::HookFails | Self::Refused => "failed",
        }
    }

    /// Whether a step is of interest in it: those that another story has as well are tried there.
    pub fn has(self, step: Step) -> bool {
        match self {
            Self::Good => true,
            Self::Bad => step.as_str().starts_with("restore") || step == Step::Unlock,
            Self::First => matches!(step, Step::Withdraw | Step::PutBackContainers | Step::PutBackFiles),
            Self::HookFails | Self::Refused => {
                matches!(step, Step::Withdraw | Step::PutBackContainers | Step::PutBackFiles)
            }
        }
    }

    fn job(self, world: &World) -> (Job, What) {
        let words = |text: &[&str]| text.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let what = match self {
            Self::Bad | Self::First => What::Bad,
            Self::Good | Self::HookFails | Self::Refused => world.current.other(),
        };
        let mut job = world.job(self == Self::First, what);
        match self {
            Self::Good | Self::Bad => (job.before, job.after) = (words(&["true"]), words(&["true"])),
            Self::HookFails => job.before = words(&["false"]),
            Self::First | Self::Refused => {}
        }
        (job.hooks_on_rollback, job.refuses) = (self == Self::Bad, self == Self::Refused);
        (job, what)
    }
}

/// Who comes when the process was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The same command with the same store, which drives the deployment on.
    Same,
    /// The same, which calls it off if `up` has not begun.
    CallsOff,
    /// The same command of somebody with another store, once the lock is stale.
    Other,
}

/// One case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// What happens without trouble.
    pub story: Story,
    /// The trouble.
    pub trouble: Trouble,
    /// Who comes next, if it kills.
    pub next: Next,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { story, trouble: Trouble { step, at, kind }, next } = self;
        let at = at.map_or("its end".to_owned(), |at| format!("command {at}"));
        write!(f, "{story:?}: {kind:?} in {step} at {at}")?;
        if kind.kills() { write!(f, ", then {next:?}") } else { Ok(()) }
    }
}

/// All cases of a story, of which it is known how many commands each step sends.
pub fn cases_of(story: Story, commands: &[(Step, usize)]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (step, count) in commands.iter().copied().filter(|(step, _)| story.has(*step)) {
        let at_end = Kind::AT_END.into_iter().filter(|kind| step.is_remote() || *kind != Kind::LostAfter);
        let ends = at_end.map(|kind| Trouble { step, at: None, kind });
        // What samples, or follows, sends the same again and again.
        let points = (0..count.min(most_commands(step)))
            .flat_map(|at| Kind::ALL.map(|kind| Trouble { step, at: Some(at), kind }));
        for trouble in ends.chain(points) {
            let nexts: &[Next] =
                if trouble.kind.kills() { &[Next::Same, Next::CallsOff, Next::Other] } else { &[Next::Same] };
            cases.extend(nexts.iter().map(|next| Case { story, trouble, next: *next }));
        }
    }
    cases
}

/// The most commands of one step that are tried: of what is followed or watched, no more than there are in any case.
const fn most_commands(step: Step) -> usize {
    match step {
        Step::Verify | Step::RestoreVerify => 3,
        // What is needed beforehand is found out first.
        Step::HooksBefore | Step::RestoreHooksBefore => 6,
        step if matches!(step.resume(), Resume::Look(_)) => 3,
        _ => 16,
    }
}

/// What a story does without trouble: how many commands each step sends.
///
/// # Panics
/// When it does not end as it should.
pub fn record(world: &mut World, story: Story) -> Vec<(Step, usize)> {
    let (job, what) = story.job(world);
    let before = prepare(world, story, what);
    let ran = job.run(world.program());
    let end = ran.end.clone().expect("nobody killed it");
    assert_eq!(end["status"], story.end(), "{story:?}: {end}\n{}", ran.errors);
    check(world, story, what, &before, "without trouble", &ran);
    let commands = end["commands"].as_array().into_iter().flatten();
    commands
        .map(|pair| {
            let step = pair[0].as_str().and_then(Step::read).expect("a step");
            (step, usize::try_from(pair[1].as_u64().expect("a number")).expect("not that many"))
        })
        .collect()
}

/// What is there before.
struct Before {
    state: State,
    stranger: Option<String>,
}

fn prepare(world: &World, story: Story, what: What) -> Before {
    let target = if story == Story::First { &world.bare } else { &world.main };
    let stranger = (story != Story::HookFails).then(|| world.stranger(what));
    Before { state: state_of(target), stranger }
}

/// Goes through a case. Answers whether the trouble came; a step may send fewer commands than it once did.
///
/// # Panics
/// When something is not as it has to be.
pub fn run(world: &mut World, case: Case) -> bool {
    go_through(world, case, None, &format!("{case}"), &ends_of(case))
}

/// Goes through a case with a second trouble. Answers whether both came.
///
/// # Panics
/// When something is not as it has to be.
pub fn run_pair(world: &mut World, pair: &Pair) -> bool {
    go_through(world, pair.first, Some(pair.second), &format!("{pair}"), pair.ends)
}

fn go_through(world: &mut World, case: Case, second: Option<Trouble>, name: &str, ends: &[&str]) -> bool {
    let (job, what) = case.story.job(world);
    let before = prepare(world, case.story, what);
    // One that is killed meets no other trouble: the next one does.
    let first_kills = case.trouble.kind.kills();
    let (same, next): (Vec<Trouble>, Vec<Trouble>) = second.into_iter().partition(|_| !first_kills);
    let troubles = [vec![case.trouble], same.clone()].concat();
    let mut ran = Job { troubles, ..job.clone() }.run(world.program());
    let mut has_come = ran.end.as_ref().is_none_or(|end| end["has_come"] == true);
    if ran.end.is_none() {
        let kills = first_kills || same.iter().any(|trouble| trouble.kind.kills());
        assert!(kills, "{name}: it died of something else: {}", ran.errors);
        ran = after_kill(world, case, &Job { troubles: next, ..job });
        has_come = ran.end.as_ref().is_some_and(|end| end["has_come"] == true);
    }
    let end = ran.end.clone().unwrap_or_else(|| panic!("{name}: the next command died: {}", ran.errors));
    let status = end["status"].as_str().expect("a status");
    let usual = [case.story.end()];
    let wanted = if has_come || second.is_some() { ends } else { &usual };
    assert!(wanted.contains(&status), "{name}: ended {status}, not {wanted:?}: {end}\n{}", ran.errors);
    let target = if case.story == Story::First { &world.bare } else { &world.main };
    let keeps_lock = case.trouble.step == Step::Unlock && case.trouble.kind.fails();
    if status == "rollback_failed" || (keeps_lock && target.dir().join(".imt/lock").exists()) {
        heal(world, case.story, name);
    } else {
        check(world, case.story, what, &before, name, &ran);
    }
    has_come
}

fn after_kill(world: &World, case: Case, job: &Job) -> Ran {
    let target = if case.story == Story::First { &world.bare } else { &world.main };
    match case.next {
        Next::Same => job.run(world.program()),
        Next::CallsOff => Job { calls_off: true, ..job.clone() }.run(world.program()),
        Next::Other => {
            let state = fresh_state();
            let_lock_get_stale(target);
            let ran = Job { state: state.path().to_owned(), ..job.clone() }.run(world.program());
            // Whoever was killed learns what became of it, when it comes again; here nobody does.
            forget(&job.state);
            ran
        }
    }
}

/// Whoever was killed never comes again.
fn forget(state: &std::path::Path) {
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        drop(fs::remove_file(state.join(name)));
    }
}

/// How a case may end.
fn ends_of(case: Case) -> Vec<&'static str> {
    let Case { story, trouble: Trouble { step, at, kind }, next } = case;
    let usual = story.end();
    if kind.kills() {
        return if next == Next::CallsOff && step < Step::RemoveOrphans && story == Story::Good {
            vec![usual, "cancelled"]
        } else {
            vec![usual]
        };
    }
    // That a target does not answer which nothing has been asked of yet is told at once.
    if !kind.fails() && (step, at) == (Step::Lock, Some(0)) {
        return vec![usual, "failed"];
    }
    if !kind.fails() || step == Step::Unlock {
        return vec![usual];
    }
    match step {
        // That it is not written down is a warning.
        Step::Commit => vec![usual],
        // A sample that is missing is none.
        Step::Verify => vec!["rolled_back", "success"],
        // What the target seems to have lost of the release is taken from its copy.
        Step::RestoreVerify | Step::RestoreTransfer => vec!["rollback_failed", "rolled_back"],
        Step::Up | Step::RemoveOrphans | Step::HooksAfter => vec!["rolled_back"],
        step if story == Story::Good && step < Step::Up => vec!["failed"],
        _ => vec!["rollback_failed"],
    }
}

/// That the host is exactly what the end says.
fn check(world: &mut World, story: Story, what: What, before: &Before, name: &str, ran: &Ran) {
    let target = if story == Story::First { &world.bare } else { &world.main };
    let end = ran.end.as_ref().unwrap_or(&Value::Null);
    let is_new = end["status"] == "success";
    let about = || format!("{name}: {end}\n{}", ran.errors);
    let now = state_of(target);
    if is_new {
        assert_eq!(now.without_override(), world.known[&what], "{}", about());
    } else {
        assert_eq!(now, before.state, "{}", about());
    }
    let left = target.left();
    assert!(left.is_empty(), "{left:?} is left; {}", about());
    if let Some(id) = &before.stranger {
        let format = "{{.Name}} {{.State.Running}}";
        let found = Command::new("docker").args(["inspect", "--format", format, id]).output().expect("docker");
        let found = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        let wanted = if is_new { String::new() } else { format!("/{} true", world.name_of(what)) };
        assert_eq!(found, wanted, "the stranger; {}", about());
    }
    if is_new {
        world.current = what;
    }
}

/// A way back that failed, or a lock that stayed: the next good deployment puts the target right.
fn heal(world: &mut World, story: Story, name: &str) {
    let bare = story == Story::First;
    let target = if bare { &world.bare } else { &world.main };
    let_lock_get_stale(target);
    let what = world.current;
    let ran = world.job(bare, what).run(world.program());
    let end = ran.end.unwrap_or_default();
    assert_eq!(end["status"], "success", "{name}, then a good deployment: {end}\n{}", ran.errors);
    let now = state_of(target).without_override();
    assert_eq!(now, world.known[&what], "{name}, then a good deployment: {end}\n{}", ran.errors);
    let lock = target.dir().join(".imt/lock");
    assert!(!lock.exists(), "{name}: the lock stays");
    // What a failed way back keeps aside is for whoever does the rest of it by hand.
    drop(fs::remove_dir_all(target.dir().join(".imt/aside")));
    world.remove_strangers();
    let left = target.left();
    assert!(left.is_empty(), "{name}: {left:?} is left after a good deployment");
    if bare {
        world.bare = crate::deploying::Target::new(world.by());
    }
}
