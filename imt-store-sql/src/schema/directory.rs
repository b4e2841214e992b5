//! The tables of a directory: what a server keeps beside pipelines and deployments.
//!
//! They are there in every store, so that one file serves whichever program opens it.

/// Statements from the version without a directory to the one with it.
pub(super) const DIRECTORY: &[&str] = &[
    "CREATE TABLE users (
        id TEXT PRIMARY KEY,
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        email TEXT,
        email_key TEXT,
        email_verified BIGINT NOT NULL,
        name TEXT,
        is_admin BIGINT NOT NULL,
        disabled_at BIGINT,
        created_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        UNIQUE (issuer, subject))",
    "CREATE INDEX users_of_email ON users (email_key)",
    "CREATE INDEX users_administrators ON users (id) WHERE is_admin = 1",
    "CREATE TABLE codes (
        kind TEXT NOT NULL,
        hash TEXT NOT NULL,
        payload {blob} NOT NULL,
        key TEXT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (kind, hash))",
    "CREATE INDEX codes_over ON codes (expires_at)",
    // The time at which it ends stands beside what that is made of, for those that look for it.
    "CREATE TABLE sessions (
        hash TEXT PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        user_id TEXT NOT NULL REFERENCES users (id),
        opened_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        idle BIGINT NOT NULL,
        ends_at BIGINT NOT NULL,
        agent TEXT,
        remote TEXT)",
    "CREATE INDEX sessions_of_user ON sessions (user_id)",
    "CREATE INDEX sessions_over ON sessions (ends_at)",
    "CREATE TABLE directory_projects (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE REFERENCES projects (name),
        settings TEXT NOT NULL,
        version BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        archived_at BIGINT)",
    "CREATE TABLE api_tokens (
        hash TEXT PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        user_id TEXT NOT NULL REFERENCES users (id),
        name TEXT NOT NULL,
        scopes TEXT NOT NULL,
        project TEXT REFERENCES directory_projects (id),
        created_at BIGINT NOT NULL,
        expires_at BIGINT,
        used_at BIGINT)",
    "CREATE INDEX api_tokens_of_user ON api_tokens (user_id)",
    "CREATE INDEX api_tokens_over ON api_tokens (expires_at) WHERE expires_at IS NOT NULL",
    // The project's name never changes; here it is for lists in its order.
    "CREATE TABLE project_members (
        project TEXT NOT NULL REFERENCES directory_projects (id),
        user_id TEXT NOT NULL REFERENCES users (id),
        role TEXT NOT NULL,
        since BIGINT NOT NULL,
        project_name TEXT NOT NULL,
        PRIMARY KEY (project, user_id))",
    "CREATE INDEX projects_of_user ON project_members (user_id, project_name)",
    "CREATE TABLE project_secrets (
        project TEXT NOT NULL REFERENCES directory_projects (id),
        name TEXT NOT NULL,
        value {blob} NOT NULL,
        key TEXT NOT NULL,
        set_at BIGINT NOT NULL,
        PRIMARY KEY (project, name))",
    // Without `provider_id`: found by asking the repository.
    "CREATE TABLE webhook_deliveries (
        position {counter},
        id TEXT NOT NULL {key},
        project TEXT NOT NULL REFERENCES directory_projects (id),
        provider_id TEXT,
        event TEXT NOT NULL,
        branch TEXT,
        commit_id TEXT,
        received_at BIGINT NOT NULL,
        settled BIGINT NOT NULL,
        failure TEXT,
        outcome TEXT,
        settled_at BIGINT,
        due_at BIGINT,
        worker TEXT,
        token BIGINT NOT NULL DEFAULT 0,
        tries BIGINT NOT NULL DEFAULT 0,
        replays BIGINT NOT NULL DEFAULT 0,
        stood BIGINT NOT NULL DEFAULT 0,
        UNIQUE (project, provider_id))",
    "CREATE INDEX deliveries_open ON webhook_deliveries (position) WHERE settled = 0",
    "CREATE INDEX deliveries_over ON webhook_deliveries (settled_at) WHERE settled = 1",
    "CREATE INDEX deliveries_of_project ON webhook_deliveries (project, position)",
    "CREATE INDEX deliveries_of_push ON webhook_deliveries (project, branch, commit_id)",
    // Apart from the rows that are written at each turn.
    "CREATE TABLE delivery_bodies (
        delivery TEXT PRIMARY KEY REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
        body {blob} NOT NULL)",
    "CREATE TABLE branch_heads (
        project TEXT NOT NULL REFERENCES directory_projects (id),
        branch TEXT NOT NULL,
        commit_id TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (project, branch))",
    "CREATE TABLE commit_reports (
        pipeline TEXT PRIMARY KEY,
        project TEXT NOT NULL REFERENCES directory_projects (id),
        commit_id TEXT NOT NULL,
        status TEXT NOT NULL,
        at BIGINT NOT NULL,
        settled BIGINT NOT NULL DEFAULT 0,
        settled_at BIGINT,
        due_at BIGINT NOT NULL,
        taken BIGINT NOT NULL DEFAULT 0,
        replaced BIGINT NOT NULL DEFAULT 0,
        worker TEXT,
        token BIGINT NOT NULL DEFAULT 0,
        tries BIGINT NOT NULL DEFAULT 0,
        detail TEXT)",
    "CREATE INDEX reports_due ON commit_reports (due_at) WHERE settled = 0",
    "CREATE INDEX reports_over ON commit_reports (settled_at) WHERE settled = 1",
    // Outlives what it tells of.
    "CREATE TABLE audit_log (
        id {serial},
        at BIGINT NOT NULL,
        project TEXT,
        actor TEXT NOT NULL,
        via TEXT NOT NULL,
        request TEXT,
        remote TEXT,
        action TEXT NOT NULL)",
    "CREATE INDEX audit_of_project ON audit_log (project, id)",
];

