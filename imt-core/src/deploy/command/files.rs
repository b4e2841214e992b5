//! Files on a target: staged, installed, put back, recorded.

use serde::Serialize;

use super::host_command::HostCommand;
use super::paths::TargetDir;
use crate::deploy::machine::{Step, Ticket};
use crate::deploy::release::{ReleaseError, ReleaseHead};
use crate::id::{DeploymentId, ReleaseId};

const STAGE: &str = include_str!("scripts/stage.sh");
const STAGED: &str = include_str!("scripts/staged.sh");
const RESTAGE: &str = include_str!("scripts/restage.sh");
const INSTALL: &str = include_str!("scripts/install.sh");
const PUT_BACK: &str = include_str!("scripts/put_back_files.sh");
const CLEAN: &str = include_str!("scripts/clean.sh");
const RECORD: &str = include_str!("scripts/record.sh");
const RELEASES: &str = include_str!("scripts/releases.sh");
const CHANGED: &str = include_str!("scripts/changed.sh");
const FORGET: &str = include_str!("scripts/forget.sh");

/// A path that cannot be installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be put on a target: a path is relative, without `..`, and has no line break in it")]
pub struct ManifestError(String);

/// The text of the file `manifest` in a staging directory: what of its `files/` is installed. In the order given, each once.
///
/// # Errors
/// For a path that leads out of the directory, or into ours, or that has a line break in it.
pub fn manifest<'p>(paths: impl IntoIterator<Item = &'p str>) -> Result<String, ManifestError> {
    let mut text = String::new();
    let mut seen = std::collections::BTreeSet::new();
    for path in paths {
        let bad_part = |part: &str| matches!(part, "" | "." | "..");
        let is_ours = path == ".imt" || (path.starts_with(".imt/") && !path.starts_with(".imt/deploy"));
        if is_ours || path.contains(['\n', '\r', '\0']) || path.split('/').any(bad_part) {
            return Err(ManifestError(path.to_owned()));
        }
        if seen.insert(path) {
            text.push_str(path);
            text.push('\n');
        }
    }
    Ok(text)
}

/// Makes an empty staging directory, in which `manifest`, `files/…` and `release.json` are then put.
pub fn stage(dir: &TargetDir, deployment: DeploymentId, ticket: Ticket) -> HostCommand {
    HostCommand::script("imt-stage", STAGE, [dir.staging(deployment, ticket)])
}

/// Looks for the newest whole try of a transfer. Prints its number, or nothing. Read the answer with [`read_staged`].
pub fn staged(dir: &TargetDir, deployment: DeploymentId, step: Step) -> HostCommand {
    HostCommand::script("imt-staged", STAGED, [dir.staged(deployment), step.to_string()])
}

/// Reads the output of [`staged`].
pub fn read_staged(output: &str, step: Step) -> Option<Ticket> {
    output.trim().parse().ok().map(|number| Ticket { step, number })
}

/// Stages the files of a recorded release. Ends with 4 if the target has no such release.
pub fn restage(dir: &TargetDir, release: ReleaseId, deployment: DeploymentId, ticket: Ticket) -> HostCommand {
    HostCommand::script("imt-restage", RESTAGE, [dir.release(release), dir.staging(deployment, ticket)])
}

/// Puts the staged files in their places, and keeps aside what was there. Ends with 6 where a directory is in the place of a
/// file.
pub fn install(dir: &TargetDir, deployment: DeploymentId, ticket: Ticket) -> HostCommand {
    let args = [dir.root().to_owned(), dir.staging(deployment, ticket), dir.aside(deployment)];
    HostCommand::script("imt-install", INSTALL, args)
}

/// Undoes what [`install`] did.
pub fn put_back_files(dir: &TargetDir, deployment: DeploymentId) -> HostCommand {
    HostCommand::script("imt-put-back-files", PUT_BACK, [dir.root().to_owned(), dir.aside(deployment)])
}

/// Removes what a deployment has left: staging, run directories, credentials of a pull that was killed, and what is aside
/// unless it is kept.
pub fn clean(dir: &TargetDir, deployment: DeploymentId, keeps_aside: bool) -> HostCommand {
    let what = if keeps_aside { "keep" } else { "drop" };
    HostCommand::script("imt-clean", CLEAN, [dir.state(), deployment.to_string(), what.to_owned()])
}

/// Records what is staged as a release; of one that is recorded, only its record is replaced.
pub fn record(dir: &TargetDir, deployment: DeploymentId, ticket: Ticket, release: ReleaseId) -> HostCommand {
    HostCommand::script("imt-record", RECORD, [dir.staging(deployment, ticket), dir.release(release)])
}

/// Prints the record of every release. Read the answer with [`read_releases`].
pub fn releases(dir: &TargetDir) -> HostCommand {
    HostCommand::script("imt-releases", RELEASES, [dir.releases()])
}

/// Compares the files of a recorded release with those in their places. Read the answer with [`read_changed_files`].
pub fn changed_files(dir: &TargetDir, release: ReleaseId) -> HostCommand {
    HostCommand::script("imt-changed", CHANGED, [dir.root().to_owned(), dir.release(release)])
}

/// Reads the output of [`changed_files`]. What cannot be understood is left out.
pub fn read_changed_files(output: &str) -> Vec<ChangedFile> {
    let lines = output.lines().filter_map(|line| line.split_once(' '));
    lines.filter_map(|(word, path)| Some(ChangedFile { path: path.to_owned(), how: FileChange::read(word)? })).collect()
}

/// A file of a release that is not in its place as the release has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangedFile {
    /// Where it lies, relative to the project's directory.
    pub path: String,
    /// What is different.
    pub how: FileChange,
}

/// What is different about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileChange {
    /// It is not there.
    Missing,
    /// Its content.
    Changed,
    /// Its permissions, and nothing else.
    Mode,
    /// Nobody knows: the release has lost it.
    Unkept,
}

impl FileChange {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "missing" => Self::Missing,
            "changed" => Self::Changed,
            "mode" => Self::Mode,
            "unkept" => Self::Unkept,
            _ => return None,
        })
    }
}

/// Removes releases.
pub fn forget(dir: &TargetDir, releases: impl IntoIterator<Item = ReleaseId>) -> HostCommand {
    let names = releases.into_iter().map(|release| release.to_string());
    HostCommand::script("imt-forget", FORGET, [dir.releases()].into_iter().chain(names))
}

/// Reads the output of [`releases`]: for each release its name and its record, or why that is none. One that is damaged or cut
/// off does not hide the others.
pub fn read_releases(mut output: &[u8]) -> Vec<(String, Result<&[u8], ReleaseError>)> {
    let mut found = Vec::new();
    while let Some((name, size, rest)) = next_record(output) {
        let (record, more) = rest.split_at(size.min(rest.len()));
        found.push((name, ReleaseHead::read(record).map(|_| record)));
        output = more;
    }
    found
}

fn next_record(output: &[u8]) -> Option<(String, usize, &[u8])> {
    let end = output.iter().position(|byte| *byte == b'\n')?;
    let (name, size) = std::str::from_utf8(&output[..end]).ok()?.rsplit_once(' ')?;
    Some((name.to_owned(), size.parse().ok()?, &output[end + 1..]))
}
