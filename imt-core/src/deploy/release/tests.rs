//! Records read back, hashes that differ by the right things, lists.

use std::num::NonZeroUsize;

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::id::{CommitId, ReleaseId};
use crate::secret::Secret;
use crate::time::Timestamp;

pub(in crate::deploy) fn release(number: u128) -> Release {
    let image = |name: &str, is_built| ReleaseImage {
        reference: format!("registry.example.org/shop/{name}:{number}"),
        digest: Some(format!("sha256:{name}{number}")),
        is_built,
    };
    Release {
        id: ReleaseId::from_uuid(Uuid::from_u128(number)),
        commit: CommitId::new(format!("{number:040x}")),
        created_at: Timestamp::from_micros(1_000_000),
        compose_project: "shop-production".into(),
        environment: "production".into(),
        compose_files: vec![StoredText { path: "compose.yaml".into(), text: "services: {web: {build: .}}".into() }],
        override_file: StoredText { path: ".imt/deploy.yml".into(), text: "services: {}".into() },
        profiles: vec!["jobs".into(), "web".into()],
        images: [("web".to_owned(), image("web", true)), ("db".to_owned(), image("db", false))].into(),
        files: vec![ReleaseFile { path: "nginx.conf".into(), mode: 0o644, hash: "ab".into() }],
        env: Some(Secret::new("PASSWORD=hunter2\n")),
        verdict: ReleaseVerdict::Good,
        judged_at: Timestamp::from_micros(2_000_000),
    }
}

fn changed(json: &str, changes: &[(&str, Value)]) -> Vec<u8> {
    let mut value: Value = serde_json::from_str(json).unwrap();
    for (key, new) in changes {
        value[*key] = new.clone();
    }
    serde_json::to_vec(&value).unwrap()
}

#[test]
fn a_record_reads_back_and_holds_no_variable() {
    let release = release(7);
    let json = release.to_json();
    assert!(!json.contains("hunter2"));
    assert_eq!(Release::read(json.as_bytes(), release.env.clone()).unwrap(), release);
    assert_eq!(ReleaseHead::read(json.as_bytes()).unwrap(), release.head());
    let bare = Release { env: None, ..release };
    assert_eq!(Release::read(bare.to_json().as_bytes(), None).unwrap(), bare);
}

#[test]
fn what_is_damaged_or_lacks_its_variables_is_refused() {
    let release = release(7);
    let json = release.to_json();
    let damaged = |json: &[u8], env| matches!(Release::read(json, env), Err(ReleaseError::Damaged { .. }));
    assert!(damaged(json.as_bytes(), None), "the file with the variables is gone");
    assert!(damaged(json.as_bytes(), Some(Secret::new("PASSWORD=other\n"))));
    assert!(damaged(&changed(&json, &[("compose_project", json!("other"))]), release.env.clone()));
    for cut in [0, 1, json.len() / 2, json.len() - 1] {
        assert!(matches!(Release::read(&json.as_bytes()[..cut], None), Err(ReleaseError::Shape(_))), "{cut}");
    }
}

#[test]
fn later_forms_are_read_unless_they_forbid_it() {
    let release = release(7);
    let later = [("format", json!(2)), ("new_key", json!({"a": 1})), ("content", json!("of more than is known here"))];
    let json = release.to_json();
    assert_eq!(Release::read(&changed(&json, &later), release.env.clone()).unwrap(), release);
    let word = changed(&json, &[("format", json!(2)), ("verdict", json!("glorious"))]);
    let head = ReleaseHead::read(&word).unwrap();
    assert_eq!((head.verdict, head.is_good()), (ReleaseVerdict::Other, false));
    let forbidden = br#"{"format": 3, "readable_by": 2, "id": 1}"#;
    assert!(matches!(Release::read(forbidden, None), Err(ReleaseError::TooNew(3))));
    assert!(matches!(ReleaseHead::read(forbidden), Err(ReleaseError::TooNew(3))));
}

