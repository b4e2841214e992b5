//! Drives a machine against the host, with troubles, and asserts the rules of every commit.

use std::collections::VecDeque;
use std::sync::Arc;

use super::host::{Detached, Host, Portion};
use super::watched::{LOOKS, sights};
use super::{NEW, deployment, release_id};
use crate::deploy::machine::invariants::broken_by;
use crate::deploy::machine::{
    Answer, Change, DeploymentKind, DeploymentSpec, DeploymentState, Effect, Fault, HookFailure, Input, Machine,
    SetAside, Step, StepFacts, Ticket,
};
use crate::deploy::release::{ContentHash, ReleaseVerdict};
use crate::status::DeploymentReason;
use crate::time::Timestamp;

/// What happens to a step, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It says no, after this much of it.
    Fail(Portion),
    /// Contact is lost after this much of it, and comes back.
    Unclear(Portion),
    /// Contact is lost after this much of it, for ever.
    Cut(Portion),
    /// Our process dies before the effect.
    CrashBefore,
    /// Our process dies after this much of the effect, before its answer.
    CrashAfter(Portion),
    /// The effect is performed twice, and answered twice.
    Twice,
    /// A person asks for the end after this much of it.
    Cancel(Portion),
    /// It gets stuck after this much of it, and ends when told to.
    Stuck(Portion),
    /// It gets stuck after this much of it, and does not even end when told to.
    Mute(Portion),
}

/// What there is before the deployment, and what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a dimension of the matrix")]
pub(super) struct World {
    pub(super) has_old: bool,
    pub(super) has_stranger: bool,
    pub(super) by_hand: bool,
    pub(super) hooks_before: bool,
    pub(super) hooks_after: Option<HookFailure>,
    pub(super) hooks_on_rollback: bool,
}

impl World {
    fn spec(self) -> DeploymentSpec {
        DeploymentSpec {
            kind: if self.by_hand { DeploymentKind::Earlier(release_id(NEW)) } else { DeploymentKind::New },
            hooks_before: self.hooks_before,
            hooks_after: self.hooks_after,
            hooks_on_rollback: self.hooks_on_rollback,
            ..DeploymentSpec::new()
        }
    }
}

pub(super) struct Drive {
    pub(super) world: World,
    pub(super) spec: Arc<DeploymentSpec>,
    pub(super) host: Host,
    pub(super) committed: DeploymentState,
    pub(super) changes: Vec<Change>,
    pub(super) lives: u32,
    pub(super) now: Timestamp,
    pub(super) troubles: Vec<(Step, Trouble)>,
    pub(super) met: Vec<(Step, Trouble)>,
    machine: Machine,
    queue: VecDeque<Effect>,
    /// What is stuck, and whether it ends when told to.
    stuck: Option<(Ticket, bool)>,
    /// Whether the steps that watch health show what they see.
    sees: bool,
}

impl Drive {
    pub(super) fn new(world: World, troubles: &[(Step, Trouble)]) -> Self {
        let spec = Arc::new(world.spec());
        let mut host = Host::new(world.has_old, world.has_stranger);
        if world.by_hand {
            host.releases.insert(NEW, ReleaseVerdict::Good);
        }
        let committed = DeploymentState::new(deployment());
        Self {
            world,
            machine: Machine::new(Arc::clone(&spec), committed.clone()),
            spec,
            host,
            committed,
            changes: Vec::new(),
            lives: 1,
            now: Timestamp::from_micros(1),
            troubles: troubles.to_vec(),
            met: Vec::new(),
            queue: VecDeque::new(),
            stuck: None,
            sees: true,
        }
    }

    /// One that shows nothing of what it sees.
    pub(super) fn blind(self) -> Self {
        Self { sees: false, ..self }
    }

    /// From the first claim to the end.
    pub(super) fn run(mut self) -> Self {
        self.input(Input::Claimed);
        for _ in 0..20_000 {
            if self.committed.status.is_terminal() {
                assert_eq!(self.machine.deadline(), None, "nothing is waited for after the end");
                return self;
            }
            if let Some(effect) = self.queue.pop_front() {
                self.act(effect);
            } else {
                let due = self.machine.deadline().expect("something is under way");
                self.now = self.now.max(due);
                self.input(Input::Tick);
            }
        }
        panic!("no end: {:?}", self.committed);
    }

