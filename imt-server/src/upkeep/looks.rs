//! Pushes that nobody told of: each repository is asked now and then which commits its branches have, and what is not known
//! becomes a delivery like those that hosts send.
//!
//! What the branches have at the first look was there before, and nothing is built for it; so it is with branches that the
//! project does not want, lest they are all built once it does. A branch that was told of before the first look is no secret:
//! if it has moved on since, that was a push. Of several pushes to a branch only the last one is found.

use std::collections::BTreeMap;
use std::time::Duration;

use imt_core::directory::{DueLook, Found, LookEnd, MAX_PAGE, ProjectRecord, ProjectSettings, Push};
use imt_core::id::CommitId;
use imt_core::ports::{StoreError, directory_bounds};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::about;
use crate::state::{Server, now};

/// How many repositories are asked at once.
const AT_ONCE: usize = 8;
/// How long a repository may take for its answer: one that hangs is left, and keeps only one of those places so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait for a ring before looking whether one is due.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long one rests at most that does not answer time after time.
const LONGEST_REST: Duration = Duration::from_hours(1);
/// Where nothing is due by itself: longer ago than anybody has looked.
const NEVER: Duration = Duration::from_hours(40 * 365 * 24);

/// Looks for pushes until the server is to end. At the start all repositories are asked that nobody has asked since.
pub async fn look_for_pushes(server: Server) {
    // Drawn once: of several servers, one is a little ahead of the others and leaves them nothing to do.
    let every = server.settings().upkeep.look_every.map_or(NEVER, about);
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    while !server.stop().is_cancelled() {
        let age = every.min(began.elapsed());
        let room = AT_ONCE.saturating_sub(tasks.len());
        let due = if room > 0 { take(&server, age, room).await } else { Vec::new() };
        let is_more = !due.is_empty();
        for due in due {
            tasks.spawn(look(server.clone(), due));
        }
        if is_more && tasks.len() < AT_ONCE {
            continue;
        }
        tokio::select! {
            () = server.stop().cancelled() => {}
            () = server.looks().notified(), if tasks.len() < AT_ONCE => {}
            Some(ended) = tasks.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "a repository was not asked to the end");
            },
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
    // What was seen is recorded or is seen again by whoever comes next.
    tasks.shutdown().await;
}

async fn take(server: &Server, age: Duration, room: usize) -> Vec<DueLook> {
    match server.directory().take_looks(age, room).await {
        Ok(taken) => {
            for odd in &taken.set_aside {
                tracing::error!("{odd}");
            }
            taken.found
        }
        Err(error) => {
            tracing::warn!(%error, "nobody can be asked for pushes");
            Vec::new()
        }
    }
}

async fn look(server: Server, due: DueLook) {
    let DueLook { project, failures } = due;
    let Some(repo_url) = project.settings.repo_url.clone() else { return };
    let at = now();
    let failed = |detail: String| {
        tracing::warn!(project = %project.name, detail, "a repository cannot be asked for pushes");
        let every = server.settings().upkeep.look_every.unwrap_or(LONGEST_REST);
        LookEnd::Failed { detail, rest: rest_after(failures, every) }
    };
    let (outcome, end) = match tokio::time::timeout(PATIENCE, server.repositories().heads(&project)).await {
        Ok(Ok(heads)) => match record(&server, &project, &repo_url, heads, at).await {
            Ok(()) => ("seen", LookEnd::Seen { repo_url, at }),
            // Nothing is wrong with the repository: it is asked again when its time comes.
            Err(error) => {
                tracing::warn!(%error, project = %project.name, "what a repository has cannot be recorded");
                return;
            }
        },
        Ok(Err(failure)) => ("failed", failed(failure.explain())),
        Err(_) => ("failed", failed(format!("the repository did not answer within {} s", PATIENCE.as_secs()))),
    };
    server.metrics().looked(outcome);
    if let Err(error) = server.directory().settle_look(project.id, &end).await {
        tracing::warn!(%error, project = %project.name, "how a look ended cannot be recorded");
    }
}

/// Longer after each failure, and never shorter than it would be without.
fn rest_after(failures: u32, every: Duration) -> Duration {
    (every * (1 << failures.min(8))).min(LONGEST_REST).max(every)
}

