//! Cases about what a command is given and how it ends by itself.

use futures_util::future::join_all;

use super::bench::{Bench, assert_bytes, assert_kind, noise};
use crate::plan::{EnvValue, EnvVar};
use crate::ports::{RemoteCommand, RemoteExit, TransportErrorKind};
use crate::secret::Secret;

fn plain(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: EnvValue::Plain(value.to_owned()) }
}

/// Texts that a careless hand would break.
const ODD: &[&str] = &[
    "",
    " ",
    "two  words",
    "it's",
    "\"q\"",
    "$HOME",
    "`id`",
    "$(id)",
    "a\nb\n",
    "\n",
    "\\",
    "\\n",
    "-n",
    "--",
    "*",
    "~",
    "!x",
    "#c",
    "a;b",
    "a&b",
    "a|b",
    "<x",
    ">x",
    "{a,b}",
    "[x]",
    "%s",
    "a=b",
    "\t",
    "\r",
    "\u{1}\u{7f}",
    "é漢字🦀",
    "'\n'\"$imt_n\"",
];

/// Each code there is.
pub async fn codes_are_kept(bench: &Bench) {
    for code in [0, 1, 2, 7, 42, 125, 126, 127, 128, 130, 137, 143, 254, 255] {
        bench.ends_with(RemoteCommand::shell(format!("exit {code}")), RemoteExit::Code(code)).await;
    }
}

/// A signal is no code.
pub async fn signals_are_told(bench: &Bench) {
    for name in ["KILL", "TERM", "SEGV"] {
        let command = RemoteCommand::shell(format!("kill -{name} $$"));
        bench.ends_with(command, RemoteExit::Signal(name.to_owned())).await;
    }
}

/// As a shell has it.
pub async fn a_missing_program_is_127(bench: &Bench) {
    bench.ends_with(RemoteCommand::new(["imt-no-such-program"]), RemoteExit::Code(127)).await;
    bench.ends_with(RemoteCommand::new([bench.dir.as_str()]), RemoteExit::Code(126)).await;
}

/// Every byte, and the end.
pub async fn input_is_exact(bench: &Bench) {
    let mut content: Vec<u8> = (0..=255).collect();
    content.extend_from_slice(&noise(2_000_000));
    let got = bench.must(RemoteCommand::new(["cat"]).stdin(content.clone())).await;
    assert_bytes(&got, &content, "what came back");
}

/// A command that ends without reading.
pub async fn input_that_nobody_reads_is_no_error(bench: &Bench) {
    let command = RemoteCommand::shell("echo over; exit 4").stdin(noise(5_000_000));
    let output = bench.output(command).await.expect("it runs");
    assert_eq!((&output.stdout[..], output.exit), (&b"over\n"[..], RemoteExit::Code(4)));
}

/// Without input there is an end to read.
pub async fn no_input_ends_at_once(bench: &Bench) {
    assert_eq!(bench.must_say("cat; echo over").await, "over\n");
}

/// Values come as they are, and the host's own variables stay.
pub async fn the_environment_is_exact(bench: &Bench) {
    for (nth, odd) in ODD.iter().enumerate() {
        let name = format!("ODD_{nth}");
        let command =
            RemoteCommand::shell(format!("printf '%s.' \"${name}\"; [ -n \"$PATH\" ]")).env(plain(&name, odd));
        let got = bench.must(command).await;
        assert_bytes(&got, format!("{odd}.").as_bytes(), odd);
    }
}

/// A secret variable is there, and in no argument of any process meanwhile.
pub async fn secrets_are_in_no_argument(bench: &Bench) {
    let hush = format!("hush{}", uuid::Uuid::now_v7().simple());
    let secret = EnvVar { name: "HUSH".to_owned(), value: EnvValue::Secret(Secret::new(hush.as_str())) };
    // The shell that looks has the text `hush` in its own arguments, but not the value.
    let text = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >seen; grep -c \"$HUSH\" seen; printf %s \"$HUSH\"";
    let output = bench.output(RemoteCommand::shell(text).cwd(&bench.dir).env(secret)).await.expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("0\n{hush}"));
}

/// With blanks, dashes and quotes in its name.
pub async fn the_directory_is_kept(bench: &Bench) {
    let odd = bench.path("-it's a \"dir\"\nof two lines");
    bench.must(RemoteCommand::new(["mkdir", &odd])).await;
    let got = bench.must(RemoteCommand::shell("pwd; echo").cwd(&odd)).await;
    assert_eq!(String::from_utf8_lossy(&got), format!("{odd}\n\n"));
}

/// And the command does not begin elsewhere.
pub async fn a_missing_directory_is_told(bench: &Bench) {
    let marker = bench.path("marker");
    let command = RemoteCommand::new(["touch", &marker]).cwd(bench.path("nowhere"));
    assert_kind(bench.output(command).await, TransportErrorKind::NotFound);
    bench.ends_with(RemoteCommand::new(["test", "-e", &marker]), RemoteExit::Code(1)).await;
}

/// Each argument arrives as one word with exactly these bytes.
pub async fn odd_arguments_are_exact(bench: &Bench) {
    let words = ["sh", "-c", "for w do printf '%s\\001\\n' \"$w\"; done", "sh"];
    let got = bench.must(RemoteCommand::new(words.iter().chain(ODD).copied())).await;
    let wanted: Vec<String> = ODD.iter().map(|word| format!("{word}\u{1}\n")).collect();
    let wanted = wanted.concat();
    assert_bytes(&got, wanted.as_bytes(), "the arguments");
    let long = "x".repeat(100_000);
    assert_bytes(&bench.must(RemoteCommand::new(["printf", "%s", &long])).await, long.as_bytes(), "a long argument");
}

/// Before anything is sent.
pub async fn what_cannot_be_said_is_refused(bench: &Bench) {
    for command in
        [RemoteCommand::new(["echo", "a\0b"]), RemoteCommand::new(["-n"]), RemoteCommand::new(Vec::<&str>::new())]
    {
        assert_kind(bench.output(command).await, TransportErrorKind::Invalid);
    }
}

/// Twenty commands over one connection, none mixed up with another.
pub async fn twenty_at_once(bench: &Bench) {
    let outputs = join_all((0..20).map(|nth| async move {
        let text = format!("echo {nth}; cat; exit {nth}");
        let output = bench.output(RemoteCommand::shell(text).stdin(format!("in {nth}"))).await.expect("it runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{nth}\nin {nth}"));
        assert_eq!(output.exit, RemoteExit::Code(nth));
    }))
    .await;
    assert_eq!(outputs.len(), 20);
}