/// How repositories are found by their addresses and looked at, and what was reported.
pub(super) const LOOKS: &[&str] = &[
    // NULL: not yet written by a program that knows of it. Empty: there is none.
    "ALTER TABLE directory_projects ADD COLUMN repository TEXT",
    "CREATE INDEX projects_of_repository ON directory_projects (repository)",
    "CREATE TABLE repository_looks (
        project TEXT PRIMARY KEY REFERENCES directory_projects (id),
        taken_at BIGINT NOT NULL DEFAULT 0,
        rests_until BIGINT NOT NULL DEFAULT 0,
        repo_url TEXT,
        since BIGINT,
        seen_at BIGINT,
        failures BIGINT NOT NULL DEFAULT 0,
        failure TEXT)",
    "CREATE INDEX looks_due ON repository_looks (taken_at)",
    "INSERT INTO repository_looks (project) SELECT id FROM directory_projects",
    // One row. What was there before is not reported.
    "CREATE TABLE reported_events (event BIGINT NOT NULL)",
    "INSERT INTO reported_events (event) SELECT COALESCE(MAX(id), 0) FROM events",
];

/// Deliveries that are known by what is signed of them, and projects of one repository in their turn.
pub(super) const BODIES: &[&str] = &[
    "DROP INDEX projects_of_repository",
    "CREATE INDEX projects_of_repository ON directory_projects (repository, id)",
    // BLAKE3. NULL: there is no body, or it came in before there was such a column.
    "ALTER TABLE webhook_deliveries ADD COLUMN body_hash {blob}",
    "CREATE UNIQUE INDEX deliveries_of_body ON webhook_deliveries (project, event, body_hash)",
];

/// Pushes that were found, among however many deliveries of the same commit.
pub(super) const FOUND: &[&str] = &["CREATE INDEX deliveries_found ON webhook_deliveries (project, branch, commit_id)
      WHERE provider_id IS NULL AND stood = 0"];
