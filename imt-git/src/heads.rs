//! What a repository is asked without a mirror: which commits its branches have.

use std::collections::BTreeMap;

use imt_core::id::CommitId;
use imt_core::ports::Failure;

use crate::command::deadline_in;
use crate::failure::git_failed;
use crate::places::percent_path;
use crate::source::GitSource;
use crate::url::Repository;

/// The most that a list of branches may have, in bytes: some hundred thousand.
const LISTED: usize = 32 << 20;

impl GitSource {
    /// The commit that each branch has now. Names that are no text are left out. *Cancellation*: as
    /// [`Source`](imt_core::ports::Source).
    ///
    /// # Errors
    /// As [`Source::resolve`](imt_core::ports::Source::resolve).
    pub async fn heads(&self, repository: &str) -> Result<BTreeMap<String, CommitId>, Failure> {
        let listed = self.listed(repository, &["--heads"], &[]).await?;
        let lines = listed.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
        let heads = lines.filter_map(|line| {
            let (commit, name) = line.split_once('\t')?;
            Some((name.strip_prefix("refs/heads/")?.to_owned(), CommitId::parse(commit).ok()?))
        });
        Ok(heads.collect())
    }

    /// The branch that is meant where none is named: the one that `HEAD` of the repository stands for. `None` where that is none that
    /// has a commit. *Cancellation*: as [`Source`](imt_core::ports::Source).
    ///
    /// # Errors
    /// As [`heads`](Self::heads).
    pub async fn default_branch(&self, repository: &str) -> Result<Option<String>, Failure> {
        let listed = self.listed(repository, &["--symref"], &["HEAD"]).await?;
        let mut lines = listed.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
        Ok(lines.find_map(|line| Some(line.strip_prefix("ref: refs/heads/")?.strip_suffix("\tHEAD")?.to_owned())))
    }

    /// What the repository says that it has.
    async fn listed(&self, repository: &str, options: &[&str], names: &[&str]) -> Result<Vec<u8>, Failure> {
        let deadline = deadline_in(self.deadline);
        let (repository, session) = self.open(repository, deadline).await?;
        let address = match &repository {
            Repository::Local(path) => format!("file://{}", percent_path(path)),
            Repository::Remote(url) => url.to_string(),
        };
        let call = self.git.call(format!("listing {repository}"), session.path(), deadline).envs(session.env());
        let call = call.args(["ls-remote", "--quiet"]).args(options).args(["--end-of-options", &address]).args(names);
        let output = call.max_stdout(LISTED).run().await?;
        if !output.success() {
            let failure = git_failed(&format!("{repository} cannot be listed"), &output, session.secrets());
            let help = "check the address, the credentials for its origin and the network";
            return Err(failure.with_help(help).retryable());
        }
        Ok(output.stdout)
    }
}
