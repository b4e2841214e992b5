//! Sign-in by OpenID Connect: who somebody is, is said by a provider that an operator has named.
//!
//! [`Provider`] talks to one; [`token`] decides whether what it says of somebody is true and for us; [`Attempt`] is what is kept of a
//! browser that is on its way there; [`return_path`] where it may go afterwards; [`admission`] what becomes of whoever comes back.
//! Knows no route.

pub(crate) mod admission;
mod attempt;
mod discovery;
mod provider;
mod return_path;
mod settings;
mod token;

pub(crate) use attempt::Attempt;
pub(crate) use provider::{Provider, SignInError};
pub(crate) use return_path::return_path;
pub use settings::{ProviderFault, ProviderSettings};
pub(crate) use token::Claims;
