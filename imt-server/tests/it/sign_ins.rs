//! Signing in at a provider: the way there and back, and who is not let onto it.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use imt_core::directory::Scopes;
use imt_core::ports::{Credentials as _, Users as _};
use imt_core::secret::Secret;
use imt_server::{ProviderSettings, Settings};
use serde_json::json;

use crate::common::{Answered, World, deed, now};
use crate::log::Log;
use crate::provider::{
    CLIENT_ID, CLIENT_SECRET, FakeProvider, Manner, ORIGIN, Place, SOON, browse, come_back, cookies, send, sent, users,
};

#[tokio::test]
async fn somebody_whom_the_provider_vouches_for_has_a_session() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let listed = world.call(&Method::GET, "/auth/providers", None, None).await.json();
    assert_eq!(listed, json!({"items": [{"name": "id", "login": "/auth/id/login"}]}));
    let sent = send(&world, "?return_to=/projects/shop%3Ftab=logs").await;
    assert!(sent.location.as_str().starts_with(&format!("{}/auth?theme=dark&", provider.issuer)), "{}", sent.location);
    let said = |name: &str| sent.query[name].as_str();
    assert_eq!((said("response_type"), said("client_id"), said("scope")), ("code", CLIENT_ID, "openid email profile"));
    assert_eq!(
        (said("redirect_uri"), said("code_challenge_method")),
        ("https://ci.example.org/auth/id/callback", "S256")
    );
    assert!(said("state").len() == 43 && said("nonce").len() == 43 && said("code_challenge").len() == 43);
    assert!(sent.cookie.starts_with("__Host-imt-sign-in="), "{}", sent.cookie);
    let code = provider.code(&sent, provider.sign(&provider.token(&sent, "ann")));
    let answered = come_back(&world, &sent, &code).await;
    let shown = String::from_utf8_lossy(&answered.body).into_owned();
    assert_eq!(
        (answered.status, &answered.headers["location"]),
        (StatusCode::SEE_OTHER, &"/projects/shop?tab=logs".parse().unwrap()),
        "{shown}"
    );
    assert_eq!(answered.headers["cache-control"], "no-store");
    let session = cookies(&answered).remove(0);
    let me = browse(&world, "/api/v1/me", &[&session]).await;
    assert_eq!(me.status, StatusCode::OK);
    let me = me.json();
    assert_eq!((&me["name"], &me["email"]), (&json!("Name of ann"), &json!("ann@example.org")));
    assert_eq!((&me["is_admin"], &me["is_single_user"]), (&json!(false), &json!(false)));
}

/// Known by issuer and subject, whatever else changes; and each sign-in has a session of its own, which ends the one before.
#[tokio::test]
async fn the_same_one_is_the_same_and_another_is_another() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let first = cookies(&provider.sign_in(&world, "ann", "").await).remove(0);
    let sent = send(&world, "").await;
    let mut token = provider.token(&sent, "ann");
    token.claims["email"] = json!("renamed@example.org");
    let code = provider.code(&sent, provider.sign(&token));
    let path = format!("/auth/id/callback?state={}&code={code}", sent.query["state"]);
    let second = browse(&world, &path, &[&sent.cookie, &first]).await;
    let second = cookies(&second).remove(0);
    assert_ne!(first, second);
    assert_eq!(browse(&world, "/api/v1/me", &[&first]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browse(&world, "/api/v1/me", &[&second]).await.json()["email"], "renamed@example.org");
    // With the address that ann had.
    let sent = send(&world, "").await;
    let mut token = provider.token(&sent, "bob");
    token.claims["email"] = json!("ann@example.org");
    let code = provider.code(&sent, provider.sign(&token));
    assert_eq!(come_back(&world, &sent, &code).await.status, StatusCode::SEE_OTHER);
    let subjects: Vec<String> = users(&world.store).await.into_iter().map(|user| user.identity.subject).collect();
    assert_eq!(subjects, ["ann", "bob"]);
}

