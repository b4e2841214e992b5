//! What `scripts/with-services` brings up: where it is. A missing service fails the test that needs it.

use std::env;

fn given(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run these tests as `scripts/with-services cargo test --package imt-e2e`")
    })
}

/// `host:port` of the registry. Everything in it belongs to the tests.
pub fn registry() -> String {
    given("IMT_TEST_REGISTRY")
}

/// An image with `sh` and the usual tools, in the registry.
pub fn image() -> String {
    given("IMT_TEST_IMAGE")
}

/// `postgres://…` of a database in which the tests may do as they like.
pub fn postgres() -> String {
    given("IMT_TEST_POSTGRES")
}

/// The issuer of the provider of sign-ins.
pub fn oidc() -> String {
    given("IMT_TEST_OIDC")
}

/// `127.0.0.1:PORT` of the OpenSSH server.
pub fn sshd() -> String {
    given("IMT_TEST_SSHD")
}

/// `127.0.0.1:PORT` of the Dropbear server.
pub fn dropbear() -> String {
    given("IMT_TEST_DROPBEAR")
}

/// The directory with what GitHub sends: for each kind of server `NAME/index.json`.
pub fn webhooks() -> String {
    given("IMT_TEST_WEBHOOKS")
}

/// The directory with the keys of both and for both.
pub fn ssh_dir() -> String {
    given("IMT_TEST_SSH_DIR")
}
