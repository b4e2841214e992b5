//! What a directory takes: the bounds of every text that it is given, the same for all.
//!
//! Beside [`bounds`](crate::ports::bounds), and in its manner: `Invalid` names what does not fit, and never tells a secret.

use crate::directory::{
    Deed, Identity, MAX_PAGE, NewCode, NewDelivery, NewProject, NewReport, NewSession, NewToken, Profile,
    ProjectSettings, Push, SecretName,
};
use crate::ports::bounds::{MAX_NAME_BYTES, MAX_SETTINGS, bytes, environment, optional, project as project_name, text};
use crate::ports::{StoreError, StoreResult};
use crate::secret::Secret;

/// The most bytes that an issuer, a subject, an e-mail address, or the name of a user or token may have.
pub const MAX_LABEL_BYTES: usize = 256;
/// The most bytes that the payload of a code may have.
pub const MAX_PAYLOAD_BYTES: usize = 16 * 1024;
/// The most bytes that a project's secret may have.
pub const MAX_SECRET_BYTES: usize = 64 * 1024;
/// The most bytes that the body of a delivery may have.
pub const MAX_BODY_BYTES: usize = 25 << 20;
/// The most bytes that are kept of what was wrong; what is longer is cut.
pub const MAX_DETAIL_BYTES: usize = 4 * 1024;
/// The most sessions that a user may have.
pub const MAX_SESSIONS: usize = 100;
/// The most tokens that a user may have.
pub const MAX_TOKENS: usize = 100;

/// Checks who signs in.
///
/// # Errors
/// `Invalid`.
pub fn sign_in(identity: &Identity, profile: &Profile) -> StoreResult<()> {
    text("issuer", &identity.issuer, MAX_LABEL_BYTES)?;
    text("subject", &identity.subject, MAX_LABEL_BYTES)?;
    let address = profile.email.as_ref().map(|email| email.address.as_str());
    optional("e-mail address", address, MAX_LABEL_BYTES)?;
    optional("name of the user", profile.name.as_deref(), MAX_LABEL_BYTES)
}

/// Checks what stands behind a change.
///
/// # Errors
/// `Invalid`.
pub fn deed(deed: &Deed) -> StoreResult<()> {
    optional("id of the request", deed.request.as_deref(), MAX_LABEL_BYTES)?;
    optional("remote address", deed.remote.as_deref(), MAX_LABEL_BYTES)
}

/// Checks a code for one use.
///
/// # Errors
/// `Invalid`.
pub fn code(code: &NewCode) -> StoreResult<()> {
    bytes("payload of the code", code.payload.len(), MAX_PAYLOAD_BYTES)
}

/// Checks a session to open.
///
/// # Errors
/// `Invalid`.
pub fn session(new: &NewSession) -> StoreResult<()> {
    optional("name of the browser", new.agent.as_deref(), MAX_NAME_BYTES)
}

/// Checks a token to make.
///
/// # Errors
/// `Invalid`.
pub fn token(new: &NewToken) -> StoreResult<()> {
    text("name of the token", &new.name, MAX_LABEL_BYTES)?;
    if new.scopes.0.is_empty() {
        return Err(StoreError::Invalid(format!("the token `{}` may be used for nothing", new.name)));
    }
    Ok(())
}

/// Checks a project to make.
///
/// # Errors
/// `Invalid`.
pub fn new_project(new: &NewProject) -> StoreResult<()> {
    project_name(&new.name)?;
    settings(&new.settings)?;
    new.secrets.iter().try_for_each(|(name, value)| secret(name, value))
}

/// Checks a project's settings.
///
/// # Errors
/// `Invalid`.
pub fn settings(settings: &ProjectSettings) -> StoreResult<()> {
    let ProjectSettings { repo_url, default_branch, pipeline_file, branches, .. } = settings;
    optional("address of the repository", repo_url.as_deref(), MAX_NAME_BYTES)?;
    if repo_url.as_deref().is_some_and(has_password) {
        let message = "the address of the repository has a password in it, which belongs among the project's secrets";
        return Err(StoreError::Invalid(message.to_owned()));
    }
    text("default branch", default_branch, MAX_NAME_BYTES)?;
    text("path of the pipeline file", pipeline_file, MAX_NAME_BYTES)?;
    if pipeline_file.starts_with('/') || pipeline_file.split('/').any(|part| matches!(part, "" | "." | "..")) {
        let message = "the path of the pipeline file has to lead into the repository, and not out of it";
        return Err(StoreError::Invalid(message.to_owned()));
    }
    if branches.len() > MAX_SETTINGS {
        let count = branches.len();
        return Err(StoreError::Invalid(format!("{count} branches are too many, {MAX_SETTINGS} is the most")));
    }
    branches.iter().try_for_each(|pattern| {
        text("pattern of branches", &pattern.0, MAX_NAME_BYTES)?;
        let wrong = |fault| StoreError::Invalid(format!("the pattern of branches `{}`: {fault}", pattern.0));
        pattern.fault().map_or(Ok(()), |fault| Err(wrong(fault)))
    })
}

