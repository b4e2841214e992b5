//! What a provider says, and whether it is believed: tokens as they should not be.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::common::{Answered, World, now};
use crate::log::Log;
use crate::provider::{CLIENT_ID, FakeProvider, Sent, Token, come_back, cookies, send, users};

async fn with(provider: &FakeProvider, world: &World, change: impl FnOnce(&mut Token, &Sent)) -> Answered {
    let sent = send(world, "").await;
    let mut token = provider.token(&sent, "ann");
    change(&mut token, &sent);
    let code = provider.code(&sent, provider.sign(&token));
    come_back(world, &sent, &code).await
}

fn in_seconds(seconds: i64) -> Value {
    let now = i64::try_from(now().as_micros() / 1_000_000).unwrap();
    Value::from(now + seconds)
}

/// One change to a token each, and what the log says of it.
#[tokio::test]
async fn a_token_that_is_not_as_it_should_be_lets_nobody_in() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let log = Log::default();
    let _guard = log.listen();
    let claims = [
        ("nonce", json!("another"), "nonce mismatch"),
        ("nonce", json!(null), "missing nonce"),
        ("aud", json!("somebody-else"), "Invalid audiences"),
        ("aud", json!([]), "Invalid audiences"),
        ("aud", json!(["somebody-else", "others"]), "Invalid audiences"),
        ("aud", json!([CLIENT_ID, "somebody-else"]), "made for somebody else"),
        ("azp", json!("somebody-else"), "made for somebody else"),
        ("iss", json!("https://evil.test"), "Invalid issuer"),
        ("iss", json!(format!("{}/", provider.issuer)), "Invalid issuer"),
        ("iss", json!(null), "no token"),
        ("exp", in_seconds(-90), "Expired"),
        ("exp", json!(null), "no token"),
        ("iat", in_seconds(90), "issued in the future"),
        ("sub", json!(""), "it is of nobody"),
        ("sub", json!(null), "no token"),
    ];
    let headers = [
        ("alg", json!("none"), "its signature: No signature"),
        ("alg", json!("HS256"), "its signature: Disallowed"),
        ("alg", json!("HS256/public"), "its signature: Disallowed"),
        ("alg", json!("RS512"), "its signature: Crypto error"),
        ("alg", json!("ES256"), "none of the provider's keys"),
        ("alg", json!("EdDSA"), "none of the provider's keys"),
        ("alg", json!("nonsense"), "no token"),
        ("kid", json!("unknown"), "none of the provider's keys"),
        ("crit", json!(["x"]), "critical"),
        ("cty", json!("JWT"), "nested"),
        ("typ", json!("at+jwt"), "unsupported JWT type"),
    ];
    for (name, value, why) in claims {
        let answered = with(&provider, &world, |token, _| token.claims[name] = value.clone()).await;
        refused_for(&answered, why, &log, &format!("{name}: {value}"));
    }
    for (name, value, why) in headers {
        let answered = with(&provider, &world, |token, _| token.header[name] = value.clone()).await;
        refused_for(&answered, why, &log, &format!("{name}: {value}"));
    }
    assert!(users(&world.store).await.is_empty(), "nobody was made");
}

fn refused_for(answered: &Answered, why: &str, log: &Log, what: &str) {
    refused(answered, what);
    let log = log.text();
    let said: Vec<&str> = log.lines().filter(|line| line.contains("the provider of sign-ins")).collect();
    assert!(said.iter().any(|line| line.contains(why)), "{what} is refused for what is wrong with it: {said:?}");
}

fn refused(answered: &Answered, what: &str) {
    let body = String::from_utf8_lossy(&answered.body);
    let is_refused = [StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE].contains(&answered.status);
    assert!(is_refused && cookies(answered).is_empty(), "{what}: {} {body}", answered.status);
}

