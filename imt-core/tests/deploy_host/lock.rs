//! The scripts of lock and detached commands, run for real by every shell of this machine.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::host::{Host, Ran, deployment, hosts, wait_for};
use imt_core::deploy::command::{
    HostCommand, LOCK_STALE_AFTER, LeftBehind, LockAnswer, Look, TargetDir, beat, closed, detach, in_turn, left_by,
    lock, look, read_left_by, read_lock, read_look, stop, unlock,
};
use imt_core::deploy::machine::{Step, Ticket};

const UP: Ticket = Ticket { step: Step::Up, number: 1 };

fn asked(ran: &Ran) -> LockAnswer {
    let answer = read_lock(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
    assert_eq!(ran.code == Some(0), matches!(answer, LockAnswer::Ours { .. }), "{ran:?}");
    answer
}

fn take(host: &Host, number: u128) -> LockAnswer {
    asked(&host.run(&lock(&host.dir(), deployment(number), &format!("deployment {number}"), LOCK_STALE_AFTER)))
}

fn ours(took_over: &[u128]) -> LockAnswer {
    LockAnswer::Ours { took_over: took_over.iter().map(|number| deployment(*number)).collect() }
}

/// The lock's time becomes an hour old.
fn age(host: &Host) {
    let then = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() - 3_600;
    fs::write(host.state().join("lock/beat"), format!("{then}\n")).unwrap();
}

fn race(host: &Host, numbers: std::ops::Range<u128>) -> Vec<LockAnswer> {
    let commands: Vec<HostCommand> =
        numbers.map(|number| lock(&host.dir(), deployment(number), "racer", LOCK_STALE_AFTER)).collect();
    let children: Vec<_> = commands.iter().map(|command| host.start(command)).collect();
    children.into_iter().map(|child| asked(&Ran::of(child.wait_with_output().unwrap()))).collect()
}

#[test]
fn of_several_at_once_one_gets_the_lock() {
    for host in hosts() {
        for _ in 0..5 {
            let answers = race(&host, 1..7);
            let winners = answers.iter().filter(|answer| matches!(answer, LockAnswer::Ours { .. })).count();
            assert_eq!(winners, 1, "{}: {answers:?}", host.shell);
            fs::remove_dir_all(host.state()).unwrap();
        }
    }
}

#[test]
fn of_several_at_once_one_takes_a_stale_lock_over() {
    for host in hosts() {
        for _ in 0..5 {
            assert_eq!(take(&host, 99), ours(&[]));
            age(&host);
            let answers = race(&host, 1..7);
            let winners: Vec<_> = answers.iter().filter(|answer| matches!(answer, LockAnswer::Ours { .. })).collect();
            assert_eq!(winners, [&ours(&[99])], "{}", host.shell);
            fs::remove_dir_all(host.state()).unwrap();
        }
    }
}

#[test]
fn a_lock_is_held_renewed_taken_over_and_removed_by_its_owner() {
    for host in hosts() {
        let (dir, shell) = (host.dir(), host.shell);
        assert_eq!(take(&host, 1), ours(&[]), "{shell}");
        assert_eq!(take(&host, 1), ours(&[]), "{shell}: its owner may ask again");
        let LockAnswer::Held { owner, age: held_for } = take(&host, 2) else { panic!("{shell}: not held") };
        assert_eq!(owner, "deployment 1");
        assert!(held_for < Duration::from_secs(30), "{shell}: {held_for:?}");
        let not_mine = host.run(&unlock(&dir, deployment(2)));
        assert_eq!((not_mine.code, not_mine.stdout.as_str()), (Some(0), "not-ours\n"), "{shell}");

        age(&host);
        assert_eq!(host.run(&beat(&dir, deployment(1))).stdout, "ok\n", "{shell}");
        assert!(matches!(take(&host, 2), LockAnswer::Held { .. }), "{shell}: it was renewed");
        age(&host);
        assert_eq!(take(&host, 2), ours(&[1]), "{shell}");
        let late = host.run(&beat(&dir, deployment(1)));
        assert_eq!((late.code, late.stdout.as_str()), (Some(3), "lost\n"), "{shell}: its former owner hears of it");
        assert_eq!(take(&host, 2), ours(&[1]), "{shell}: whom to close is told again");
        age(&host);
        assert_eq!(take(&host, 3), ours(&[1, 2]), "{shell}: and by the next, too");
        assert_eq!(host.run(&closed(&dir, deployment(3))).code, Some(0), "{shell}");
        assert_eq!(take(&host, 3), ours(&[]), "{shell}");

        for _ in 0..2 {
            assert_eq!(host.run(&unlock(&dir, deployment(3))).stdout, "free\n", "{shell}");
        }
        assert_eq!(take(&host, 4), ours(&[]), "{shell}");
        let left = fs::read_dir(host.state()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(left.collect::<std::collections::BTreeSet<_>>(), ["lock".into(), "target".into()].into(), "{shell}");
    }
}

#[test]
fn what_a_killed_locker_left_becomes_stale_as_well() {
    for host in hosts() {
        let lock_dir = host.state().join("lock");
        fs::create_dir_all(&lock_dir).unwrap();
        assert!(matches!(take(&host, 1), LockAnswer::Held { .. }), "{}: it may be about to write its name", host.shell);
        age(&host);
        assert_eq!(take(&host, 1), ours(&[]), "{}", host.shell);

        age(&host);
        fs::create_dir(lock_dir.join("gate")).unwrap();
        fs::write(lock_dir.join("gate/since"), "1000\n").unwrap();
        assert!(
            matches!(take(&host, 2), LockAnswer::Held { .. }),
            "{}: one who died while he took it over",
            host.shell
        );
        assert_eq!(take(&host, 2), ours(&[1]), "{}", host.shell);
    }
}

#[test]
fn a_clock_that_was_set_back_does_not_hold_a_lock_for_years() {
    for host in hosts() {
        assert_eq!(take(&host, 1), ours(&[]));
        fs::write(host.state().join("lock/beat"), "99999999999\n").unwrap();
        assert!(matches!(take(&host, 2), LockAnswer::Held { .. }), "{}", host.shell);
        let beat: u64 = fs::read_to_string(host.state().join("lock/beat")).unwrap().trim().parse().unwrap();
        assert!(beat < 9_999_999_999, "{}: its time begins anew", host.shell);
    }
}

#[test]
fn the_directory_of_another_project_is_refused() {
    for host in hosts() {
        assert_eq!(take(&host, 1), ours(&[]));
        let home = host.home().display().to_string();
        // `shop-production` of another project and environment.
        let other = TargetDir::below(&home, "shop-production", "").root().trim_end_matches('-').to_owned();
        assert_eq!(other, host.dir().root());
        fs::write(host.state().join("target"), "shop-pro/duction\n").unwrap();
        let refused = take(&host, 2);
        assert_eq!(refused, LockAnswer::Foreign { identity: "shop-pro/duction".into() }, "{}", host.shell);
    }
}

fn script(text: &str) -> HostCommand {
    HostCommand::new(["sh", "-c", text])
}

fn seen(host: &Host, offset: u64) -> (Look, String) {
    let ran = host.run(&look(&host.dir(), deployment(1), UP, offset, Duration::ZERO));
    let (look, log) = read_look(ran.stdout.as_bytes()).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
    (look, String::from_utf8(log.to_vec()).unwrap())
}

fn run_dir(host: &Host) -> std::path::PathBuf {
    host.dir().run(deployment(1), UP).into()
}

#[test]
fn a_detached_command_outlives_its_starter_and_holds_nothing_of_his_open() {
    for host in hosts() {
        let shell = host.shell;
        let until = host.home().join("go");
        let command =
            script(&format!("echo one; while [ ! -e {} ]; do sleep 0.05; done; echo two >&2; exit 3", until.display()));
        let detach = detach(&host.dir(), deployment(1), UP, &command);
        let mut starter = host.command(&detach);
        // A session of its own, which is then ended as sshd ends one.
        starter.process_group(0);
        let begun = Instant::now();
        let child = crate::host::feed(starter.spawn().unwrap(), &detach);
        let group = child.id();
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "started\n"), "{shell}: {ran:?}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{shell}: its output stayed open");
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).output().unwrap();
        wait_for("the first line", || seen(&host, 0) == (Look::Running, "one\n".to_owned()));
        assert_eq!(seen(&host, 4), (Look::Running, String::new()), "{shell}");
        fs::write(&until, "").unwrap();
        wait_for("its end", || seen(&host, 4) == (Look::Ended(3), "two\n".to_owned()));
        assert_eq!(seen(&host, 0).1, "one\ntwo\n", "{shell}");
        let environment = script("env");
        let again = detach_as(&host, 2, &environment);
        assert_eq!(again.stdout, "started\n", "{shell}");
        let dir = host.dir().run(deployment(1), Ticket { number: 2, ..UP });
        wait_for("its code", || fs::exists(format!("{dir}/code")).unwrap());
        let printed = fs::read_to_string(format!("{dir}/log")).unwrap();
        assert!(!printed.contains("IMT_COMMAND"), "{shell}: it would be found by its starter's mark");
    }
}

