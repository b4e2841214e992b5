//! What a deployment has to know of its host before it changes anything there.

use super::host_command::HostCommand;
use super::paths::TargetDir;

const PROBE: &str = concat!(include_str!("scripts/clean_env.sh"), include_str!("scripts/probe.sh"));

/// The oldest compose that does what a deployment asks of it: `!reset` had faults before (compose#10656).
pub const MIN_COMPOSE: (u32, u32, u32) = (2, 24, 4);

/// Looks at a host. Read the answer with [`read_probe`].
pub fn probe(dir: &TargetDir) -> HostCommand {
    HostCommand::script("imt-probe", PROBE, [dir.root()])
}

/// What a host has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Probe {
    /// The user's home.
    pub home: String,
    /// The user.
    pub user: String,
    /// The machine, as `uname -m` has it.
    pub machine: String,
    /// Whether processes can be detached.
    pub has_setsid: bool,
    /// The version of the engine; `None` if none answered.
    pub docker: Option<String>,
    /// What docker said instead.
    pub docker_error: String,
    /// The version of compose; `None` if there is none.
    pub compose: Option<String>,
    /// Free bytes where the project lies.
    pub free_bytes: Option<u64>,
    /// Free bytes where the engine keeps its images, where that can be seen.
    pub docker_free_bytes: Option<u64>,
    /// Whether the project's directory can be made or written to.
    pub is_writable: bool,
}

impl Probe {
    /// Whether compose is there and new enough. A version that cannot be read is not.
    pub fn has_usable_compose(&self) -> bool {
        self.compose.as_deref().and_then(version).is_some_and(|version| version >= MIN_COMPOSE)
    }
}

/// `v2.24.4`, `2.24.4-desktop.1`, `5.0.0~rc1` and the like.
fn version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.trim().trim_start_matches('v').splitn(3, '.');
    let mut number = || {
        let part = parts.next()?;
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse().ok()
    };
    Some((number()?, number()?, number().unwrap_or(0)))
}

/// Reads the output of [`probe`]. Lines that are not known are left alone.
pub fn read_probe(output: &str) -> Probe {
    let mut probe = Probe::default();
    for (key, value) in output.lines().filter_map(|line| line.split_once(' ')) {
        let value = value.trim();
        let some = || Some(value.to_owned()).filter(|value| !value.is_empty());
        let bytes = || value.parse::<u64>().ok().map(|kib| kib.saturating_mul(1_024));
        match key {
            "home" => value.clone_into(&mut probe.home),
            "user" => value.clone_into(&mut probe.user),
            "machine" => value.clone_into(&mut probe.machine),
            "setsid" => probe.has_setsid = !value.is_empty(),
            "docker" => probe.docker = some(),
            "docker-error" => value.clone_into(&mut probe.docker_error),
            "compose" => probe.compose = some(),
            "free-kib" => probe.free_bytes = bytes(),
            "docker-free-kib" => probe.docker_free_bytes = bytes(),
            "writable" => probe.is_writable = value == "yes",
            _ => {}
        }
    }
    probe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_composes_and_none_are_told_apart_from_usable_ones() {
        for (version, usable) in [
            ("2.24.4", true),
            ("v2.24.4", true),
            ("2.40.3-desktop.1", true),
            ("5.0.0~rc1", true),
            ("2.24.3", false),
            ("2.3.10", false),
            ("1.29.2", false),
            ("", false),
            ("unknown", false),
        ] {
            let probe = read_probe(&format!("compose {version}\n"));
            assert_eq!(probe.has_usable_compose(), usable, "{version}");
        }
    }

    #[test]
    fn a_host_is_read_line_by_line() {
        let output = "home /home/ann\nuser ann\nmachine x86_64\nsetsid /usr/bin/setsid\ndocker 28.1\ndocker-error \n\
                      compose 2.40.3\nfree-kib 10\ndocker-free-kib 20\nwritable yes\nlater thing\n";
        let probe = read_probe(output);
        assert_eq!((probe.home.as_str(), probe.user.as_str(), probe.machine.as_str()), ("/home/ann", "ann", "x86_64"));
        assert_eq!((probe.free_bytes, probe.docker_free_bytes), (Some(10_240), Some(20_480)));
        assert!(probe.has_setsid && probe.is_writable && probe.docker_error.is_empty());
        let none = read_probe("docker \ndocker-error permission denied\nsetsid \nwritable no\nfree-kib \n");
        assert_eq!((none.docker, none.docker_error.as_str()), (None, "permission denied"));
        assert!(!none.has_setsid && !none.is_writable && none.free_bytes.is_none());
    }
}
