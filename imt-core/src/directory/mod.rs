//! The people and machines of a server, their projects, and what is heard from the outside: words and pure rules.
//!
//! Only a server needs these, so they are behind the feature `server`. Knows nothing of HTTP, of an identity provider or of
//! where any of it is kept (that is the port [`Directory`](crate::ports::Directory)), reads no clock and draws no lot: what is
//! random is given as its hash.

mod audit;
mod credential;
mod delivery;
mod look;
mod page;
mod project;
mod report;
mod repository;
mod role;
mod secret_name;
mod user;

pub use audit::{Action, Actor, AuditEntry, Deed, Via};
pub use credential::{
    ApiToken, CodeKind, NewCode, NewSession, NewToken, SEEN_EVERY, SecretHash, Session, SessionTimes, SignedIn,
    TokenHolder,
};
pub use delivery::{
    Delivery, DeliveryClaim, DeliveryOutcome, DeliverySource, DeliveryState, Found, NewDelivery, OUT_OF_ORDER, Push,
    Received, Settlement, SkipReason, TakenDelivery,
};
pub use look::{DueLook, LookEnd, LookRecord};
pub use page::{MAX_PAGE, Page, Position};
pub use project::{
    CommitStatuses, Existing, Member, NewProject, ProjectAccess, ProjectKey, ProjectRecord, ProjectSettings,
    ProjectState,
};
pub use report::{NewReport, Report, ReportClaim, ReportRecord, ReportSettlement, ReportState, TakenReport};
pub use repository::RepositoryKey;
pub use role::{Role, Scope, Scopes};
pub use secret_name::{ListedSecret, SecretName, SecretNameError};
pub use user::{Admission, Email, Identity, Profile, SignIn, User};