#[test]
fn commands_in_turn_end_with_the_first_that_fails() {
    for host in hosts() {
        let words =
            |text: &str| HostCommand::new(["sh", "-c", "printf '<%s>' \"$@\"; exit \"$1\"", "x", "0", text, "", "$y"]);
        let failing = HostCommand::new(["sh", "-c", "exit 9"]);
        let ran = host.run(&in_turn(&[words("it's"), words("a b"), failing.clone(), words("never")]));
        let wanted = (Some(9), "<0><it's><><$y><0><a b><><$y>");
        assert_eq!((ran.code, ran.stdout.as_str()), wanted, "{}: {ran:?}", host.shell);
        assert_eq!(host.run(&in_turn(&[])).code, Some(0), "{}", host.shell);
        assert_eq!(host.run(&in_turn(&[failing])).code, Some(9), "{}", host.shell);
    }
}

#[test]
fn what_a_dead_deployment_left_is_found() {
    for host in hosts() {
        let left = || read_left_by(&host.run(&left_by(&host.dir(), deployment(1))).stdout);
        assert_eq!(left(), LeftBehind::default(), "{}", host.shell);
        assert_eq!(seen(&host, 0).0, Look::Never);
        assert_eq!(left(), LeftBehind::default(), "{}: it never began", host.shell);
        assert_eq!(detach_as(&host, 2, &script("exit 0")).stdout, "started\n");
        fs::create_dir_all(host.dir().aside(deployment(1))).unwrap();
        let up = Ticket { number: 2, ..UP };
        assert_eq!(left(), LeftBehind { runs: vec![up], has_aside: true, strangers: Vec::new() }, "{}", host.shell);
        assert!(left().has_up_begun());
        let containers = format!("{}/containers", host.dir().aside(deployment(1)));
        fs::create_dir(&containers).unwrap();
        fs::write(format!("{containers}/half.new"), "true abc\n").unwrap();
        assert_eq!(left().strangers, [""; 0], "{}", host.shell);
        for name in ["db", "web 1"] {
            fs::write(format!("{containers}/{name}"), "true abc\n").unwrap();
        }
        assert_eq!(left().strangers, ["db", "web 1"], "{}", host.shell);
    }
}

