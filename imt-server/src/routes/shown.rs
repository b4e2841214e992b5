//! What several kinds of routes show alike.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use imt_core::directory::User;
use serde::{Deserialize, Serialize};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa::{IntoResponses, ToSchema};
use uuid::Uuid;

/// The answers that every route may give instead of its own: problem details.
pub(crate) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let refusals = [
            ("400", "The request cannot be understood"),
            ("401", "Nobody is signed in, or no longer"),
            ("403", "This may not be done"),
            ("404", "There is no such thing, or it is none of the caller's business"),
            ("405", "The method is none of this path"),
            ("409", "What is there stands against it"),
            ("412", "Somebody else has changed it meanwhile"),
            ("413", "The body is too large"),
            ("415", "The body is no JSON"),
            ("422", "The request asks for what cannot be"),
            ("429", "Too much was asked from this address: `Retry-After` says when to try again"),
            ("503", "Something that is needed does not answer just now"),
        ];
        let content = || ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response =
            |words: &str| ResponseBuilder::new().description(words).content("application/problem+json", content());
        refusals.into_iter().map(|(status, words)| (status.to_owned(), response(words).build().into())).collect()
    }
}

/// What a path names by its name.
#[derive(Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

/// What a path names by its number within the project.
#[derive(Deserialize)]
pub(crate) struct Numbered {
    pub(crate) number: NonZeroU64,
}

/// A user, as others see him.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    /// The id.
    id: Uuid,
    /// What to call this one.
    name: String,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Whether this one may not do anything any more.
    is_disabled: bool,
}

/// A user, as others see him.
pub(crate) fn named(user: &User) -> Person {
    Person {
        id: user.id.as_uuid(),
        name: user.label().to_owned(),
        email: user.profile.email.as_ref().map(|email| email.address.clone()),
        is_disabled: user.disabled_at.is_some(),
    }
}
