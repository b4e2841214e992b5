//! The server: an API over the stores, sign-in, webhooks, live logs.
//!
//! [`app`] makes the routes out of a [`Server`], for an embedder to mount; [`serve`] answers connections within limits;
//! [`work_on_deliveries`] makes pipelines out of what the hosts of repositories tell. [`look_for_pushes`], [`report_pipelines`],
//! [`send_reports`] and [`forget`] are what a server does by itself, each until it ends. Decides nothing about pipelines and
//! deployments: that is `imt-core`'s, and runners, in this process or others, do the work.

mod access;
mod app;
mod deploying;
mod handout;
mod http;
mod live;
mod log_text;
mod metrics;
mod oidc;
mod outbound;
mod pages;
mod passing;
mod piece;
mod planning;
mod policy;
mod repositories;
mod restraint;
mod routes;
mod state;
mod upkeep;
mod webhook;
mod work;

pub use app::{app, document};
pub use deploying::ssh_options;
pub use handout::{HandoutError, local_user, new_link, new_set_up_link, new_token};
pub use http::{Limits, Network, Rate, Rates, serve};
pub use oidc::{ProviderFault, ProviderSettings};
pub use outbound::{Outbound, OutboundError, Reach};
pub use repositories::Repositories;
pub use state::{Server, SessionLimits, Settings, Stores};
pub use upkeep::{Upkeep, forget, look_for_pushes, report_pipelines, send_reports};
pub use work::work_on_deliveries;
