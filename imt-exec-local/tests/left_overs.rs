//! What jobs leave behind: processes that are hard to find, that cannot be found, and that cannot be ended.

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use imt_core::id::PipelineId;
use imt_core::ports::{Executor as _, Exit};
use imt_exec_local::LocalExecutor;

use common::{executor, job, lives, text, wait_until};

/// Kills a process.
fn kill(pid: &str) {
    let killed = Command::new("kill").args(["-9", pid]).status().expect("kill can be run");
    assert!(killed.success(), "process {pid} cannot be killed");
}

/// In the environment of a test that another one of its kind started.
const AGAIN: &str = "LEFT_OVERS_AGAIN";

fn is_root() -> bool {
    fs::metadata("/proc/self").expect("proc is mounted").uid() == 0
}

/// Runs the test of this name once more, in another way.
fn run_again(name: &str, mut command: Command) {
    let output = command.args(["--exact", name, "--nocapture"]).env(AGAIN, "1").output().expect("it can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Whether this is root's run of a test for normal users, which it hands to nobody.
fn handed_to_nobody(name: &str) -> bool {
    if !is_root() || std::env::var_os(AGAIN).is_some() {
        return false;
    }
    let dir = tempfile::tempdir().expect("a directory");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).expect("it is ours");
    let copy = dir.path().join("test");
    assert!(
        Command::new("cp")
            .arg(std::env::current_exe().expect("this program"))
            .arg(&copy)
            .status()
            .expect("cp is there")
            .success()
    );
    // Becomes root for good, as `sudo` does, when nobody runs it.
    let as_root = dir.path().join("as-root");
    let setpriv = std::env::split_paths(&std::env::var_os("PATH").expect("PATH is set"))
        .map(|dir| dir.join("setpriv"))
        .find(|path| path.is_file())
        .expect("setpriv is part of util-linux");
    assert!(Command::new("cp").arg(setpriv).arg(&as_root).status().expect("cp is there").success());
    fs::set_permissions(&as_root, fs::Permissions::from_mode(0o4755)).expect("it is ours");
    let mut command = Command::new(&copy);
    command.env("TMPDIR", dir.path()).env("HOME", dir.path()).env("AS_ROOT", &as_root).current_dir(dir.path());
    command.uid(65534).gid(65534);
    run_again(name, command);
    true
}

fn listening(state: &Path) -> (LocalExecutor, Arc<Mutex<Vec<String>>>) {
    let said = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&said);
    let executor =
        LocalExecutor::builder(state).on_warning(move |text| ear.lock().expect("nobody panics").push(text.to_owned()));
    (executor.build().expect("an executor"), said)
}

