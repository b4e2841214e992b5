//! Which release is meant by whoever wants an earlier one back. Knows no target: only what its releases are called.

use std::collections::{BTreeMap, BTreeSet};

use super::list::{ReleaseHead, restore_target};
use super::record::ReleaseImage;
use crate::compose::Registry;
use crate::id::CommitId;
use crate::image::ImageReference;

/// Why no release is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoChoice {
    /// None was ever found good.
    #[error("there is no good release")]
    NothingGood,
    /// None but what runs.
    #[error("there is no good release but the one of {} that runs", .0.short())]
    NothingElse(CommitId),
    /// None is called so.
    #[error("there is no release of a commit `{wanted}`; there are {}", short(.there))]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// The commits that there are releases of.
        there: BTreeSet<CommitId>,
    },
    /// Several commits begin so.
    #[error("`{wanted}` is the beginning of several commits: {}", short(.commits))]
    Several {
        /// What was asked for.
        wanted: String,
        /// Which.
        commits: BTreeSet<CommitId>,
    },
}

/// The beginnings of commits, in a row.
fn short(commits: &BTreeSet<CommitId>) -> String {
    if commits.is_empty() {
        return "none at all".to_owned();
    }
    commits.iter().map(CommitId::short).collect::<Vec<_>>().join(", ")
}

/// The release that is meant. Named by its id, or by the beginning of its commit: the newest good one of those, or else the newest.
/// Not named: the newest good one with other content than what runs.
///
/// # Errors
/// When there is none, or it is not clear which.
pub fn choose<'r>(releases: &'r [ReleaseHead], named: Option<&str>) -> Result<&'r ReleaseHead, NoChoice> {
    let Some(wanted) = named else { return before_current(releases) };
    let is_meant = |head: &&ReleaseHead| {
        !wanted.is_empty() && (head.commit.as_str().starts_with(wanted) || head.id.to_string() == wanted)
    };
    let meant: Vec<&ReleaseHead> = releases.iter().filter(is_meant).collect();
    let commits_of = |heads: &[&ReleaseHead]| heads.iter().map(|head| head.commit.clone()).collect::<BTreeSet<_>>();
    let commits = commits_of(&meant);
    if commits.len() > 1 {
        return Err(NoChoice::Several { wanted: wanted.to_owned(), commits });
    }
    let there = || commits_of(&releases.iter().collect::<Vec<_>>());
    let newest = meant.into_iter().max_by_key(|head| (head.is_good(), head.age()));
    newest.ok_or_else(|| NoChoice::Unknown { wanted: wanted.to_owned(), there: there() })
}

fn before_current(releases: &[ReleaseHead]) -> Result<&ReleaseHead, NoChoice> {
    let runs = current(releases).ok_or(NoChoice::NothingGood)?;
    restore_target(releases, &runs.content).ok_or_else(|| NoChoice::NothingElse(runs.commit.clone()))
}

/// The release that runs: the one that was found good last.
pub fn current(releases: &[ReleaseHead]) -> Option<&ReleaseHead> {
    releases.iter().filter(|head| head.is_good()).max_by_key(|head| head.age())
}

/// Where the images of a release were pushed to, if they were.
pub fn pushed_to(images: &BTreeMap<String, ReleaseImage>) -> Option<Registry> {
    let pushed = images.values().find(|image| image.is_built && image.digest.is_some())?;
    pushed.reference.parse::<ImageReference>().ok()?.domain().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::{ContentHash, ReleaseVerdict};
    use super::*;
    use crate::id::{DeploymentId, ReleaseId};
    use crate::time::Timestamp;

    /// Judged at `at`, with a content of its own for each commit.
    fn release(at: u64, commit: &str, verdict: ReleaseVerdict) -> ReleaseHead {
        let content: ContentHash = serde_json::from_value(serde_json::json!(commit)).unwrap();
        let (created_at, judged_at) = (Timestamp::from_micros(at), Timestamp::from_micros(at));
        let commit = CommitId::parse(&commit.repeat(10)).unwrap();
        let id = ReleaseId::made_by(DeploymentId::generate());
        ReleaseHead { id, commit, created_at, content, verdict, judged_at }
    }

    fn chosen(releases: &[ReleaseHead], named: Option<&str>) -> Result<u64, String> {
        choose(releases, named).map(|head| head.judged_at.as_micros()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_newest_good_one_with_other_content_is_put_back() {
        use ReleaseVerdict::{Failed, Good};
        let (a, b) = ("aaaa", "bbbb");
        let all = [release(2, a, Good), release(4, b, Good), release(5, "cccc", Failed), release(3, b, Good)];
        assert_eq!(chosen(&all, None), Ok(2));
        assert_eq!(current(&all).map(|head| head.judged_at.as_micros()), Some(4));
        assert!(chosen(&all[1..], None).unwrap_err().contains("no good release but the one of bbbbbbbbbbbb"));
        assert_eq!(chosen(&all[2..3], None), Err("there is no good release".to_owned()));
    }

    #[test]
    fn any_kept_release_can_be_named() {
        use ReleaseVerdict::{Failed, Good};
        let all = [
            release(6, "abcd", Failed),
            release(5, "abcd", Good),
            release(4, "abcd", Good),
            release(3, "abce", Failed),
            release(2, "ffff", Good),
        ];
        assert_eq!(chosen(&all, Some("abcd")), Ok(5), "a good one before a newer one that is not");
        assert_eq!(chosen(&all, Some("abce")), Ok(3));
        assert_eq!(chosen(&all, Some(&all[2].id.to_string())), Ok(4));
        assert!(chosen(&all, Some("abc")).unwrap_err().contains("several commits: abcdabcdabcd, abceabceabce"));
        for nobody in ["", "1234"] {
            assert!(chosen(&all, Some(nobody)).unwrap_err().contains("abceabceabce, ffffffffffff"), "{nobody}");
        }
        assert!(chosen(&[], Some("1234")).unwrap_err().contains("none at all"));
    }
}
