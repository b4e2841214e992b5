//! Whether what was deployed is healthy: a verdict as a pure fold over observations.
//!
//! What `docker inspect` says of each container of a project ([`read_observed`]) is an observation; the listings of compose have no
//! restart count, and hide health and exit code in some states. [`Watch`] folds observations into a [`Verdict`]: a single sample never
//! decides that all is well, and a connection that is gone never decides that something is ill. Knows neither how observations
//! are made nor what follows from a verdict.

mod container;
mod expected;
mod failure;
mod judge;
mod reading;
mod standing;
mod watch;

pub use container::{Container, ContainerStatus, Health, HealthCheck, HealthStatus, RestartKind, RestartPolicy};
pub use expected::{Baseline, ExpectedService, LONGEST_HEALTH_BUDGET, Parameters, Seen, ServiceOrigin, endless_jobs};
pub use failure::{Evidence, FailureCause, LAST_LOG_LINES, ServiceFailure, ServiceWarning, WarningCause};
pub use reading::{ReadError, read_containers, read_observed};
pub use standing::{OutOf, Outlook, ServiceStanding, ServiceState};
pub use watch::{Observation, Verdict, Watch};

#[cfg(test)]
mod tests;