#[tokio::test]
async fn a_way_back_leads_only_to_whoever_went() {
    let provider = FakeProvider::start().await;
    let mut settings = Settings::shared(ORIGIN.to_owned(), vec![provider.settings("id"), provider.settings("other")]);
    let world = World::with(settings.clone()).await;
    let (sent, stranger) = (send(&world, "").await, send(&world, "").await);
    let code = || provider.code(&sent, provider.sign(&provider.token(&sent, "ann")));
    let state = &sent.query["state"];
    let lost = async |world: &World, path: &str, cookies: &[&str], why: &str| {
        let answered = browse(world, path, cookies).await;
        assert_eq!(
            (answered.status, &answered.json()["code"]),
            (StatusCode::BAD_REQUEST, &json!("sign_in_lost")),
            "{why}"
        );
        assert!(!answered.headers.contains_key("set-cookie"), "{why}");
    };
    let cookie = sent.cookie.as_str();
    lost(&world, &format!("/auth/id/callback?code={}", code()), &[cookie], "no state").await;
    lost(&world, &format!("/auth/id/callback?code={}&state=invented", code()), &[cookie], "a wrong one").await;
    let other = &stranger.query["state"];
    // Whoever follows such a link would be signed in as whoever made it.
    let theirs = provider.code(&stranger, provider.sign(&provider.token(&stranger, "eve")));
    lost(&world, &format!("/auth/id/callback?code={theirs}&state={other}"), &[cookie], "another's").await;
    lost(&world, &format!("/auth/id/callback?code={}&state={state}", code()), &[], "no cookie").await;
    lost(&world, &format!("/auth/id/callback?code={}&state={state}", code()), &[cookie], "it was shown before").await;
    let sent = send(&world, "").await;
    let code = || provider.code(&sent, provider.sign(&provider.token(&sent, "ann")));
    let state = &sent.query["state"];
    let elsewhere = format!("/auth/other/callback?code={}&state={state}", code());
    lost(&world, &elsewhere, &[&sent.cookie], "at another provider").await;
    let sent = send(&world, "").await;
    let code = provider.code(&sent, provider.sign(&provider.token(&sent, "ann")));
    assert_eq!(come_back(&world, &sent, &code).await.status, StatusCode::SEE_OTHER);
    lost(&world, &format!("/auth/id/callback?code={code}&state={}", sent.query["state"]), &[&sent.cookie], "again")
        .await;
    // The same code with a new state: the provider knows it no longer.
    let sent = send(&world, "").await;
    lost(
        &world,
        &format!("/auth/id/callback?code={code}&state={}", sent.query["state"]),
        &[&sent.cookie],
        "a used code",
    )
    .await;
    let twice = format!("/auth/id/callback?code=a&code=b&state={}", sent.query["state"]);
    assert_eq!(browse(&world, &twice, &[&sent.cookie]).await.json()["code"], "malformed");
    // A code of another sign-in: its verifier is another.
    let (mine, theirs) = (send(&world, "").await, send(&world, "").await);
    let code = provider.code(&theirs, provider.sign(&provider.token(&theirs, "eve")));
    lost(&world, &format!("/auth/id/callback?code={code}&state={}", mine.query["state"]), &[&mine.cookie], "injected")
        .await;
    settings.sign_in_within = Duration::ZERO;
    let world = World::with(settings).await;
    let sent = send(&world, "").await;
    let code = provider.code(&sent, provider.sign(&provider.token(&sent, "ann")));
    lost(&world, &format!("/auth/id/callback?code={code}&state={}", sent.query["state"]), &[&sent.cookie], "too late")
        .await;
    assert!(users(&world.store).await.is_empty());
}

