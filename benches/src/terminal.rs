//! The live view on a terminal: how late it shows a line. The terminal is a pseudo-terminal that is read like a pipe.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::harness::{Bench, LATENCY_GOAL, Row, TICKS, median, show_delays};

/// A line each 20 ms: the view of a job of this machine beside the same script alone.
pub(crate) fn latency(bench: &Bench) -> Result<Vec<Row>, String> {
    let file = format!("jobs:\n  ticks:\n    image: none\n    script:\n      - {TICKS}\n");
    let project = bench.project("terminal", &file)?;
    let mut alone = Command::new("sh");
    alone.args(["-c", TICKS]);
    let limit = delays(&mut alone)?;
    let ours = delays(&mut bench.run(&project, "local", "human"))?;
    Ok(vec![Row {
        what: "job prints → a terminal shows".into(),
        limit: format!("the script on a terminal by itself: {}", show_delays(&limit)),
        ours: show_delays(&ours),
        result: format!("+{:.1} ms in the median", median(ours.clone()) - median(limit)),
        goal: LATENCY_GOAL,
    }])
}

/// How late each printed time arrives at the other end of a terminal, in milliseconds.
fn delays(command: &mut Command) -> Result<Vec<f64>, String> {
    let (mut screen, user) = terminal().map_err(|e| format!("a pseudo-terminal: {e}"))?;
    let handle = || user.try_clone().map_err(|e| e.to_string());
    command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
    command.stdin(handle()?).stdout(handle()?).stderr(handle()?);
    let mut child = command.spawn().map_err(|e| format!("{command:?}: {e}"))?;
    // What holds the other side keeps the terminal from ending: our own handles, and those that the command was given.
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    drop(user);
    let (mut delays, mut seen, mut begun) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = match screen.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            // How a terminal ends.
            Err(e) if e.raw_os_error() == Some(Errno::IO.raw_os_error()) => break,
            Err(e) => return Err(e.to_string()),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?.as_secs_f64();
        begun.extend_from_slice(&piece[..read]);
        // The last word may go on in the next piece.
        let whole = begun.iter().rposition(|byte| !is_of_number(*byte)).map_or(0, |at| at + 1);
        let words: Vec<u8> = begun.drain(..whole).collect();
        for word in words.split(|byte| !is_of_number(*byte)) {
            // A view draws some lines again.
            if let Some(printed) = time(word).filter(|_| seen.insert(word.to_owned())) {
                delays.push((now - printed) * 1e3);
            }
        }
    }
    let exit = child.wait().map_err(|e| e.to_string())?;
    match delays.len() {
        200 if exit.success() => Ok(delays),
        lines => Err(format!("{command:?} ended with {exit} and {lines} lines came")),
    }
}

/// The two sides of a terminal as large as any.
fn terminal() -> rustix::io::Result<(File, File)> {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&screen)?;
    unlockpt(&screen)?;
    let user = open(ptsname(&screen, Vec::new())?, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    tcsetwinsize(&user, Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 })?;
    Ok((screen.into(), user.into()))
}

const fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

/// A time as bash writes it: seconds, a dot, and six digits.
fn time(word: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(word).ok()?;
    let (seconds, micros) = text.split_once('.')?;
    (seconds.len() >= 10 && micros.len() == 6).then(|| text.parse().ok()).flatten()
}
