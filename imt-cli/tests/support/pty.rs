//! A terminal to run `imt` on.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::DEADLINE;

/// A terminal with a person before it.
pub(crate) struct Terminal {
    person: File,
    /// Held open, so that the terminal lives on when `imt` has ended.
    device: File,
    output: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    pub(crate) fn open() -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let device: File =
            rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap().into();
        let person: File = person.into();
        let mut screen = person.try_clone().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n) = screen.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { person, device, output, seen: String::new() }
    }

    /// Starts a command on this terminal.
    pub(crate) fn start(&self, command: &mut Command) -> Child {
        let device = || self.device.try_clone().unwrap();
        command.stdin(device()).stdout(device()).stderr(device()).spawn().unwrap()
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.person.write_all(text.as_bytes()).unwrap();
    }

    /// Whether what is typed is shown.
    pub(crate) fn shows_typing(&self) -> bool {
        tcgetattr(&self.device).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Reads until a text stands on the terminal.
    pub(crate) fn until(&mut self, text: &str) {
        let end = Instant::now() + DEADLINE;
        while !self.seen.contains(text) {
            let more = self.output.recv_timeout(end.saturating_duration_since(Instant::now()));
            let more = more.unwrap_or_else(|_| panic!("`{text}` did not come; seen: {}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&more));
        }
    }

    /// Closes it while a command runs on it.
    pub(crate) fn close(self) {
        let Self { person, device, output, .. } = self;
        drop((device, person));
        // The reading thread has the last of it open, until it has something to tell that nobody hears.
        drop(output);
    }

    /// Waits for the end of a command; answers with how it ended and all that the terminal showed.
    pub(crate) fn finish(&mut self, mut child: Child) -> (ExitStatus, String) {
        let end = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > end {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("it does not end; seen: {}", self.seen);
            }
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        };
        // All that it wrote stands before this mark.
        writeln!(self.device, "[end of the test]").unwrap();
        self.until("[end of the test]");
        (status, self.seen.clone())
    }
}
