//! What the runner in this process deploys with: the keys and passwords of the project, from the directory.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use imt_core::compose::Registry;
use imt_core::deploy::command::RegistryLogin;
use imt_core::deploy::machine::Fault;
use imt_core::deploy::settings::{DeploymentSettings, Reach};
use imt_core::directory::{ProjectKey, ProjectRecord, SecretName};
use imt_core::engine::{Equipment, Performer, Steps, Tools};
use imt_core::ports::{
    Composer, Directory, Source, Target, Transport, TransportError, TransportErrorKind, TransportResult,
};
use imt_core::secret::Secret;
use imt_core::status::DeploymentReason;
use imt_exec_docker::DockerPublisher;
use imt_exec_docker::compose::{Compose, TargetCompose};
use imt_exec_local::LocalTransport;
use imt_server::ssh_options;
use imt_ssh::{Identity, SshTransport};

/// What the runner deploys with.
pub(super) struct ProjectsEquipment {
    pub(super) directory: Arc<dyn Directory>,
    pub(super) source: Arc<dyn Source>,
    pub(super) scratch: PathBuf,
    /// Where deployments to this machine lie; absent: it is the target of nobody.
    pub(super) home: Option<PathBuf>,
}

impl ProjectsEquipment {
    fn reached_with(&self, reach: &Reach, identities: Vec<Identity>) -> TransportResult<Arc<dyn Transport>> {
        let Some(mut options) = ssh_options(reach)? else {
            let words = "the target is the server's machine, which only its one user may deploy to";
            let nobodys = || TransportError::new(TransportErrorKind::Invalid, words);
            return Ok(Arc::new(LocalTransport::new(self.home.clone().ok_or_else(nobodys)?)));
        };
        options.identities = identities;
        Ok(Arc::new(SshTransport::new(options)))
    }

    async fn secret(&self, project: &ProjectRecord, name: SecretName) -> Result<Option<Secret>, Fault> {
        self.directory.secret(project.id, &name).await.map_err(|error| {
            let detail = format!("the secret {name} of {} cannot be read: {error}", project.name);
            Fault::new(DeploymentReason::TargetUnfit, detail)
        })
    }

    async fn identities(&self, project: &ProjectRecord, environment: &str) -> Result<Vec<Identity>, Fault> {
        let text = self.secret(project, SecretName::TargetKey(environment.to_owned())).await?;
        let Some(text) = text else {
            let detail = format!("there is no key for the target of {}/{environment}: set its secret", project.name);
            return Err(Fault::new(DeploymentReason::TargetUnfit, detail));
        };
        let passphrase = self.secret(project, SecretName::TargetKeyPassphrase(environment.to_owned())).await?;
        Ok(vec![Identity::Key { text, passphrase }])
    }

    /// What is shown to the registry: kept as `USER:PASSWORD`.
    async fn login(&self, project: &ProjectRecord, registry: Option<&str>) -> Result<Option<RegistryLogin>, Fault> {
        let Some(registry) = registry else { return Ok(None) };
        let unfit = |detail: String| Fault::new(DeploymentReason::TargetUnfit, detail);
        let registry: Registry = registry.parse().map_err(|error| unfit(format!("the registry: {error}")))?;
        let name = SecretName::RegistryPassword(registry.domain().to_owned());
        let Some(secret) = self.secret(project, name).await? else { return Ok(None) };
        let (user, password) = secret.expose().split_once(':').ok_or_else(|| {
            unfit(format!("the secret for the registry {} is to be USER:PASSWORD", registry.domain()))
        })?;
        Ok(Some(RegistryLogin::password(registry.domain(), user, Secret::new(password))))
    }
}

#[async_trait]
impl Equipment for ProjectsEquipment {
    fn transport(&self, reach: &Reach) -> TransportResult<Arc<dyn Transport>> {
        self.reached_with(reach, Vec::new())
    }

    async fn steps(&self, target: &Target, settings: DeploymentSettings) -> Result<Arc<dyn Steps>, Fault> {
        let unfit = |detail: String| Fault::new(DeploymentReason::TargetUnfit, detail);
        let project = self.directory.project(&ProjectKey::Name(target.project.clone())).await;
        let project = project.map_err(|error| unfit(format!("the project {}: {error}", target.project)))?;
        let identities = match settings.target.reach {
            Reach::Local => Vec::new(),
            Reach::Ssh { .. } => self.identities(&project, &target.environment).await?,
        };
        let transport =
            self.reached_with(&settings.target.reach, identities).map_err(|error| unfit(error.explain()))?;
        let login = self.login(&project, settings.target.registry.as_deref()).await?;
        let compose = Compose::find().await;
        let composer: Arc<dyn Composer> = match &compose {
            Ok(compose) => Arc::new(compose.clone()),
            Err(_) => Arc::new(TargetCompose::new(Arc::clone(&transport))),
        };
        let publisher = DockerPublisher::with_compose(compose).await.map_err(|error| unfit(error.explain()))?;
        let hidden: Vec<Secret> = login.iter().map(|login| login.secret().clone()).collect();
        let publisher = if let Some(login) = login { publisher.with_login(login) } else { publisher };
        let tools = Tools {
            source: Arc::clone(&self.source),
            composer,
            publisher: Arc::new(publisher),
            transport,
            scratch: self.scratch.clone(),
        };
        let performer = Performer::new(target, settings, tools);
        performer.hide(hidden);
        Ok(Arc::new(performer))
    }
}
