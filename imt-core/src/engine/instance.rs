//! Which process is alive: one directory an instance, with a locked file in it.
//!
//! The lock is the system's, so it is free the moment its process is gone, however it went. What an instance makes
//! outside of itself (workspaces, process groups) it records in its directory first; whoever finds the lock free may
//! remove those things and then the directory.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::engine::error::EngineError;
use crate::engine::records;
use crate::id::InstanceId;

const LOCK: &str = "lock";
/// What an instance is that outlives its processes; others have no such file.
const LASTING: &str = "lasting";

/// All instances that share a state directory.
#[derive(Debug, Clone)]
pub struct Instances {
    dir: PathBuf,
}

/// A living instance: as long as this value lives, its lock is held.
#[derive(Debug)]
pub struct Instance {
    id: InstanceId,
    dir: PathBuf,
    _lock: File,
}

impl Instances {
    /// The instances of a state directory, which is made if it is not there.
    ///
    /// # Errors
    /// [`EngineError::State`] when it cannot be made.
    pub fn open(state_dir: &Path) -> Result<Self, EngineError> {
        let dir = state_dir.join("instances");
        fs::create_dir_all(&dir).map_err(at(&dir))?;
        Ok(Self { dir })
    }

    /// A new instance for this process.
    ///
    /// # Errors
    /// [`EngineError::State`] when its directory cannot be made or locked.
    pub fn acquire(&self) -> Result<Instance, EngineError> {
        self.make(None)
    }

    /// An instance that outlives its processes: the identity of one that is gone and was called the same, or else a new
    /// one. Its claims are ours then, and so is what it made; no sweep of others touches that.
    ///
    /// # Errors
    /// [`EngineError::State`] when the directory cannot be read, or a new one's not be made or locked.
    pub fn acquire_lasting(&self, name: &str) -> Result<Instance, EngineError> {
        for id in self.ids()? {
            if self.lasting(&id)?.as_deref() != Some(name) {
                continue;
            }
            if let Found::Dead(lock) = self.inspect(&id)? {
                return Ok(self.instance(id, lock));
            }
        }
        self.make(Some(name))
    }

    fn make(&self, lasting: Option<&str>) -> Result<Instance, EngineError> {
        let id = InstanceId::new(Uuid::now_v7().to_string());
        // Made under a name that is no instance's and renamed when locked, so that nobody ever sees it unlocked.
        let making = self.dir.join(format!(".{id}"));
        fs::create_dir(&making).map_err(at(&making))?;
        let lock = File::create(making.join(LOCK)).map_err(at(&making))?;
        lock.try_lock().map_err(|e| at(&making)(e.into()))?;
        if let Some(name) = lasting {
            let path = making.join(LASTING);
            fs::write(&path, name).map_err(at(&path))?;
        }
        let instance = self.instance(id, lock);
        fs::rename(&making, &instance.dir).map_err(at(&instance.dir))?;
        Ok(instance)
    }

    fn instance(&self, id: InstanceId, lock: File) -> Instance {
        Instance { dir: self.dir.join(id.as_str()), id, _lock: lock }
    }

    /// All that have a directory, the oldest first.
    fn ids(&self) -> Result<Vec<InstanceId>, EngineError> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(at(&self.dir))? {
            let name = entry.map_err(at(&self.dir))?.file_name();
            ids.extend(name.to_str().filter(|n| !n.starts_with('.')).map(InstanceId::new));
        }
        ids.sort();
        Ok(ids)
    }

    fn lasting(&self, id: &InstanceId) -> Result<Option<String>, EngineError> {
        let path = self.dir.join(id.as_str()).join(LASTING);
        match fs::read_to_string(&path) {
            Ok(name) => Ok(Some(name)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(at(&path)(e)),
        }
    }

    /// Whether the process of an instance lives, or is to have a successor. One whose directory is gone does not.
    ///
    /// # Errors
    /// [`EngineError::State`] when that cannot be found out; then it is to be taken for alive.
    pub fn is_live(&self, id: &InstanceId) -> Result<bool, EngineError> {
        // Asked first: trying its lock could keep its successor from it.
        Ok(self.lasting(id)?.is_some() || matches!(self.inspect(id)?, Found::Live))
    }

    /// Whether an instance is, or was, one of this state directory.
    pub fn is_known(&self, id: &InstanceId) -> bool {
        self.dir.join(id.as_str()).is_dir()
    }

    /// Instances whose process is gone for good, each locked by us for as long as the value lives, so that two sweeps do not
    /// meet. A lasting one has successors. One that cannot be told is handed to `unknown` and taken for alive.
    ///
    /// # Errors
    /// [`EngineError::State`] when the directory of all of them cannot be read.
    pub fn dead(&self, mut unknown: impl FnMut(EngineError)) -> Result<Vec<Instance>, EngineError> {
        let mut dead = Vec::new();
        for id in self.ids()? {
            match self.lock_dead(&id) {
                Ok(Some(lock)) => dead.push(self.instance(id, lock)),
                Ok(None) => {}
                Err(error) => unknown(error),
            }
        }
        Ok(dead)
    }

    /// An instance whose process is gone for good, locked by us: its claims are ours as long as the value lives. `None` where it
    /// lives, is to have a successor, or is none of this state directory.
    ///
    /// # Errors
    /// [`EngineError::State`] when that cannot be found out; then it is to be taken for alive.
    pub fn succeed(&self, id: &InstanceId) -> Result<Option<Instance>, EngineError> {
        Ok(self.lock_dead(id)?.map(|lock| self.instance(id.clone(), lock)))
    }

    /// The lock of an instance that is gone for good.
    fn lock_dead(&self, id: &InstanceId) -> Result<Option<File>, EngineError> {
        if self.lasting(id)?.is_some() {
            return Ok(None);
        }
        Ok(match self.inspect(id)? {
            Found::Dead(lock) => Some(lock),
            Found::Live | Found::Absent => None,
        })
    }

    fn inspect(&self, id: &InstanceId) -> Result<Found, EngineError> {
        let path = self.dir.join(id.as_str()).join(LOCK);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Found::Absent),
            Err(e) => return Err(at(&path)(e)),
        };
        match file.try_lock() {
            // Removed by its holder meanwhile, it is nobody's.
            Ok(()) if file.metadata().map_err(at(&path))?.nlink() == 0 => Ok(Found::Absent),
            Ok(()) => Ok(Found::Dead(file)),
            Err(TryLockError::WouldBlock) => Ok(Found::Live),
            Err(TryLockError::Error(e)) => Err(at(&path)(e)),
        }
    }
}

