//! Databases that cannot be opened: each says what is wrong and what to do, and never tells the password.

use imt_core::secret::Secret;
use imt_e2e::postgres::{Schema, connection};
use imt_e2e::services;
use imt_store_postgres::{Options, open};
use imt_store_sql::{KeyRing, OpenError, SCHEMA_VERSION};
use sqlx::AssertSqlSafe;

/// The address of the tests' database with another user, password or database.
fn address(user: &str, database: Option<&str>) -> String {
    let url = services::postgres();
    let (_, rest) = url.split_once('@').expect("a user in the address");
    let (host, name) = rest.split_once('/').expect("a database in the address");
    format!("postgres://{user}@{host}/{}", database.unwrap_or(name))
}

async fn refused(url: &str, options: Options) -> OpenError {
    let error = open(url, options, None).await.expect_err("it cannot be opened");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    error
}

async fn run(sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection().await).await.expect("a statement of the test");
}

/// A user of its own, with these rights.
async fn user(rights: &str) -> String {
    let name = format!("user_{}", Schema::new().await.name);
    run(format!("CREATE ROLE {name} LOGIN {rights}")).await;
    name
}

#[tokio::test]
async fn an_address_that_is_none_says_so() {
    for url in ["nonsense", "postgres://imt:hunter2@host:port/imt", "mysql://imt:hunter2@host/imt"] {
        let error = refused(url, Options::default()).await;
        assert!(matches!(error, OpenError::BadUrl { .. }), "{url}: {error:?}");
        assert!(error.help().contains("postgres://"), "{}", error.help());
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_says_so() {
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a free port").port();
    let error = refused(&format!("postgres://imt:hunter2@127.0.0.1:{port}/imt"), Options::default()).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[tokio::test]
async fn a_wrong_password_or_user_says_so() {
    // Others may make it at the same time.
    let make = "DO $$ BEGIN CREATE ROLE imt_password LOGIN PASSWORD 'right'; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
    run(make.to_owned()).await;
    for user in ["imt_password:hunter2", "nobody_is_called_so"] {
        let error = refused(&address(user, None), Options::default()).await;
        assert!(matches!(error, OpenError::Refused { .. }), "{user}: {error:?}");
        assert!(error.help().contains("password"), "{}", error.help());
    }
    // One that is given apart takes the place of one in the address.
    let schema = Schema::new().await.name;
    let with = |password: &str| Options {
        password: Some(Secret::new(password)),
        schema: Some(schema.clone()),
        ..Options::default()
    };
    let error = refused(&address("imt_password:right", None), with("hunter2")).await;
    assert!(error.help().contains("password"), "{}", error.help());
    let error = refused(&address("imt_password:hunter2", None), with("right")).await;
    assert!(!error.help().contains("password"), "it may not make tables there: {error}");
}

#[tokio::test]
async fn a_database_that_is_not_there_says_so() {
    let error = refused(&address("imt", Some("no_such_database")), Options::default()).await;
    assert!(matches!(&error, OpenError::Refused { why, .. } if why.contains("no_such_database")), "{error:?}");
    assert!(error.help().contains("createdb"), "{}", error.help());
}

#[tokio::test]
async fn what_may_only_be_read_says_so() {
    let reader = user("").await;
    let schema = Schema::new().await.name;
    run(format!("GRANT USAGE ON SCHEMA {schema} TO {reader}")).await;
    let options = || Options { schema: Some(schema.clone()), ..Options::default() };
    let error = refused(&address(&reader, None), options()).await;
    assert!(matches!(error, OpenError::Refused { .. }) && error.help().contains("GRANT"), "{error:?}");
    run(format!(
        "GRANT CREATE ON SCHEMA {schema} TO {reader}; ALTER ROLE {reader} SET default_transaction_read_only = on"
    ))
    .await;
    let error = refused(&address(&reader, None), options()).await;
    assert!(matches!(error, OpenError::Refused { .. }) && error.help().contains("only reads"), "{error:?}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_an_older_one_upgraded() {
    let schema = Schema::new().await;
    schema.open().await;
    let name = &schema.name;
    run(format!("UPDATE {name}.meta SET value = 1000 WHERE name = 'schema'")).await;
    let options = || Options { schema: Some(name.clone()), ..Options::default() };
    let error = refused(&services::postgres(), options()).await;
    assert!(matches!(error, OpenError::Newer { found: 1000, known: SCHEMA_VERSION, .. }), "{error:?}");
    let back = format!(
        "ALTER TABLE {name}.pipelines DROP COLUMN subject, DROP COLUMN author;
         DROP TABLE {name}.repository_looks, {name}.reported_events;
         DROP INDEX {name}.pipelines_of_branch, {name}.pipelines_of_status, {name}.pipelines_of_event;
         DROP TABLE {name}.audit_log, {name}.commit_reports, {name}.branch_heads, {name}.delivery_bodies,
            {name}.webhook_deliveries, {name}.project_secrets, {name}.project_members, {name}.api_tokens,
            {name}.directory_projects, {name}.sessions, {name}.codes, {name}.users;
         DROP TABLE {name}.deployment_settings, {name}.targets, {name}.releases;
         DROP TABLE {name}.deployment_log_chunks, {name}.deployment_logs, {name}.deployment_events, {name}.deployments;
         ALTER TABLE {name}.projects DROP COLUMN last_deployment;
         DROP TABLE {name}.replaced_secrets; ALTER TABLE {name}.job_log_chunks DROP COLUMN packed; DROP INDEX {name}.pipelines_going;
         ALTER TABLE {name}.job_logs DROP COLUMN left_out;
         UPDATE {name}.meta SET value = 1 WHERE name = 'schema'"
    );
    run(back).await;
    schema.open().await;
    run(format!("SELECT left_out FROM {name}.job_logs")).await;
}

#[tokio::test]
async fn a_wrong_key_ring_is_refused() {
    use imt_core::id::ProjectName;
    use imt_core::ports::{Catalog, Variable};

    let schema = Schema::new().await;
    let secret = Variable { name: "TOKEN".into(), value: Secret::new("hunter2"), is_secret: true };
    schema.open().await.set_variable(&ProjectName::new("demo"), secret).await.expect("set_variable");
    let options = Options { schema: Some(schema.name.clone()), ..Options::default() };
    let other = KeyRing::generate().expect("a key");
    let error = open(&services::postgres(), options, Some(other)).await.expect_err("other keys sealed it");
    assert!(matches!(error, OpenError::Refused { .. }) && error.help().contains("key file"), "{error:?}");
}