#[tokio::test]
async fn a_token_that_was_touched_counts_no_longer() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    for part in [0, 1, 2] {
        let sent = send(&world, "").await;
        let token = provider.sign(&provider.token(&sent, "ann"));
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        match part {
            // Another token's claims under this one's signature.
            1 => {
                let other = provider.sign(&provider.token(&sent, "bob"));
                parts[1] = other.split('.').nth(1).unwrap().to_owned();
            }
            2 => {
                let flipped = if parts[2].as_bytes()[20] == b'A' { "B" } else { "A" };
                parts[2].replace_range(20..21, flipped);
            }
            _ => parts[2].clear(),
        }
        let code = provider.code(&sent, parts.join("."));
        refused(&come_back(&world, &sent, &code).await, &format!("part {part}"));
    }
    for nonsense in ["", "x", "a.b.c", "....", "e30.e30."] {
        let sent = send(&world, "").await;
        let code = provider.code(&sent, nonsense.to_owned());
        refused(&come_back(&world, &sent, &code).await, nonsense);
    }
}

#[tokio::test]
async fn what_is_only_unusual_is_taken() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let us = CLIENT_ID;
    provider.change(|script| script.user_info = json!({"sub": "ann", "email": null, "email_verified": null}));
    for changes in [
        json!({"aud": [us]}),
        json!({"azp": us}),
        json!({"aud": [us, "others"], "azp": us}),
        json!({"exp": in_seconds(-30)}),
        json!({"iat": in_seconds(30)}),
        json!({"email": null, "name": null, "picture": "http://169.254.169.254/"}),
        json!({"name": "x\u{1b}[31m\u{202e}".repeat(90)}),
    ] {
        let answered = with(&provider, &world, |token, _| {
            for (name, value) in changes.as_object().unwrap() {
                token.claims[name] = value.clone();
            }
        })
        .await;
        assert_eq!(answered.status, StatusCode::SEE_OTHER, "{changes}: {}", String::from_utf8_lossy(&answered.body));
    }
    let users = users(&world.store).await;
    let name = users[0].profile.name.as_deref().unwrap();
    assert!(users.len() == 1 && name.len() == 100 && !name.contains(['\u{1b}', '\u{202e}']), "{users:?}");
}

/// A token with a key that nobody knows makes the provider be asked, but not by everybody who likes to.
#[tokio::test]
async fn a_new_key_is_fetched_and_an_invented_one_not_again_and_again() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    assert_eq!(provider.sign_in(&world, "ann", "").await.status, StatusCode::SEE_OTHER);
    provider.change(|script| script.key_id = "second".to_owned());
    assert_eq!(provider.sign_in(&world, "ann", "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(provider.change(|script| script.keys_fetched), 2);
    for _ in 0..3 {
        let answered = with(&provider, &world, |token, _| token.header["kid"] = json!("invented")).await;
        refused(&answered, "an invented key");
    }
    assert_eq!(provider.change(|script| script.keys_fetched), 2, "it was asked a moment ago");
    assert_eq!(provider.sign_in(&world, "ann", "").await.status, StatusCode::SEE_OTHER);
}

/// Where the token has no address, the provider is asked for it, and believed if it speaks of the same one.
#[tokio::test]
async fn what_the_token_leaves_out_is_asked_for() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let without = |token: &mut Token, _: &Sent| {
        token.claims.as_object_mut().unwrap().remove("email");
    };
    let more = json!({"sub": "ann", "email": "ann@example.org", "email_verified": true});
    provider.change(|script| script.user_info = more);
    assert_eq!(with(&provider, &world, without).await.status, StatusCode::SEE_OTHER);
    let email = users(&world.store).await[0].profile.email.clone().unwrap();
    assert_eq!((email.address.as_str(), email.is_verified), ("ann@example.org", true));
    for nonsense in [json!({"sub": "bob", "email": "root@example.org", "email_verified": true}), json!({}), json!(7)] {
        provider.change(|script| script.user_info = nonsense.clone());
        refused(&with(&provider, &world, without).await, &nonsense.to_string());
    }
}
