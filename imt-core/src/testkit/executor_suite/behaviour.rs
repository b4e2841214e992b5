//! What a job of the suite does, as data: a shell text for executors with a shell, acts for those without.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::executor::JobLog;
use crate::ports::StreamKind;

/// One thing a job does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Prints bytes.
    Print(StreamKind, Vec<u8>),
    /// Prints one letter over and over.
    Fill(StreamKind, char, usize),
    /// Prints `1`, `2`, … up to this, a line each.
    Count(StreamKind, u32),
    /// From now on, SIGTERM makes it say `bye` and end with this code.
    TrapTerm(i32),
    /// From now on, it does not heed SIGTERM.
    IgnoreTerm,
    /// Sleeps far longer than any test waits.
    Sleep,
    /// Ends with a code.
    Exit(i32),
    /// Shell text, for cases that are about the shell.
    Shell(String),
}

/// What a job does, in order; without [`Act::Exit`] it ends with 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Behaviour(pub Vec<Act>);

/// What a job printed, each stream by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Printed {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

impl Printed {
    /// The bytes of a stream.
    pub fn of(&mut self, stream: StreamKind) -> &mut Vec<u8> {
        if stream == StreamKind::Stderr { &mut self.stderr } else { &mut self.stdout }
    }
}

impl Act {
    /// The bytes it prints when it is reached.
    pub fn prints(&self) -> Option<(StreamKind, Vec<u8>)> {
        match self {
            Self::Print(stream, bytes) => Some((*stream, bytes.clone())),
            Self::Fill(stream, letter, count) => Some((*stream, letter.to_string().repeat(*count).into_bytes())),
            Self::Count(stream, last) => {
                let mut lines = String::new();
                for n in 1..=*last {
                    // Writing to a string cannot fail.
                    let _ = writeln!(lines, "{n}");
                }
                Some((*stream, lines.into_bytes()))
            }
            Self::TrapTerm(_) | Self::IgnoreTerm | Self::Sleep | Self::Exit(_) | Self::Shell(_) => None,
        }
    }

    fn script(&self) -> String {
        let to = |stream: &StreamKind| if *stream == StreamKind::Stderr { " >&2" } else { "" };
        match self {
            Self::Print(stream, bytes) => {
                let mut text = String::new();
                for byte in bytes {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "\\0{byte:03o}");
                }
                format!("printf '%b' '{text}'{}", to(stream))
            }
            Self::Fill(stream, letter, count) => {
                format!("head -c {count} /dev/zero | tr '\\000' '{letter}'{}", to(stream))
            }
            Self::Count(stream, last) => format!("seq 1 {last}{}", to(stream)),
            Self::TrapTerm(code) => format!("trap 'echo bye; exit {code}' TERM"),
            Self::IgnoreTerm => "trap '' TERM".to_owned(),
            Self::Sleep => "sleep 300".to_owned(),
            Self::Exit(code) => format!("exit {code}"),
            Self::Shell(text) => text.clone(),
        }
    }
}

impl Behaviour {
    /// The behaviour as a POSIX shell script; it needs `seq`, `head`, `tr`, `sleep` beside the shell.
    pub fn script(&self) -> String {
        // A signal that comes just before a shell forks reaches the shell alone, whose trap then waits for the child: a
        // trapping script sleeps in small pieces.
        let traps = self.0.iter().any(|act| matches!(act, Act::TrapTerm(_)));
        let text = |act: &Act| match act {
            Act::Sleep if traps => "n=0; while [ $n -lt 1500 ]; do sleep 0.2; n=$((n + 1)); done".to_owned(),
            act => act.script(),
        };
        let mut script: String = self.0.iter().map(|act| text(act) + "\n").collect();
        script.push_str("exit 0\n");
        script
    }

    /// All that it prints if nobody stops it.
    pub fn prints(&self) -> Printed {
        let mut printed = Printed::default();
        for (stream, bytes) in self.0.iter().filter_map(Act::prints) {
            printed.of(stream).extend_from_slice(&bytes);
        }
        printed
    }

    /// Behaves so as the function of a [`from_fn`](crate::executor::from_fn) executor; answers the exit code.
    ///
    /// # Panics
    /// On [`Act::Shell`], which only a shell understands.
    pub async fn perform(&self, log: &JobLog) -> i32 {
        let mut trap = None;
        let mut ignores = false;
        for act in &self.0 {
            match act {
                Act::Exit(code) => return *code,
                Act::TrapTerm(code) => trap = Some(*code),
                Act::IgnoreTerm => ignores = true,
                Act::Sleep if ignores => std::future::pending().await,
                Act::Sleep => {
                    log.cancelled().await;
                    if let Some(code) = trap {
                        log.line("bye").await;
                        return code;
                    }
                    return 143;
                }
                Act::Shell(text) => panic!("a case for shells was given to a function: {text}"),
                Act::Print(..) | Act::Fill(..) | Act::Count(..) => match act.prints() {
                    Some((StreamKind::Stderr, bytes)) => log.stderr(bytes).await,
                    Some((_, bytes)) => log.stdout(bytes).await,
                    None => {}
                },
            }
        }
        0
    }
}

/// Bytes on stdout.
pub(super) fn out(bytes: &[u8]) -> Act {
    Act::Print(StreamKind::Stdout, bytes.to_vec())
}

/// Bytes on stderr.
pub(super) fn err(bytes: &[u8]) -> Act {
    Act::Print(StreamKind::Stderr, bytes.to_vec())
}
