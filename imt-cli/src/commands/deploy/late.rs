//! In the place of an engine that is not here, for deployments that need none: an earlier release is built already, and some
//! projects have nothing to build. Whoever does need one is told why it is not there.

use async_trait::async_trait;
use imt_core::deploy::command::RegistryLogin;
use imt_core::image::ImageReference;
use imt_core::ports::{ImageBuild, Notes, Publication, PublishError, PublishErrorKind, Publisher};

use crate::error::CliError;

/// Why there is nothing that could do it.
pub(super) struct NotHere {
    message: String,
    help: Option<String>,
    login: Option<RegistryLogin>,
}

impl NotHere {
    pub(super) fn because(error: &CliError, login: Option<RegistryLogin>) -> Self {
        Self { message: error.message.clone(), help: error.help.clone(), login }
    }
}

#[async_trait]
impl Publisher for NotHere {
    async fn publish(&self, _: &ImageBuild, _: &Notes) -> Result<Publication, PublishError> {
        let error = PublishError::new(PublishErrorKind::Engine, self.message.clone());
        Err(PublishError { help: self.help.clone(), ..error })
    }

    /// Those of the environment at most; others would be those of the docker command. The target has its images, as a rule.
    async fn logins(&self, images: &[ImageReference]) -> Result<Vec<RegistryLogin>, PublishError> {
        let login = self.login.iter().filter(|login| images.iter().any(|image| image.domain() == login.registry));
        Ok(login.cloned().collect())
    }
}
