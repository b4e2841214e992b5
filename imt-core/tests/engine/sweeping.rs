//! The sweep: what the dead left goes, whatever else is in the way; what is somebody's stays.

use std::path::PathBuf;

use super::*;

#[tokio::test]
async fn a_sweep_removes_what_the_dead_left_and_only_that() {
    let dir = tempfile::tempdir().unwrap();
    let instances = Instances::open(&dir.path().join("state")).unwrap();
    let root = dir.path().join("work");
    let stand = Stand::new();
    stand.world.script_others(FakeScript::never_ends());

    let (dead, dead_engine) = life(&stand, &instances, &root);
    let (_living, living_engine) = life(&stand, &instances, &root);
    let dead_id = begin(&stand, &dead_engine).await;
    let living_id = begin(&stand, &living_engine).await;
    assert_eq!(fs::read_dir(&root).unwrap().count(), 2);
    dead_engine.driving.abort();
    let _aborted = dead_engine.driving.await;
    dead.crash();
    drop(dead);
    drop(dead_engine.engine);

    // Where the store knows it as one that goes on, it is for whoever claims it next.
    let (heir, _) = life_with(&stand, &instances, &root);
    let report = heir.sweep(&instances).await.unwrap();
    assert_eq!((report.removed, report.failed), (vec![], vec![]));
    assert_eq!(stand.world.leftovers(dead_id).len(), 1);
    drop(heir);

    // Its records went with its process.
    let forgetful = Stand { store: Arc::new(MemoryStore::new()), ..stand.clone() };
    let (sweeper, _) = life_with(&forgetful, &instances, &root);
    let report = sweeper.sweep(&instances).await.unwrap();
    assert_eq!((report.removed, report.failed), (vec![dead_id], vec![]));
    assert_eq!(stand.world.leftovers(dead_id), []);
    assert_eq!(stand.world.leftovers(living_id).len(), 1);
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
    assert!(sweeper.sweep(&instances).await.unwrap().removed.is_empty());
}

struct Life {
    engine: Engine,
    driving: tokio::task::JoinHandle<()>,
}

fn life_with(stand: &Stand, instances: &Instances, root: &Path) -> (Engine, Arc<FakeExecutor>) {
    let instance = Arc::new(instances.acquire().unwrap());
    let executor = Arc::new(FakeExecutor::with_instance(&stand.world, instance.id().clone()));
    let engine = Engine::builder(executor.clone() as Arc<dyn Executor>, stand.store.clone())
        .workspace_root(root)
        .instance(instance)
        .build();
    (engine, executor)
}

fn life(stand: &Stand, instances: &Instances, root: &Path) -> (Arc<FakeExecutor>, Life) {
    let (engine, executor) = life_with(stand, instances, root);
    let working = engine.clone();
    let driving = tokio::spawn(async move {
        let one = NonZeroUsize::new(1).unwrap();
        working.work(one, std::future::pending(), |_| {}).await.unwrap();
    });
    (executor, Life { engine, driving })
}

