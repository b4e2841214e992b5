//! Codes for one use.

use super::Servers;
use super::fixture::{assert_refused, at, at_once, hash};
use crate::directory::{CodeKind, NewCode, SecretHash};
use crate::ports::{StoreError, directory_bounds};
use crate::secret::SecretBytes;
use crate::time::Timestamp;

fn code(kind: CodeKind, hash: SecretHash, expires_at: Timestamp) -> NewCode {
    NewCode { kind, hash, payload: SecretBytes::new(b"\0hunter2".to_vec()), expires_at }
}

/// One gets it, and nobody after him, however many ask at once.
pub(super) async fn a_code_is_taken_once(store: Servers) {
    for n in 0..5 {
        store.put_code(&code(CodeKind::OpenIdState, hash(n), at(9))).await.expect("put_code");
        let taken = at_once(8, |_| {
            let store = store.clone();
            async move { store.take_code(CodeKind::OpenIdState, hash(n), at(8)).await.expect("take_code") }
        })
        .await;
        let taken: Vec<SecretBytes> = taken.into_iter().flatten().collect();
        assert_eq!(taken, [SecretBytes::new(b"\0hunter2".to_vec())]);
        assert_eq!(store.take_code(CodeKind::OpenIdState, hash(n), at(8)).await.expect("take_code"), None);
    }
}

/// A code is good for nothing but its kind, until its time.
pub(super) async fn a_code_is_good_for_its_kind_and_time(store: Servers) {
    let take = async |kind, of, now| store.take_code(kind, hash(of), at(now)).await.expect("take_code");
    let set_up = code(CodeKind::SetUp, hash(1), at(9));
    store.put_code(&set_up).await.expect("put_code");
    assert_refused!(store.put_code(&set_up).await, StoreError::Conflict(_));
    assert_eq!(take(CodeKind::SignInLink, 1, 1).await, None);
    assert_eq!(take(CodeKind::SetUp, 2, 1).await, None);
    assert!(take(CodeKind::SetUp, 1, 8).await.is_some());
    store.put_code(&set_up).await.expect("it was taken");
    assert_eq!(take(CodeKind::SetUp, 1, 9).await, None, "it has expired");
    assert_eq!(take(CodeKind::SetUp, 1, 1).await, None, "it is gone");
    let large = vec![7; directory_bounds::MAX_PAYLOAD_BYTES + 1];
    let large = NewCode { payload: SecretBytes::new(large), ..set_up };
    assert_refused!(store.put_code(&large).await, StoreError::Invalid(_));
}

/// Codes that nobody took go when their time is over.
pub(super) async fn codes_that_are_over_are_forgotten(store: Servers) {
    for n in 0..5 {
        store.put_code(&code(CodeKind::SignInLink, hash(n), at(u64::from(n)))).await.expect("put_code");
    }
    let forget = async |now, limit| store.forget_expired(at(now), limit).await.expect("forget_expired");
    assert_eq!((forget(3, 2).await, forget(3, 10).await, forget(3, 10).await), (2, 2, 0));
    assert!(store.take_code(CodeKind::SignInLink, hash(4), at(0)).await.expect("take_code").is_some());
    store.put_code(&code(CodeKind::SignInLink, hash(0), at(9))).await.expect("there is none any more");
}
