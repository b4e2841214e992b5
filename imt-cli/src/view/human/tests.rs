use imt_core::status::Reason;

use super::super::story::{Story, facts};
use super::super::{Target, View as _};
use super::*;

fn piped(story: &Story) -> String {
    let mut human = Human::new(&story.facts, Paint::plain(), false);
    let mut out = Output::default();
    for seen in &story.seen {
        human.observe(seen, &mut out);
    }
    human.finish(story.now(), None, &mut out);
    out.text(Target::Stdout)
}

/// The moving lines after a story, drawn for a terminal of this size, and the lines that have settled.
fn live(story: &Story, columns: usize, rows: usize) -> String {
    let mut human = Human::new(&story.facts, Paint::plain(), true);
    let mut out = Output::default();
    for seen in &story.seen {
        human.observe(seen, &mut out);
    }
    human.draw(story.now(), Canvas { columns, rows }, &mut out);
    out.text(Target::Stdout).replace("\u{1b}[K", "").replace("\u{1b}[J", "")
}

#[test]
fn a_pipe_gets_everything_line_by_line() {
    let text = piped(&Story::whole());
    assert!(!text.contains('\u{1b}'));
    insta::assert_snapshot!(text, @r"
    hello 0123456789ab (main), in containers

    build
        compile │ $ make
        compile │ cc -o app
      ✓ compile    0.2s

    test
        unit │ $ make unit
        unit │ a test failed
      ↻ unit  attempt 1 failed: exit code 2; once more
        unit │ $ make unit
        unit │ ok
        unit │ $ make report
        unit │ no report
      ✗ unit       0.4s  exit code 3
        lint │ $ make lint
      ! lint       0.2s  exit code 1, which is allowed

    release
      - ship             skipped: an earlier stage failed

    ✗ unit failed: exit code 3
      at $ make report
      the last lines of its log:
      │ $ make unit
      │ ok
      │ $ make report
      │ no report

    failed in 2.4s · 4 jobs: 1 succeeded, 2 failed, 1 skipped
    ");
}

#[test]
fn a_terminal_gets_the_tail_of_what_runs() {
    let mut story = Story::new(facts(2));
    story.event(ChangeKind::WorkspaceReady { instance: imt_core::id::InstanceId::new("here") });
    story.start(0).stdout(0, b"$ make\n").succeed(0);
    story
        .start(1)
        .stdout(1, b"$ make unit\none\ntwo\nthree\nfour\nfive\nsix\n")
        .stderr(1, b"a line that is rather long and goes on");
    let attempt = AttemptId { pipeline: story.facts.pipeline, job: JobIndex(2), number: 1 };
    story.event(ChangeKind::AttemptCreated { attempt }).system(2, b"pulling busybox\n");
    insta::assert_snapshot!(live(&story, 80, 24), @r"
    hello 0123456789ab (main), in containers

    build
      ✓ compile    0.2s

    test
      ⠸ unit  0.5s
        │ three
        │ four
        │ five
        │ six
        │ a line that is rather long and goes on
      ⠸ lint  getting ready
        │ pulling busybox
      1 of 4 jobs done · 1.3s
    ");
    insta::assert_snapshot!(live(&story, 30, 8), @r"
    hello 0123456789ab (main), in containers

    build
      ✓ compile    0.2s

    test
      ⠸ unit  0.5s
      ⠸ lint  getting ready
      1 of 4 jobs done · 1.3s
    ");
}

#[test]
fn stages_come_in_order_and_once_whatever_was_skipped_at_the_start() {
    let mut story = Story::new(facts(1));
    let skip = |story: &mut Story, job: u32, reason| {
        story.event(ChangeKind::JobEnded { job: JobIndex(job), end: End::because(Status::Skipped, reason) });
    };
    for job in [3, 1] {
        skip(&mut story, job, Reason::When);
    }
    story.start(0).succeed(0).start(2).succeed(2);
    story.event(ChangeKind::PipelineEnded { end: End::success() });
    insta::assert_snapshot!(piped(&story), @r"
    hello 0123456789ab (main), in containers

    build
      ✓ compile    0.1s

    test
      - unit             skipped: its `when` does not match
      ✓ lint       0.1s

    release
      - ship             skipped: its `when` does not match

    success in 1.1s · 4 jobs: 2 succeeded, 2 skipped
    ");
}

#[test]
fn a_job_that_errored_but_may_is_not_to_blame() {
    let mut story = Story::new(facts(1));
    let end = End::because(Status::Errored, Reason::ImageNotFound).with_detail("no image");
    story.start(2);
    let attempt = AttemptId { pipeline: story.facts.pipeline, job: JobIndex(2), number: 1 };
    story.event(ChangeKind::AttemptEnded { attempt, end: end.clone(), began: false });
    story.event(ChangeKind::JobEnded { job: JobIndex(2), end });
    story.event(ChangeKind::PipelineEnded { end: End::success() });
    let text = piped(&story);
    assert!(text.contains("! lint") && text.contains("no such image, which is allowed"), "{text}");
    assert!(!text.contains('✗'), "{text}");
}

#[test]
fn the_end_of_the_last_job_is_not_the_end() {
    let mut story = Story::new(facts(1));
    story.event(ChangeKind::WorkspaceReady { instance: imt_core::id::InstanceId::new("here") });
    for job in 0..3 {
        story.start(job).succeed(job);
    }
    assert!(!live(&story, 80, 24).contains("cleaning up"));
    story.start(3).succeed(3);
    assert!(live(&story, 80, 24).contains("4 of 4 jobs done"), "{}", live(&story, 80, 24));
    assert!(live(&story, 80, 24).contains("· cleaning up"));
}

#[test]
fn success_is_short() {
    let mut story = Story::new(facts(1));
    story.start(0).stdout(0, b"$ make\n").succeed(0);
    story.event(ChangeKind::PipelineEnded { end: End::success() });
    insta::assert_snapshot!(live(&story, 80, 24), @r"
    hello 0123456789ab (main), in containers

    build
      ✓ compile    0.2s

    success in 0.6s · 4 jobs
    ");
}

#[test]
fn an_errored_job_shows_its_remedy_and_a_fault_of_ours_too() {
    let mut story = Story::new(facts(1));
    story.start(0);
    let end =
        End::because(Status::Errored, Reason::ImageNotFound).with_detail("image `busybox:9` is not there; try another");
    let attempt = AttemptId { pipeline: story.facts.pipeline, job: JobIndex(0), number: 1 };
    story.event(ChangeKind::AttemptEnded { attempt, end: end.clone(), began: false });
    story.event(ChangeKind::JobEnded { job: JobIndex(0), end: end.clone() });
    story.event(ChangeKind::PipelineEnded { end });
    insta::assert_snapshot!(piped(&story), @r"
    hello 0123456789ab (main), in containers

    build
      ✗ compile    0.1s  no such image

    ✗ compile errored: no such image
      image `busybox:9` is not there; try another

    errored in 0.5s · 4 jobs: 1 errored
    ");

    let mut human = Human::new(&story.facts, Paint::plain(), true);
    let mut out = Output::default();
    human.finish(story.now(), Some(&End::because(Status::Errored, Reason::Internal).with_detail("broken")), &mut out);
    assert!(out.text(Target::Stdout).contains("errored"), "{}", out.text(Target::Stdout));
    assert!(out.text(Target::Stdout).contains("broken"));
}

#[test]
fn what_a_job_prints_cannot_move_the_cursor() {
    let mut story = Story::new(facts(1));
    story.start(0).stdout(0, b"\x1b[2J\x1b]0;title\x07text\rover\n");
    assert!(!live(&story, 80, 24).contains("\u{1b}[2J"));
    assert!(!live(&story, 80, 24).contains("title"));
    assert!(live(&story, 80, 24).contains("│ over"));
}
