//! Gives the files that jobs wrote as other users to whoever owns the workspace, so that it can be removed or read.
//!
//! Only root can, so a container does it: with an image that the pipeline's jobs ran in, which the engine has for sure.
//! Nothing of the pipeline may write any more when it is called.

use std::path::Path;
use std::time::Duration;

use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, KillContainerOptions, StartContainerOptions,
};
use imt_core::id::PipelineId;
use imt_core::ports::{Failure, FailureKind};

use crate::engine::Engine;
use crate::error;
use crate::spec::{WORKSPACE, helper_container};
use crate::workspace;

/// How long handing back a workspace's files may take.
const HAND_BACK: Duration = Duration::from_mins(5);
/// How long a killed container may take to be still.
const KILL: Duration = Duration::from_secs(30);

/// Makes the files of a workspace ours, or at least ours to remove. As root there is nothing to do. Tries the images in
/// order: one may lack the commands.
pub(crate) async fn hand_back(engine: &Engine, id: PipelineId, dir: &Path, images: &[String]) -> Result<(), Failure> {
    let owned = dir.to_owned();
    let foreign = tokio::task::spawn_blocking(move || owned.exists() && workspace::has_foreign_files(&owned));
    if rustix::process::geteuid().is_root() || !foreign.await.unwrap_or(true) {
        return Ok(());
    }
    let stuck = |why: &str| {
        Failure::new(
            FailureKind::WorkspaceFailed,
            format!("the workspace {} has files of other users, {why}", dir.display()),
        )
        .with_help(format!("remove it as root (`sudo rm -rf {}`)", dir.display()))
    };
    let mut problem = stuck("and no container is left to give them back with");
    let mut tried: Vec<&String> = Vec::new();
    for image in images {
        if tried.contains(&image) {
            continue;
        }
        tried.push(image);
        match run(engine, id, dir, image).await {
            Ok(0) if !is_locked(dir).await => return Ok(()),
            Ok(0) => problem = stuck("which could not be opened"),
            Ok(code) => problem = stuck(&format!("which could not be given back (code {code})")),
            Err(failure) => problem = failure,
        }
    }
    Err(problem)
}

async fn is_locked(dir: &Path) -> bool {
    let dir = dir.to_owned();
    tokio::task::spawn_blocking(move || workspace::has_locked_directories(&dir)).await.unwrap_or(true)
}

/// Where the system says which users of the container are which outside.
const USERS: &str = "/proc/self/uid_map";

/// What root does. A directory with the sticky bit would keep others' files. Where a user namespace translates the numbers,
/// ours is nobody's inside: root can give nothing to us, and not even touch what is ours already, which is no fault. Then the
/// permissions have to be enough, and that is looked at from outside. A `chmod -R` of busybox does not go into a directory
/// that it may not touch, so each file is named to it; images without `find` have one that goes on.
fn command(uid: u32, gid: u32, users: &str) -> String {
    let open = format!("chmod -R a+rwX,-t {WORKSPACE}");
    let open_each = format!("find {WORKSPACE} ! -type l -exec chmod a+rwX,-t {{}} +");
    format!(
        "read -r inside outside all <{users}; \
         if [ \"$inside $outside $all\" = '0 0 4294967295' ]; then {open} && chown -hR {uid}:{gid} {WORKSPACE}; \
         else {open_each} 2>/dev/null || {open} 2>/dev/null || true; fi"
    )
}

async fn run(engine: &Engine, id: PipelineId, dir: &Path, image: &str) -> Result<i64, Failure> {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let body = helper_container(image, &engine.owner, id, dir, &command(uid.as_raw(), gid.as_raw(), USERS));
    let call = engine.docker.create_container(None::<CreateContainerOptions>, body);
    let helper = error::within(engine.deadline, "create a container", call).await?.id;
    let run = async {
        let call = engine.docker.start_container(&helper, None::<StartContainerOptions>);
        error::within(engine.deadline, "start a container", call).await?;
        tokio::time::timeout(HAND_BACK, still(engine, &helper))
            .await
            .map_err(|_| error::timed_out("give back files", HAND_BACK))?
    };
    let code = run.await;
    engine.remove(&helper).await?;
    code
}

/// Kills a container without removing it, and waits until nothing of it runs.
pub(crate) async fn kill(engine: &Engine, container: &str) -> Result<(), Failure> {
    let options = KillContainerOptions { signal: "SIGKILL".to_owned() };
    let call = engine.docker.kill_container(container, Some(options));
    match tokio::time::timeout(engine.deadline, call).await {
        // It does not run, or is not there.
        Ok(Err(problem)) if error::is_conflict(&problem) || error::is_not_found(&problem) => return Ok(()),
        Ok(Err(problem)) => return Err(error::failure("kill a container", problem)),
        Err(_elapsed) => return Err(error::timed_out("kill a container", engine.deadline)),
        Ok(Ok(())) => {}
    }
    match tokio::time::timeout(KILL, still(engine, container)).await {
        Ok(result) => result.map(drop),
        Err(_elapsed) => Err(error::timed_out("kill a container", KILL)),
    }
}

/// Waits until a container does not run; its exit code.
async fn still(engine: &Engine, container: &str) -> Result<i64, Failure> {
    let mut seen = engine.events.watch(container);
    loop {
        // Events may be cut: look now and then.
        let call = engine.docker.inspect_container(container, None::<InspectContainerOptions>);
        let state = error::within(engine.deadline, "look at a container", call).await?.state.unwrap_or_default();
        if state.running != Some(true) {
            engine.events.forget(container);
            return Ok(state.exit_code.unwrap_or(1));
        }
        let _woken = tokio::time::timeout(Duration::from_secs(1), seen.changed()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn files_are_given_to_us_only_where_no_user_namespace_translates_us() {
        let dir = tempfile::tempdir().unwrap();
        let users = dir.path().join("uid_map");
        for name in ["chmod", "chown", "find"] {
            let program = dir.path().join(name);
            let script = format!("#!/bin/sh\necho {name} >>{}/calls\n! [ {name} = $FAILS ]\n", dir.path().display());
            // By another process: a file that this one has open for writing is busy in every child that a test starts now.
            let writing = "printf '%s' \"$2\" >\"$1\"";
            let status = Command::new("sh").args(["-c", writing, "sh"]).arg(&program).arg(script).status().unwrap();
            assert!(status.success());
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let plain = "         0          0 4294967295\n";
        let (remapped, rootless) = ("0 300000 65536\n", "0 1000 1\n1 100000 65536\n");
        let table = [
            (plain, "none", true, "chmod\nchown\n"),
            (plain, "chmod", false, "chmod\n"),
            (plain, "chown", false, "chmod\nchown\n"),
            (remapped, "none", true, "find\n"),
            (remapped, "find", true, "find\nchmod\n"),
            (rootless, "none", true, "find\n"),
        ];
        for (map, fails, succeeds, made) in table {
            fs::write(&users, map).unwrap();
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(command(1000, 1000, users.to_str().unwrap()));
            let status = shell.env("PATH", dir.path()).env("FAILS", fails).status().unwrap();
            assert_eq!(status.success(), succeeds, "{map} {fails}");
            assert_eq!(fs::read_to_string(dir.path().join("calls")).unwrap(), made, "{map} {fails}");
            fs::remove_file(dir.path().join("calls")).unwrap();
        }
    }
}
