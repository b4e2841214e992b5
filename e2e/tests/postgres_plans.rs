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

/// Much of all that a server keeps, most of it done with.
const FILL_DIRECTORY: &str = "
    INSERT INTO projects (name, last_number) SELECT 'p' || n, 0 FROM generate_series(1, 20000) AS n;
    INSERT INTO users (id, issuer, subject, email_verified, is_admin, created_at, seen_at)
    SELECT 'u' || n, 'i', 's' || n, 0, CASE WHEN n = 1 THEN 1 ELSE 0 END, n, n FROM generate_series(1, 20000) AS n;
    INSERT INTO sessions (hash, id, user_id, opened_at, seen_at, expires_at, idle, ends_at)
    SELECT 'h' || n, 'i' || n, 'u' || n, n, n, n, n, n FROM generate_series(1, 20000) AS n;
    INSERT INTO directory_projects (id, name, settings, version, created_at, repository)
    SELECT 'd' || n, 'p' || n, '{}', 1, n, 'h/p' || n FROM generate_series(1, 20000) AS n;
    INSERT INTO api_tokens (hash, id, user_id, name, scopes, created_at)
    SELECT 'h' || n, 'i' || n, 'u' || n, 'n', '[]', n FROM generate_series(1, 20000) AS n;
    INSERT INTO project_members (project, user_id, role, since, project_name)
    SELECT 'd' || n, 'u' || n % 200 + 1, 'owner', n, 'p' || n FROM generate_series(1, 20000) AS n;
    INSERT INTO webhook_deliveries (id, project, provider_id, event, branch, commit_id, received_at, settled, outcome,
        settled_at, due_at, body_hash)
    SELECT 'w' || n, 'd' || n % 200 + 1, 'g' || n, 'push', 'main', 'c' || n, n, CASE WHEN n > 19990 THEN 0 ELSE 1 END,
        '{}', CASE WHEN n > 19990 THEN NULL ELSE n END, CASE WHEN n > 19990 THEN n END, decode(md5(n::text), 'hex')
      FROM generate_series(1, 20000) AS n;
    INSERT INTO branch_heads (project, branch, commit_id, at)
    SELECT 'd' || n, 'main', 'c', n FROM generate_series(1, 20000) AS n;
    INSERT INTO repository_looks (project, taken_at) SELECT 'd' || n, n FROM generate_series(1, 20000) AS n;
    INSERT INTO commit_reports (pipeline, project, commit_id, status, at, due_at, settled, settled_at)
    SELECT 'r' || n, 'd' || n, 'c', 'success', n, n, CASE WHEN n > 19990 THEN 0 ELSE 1 END, n
      FROM generate_series(1, 20000) AS n;
    INSERT INTO audit_log (at, project, actor, via, action)
    SELECT n, 'd' || n % 200 + 1, '{}', '{}', '{}' FROM generate_series(1, 20000) AS n;
    ANALYZE";

/// What is asked of a directory stays flat as well.
#[tokio::test]
async fn no_hot_statement_walks_a_directory() {
    let schema = Schema::new().await;
    let store = schema.open().await;
    let mut connection = connection().await;
    let here = format!("SET search_path = {}; SET plan_cache_mode = force_generic_plan; {FILL_DIRECTORY}", schema.name);
    sqlx::raw_sql(AssertSqlSafe(here)).execute(&mut connection).await.expect("a full directory");
    let tables = [
        "users",
        "sessions",
        "api_tokens",
        "directory_projects",
        "project_members",
        "webhook_deliveries",
        "branch_heads",
        "repository_looks",
        "commit_reports",
        "audit_log",
    ];
    let mut walks = Vec::new();
    for (name, statement) in store.hot_statements() {
        let plan = plan(&mut connection, name, &statement).await;
        let walked = tables.iter().any(|table| plan.contains(&format!("Seq Scan on {table}")));
        // Of how many there are to remove a plan for all parameters knows nothing.
        if walked && !["prune_deliveries", "prune_reports"].contains(&name) {
            walks.push(format!("{name}: {plan}"));
        }
    }
    assert!(walks.is_empty(), "{}", walks.join("\n\n"));
}

async fn plan(connection: &mut PgConnection, name: &str, statement: &str) -> String {
    let parameters = (1..100).take_while(|n| statement.contains(&format!("${n}"))).count();
    let nulls = if parameters == 0 { String::new() } else { format!("({})", vec!["NULL"; parameters].join(", ")) };
    let prepare = format!("PREPARE imt_{name} AS {statement}");
    sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.expect(name);
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE imt_{name} {nulls}"));
    let rows = sqlx::raw_sql(explain).fetch_all(connection).await.expect(name);
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}
