//! What is asked of ssh. A script stands in for it, keeps what it got and runs the command on this machine.

use std::fs;

use imt_git::Credentials;

use crate::common::{World, checkout, executable, git};

#[tokio::test]
async fn ssh_gets_a_configuration_of_ours_and_no_options_of_others() {
    let world = World::new();
    let commit = world.commit("a", "1");
    let (bin, seen) = (world.path("bin"), world.path("seen"));
    fs::create_dir(&bin).unwrap();
    let ssh = "#!/bin/sh\necho \"argv: $*\" >> SEEN\ncat \"$2\" >> SEEN\nfor last; do :; done\nexec sh -c \"$last\"\n";
    executable(&bin.join("ssh"), &ssh.replace("SEEN", seen.to_str().unwrap()));
    let program = world.path("git-with-our-ssh");
    executable(&program, &format!("#!/bin/sh\nPATH={}:$PATH exec git \"$@\"\n", bin.display()));

    let key = Credentials::SshKey { private_key: "/keys/id".into(), known_hosts: "/keys/known hosts".into() };
    let source = world.builder().git_program(&program).credentials("ssh://h.dev:2222", key).build().unwrap();
    let url = format!("ssh://git@h.dev:2222{}", world.origin_text());
    let into = world.workspace("w");
    checkout(&source, &url, &commit, &into).await.unwrap();
    assert_eq!(git(&into, &["config", "remote.origin.url"]), url);

    let seen = fs::read_to_string(seen).unwrap();
    let argv = seen.lines().next().unwrap();
    assert!(argv.starts_with("argv: -F ") && argv.contains(" -p 2222 ") && argv.contains(" git@h.dev "), "{argv}");
    assert!(!argv.contains("/keys"), "{argv}");
    for line in [
        "Host h.dev",
        "  IdentityFile \"/keys/id\"",
        "  UserKnownHostsFile \"/keys/known hosts\"",
        "  BatchMode yes",
        "  StrictHostKeyChecking yes",
    ] {
        assert!(seen.lines().any(|seen| seen == line), "{line} is not in {seen}");
    }
}