/// In a namespace of its own the numbers of processes can be set.
#[tokio::test(flavor = "multi_thread")]
async fn processes_are_found_after_their_numbers_went_round() {
    let name = "processes_are_found_after_their_numbers_went_round";
    if std::env::var_os(AGAIN).is_none() {
        let user = if is_root() { None } else { Some("--map-root-user") };
        let unshare = || {
            let mut command = Command::new("unshare");
            command.args(user).args(["--pid", "--fork", "--mount-proc", "--kill-child"]);
            command
        };
        // Where namespaces are not allowed, the test of the numbers alone has to do.
        if unshare().arg("true").output().is_ok_and(|output| output.status.success()) {
            let mut command = unshare();
            command.arg(std::env::current_exe().unwrap());
            run_again(name, command);
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(&dir.path().join("state"));
    fs::write("/proc/sys/kernel/ns_last_pid", "20000").unwrap();
    // Longer than the numbers are relied on; they cannot be made to go round faster.
    let highest: f64 = fs::read_to_string("/proc/sys/kernel/pid_max").unwrap().trim().parse().unwrap();
    let long = highest / 1e6 + 0.1;
    // One in the group, without the mark, and one outside of it, with the mark; both with lower numbers than the shell.
    let script = format!(
        "echo 500 >/proc/sys/kernel/ns_last_pid\n\
                  env -i \"PATH=$PATH\" sh -c 'exec 9>&-; echo $$ >group; sleep 300' >/dev/null 2>&1 &\n\
                  setsid sh -c 'exec 9>&-; echo $$ >outside; sleep 300' >/dev/null 2>&1 &\n\
                  while ! test -s group || ! test -s outside; do sleep 0.05; done\n\
                  sleep {long}; echo 20100 >/proc/sys/kernel/ns_last_pid"
    );
    let pipeline = PipelineId::generate();
    let handle = executor.start(&job(pipeline, &script, dir.path())).await.unwrap();
    assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Code(0));
    let pid = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap().trim().to_owned();
    assert!(pid("group").parse::<u32>().unwrap() < 20_000, "{}", pid("group"));
    assert!(!lives(&pid("group")) && !lives(&pid("outside")));
    executor.cleanup(pipeline, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_fork_and_exit_are_not_outrun() {
    let dir = tempfile::tempdir().unwrap();
    let executor = executor(&dir.path().join("state"));
    let beat = dir.path().join("beat");
    // Each does one write and lives on in its child; all of it ends by itself should the test fail.
    let chain = "my $end = time + 20; while (time < $end) { open(F, \">\", \"beat\") and print F $$ and close F; \
                 fork and exit }";
    for by in ["", "setsid ", "env -i setsid "] {
        let script = format!("{by}/usr/bin/perl -e '{chain}' & while ! test -s beat; do sleep 0.02; done; sleep 0.1");
        let pipeline = PipelineId::generate();
        let handle = executor.start(&job(pipeline, &script, dir.path())).await.unwrap();
        assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Code(0), "{}", text(&executor, &handle).await);
        fs::remove_file(&beat).unwrap();
        // A pause that what should not happen has the time to happen in.
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!beat.exists(), "`{by}` goes on");
        executor.cleanup(pipeline, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_its_first_thread_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let program = "#include <pthread.h>\n#include <unistd.h>\nstatic void *go(void *p) { sleep(300); return p; }\n\
                   int main(void) { pthread_t t; pthread_create(&t, 0, go, 0); pthread_exit(0); }\n";
    fs::write(dir.path().join("headless.c"), program).unwrap();
    let cc = Command::new("cc").args(["-pthread", "-o", "headless", "headless.c"]).current_dir(dir.path()).status();
    assert!(cc.expect("a C compiler is needed").success());
    let executor = executor(&dir.path().join("state"));
    for (by, redirect) in [("", ""), ("setsid ", " 9>&- >/dev/null 2>&1"), ("env -i setsid ", " >/dev/null 2>&1")] {
        let script = format!(
            "{by}./headless{redirect} & pid=$!; while ! grep -q 'State:.Z' /proc/$pid/status; do sleep 0.02; done; echo $pid"
        );
        let pipeline = PipelineId::generate();
        let handle = executor.start(&job(pipeline, &script, dir.path())).await.unwrap();
        assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Code(0));
        let pid = text(&executor, &handle).await;
        // At most an end that nobody has taken yet is there.
        let status = fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap_or_default();
        assert!(!status.contains("Threads:\t2"), "{by}: {status}");
        executor.cleanup(pipeline, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_hides_is_told_of() {
    if handed_to_nobody("a_process_that_hides_is_told_of") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (executor, said) = listening(&dir.path().join("state"));
    // What may be run but not read hides its environment and its descriptors.
    let script = "cp \"$(command -v sleep)\" hidden; chmod 0111 hidden\n\
                  env -i \"PATH=$PATH\" setsid sh -c 'echo $$ >pid; exec ./hidden 300' >/dev/null 2>&1 &\n\
                  while ! grep -q hidden /proc/$(cat pid)/comm; do sleep 0.02; done; echo done; exit 3";
    let pipeline = PipelineId::generate();
    let handle = executor.start(&job(pipeline, script, dir.path())).await.unwrap();
    assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Code(3), "it ends as its shell did");
    let pid = fs::read_to_string(dir.path().join("pid")).unwrap().trim().to_owned();
    let said = said.lock().unwrap().join("\n");
    assert!(said.contains("job `hard`") && said.contains("descriptor 9"), "{said}");
    assert!(said.contains(&format!("{pid} (hidden)")), "{said}");
    let failure = executor.stop(&handle, Duration::ZERO).await.unwrap_err();
    assert!(failure.message.contains("descriptor 9"), "{failure}");
    kill(&pid);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_ended_changes_nothing_of_how_the_job_ended() {
    // Only root can prepare a program that becomes another user.
    if !is_root() && std::env::var_os(AGAIN).is_none()
        || handed_to_nobody("what_may_not_be_ended_changes_nothing_of_how_the_job_ended")
    {
        return;
    }
    let as_root = std::env::var("AS_ROOT").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (executor, said) = listening(&dir.path().join("state"));
    let script = format!(
        "{as_root} --reuid=0 --clear-groups sh -c 'echo $$ >/proc/self/fd/8; exec sleep 8' 8>pid &\n\
         while ! test -s pid; do sleep 0.02; done; printf 'all of it'; exit 4"
    );
    let pipeline = PipelineId::generate();
    let before = Instant::now();
    let handle = executor.start(&job(pipeline, &script, dir.path())).await.unwrap();
    assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Code(4));
    assert!(before.elapsed() < Duration::from_secs(6), "no waiting for what cannot be: {:?}", before.elapsed());
    assert_eq!(text(&executor, &handle).await, "all of it");
    let pid = fs::read_to_string(dir.path().join("pid")).unwrap().trim().to_owned();
    let said = said.lock().unwrap().join("\n");
    assert!(said.contains(&format!("cannot be killed, of other users: {pid} (sleep)")), "{said}");
    assert!(executor.stop(&handle, Duration::ZERO).await.is_err());
}

/// Not a test of its own: the process that the next test starts, by these variables, and kills.
#[tokio::test(flavor = "multi_thread")]
async fn helper_that_starts_a_job_and_waits() {
    let (Ok(state), Ok(pipeline)) = (std::env::var("HARD_STATE"), std::env::var("HARD_PIPELINE")) else { return };
    let executor = executor(Path::new(&state));
    let script = "env -i \"PATH=$PATH\" sh -c 'echo $$ >member; sleep 300' >/dev/null 2>&1 9>&- & echo $$ >shell; wait";
    let handle = executor.start(&job(pipeline.parse().unwrap(), script, Path::new(&state).parent().unwrap())).await;
    executor.wait(&handle.unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_known_without_its_leader() {
    let dir = tempfile::tempdir().unwrap();
    let (state, pipeline) = (dir.path().join("state"), PipelineId::generate());
    let mut ours = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "helper_that_starts_a_job_and_waits"])
        .env("HARD_STATE", &state)
        .env("HARD_PIPELINE", pipeline.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap_or_default().trim().to_owned();
    wait_until("the job runs", || !read("shell").is_empty() && !read("member").is_empty());
    // Between the start and its record there is a moment, in which a group without a leader and without a mark is not known.
    let records = || fs::read_dir(state.join(pipeline.to_string())).into_iter().flatten().flatten();
    let is_whole = |record: fs::DirEntry| {
        record.path().extension().is_some_and(|extension| extension == "pid")
            && record.metadata().is_ok_and(|data| data.len() > 0)
    };
    wait_until("it is on record", || records().any(is_whole));
    ours.kill().unwrap();
    ours.wait().unwrap();
    let (shell, member) = (read("shell"), read("member"));
    kill(&shell);
    wait_until("the shell is gone", || !lives(&shell));
    assert!(lives(&member));
    executor(&state).cleanup(pipeline, None).await.unwrap();
    assert!(!lives(&member));
}

/// A child has all that its parent holds until it has become another program.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_started_while_jobs_end_is_not_killed_with_them() {
    let (state, workspace) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let executor = executor(state.path());
    let over = AtomicBool::new(false);
    let killed: Vec<i32> = thread::scope(|scope| {
        let start_others = || {
            let mut killed = Vec::new();
            while !over.load(Ordering::Relaxed) {
                killed.extend(Command::new("true").status().unwrap().signal());
            }
            killed
        };
        let threads = [(); 4].map(|()| scope.spawn(start_others));
        let jobs = async {
            for _ in 0..80 {
                let some = [(); 4].map(|()| job(PipelineId::generate(), "true", workspace.path()));
                let runs = some.iter().map(async |job| {
                    let handle = executor.start(job).await.unwrap();
                    assert_eq!(executor.wait(&handle).await.unwrap(), Exit::Code(0));
                    executor.cleanup(job.attempt.pipeline, None).await.unwrap();
                });
                futures_util::future::join_all(runs).await;
            }
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(jobs));
        over.store(true, Ordering::Relaxed);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(killed.is_empty(), "{} programs were ended by signals: {killed:?}", killed.len());
}