/// Makes deliveries of what was missed, and notes the rest.
async fn record(
    server: &Server,
    project: &ProjectRecord,
    repo_url: &str,
    heads: BTreeMap<String, CommitId>,
    at: imt_core::time::Timestamp,
) -> Result<(), StoreError> {
    let directory = server.directory();
    let known =
        Known { repo_url: directory.look(project.id).await?.repo_url, heads: directory.heads(project.id).await? };
    let Sorted { pushed, to_note } = known.sort(&project.settings, repo_url, heads);
    for push in &pushed {
        if let Found::Missed(delivery) = directory.found_push(project.id, push, at).await? {
            tracing::info!(project = %project.name, branch = push.branch, commit = %push.commit, %delivery,
                "found a push that nobody told of");
            server.metrics().delivered("found");
            server.deliveries().notify_one();
        }
    }
    for piece in to_note.chunks(MAX_PAGE) {
        directory.note_heads(project.id, piece, at).await?;
    }
    Ok(())
}

/// What was known before a look.
struct Known {
    /// Which repository was asked last.
    repo_url: Option<String>,
    heads: BTreeMap<String, CommitId>,
}

/// What a look has brought.
#[derive(Debug, PartialEq, Eq)]
struct Sorted {
    /// What was pushed, unless somebody tells of it at this moment.
    pushed: Vec<Push>,
    /// What there only is.
    to_note: Vec<Push>,
}

impl Known {
    fn sort(&self, settings: &ProjectSettings, repo_url: &str, heads: BTreeMap<String, CommitId>) -> Sorted {
        let is_first = self.repo_url.is_none();
        let is_other = self.repo_url.as_deref().is_some_and(|known| known != repo_url);
        let mut sorted = Sorted { pushed: Vec::new(), to_note: Vec::new() };
        let all = heads.into_iter().map(|(branch, commit)| Push { branch, commit });
        // What no store takes is none of our branches.
        for push in all.filter(|push| directory_bounds::push(push).is_ok()) {
            let known = self.heads.get(&push.branch);
            if known == Some(&push.commit) && !is_other {
                continue;
            }
            let was_there_before = is_other || (is_first && known.is_none());
            let is_pushed = !was_there_before && settings.wants(&push.branch);
            if is_pushed { sorted.pushed.push(push) } else { sorted.to_note.push(push) }
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use imt_core::pipeline::BranchPattern;

    use super::*;

    fn heads(of: &[(&str, char)]) -> BTreeMap<String, CommitId> {
        of.iter().map(|(branch, commit)| ((*branch).to_owned(), CommitId::new(commit.to_string().repeat(40)))).collect()
    }

    fn sorted(repo_url: Option<&str>, known: &[(&str, char)], seen: &[(&str, char)]) -> (Vec<String>, Vec<String>) {
        let known = Known { repo_url: repo_url.map(str::to_owned), heads: heads(known) };
        let settings = ProjectSettings { branches: vec![BranchPattern("m*".to_owned())], ..ProjectSettings::default() };
        let Sorted { pushed, to_note } = known.sort(&settings, "here", heads(seen));
        let names = |all: Vec<Push>| all.into_iter().map(|push| push.branch).collect();
        (names(pushed), names(to_note))
    }

    #[test]
    fn what_was_there_before_is_noted_and_what_came_since_was_pushed() {
        let seen = [("main", 'b'), ("mine", 'a'), ("other", 'a')];
        let of = |pushed: &[&str], noted: &[&str]| {
            let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            (names(pushed), names(noted))
        };
        assert_eq!(sorted(None, &[], &seen), of(&[], &["main", "mine", "other"]), "the first look");
        assert_eq!(sorted(None, &[("main", 'a')], &seen), of(&["main"], &["mine", "other"]), "it was told of before");
        assert_eq!(sorted(Some("here"), &[("main", 'a')], &seen), of(&["main", "mine"], &["other"]));
        assert_eq!(sorted(Some("here"), &seen, &seen), of(&[], &[]), "nothing is new");
        assert_eq!(sorted(Some("there"), &seen, &seen), of(&[], &["main", "mine", "other"]), "another repository");
        assert_eq!(sorted(Some("here"), &seen, &[]), of(&[], &[]), "branches that are gone");
        assert_eq!(sorted(Some("here"), &[], &[("m\n", 'a')]), of(&[], &[]), "no store takes it");
    }

    #[test]
    fn who_does_not_answer_is_asked_less_often() {
        let minute = Duration::from_mins(1);
        let rests: Vec<u64> =
            [0, 1, 2, 5, 6, 99].into_iter().map(|n| rest_after(n, 5 * minute).as_secs() / 60).collect();
        assert_eq!(rests, [5, 10, 20, 60, 60, 60]);
        assert_eq!(rest_after(3, Duration::from_hours(2)), Duration::from_hours(2), "not more often either");
    }
}
