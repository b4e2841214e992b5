//! What is special to Docker: images, limits, what the engine shows, and its going away under a running job.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use futures_util::StreamExt as _;
use imt_core::id::PipelineId;
use imt_core::pipeline::PullPolicy;
use imt_core::ports::{EnvValue, EnvVar, Executor, Exit, FailureKind, LogPositions, Note, Notes};
use imt_core::secret::Secret;
use imt_e2e::docker::{Engine, containers_of, docker};
use imt_e2e::executor::{
    BUSYBOX, busybox, connect, connect_to, finish, fresh_owner, import, job, limited, read, run, until_printed,
};
use imt_e2e::holding::HoldingEngine;
use imt_e2e::services;
use imt_exec_docker::{Address, DockerExecutor};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_over_its_memory_ends_as_out_of_memory() {
    busybox();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let mut spec = job(pipeline, 0, "echo begin; tail /dev/zero");
    spec.resources.memory_bytes = Some(32 << 20);
    let ran = limited(60, run(&executor, &spec)).await;
    executor.cleanup(pipeline, None).await.unwrap();
    assert_eq!(ran.exit, Exit::OutOfMemory, "{ran:?}");
    assert!(ran.stdout.starts_with(b"begin\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_inside() {
    busybox();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let mut spec = job(pipeline, 0, "i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i+1)); done; echo all");
    spec.resources.pids = Some(16);
    let ran = limited(60, run(&executor, &spec)).await;
    executor.cleanup(pipeline, None).await.unwrap();
    assert!(!ran.stdout.ends_with(b"all\n"), "40 processes ran under a limit of 16");
    assert!(matches!(ran.exit, Exit::Code(code) if code != 0), "{:?}", ran.exit);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_limit_of_processes_is_enough_for_a_pipe() {
    busybox();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let mut spec = job(pipeline, 0, "set -e; ls -d / | cat");
    spec.resources.pids = Some(4);
    let ran = limited(60, run(&executor, &spec)).await;
    assert_eq!((ran.stdout.as_slice(), ran.exit), (&b"/\n"[..], Exit::Code(0)), "{ran:?}");
    let mut spec = job(pipeline, 1, "ls -d / | cat");
    spec.resources.pids = Some(3);
    let failure = limited(60, executor.prepare(&spec, &Notes::discard())).await.unwrap_err();
    executor.cleanup(pipeline, None).await.unwrap();
    assert_eq!(failure.kind, FailureKind::Unsupported, "{failure:?}");
    assert!(failure.explain().contains("resources.pids"), "{}", failure.explain());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_processors_holds_and_is_never_above_what_is_there() {
    busybox();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    // With the second or the first version of control groups.
    let script = "cat /sys/fs/cgroup/cpu.max 2>/dev/null || \
                  echo $(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us)";
    let mut spec = job(pipeline, 0, script);
    spec.resources.cpu_millis = Some(500);
    let ran = limited(60, run(&executor, &spec)).await;
    assert_eq!((String::from_utf8_lossy(&ran.stdout).as_ref(), ran.exit), ("50000 100000\n", Exit::Code(0)));
    let mut spec = job(pipeline, 1, script);
    spec.resources.cpu_millis = Some(1_024_000);
    let (notes, mut heard) = Notes::channel(8);
    limited(60, executor.prepare(&spec, &notes)).await.expect("it runs with what is there");
    drop(notes);
    let handle = limited(60, executor.start(&spec)).await.unwrap();
    let ran = limited(60, finish(&executor, &handle)).await;
    executor.cleanup(pipeline, None).await.unwrap();
    let cpus: u64 = docker(&["info", "--format", "{{.NCPU}}"]).parse().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), format!("{cpus}00000 100000\n"));
    assert!(matches!(heard.recv().await, Some(Note::Line(line)) if line.contains("1024") && line.contains("job-1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_a_shell_is_named() {
    let name = "imt-e2e/no-shell:1";
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "nothing to run").unwrap();
    let tar = dir.path().join("image.tar");
    let made = std::process::Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(dir.path()).arg("file").status();
    assert!(made.unwrap().success());
    docker(&["import", &tar.display().to_string(), name]);
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let mut spec = job(pipeline, 0, "echo x");
    spec.image = Some(name.to_owned());
    let failure = limited(60, executor.prepare(&spec, &Notes::discard())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NoShell, "{failure:?}");
    assert!(failure.message.contains(name) && failure.help.is_some(), "{}", failure.explain());
    assert_eq!(executor.start(&spec).await.unwrap_err().kind, FailureKind::NoShell);
    assert!(containers_of(&pipeline.to_string()).is_empty(), "nothing is left of a failed preparation");
    executor.cleanup(pipeline, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_with_a_user_and_an_entrypoint_runs_the_script_as_that_user() {
    let name = "imt-e2e/odd:1";
    let changes =
        ["USER 1000:1000", "ENTRYPOINT [\"/bin/false\"]", "CMD [\"x\"]", "HEALTHCHECK --interval=1s CMD /bin/false"];
    import(&mut std::process::Command::new("docker"), name, &changes);
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let workspace = tempfile::tempdir().unwrap();
    std::fs::create_dir(workspace.path().join("sub")).unwrap();
    let mut spec = job(pipeline, 0, "set -e; id -u; pwd; echo x > file; echo y > sub/file; cat file sub/file");
    spec.image = Some(name.to_owned());
    spec.workspace = Some(workspace.path().to_owned());
    let ran = limited(60, run(&executor, &spec)).await;
    executor.cleanup(pipeline, Some(workspace.path())).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "1000\n/workspace\nx\ny\n", "{ran:?}");
    assert_eq!(ran.exit, Exit::Code(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn images_that_cannot_be_had_say_why() {
    busybox();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let kind = |image: String, pull| {
        let mut spec = job(pipeline, 0, "echo x");
        (spec.image, spec.pull) = (Some(image), pull);
        let executor = &executor;
        async move { limited(60, executor.prepare(&spec, &Notes::discard())).await.unwrap_err() }
    };
    let registry = services::registry();
    let unknown = format!("{registry}/imt/nothing-here:1");
    let failure = kind(unknown.clone(), PullPolicy::Missing).await;
    assert_eq!(failure.kind, FailureKind::ImageNotFound, "{failure:?}");
    assert!(failure.message.contains(&unknown));
    let failure = kind(unknown, PullPolicy::Never).await;
    assert_eq!(failure.kind, FailureKind::ImageNotFound, "{failure:?}");
    assert!(failure.explain().contains("never"));
    let failure = kind("Not A Reference".to_owned(), PullPolicy::Missing).await;
    assert_eq!(failure.kind, FailureKind::ImageNotFound, "{failure:?}");
    let failure = kind("127.0.0.1:1/imt/x:1".to_owned(), PullPolicy::Missing).await;
    assert_eq!(failure.kind, FailureKind::ImagePullFailed, "{failure:?}");
    let failure = kind(format!("{}/imt/private:1", refusing_registry()), PullPolicy::Missing).await;
    assert_eq!(failure.kind, FailureKind::ImagePullDenied, "{failure:?}");
    executor.cleanup(pipeline, None).await.unwrap();
}

/// A registry that lets nobody in.
fn refusing_registry() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound port").to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            if request[..read].starts_with(b"GET ") || request[..read].starts_with(b"HEAD ") {
                let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
                let answer = format!(
                    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"imt\"\r\nContent-Type: application/json\r\n\
                     Docker-Distribution-Api-Version: registry/2.0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                // A client that has gone away gets no answer.
                drop(stream.write_all(answer.as_bytes()));
            }
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_is_told_as_a_timed_group_and_shared() {
    let image = services::image();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let spec = |index| {
        let mut spec = job(pipeline, index, "echo pulled");
        (spec.image, spec.pull) = (Some(image.clone()), PullPolicy::Always);
        spec
    };
    let (notes, mut heard) = Notes::channel(64);
    let (one, two) = (spec(0), spec(1));
    let (first, second) =
        limited(120, async { tokio::join!(executor.prepare(&one, &notes), executor.prepare(&two, &notes)) }).await;
    first.and(second).expect("both get the image");
    drop(notes);
    let (mut open, mut closed) = (0, 0);
    while let Some(note) = heard.recv().await {
        match note {
            Note::Open(title) => {
                assert_eq!(title, format!("pull {image}"));
                open += 1;
            }
            Note::Line(line) => assert!(!line.is_empty()),
            Note::Close(_) => closed += 1,
        }
    }
    assert_eq!((open, closed), (2, 2));
    assert_eq!(limited(60, run(&executor, &one)).await.stdout, b"pulled\n");
    executor.cleanup(pipeline, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_configuration() {
    busybox();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let mut spec = job(pipeline, 0, "printf '%s' \"$TOKEN\"; echo; echo ready; sleep 300");
    let secret = "canary'with \"quotes\" 5f1c";
    spec.env.push(EnvVar { name: "TOKEN".to_owned(), value: EnvValue::Secret(Secret::new(secret)) });
    spec.env.push(EnvVar { name: "PLAIN".to_owned(), value: EnvValue::Plain("seen".to_owned()) });
    executor.prepare(&spec, &Notes::discard()).await.unwrap();
    let handle = executor.start(&spec).await.unwrap();
    limited(60, until_printed(&executor, &handle, "ready")).await;
    let shown = docker(&["inspect", &handle.external]);
    let listed = docker(&["ps", "--no-trunc", "--filter", &format!("id={}", handle.external)]);
    executor.cleanup(pipeline, None).await.unwrap();
    assert!(shown.contains("PLAIN=seen"));
    assert!(!shown.contains("canary") && !shown.contains("TOKEN="), "{shown}");
    assert!(!listed.contains("canary"));
    assert!(shown.contains("\"Privileged\": false") && shown.contains("no-new-privileges"));
}

/// Every kind of byte, both streams, in a size that needs the connection to hold back: live, and from the engine's copy.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_come_out_byte_for_byte() {
    busybox();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let line = "x".repeat(93);
    let script = format!(
        "yes {line} | head -n 1000000 | sed = | sed 'N;s/\\n/ /' | head -c 104857600; \
         head -c 10485760 /dev/zero | tr '\\000' y; echo; head -c 16384 /dev/zero; echo; printf 'a\\000b\\377\\376\\n\\n\\n'; \
         head -c 3000000 /dev/zero >&2; printf 'last'"
    );
    let spec = job(pipeline, 0, &script);
    let ran = limited(300, run(&executor, &spec)).await;
    assert_eq!(ran.exit, Exit::Code(0));
    let mut wanted = Vec::with_capacity(120 << 20);
    for n in 1..=1_000_000 {
        wanted.extend_from_slice(format!("{n} {line}\n").as_bytes());
    }
    wanted.truncate(104_857_600);
    wanted.resize(wanted.len() + 10_485_760, b'y');
    wanted.push(b'\n');
    wanted.resize(wanted.len() + 16_384, 0);
    wanted.push(b'\n');
    wanted.extend_from_slice(b"a\0b\xff\xfe\n\n\nlast");
    assert!(ran.stdout == wanted, "{} bytes instead of {}", ran.stdout.len(), wanted.len());
    assert!(ran.stderr == vec![0; 3_000_000], "{} bytes of stderr", ran.stderr.len());
    let from = LogPositions { stdout: 50_000_001, stderr: 1_000 };
    let handle = executor.start(&spec).await.unwrap();
    let (stdout, stderr) = limited(300, read(&executor, &handle, from)).await;
    let wanted = &wanted[50_000_001..];
    let same = stdout.iter().zip(wanted).take_while(|(a, b)| a == b).count();
    assert!(stdout == wanted, "{} bytes instead of {}, the same up to {same}", stdout.len(), wanted.len());
    assert_eq!(stderr.len(), 2_999_000);
    executor.cleanup(pipeline, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_nobody_reads_ends_all_the_same_and_loses_nothing() {
    busybox();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let spec = job(pipeline, 0, "head -c 30000000 /dev/zero; echo end");
    let handle = executor.start(&spec).await.unwrap();
    assert_eq!(limited(100, executor.wait(&handle)).await.unwrap(), Exit::Code(0));
    let (stdout, _) = limited(60, read(&executor, &handle, LogPositions::default())).await;
    assert_eq!(stdout.len(), 30_000_004);
    // The same with a reader that stops in the middle.
    let spec = job(pipeline, 1, "echo begin; head -c 30000000 /dev/zero; echo end");
    let handle = executor.start(&spec).await.unwrap();
    let mut logs = executor.logs(&handle, LogPositions::default()).await.unwrap();
    let mut got = limited(60, logs.next()).await.unwrap().unwrap().bytes.len();
    assert_eq!(limited(100, executor.wait(&handle)).await.unwrap(), Exit::Code(0));
    while let Some(chunk) = limited(60, logs.next()).await {
        got += chunk.unwrap().bytes.len();
    }
    assert_eq!(got, 30_000_010);
    executor.cleanup(pipeline, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_never_touch_each_other() {
    busybox();
    let (mine, theirs) = (connect(fresh_owner()).await, connect(fresh_owner()).await);
    // Even of the same pipeline.
    let pipeline = PipelineId::generate();
    let spec = job(pipeline, 0, "echo ready; sleep 300");
    let handle = mine.start(&spec).await.unwrap();
    limited(60, until_printed(&mine, &handle, "ready")).await;
    assert_eq!(theirs.list_owned().await.unwrap(), []);
    assert_eq!(theirs.attach(spec.attempt).await.unwrap(), None);
    assert_eq!(theirs.prepare(&spec, &Notes::discard()).await.unwrap_err().kind, FailureKind::Internal);
    theirs.cleanup(pipeline, None).await.unwrap();
    let owned: BTreeSet<_> = mine.list_owned().await.unwrap().into_iter().map(|o| o.pipeline).collect();
    assert_eq!(owned, BTreeSet::from([pipeline]));
    assert_eq!(containers_of(&pipeline.to_string()).len(), 1);
    mine.cleanup(pipeline, None).await.unwrap();
    assert!(containers_of(&pipeline.to_string()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_at_its_gate_when_we_die_never_begins() {
    busybox();
    let owner = fresh_owner();
    let workspace = tempfile::tempdir().unwrap();
    let executor = connect(owner.clone()).await;
    let pipeline = PipelineId::generate();
    let mut spec = job(pipeline, 0, "touch ran; echo x");
    spec.workspace = Some(workspace.path().to_owned());
    executor.prepare(&spec, &Notes::discard()).await.unwrap();
    drop(executor);
    let next = connect(owner).await;
    let handle = next.attach(spec.attempt).await.unwrap().expect("the container is there");
    assert_eq!(limited(60, next.wait(&handle)).await.unwrap(), Exit::Lost { began: false });
    assert!(!workspace.path().join("ran").exists());
    next.cleanup(pipeline, Some(workspace.path())).await.unwrap();
    // A start where an earlier life only prepared begins afresh.
    let first = connect(fresh_owner()).await;
    first.cleanup(pipeline, None).await.unwrap();
    assert!(containers_of(&pipeline.to_string()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_is_filled_once_in_all_our_lives_and_gone_after() {
    busybox();
    let (owner, workspace) = (fresh_owner(), tempfile::tempdir().unwrap());
    std::fs::write(workspace.path().join("file"), "checked out\n").unwrap();
    let connect = || async {
        let builder = DockerExecutor::builder().from_env().unwrap().owner(owner.clone());
        builder.engine_sees_files(false).connect().await.unwrap()
    };
    let pipeline = PipelineId::generate();
    let jobs = ["cat file; echo changed >file; echo new >other", "cat file other"];
    let [first, second] = [0, 1].map(|index| {
        let mut spec = job(pipeline, index, jobs[index as usize]);
        spec.workspace = Some(workspace.path().to_owned());
        spec
    });
    let executor = connect().await;
    assert_eq!(limited(60, run(&executor, &first)).await.stdout, b"checked out\n");
    drop(executor);
    let next = connect().await;
    assert_eq!(String::from_utf8_lossy(&limited(60, run(&next, &second)).await.stdout), "changed\nnew\n");
    let filter = format!("label=imt.pipeline={pipeline}");
    let volumes = || docker(&["volume", "ls", "--quiet", "--filter", &filter]);
    assert_eq!(volumes().lines().count(), 2);
    next.cleanup(pipeline, Some(workspace.path())).await.unwrap();
    assert_eq!((volumes().as_str(), next.list_owned().await.unwrap()), ("", vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_kept_comes_out_of_its_volume() {
    busybox();
    let (owner, workspace) = (fresh_owner(), tempfile::tempdir().unwrap());
    for name in ["file", "gone"] {
        std::fs::write(workspace.path().join(name), "checked out\n").unwrap();
    }
    let builder = DockerExecutor::builder().from_env().unwrap().owner(owner.clone());
    let executor = builder.engine_sees_files(false).connect().await.unwrap();
    let pipeline = PipelineId::generate();
    let script = "rm gone; echo changed >file; mkdir -p deep/er; dd if=/dev/zero of=deep/er/big bs=1M count=20 2>/dev/null; \
                  ln -s /etc/passwd link; ln file same; mkfifo pipe; chmod 000 deep/er/big; chmod 500 deep/er; chmod 000 deep";
    let mut spec = job(pipeline, 0, script);
    spec.workspace = Some(workspace.path().to_owned());
    let ran = limited(60, run(&executor, &spec)).await;
    assert_eq!(ran.exit, Exit::Code(0), "{ran:?}");
    assert_eq!(std::fs::read(workspace.path().join("file")).unwrap(), b"checked out\n", "the engine did not see it");

    limited(60, executor.cleanup(pipeline, None)).await.unwrap();
    let file = |name: &str| workspace.path().join(name);
    for name in ["file", "same"] {
        assert_eq!(std::fs::read(file(name)).unwrap(), b"changed\n");
    }
    assert_eq!(std::fs::metadata(file("deep/er/big")).unwrap().len(), 20 << 20);
    assert_eq!(std::fs::read_link(file("link")).unwrap(), std::path::Path::new("/etc/passwd"));
    assert!(!file("gone").exists() && !file("pipe").exists());
    assert_eq!(executor.list_owned().await.unwrap(), vec![]);
    limited(60, executor.cleanup(pipeline, None)).await.unwrap();
    assert!(file("deep/er/big").exists(), "once more changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_repeated_after_a_crash_runs_the_script_once() {
    busybox();
    let owner = fresh_owner();
    let pipeline = PipelineId::generate();
    let (waiting, begun) = (job(pipeline, 0, "echo once"), job(pipeline, 1, "echo once; sleep 1; echo twice"));
    let executor = connect(owner.clone()).await;
    executor.prepare(&waiting, &Notes::discard()).await.unwrap();
    let handle = executor.start(&begun).await.unwrap();
    limited(60, until_printed(&executor, &handle, "once")).await;
    drop(executor);
    let next = connect(owner).await;
    let handle = limited(60, next.start(&waiting)).await.unwrap();
    assert_eq!(limited(60, finish(&next, &handle)).await.stdout, b"once\n");
    let handle = limited(60, next.start(&begun)).await.unwrap();
    let ran = limited(60, finish(&next, &handle)).await;
    assert_eq!((ran.stdout, ran.exit), (b"once\ntwice\n".to_vec(), Exit::Code(0)));
    next.cleanup(pipeline, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_from_somebody_else_is_told_apart() {
    busybox();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    for (index, how, exit) in
        [(0, ["kill", "--signal", "KILL"], Exit::Signal(9)), (1, ["kill", "--signal", "TERM"], Exit::Signal(15))]
    {
        let handle = executor.start(&job(pipeline, index, "echo ready; sleep 300")).await.unwrap();
        limited(60, until_printed(&executor, &handle, "ready")).await;
        docker(&[&how[..], &[handle.external.as_str()]].concat());
        assert_eq!(limited(60, executor.wait(&handle)).await.unwrap(), exit);
    }
    // And 137 alone does not say killed.
    let ran = limited(60, run(&executor, &job(pipeline, 2, "exit 137"))).await;
    assert_eq!(ran.exit, Exit::Code(137));
    executor.cleanup(pipeline, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_after_one_that_the_engine_refused_still_asks_first() {
    busybox();
    let engine = HoldingEngine::refusing("signal=SIGTERM");
    let executor = connect_to(&engine.address(), fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let script = "trap 'echo asked; exit 3' TERM; echo ready; sleep 300 & wait";
    let handle = executor.start(&job(pipeline, 0, script)).await.unwrap();
    limited(60, until_printed(&executor, &handle, "ready")).await;
    let failure = limited(60, executor.stop(&handle, Duration::from_secs(30))).await.unwrap_err();
    assert!(failure.retryable, "{failure:?}");
    limited(60, executor.stop(&handle, Duration::from_secs(30))).await.unwrap();
    let ran = limited(60, finish(&executor, &handle)).await;
    executor.cleanup(pipeline, None).await.unwrap();
    assert_eq!(ran.exit, Exit::Stopped(Some(3)));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "ready\nasked\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_in_the_container_is_alone_and_reaped() {
    busybox();
    let executor = connect(fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let script = "for i in 1 2 3 4 5; do (sleep 0.1 &); done; sleep 1; \
                  for s in /proc/[0-9]*/stat; do read -r line < $s && echo \"$line\"; done 2>/dev/null | grep -c ' Z ' || true; \
                  ls -d /var/run/docker.sock /run/docker.sock 2>/dev/null || echo no socket";
    let ran = limited(60, run(&executor, &job(pipeline, 0, script))).await;
    executor.cleanup(pipeline, None).await.unwrap();
    assert_eq!(
        String::from_utf8_lossy(&ran.stdout),
        "0\nno socket\n",
        "zombies are reaped and the engine is not inside"
    );
}

/// The engine is stopped and started under a job that goes on meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_survives_its_engine_is_followed_to_its_end() {
    let mut engine = Engine::start(true);
    import(&mut engine.command(), BUSYBOX, &[]);
    let executor = connect_to(&engine.host(), fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let script = "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; sleep 0.05; done; exit 7";
    let handle = executor.start(&job(pipeline, 0, script)).await.unwrap();
    limited(60, async {
        let follow = finish(&executor, &handle);
        let interrupt = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            tokio::task::spawn_blocking(move || {
                engine.down();
                engine.up();
                engine
            })
            .await
            .unwrap()
        };
        let (ran, engine) = tokio::join!(follow, interrupt);
        let wanted: Vec<u8> = (1..=300).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        assert_eq!(String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&wanted));
        assert_eq!(ran.exit, Exit::Code(7));
        executor.cleanup(pipeline, None).await.unwrap();
        assert!(engine.containers_of(&pipeline.to_string()).is_empty());
    })
    .await;
}

/// The engine takes its containers down with it, also one that makes the best of it and says 0, and one at its gate.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_dies_with_its_engine_is_lost_with_its_whole_log() {
    let mut engine = Engine::start(false);
    import(&mut engine.command(), BUSYBOX, &[]);
    let executor = connect_to(&engine.host(), fresh_owner()).await;
    let pipeline = PipelineId::generate();
    let plain = executor.start(&job(pipeline, 0, "echo one; sleep 300")).await.unwrap();
    let trap = executor.start(&job(pipeline, 1, "trap 'echo bye; exit 0' TERM; echo two; sleep 300")).await.unwrap();
    let waiting = job(pipeline, 2, "echo three");
    executor.prepare(&waiting, &Notes::discard()).await.unwrap();
    limited(120, async {
        let both = async { tokio::join!(finish(&executor, &plain), finish(&executor, &trap)) };
        let interrupt = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            tokio::task::spawn_blocking(move || {
                engine.down();
                engine.up();
                engine
            })
            .await
            .unwrap()
        };
        let ((plain, trap), engine) = tokio::join!(both, interrupt);
        assert_eq!((plain.stdout.as_slice(), plain.exit), (&b"one\n"[..], Exit::Lost { began: true }));
        assert_eq!((trap.stdout.as_slice(), trap.exit), (&b"two\nbye\n"[..], Exit::Lost { began: true }));
        let handle = executor.start(&waiting).await.expect("what died at its gate is made anew");
        let ran = finish(&executor, &handle).await;
        assert_eq!((ran.stdout.as_slice(), ran.exit), (&b"three\n"[..], Exit::Code(0)));
        executor.cleanup(pipeline, None).await.unwrap();
        assert!(engine.containers_of(&pipeline.to_string()).is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_is_an_error_within_the_deadline() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hang.sock");
    // The kernel takes the connections; nobody answers.
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let connect = DockerExecutor::builder().address(Address::Unix(path)).deadline(Duration::from_secs(2)).connect();
    let failure = limited(20, connect).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::EngineUnavailable);
    assert!(failure.help.is_some());
    let dir = tempfile::tempdir().unwrap();
    let nowhere = Address::Unix(dir.path().join("none.sock"));
    let failure = limited(20, DockerExecutor::builder().address(nowhere).probe()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::EngineUnavailable);
    assert!(failure.message.contains("none.sock"), "{}", failure.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_says_what_it_is() {
    let facts = limited(60, imt_exec_docker::probe()).await.expect("the engine of the environment");
    let asked = |format| docker(&["version", "--format", format]);
    assert_eq!(facts.version, asked("{{.Server.Version}}"));
    assert_eq!(facts.api_version, asked("{{.Server.APIVersion}}"));
    assert!(facts.endpoint.contains("://") && facts.component("runc").is_some(), "{facts:?}");
}
