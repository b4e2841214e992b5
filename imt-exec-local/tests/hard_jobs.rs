//! Jobs and inputs that are hard to live with: daemons that hide, a killed process of ours, bad specs.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use imt_core::id::{AttemptId, JobIndex, PipelineId};
use imt_core::ports::{EnvValue, EnvVar, Executor as _, Exit, FailureKind, JobSpec, LogPositions, Note, Notes};
use imt_core::secret::Secret;
use imt_exec_local::LocalExecutor;

use common::{executor, job, lives, text, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn daemons_are_found_whatever_they_gave_up() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(&dir.path().join("state"));
    // All of them have a session of their own and a parent that is gone.
    let keeps_mark = ("setsid", " >/dev/null 2>&1 9>&-");
    let keeps_lifeline = ("env -i PATH=\"$PATH\" setsid", " >/dev/null 2>&1");
    let keeps_output = ("env -i PATH=\"$PATH\" setsid", " 9>&-");
    for (by, without) in [keeps_mark, keeps_lifeline, keeps_output] {
        let script = format!(
            "rm -f pid; ({by} sh -c 'echo $$ >pid; while :; do sleep 0.1; done'{without} &)\n\
             while ! test -s pid; do sleep 0.02; done; cat pid"
        );
        let pipeline = PipelineId::generate();
        let handle = executor.start(&job(pipeline, &script, dir.path())).await.unwrap();
        let before = Instant::now();
        assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Code(0), "{script}");
        let pid = text(&executor, &handle).await;
        assert!(!lives(pid.trim()), "{pid} of {script}");
        assert!(before.elapsed() < Duration::from_secs(5));
        executor.cleanup(pipeline, None).await.unwrap();
    }
}

