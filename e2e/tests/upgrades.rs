//! Stores of an earlier schema, as they were stored (`e2e/fixtures`): with a pipeline that is over, one that a runner held when
//! it was killed, one that waits, their logs, and a secret. What is there goes on.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

use imt_core::id::PipelineId;
use imt_core::schedule::ChangeKind;
use imt_core::status::Status;
use imt_e2e::imt::Home;
use imt_e2e::postgres::{Schema, connection};
use imt_e2e::records::Records;
use imt_e2e::runner::{Host, Watch, assert_success, stop};
use imt_e2e::wait::SOON;
use imt_e2e::world::{objects, refused, text};
use imt_store_sql::{Purpose, SCHEMA_VERSION};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};

const SQLITE: &str = include_str!("../fixtures/schema-1.sqlite.sql");
const POSTGRES: &str = include_str!("../fixtures/schema-1.postgres.sql");
/// What sealed the secret there. It opens nothing else.
const KEYS: &str = include_str!("../fixtures/schema-1.keys");
/// The value of `TOKEN` there.
const SECRET: &str = "hunter2-of-schema-1";

async fn in_sqlite(home: &Home) -> Records {
    let path = home.path().join("store.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.expect("a new file");
    sqlx::raw_sql(SQLITE).execute(&mut connection).await.expect("the fixture is loaded");
    Records::Sqlite(path)
}

async fn in_postgres() -> Records {
    let schema = Schema::new().await;
    let sql = POSTGRES.replace("CREATE SCHEMA", "CREATE SCHEMA IF NOT EXISTS").replace("imt_schema_one", &schema.name);
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection().await).await.expect("the fixture is loaded");
    Records::Postgres(schema)
}

async fn goes_on(records: &Records) {
    let host = Host::new(records);
    let state = host.home().join("state/imt");
    DirBuilder::new().mode(0o700).create(&state).expect("a directory");
    fs::write(state.join("keys"), KEYS).expect("the key file");
    fs::set_permissions(state.join("keys"), Permissions::from_mode(0o600)).expect("a mode");

    let listed = host.answer(&["pipelines", "--output", "json"]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    let listed = objects(&listed);
    let field = |name: &str| listed.iter().map(|pipeline| pipeline[name].to_string()).collect::<Vec<_>>();
    assert_eq!(field("number"), ["3", "2", "1"]);
    assert_eq!(field("status"), [r#""pending""#, r#""running""#, r#""success""#]);
    let logs = host.answer(&["logs", "1", "--project", "demo"]);
    assert!(text(&logs).contains("begun") && text(&logs).contains("done"), "{}{}", text(&logs), logs.stderr);
    let ids: Vec<PipelineId> =
        listed.iter().map(|pipeline| pipeline["id"].as_str().expect("an id").parse().expect("an id")).collect();

    let watch = Watch::new(records).await;
    let version = "SELECT value FROM meta WHERE name = 'schema'";
    let rows = watch.store.database().run(Purpose::Read, version, Vec::new()).await.expect("the store answers");
    assert_eq!(rows.into_iter().next().expect("a row").int().expect("a number"), SCHEMA_VERSION);
    let runner = host.runner(&["--executor", "local"]);
    for (id, over_again) in [(ids[1], 1), (ids[0], 0)] {
        let record = watch.ended(id, SOON).await;
        assert_success(&record);
        watch.assert_ended_once(id).await;
        let events = watch.events(id).await;
        let started_over = events.iter().filter(|event| event.change.kind == ChangeKind::StartedOver).count();
        assert_eq!(started_over, over_again, "{id}");
        let told = watch.log(record.state.jobs[0].attempts.last().expect("an attempt").id).await;
        assert!(told.contains("the token is ") && !told.contains(SECRET), "the secret opens, and is masked: {told}");
        assert!(!told.contains("the token is \n"), "it has a value: {told}");
    }
    assert_eq!(watch.record(ids[2]).await.state.status, Status::Success);
    stop(runner);

    records.tamper("UPDATE meta SET value = 99 WHERE name = 'schema'").await;
    for command in [["pipelines"].as_slice(), &["runner", "--executor", "local"]] {
        refused(&host.answer(command), 11, &["schema 99", "a later one"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_sqlite_file_of_schema_1_goes_on() {
    let home = Home::new();
    goes_on(&in_sqlite(&home).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_postgres_of_schema_1_goes_on() {
    goes_on(&in_postgres().await).await;
}