/// Submits a pipeline and waits until its job runs.
async fn begin(stand: &Stand, life: &Life) -> PipelineId {
    let id = life.engine.submit(plan(ONE)).await.unwrap().id;
    tokio::time::timeout(SECOND * 30, async {
        while !stand.world.live().contains(&Stand::attempt(id)) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    id
}

/// Records of a dead instance: a file of this name with these bytes.
fn records(instance: &Path, records: &[(PipelineId, &[u8])]) {
    let dir = instance.join("workspaces");
    fs::create_dir_all(&dir).unwrap();
    for (pipeline, bytes) in records {
        fs::write(dir.join(pipeline.to_string()), bytes).unwrap();
    }
}

fn workspace(root: &Path, pipeline: PipelineId) -> PathBuf {
    let path = root.join(format!("demo-0000-{pipeline}"));
    fs::create_dir_all(&path).unwrap();
    path
}

#[tokio::test]
async fn a_record_that_cannot_be_true_is_reported_and_keeps_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (instances, root) = (Instances::open(&dir.path().join("state")).unwrap(), dir.path().join("work"));
    let stand = Stand::new();
    let dead = instances.acquire().unwrap();
    let records_of = dead.dir().to_owned();
    let [empty, unreadable, outside, of_another, good] = std::array::from_fn(|_| PipelineId::generate());
    let precious = dir.path().join(format!("precious-{outside}"));
    fs::create_dir(&precious).unwrap();
    let others = workspace(&root, PipelineId::generate());
    let left = workspace(&root, good);
    let bytes = |path: &Path| path.to_str().unwrap().as_bytes().to_owned();
    records(
        &records_of,
        &[(empty, b""), (outside, &bytes(&precious)), (of_another, &bytes(&others)), (good, &bytes(&left))],
    );
    // Reading a directory fails for every user.
    fs::create_dir(records_of.join("workspaces").join(unreadable.to_string())).unwrap();
    drop(dead);
    let (next_dead, next_pipeline) = (instances.acquire().unwrap(), PipelineId::generate());
    let next_left = workspace(&root, next_pipeline);
    records(next_dead.dir(), &[(next_pipeline, &bytes(&next_left))]);
    let next_dir = next_dead.dir().to_owned();
    drop(next_dead);

    let (sweeper, _) = life_with(&stand, &instances, &root);
    let report = sweeper.sweep(&instances).await.unwrap();
    let mut failed: Vec<PipelineId> = report.failed.iter().map(|(pipeline, _)| *pipeline).collect();
    failed.sort_unstable();
    let mut wrong = [empty, unreadable, outside, of_another];
    wrong.sort_unstable();
    assert_eq!((report.removed, failed), (vec![good, next_pipeline], wrong.to_vec()));
    for (pipeline, why) in &report.failed {
        assert!(why.contains(&records_of.join("workspaces").join(pipeline.to_string()).display().to_string()), "{why}");
    }
    assert!(precious.is_dir() && others.is_dir(), "nothing goes that no record vouches for");
    assert!(!left.exists() && !next_left.exists());
    assert!(records_of.is_dir() && !next_dir.exists(), "what is reported stays on record");
}

#[tokio::test]
async fn what_an_instance_without_a_directory_left_goes() {
    let dir = tempfile::tempdir().unwrap();
    let (instances, root) = (Instances::open(dir.path()).unwrap(), dir.path().join("work"));
    let stand = Stand::new();
    stand.world.script_others(FakeScript::never_ends());
    let (dead, engine) = life(&stand, &instances, &root);
    let id = begin(&stand, &engine).await;
    engine.driving.abort();
    let _aborted = engine.driving.await;
    dead.crash();
    drop((dead, engine.engine));
    for found in instances.dead(|error| panic!("{error}")).unwrap() {
        fs::remove_dir_all(found.dir()).unwrap();
    }
    let forgetful = Stand { store: Arc::new(MemoryStore::new()), ..stand.clone() };
    let (sweeper, _) = life_with(&forgetful, &instances, &root);
    assert_eq!(sweeper.sweep(&instances).await.unwrap().removed, [id]);
    assert_eq!(stand.world.leftovers(id), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_pipelines_of_ones_own_that_are_over_goes() {
    let dir = tempfile::tempdir().unwrap();
    let (instances, root) = (Instances::open(dir.path()).unwrap(), dir.path().join("work"));
    let stand = Stand::new();
    let (engine, _) = life_with(&stand, &instances, &root);
    for _ in 0..8 {
        stand.world.fail_next(Method::Cleanup, FailureKind::EngineUnavailable);
    }
    let id = engine.run(plan(ONE)).await.unwrap().id;
    assert_eq!(stand.world.leftovers(id).len(), 1, "the cleaning up was given up");
    let report = engine.sweep(&instances).await.unwrap();
    assert_eq!((report.removed, report.failed), (vec![id], vec![]));
    assert_eq!(stand.world.leftovers(id), []);
}

#[tokio::test]
async fn what_this_engine_drives_stays_whatever_the_store_says() {
    let dir = tempfile::tempdir().unwrap();
    let instances = Instances::open(dir.path()).unwrap();
    let stand = Stand::new();
    stand.world.script_others(FakeScript::never_ends());
    let store = Arc::new(FaultStore::new(stand.store.clone()));
    let instance = Arc::new(instances.acquire().unwrap());
    let executor = Arc::new(FakeExecutor::with_instance(&stand.world, instance.id().clone()));
    let engine = Engine::builder(executor, store.clone()).instance(instance).build();
    let driven = engine.clone();
    let driving = tokio::spawn(async move { driven.run(plan(ONE)).await });
    while stand.world.live().is_empty() {
        tokio::task::yield_now().await;
    }
    let id = stand.world.live()[0].pipeline;
    store.fail_next(StoreCall::Load, StoreFault::Unknown);
    assert_eq!(engine.sweep(&instances).await.unwrap().removed, []);
    assert_eq!(stand.world.live(), [Stand::attempt(id)]);

    // The same of one that nobody drives any more.
    driving.abort();
    let _aborted = driving.await;
    assert_eq!(engine.sweep(&instances).await.unwrap().removed, [id]);
}

#[tokio::test]
async fn a_sweep_goes_on_after_what_it_cannot_remove_and_comes_back_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let (instances, root) = (Instances::open(dir.path()).unwrap(), dir.path().join("work"));
    let stand = Stand::new();
    let dead = instances.acquire().unwrap();
    let mut pipelines = [PipelineId::generate(), PipelineId::generate()];
    pipelines.sort_unstable();
    let [first, second] = pipelines;
    let left = pipelines.map(|pipeline| workspace(&root, pipeline));
    let bytes = left.clone().map(|path| path.to_str().unwrap().as_bytes().to_owned());
    records(dead.dir(), &[(first, &bytes[0]), (second, &bytes[1])]);
    let records_of = dead.dir().to_owned();
    drop(dead);

    let (sweeper, _) = life_with(&stand, &instances, &root);
    stand.world.fail_next(Method::Cleanup, FailureKind::EngineUnavailable);
    let report = sweeper.sweep(&instances).await.unwrap();
    assert_eq!(report.removed, [second]);
    assert_eq!(report.failed.iter().map(|(pipeline, _)| *pipeline).collect::<Vec<_>>(), [first]);
    assert!(left[0].exists() && !left[1].exists() && records_of.exists());

    let report = sweeper.sweep(&instances).await.unwrap();
    assert_eq!((report.removed, report.failed), (vec![first], vec![]));
    assert!(!left[0].exists() && !records_of.exists());
}

#[tokio::test]
async fn an_instance_that_cannot_be_told_is_warned_of_and_keeps_no_other_from_being_swept() {
    let dir = tempfile::tempdir().unwrap();
    let (instances, root) = (Instances::open(dir.path()).unwrap(), dir.path().join("work"));
    let stand = Stand::new();
    let [broken, dead] = [(); 2].map(|()| instances.acquire().unwrap());
    let pipeline = PipelineId::generate();
    let left = workspace(&root, pipeline);
    records(dead.dir(), &[(pipeline, left.to_str().unwrap().as_bytes())]);
    let wrong = broken.dir().join("lasting");
    fs::create_dir(&wrong).unwrap();
    drop((broken, dead));

    let warnings = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&warnings);
    let engine = Engine::builder(stand.executor.clone(), stand.store.clone())
        .workspace_root(&root)
        .instance(Arc::new(instances.acquire().unwrap()))
        .on_warning(move |text| heard.lock().unwrap().push(text.to_owned()))
        .build();
    assert_eq!(engine.bury(&instances).await.unwrap(), []);
    assert_eq!(engine.sweep(&instances).await.unwrap().removed, [pipeline]);
    assert!(!left.exists() && wrong.exists());
    let warnings = warnings.lock().unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().all(|warning| warning.contains(wrong.to_str().unwrap())), "{warnings:?}");
}
