//! A shop as a project of a server, with a target over SSH: set over HTTP alone, as an owner does.

use std::fs;

use serde_json::{Value, json};
use ureq::http::Method;

use crate::deploying::Target;
use crate::server::Client;
use crate::services;
use crate::shop::Shop;
use crate::ssh::Server;

/// A project that can be deployed.
pub struct ServerShop {
    /// Its path.
    pub project: String,
    /// The private key that its target is reached with.
    pub key: String,
}

/// Makes the project, and says where its production is: at the OpenSSH server of these tests, recognised by a key that the server
/// was offered. `more` goes over what is said of the target.
///
/// # Panics
/// When any of it is refused.
pub fn made(client: &Client, shop: &Shop, target: &Target, more: &Value) -> ServerShop {
    let order = json!({"name": shop.name(), "repo_url": shop.path()});
    client.call(&Method::POST, "/api/v1/projects", Some(&order), 201);
    let project = format!("/api/v1/projects/{}", shop.name());
    let (socket, fingerprint) = (Server::OpenSsh.socket(), Server::OpenSsh.fingerprint().to_string());
    let host = json!({"host": socket.to_string()});
    let offered = client.call(&Method::POST, &format!("{project}/host-keys"), Some(&host), 200);
    let keys = offered["items"].as_array().expect("a list");
    assert!(keys.iter().any(|key| key["fingerprint"] == fingerprint.as_str()), "{offered}");
    let mut reached = json!({
        "host": socket.ip().to_string(), "port": socket.port(), "user": "root",
        "host_key": fingerprint, "registry": services::registry()
    });
    for (name, value) in more.as_object().expect("an object") {
        reached[name] = value.clone();
    }
    client.call(&Method::PUT, &format!("{project}/targets/production"), Some(&reached), 204);
    let key = fs::read_to_string(target.identity()).expect("the key");
    let secret = format!("{project}/secrets/target_key%2Fproduction");
    client.call(&Method::PUT, &secret, Some(&json!({"value": key})), 204);
    ServerShop { project, key }
}
