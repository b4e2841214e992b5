//! How a file of the newest schema becomes one of an earlier schema.

/// What brought a schema to the one before it.
pub(crate) const TAKEN_AWAY: [&str; 11] = [
    "DROP INDEX pipelines_going; ALTER TABLE job_logs DROP COLUMN left_out; UPDATE meta SET value = 1 WHERE name = 'schema'",
    "DROP TABLE replaced_secrets; ALTER TABLE job_log_chunks DROP COLUMN packed; UPDATE meta SET value = 2 WHERE name = 'schema'",
    "DROP TABLE deployment_log_chunks; DROP TABLE deployment_logs; DROP TABLE deployment_events; DROP TABLE deployments;
     ALTER TABLE projects DROP COLUMN last_deployment; UPDATE meta SET value = 3 WHERE name = 'schema'",
    "DROP TABLE deployment_settings; DROP TABLE targets; DROP TABLE releases; UPDATE meta SET value = 4 WHERE name = 'schema'",
    "DROP TABLE audit_log; DROP TABLE commit_reports; DROP TABLE branch_heads; DROP TABLE delivery_bodies;
     DROP TABLE webhook_deliveries; DROP TABLE project_secrets; DROP TABLE project_members; DROP TABLE api_tokens;
     DROP TABLE directory_projects; DROP TABLE sessions; DROP TABLE codes; DROP TABLE users;
     UPDATE meta SET value = 5 WHERE name = 'schema'",
    "DROP INDEX pipelines_of_branch; DROP INDEX pipelines_of_status; DROP INDEX pipelines_of_event;
     UPDATE meta SET value = 6 WHERE name = 'schema'",
    "DROP TABLE reported_events; DROP TABLE repository_looks; DROP INDEX projects_of_repository;
     ALTER TABLE directory_projects DROP COLUMN repository; UPDATE meta SET value = 7 WHERE name = 'schema'",
    "DROP INDEX deliveries_of_body; ALTER TABLE webhook_deliveries DROP COLUMN body_hash;
     DROP INDEX projects_of_repository; CREATE INDEX projects_of_repository ON directory_projects (repository);
     UPDATE meta SET value = 8 WHERE name = 'schema'",
    "DROP INDEX deliveries_found; UPDATE meta SET value = 9 WHERE name = 'schema'",
    "ALTER TABLE pipelines DROP COLUMN subject; ALTER TABLE pipelines DROP COLUMN author;
     UPDATE meta SET value = 10 WHERE name = 'schema'",
    "UPDATE meta SET value = 11 WHERE name = 'schema'",
];
