//! Cases for executors that run shell scripts in a workspace.

use std::time::Duration;

use super::behaviour::out;
use super::bench::{Bench, Ran, assert_bytes};
use super::{Act, Capability};
use crate::ports::{EnvValue, EnvVar, Exit, LogPositions, Notes};
use crate::secret::Secret;

const SOON: Duration = Duration::from_secs(3);

/// Writes to the workspace for ever, heedless of SIGTERM.
const BEAT: &str = "trap '' TERM HUP; while :; do echo >>beat; sleep 0.05; done";

fn shell(text: impl Into<String>) -> Vec<Act> {
    vec![Act::Shell(text.into())]
}

async fn run(bench: &Bench<'_>, text: impl Into<String>) -> Ran {
    bench.run(&bench.job(shell(text))).await
}

#[track_caller]
fn assert_success(ran: &Ran) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&ran.printed.stdout), text(&ran.printed.stderr));
    assert_eq!(ran.exit, Exit::Code(0), "stdout: {stdout}\nstderr: {stderr}");
}

/// Nothing of the job's processes writes to the workspace any more.
async fn assert_no_beat(bench: &Bench<'_>) {
    let text = "test -s beat; a=$(wc -c <beat); sleep 0.5; b=$(wc -c <beat); echo \"$a $b\"; test \"$a\" = \"$b\"";
    let ran = run(bench, format!("set -e\n{text}")).await;
    assert_success(&ran);
}

/// Values of any content arrive as they are, plain and secret, whatever an executor's own shell text calls its variables.
pub async fn environment_is_exact(bench: &mut Bench<'_>) {
    let long = "0123456789".repeat(5_000);
    let values = [
        "", " ", "a b", "'", "\"", "\\", "$HOME", "`id`", "$(id)", "-n", "a\nb\n", "\t", "ünï→", "*", "a=b", "%s",
        "\\n", "#x", &long,
    ];
    let names: Vec<String> = ('a'..='z').map(String::from).chain((26..60).map(|n| format!("V{n}"))).collect();
    let of = |n: usize| values[n % values.len()];
    let text: String = names.iter().fold(String::new(), |text, name| text + "printf '%s\\000' \"$" + name + "\"\n");
    let mut job = bench.job(shell(text));
    for (n, name) in names.iter().enumerate() {
        let value = if n % 2 == 0 { EnvValue::Plain(of(n).to_owned()) } else { EnvValue::Secret(Secret::new(of(n))) };
        job.env.push(EnvVar { name: name.clone(), value });
    }
    let ran = bench.run(&job).await;
    assert_success(&ran);
    let wanted: Vec<u8> = (0..names.len()).flat_map(|n| [of(n).as_bytes(), b"\0"].concat()).collect();
    assert_bytes(&ran.printed.stdout, &wanted, "the variables");
}

/// Nothing of our own environment leaks into the job; a path and a home are there.
pub async fn environment_is_clean(bench: &mut Bench<'_>) {
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "this case runs under cargo");
    let ran = run(bench, "printf '%s' \"${CARGO_MANIFEST_DIR-none} ${PATH:+path} ${HOME:+home}\"").await;
    assert_success(&ran);
    assert_bytes(&ran.printed.stdout, b"none path home", "stdout");
}

/// Who reads stdin finds its end.
pub async fn stdin_is_empty(bench: &mut Bench<'_>) {
    let ran = run(bench, "cat; read -r x; echo \"$? [$x]\"").await;
    assert_success(&ran);
    assert_bytes(&ran.printed.stdout, b"1 []\n", "stdout");
}

/// One shell for the whole script: directory, variables and options persist, and `-e` ends it.
pub async fn script_is_one_shell(bench: &mut Bench<'_>) {
    let ran =
        run(bench, "set -e\nx=1\nmkdir -p sub\ncd sub\nx=2\nbasename \"$PWD\"\necho $x\n(exit 3)\necho never\n").await;
    assert_eq!(ran.exit, Exit::Code(3));
    assert_bytes(&ran.printed.stdout, b"sub\n2\n", "stdout");
}

/// A script of 1 MiB, far over what one argument may hold.
pub async fn big_script_runs(bench: &mut Bench<'_>) {
    let line = format!("# {}\n", "x".repeat(1_000));
    let ran = run(bench, format!("{}echo end\n", line.repeat(1_050))).await;
    assert_success(&ran);
    assert_bytes(&ran.printed.stdout, b"end\n", "stdout");
}

/// No process of the job shows a secret in its arguments.
pub async fn secrets_are_not_in_arguments(bench: &mut Bench<'_>) {
    let list = "for f in /proc/[0-9]*/cmdline; do { tr '\\000' ' ' <\"$f\"; } 2>/dev/null; echo; done; echo listed";
    let mut job = bench.job(shell(list));
    let secret = "correct-horse-battery-staple-9d1c";
    job.env.push(EnvVar { name: "TOKEN".to_owned(), value: EnvValue::Secret(Secret::new(secret)) });
    let ran = bench.run(&job).await;
    assert_success(&ran);
    let text = String::from_utf8_lossy(&ran.printed.stdout).into_owned();
    assert!(text.contains("tr ") && text.ends_with("listed\n"), "the list shows at least its own maker: {text}");
    assert!(!text.contains(secret), "the secret is among the arguments: {text}");
}