/// A browser that was closed comes back with all its pages, each of which signs in.
#[tokio::test]
async fn two_pages_of_one_browser_sign_in_side_by_side() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let first = send(&world, "").await;
    let second = browse(&world, "/auth/id/login", &[&first.cookie]).await;
    assert_eq!(cookies(&second), [first.cookie.as_str()], "it keeps what it has");
    let second = sent(&second);
    for sent in [&second, &first] {
        let code = provider.code(sent, provider.sign(&provider.token(sent, "ann")));
        let answered = come_back(&world, sent, &code).await;
        assert_eq!((answered.status, cookies(&answered).len()), (StatusCode::SEE_OTHER, 1));
    }
    for strange in ["x", &"x".repeat(44), &"\u{e9}".repeat(20)] {
        let answered = browse(&world, "/auth/id/login", &[&format!("__Host-imt-sign-in={strange}")]).await;
        assert!(!cookies(&answered)[0].ends_with(strange), "{strange}");
    }
}

#[tokio::test]
async fn nobody_is_sent_away_from_the_server_afterwards() {
    let world = FakeProvider::start().await.world().await;
    for hostile in ["//evil.test", "https://evil.test", "/%5Cevil.test", "/%09/evil.test", "javascript:alert(1)", ""] {
        let answered = browse(&world, &format!("/auth/id/login?return_to={hostile}"), &[]).await;
        assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY, "{hostile}");
        assert!(!answered.headers.contains_key("location"));
    }
}

#[tokio::test]
async fn what_the_provider_says_instead_is_told_on_in_our_words() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    for (error, words) in
        [("access_denied", "said no"), ("login_required", "ask you"), ("<script>", "does not say why")]
    {
        let sent = send(&world, "").await;
        let path = format!(
            "/auth/id/callback?state={}&error={}",
            sent.query["state"],
            error.replace('<', "%3C").replace('>', "%3E")
        );
        let answered = browse(&world, &path, &[&sent.cookie]).await;
        assert_eq!(answered.status, StatusCode::FORBIDDEN, "{error}");
        let detail = answered.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(words) && !detail.contains('<'), "{detail}");
    }
    let unasked = browse(&world, "/auth/id/callback?error=access_denied", &[]).await;
    assert_eq!(unasked.json()["code"], "sign_in_lost");
}

/// Which provider sent a browser back is looked at where it is said (RFC 9207), and missed where it should be.
#[tokio::test]
async fn another_issuer_does_not_send_anybody_back() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let back = async |world: &World, iss: &str| {
        let sent = send(world, "").await;
        let code = provider.code(&sent, provider.sign(&provider.token(&sent, "ann")));
        let path = format!("/auth/id/callback?state={}&code={code}{iss}", sent.query["state"]);
        browse(world, &path, &[&sent.cookie]).await.status
    };
    let own = format!("&iss={}", provider.issuer);
    assert_eq!(back(&world, &own).await, StatusCode::SEE_OTHER);
    assert_eq!(back(&world, "").await, StatusCode::SEE_OTHER);
    assert_eq!(back(&world, "&iss=https://evil.test").await, StatusCode::FORBIDDEN);
    provider.change(|script| script.names_itself = true);
    let strict = provider.world().await;
    assert_eq!(back(&strict, "").await, StatusCode::FORBIDDEN);
    assert_eq!(back(&strict, &own).await, StatusCode::SEE_OTHER);
}

const MANNERS: [Manner; 6] =
    [Manner::Garbage, Manner::Endless, Manner::Silent, Manner::Redirecting, Manner::Failing, Manner::SomebodyElse];

/// A world that waits for its provider no longer than it has to.
async fn impatient(provider: &FakeProvider, manner: Manner) -> World {
    let mut settings = Settings::shared(ORIGIN.to_owned(), vec![provider.settings("id")]);
    // What never ends is to be cut by its size, and not by its time.
    settings.answers_within = if manner == Manner::Endless { SOON * 10 } else { SOON };
    World::with(settings).await
}

fn is_named(answered: &Answered, what: &str) {
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE, "{what}");
    assert!(answered.headers.contains_key("retry-after"), "{what}");
    assert!(answered.json()["detail"].as_str().unwrap().contains("`id`"), "{what}: {}", answered.json());
}

