//! Records of workspaces: one file a pipeline in the directory of its instance, which holds the path and when the machine
//! was started.
//!
//! Written before the workspace is made and dropped after it is gone, so that whoever finds the instance dead knows what it
//! left. Does not know what a path has to look like.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::id::{InstanceId, PipelineId};

/// Where an instance records the workspaces it makes.
const WORKSPACES: &str = "workspaces";

/// No path has this byte.
const END_OF_PATH: u8 = 0;

/// Where the record of a pipeline is.
pub(super) fn place(instance: &Path, pipeline: PipelineId) -> PathBuf {
    instance.join(WORKSPACES).join(pipeline.to_string())
}

/// Records a workspace: whole and on the disk, or not at all.
pub(super) fn record(instance: &Path, pipeline: PipelineId, path: &Path) -> io::Result<()> {
    let place = place(instance, pipeline);
    let records = instance.join(WORKSPACES);
    fs::create_dir_all(&records)?;
    let unfinished = records.join(format!(".{pipeline}"));
    let mut file = File::create(&unfinished)?;
    file.write_all(path.as_os_str().as_bytes())?;
    file.write_all(&[END_OF_PATH])?;
    file.write_all(boot().as_bytes())?;
    file.sync_all()?;
    fs::rename(unfinished, place)
}

/// Drops a record: the workspace is gone, or is meant to stay.
pub(super) fn forget(instance: &Path, pipeline: PipelineId) -> io::Result<()> {
    match fs::remove_file(place(instance, pipeline)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// The pipelines that an instance has a record of. What it was about to write counts for nothing: it has made nothing yet.
pub(super) fn recorded(instance: &Path) -> io::Result<Vec<PipelineId>> {
    let entries = match fs::read_dir(instance.join(WORKSPACES)) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut found = Vec::new();
    for entry in entries {
        found.extend(entry?.file_name().to_str().and_then(|name| name.parse::<PipelineId>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// The path on record; an empty one is an error too.
pub(super) fn read(instance: &Path, pipeline: PipelineId) -> io::Result<PathBuf> {
    let mut bytes = fs::read(place(instance, pipeline))?;
    bytes.truncate(bytes.iter().position(|b| *b == END_OF_PATH).unwrap_or(bytes.len()));
    if bytes.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty"));
    }
    Ok(PathBuf::from(OsString::from_vec(bytes)))
}

/// Whether an instance of the same state directory made the workspace of a pipeline, since the machine was last started: what
/// was written before that may not all have reached the disk.
pub(super) fn made_by(one: &Path, maker: &InstanceId, pipeline: PipelineId) -> bool {
    let Some(all) = one.parent() else { return false };
    let record = all.join(maker.as_str()).join(WORKSPACES).join(pipeline.to_string());
    let bytes = fs::read(record).unwrap_or_default();
    bytes.iter().position(|b| *b == END_OF_PATH).is_some_and(|end| bytes[end + 1..] == *boot().as_bytes())
}

/// What is different each time the machine is started; nothing where the system does not say.
fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::instance::Instances;

    #[test]
    fn a_record_is_read_as_it_was_written_and_what_was_not_finished_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let instance = Instances::open(dir.path()).unwrap().acquire().unwrap();
        assert_eq!(recorded(instance.dir()).unwrap(), []);
        let (pipeline, other) = (PipelineId::generate(), PipelineId::generate());
        let path = PathBuf::from(OsString::from_vec(b"/no/\xff/text".to_vec()));
        record(instance.dir(), pipeline, &path).unwrap();
        let unfinished = instance.dir().join(WORKSPACES).join(format!(".{other}"));
        fs::write(&unfinished, "/ha").unwrap();
        assert_eq!(recorded(instance.dir()).unwrap(), [pipeline]);
        assert!(made_by(instance.dir(), instance.id(), pipeline) && !made_by(instance.dir(), instance.id(), other));
        assert_eq!(read(instance.dir(), pipeline).unwrap(), path);
        forget(instance.dir(), pipeline).unwrap();
        forget(instance.dir(), pipeline).unwrap();
        assert_eq!(recorded(instance.dir()).unwrap(), []);
        fs::write(place(instance.dir(), pipeline), "/the/path\0another start of the machine").unwrap();
        assert!(!made_by(instance.dir(), instance.id(), pipeline));
        assert_eq!(read(instance.dir(), pipeline).unwrap(), Path::new("/the/path"));
        fs::write(place(instance.dir(), pipeline), "").unwrap();
        assert!(read(instance.dir(), pipeline).is_err());
    }
}