/// Jobs of a pipeline start in the same directory and see each other's files.
pub async fn workspace_is_shared(bench: &mut Bench<'_>) {
    assert_success(&run(bench, "set -e\nmkdir d\necho one >d/file").await);
    let ran = run(bench, "cat d/file").await;
    assert_success(&ran);
    assert_bytes(&ran.printed.stdout, b"one\n", "stdout");
}

/// A prepared job has not run, whatever runs meanwhile; once started it runs once.
pub async fn nothing_runs_before_the_start(bench: &mut Bench<'_>) {
    let prepared = bench.job(shell("echo ran >>ran"));
    for _ in 0..2 {
        bench.executor.prepare(&prepared, &Notes::discard()).await.expect("prepare");
    }
    assert_success(&run(bench, "sleep 0.5; test ! -e ran").await);
    assert_success(&bench.run(&prepared).await);
    let ran = run(bench, "cat ran").await;
    assert_bytes(&ran.printed.stdout, b"ran\n", "what the prepared job wrote");
}

/// A shell killed by its own script.
pub async fn script_that_kills_its_shell(bench: &mut Bench<'_>) {
    let ran = run(bench, "echo before; kill -9 $$; echo after").await;
    let wanted = if bench.subject.can(Capability::SeesSignals) { Exit::Signal(9) } else { Exit::Code(137) };
    assert_eq!(ran.exit, wanted);
    assert_bytes(&ran.printed.stdout, b"before\n", "stdout");
    let ran = run(bench, "sh -c 'kill -9 $$'; exit $?").await;
    assert_eq!(ran.exit, Exit::Code(137), "a child's signal is the script's business");
}

/// An attempt ends when its script ends, not when its output does.
pub async fn script_that_closes_its_output(bench: &mut Bench<'_>) {
    let ran = run(bench, "echo x; exec >&- 2>&-; sleep 0.3; exit 5").await;
    assert_eq!(ran.exit, Exit::Code(5));
    assert_bytes(&ran.printed.stdout, b"x\n", "stdout");
}

async fn ends_with_its_children(bench: &Bench<'_>, text: String) {
    let before = tokio::time::Instant::now();
    let ran = run(bench, text).await;
    let took = before.elapsed();
    assert_success(&ran);
    assert_bytes(&ran.printed.stdout, b"end\n", "stdout");
    assert!(took < SOON * 3, "children hold neither the attempt nor its log open; took {took:?}");
    assert_no_beat(bench).await;
}

/// Children in the background that hold the output open are ended with the script.
pub async fn background_children_end_with_the_script(bench: &mut Bench<'_>) {
    let text = format!("({BEAT}) &\nwhile ! test -s beat; do sleep 0.02; done\necho end");
    ends_with_its_children(bench, text).await;
}

/// Children that left for a session of their own are ended, too.
pub async fn daemons_end_with_the_script(bench: &mut Bench<'_>) {
    let text =
        format!("cat >d.sh <<'X'\n{BEAT}\nX\n(setsid sh d.sh &)\nwhile ! test -s beat; do sleep 0.02; done\necho end");
    ends_with_its_children(bench, text).await;
}

/// A stop ends children, grandchildren and daemons, whether they heed SIGTERM or not.
pub async fn stop_kills_the_whole_tree(bench: &mut Bench<'_>) {
    let text = format!(
        "cat >d.sh <<'X'\n{BEAT}\nX\n(setsid sh d.sh &)\nsh -c 'sh d.sh & wait' &\n\
         while ! test -s beat; do sleep 0.02; done\necho ready\nwait"
    );
    let handle = bench.begin(&bench.job(shell(text))).await;
    bench.until_printed(&handle, "ready").await;
    let took = bench.stop(&handle, Duration::from_millis(500)).await;
    assert!(took < SOON, "took {took:?}");
    assert!(matches!(bench.wait(&handle).await, Exit::Stopped(_)));
    bench.read(&handle, LogPositions::default()).await;
    assert_no_beat(bench).await;
}

/// A script that gave its shell away is stopped all the same.
pub async fn replaced_shell_is_stopped(bench: &mut Bench<'_>) {
    let handle = bench.begin(&bench.job(vec![out(b"ready\n"), Act::Shell("exec sleep 300".to_owned())])).await;
    bench.until_printed(&handle, "ready").await;
    let took = bench.stop(&handle, Duration::from_mins(1)).await;
    assert!(took < SOON, "took {took:?}");
    assert!(matches!(bench.wait(&handle).await, Exit::Stopped(_)));
}

/// What jobs locked away, the caller can remove after the cleanup.
pub async fn locked_files_can_be_removed(bench: &mut Bench<'_>) {
    assert_success(
        &run(bench, "set -e\nmkdir -p locked/deep\necho x >locked/deep/f\nchmod 000 locked/deep locked").await,
    );
    bench.cleanup().await;
    let workspace = bench.workspace.clone().expect("shell cases need a workspace");
    for entry in std::fs::read_dir(&workspace).expect("the workspace is there and readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap_or_else(|error| panic!("{} remains: {error}", path.display()));
        }
    }
}
