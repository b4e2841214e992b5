//! The statements that runners repeat take an index, however many pipelines there are.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

#[tokio::test]
async fn no_hot_statement_walks_the_pipelines() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = imt_store_sqlite::open(&path, None).await.expect("a new store");
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.expect("the file opens");
    for (name, statement) in store.hot_statements() {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let rows = sqlx::query(explain).fetch_all(&mut connection).await.expect(name);
        let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        for step in &steps {
            // Nothing but lanes, what was just found and what a limit bounds is ever walked, or what few rows a partial index has.
            let small =
                ["lanes", "left_behind", " head", " enough", " CONSTANT ROW"].iter().any(|name| step.contains(name));
            let walks = step.starts_with("SCAN") && !small;
            let few = ["pipelines_held", "pipelines_going", "deployments_open", "deliveries_open"];
            let few = few.iter().any(|index| step.contains(index));
            assert!(!walks || few, "{name}: {steps:#?}");
        }
    }
}
