//! What `/proc` says of one process. Knows nothing of jobs.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The state of a process that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// Nothing of it runs any more; at most its end was not taken yet.
    pub(crate) is_over: bool,
    /// Its first thread has ended, which is what the kernel shows, but others go on.
    first_thread_is_over: bool,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
    /// When it began, in the kernel's ticks since boot.
    pub(crate) start_ticks: u64,
}

/// The state of a process; `None` if there is none of this number.
pub(crate) fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The fields that matter of `/proc/<pid>/stat`; the name in brackets may hold anything, brackets and blanks too.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let state = *fields.first()?;
    let threads: u32 = fields.get(17)?.parse().ok()?;
    let first_thread_is_over = matches!(state, "Z" | "X");
    Some(Stat {
        is_over: first_thread_is_over && threads <= 1,
        first_thread_is_over,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        start_ticks: fields.get(19)?.parse().ok()?,
    })
}

/// Where a process's memory and descriptors can be seen: with a thread that has not ended.
fn living_thread(pid: i32, stat: &Stat) -> PathBuf {
    let process = PathBuf::from(format!("/proc/{pid}"));
    if !stat.first_thread_is_over {
        return process;
    }
    let threads = fs::read_dir(process.join("task")).into_iter().flatten().flatten();
    threads.map(|thread| thread.path()).find(|thread| !thread.ends_with(pid.to_string())).unwrap_or(process)
}

/// The environment that a process began with. Refused for another user's, and for those that hide themselves.
pub(crate) fn environ(pid: i32, stat: &Stat) -> std::io::Result<Vec<u8>> {
    fs::read(living_thread(pid, stat).join("environ"))
}

/// Whether a process holds the write end of one of these pipes.
pub(crate) fn writes_to(pid: i32, stat: &Stat, pipes: &[u64]) -> bool {
    let fds = fs::read_dir(living_thread(pid, stat).join("fd")).into_iter().flatten().flatten().map(|fd| fd.path());
    let pipe = |path: &Path| {
        let link = fs::read_link(path).ok()?;
        link.to_str()?.strip_prefix("pipe:[")?.strip_suffix(']')?.parse::<u64>().ok()
    };
    // The mode of the link is that of the descriptor.
    let writable = |path: &Path| fs::symlink_metadata(path).is_ok_and(|link| link.mode() & 0o200 != 0);
    fds.into_iter().any(|path| pipe(&path).is_some_and(|inode| pipes.contains(&inode)) && writable(&path))
}

/// Whether a process is a child of ours that has not become another program yet: it has all that we had open when it came
/// to be. Asked before what it holds, it cannot let go of that in between.
pub(crate) fn is_about_to_start(pid: i32, stat: &Stat) -> bool {
    let us = std::process::id();
    if i64::from(stat.parent) != i64::from(us) {
        return false;
    }
    let arguments = |process: String| fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let theirs = arguments(pid.to_string());
    // In the middle of becoming one it has no arguments.
    theirs.is_empty() || theirs == arguments(us.to_string())
}

/// `1234 (sleep)`, for people.
pub(crate) fn name(pid: i32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name: String = name.trim_end().chars().filter(|c| !c.is_control()).collect();
    format!("{pid} ({name})")
}

/// The user whose rights a process has.
pub(crate) fn user(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().next()?.parse().ok()
}

/// All processes, in no order.
pub(crate) fn all() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The number given to a process last.
pub(crate) fn newest() -> Option<i32> {
    fs::read_to_string("/proc/loadavg").ok()?.rsplit(' ').next()?.trim().parse().ok()
}

/// Where the numbers of processes start over.
pub(crate) fn highest() -> Option<u32> {
    fs::read_to_string("/proc/sys/kernel/pid_max").ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_whatever_the_name() {
        let text = "42 (a) R (b) S 7 40 39 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 0 0";
        let stat = parse_stat(text).unwrap();
        assert!(!stat.is_over);
        assert_eq!((stat.parent, stat.group, stat.session, stat.start_ticks), (7, 40, 39, 98_765));
        assert!(parse_stat("42 (x)").is_none());
    }

    #[test]
    fn a_process_is_over_with_its_last_thread() {
        let of = |state: &str, threads: u32| {
            parse_stat(&format!("42 (a) {state} 7 40 39 0 -1 0 1 0 0 0 0 0 0 0 20 0 {threads} 0 98765 0 0")).unwrap()
        };
        assert!(of("Z", 1).is_over && of("Z", 0).is_over && of("X", 0).is_over);
        assert!(!of("Z", 2).is_over, "the first thread has ended, another has not");
        assert!(!of("S", 1).is_over && !of("T", 1).is_over);
    }
}
