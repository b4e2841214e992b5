//! What is in a delivery: as much as is needed, whatever else there is.

use imt_core::id::CommitId;
use serde::Deserialize;

/// What tells in the last commit's message that nothing is to be run for it.
const SKIPS: [&str; 4] = ["[skip ci]", "[ci skip]", "[no ci]", "[skip imt]"];

/// What a delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A branch or a tag has another commit.
    Pushed(Pushed),
    /// A branch or a tag is gone.
    Removed,
    /// The host tries whether somebody listens.
    Ping,
    /// Something that sets nothing off.
    Other,
}

/// What was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// The branch; absent for a tag.
    pub(crate) branch: Option<String>,
    /// The tag; absent for a branch.
    pub(crate) tag: Option<String>,
    /// The commit that it has now.
    pub(crate) commit: CommitId,
    /// Whether the commit asks for nothing to be run.
    pub(crate) skips: bool,
}

/// Why a delivery cannot be understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is no JSON, or a field is of another kind.
    #[error("the delivery cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A field is not what it is called.
    #[error("the delivery's `{field}` is not one: {value:?}")]
    Field {
        /// Which.
        field: &'static str,
        /// What is there, its beginning.
        value: String,
    },
}

#[derive(Deserialize)]
struct Push {
    r#ref: String,
    after: String,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    head_commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    #[serde(default)]
    message: String,
}

/// Reads a delivery.
pub(crate) fn read(event: &str, body: &[u8]) -> Result<Heard, Unreadable> {
    match event {
        "ping" => Ok(Heard::Ping),
        "push" => pushed(serde_json::from_slice(body)?),
        _ => Ok(Heard::Other),
    }
}

/// Whether a commit's message asks for nothing to be run.
pub(crate) fn asks_for_nothing(message: &str) -> bool {
    SKIPS.iter().any(|word| message.contains(word))
}

fn pushed(push: Push) -> Result<Heard, Unreadable> {
    let is_nothing = push.after.bytes().all(|digit| digit == b'0');
    if push.deleted || is_nothing {
        return Ok(Heard::Removed);
    }
    let refused = |field, value: &str| Unreadable::Field { field, value: value.chars().take(80).collect() };
    let commit = CommitId::parse(&push.after).map_err(|_| refused("after", &push.after))?;
    let (branch, tag) = (push.r#ref.strip_prefix("refs/heads/"), push.r#ref.strip_prefix("refs/tags/"));
    if branch.or(tag).is_none_or(str::is_empty) {
        // Notes, pull requests and what else a repository may have.
        return if push.r#ref.starts_with("refs/") { Ok(Heard::Other) } else { Err(refused("ref", &push.r#ref)) };
    }
    let message = push.head_commit.map(|commit| commit.message).unwrap_or_default();
    let skips = asks_for_nothing(&message);
    Ok(Heard::Pushed(Pushed { branch: branch.map(str::to_owned), tag: tag.map(str::to_owned), commit, skips }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "c72eabd445c37cc8510292dab2720591a5e9918e";

    fn body(reference: &str, after: &str, message: &str) -> Vec<u8> {
        serde_json::json!({
            "ref": reference, "before": "0", "after": after, "deleted": false, "commits": [],
            "head_commit": {"id": after, "message": message},
            "repository": {"id": 1, "clone_url": "https://git.example/a.git", "ssh_url": "git@git.example:a.git"}
        })
        .to_string()
        .into_bytes()
    }

    #[test]
    fn pushes_are_read() {
        let heard = read("push", &body("refs/heads/feature/x", COMMIT, "work")).unwrap();
        let commit = CommitId::parse(COMMIT).unwrap();
        let pushed = Pushed { branch: Some("feature/x".to_owned()), tag: None, commit: commit.clone(), skips: false };
        assert_eq!(heard, Heard::Pushed(pushed));
        let heard = read("push", &body("refs/tags/v1", COMMIT, "[ci skip] typo")).unwrap();
        assert_eq!(heard, Heard::Pushed(Pushed { branch: None, tag: Some("v1".to_owned()), commit, skips: true }));
    }

    #[test]
    fn what_sets_nothing_off_is_told_apart() {
        let nothing = "0".repeat(40);
        assert_eq!(read("push", &body("refs/heads/main", &nothing, "")).unwrap(), Heard::Removed);
        assert_eq!(read("push", &body("refs/notes/commits", COMMIT, "")).unwrap(), Heard::Other);
        assert_eq!(read("ping", b"{}").unwrap(), Heard::Ping);
        assert_eq!(read("issues", b"no json at all").unwrap(), Heard::Other);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(matches!(read("push", b"{"), Err(Unreadable::Json(_))));
        assert!(matches!(read("push", b"{\"ref\":7}"), Err(Unreadable::Json(_))));
        let wrong = read("push", &body("main", COMMIT, "")).unwrap_err();
        assert!(wrong.to_string().contains("`ref`"), "{wrong}");
        let wrong = read("push", &body("refs/heads/main", "--upload-pack=touch", "")).unwrap_err();
        assert!(wrong.to_string().contains("`after`"), "{wrong}");
    }
}