    pub(super) fn input(&mut self, input: Input) {
        let looked = matches!(input, Input::Answered(_, Answer::NotBegun));
        if let Input::CancelRecorded(reason) = input {
            let kind = crate::deploy::machine::ChangeKind::CancelRequested { reason };
            self.commit(&[Change { at: self.now, kind }], false);
        }
        let decision = self.machine.handle(input, self.now);
        self.commit(&decision.changes, looked);
        assert_eq!(self.committed, *self.machine.state(), "the state is the fold of its changes");
        self.queue.extend(decision.effects);
    }

    fn commit(&mut self, changes: &[Change], looked: bool) {
        let broken = broken_by(&self.spec, &self.committed, changes, looked);
        assert_eq!(broken, None, "{changes:#?} to {:#?}", self.committed);
        for change in changes {
            self.committed.apply(change);
        }
        self.changes.extend_from_slice(changes);
    }

    fn crash(&mut self) {
        self.queue.clear();
        self.stuck = None;
        self.lives += 1;
        self.machine = Machine::new(Arc::clone(&self.spec), self.committed.clone());
        self.input(Input::Claimed);
    }

    fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.input(Input::Answered(ticket, answer));
    }

    fn act(&mut self, effect: Effect) {
        let (Effect::Perform(ticket) | Effect::Look(ticket) | Effect::Stop(ticket)) = effect;
        if ticket.step.is_remote() && !self.host.is_reachable {
            return self.answer(ticket, Answer::Unclear);
        }
        match effect {
            Effect::Perform(_) => self.perform(ticket),
            Effect::Look(_) => self.look(ticket),
            Effect::Stop(_) => self.stop(ticket),
        }
    }

    fn trouble(&mut self, step: Step) -> Option<Trouble> {
        let at = self.troubles.iter().position(|(of, _)| *of == step)?;
        let found = self.troubles.remove(at);
        self.met.push(found);
        Some(found.1)
    }

    /// Looks for a while, oftener than it is told; and ticks come when they are due.
    fn watch(&mut self, ticket: Ticket) {
        for number in 0..12 {
            self.now = self.now.after(LOOKS);
            self.input(Input::Seen(ticket, sights(number)));
            if self.machine.deadline().is_some_and(|due| due <= self.now) {
                self.input(Input::Tick);
            }
        }
    }

    fn perform(&mut self, ticket: Ticket) {
        let step = ticket.step;
        if self.sees && step.watches_health() {
            self.watch(ticket);
        }
        match self.trouble(step) {
            None => {
                self.do_part(step, Portion::Whole, Detached::Ended(0));
                let answer = self.result(step);
                self.answer(ticket, answer);
            }
            Some(Trouble::Fail(portion)) => {
                self.do_part(step, portion, Detached::Ended(1));
                self.answer(ticket, Answer::Failed(said_no(step)));
            }
            Some(Trouble::Unclear(portion)) => {
                self.do_part(step, portion, Detached::Running);
                self.answer(ticket, Answer::Unclear);
            }
            Some(Trouble::Cut(portion)) => {
                self.do_part(step, portion, Detached::Running);
                self.host.is_reachable = false;
                self.answer(ticket, Answer::Unclear);
            }
            Some(Trouble::CrashBefore) => self.crash(),
            Some(Trouble::CrashAfter(portion)) => {
                self.do_part(step, portion, Detached::Running);
                self.crash();
            }
            Some(Trouble::Twice) => {
                self.do_part(step, Portion::Whole, Detached::Ended(0));
                if !is_detached(step) {
                    self.do_part(step, Portion::Whole, Detached::Ended(0));
                }
                let answer = self.result(step);
                self.answer(ticket, answer.clone());
                self.answer(ticket, answer);
            }
            Some(Trouble::Cancel(portion)) => self.cancel(ticket, portion),
            Some(Trouble::Stuck(portion)) => {
                self.do_part(step, portion, Detached::Running);
                self.stuck = Some((ticket, true));
            }
            Some(Trouble::Mute(portion)) => {
                self.do_part(step, portion, Detached::Running);
                self.stuck = Some((ticket, false));
            }
        }
    }

    fn cancel(&mut self, ticket: Ticket, portion: Portion) {
        self.input(Input::CancelRecorded(DeploymentReason::User));
        let told = self.queue.iter().position(|effect| *effect == Effect::Stop(ticket));
        if let Some(at) = told {
            self.queue.remove(at);
        }
        match portion {
            Portion::Nothing if told.is_some() => self.answer(ticket, Answer::NotBegun),
            Portion::Half if told.is_some() => {
                self.do_part(ticket.step, Portion::Half, Detached::Ended(143));
                self.answer(ticket, Answer::Failed(said_no(ticket.step)));
            }
            _ => {
                self.do_part(ticket.step, Portion::Whole, Detached::Ended(0));
                let answer = self.result(ticket.step);
                self.answer(ticket, answer);
            }
        }
    }

    /// What goes on by itself on the host has meanwhile come to its end.
    fn look(&mut self, ticket: Ticket) {
        let step = ticket.step;
        if let Some(Trouble::CrashBefore | Trouble::CrashAfter(_)) = self.trouble(step) {
            return self.crash();
        }
        match self.host.detached.get(&step).copied() {
            None => self.answer(ticket, Answer::NotBegun),
            Some(Detached::Ended(0)) => {
                let answer = self.result(step);
                self.answer(ticket, answer);
            }
            Some(Detached::Ended(_)) => self.answer(ticket, Answer::Failed(said_no(step))),
            Some(Detached::Running) => {
                if !is_hook(step) {
                    self.host.perform(step, Portion::Whole);
                }
                self.host.detached.insert(step, Detached::Ended(0));
                let answer = self.result(step);
                self.answer(ticket, answer);
            }
        }
    }

    fn stop(&mut self, ticket: Ticket) {
        if self.stuck == Some((ticket, true)) {
            self.stuck = None;
            if self.host.detached.contains_key(&ticket.step) {
                self.host.detached.insert(ticket.step, Detached::Ended(143));
            }
            self.answer(ticket, Answer::Failed(said_no(ticket.step)));
        }
    }

    fn do_part(&mut self, step: Step, portion: Portion, detached: Detached) {
        let keeps = self.host.kept_aside.filter(|_| self.committed.way_back_failure.is_some());
        self.host.perform(step, portion);
        if step == Step::Unlock && keeps.is_some() {
            // What has not returned is kept for whoever does the rest by hand.
            self.host.kept_aside = keeps;
        }
        if is_detached(step) && portion != Portion::Nothing {
            // Whatever started it, it goes on by itself.
            let before = self.host.detached.insert(step, detached);
            assert_eq!(before, None, "{step} was begun twice");
        }
    }

    fn result(&self, step: Step) -> Answer {
        let is_well = match step {
            Step::Verify => self.host.runs(NEW),
            Step::RestoreVerify => self.host.runs(super::OLD),
            _ => true,
        };
        if !is_well {
            return Answer::Failed(Fault::new(DeploymentReason::Unhealthy, "not all of it runs"));
        }
        let content = ContentHash::test(&NEW.to_string());
        let stranger = SetAside { name: "cache".to_owned(), by: deployment() };
        let set_aside = if self.world.has_stranger { vec![stranger] } else { Vec::new() };
        Answer::Done(match step {
            Step::Snapshot => StepFacts { releases: self.host.heads(), ..StepFacts::default() },
            Step::Render | Step::Load => StepFacts { content: Some(content), ..StepFacts::default() },
            Step::Clear => StepFacts { set_aside, ..StepFacts::default() },
            _ => StepFacts::default(),
        })
    }
}

/// What goes on by itself on a host, and must be begun once. Written down here, not taken from the machine.
fn is_detached(step: Step) -> bool {
    is_hook(step) || matches!(step, Step::Up | Step::RestoreUp)
}

fn is_hook(step: Step) -> bool {
    matches!(step, Step::HooksBefore | Step::HooksAfter | Step::RestoreHooksBefore | Step::RestoreHooksAfter)
}

fn said_no(step: Step) -> Fault {
    let reason = match step {
        Step::Pull | Step::RestorePull => DeploymentReason::PullFailed,
        Step::Up | Step::RestoreUp => DeploymentReason::UpFailed,
        Step::Verify | Step::RestoreVerify => DeploymentReason::Unhealthy,
        Step::HooksBefore | Step::HooksAfter => DeploymentReason::HookFailed,
        _ => DeploymentReason::TransferFailed,
    };
    Fault::new(reason, format!("{step} said no"))
}
