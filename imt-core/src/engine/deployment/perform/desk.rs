//! What the steps of one deployment have in common: what was asked for, the ports, and what this process knows already.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::time::Instant;

use tokio::sync::{Mutex, OnceCell};

use super::material::Material;
use super::site::{Installed, Recorded, Site};
use crate::compose::Model;
use crate::deploy::command::Probe;
use crate::deploy::machine::Ticket;
use crate::deploy::release::Release;
use crate::deploy::settings::DeploymentSettings;
use crate::id::ReleaseId;
use crate::ports::{Composer, Publisher, Source, Target, Transport};

/// The ports that the steps of a deployment go through.
#[derive(Clone)]
pub struct Tools {
    /// Where commits come from.
    pub source: Arc<dyn Source>,
    /// What understands compose files.
    pub composer: Arc<dyn Composer>,
    /// What builds and pushes images.
    pub publisher: Arc<dyn Publisher>,
    /// What reaches the target.
    pub transport: Arc<dyn Transport>,
    /// A directory of ours, on the machine that deploys, for checkouts. Made where it is missing.
    pub scratch: PathBuf,
}

/// The digests of the images that were built, by builder; without a registry there are none.
pub(super) type Published = BTreeMap<String, String>;

/// What this process knows of the target already. Everything in it can be found out again.
#[derive(Default)]
pub(super) struct Known {
    /// What the target has, and when it was asked.
    pub(super) probe: Mutex<Option<(Instant, Probe)>>,
    pub(super) staged: Mutex<BTreeMap<&'static str, (Ticket, Arc<Release>)>>,
    /// The releases that were recorded when the target was locked. Nobody else records any meanwhile.
    pub(super) recorded: Mutex<Option<Vec<Recorded>>>,
    /// What the target's compose made of a staged release, which is what it makes of it in its place: paths are as the files have them.
    pub(super) merged: Mutex<Option<(ReleaseId, Model)>>,
    pub(super) installed: Mutex<Option<(ReleaseId, Arc<Installed>)>>,
}

/// What all steps of one deployment find.
pub(super) struct Desk {
    pub(super) settings: DeploymentSettings,
    pub(super) tools: Tools,
    pub(super) site: Site,
    pub(super) material: OnceCell<Material>,
    pub(super) published: OnceCell<Published>,
    pub(super) known: Known,
}

impl Desk {
    pub(super) fn new(target: &Target, settings: DeploymentSettings, tools: Tools) -> Self {
        let site = Site::new(Arc::clone(&tools.transport), target.project.clone(), &target.environment);
        let (material, published) = (OnceCell::new(), OnceCell::new());
        Self { settings, tools, site, material, published, known: Known::default() }
    }
}