#[test]
fn the_content_is_what_the_target_would_run() {
    type Change = (&'static str, fn(&mut Release));
    let same: [Change; 8] = [
        ("commit", |r| r.commit = CommitId::none()),
        ("id", |r| r.id = ReleaseId::from_uuid(Uuid::from_u128(99))),
        ("times", |r| (r.created_at, r.judged_at) = (Timestamp::default(), Timestamp::default())),
        ("verdict", |r| r.verdict = ReleaseVerdict::Failed),
        ("tag", |r| r.images.get_mut("web").unwrap().reference = "registry.example.org/shop/web:other".into()),
        ("override", |r| r.override_file.text = "services: {web: {}}".into()),
        ("order of profiles", |r| r.profiles.reverse()),
        ("order of files", |r| r.files.reverse()),
    ];
    let other: [Change; 12] = [
        ("project", |r| r.compose_project.push('x')),
        ("compose text", |r| r.compose_files[0].text.push(' ')),
        ("compose path", |r| r.compose_files[0].path.push('x')),
        ("one more compose file", |r| r.compose_files.push(r.override_file.clone())),
        ("digest", |r| r.images.get_mut("web").unwrap().digest = Some("sha256:x".into())),
        ("third party", |r| r.images.get_mut("db").unwrap().digest = None),
        ("service", |r| drop(r.images.remove("db"))),
        ("file", |r| r.files[0].hash.push('c')),
        ("mode", |r| r.files[0].mode = 0o755),
        ("variables", |r| r.env = Some(Secret::new("PASSWORD=hunter3\n"))),
        ("no variables", |r| r.env = None),
        ("profile", |r| drop(r.profiles.pop())),
    ];
    let mut base = release(7);
    base.files.push(ReleaseFile { path: "a".into(), mode: 0o600, hash: "cd".into() });
    for (name, change) in same {
        let mut release = base.clone();
        change(&mut release);
        assert_eq!(release.content(), base.content(), "{name}");
    }
    for (name, change) in other {
        let mut release = base.clone();
        change(&mut release);
        assert_ne!(release.content(), base.content(), "{name}");
    }
    let mut shifted = base.clone();
    (shifted.compose_files[0].path, shifted.compose_files[0].text) =
        ("compose.yam".into(), format!("l{}", base.compose_files[0].text));
    assert_ne!(shifted.content(), base.content(), "fields do not run together");
}

fn head(number: u128, content: &str, verdict: ReleaseVerdict, judged: u64) -> ReleaseHead {
    ReleaseHead {
        id: ReleaseId::from_uuid(Uuid::from_u128(number)),
        commit: CommitId::none(),
        created_at: Timestamp::from_micros(u64::try_from(number).unwrap()),
        content: ContentHash::test(content),
        verdict,
        judged_at: Timestamp::from_micros(judged),
    }
}

fn id(number: u128) -> ReleaseId {
    ReleaseId::from_uuid(Uuid::from_u128(number))
}

#[test]
fn gone_back_to_is_the_newest_good_one_with_other_content() {
    use ReleaseVerdict::{Failed, Good, Other};
    let target =
        |releases: &[ReleaseHead], failing| restore_target(releases, &ContentHash::test(failing)).map(|r| r.id);
    let history = [head(1, "a", Good, 10), head(2, "b", Good, 20), head(3, "c", Failed, 30), head(4, "b", Good, 40)];
    assert_eq!(target(&history, "d"), Some(id(4)));
    assert_eq!(target(&history, "b"), Some(id(1)), "not the same again");
    assert_eq!(target(&history[2..3], "d"), None);
    assert_eq!(target(&[head(5, "a", Other, 50)], "d"), None);
    assert_eq!(target(&[], "d"), None);
    let back_by_hand = [head(1, "a", Good, 60), head(2, "b", Good, 20)];
    assert_eq!(target(&back_by_hand, "c"), Some(id(1)), "what was left by hand is not returned to");
}

#[test]
fn a_failed_try_does_not_push_good_ones_out() {
    use ReleaseVerdict::{Failed, Good};
    let mut releases = vec![head(1, "a", Good, 1), head(2, "b", Good, 2), head(3, "c", Good, 3)];
    releases.extend((10..20).map(|number| head(number, "x", Failed, u64::try_from(number).unwrap())));
    let Retention { kept, removed } = retention(&releases, Some(id(1)), NonZeroUsize::new(2).unwrap());
    assert_eq!(kept, [1, 2, 3, 18, 19].map(id).into());
    assert_eq!(removed.len(), 8);
}

proptest! {
    #[test]
    fn retention_never_drops_the_current_nor_what_would_be_gone_back_to(
        made in prop::collection::vec((0..4_u8, 0..3_u8, 0..50_u64), 0..20),
        current in 0..20_u128,
        good in 1..5_usize,
    ) {
        use ReleaseVerdict::{Failed, Good, Other};
        let releases: Vec<_> = (0_u128..).zip(&made).map(|(number, (content, verdict, judged))| {
            let verdict = [Good, Failed, Other][usize::from(*verdict)];
            head(number, &content.to_string(), verdict, *judged)
        }).collect();
        let Retention { kept, removed } = retention(&releases, Some(id(current)), NonZeroUsize::new(good).unwrap());
        prop_assert!(kept.is_disjoint(&removed));
        prop_assert_eq!(kept.len() + removed.len(), releases.len());
        prop_assert!(!removed.contains(&id(current)));
        let good_ones = releases.iter().filter(|r| r.is_good()).count();
        prop_assert!(releases.iter().filter(|r| r.is_good() && kept.contains(&r.id)).count() >= good_ones.min(good));
        if let Some(target) = restore_target(&releases, &ContentHash::test("never seen")) {
            prop_assert!(kept.contains(&target.id));
        }
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Release::read(&bytes, None);
    }
}
