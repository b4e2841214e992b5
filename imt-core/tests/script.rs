//! The generated script, run by the real shells of this machine. `sh` is always there; others are tried where they are.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::path::Path;
use std::process::{Command, Stdio};

use imt_core::plan::{quote, shell_script};

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Every shell that there is, `sh` first. Only `sh` may be counted on.
fn shells() -> Vec<Vec<&'static str>> {
    let mut shells = vec![vec!["/bin/sh"]];
    let others: [&[&str]; 5] = [
        &["/bin/dash"],
        &["/bin/bash"],
        &["/bin/bash", "--posix"],
        &["/bin/busybox", "ash"],
        &["/bin/zsh", "--emulate", "sh"],
    ];
    shells.extend(others.iter().filter(|argv| Path::new(argv[0]).exists()).map(|argv| argv.to_vec()));
    shells
}

fn run(shell: &[&str], script: &str, dir: &Path) -> Ran {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg("-c").arg(script).current_dir(dir).stdin(Stdio::null());
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
    let output = command.output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs items in every shell and hands the outcome to `check`, named by the shell.
fn in_every_shell(items: &[&str], check: impl Fn(&str, &Ran)) {
    let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
    let script = shell_script(&items);
    for shell in shells() {
        let dir = tempfile::tempdir().unwrap();
        let ran = run(&shell, &script, dir.path());
        check(&shell.join(" "), &ran);
    }
}

fn prints(items: &[&str], expected: &str) {
    in_every_shell(items, |shell, ran| {
        assert_eq!((ran.stdout.as_str(), ran.code), (expected, Some(0)), "{shell}: {}", ran.stderr);
        assert_eq!(ran.stderr, "", "{shell}");
    });
}

fn fails(items: &[&str], expected: &str, code: i32) {
    in_every_shell(items, |shell, ran| {
        assert_eq!((ran.stdout.as_str(), ran.code), (expected, Some(code)), "{shell}: {}", ran.stderr);
    });
}

#[test]
fn each_item_is_echoed_before_it_runs() {
    prints(&["echo one", "echo two"], "$ echo one\none\n$ echo two\ntwo\n");
    prints(&["for i in 1 2; do\n  echo $i\ndone\n"], "$ for i in 1 2; do\n>   echo $i\n> done\n1\n2\n");
}

#[test]
fn text_arrives_byte_for_byte() {
    let nasty = "a'b\"c\\d\\n $HOME `id` $(id) ! * ? [x] {a,b} ~ # é € \u{1f980}\ttab %s %% \\0 \u{7f}";
    let item = format!("printf '%s\\n' {}", quote(nasty));
    prints(&[&item], &format!("$ {item}\n{nasty}\n"));
    prints(&["x='a\\\\b'; printf '%s\\n' \"$x\""], "$ x='a\\\\b'; printf '%s\\n' \"$x\"\na\\\\b\n");
}

#[test]
fn state_persists_from_item_to_item() {
    prints(
        &[
            "mkdir d; cd d",
            "X=1; export Y=2",
            "f() { echo f$X; }",
            "f; echo $Y; basename \"$(pwd)\"",
            "umask 077",
            "umask",
        ],
        "$ mkdir d; cd d\n$ X=1; export Y=2\n$ f() { echo f$X; }\n$ f; echo $Y; basename \"$(pwd)\"\nf1\n2\nd\n$ umask 077\n$ umask\n0077\n",
    );
}

#[test]
fn the_failing_item_is_the_last_one_echoed() {
    fails(&["echo a", "false", "echo never"], "$ echo a\na\n$ false\n", 1);
    fails(&["exit 3", "echo never"], "$ exit 3\n", 3);
    fails(&["(exit 7)", "echo never"], "$ (exit 7)\n", 7);
    fails(&["false; echo never"], "$ false; echo never\n", 1);
    fails(&["true\nfalse\necho never\n", "echo never"], "$ true\n> false\n> echo never\n", 1);
    fails(&["definitely-not-a-command"], "$ definitely-not-a-command\n", 127);
}

#[test]
fn failures_that_the_shell_forgives_are_forgiven() {
    prints(
        &["false || true", "if false; then :; fi", "! true || :", "echo end"],
        "$ false || true\n$ if false; then :; fi\n$ ! true || :\n$ echo end\nend\n",
    );
    prints(&["set +e", "false", "echo on"], "$ set +e\n$ false\n$ echo on\non\n");
    prints(&["set -u; set -f", "echo *"], "$ set -u; set -f\n$ echo *\n*\n");
}

/// An item is a command that must succeed as a whole, a list that stops early included.
#[test]
fn a_list_that_stops_early_is_a_failure() {
    fails(&["false && echo x", "echo never"], "$ false && echo x\n", 1);
    fails(&["[ -n \"$NOT_SET\" ] && echo x", "echo never"], "$ [ -n \"$NOT_SET\" ] && echo x\n", 1);
    fails(&["! true", "echo never"], "$ ! true\n", 1);
    let forgiving = "if [ -n \"$NOT_SET\" ]; then echo x; fi";
    prints(&[forgiving, "echo on"], &format!("$ {forgiving}\n$ echo on\non\n"));
}

#[test]
fn the_code_of_an_item_is_there_for_the_next_one() {
    fails(&["set +e", "(exit 5)", "exit $?"], "$ set +e\n$ (exit 5)\n$ exit $?\n", 5);
    fails(
        &["set +e", "(exit 7)", "rc=$?", "set -e", "exit $rc"],
        "$ set +e\n$ (exit 7)\n$ rc=$?\n$ set -e\n$ exit $rc\n",
        7,
    );
    prints(&["set +e", "false", "echo $?", "echo $?"], "$ set +e\n$ false\n$ echo $?\n1\n$ echo $?\n0\n");
    // Nothing is kept in a variable of ours.
    prints(&["set +e", "s=mine", "false", "echo $s"], "$ set +e\n$ s=mine\n$ false\n$ echo $s\nmine\n");
}

#[test]
fn an_incomplete_item_fails_there_and_nowhere_else() {
    for broken in ["echo 'open", "echo \"open", "if true; then", "echo $(", "fi", "{ echo x"] {
        in_every_shell(&["echo before", broken, "echo \"after'\"; fi"], |shell, ran| {
            assert_eq!(ran.stdout, format!("$ echo before\nbefore\n$ {broken}\n"), "{shell}");
            assert!(ran.code.is_some_and(|code| code != 0), "{shell}: {:?}", ran.code);
            assert!(!ran.stderr.is_empty(), "{shell}");
        });
    }
}

#[test]
fn here_documents_work() {
    prints(
        &["cat <<EOF\nit's $((1+1))\nEOF\n", "cat <<'E'\n$x \\n\nE"],
        "$ cat <<EOF\n> it's $((1+1))\n> EOF\nit's 2\n$ cat <<'E'\n> $x \\n\n> E\n$x \\n\n",
    );
}

#[test]
fn traps_are_the_users_own() {
    prints(&["trap 'echo bye' EXIT", "echo work"], "$ trap 'echo bye' EXIT\n$ echo work\nwork\nbye\n");
    fails(&["trap 'echo cleaned' EXIT", "exit 4"], "$ trap 'echo cleaned' EXIT\n$ exit 4\ncleaned\n", 4);
    // A shell that was started with signals ignored (by `nohup`, say) shows those; ours adds none.
    let script = shell_script(&["trap".to_owned()]);
    for shell in shells() {
        let dir = tempfile::tempdir().unwrap();
        let bare = run(&shell, "trap", dir.path()).stdout;
        assert_eq!(run(&shell, &script, dir.path()).stdout, format!("$ trap\n{bare}"), "{shell:?}");
    }
}

#[test]
fn nothing_of_the_users_gets_in_the_way() {
    prints(
        &["printf() { echo mine; }", "echo next", "printf x"],
        "$ printf() { echo mine; }\n$ echo next\nnext\n$ printf x\nmine\n",
    );
    prints(&["IFS=' $\n'", "echo next"], "$ IFS=' $\n> '\n$ echo next\nnext\n");
    // The output is closed: the script goes on to its own end.
    in_every_shell(&["exec >&-", "exit 6"], |shell, ran| {
        assert_eq!((ran.stdout.as_str(), ran.code), ("$ exec >&-\n", Some(6)), "{shell}: {}", ran.stderr);
    });
}

#[test]
fn odd_items() {
    prints(&["# only a comment", "echo end"], "$ # only a comment\n$ echo end\nend\n");
    fails(&["-x"], "$ -x\n", 127);
    prints(&["\n\necho x\n\n"], "$ \n> \n> echo x\nx\n");
    prints(&["read line || echo nothing to read"], "$ read line || echo nothing to read\nnothing to read\n");
    let long = format!("echo {}", "x".repeat(40_000));
    prints(&[&long], &format!("$ {long}\n{}\n", "x".repeat(40_000)));
}

#[test]
fn the_environment_is_left_alone() {
    let script = shell_script(&["true".to_owned(), "set".to_owned()]);
    for shell in shells() {
        let dir = tempfile::tempdir().unwrap();
        let ours = run(&shell, &script, dir.path());
        let bare = run(&shell, "set -e\nset", dir.path());
        let names = |text: &str| -> Vec<String> {
            // Only names: bash shows its own script too, as a variable of several lines.
            let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let assigned = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
            assigned.filter(|name| is_name(name)).map(str::to_owned).collect()
        };
        let added: Vec<_> =
            names(&ours.stdout).into_iter().filter(|name| !names(&bare.stdout).contains(name)).collect();
        assert_eq!(added, Vec::<String>::new(), "{shell:?}");
    }
}
