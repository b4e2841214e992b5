//! The shell text that runs as process 1 of each container, and what is said to it over stdin.
//!
//! Pure text. The wrapper works in every POSIX shell (tried in busybox ash, dash and bash) and needs no other program:
//!
//! 1. it reads the secrets as shell assignments up to a sentinel, so that they are in no configuration of the container;
//! 2. it prints *ready* and waits for the *go*; end of input instead (whoever made the container died) ends it with 125;
//! 3. it prints the *began* line, which the executor strips: without it in the log, the script has not begun;
//! 4. it runs the script in a shell of its own with stdin from `/dev/null`, passes SIGTERM to all processes, reaps what
//!    nobody else waits for, and ends with the script's code;
//! 5. last it prints the *ended* line on both streams, which the executor strips: whether the last line of a log had a
//!    newline can be told in the engine's copy only if another line follows.
//!
//! A shell without job control starts what it waits for in the background with SIGINT ignored, which a script could not
//! undo. Where `env` can put the default back, it does; with busybox's `env` the script finds SIGINT ignored.

use std::fmt::Write as _;

use imt_core::id::AttemptId;

/// The exit code of a wrapper that never got its go.
pub(crate) const NO_GO: i64 = 125;

/// Longest single argument Linux takes, its final NUL included.
const ARGUMENT_MAX: usize = 128 * 1024;
/// How much of a script goes into one argument.
const PART: usize = 120 * 1024;
/// How much script an `exec` takes beside the environment (2 MiB for both in all).
pub(crate) const SCRIPT_MAX: usize = 1280 * 1024;
/// Longest `NAME=value` an `exec` takes.
pub(crate) const VARIABLE_MAX: usize = ARGUMENT_MAX - 1;

const SECRETS_END: &str = "imt:end";
const GO: &str = "imt:go";
const READY: &str = "imt:ready";
/// Sends SIGTERM to all processes but the wrapper; there may be none.
const PASS_ON: &str = "kill -TERM -1 2>/dev/null";

/// The line that says the script begins, with its newline. Differs per attempt, so that no log is taken for another's.
pub(crate) fn began_line(attempt: AttemptId) -> Vec<u8> {
    format!("imt:began {attempt}\n").into_bytes()
}

/// The line that follows all output of the script, with its newline.
pub(crate) fn ended_line(attempt: AttemptId) -> Vec<u8> {
    format!("imt:ended {attempt}\n").into_bytes()
}

/// The line that says the wrapper waits for its go, with its newline.
pub(crate) fn ready_line() -> Vec<u8> {
    format!("{READY}\n").into_bytes()
}

/// What is sent to open the gate.
pub(crate) fn go_line() -> Vec<u8> {
    format!("{GO}\n").into_bytes()
}

/// What is sent first: the secrets, each as a quoted assignment.
pub(crate) fn preface<'a>(secrets: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in secrets {
        let _infallible = writeln!(text, "export {name}={}", quote(value));
    }
    text.push_str(SECRETS_END);
    text.push('\n');
    text.into_bytes()
}

