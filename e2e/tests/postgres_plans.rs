//! The statements that runners repeat take an index however many pipelines there are, also with the plan that PostgreSQL
//! makes once for all parameters.

use imt_e2e::postgres::{Schema, connection};
use sqlx::{AssertSqlSafe, PgConnection, Row};

/// Pipelines over, as many waiting in one lane, and a few held.
const FILL: &str = "
    INSERT INTO projects (name, last_number) VALUES ('shop', 200000);
    INSERT INTO lanes (project, labels) VALUES ('shop', '');
    INSERT INTO pipelines (id, project, number, submitted_at, labels, event, commit_id, plan, status, ended, ended_at, holder, lease_until)
    SELECT 'p' || n, 'shop', n, n, '', 'push', '', '{}', 'pending', CASE WHEN n > 100000 THEN 0 ELSE 1 END,
        CASE WHEN n > 100000 THEN NULL ELSE n END, CASE WHEN n > 199990 THEN 'one' END, CASE WHEN n > 199990 THEN 0 END
      FROM generate_series(1, 200000) AS n;
    INSERT INTO events (id, pipeline, change) SELECT n, 'p' || n, '{}' FROM generate_series(1, 200000) AS n;
    INSERT INTO job_logs (id, pipeline, job, attempt, token) SELECT n, 'p' || n, 0, 1, 1 FROM generate_series(1, 100000) AS n;
    INSERT INTO job_log_chunks (log, start, first_line, runs, at, bytes)
    SELECT 1 + n / 100, n % 100, n % 100, 'o1+0', n, 'x' FROM generate_series(0, 199999) AS n;
    ANALYZE events;
    ANALYZE job_logs;
    ANALYZE job_log_chunks;
    ANALYZE pipelines;
    ANALYZE lanes";

#[tokio::test]
async fn no_hot_statement_walks_the_pipelines() {
    let schema = Schema::new().await;
    let store = schema.open().await;
    let mut connection = connection().await;
    let here = format!("SET search_path = {}; SET plan_cache_mode = force_generic_plan; {FILL}", schema.name);
    sqlx::raw_sql(AssertSqlSafe(here)).execute(&mut connection).await.expect("many pipelines");
    for (name, statement) in store.hot_statements() {
        let plan = plan(&mut connection, name, &statement).await;
        for table in ["pipelines", "events", "job_logs", "job_log_chunks"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name}: {plan}");
        }
        // Of how many there are to remove, and of how much is to be read, a plan for all parameters knows nothing.
        if ["prunable", "going", "prune_chunks", "prune_events", "events", "chunks"].contains(&name) {
            continue;
        }
        let cost: f64 = plan.split("..").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("a cost");
        // It claims sixteen pipelines, each by its key.
        let times = if name == "claim_most" { 16.0 } else { 1.0 };
        assert!(cost < 100.0 * times, "{name}: {plan}");
    }
}

async fn plan(connection: &mut PgConnection, name: &str, statement: &str) -> String {
    let parameters = (1..100).take_while(|n| statement.contains(&format!("${n}"))).count();
    let nulls = vec!["NULL"; parameters].join(", ");
    let prepare = format!("PREPARE imt_{name} AS {statement}");
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.expect(name);
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE imt_{name} ({nulls})"));
    let rows = sqlx::raw_sql(explain).fetch_all(connection).await.expect(name);
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}