/// Whether the authority of an address has a user and a password.
fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// Checks the name of a project's secret.
///
/// # Errors
/// `Invalid`.
pub fn secret_name(name: &SecretName) -> StoreResult<()> {
    match name {
        SecretName::RegistryPassword(registry) => text("registry", registry, MAX_LABEL_BYTES),
        SecretName::TargetKey(of) | SecretName::TargetKeyPassphrase(of) => environment(of),
        SecretName::RepositoryToken | SecretName::RepositoryKey | SecretName::WebhookSecret => Ok(()),
    }
}

/// Checks a project's secret.
///
/// # Errors
/// `Invalid`, which names the secret and never tells its value.
pub fn secret(name: &SecretName, value: &Secret) -> StoreResult<()> {
    secret_name(name)?;
    let (what, value) = (format!("secret {name}"), value.expose());
    if value.is_empty() {
        return Err(StoreError::Invalid(format!("the {what} is empty")));
    }
    if value.contains('\0') {
        return Err(StoreError::Invalid(format!("the {what} has a NUL byte")));
    }
    // No header and no password can hold one, and it would be found out only when the repository is fetched.
    if *name == SecretName::RepositoryToken && value.contains(char::is_control) {
        let message = format!("the {what} has a control character: look for a newline at its end");
        return Err(StoreError::Invalid(message));
    }
    bytes(&what, value.len(), MAX_SECRET_BYTES)
}

/// Checks a delivery.
///
/// # Errors
/// `Invalid`.
pub fn delivery(new: &NewDelivery) -> StoreResult<()> {
    text("id of the delivery", &new.provider_id, MAX_LABEL_BYTES)?;
    text("event of the delivery", &new.event, MAX_LABEL_BYTES)?;
    new.push.as_ref().map_or(Ok(()), push)?;
    bytes("body of the delivery", new.body.len(), MAX_BODY_BYTES)
}

/// Checks a push.
///
/// # Errors
/// `Invalid`.
pub fn push(push: &Push) -> StoreResult<()> {
    text("branch", &push.branch, MAX_NAME_BYTES)?;
    text("commit", push.commit.as_str(), MAX_NAME_BYTES)
}

/// Checks what branches have.
///
/// # Errors
/// `Invalid`.
pub fn heads(heads: &[Push]) -> StoreResult<()> {
    if heads.len() > MAX_PAGE {
        return Err(StoreError::Invalid(format!("{} heads are too many at once, {MAX_PAGE} is the most", heads.len())));
    }
    heads.iter().try_for_each(push)
}

/// Checks a report.
///
/// # Errors
/// `Invalid`.
pub fn report(new: &NewReport) -> StoreResult<()> {
    text("commit", new.commit.as_str(), MAX_NAME_BYTES)
}

/// What was wrong, as it is kept: its beginning, in its lines, with nothing else in it that could lead a terminal astray.
pub fn detail(detail: &str) -> String {
    let mut kept = String::new();
    for c in detail.trim_end().chars() {
        let c = if c.is_control() && c != '\n' { ' ' } else { c };
        if kept.len() + c.len_utf8() > MAX_DETAIL_BYTES {
            break;
        }
        kept.push(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::BranchPattern;

    #[test]
    fn settings_keep_no_password_and_stay_in_the_repository() {
        let with = |edit: fn(&mut ProjectSettings)| {
            let mut changed = ProjectSettings::default();
            edit(&mut changed);
            settings(&changed)
        };
        for good in ["https://git.example/shop.git", "ssh://git@git.example:22/shop", "git@git.example:shop.git"] {
            let changed = ProjectSettings { repo_url: Some(good.to_owned()), ..ProjectSettings::default() };
            assert!(settings(&changed).is_ok(), "{good}");
        }
        let refused = with(|s| s.repo_url = Some("https://me:hunter2@git.example/shop".into())).unwrap_err();
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
        for wrong in [
            with(|s| s.repo_url = Some("a\0".into())),
            with(|s| s.default_branch = String::new()),
            with(|s| s.pipeline_file = "../pipeline.yml".into()),
            with(|s| s.pipeline_file = "/etc/passwd".into()),
            with(|s| s.branches = vec![BranchPattern("[a".into())]),
            with(|s| s.branches = vec![BranchPattern("a".into()); MAX_SETTINGS + 1]),
        ] {
            assert!(matches!(wrong, Err(StoreError::Invalid(_))), "{wrong:?}");
        }
    }

    #[test]
    fn details_are_cut_and_made_harmless() {
        let kept = detail(&format!("a\nb\u{1b}{}", "\u{e9}".repeat(MAX_DETAIL_BYTES)));
        assert!(kept.starts_with("a\nb ") && kept.len() <= MAX_DETAIL_BYTES && kept.len() > MAX_DETAIL_BYTES - 2);
        assert_eq!(detail("gone:\r\n  it was deleted\r\n"), "gone: \n  it was deleted");
    }
}