/// A POSIX shell word for any text without NUL.
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// The arguments of `sh`: the wrapper, its name, and the script in as many parts as its length needs.
///
/// The wrapper's shell imports the container's environment, so that any variable it sets could be one of the user's. It
/// keeps what it can in its arguments; the names of the rest hold the pipeline's id, which nobody has in a name.
///
/// The text holds the *ended* line nowhere: a job that prints its processes' arguments would be taken to have ended.
///
/// A SIGTERM that comes before there is anybody to pass it on to is remembered. A shell that has just forked may lose one,
/// hence the empty subshells: they give the script's shell the time to become itself, on a busy machine too.
pub(crate) fn arguments(attempt: AttemptId, script: &str) -> Vec<String> {
    let parts = split(script, PART);
    let run = if parts.len() == 1 {
        r#"sh -c "$1" sh"#.to_owned()
    } else {
        // The parts are put together inside the script's own shell, so that `$$` and signals are its own.
        let all: String = (1..=parts.len()).fold(String::new(), |all, n| all + &format!("${{{n}}}"));
        format!(r#"sh -c 'eval "set --;{all}"' sh "$@""#)
    };
    let began = String::from_utf8(began_line(attempt)).expect("made of text above");
    let ended = String::from_utf8(ended_line(attempt)).expect("made of text above");
    let wrapper = format!(
        r#"trap 'exit {NO_GO}' TERM
{v}text=
while IFS= read -r {v}line || exit {NO_GO}; do
[ "${v}line" != {SECRETS_END} ] || break
{v}text="${v}text${v}line
"
done
eval "${v}text"
set -- {run}
if env --default-signal=INT,QUIT true >/dev/null 2>&1; then set -- env --default-signal=INT,QUIT "$@"; fi
echo {READY}
IFS= read -r {v}line || exit {NO_GO}
[ "${v}line" = {GO} ] || exit {NO_GO}
unset {v}text {v}line
{v}term=
trap '{v}term=1; {PASS_ON}' TERM
echo {began}
exec </dev/null
[ -z "${v}term" ] || exit 143
"$@" &
{v}pid=$!
[ -z "${v}term" ] || {{ (:); (:); (:); (:); (:); (:); (:); (:); {PASS_ON}; }}
while :; do {v}term=; wait "${v}pid" 2>/dev/null; {v}code=$?; [ "${v}code${v}term" = 1431 ] || break; done
echo {ended};
echo {ended} >&2
exit "${v}code"
"#,
        v = format_args!("imt_{}_", attempt.pipeline.as_uuid().simple()),
        began = began.trim_end(),
        ended = ended.trim_end(),
    );
    let mut arguments = vec!["-c".to_owned(), wrapper, "imt".to_owned()];
    arguments.extend(parts.into_iter().map(str::to_owned));
    arguments
}

/// Cuts a text into pieces of at most `size` bytes, at character boundaries. At least one piece.
fn split(text: &str, size: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while rest.len() > size {
        let (part, tail) = rest.split_at(rest.floor_char_boundary(size));
        parts.push(part);
        rest = tail;
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Output, Stdio};

    use imt_core::id::{JobIndex, PipelineId};

    use super::*;

    fn attempt() -> AttemptId {
        let pipeline: PipelineId = "0193a1b2-0000-7000-8000-0123456789ab".parse().unwrap();
        AttemptId { pipeline, job: JobIndex(0), number: 1 }
    }

    /// Runs the wrapper in the host's `sh`; enough for all that needs no process namespace.
    fn run(script: &str, input: &[u8]) -> Output {
        let mut child = Command::new("sh")
            .args(arguments(attempt(), script))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The wrapper may end before it has read everything.
        let _ended_early = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    fn input(secrets: &[(&str, &str)]) -> Vec<u8> {
        [preface(secrets.iter().copied()), go_line()].concat()
    }

    fn ended() -> String {
        String::from_utf8(ended_line(attempt())).unwrap()
    }

    fn opening() -> String {
        format!("imt:ready\n{}", String::from_utf8(began_line(attempt())).unwrap())
    }

    #[test]
    fn who_prints_the_wrapper_has_not_ended() {
        let ended = String::from_utf8(ended_line(attempt())).unwrap();
        assert!(arguments(attempt(), "true").iter().all(|argument| !argument.contains(&ended)));
    }

    #[test]
    fn the_script_runs_after_the_go_and_its_code_comes_through() {
        let out = run("echo hello; cat; exit 7", &input(&[]));
        assert_eq!(String::from_utf8(out.stdout).unwrap(), opening() + "hello\n" + &ended());
        assert_eq!(out.status.code(), Some(7));
        assert_eq!(String::from_utf8(out.stderr).unwrap(), ended());
    }

    #[test]
    fn without_a_go_nothing_begins() {
        for partial in [&b""[..], b"export A='1'\n", b"imt:end\n", b"imt:end\nimt:g", b"imt:end\nnonsense\n"] {
            let out = run("echo hello", partial);
            assert_eq!(out.status.code(), Some(125), "{partial:?}");
            let stdout = String::from_utf8(out.stdout).unwrap();
            assert!(!stdout.contains("began") && !stdout.contains("hello"), "{stdout}");
        }
    }

    #[test]
    fn secrets_of_any_text_reach_the_script() {
        let value = "it's $HOME `x` \\n \"q\"\n\nimt:go ü\\";
        let out = run(r#"printf '%s|%s' "$A" "$B""#, &input(&[("A", value), ("B", "")]));
        assert_eq!(String::from_utf8(out.stdout).unwrap(), format!("{}{value}|{}", opening(), ended()));
    }

    #[test]
    fn no_variable_of_the_user_is_touched() {
        let names: Vec<String> = ('a'..='z').chain('A'..='Z').map(String::from).collect();
        let script = names.iter().fold("set -u\n".to_owned(), |script, name| script + &format!("echo ${name}\n"));
        let long = format!("{script}#{}", "x".repeat(PART));
        for script in [script, long] {
            let child = Command::new("sh")
                .args(arguments(attempt(), &script))
                .envs(names.iter().map(|name| (name, format!("value of {name}"))))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn();
            let mut child = child.unwrap();
            child.stdin.take().unwrap().write_all(&input(&[])).unwrap();
            let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
            let wanted: String = names.iter().fold(String::new(), |all, name| all + "value of " + name + "\n");
            assert_eq!(out, opening() + &wanted + &ended());
        }
    }

    #[test]
    fn nothing_of_the_wrapper_reaches_the_script() {
        let out = run("set; env", &input(&[("A", "1")]));
        let stdout = String::from_utf8(out.stdout).unwrap();
        assert!(!stdout.contains("imt_"), "{stdout}");
    }

    /// SIGTERM to everything must not be tried on a machine that others use: here it goes to the script alone.
    #[test]
    fn a_term_before_the_script_is_there_reaches_it() {
        for (place, with_term, last) in [
            ("exec </dev/null\n", "exec </dev/null\nkill -TERM $$\n", String::new()),
            ("\n\"$@\" &\n", "\nkill -TERM $$\n\"$@\" &\n", ended()),
        ] {
            let mut arguments = arguments(attempt(), "sleep 10; echo survived");
            let name = arguments[1].lines().find_map(|line| line.strip_suffix("pid=$!")).unwrap().to_owned();
            assert!(arguments[1].matches(PASS_ON).count() == 2 && arguments[1].contains(place));
            arguments[1] = arguments[1].replace("kill -TERM -1", &format!("kill -TERM \"${{{name}pid:-}}\""));
            assert!(!arguments[1].contains("-TERM -1"));
            arguments[1] = arguments[1].replace(place, with_term);
            let child = Command::new("sh").args(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
            let mut child = child.unwrap();
            child.stdin.take().unwrap().write_all(&input(&[])).unwrap();
            let out = child.wait_with_output().unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), opening() + &last);
            assert_eq!(out.status.code(), Some(143));
        }
    }

    #[test]
    fn a_script_longer_than_an_argument_runs_whole() {
        let mut script = String::from("n=0\n");
        while script.len() < 1024 * 1024 {
            script.push_str("n=$((n+1)) # ünïcode so that a cut could hit a character\n");
        }
        script.push_str("IFS=,; set -- $(echo a,b); echo $n $# \"$0\"\n");
        let lines = script.matches("n=$((").count();
        let out = run(&script, &input(&[]));
        assert_eq!(String::from_utf8(out.stdout).unwrap(), format!("{}{lines} 2 sh\n{}", opening(), ended()));
        assert!(arguments(attempt(), &script).iter().all(|a| a.len() < ARGUMENT_MAX));
    }

    #[test]
    fn a_script_that_kills_its_own_shell_leaves_no_words_of_ours() {
        let out = run("kill -9 $$", &input(&[]));
        assert_eq!(out.status.code(), Some(137));
        assert_eq!(String::from_utf8(out.stderr).unwrap(), ended());
    }
}