/// A server starts without its provider; whoever wants to sign in is told, and can once it is back.
#[tokio::test]
async fn a_provider_that_does_not_say_what_it_is_is_named() {
    let provider = FakeProvider::start().await;
    for (place, manner) in
        [Place::Discovery, Place::Keys].into_iter().flat_map(|place| MANNERS.map(|manner| (place, manner)))
    {
        let world = impatient(&provider, manner).await;
        provider.change(|script| script.manner = Some((place, manner)));
        is_named(&browse(&world, "/auth/id/login", &[]).await, &format!("{manner:?} at {place:?}"));
        provider.change(|script| script.manner = None);
        let begin = std::time::Instant::now();
        let is_back = async || browse(&world, "/auth/id/login", &[]).await.status == StatusCode::SEE_OTHER;
        while !is_back().await {
            assert!(begin.elapsed() < Duration::from_secs(20), "{manner:?} at {place:?}: it is back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Nobody is signed in by what it should not have answered, and the next one is.
#[tokio::test]
async fn a_provider_that_does_not_say_who_somebody_is_is_named() {
    let provider = FakeProvider::start().await;
    provider.change(|script| script.user_info = json!({"sub": "ann"}));
    for (place, manner) in
        [Place::Token, Place::User].into_iter().flat_map(|place| MANNERS.map(|manner| (place, manner)))
    {
        let world = impatient(&provider, manner).await;
        let back = async || {
            let sent = send(&world, "").await;
            let mut token = provider.token(&sent, "ann");
            token.claims.as_object_mut().unwrap().remove("email");
            let code = provider.code(&sent, provider.sign(&token));
            come_back(&world, &sent, &code).await
        };
        provider.change(|script| script.manner = Some((place, manner)));
        is_named(&back().await, &format!("{manner:?} at {place:?}"));
        assert!(users(&world.store).await.is_empty());
        provider.change(|script| script.manner = None);
        assert_eq!(back().await.status, StatusCode::SEE_OTHER, "{manner:?} at {place:?}");
    }
}

/// Whoever wants to sign in can do nothing about it: the operator is told by the log, and neither is told the secret.
#[tokio::test]
async fn a_wrong_client_secret_is_the_operators_to_mend() {
    let provider = FakeProvider::start().await;
    let wrong = ProviderSettings { client_secret: Secret::new("wrong-secret-canary"), ..provider.settings("id") };
    let world = World::with(Settings::shared(ORIGIN.to_owned(), vec![wrong])).await;
    let log = Log::default();
    let _guard = log.listen();
    let answered = provider.sign_in(&world, "ann", "").await;
    is_named(&answered, "a wrong secret");
    let log = log.text();
    assert!(log.contains("look at client_id and client_secret"), "{log}");
    for told in [log, String::from_utf8(answered.body).unwrap()] {
        assert!(!told.contains("wrong-secret-canary") && !told.contains("code-canary"), "{told}");
    }
    assert!(users(&world.store).await.is_empty());
}

#[tokio::test]
async fn a_provider_that_is_gone_is_named_as_well() {
    let mut provider = FakeProvider::start().await;
    provider.issuer = "http://127.0.0.1:1".to_owned();
    let world = provider.world().await;
    assert_eq!(browse(&world, "/auth/id/login", &[]).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browse(&world, "/auth/nobody/login", &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browse(&world, "/auth/link?token=x", &[]).await.status, StatusCode::NOT_FOUND, "nobody is alone here");
}

/// Those of a project that was made while its server had one user, too.
#[tokio::test]
async fn a_server_for_many_opens_no_directory_of_its_machine() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let (_, token) = world.token(&world.owner, "all", Scopes::all(), None).await;
    let call = async |method: &Method, path: &str, body| world.call(method, path, Some(&token), Some(&body)).await;
    let started = call(&Method::POST, "/api/v1/projects/shop/pipelines", json!({"branch": "main"})).await;
    assert_eq!(started.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(started.json()["detail"].as_str().unwrap().contains("directory of the server's machine"));
    let made = call(&Method::POST, "/api/v1/projects", json!({"name": "another", "repo_url": "/srv/x"})).await;
    assert_eq!(made.status, StatusCode::UNPROCESSABLE_ENTITY);
    let inside = json!({"name": "another", "repo_url": "https://127.0.0.1/x"});
    assert_eq!(call(&Method::POST, "/api/v1/projects", inside).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let local = json!({"registry": "ghcr.io/acme"});
    let target = call(&Method::PUT, "/api/v1/projects/shop/targets/production", local).await;
    assert_eq!(target.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn only_whoever_has_a_verified_address_of_an_allowed_domain_comes_in() {
    let provider = FakeProvider::start().await;
    let mut few = provider.settings("id");
    few.allowed_email_domains = vec!["example.org".to_owned()];
    let world = World::with(Settings::shared(ORIGIN.to_owned(), vec![few])).await;
    let back = async |email: serde_json::Value, is_verified: serde_json::Value| {
        let sent = send(&world, "").await;
        let mut token = provider.token(&sent, "ann");
        token.claims["email"] = email;
        token.claims["email_verified"] = is_verified;
        let code = provider.code(&sent, provider.sign(&token));
        come_back(&world, &sent, &code).await.status
    };
    assert_eq!(back(json!("ann@evil.test"), json!(true)).await, StatusCode::FORBIDDEN);
    assert_eq!(back(json!("ann@example.org"), json!(false)).await, StatusCode::FORBIDDEN);
    assert_eq!(back(json!("ann@example.org"), json!(null)).await, StatusCode::FORBIDDEN);
    assert!(users(&world.store).await.is_empty());
    assert_eq!(back(json!("ann@example.org"), json!(true)).await, StatusCode::SEE_OTHER);
    // Also whoever was let in before.
    assert_eq!(back(json!("ann@evil.test"), json!(true)).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_is_disabled_stays_outside() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let session = cookies(&provider.sign_in(&world, "ann", "").await).remove(0);
    let ann = users(&world.store).await.remove(0);
    world.store.disable_user(ann.id, &deed()).await.unwrap();
    assert_eq!(browse(&world, "/api/v1/me", &[&session]).await.status, StatusCode::UNAUTHORIZED);
    let answered = provider.sign_in(&world, "ann", "").await;
    assert_eq!((answered.status, cookies(&answered).len()), (StatusCode::FORBIDDEN, 0));
    assert!(users(&world.store).await[0].disabled_at.is_some());
    assert!(world.store.sessions(ann.id, now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn neither_log_nor_answers_hold_what_lets_somebody_in() {
    let log = Log::default();
    let _guard = log.listen();
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let mut secrets = vec![CLIENT_SECRET.to_owned(), "code-canary".to_owned(), "access-canary".to_owned()];
    let mut bodies = Vec::new();
    for claim in ["", "nonce", "aud", "iss", "exp", "sub"] {
        let sent = send(&world, "").await;
        let mut token = provider.token(&sent, "ann");
        if !claim.is_empty() {
            token.claims[claim] = json!(format!("wrong-{}", sent.query["nonce"]));
        }
        let signed = provider.sign(&token);
        secrets.extend(signed.split('.').skip(1).map(str::to_owned));
        secrets.extend(["state", "nonce"].map(|name| sent.query[name].clone()));
        secrets.push(sent.cookie.split_once('=').unwrap().1.to_owned());
        let code = provider.code(&sent, signed);
        let answered = come_back(&world, &sent, &code).await;
        secrets.extend(cookies(&answered).iter().map(|cookie| cookie.split_once('=').unwrap().1.to_owned()));
        bodies.extend(answered.body);
        // A used code, and a refusal.
        let again = send(&world, "").await;
        bodies.extend(come_back(&world, &again, &code).await.body);
    }
    // The wrong issuer and audience that a token had are told to the log: that is how an operator finds them.
    let log = log.text();
    assert!(log.contains("what the provider of sign-ins says does not count"), "{log}");
    let log = log.replace("wrong-", "wrong ").lines().filter(|line| !line.contains("wrong ")).collect::<String>();
    let bodies = String::from_utf8(bodies).unwrap();
    for secret in secrets {
        assert!(!log.contains(&secret) && !bodies.contains(&secret), "{secret}");
    }
}
