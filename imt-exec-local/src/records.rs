//! What the executor keeps on disk, so that a later life can find and end what a dead one left.
//!
//! ```text
//! <state>/<pipeline>/owner.json        whose it is, and the workspace
//! <state>/<pipeline>/home/             $HOME of its jobs
//! <state>/<pipeline>/<job>.<n>.pid     process group of a running attempt
//! <state>/<pipeline>/<job>.<n>.log     output that did not fit into memory
//! <state>/<pipeline>/<job>.<n>.sh      a script too long for an argument
//! ```

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use imt_core::id::{AttemptId, InstanceId, PipelineId};
use imt_core::ports::{Failure, OwnedPipeline};
use serde_json::{Value, json};

use crate::failure;
use crate::tree::{self, Group, Leader};

/// The directory of an executor's records.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    state: PathBuf,
    instance: InstanceId,
    /// Tells this run of the host from others: numbers of processes mean nothing after a reboot.
    boot: String,
}

impl Records {
    /// Opens the directory, making it if need be.
    pub(crate) fn open(state: PathBuf, instance: InstanceId) -> Result<Self, Failure> {
        make_private(&state).map_err(|error| failure::on_path("make the directory", &state, error))?;
        let boot = Path::new("/proc/sys/kernel/random/boot_id");
        let text = fs::read_to_string(boot).map_err(|error| failure::on_path("read", boot, error))?;
        Ok(Self { state, instance, boot: text.trim().to_owned() })
    }

    pub(crate) fn pipeline_dir(&self, pipeline: PipelineId) -> PathBuf {
        self.state.join(pipeline.to_string())
    }

    pub(crate) fn home(&self, pipeline: PipelineId) -> PathBuf {
        self.pipeline_dir(pipeline).join("home")
    }

    pub(crate) fn file(&self, attempt: AttemptId, extension: &str) -> PathBuf {
        self.pipeline_dir(attempt.pipeline).join(format!("{}.{}.{extension}", attempt.job.0, attempt.number))
    }

    /// Records a pipeline before anything of it runs.
    pub(crate) fn own(&self, pipeline: PipelineId, workspace: Option<&Path>) -> Result<(), Failure> {
        let dir = self.pipeline_dir(pipeline);
        let write = || {
            make_private(&self.home(pipeline))?;
            let owner = json!({ "instance": self.instance, "workspace": workspace }).to_string();
            // Renamed into place, so that a crash leaves no half of it.
            let new = dir.join("owner.json.new");
            fs::write(&new, owner)?;
            fs::rename(&new, dir.join("owner.json"))
        };
        write().map_err(|error| failure::on_path("write the record", &dir, error))
    }

    /// Records the process group of a running attempt, and the session that it is in.
    pub(crate) fn running(&self, attempt: AttemptId, leader: Leader, session: i32) -> Result<(), Failure> {
        let path = self.file(attempt, "pid");
        fs::write(&path, format!("{} {} {} {session}", leader.pid, leader.start_ticks, self.boot))
            .map_err(|error| failure::on_path("write the record", &path, error))
    }

    /// Forgets the process group of an attempt that is over: its number may be anybody's from now on.
    pub(crate) fn over(&self, attempt: AttemptId) {
        // A record that stays is taken for one of a group that may be left, and what is looked for there began after it.
        let _ = fs::remove_file(self.file(attempt, "pid"));
    }

    /// Process groups of a pipeline that nothing but processes which we started can be in.
    pub(crate) fn groups(&self, pipeline: PipelineId) -> Vec<Group> {
        let entries = fs::read_dir(self.pipeline_dir(pipeline)).into_iter().flatten().flatten();
        let pid_files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "pid"));
        pid_files.filter_map(|path| self.group(&fs::read_to_string(path).ok()?)).collect()
    }

    /// The same of one attempt.
    pub(crate) fn group_of(&self, attempt: AttemptId) -> Option<Group> {
        self.group(&fs::read_to_string(self.file(attempt, "pid")).ok()?)
    }

    /// A group outlives its leader. As long as somebody is in it the kernel gives its number to no other process: where
    /// another has it, nobody is left.
    fn group(&self, record: &str) -> Option<Group> {
        let mut fields = record.split(' ');
        let (id, since_ticks, boot) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?, fields.next()?);
        let session = fields.next()?.parse().ok()?;
        let is_ours = boot == self.boot && !tree::is_another(id, since_ticks);
        is_ours.then_some(Group { id, session: Some(session), since_ticks })
    }

    /// Every recorded pipeline.
    pub(crate) fn list(&self) -> Result<Vec<OwnedPipeline>, Failure> {
        let wrong = |error| failure::on_path("list", &self.state, error);
        let mut owned = Vec::new();
        for entry in fs::read_dir(&self.state).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let Some(pipeline) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let record = fs::read_to_string(entry.path().join("owner.json")).ok();
            // A crash between making the directory and the file leaves nothing else: ours to remove.
            let record: Value = record.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            let instance = record["instance"].as_str().map_or_else(|| self.instance.clone(), InstanceId::new);
            owned.push(OwnedPipeline {
                pipeline,
                instance,
                workspace: record["workspace"].as_str().map(PathBuf::from),
            });
        }
        owned.sort_by_key(|owned| owned.pipeline);
        Ok(owned)
    }

    /// Forgets a pipeline; fine if there is none.
    pub(crate) fn forget(&self, pipeline: PipelineId) -> Result<(), Failure> {
        let dir = self.pipeline_dir(pipeline);
        crate::unlock::unlock(&self.home(pipeline));
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failure::on_path("remove", &dir, error)),
            _ => Ok(()),
        }
    }
}

fn make_private(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}
