//! What a directory keeps sealed: bound to its place, rotated with the rest, and nowhere in the file in the clear.

use std::path::Path;

use imt_core::directory::{
    Action, Actor, Admission, CodeKind, Deed, Existing, Identity, NewCode, NewProject, Profile, ProjectSettings,
    SecretHash, SecretName, Via,
};
use imt_core::id::{ProjectId, ProjectName};
use imt_core::ports::{AuditLog, Credentials, ProjectSecrets, Projects, StoreError, Users};
use imt_core::secret::{Secret, SecretBytes};
use imt_core::time::Timestamp;
use imt_store_sql::{KeyRing, SqlStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

const SECRET: &str = "hunter2-hunter2";
const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

async fn open(path: &Path, keys: Option<KeyRing>) -> SqlStore {
    imt_store_sqlite::open(path, keys).await.expect("the store opens")
}

async fn run(path: &Path, sql: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.expect("the file opens");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("it is done");
}

fn deed() -> Deed {
    Deed { actor: Actor::System, via: Via::Server, request: None, remote: None, at: NOW }
}

fn names() -> [SecretName; 3] {
    let registry = SecretName::RegistryPassword("ghcr.io".to_owned());
    [SecretName::WebhookSecret, SecretName::TargetKey("production".to_owned()), registry]
}

fn code() -> NewCode {
    let payload = SecretBytes::new(SECRET.as_bytes());
    NewCode {
        kind: CodeKind::OpenIdState,
        hash: SecretHash::new([7; 32]),
        payload,
        expires_at: Timestamp::from_micros(9),
    }
}

/// A project with three secrets, and a code.
async fn fill(store: &SqlStore) -> ProjectId {
    let identity = Identity { issuer: "https://id.example".to_owned(), subject: "ann".to_owned() };
    let signed_in = store.sign_in(&identity, &Profile::default(), Admission::AsUser, &deed()).await.expect("sign_in");
    let owner = signed_in.admitted().expect("she is made").id;
    let (id, name, settings) = (ProjectId::generate(), ProjectName::new("shop"), ProjectSettings::default());
    let new = NewProject { id, name, settings, owner, existing: Existing::Refuse, secrets: Vec::new() };
    store.create_project(&new, &deed()).await.expect("create_project");
    for name in names() {
        store.set_secret(id, &name, &Secret::new(SECRET), &deed()).await.expect("set_secret");
    }
    store.put_code(&code()).await.expect("put_code");
    id
}

#[tokio::test]
async fn what_is_sealed_is_rotated_with_the_rest() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let ring = KeyRing::generate().expect("a key");
    let id = fill(&open(&path, Some(ring.clone())).await).await;
    let newest = ring.with_new_key().expect("a key");
    let done = open(&path, Some(newest.clone())).await.reseal(1).await.expect("reseal");
    assert_eq!((done.count, done.left), (4, Vec::new()));
    let store = open(&path, Some(newest.without_old_keys())).await;
    for name in names() {
        let value = store.secret(id, &name).await.expect("secret");
        assert_eq!(value, Some(Secret::new(SECRET)), "{name}");
    }
    let NewCode { kind, hash, payload, .. } = code();
    assert_eq!(store.take_code(kind, hash, Timestamp::from_micros(1)).await.expect("take_code"), Some(payload));
}

#[tokio::test]
async fn what_is_sealed_opens_in_its_place_only() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = open(&path, Some(KeyRing::generate().expect("a key"))).await;
    let id = fill(&store).await;
    run(
        &path,
        "UPDATE project_secrets SET value = (SELECT value FROM project_secrets WHERE name = 'webhook_secret')
          WHERE name = 'target_key/production';
         UPDATE codes SET payload = x'00'",
    )
    .await;
    let [webhook, target, _] = names();
    assert!(store.secret(id, &webhook).await.expect("secret").is_some());
    let refused = store.secret(id, &target).await.expect_err("it is another's");
    assert!(refused.to_string().contains("target_key/production"), "{refused}");
    let refused = store.take_code(code().kind, code().hash, Timestamp::from_micros(1)).await;
    assert!(matches!(refused, Err(StoreError::Internal { .. })), "{refused:?}");
}

#[tokio::test]
async fn nothing_secret_is_in_the_file_or_in_the_log_of_deeds() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let store = open(&path, Some(KeyRing::generate().expect("a key"))).await;
    let id = fill(&store).await;
    let log = store.audit(Some(id), None, 100).await.expect("audit").items;
    let set = log.iter().filter(|entry| matches!(entry.action, Action::SecretSet { .. })).count();
    assert!(set == 3 && !format!("{log:?}").contains(SECRET));
    // While it is open the file beside it stays.
    run(&path, "PRAGMA wal_checkpoint(PASSIVE)").await;
    for file in ["store.db", "store.db-wal"] {
        let bytes = std::fs::read(dir.path().join(file)).expect(file);
        assert!(bytes.windows(4).any(|window| window == b"shop"), "{file}");
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{file}");
    }
    drop(store);
}

#[tokio::test]
async fn without_keys_nothing_secret_is_kept() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a scratch directory");
    let path = dir.path().join("store.db");
    let ring = KeyRing::generate().expect("a key");
    let id = fill(&open(&path, Some(ring.clone())).await).await;
    let without = open(&path, None).await;
    let name = SecretName::RepositoryToken;
    for refused in [
        without.set_secret(id, &name, &Secret::new(SECRET), &deed()).await,
        without.put_code(&NewCode { hash: SecretHash::new([8; 32]), ..code() }).await,
    ] {
        assert!(matches!(refused, Err(StoreError::Internal { .. })), "{refused:?}");
    }
    assert_eq!(without.secrets(id).await.expect("a list opens none").len(), 3);
    let refused = without.secret(id, &SecretName::WebhookSecret).await.expect_err("nobody can open it");
    assert!(refused.to_string().contains(ring.sealing_key()), "it says which key is missing: {refused}");
}
