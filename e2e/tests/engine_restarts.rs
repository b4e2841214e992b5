//! An engine that goes away under a job: with it, around it, in the middle of a line.

use std::time::Duration;

use imt_core::id::PipelineId;
use imt_core::ports::{Executor as _, Exit};
use imt_e2e::docker::Engine;
use imt_e2e::executor::{BUSYBOX, Ran, connect_to, finish, fresh_owner, import, job, limited, until_printed};
use tempfile::TempDir;

/// Runs a script on an engine of its own, does something to the engine once the script has printed this, and then lets
/// the script find `go-on`.
async fn interrupted(live_restore: bool, script: &str, printed: &str, act: fn(&mut Engine)) -> Ran {
    let mut engine = Engine::start(live_restore);
    import(&mut engine.command(), BUSYBOX, &[]);
    let executor = connect_to(&engine.host(), fresh_owner()).await;
    let (pipeline, workspace) = (PipelineId::generate(), TempDir::new().expect("a workspace"));
    let mut spec = job(pipeline, 0, script);
    spec.workspace = Some(workspace.path().to_owned());
    let handle = executor.start(&spec).await.expect("start");
    let go_on = workspace.path().join("go-on");
    let interrupt = async {
        // From the engine's copy, or with what follows: this reader is not the one that is interrupted.
        limited(60, until_printed(&executor, &handle, printed)).await;
        tokio::task::spawn_blocking(move || {
            act(&mut engine);
            std::fs::write(go_on, "").expect("a file in the workspace");
            engine
        })
        .await
        .expect("the engine comes back")
    };
    let (ran, engine) = limited(120, async { tokio::join!(finish(&executor, &handle), interrupt) }).await;
    executor.cleanup(pipeline, Some(workspace.path())).await.expect("cleanup");
    assert!(engine.containers_of(&pipeline.to_string()).is_empty());
    ran
}

fn restart(engine: &mut Engine) {
    engine.down();
    engine.up();
}

/// A line without its end is in no copy that the engine keeps, and gone from its memory when it is restarted.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_the_engine_restarts_in_the_middle_of_is_whole() {
    let script = "printf 'one\nBuilding... '; printf 'to stderr, ' >&2; echo >begun; \
                  while ! test -e go-on; do sleep 0.05; done; \
                  echo ok; echo done >&2; sleep 1; echo the end";
    let ran = interrupted(true, script, "one\n", |engine| {
        // What was printed is delivered at once; only then it can be lost.
        std::thread::sleep(Duration::from_millis(500));
        restart(engine);
    })
    .await;
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "one\nBuilding... ok\nthe end\n");
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "to stderr, done\n");
    assert_eq!(ran.exit, Exit::Code(0));
}

/// For a container that it finds dead the engine writes down 255, which a script can say just as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_dies_in_a_crash_of_the_host_is_lost_and_has_not_failed() {
    let ran = interrupted(false, "echo begun; sleep 300", "begun\n", |engine| {
        engine.crash();
        engine.up();
    })
    .await;
    assert_eq!(ran.exit, Exit::Lost { began: true }, "{ran:?}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "begun\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_says_255_has_failed() {
    let script = "echo begun; while ! test -e go-on; do sleep 0.05; done; sleep 1; exit 255";
    let ran = interrupted(true, script, "begun\n", restart).await;
    assert_eq!(ran.exit, Exit::Code(255), "{ran:?}");
}