fn detach_as(host: &Host, number: u32, command: &HostCommand) -> Ran {
    host.run(&detach(&host.dir(), deployment(1), Ticket { number, ..UP }, command))
}

#[test]
fn it_runs_once_however_often_it_is_started() {
    for host in hosts() {
        let marks = host.home().join("marks");
        let command = script(&format!("echo x >>{}", marks.display()));
        let detach = detach(&host.dir(), deployment(1), UP, &command);
        let children: Vec<_> = (0..6).map(|_| host.start(&detach)).collect();
        for child in children {
            assert_eq!(Ran::of(child.wait_with_output().unwrap()).stdout, "started\n", "{}", host.shell);
        }
        wait_for("its end", || seen(&host, 0).0 == Look::Ended(0));
        assert_eq!(host.run(&detach).stdout, "started\n");
        assert_eq!(fs::read_to_string(&marks).unwrap(), "x\n", "{}", host.shell);
    }
}

#[test]
fn what_was_looked_for_in_vain_does_not_begin_later() {
    for host in hosts() {
        let marks = host.home().join("marks");
        let command = script(&format!("echo x >>{}", marks.display()));
        assert_eq!(seen(&host, 0), (Look::Never, String::new()), "{}", host.shell);
        let late = detach_as(&host, 1, &command);
        assert_eq!((late.code, late.stdout.as_str()), (Some(0), "never\n"), "{}", host.shell);
        assert_eq!(seen(&host, 0).0, Look::Never);
        assert!(!marks.exists(), "{}", host.shell);
        assert_eq!(detach_as(&host, 2, &command).stdout, "started\n", "{}: the next try may", host.shell);
        wait_for("its mark", || marks.exists());
    }
}

