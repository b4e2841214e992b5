//! All that a deployment is made of, as it was asked for: enough for any process with the same store to drive it on.
//!
//! The machine needs none of it; whoever does the steps does. What a target is reached by is remembered for the next
//! deployment of the same project and environment. Knows no host and no file: names and texts only.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::command::{ConflictPolicy, Hook};
use crate::pipeline::DeploymentDefinition;
use crate::secret::Secret;
use crate::time::millis;

/// How many good releases a target keeps where nobody says it.
pub const KEPT_RELEASES: NonZeroUsize = NonZeroUsize::new(5).expect("five is more than none");

/// A deployment as it was asked for. Holds secrets: stores keep it sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentSettings {
    /// Where the commit comes from: a URL or an absolute path. Empty for a rollback by hand, which needs none.
    pub repository: String,
    /// How the target is reached, and what is the same for every deployment to it.
    pub target: TargetSettings,
    /// Files that come beside the commit, by path in the project's directory, in the order given. Those that no service names hold
    /// variables and become the target's `.env` together, later ones winning.
    pub supplied: Vec<SuppliedFile>,
    /// Commands that run once before `up`, in containers of the new images.
    pub hooks_before: Vec<Hook>,
    /// Commands that run once after success.
    pub hooks_after: Vec<Hook>,
}

/// What is the same for every deployment to a target, and remembered for it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSettings {
    /// How it is reached.
    pub reach: Reach,
    /// Where images are pushed to, and fetched from: `ghcr.io/acme`. Without one they are built on the engine that runs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// The compose files in order, relative to the repository; the usual one where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compose_files: Vec<String>,
    /// The profiles that are on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// What happens to strangers that hold a name of ours.
    #[serde(default)]
    pub conflicts: ConflictPolicy,
    /// How long a service without health check has to run without a restart.
    #[serde(with = "millis")]
    pub stable_for: Duration,
    /// How long to wait for health at most.
    #[serde(with = "millis")]
    pub wait_timeout: Duration,
    /// How many good releases the target keeps.
    pub keep: NonZeroUsize,
}

/// How a target is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reach {
    /// It is the machine that deploys.
    Local,
    /// By SSH.
    Ssh {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
        /// User; the one who deploys if none is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// File with the private key; the agent's keys if none is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        identity: Option<String>,
        /// The fingerprint that is pinned (`SHA256:…`); the user's `known_hosts` decides if none is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host_key: Option<String>,
        /// A host on the way, `[user@]host[:port]`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        jump: Option<String>,
    },
}

/// A file that comes beside the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppliedFile {
    /// Where it lies in the project's directory.
    pub path: String,
    /// What is in it.
    pub content: Secret,
}

impl TargetSettings {
    /// What is usual, for a target that is reached in this way.
    pub fn new(reach: Reach) -> Self {
        Self {
            reach,
            registry: None,
            compose_files: Vec::new(),
            profiles: Vec::new(),
            conflicts: ConflictPolicy::default(),
            stable_for: Duration::from_secs(10),
            wait_timeout: Duration::from_mins(2),
            keep: KEPT_RELEASES,
        }
    }

    fn overlaid(self, said: &DeploymentDefinition) -> Self {
        let or = |said: &[String], before| if said.is_empty() { before } else { said.to_vec() };
        Self {
            reach: self.reach,
            registry: said.registry.clone().or(self.registry),
            compose_files: or(&said.compose_files, self.compose_files),
            profiles: or(&said.profiles, self.profiles),
            conflicts: said.conflicts.unwrap_or(self.conflicts),
            stable_for: said.stable_for.unwrap_or(self.stable_for),
            wait_timeout: said.wait_timeout.unwrap_or(self.wait_timeout),
            keep: said.keep.unwrap_or(self.keep),
        }
    }
}