enum Found {
    Live,
    Dead(File),
    Absent,
}

impl Instance {
    /// Its id.
    pub const fn id(&self) -> &InstanceId {
        &self.id
    }

    /// Its directory, for the records of what it makes.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Removes its directory, unless a workspace recorded there still exists: then only its lock is let go, and a later
    /// sweep finds the record.
    ///
    /// # Errors
    /// [`EngineError::State`] when the directory cannot be read or removed.
    pub fn retire(self) -> Result<(), EngineError> {
        let left = records::recorded(&self.dir).map_err(at(&self.dir))?;
        if left.is_empty() { fs::remove_dir_all(&self.dir).map_err(at(&self.dir)) } else { Ok(()) }
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> EngineError {
    let path = path.to_owned();
    move |source| EngineError::State { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of which all can be told.
    fn all_dead(instances: &Instances) -> Vec<Instance> {
        instances.dead(|error| panic!("{error}")).unwrap()
    }

    #[test]
    fn one_that_cannot_be_told_is_named_and_keeps_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let instances = Instances::open(dir.path()).unwrap();
        let made = [(); 3].map(|()| instances.acquire().unwrap());
        let ids = made.each_ref().map(|instance| instance.id().clone());
        // Neither can be read by any user: a directory, and a link to itself.
        let wrong = [made[0].dir().join(LASTING), made[1].dir().join(LOCK)];
        drop(made);
        fs::create_dir(&wrong[0]).unwrap();
        fs::remove_file(&wrong[1]).unwrap();
        std::os::unix::fs::symlink(LOCK, &wrong[1]).unwrap();

        let mut unknown = Vec::new();
        let dead = instances.dead(|error| unknown.push(error)).unwrap();
        assert_eq!(dead.iter().map(Instance::id).collect::<Vec<_>>(), [&ids[2]]);
        let named = unknown.iter().map(|error| match error {
            EngineError::State { path, .. } => path.clone(),
            other => panic!("{other}"),
        });
        assert_eq!(named.collect::<Vec<_>>(), wrong);
    }

    #[test]
    fn a_lasting_instance_is_taken_on_by_the_next_of_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let instances = Instances::open(dir.path()).unwrap();
        let one = instances.acquire_lasting("runner a").unwrap();
        let two = instances.acquire_lasting("runner a").unwrap();
        let other = instances.acquire_lasting("runner b").unwrap();
        let ids = [one.id().clone(), two.id().clone(), other.id().clone()];
        assert!(ids[0] != ids[1] && ids[1] != ids[2]);
        drop((one, two, other));
        // Nobody sweeps what is theirs, nor takes them for gone.
        assert!(all_dead(&instances).is_empty());
        assert!(ids.iter().all(|id| instances.is_live(id).unwrap()));

        let again = [(); 3].map(|()| instances.acquire_lasting("runner a").unwrap());
        let ids_again = again.each_ref().map(|i| i.id().clone());
        assert_eq!(ids_again[..2], ids[..2]);
        assert!(!ids.contains(&ids_again[2]), "all of that name are taken");
        for instance in again {
            instance.retire().unwrap();
        }
        assert_eq!(fs::read_dir(dir.path().join("instances")).unwrap().count(), 1);
    }

    #[test]
    fn an_instance_lives_as_long_as_its_value() {
        let dir = tempfile::tempdir().unwrap();
        let instances = Instances::open(dir.path()).unwrap();
        let one = instances.acquire().unwrap();
        let two = instances.acquire().unwrap();
        let (id_one, id_two) = (one.id().clone(), two.id().clone());
        assert!(instances.is_live(&id_one).unwrap() && instances.is_live(&id_two).unwrap());
        assert!(all_dead(&instances).is_empty());

        drop(one);
        assert!(!instances.is_live(&id_one).unwrap());
        let dead = all_dead(&instances);
        assert_eq!(dead.iter().map(Instance::id).collect::<Vec<_>>(), [&id_one]);
        assert!(all_dead(&instances).is_empty(), "the first sweep holds it");
        assert!(instances.succeed(&id_one).unwrap().is_none(), "its first successor holds it");
        drop(dead);
        assert!(instances.succeed(&id_two).unwrap().is_none(), "it lives");
        assert!(instances.succeed(&InstanceId::new("elsewhere")).unwrap().is_none());
        let successor = instances.succeed(&id_one).unwrap().expect("nobody holds it");
        assert_eq!(successor.id(), &id_one);
        drop(successor);
        let dead = all_dead(&instances);

        for instance in dead {
            instance.retire().unwrap();
        }
        assert!(!instances.is_live(&id_one).unwrap());
        two.retire().unwrap();
        assert_eq!(fs::read_dir(dir.path().join("instances")).unwrap().count(), 0);
    }
}
