//! Images for a platform that the target cannot run: told before anything is changed.

use std::collections::BTreeSet;

use super::act::Act;
use super::trouble::{Outcome, Trouble};
use crate::deploy::command::platforms;
use crate::deploy::platform::read_platforms;
use crate::deploy::release::Release;
use crate::status::DeploymentReason;

impl Act<'_> {
    /// Looks at the images that the target has fetched. Answers warnings: a service that asks for that very platform is believed,
    /// as some images are labelled wrongly.
    pub(super) async fn check_platforms(&self, release: &Release) -> Outcome<Vec<String>> {
        let references: BTreeSet<&str> = release.images.values().map(|image| image.reference.as_str()).collect();
        let words = "the target's images cannot be looked at";
        let said = self.run(&platforms(references), DeploymentReason::TargetUnfit, words).await?;
        let found = read_platforms(&said.text());
        let services = &self.material().await?.resolved.model.services;
        let (mut foreign, mut warnings) = (Vec::new(), Vec::new());
        for (name, image) in &release.images {
            let Some(platform) = found.images.get(&image.reference).filter(|platform| found.cannot_run(platform))
            else {
                continue;
            };
            let sentence = format!(
                "the image `{}` of `{name}` is for {platform}, and the target runs {}",
                image.reference, found.engine
            );
            let wanted = services.get(name).and_then(|service| service.platform.as_deref());
            let is_wanted =
                wanted.is_some_and(|wanted| wanted == platform || wanted.starts_with(&format!("{platform}/")));
            if is_wanted { &mut warnings } else { &mut foreign }.push(sentence);
        }
        if foreign.is_empty() {
            return Ok(warnings);
        }
        let detail = format!(
            "{}: build or choose one for {}, or give the target an emulator (qemu-user with binfmt); `platform` on the \
             service says that an image runs there all the same",
            foreign.join("; "),
            found.engine
        );
        Err(Trouble::failed(DeploymentReason::TargetUnfit, detail))
    }
}