/// Not a test of its own: the process that the next test starts, by these variables, and kills.
#[tokio::test(flavor = "multi_thread")]
async fn helper_that_starts_a_job_and_waits() {
    let (Ok(state), Ok(pipeline)) = (std::env::var("HARD_STATE"), std::env::var("HARD_PIPELINE")) else { return };
    let executor = executor(Path::new(&state));
    let script = "trap '' TERM HUP PIPE; echo $$ >shell; setsid sh -c 'echo $$ >daemon; sleep 300' & sleep 300 & wait";
    let workspace = Path::new(&state).with_file_name("work");
    let handle = executor.start(&job(pipeline.parse().unwrap(), script, &workspace)).await.unwrap();
    executor.wait(&handle).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_of_ours_left_is_swept_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let (state, work, pipeline) = (dir.path().join("state"), dir.path().join("work"), PipelineId::generate());
    std::fs::create_dir(&work).unwrap();
    for by_attach in [false, true] {
        let mut ours = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "helper_that_starts_a_job_and_waits"])
            .env("HARD_STATE", &state)
            .env("HARD_PIPELINE", pipeline.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let read = |name: &str| std::fs::read_to_string(work.join(name)).unwrap_or_default().trim().to_owned();
        wait_until("the job runs", || !read("shell").is_empty() && !read("daemon").is_empty());
        ours.kill().unwrap();
        ours.wait().unwrap();
        let (shell, daemon) = (read("shell"), read("daemon"));
        assert!(lives(&shell) && lives(&daemon), "the job outlives us");

        let next = executor(&state);
        let owned = next.list_owned().await.unwrap();
        assert_eq!(owned.len(), 1);
        assert_eq!((owned[0].pipeline, owned[0].workspace.as_deref()), (pipeline, Some(&*work)));
        if by_attach {
            let attempt = AttemptId { pipeline, job: JobIndex(0), number: 1 };
            assert_eq!(next.attach(attempt).await.unwrap(), None);
            assert!(!lives(&shell) && !lives(&daemon), "an attempt that is reported lost does not run on");
        }
        next.cleanup(pipeline, Some(&work)).await.unwrap();
        assert!(!lives(&shell) && !lives(&daemon));
        assert!(next.list_owned().await.unwrap().is_empty());
        std::fs::remove_file(work.join("shell")).unwrap();
        std::fs::remove_file(work.join("daemon")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_step_back_as_far_as_they_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let ours = rustix::process::getpriority_process(None).unwrap();
    for niceness in [0, 3] {
        let executor = LocalExecutor::builder(dir.path().join("state")).niceness(niceness).build().unwrap();
        // What the shell starts comes after us just as it does.
        let script = "until test \"$(sh -c 'exec nice')\" = EXPECTED; do sleep 0.02; done; nice";
        let expected = (ours + i32::from(niceness)).to_string();
        let pipeline = PipelineId::generate();
        let job = job(pipeline, &script.replace("EXPECTED", &expected), dir.path());
        let handle = executor.start(&job).await.unwrap();
        assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Code(0));
        assert_eq!(text(&executor, &handle).await.trim(), expected);
        executor.cleanup(pipeline, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_executors_side_by_side_leave_each_other_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (executor(&dir.path().join("one")), executor(&dir.path().join("two")));
    let (mine, theirs) = (PipelineId::generate(), PipelineId::generate());
    let handle = one.start(&job(mine, "echo ready; sleep 300", dir.path())).await.unwrap();
    assert!(two.list_owned().await.unwrap().is_empty());
    let other = two.start(&job(theirs, "sleep 300", dir.path())).await.unwrap();
    two.cleanup(theirs, None).await.unwrap();
    two.cleanup(mine, None).await.unwrap();
    assert!(two.wait(&other).await.is_err(), "what was cleaned up is forgotten");
    let wait = tokio::time::timeout(Duration::from_millis(300), one.wait(&handle)).await;
    assert!(wait.is_err(), "the other's job still runs");
    one.cleanup(mine, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_executor_ends_what_runs() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(&dir.path().join("state"));
    let script = "echo $$ >pid; trap '' TERM; sleep 300 & wait";
    executor.start(&job(PipelineId::generate(), script, dir.path())).await.unwrap();
    let pid = || std::fs::read_to_string(dir.path().join("pid")).unwrap_or_default().trim().to_owned();
    wait_until("the job runs", || !pid().is_empty());
    drop(executor);
    wait_until("the job is gone", || !lives(&pid()));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_specs_are_refused_by_name_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(&dir.path().join("state"));
    let good = job(PipelineId::generate(), "touch ran", dir.path());
    let with = |name: &str, value: String| {
        let value = EnvValue::Secret(Secret::new(value));
        JobSpec { env: vec![EnvVar { name: name.to_owned(), value }], ..good.clone() }
    };
    std::fs::write(dir.path().join("file"), "").unwrap();
    let cases = [
        (JobSpec { workspace: Some(dir.path().join("none")), ..good.clone() }, FailureKind::WorkspaceFailed, "none"),
        (JobSpec { workspace: Some(dir.path().join("file")), ..good.clone() }, FailureKind::WorkspaceFailed, "file"),
        (with("NUL", "hush\0hush".to_owned()), FailureKind::Unsupported, "`NUL`"),
        (with("A=B", "hush".to_owned()), FailureKind::Unsupported, "`A=B`"),
        (with("", "hush".to_owned()), FailureKind::Unsupported, "``"),
        (with("BIG", "hush".repeat(40_000)), FailureKind::Unsupported, "`BIG`"),
        (JobSpec { script: "echo \0".to_owned(), ..good.clone() }, FailureKind::Unsupported, "`hard`"),
    ];
    for (spec, kind, name) in cases {
        let prepared = executor.prepare(&spec, &Notes::discard()).await.unwrap_err();
        let started = executor.start(&spec).await.unwrap_err();
        for failure in [prepared, started] {
            assert_eq!(failure.kind, kind, "{failure}");
            assert!(failure.message.contains(name), "{failure}");
            assert!(failure.help.is_some() && !failure.explain().contains("hush"), "{failure:?}");
        }
    }
    assert!(!dir.path().join("ran").exists());
    let no_shell = LocalExecutor::builder(dir.path().join("state")).path("/nowhere").build().unwrap();
    assert_eq!(no_shell.start(&good).await.unwrap_err().kind, FailureKind::NoShell);
    let read_only = LocalExecutor::builder("/proc/nowhere").build().unwrap_err();
    assert!(read_only.message.contains("/proc/nowhere"), "{read_only}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_are_not_enforced_are_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(&dir.path().join("state"));
    let mut spec = job(PipelineId::generate(), "true", dir.path());
    spec.resources.memory_bytes = Some(1 << 30);
    let (notes, mut said) = Notes::channel(8);
    executor.prepare(&spec, &notes).await.unwrap();
    executor.prepare(&spec, &notes).await.unwrap();
    drop(notes);
    assert!(matches!(said.recv().await, Some(Note::Line(text)) if text.contains("does not enforce")));
    assert_eq!(said.recv().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_stops_its_own_group_can_be_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(&dir.path().join("state"));
    let script = "trap 'echo bye; exit 7' TERM; echo ready; kill -STOP 0; sleep 300";
    let handle = executor.start(&job(PipelineId::generate(), script, dir.path())).await.unwrap();
    let mut logs = executor.logs(&handle, LogPositions::default()).await.unwrap();
    logs.next().await.unwrap().unwrap();
    executor.stop(&handle, Duration::from_secs(30)).await.unwrap();
    assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Stopped(Some(7)));
    assert_eq!(text(&executor, &handle).await, "ready\nbye\n");
}