/// Settings that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the settings of the deployment cannot be read: {0}")]
pub struct SettingsError(#[from] serde_json::Error);

/// The stored form; the only one in which secrets are texts.
#[derive(Serialize, Deserialize)]
struct Raw {
    repository: String,
    target: TargetSettings,
    #[serde(default)]
    supplied: Vec<(String, String)>,
    #[serde(default)]
    hooks_before: Vec<Hook>,
    #[serde(default)]
    hooks_after: Vec<Hook>,
}

impl DeploymentSettings {
    /// A deployment of what a repository has, with nothing beside it.
    pub const fn new(repository: String, target: TargetSettings) -> Self {
        Self { repository, target, supplied: Vec::new(), hooks_before: Vec::new(), hooks_after: Vec::new() }
    }

    /// What a pipeline file asks for, on a target that is remembered: what the file leaves out stays as it was remembered.
    pub fn of_file(said: &DeploymentDefinition, repository: String, remembered: TargetSettings) -> Self {
        let hooks = said.hooks.clone();
        Self {
            hooks_before: hooks.before,
            hooks_after: hooks.after,
            ..Self::new(repository, remembered.overlaid(said))
        }
    }

    /// The stored form, a JSON text. It holds every secret of the settings.
    pub fn to_json(&self) -> Secret {
        let supplied = self.supplied.iter().map(|file| (file.path.clone(), file.content.expose().to_owned()));
        let raw = Raw {
            repository: self.repository.clone(),
            target: self.target.clone(),
            supplied: supplied.collect(),
            hooks_before: self.hooks_before.clone(),
            hooks_after: self.hooks_after.clone(),
        };
        Secret::new(serde_json::to_string(&raw).expect("settings have neither maps with odd keys nor foreign values"))
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When it is damaged, or a later version wrote something that is not known here.
    pub fn read(json: &Secret) -> Result<Self, SettingsError> {
        let raw: Raw = serde_json::from_str(json.expose())?;
        let file = |(path, content): (String, String)| SuppliedFile { path, content: Secret::new(content) };
        Ok(Self {
            repository: raw.repository,
            target: raw.target,
            supplied: raw.supplied.into_iter().map(file).collect(),
            hooks_before: raw.hooks_before,
            hooks_after: raw.hooks_after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(file: &str) -> DeploymentDefinition {
        let read = crate::pipeline::read(file.as_bytes(), "pipeline.yml");
        assert!(!read.has_errors(), "{:?}", read.diagnostics);
        read.spec.unwrap().deployments.remove(0)
    }

    #[test]
    fn a_file_goes_over_what_is_remembered() {
        let remembered = TargetSettings {
            registry: Some("r.example.org".to_owned()),
            profiles: vec!["web".to_owned()],
            compose_files: vec!["compose.yml".to_owned()],
            conflicts: ConflictPolicy::Refuse,
            stable_for: Duration::from_secs(1),
            wait_timeout: Duration::from_secs(2),
            keep: NonZeroUsize::MIN,
            ..TargetSettings::new(Reach::Local)
        };
        let nothing = said("deploy: { environment: production }");
        let settings = DeploymentSettings::of_file(&nothing, "/srv/app.git".to_owned(), remembered.clone());
        assert_eq!(settings, DeploymentSettings::new("/srv/app.git".to_owned(), remembered.clone()));
        let all = said(
            "deploy: { environment: production, registry: ghcr.io/acme, profiles: [a, b], compose: prod.yml, \
             on_conflict: replace, stable_for: 3s, wait_timeout: 4s, keep: 7, \
             hooks: { before: { service: web, command: [./migrate] }, after: { service: web, command: ./smoke } } }",
        );
        let settings = DeploymentSettings::of_file(&all, String::new(), remembered);
        let hook = |argv: &[&str]| Hook {
            service: "web".to_owned(),
            argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        };
        assert_eq!(settings.hooks_before, [hook(&["./migrate"])]);
        assert_eq!(settings.hooks_after, [hook(&["sh", "-c", "./smoke"])]);
        let expected = TargetSettings {
            registry: Some("ghcr.io/acme".to_owned()),
            profiles: vec!["a".to_owned(), "b".to_owned()],
            compose_files: vec!["prod.yml".to_owned()],
            conflicts: ConflictPolicy::Replace,
            stable_for: Duration::from_secs(3),
            wait_timeout: Duration::from_secs(4),
            keep: NonZeroUsize::new(7).unwrap(),
            reach: Reach::Local,
        };
        assert_eq!(settings.target, expected);
    }

    #[test]
    fn settings_come_back_as_they_were() {
        let reach = Reach::Ssh {
            host: "example.org".to_owned(),
            port: 22,
            user: Some("ann".to_owned()),
            identity: None,
            host_key: Some("SHA256:abc".to_owned()),
            jump: None,
        };
        let hook = Hook { service: "web".to_owned(), argv: vec!["./migrate".to_owned()] };
        let settings = DeploymentSettings {
            repository: "/srv/app.git".to_owned(),
            target: TargetSettings { registry: Some("r.example.org/acme".to_owned()), ..TargetSettings::new(reach) },
            supplied: vec![SuppliedFile { path: "prod.env".to_owned(), content: Secret::new("A=s3cret\n") }],
            hooks_before: vec![hook],
            hooks_after: Vec::new(),
        };
        assert_eq!(DeploymentSettings::read(&settings.to_json()).unwrap(), settings);
        assert!(!format!("{settings:?}").contains("s3cret"));
        assert!(DeploymentSettings::read(&Secret::new("{\"repository\":1}")).is_err());
    }
}
