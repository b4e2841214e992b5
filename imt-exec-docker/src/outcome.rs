//! What the end of a container means. Pure: a table from evidence to [`Exit`].

use imt_core::ports::Exit;

/// All that is known about an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent observations, any combination of which can occur")]
pub(crate) struct Evidence {
    /// The wrapper's exit code.
    pub code: i64,
    /// The engine says that it met its memory limit.
    pub oom: bool,
    /// The script had begun.
    pub began: bool,
    /// The signal the engine was last asked to send, by whomever.
    pub signalled: Option<i32>,
    /// We asked for the end before it came.
    pub stopping: bool,
    /// The engine itself stopped or restarted around the end.
    pub engine_went: bool,
    /// We heard of the end as it happened, with all that led to it; else only the remains were found.
    pub witnessed: bool,
    /// The wrapper came to its own last line. Asked for only where it decides: see [`Evidence::needs_last_line`].
    pub ended: bool,
}

impl Evidence {
    /// Whether only the wrapper's last line tells if the code is the script's own.
    pub(crate) fn needs_last_line(self) -> bool {
        self.code == UNKNOWN_CODE && (self.engine_went || !self.witnessed)
    }
}

const SIGTERM_CODE: i64 = 128 + 15;
const SIGKILL_CODE: i64 = 128 + 9;
/// What the engine writes down for a container that it finds dead when it comes up.
const UNKNOWN_CODE: i64 = 255;

/// How the attempt ended.
pub(crate) fn classify(end: Evidence) -> Exit {
    let code = i32::try_from(end.code).unwrap_or(i32::MAX);
    if end.stopping && (end.signalled.is_some() || !end.witnessed) {
        // Killed outright, there is no code of the script's own.
        let own = (end.began && end.code != SIGKILL_CODE).then_some(code);
        return Exit::Stopped(own);
    }
    if !end.began {
        return Exit::Lost { began: false };
    }
    if end.signalled.is_some() && end.engine_went {
        // The engine took its containers down with it; the code is what the script made of that.
        return Exit::Lost { began: true };
    }
    if end.needs_last_line() && !end.ended {
        // The engine crashed, or the whole host: how the script ended nobody knows.
        return Exit::Lost { began: true };
    }
    if end.oom && end.code != 0 {
        return Exit::OutOfMemory;
    }
    match end.signalled {
        Some(signal) if i64::from(signal) + 128 == end.code => Exit::Signal(signal),
        None if !end.witnessed && matches!(end.code, SIGTERM_CODE | SIGKILL_CODE) => Exit::Lost { began: true },
        _ => Exit::Code(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Evidence = Evidence {
        code: 0,
        oom: false,
        began: true,
        signalled: None,
        stopping: false,
        engine_went: false,
        witnessed: true,
        ended: false,
    };

    #[test]
    fn the_table() {
        let cases = [
            (PLAIN, Exit::Code(0)),
            (Evidence { code: 3, ..PLAIN }, Exit::Code(3)),
            // 137 alone does not say killed.
            (Evidence { code: 137, ..PLAIN }, Exit::Code(137)),
            (Evidence { code: 137, oom: true, ..PLAIN }, Exit::OutOfMemory),
            (Evidence { code: 1, oom: true, ..PLAIN }, Exit::OutOfMemory),
            (Evidence { code: 0, oom: true, ..PLAIN }, Exit::Code(0)),
            (Evidence { code: 137, signalled: Some(9), ..PLAIN }, Exit::Signal(9)),
            (Evidence { code: 143, signalled: Some(15), ..PLAIN }, Exit::Signal(15)),
            (Evidence { code: 5, signalled: Some(15), ..PLAIN }, Exit::Code(5)),
            (Evidence { code: 143, signalled: Some(15), stopping: true, ..PLAIN }, Exit::Stopped(Some(143))),
            (Evidence { code: 137, signalled: Some(9), stopping: true, ..PLAIN }, Exit::Stopped(None)),
            // It ended by itself before our stop reached it.
            (Evidence { code: 0, stopping: true, ..PLAIN }, Exit::Code(0)),
            (Evidence { code: 143, signalled: Some(15), engine_went: true, ..PLAIN }, Exit::Lost { began: true }),
            // A script that traps the engine's TERM and exits 0 has not succeeded.
            (Evidence { code: 0, signalled: Some(15), engine_went: true, ..PLAIN }, Exit::Lost { began: true }),
            // It ended by itself while the engine was away.
            (Evidence { code: 3, engine_went: true, witnessed: false, ..PLAIN }, Exit::Code(3)),
            (Evidence { code: 143, witnessed: false, ..PLAIN }, Exit::Lost { began: true }),
            // 255 is the script's own only if it was heard, or if the wrapper got to say so.
            (Evidence { code: 255, ..PLAIN }, Exit::Code(255)),
            (Evidence { code: 255, witnessed: false, ..PLAIN }, Exit::Lost { began: true }),
            (Evidence { code: 255, engine_went: true, ..PLAIN }, Exit::Lost { began: true }),
            (Evidence { code: 255, witnessed: false, ended: true, ..PLAIN }, Exit::Code(255)),
            (Evidence { code: 125, began: false, ..PLAIN }, Exit::Lost { began: false }),
            (Evidence { code: 125, ..PLAIN }, Exit::Code(125)),
            (Evidence { code: 143, stopping: true, witnessed: false, ..PLAIN }, Exit::Stopped(Some(143))),
            (Evidence { code: 137, began: false, signalled: Some(9), stopping: true, ..PLAIN }, Exit::Stopped(None)),
        ];
        for (evidence, exit) in cases {
            assert_eq!(classify(evidence), exit, "{evidence:?}");
        }
    }
}
