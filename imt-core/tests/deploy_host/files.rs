//! Files: staged, installed, put back, recorded, forgotten.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use imt_core::deploy::command::{
    ChangedFile, FileChange, changed_files, clean, forget, install, manifest, put_back_files, read_changed_files,
    read_releases, record, releases, restage, stage,
};
use imt_core::deploy::machine::{Step, Ticket};
use imt_core::id::ReleaseId;

use crate::host::{Host, deployment, hosts};

const STAGED: [(&str, &str); 4] = [
    ("compose.yaml", "new compose"),
    ("conf/deep/nginx.conf", "new nginx"),
    ("it's a $file", "new odd name"),
    (".imt/deploy.yml", "new override"),
];

/// One try of a transfer.
const fn a_try(number: u32) -> Ticket {
    Ticket { step: Step::Transfer, number }
}

/// Stages the new files, as a transfer does.
fn staged(host: &Host, number: u32) {
    let dir = host.dir();
    assert_eq!(host.run(&stage(&dir, deployment(1), a_try(number))).code, Some(0));
    let staging = dir.staging(deployment(1), a_try(number));
    for (path, text) in STAGED {
        let path = format!("{staging}/files/{path}");
        fs::create_dir_all(std::path::Path::new(&path).parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::write(format!("{staging}/manifest"), manifest(STAGED.map(|(path, _)| path)).unwrap()).unwrap();
    fs::write(format!("{staging}/release.json"), "{}").unwrap();
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A project as it was before: an old compose file, a link where a file will be, data of the host's own.
fn before(host: &Host) {
    host.write("compose.yaml", "old compose");
    fs::set_permissions(host.root().join("compose.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    host.write("data/db", "precious");
    host.write("conf/kept", "kept");
    symlink("kept", host.root().join("conf/link")).unwrap();
}

fn is_as_before(host: &Host) {
    let shell = host.shell;
    assert_eq!(host.read("compose.yaml").as_deref(), Some("old compose"), "{shell}");
    assert_eq!(mode(&host.root().join("compose.yaml")), 0o640, "{shell}");
    assert_eq!(host.read("data/db").as_deref(), Some("precious"), "{shell}");
    assert_eq!(fs::read_link(host.root().join("conf/link")).unwrap(), std::path::Path::new("kept"), "{shell}");
    for new in ["conf/deep/nginx.conf", "it's a $file", ".imt/deploy.yml"] {
        assert_eq!(host.read(new), None, "{shell}: {new}");
    }
    let leftovers = walk(&host.root()).into_iter().filter(|path| path.ends_with(".imt-new")).count();
    assert_eq!(leftovers, 0, "{shell}: nothing half-written");
}

fn walk(dir: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(walk(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn files_are_installed_and_put_back_whatever_comes_twice() {
    for host in hosts() {
        let (dir, shell) = (host.dir(), host.shell);
        before(&host);
        for round in 1..3 {
            staged(&host, round);
            for _ in 0..round {
                let ran = host.run(&install(&dir, deployment(1), a_try(round)));
                assert_eq!(ran.code, Some(0), "{shell}: {ran:?}");
            }
            for (path, text) in STAGED {
                assert_eq!(host.read(path).as_deref(), Some(text), "{shell}: {path}");
            }
            assert_eq!(host.read("data/db").as_deref(), Some("precious"), "{shell}");
        }
        for _ in 0..2 {
            let ran = host.run(&put_back_files(&dir, deployment(1)));
            assert_eq!(ran.code, Some(0), "{shell}: {ran:?}");
            is_as_before(&host);
        }
        assert_eq!(host.run(&put_back_files(&dir, deployment(9))).code, Some(0), "{shell}: nothing is aside");
        is_as_before(&host);
        assert_eq!(host.run(&clean(&dir, deployment(1), true)).code, Some(0));
        assert!(fs::exists(dir.aside(deployment(1))).unwrap(), "{shell}: kept for who does the rest");
        assert_eq!(host.run(&clean(&dir, deployment(1), false)).code, Some(0));
        let left = walk(&host.state());
        assert!(left.is_empty(), "{shell}: {left:?}");
    }
}

#[test]
fn an_installation_that_stops_halfway_is_put_back_as_well() {
    for host in hosts() {
        let (dir, shell) = (host.dir(), host.shell);
        before(&host);
        staged(&host, 1);
        fs::remove_file(format!("{}/files/it's a $file", dir.staging(deployment(1), a_try(1)))).unwrap();
        assert_eq!(host.run(&install(&dir, deployment(1), a_try(1))).code, Some(1), "{shell}");
        assert_eq!(host.read("compose.yaml").as_deref(), Some("new compose"), "{shell}: it had begun");
        assert_eq!(host.run(&put_back_files(&dir, deployment(1))).code, Some(0), "{shell}");
        is_as_before(&host);
    }
}

#[test]
fn a_link_is_replaced_and_returns_and_a_directory_is_in_the_way() {
    for host in hosts() {
        let (dir, shell) = (host.dir(), host.shell);
        before(&host);
        staged(&host, 1);
        let staging = dir.staging(deployment(1), a_try(1));
        fs::write(format!("{staging}/files/conf/link"), "a file").unwrap();
        fs::write(format!("{staging}/manifest"), "conf/link\n").unwrap();
        assert_eq!(host.run(&install(&dir, deployment(1), a_try(1))).code, Some(0), "{shell}");
        assert!(!host.root().join("conf/link").is_symlink(), "{shell}");
        assert_eq!(host.read("conf/kept").as_deref(), Some("kept"), "{shell}: it was not followed");
        assert_eq!(host.run(&put_back_files(&dir, deployment(1))).code, Some(0), "{shell}");
        is_as_before(&host);

        // An engine makes an empty directory of a file that it misses (coolify#8107); one with something in it is not ours.
        fs::create_dir_all(host.root().join("conf/deep/nginx.conf")).unwrap();
        staged(&host, 2);
        assert_eq!(host.run(&install(&dir, deployment(2), a_try(2))).code, Some(1), "{shell}: of another deployment");
        let ran = host.run(&install(&dir, deployment(1), a_try(2)));
        assert_eq!((ran.code, host.read("conf/deep/nginx.conf").as_deref()), (Some(0), Some("new nginx")), "{shell}");
        fs::remove_file(host.root().join("compose.yaml")).unwrap();
        host.write("compose.yaml/child", "x");
        let ran = host.run(&install(&dir, deployment(1), a_try(2)));
        assert_eq!(ran.code, Some(6), "{shell}: {ran:?}");
        assert!(ran.stderr.contains("compose.yaml"), "{shell}: {ran:?}");
    }
}

#[test]
fn a_path_that_leads_out_is_refused_by_the_host_as_well() {
    for host in hosts() {
        staged(&host, 1);
        let staging = host.dir().staging(deployment(1), a_try(1));
        fs::write(format!("{staging}/evil"), "x").unwrap();
        for evil in ["../evil", "/evil", "a/../../evil"] {
            fs::write(format!("{staging}/manifest"), format!("{evil}\n")).unwrap();
            assert_eq!(
                host.run(&install(&host.dir(), deployment(1), a_try(1))).code,
                Some(2),
                "{}: {evil}",
                host.shell
            );
        }
        assert!(!host.home().join(".imt/evil").exists());
    }
}

#[test]
fn releases_are_recorded_whole_listed_staged_again_and_forgotten() {
    for host in hosts() {
        let (dir, shell) = (host.dir(), host.shell);
        let (one, two) = (ReleaseId::made_by(deployment(1)), ReleaseId::made_by(deployment(2)));
        assert_eq!(read_releases(host.run(&releases(&dir)).stdout.as_bytes()).len(), 0, "{shell}");
        assert_eq!(host.run(&restage(&dir, one, deployment(3), a_try(1))).code, Some(4), "{shell}: no such release");
        staged(&host, 1);
        for release in [one, two] {
            for _ in 0..2 {
                let ran = host.run(&record(&dir, deployment(1), a_try(1), release));
                assert_eq!(ran.code, Some(0), "{shell}: {ran:?}");
            }
        }
        let record_of = format!("{}/release.json", dir.release(one));
        assert_eq!(mode(std::path::Path::new(&dir.release(one))) & 0o077, 0, "{shell}: others may not look");
        fs::write(format!("{}/release.json", dir.staging(deployment(1), a_try(1))), "{\"format\": 2}").unwrap();
        assert_eq!(host.run(&record(&dir, deployment(1), a_try(1), one)).code, Some(0));
        assert_eq!(fs::read_to_string(&record_of).unwrap(), "{\"format\": 2}", "{shell}");

        let ran = host.run(&releases(&dir));
        let listed = read_releases(ran.stdout.as_bytes());
        let names: Vec<_> = listed.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, [one.to_string(), two.to_string()], "{shell}");

        assert_eq!(host.run(&restage(&dir, two, deployment(3), a_try(1))).code, Some(0), "{shell}");
        let ran = host.run(&install(&dir, deployment(3), a_try(1)));
        assert_eq!((ran.code, host.read("compose.yaml").as_deref()), (Some(0), Some("new compose")), "{shell}");
        assert_eq!(host.run(&forget(&dir, [two])).code, Some(0));
        assert!(!fs::exists(dir.release(two)).unwrap() && fs::exists(dir.release(one)).unwrap(), "{shell}");
    }
}

#[test]
fn what_was_changed_by_hand_is_found() {
    for host in hosts() {
        let (dir, shell, one) = (host.dir(), host.shell, ReleaseId::made_by(deployment(1)));
        staged(&host, 1);
        assert_eq!(host.run(&record(&dir, deployment(1), a_try(1), one)).code, Some(0));
        assert_eq!(host.run(&install(&dir, deployment(1), a_try(1))).code, Some(0));
        let changed = || {
            let ran = host.run(&changed_files(&dir, one));
            assert_eq!(ran.code, Some(0), "{shell}: {ran:?}");
            read_changed_files(&ran.stdout)
        };
        assert_eq!(changed(), [], "{shell}");
        host.write("compose.yaml", "by hand");
        fs::set_permissions(host.root().join("it's a $file"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::remove_file(host.root().join("conf/deep/nginx.conf")).unwrap();
        fs::remove_file(format!("{}/files/.imt/deploy.yml", dir.release(one))).unwrap();
        let file = |path: &str, how| ChangedFile { path: path.to_owned(), how };
        let wanted = [
            file("compose.yaml", FileChange::Changed),
            file("conf/deep/nginx.conf", FileChange::Missing),
            file("it's a $file", FileChange::Mode),
            file(".imt/deploy.yml", FileChange::Unkept),
        ];
        assert_eq!(changed(), wanted, "{shell}");
        assert_ne!(host.run(&changed_files(&dir, ReleaseId::made_by(deployment(2)))).code, Some(0), "{shell}: none");
    }
}
