//! From what people call a commit to the commit: in a repository of this machine, and at a remote.

use std::path::Path;

use imt_core::id::CommitId;
use imt_core::ports::{Failure, FailureKind};
use tokio::time::Instant;

use crate::failure::git_failed;
use crate::mirror::Mirror;
use crate::reference::{MAX_REFERENCE_BYTES, is_hash_prefix, is_ref_name};
use crate::session::Session;
use crate::source::GitSource;
use crate::url::Repository;

impl GitSource {
    /// In a repository of this machine everything that `git rev-parse` knows may be asked for: `HEAD~2`, `main@{1}`.
    pub(crate) async fn resolve_local(
        &self,
        path: &Path,
        session: &Session,
        reference: &str,
        deadline: Instant,
    ) -> Result<CommitId, Failure> {
        let shown = path.display();
        let is_short = (1..=MAX_REFERENCE_BYTES).contains(&reference.len());
        if !is_short || reference.starts_with('-') || reference.chars().any(char::is_control) {
            return Err(not_a_reference(reference));
        }
        let call = |doing: &str| self.git.call(format!("{doing} {shown}"), path, deadline).envs(session.env());
        // Only the directory itself counts: nobody named a repository further up.
        let ceiling = path.parent().unwrap_or(path);
        let call = |doing: &str| call(doing).env("GIT_CEILING_DIRECTORIES", ceiling);
        let output = call("opening").args(["rev-parse", "--git-dir"]).run().await?;
        if !output.success() {
            let failure = git_failed(&format!("{shown} is no git repository"), &output, &[]);
            return Err(failure.with_help("give the path of a repository's top directory"));
        }
        let revision = format!("{reference}^{{commit}}");
        let args = ["rev-parse", "--quiet", "--verify", "--end-of-options", &revision];
        let output = call("resolving a reference in").args(args).run().await?;
        let commit = output.success().then(|| CommitId::parse(&output.line()).ok()).flatten();
        commit.ok_or_else(|| not_found(reference, &shown.to_string()))
    }

    /// At a remote: `HEAD`, a branch, a tag or an (abbreviated) hash, in this order.
    pub(crate) async fn resolve_remote(
        &self,
        repository: &Repository,
        session: &Session,
        reference: &str,
        deadline: Instant,
    ) -> Result<CommitId, Failure> {
        if !is_ref_name(reference) {
            return Err(not_a_reference(reference));
        }
        let url = repository.to_string();
        let hash = reference.to_ascii_lowercase();
        // A full hash is one, even where a branch bears it as its name: who gives a hash means exactly that commit.
        if let Ok(commit) = CommitId::parse(&hash) {
            let mirror = Mirror::new(&self.git, session, &self.noted, &self.cache, repository, hash.len(), deadline);
            mirror.with_commit(&commit, None).await?;
            return Ok(commit);
        }
        let candidates = match reference {
            "HEAD" => vec!["HEAD".to_owned()],
            full if full.starts_with("refs/") => vec![full.to_owned()],
            name => vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")],
        };
        let call = self.git.call(format!("listing {url}"), session.path(), deadline).envs(session.env());
        let call = call.args(["ls-remote", "--quiet", "--end-of-options", &url]).args(&candidates).args(["HEAD"]);
        let output = call.max_stdout(16 * 1024 * 1024).run().await?;
        if !output.success() {
            let failure = git_failed(&format!("{url} cannot be listed"), &output, session.secrets());
            let help = "check the address, the credentials for its origin and the network";
            return Err(failure.with_help(help).retryable());
        }
        let listing = String::from_utf8_lossy(&output.stdout).into_owned();
        let listed: Vec<(&str, &str)> = listing.lines().filter_map(|line| line.split_once('\t')).collect();
        let found = candidates.iter().find_map(|wanted| listed.iter().find(|(_, name)| name == wanted));
        let hash_len = listed.first().map_or(40, |(hash, _)| hash.len());
        let mirror = Mirror::new(&self.git, session, &self.noted, &self.cache, repository, hash_len, deadline);
        if let Some((hash, name)) = found {
            return self.resolve_listed(&mirror, hash, name, &url).await;
        }
        if !is_hash_prefix(reference) {
            return Err(not_found(reference, &url));
        }
        let _reading = mirror.with_fresh_refs().await?;
        let mut commits = mirror.commits_beginning_with(&hash).await?;
        match (commits.pop(), commits.len()) {
            (Some(commit), 0) => Ok(commit),
            (Some(_), others) => {
                let message = format!("`{reference}` is ambiguous: {} commits of {url} begin so", others + 1);
                Err(Failure::new(FailureKind::CommitNotFound, message).with_help("give more digits of the hash"))
            }
            (None, _) => Err(not_found(reference, &url)),
        }
    }

    /// A listed hash may be that of a tag object, and what that stands for must be a commit.
    async fn resolve_listed(
        &self,
        mirror: &Mirror<'_>,
        hash: &str,
        name: &str,
        url: &str,
    ) -> Result<CommitId, Failure> {
        if !name.starts_with("refs/tags/") {
            let commit = CommitId::parse(hash).map_err(|_| not_found(name, url))?;
            mirror.with_commit(&commit, None).await?;
            return Ok(commit);
        }
        if let Some(commit) = mirror.peel(hash).await? {
            return Ok(commit);
        }
        let _reading = mirror.with_fresh_refs().await?;
        mirror.peel(hash).await?.ok_or_else(|| {
            let message = format!("`{name}` of {url} does not stand for a commit");
            Failure::new(FailureKind::CommitNotFound, message).with_help("choose a tag of a commit")
        })
    }
}

fn not_a_reference(reference: &str) -> Failure {
    let shown: String = reference.chars().filter(|c| !c.is_control()).take(100).collect();
    Failure::new(FailureKind::CommitNotFound, format!("`{shown}` is no branch, tag or commit hash"))
        .with_help("give the name of a branch or tag, or a commit hash")
}

fn not_found(reference: &str, repository: &str) -> Failure {
    Failure::new(
        FailureKind::CommitNotFound,
        format!("there is no branch, tag or commit `{reference}` in {repository}"),
    )
    .with_help("check the spelling, and that it was pushed")
}
