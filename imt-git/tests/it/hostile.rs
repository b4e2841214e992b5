//! Addresses and references that must not get anywhere near a command line.

use imt_core::id::CommitId;
use imt_core::ports::{FailureKind, Source};

use crate::common::{World, checkout, executable, git};

const HOSTILE: [&str; 56] = [
    "",
    " ",
    "-",
    "--upload-pack=touch /tmp/p",
    "-oProxyCommand=touch p",
    "ext::sh -c touch% /tmp/p",
    "EXT::sh -c touch% /tmp/p",
    "Ext::sh",
    "fd::3",
    "transport::address",
    "git://h.dev/r",
    "git+ssh://h.dev/r",
    "ftp://h.dev/r",
    "ftps://h.dev/r",
    "rsync://h.dev/r",
    "HTTPS://h.dev/r",
    "SSH://h.dev/r",
    "javascript:alert(1)//r",
    "http://h.dev/r",
    "http://169.254.169.254/latest/meta-data",
    "http://127.0.0.1.evil.dev/r",
    "http://localhost.evil.dev/r",
    "http://127.0.0.1@evil.dev/r",
    "https://",
    "https:///r",
    "https://h.dev",
    "https://h.dev/",
    "https://user:hunter22@h.dev/r",
    "https://hunter22@h.dev/r",
    "https://h.dev:0/r",
    "https://h.dev:99999/r",
    "https://h.dev:4x/r",
    "https://h.dev:/r",
    "https://-h.dev/r",
    "https://h..dev/r",
    "https://h.dev\\@evil.dev/r",
    "https://h.dev/r\n--upload-pack=x",
    "https://h.dev/r\r\nHost: evil",
    "https://h.dev/\0r",
    "https://h.dev/r?x=1",
    "https://h.dev/r#x",
    "https://h.dev/a/../../b",
    "https://h.dev/%2e%2e/b",
    "https://h.dev/a%0ab",
    "https://h%2edev/r",
    "https://h。dev/r",
    "https://ｈ.dev/r",
    "https://h.dev/$(touch p)",
    "https://h.dev/-r",
    "ssh://-oProxyCommand=touch%20p/r",
    "ssh://user@-oProxyCommand=x/r",
    "ssh://-oProxyCommand=x@h.dev/r",
    "ssh://u:hunter22@h.dev/r",
    "-oProxyCommand=x:r",
    "git@h.dev:-r",
    "relative/path",
];

/// A git that leaves a mark when it is started.
fn marking_git(world: &World) -> (std::path::PathBuf, std::path::PathBuf) {
    let (program, mark) = (world.path("marking-git"), world.path("started"));
    executable(&program, &format!("#!/bin/sh\ntouch {}\nexec git \"$@\"\n", mark.display()));
    (program, mark)
}

#[tokio::test]
async fn hostile_addresses_are_refused_before_a_process_is_started() {
    let world = World::new();
    let (program, mark) = marking_git(&world);
    let source = world.builder().git_program(program).build().unwrap();
    let into = world.workspace("w");
    let commit = CommitId::new("1".repeat(40));
    for url in HOSTILE {
        for failure in
            [checkout(&source, url, &commit, &into).await.unwrap_err(), source.resolve(url, "main").await.unwrap_err()]
        {
            assert_eq!(failure.kind, FailureKind::CheckoutFailed, "{url:?}");
            assert!(failure.message.contains("refused") && failure.help.is_some(), "{url:?}: {failure}");
            assert!(!failure.explain().contains("hunter22"), "{url:?}: {failure}");
        }
        assert!(!mark.exists(), "git was started for {url:?}");
    }
    // The mark works: an allowed address does start it.
    source.resolve(&world.origin_text(), "main").await.unwrap_err();
    assert!(mark.exists());
}

#[tokio::test]
async fn ssh_without_a_key_is_refused_and_says_so() {
    let world = World::new();
    let (program, mark) = marking_git(&world);
    let source = world.builder().git_program(program).build().unwrap();
    let failure = source.resolve("git@h.dev:acme/app.git", "main").await.unwrap_err();
    assert!(failure.explain().contains("no ssh key was given for ssh://h.dev"), "{}", failure.explain());
    assert!(!mark.exists());
}

/// Our rules for names against git's own.
#[test]
fn hostile_references_are_hostile_to_git_too() {
    let world = World::new();
    let check = |name: &str| {
        let mut command = std::process::Command::new("git");
        command.args(["check-ref-format", "--allow-onelevel", name]).current_dir(world.origin());
        command.status().unwrap().success()
    };
    for name in ["main", "feature/x-1", "ünï", "a@b", "`x`", "$(x)"] {
        assert!(check(name), "{name}");
    }
    for name in ["a..b", "a b", ".a", "a.lock", "a.", "/a", "a/", "@", "a@{1}", "a~1", "a^", "a:b", "a*b", "a\\b"] {
        assert!(!check(name), "{name}");
    }
    git(&world.origin(), &["status"]);
}

#[tokio::test]
async fn plain_http_to_this_machine_has_to_be_allowed() {
    let world = World::new();
    let (program, mark) = marking_git(&world);
    let builder = || imt_git::GitSource::builder(world.path("cache")).git_program(&program);
    let source = builder().build().unwrap();
    for url in ["http://localhost:1/r", "http://127.0.0.1:1/r", "http://[::1]:1/r"] {
        let failure = source.resolve(url, "main").await.unwrap_err();
        assert!(failure.message.contains("plain http is not allowed"), "{failure}");
        assert!(!mark.exists(), "{url}");
        let token = imt_git::Credentials::token(imt_core::secret::Secret::new("t"));
        let origin = url.trim_end_matches("/r");
        assert!(builder().credentials(origin, token.clone()).build().is_err(), "{origin}");
        assert!(builder().loopback_http(true).credentials(origin, token).build().is_ok(), "{origin}");
    }
}