/// Whether a process of this group is alive; one that only waits to be noticed by its parent is not.
fn lives(group: &str) -> bool {
    let stats =
        fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    stats.into_iter().any(|stat| {
        // `pid (name) state parent group …`; the name may hold anything.
        let after_name: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        after_name.first() != Some(&"Z") && after_name.get(2) == Some(&group)
    })
}

#[test]
fn it_is_ended_with_its_children_and_tells_its_code() {
    let stubborn = "trap '' TERM; echo here; while :; do sleep 0.05; done";
    for host in hosts() {
        for (text, code) in [("echo here; sleep 60; exit 0", 143), (stubborn, 143)] {
            let command = script(text);
            assert_eq!(detach_as(&host, 1, &command).stdout, "started\n");
            wait_for("its first line", || seen(&host, 0).1 == "here\n");
            let begun = Instant::now();
            let ran = host.run(&stop(&host.dir(), deployment(1), UP, Duration::from_secs(1)));
            assert_eq!(read_look(ran.stdout.as_bytes()).unwrap().0, Look::Ended(code), "{}: {ran:?}", host.shell);
            assert!(begun.elapsed() < Duration::from_secs(20), "{}", host.shell);
            let session = fs::read_to_string(run_dir(&host).join("pid")).unwrap();
            wait_for("all of it is gone", || !lives(session.trim()));
            assert_eq!(seen(&host, 0).0, Look::Ended(code));
            fs::remove_dir_all(run_dir(&host)).unwrap();
        }
        let never = host.run(&stop(&host.dir(), deployment(1), UP, Duration::from_secs(1)));
        assert_eq!(never.stdout, "never\n", "{}: ended before it began", host.shell);
    }
}

#[test]
fn one_that_was_killed_or_whose_host_was_restarted_is_lost() {
    for host in hosts() {
        assert_eq!(detach_as(&host, 1, &script("echo here; sleep 60")).stdout, "started\n");
        wait_for("its first line", || seen(&host, 0) == (Look::Running, "here\n".to_owned()));
        let boot = run_dir(&host).join("boot");
        let this_boot = fs::read_to_string(&boot).unwrap();
        fs::write(&boot, "another\n").unwrap();
        assert_eq!(seen(&host, 0).0, Look::Lost, "{}: its process id is of before a restart", host.shell);
        fs::write(&boot, this_boot).unwrap();
        let session = fs::read_to_string(run_dir(&host).join("pid")).unwrap();
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", session.trim())]).output().unwrap();
        wait_for("its end", || seen(&host, 0).0 == Look::Lost);
    }
}

#[test]
fn while_it_runs_it_renews_the_lock_and_keeps_it() {
    for host in hosts() {
        assert_eq!(take(&host, 1), ours(&[]));
        age(&host);
        let until = host.home().join("go");
        let command = script(&format!("while [ ! -e {} ]; do sleep 0.05; done", until.display()));
        assert_eq!(detach_as(&host, 1, &command).stdout, "started\n");
        let beat = host.state().join("lock/beat");
        let is_fresh = || fs::read_to_string(&beat).unwrap().trim().parse::<u64>().unwrap() + 600 > now();
        wait_for("its beat", is_fresh);
        // Even when its beats have stopped: it is alive.
        age(&host);
        assert!(matches!(take(&host, 2), LockAnswer::Held { .. }), "{}", host.shell);
        fs::write(&until, "").unwrap();
        wait_for("its end", || seen(&host, 0).0 == Look::Ended(0));
        age(&host);
        assert_eq!(take(&host, 2), ours(&[1]), "{}", host.shell);
        // One that another took the lock from does not renew it for him.
        age(&host);
        fs::remove_file(&until).unwrap();
        assert_eq!(detach_as(&host, 2, &command).stdout, "started\n");
        fs::write(&until, "").unwrap();
        let dir = host.dir().run(deployment(1), Ticket { number: 2, ..UP });
        wait_for("its end", || fs::exists(format!("{dir}/code")).unwrap());
        assert!(!is_fresh(), "{}", host.shell);
    }
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
