//! Records of workspaces: one file a pipeline in the directory of its instance, which holds the path.
//!
//! Written before the workspace is made and dropped after it is gone, so that whoever finds the instance dead knows what it
//! left. Does not know what a path has to look like.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::engine::instance::{Instance, WORKSPACES};
use crate::id::PipelineId;

/// Where the record of a pipeline is.
pub(super) fn place(instance: &Instance, pipeline: PipelineId) -> PathBuf {
    instance.dir().join(WORKSPACES).join(pipeline.to_string())
}

/// Records a workspace: whole and on the disk, or not at all.
pub(super) fn record(instance: &Instance, pipeline: PipelineId, path: &Path) -> io::Result<()> {
    let place = place(instance, pipeline);
    let records = instance.dir().join(WORKSPACES);
    fs::create_dir_all(&records)?;
    let unfinished = records.join(format!(".{pipeline}"));
    let mut file = File::create(&unfinished)?;
    file.write_all(path.as_os_str().as_bytes())?;
    file.sync_all()?;
    fs::rename(unfinished, place)
}

/// Drops a record: the workspace is gone, or is meant to stay.
pub(super) fn forget(instance: &Instance, pipeline: PipelineId) -> io::Result<()> {
    match fs::remove_file(place(instance, pipeline)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// The pipelines that a dead instance has a record of. What it was about to write is removed: it made nothing of that.
pub(super) fn recorded(instance: &Instance) -> io::Result<Vec<PipelineId>> {
    let entries = match fs::read_dir(instance.dir().join(WORKSPACES)) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        match (name.strip_prefix('.').map(str::parse::<PipelineId>), name.parse()) {
            (Some(Ok(_)), _) => fs::remove_file(entry.path())?,
            (_, Ok(pipeline)) => found.push(pipeline),
            _ => {}
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The path on record; an empty one is an error too.
pub(super) fn read(instance: &Instance, pipeline: PipelineId) -> io::Result<PathBuf> {
    let bytes = fs::read(place(instance, pipeline))?;
    if bytes.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is empty"));
    }
    Ok(PathBuf::from(OsString::from_vec(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::instance::Instances;

    #[test]
    fn a_record_is_read_as_it_was_written_and_what_was_not_finished_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let instance = Instances::open(dir.path()).unwrap().acquire().unwrap();
        assert_eq!(recorded(&instance).unwrap(), []);
        let (pipeline, other) = (PipelineId::generate(), PipelineId::generate());
        let path = PathBuf::from(OsString::from_vec(b"/no/\xff/text".to_vec()));
        record(&instance, pipeline, &path).unwrap();
        let unfinished = instance.dir().join(WORKSPACES).join(format!(".{other}"));
        fs::write(&unfinished, "/ha").unwrap();
        assert_eq!(recorded(&instance).unwrap(), [pipeline]);
        assert!(!unfinished.exists());
        assert_eq!(read(&instance, pipeline).unwrap(), path);
        forget(&instance, pipeline).unwrap();
        forget(&instance, pipeline).unwrap();
        assert_eq!(recorded(&instance).unwrap(), []);
        fs::write(place(&instance, pipeline), "").unwrap();
        assert!(read(&instance, pipeline).is_err());
    }
}
