//! The first administrator: whoever signs in with the code that the server printed.

use axum::http::StatusCode;
use imt_core::directory::Admission;
use imt_core::ports::Users as _;
use imt_server::{Settings, local_user, new_set_up_link};
use serde_json::json;

use crate::common::{World, deed};
use crate::provider::{FakeProvider, ORIGIN, browse, come_back, cookies, send, users};

/// The query of the link that is printed.
async fn printed(world: &World) -> String {
    let link = new_set_up_link(&world.server).await.unwrap().expect("there is no administrator");
    let query = link.expose().strip_prefix("https://ci.example.org/auth/id/login").unwrap().to_owned();
    assert!(query.starts_with("?setup=") && query.len() == 7 + 43, "{query}");
    query
}

#[tokio::test]
async fn whoever_has_the_code_becomes_the_administrator_and_nobody_after() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    assert_eq!(provider.sign_in(&world, "early", "").await.status, StatusCode::SEE_OTHER);
    let (query, older) = (printed(&world).await, printed(&world).await);
    let (sent, late) = (send(&world, &query).await, send(&world, &older).await);
    let code = provider.code(&sent, provider.sign(&provider.token(&sent, "ann")));
    let answered = come_back(&world, &sent, &code).await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", String::from_utf8_lossy(&answered.body));
    let session = cookies(&answered).remove(0);
    assert_eq!(browse(&world, "/api/v1/me", &[&session]).await.json()["is_admin"], true);
    assert_eq!(browse(&world, "/api/v1/audit", &[&session]).await.status, StatusCode::OK);
    assert!(new_set_up_link(&world.server).await.unwrap().is_none());
    // Neither one that is on its way with another code, nor one who begins with the same.
    let code = provider.code(&late, provider.sign(&provider.token(&late, "eve")));
    assert_eq!(come_back(&world, &late, &code).await.json()["code"], "conflict");
    assert_eq!(browse(&world, &format!("/auth/id/login{query}"), &[]).await.json()["code"], "conflict");
    let all = users(&world.store).await;
    let admins: Vec<(&str, bool)> = all.iter().map(|user| (user.identity.subject.as_str(), user.is_admin)).collect();
    assert_eq!(admins, [("early", false), ("ann", true)]);
}

#[tokio::test]
async fn of_two_with_one_code_one_becomes_administrator() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let query = printed(&world).await;
    let mut ways = Vec::new();
    for name in ["ann", "bob", "eve", "joe"] {
        let sent = send(&world, &query).await;
        let code = provider.code(&sent, provider.sign(&provider.token(&sent, name)));
        ways.push((sent, code));
    }
    let back = ways.iter().map(|(sent, code)| come_back(&world, sent, code));
    let answers = futures_util::future::join_all(back).await;
    let let_in = answers.iter().filter(|answered| answered.status == StatusCode::SEE_OTHER).count();
    let admins = users(&world.store).await.into_iter().filter(|user| user.is_admin).count();
    assert_eq!((let_in, admins), (1, 1));
}

#[tokio::test]
async fn a_sign_in_that_fails_does_not_spend_the_code() {
    let provider = FakeProvider::start().await;
    let mut few = provider.settings("id");
    few.allowed_email_domains = vec!["example.org".to_owned()];
    let world = World::with(Settings::shared(ORIGIN.to_owned(), vec![few])).await;
    let query = printed(&world).await;
    assert_eq!(provider.sign_in(&world, "gone", "").await.status, StatusCode::SEE_OTHER);
    let gone = users(&world.store).await.remove(0);
    world.store.disable_user(gone.id, &deed()).await.unwrap();
    assert_eq!(provider.sign_in(&world, "gone", &query).await.status, StatusCode::FORBIDDEN, "disabled");
    for (claim, value) in [("email", json!("eve@evil.test")), ("nonce", json!("wrong"))] {
        let sent = send(&world, &query).await;
        let mut token = provider.token(&sent, "eve");
        token.claims[claim] = value;
        let code = provider.code(&sent, provider.sign(&token));
        assert_eq!(come_back(&world, &sent, &code).await.status, StatusCode::FORBIDDEN, "{claim}");
    }
    assert_eq!(provider.sign_in(&world, "eve", "?setup=invented").await.status, StatusCode::FORBIDDEN);
    assert_eq!(users(&world.store).await.len(), 1, "nobody was made by any of that");
    assert_eq!(provider.sign_in(&world, "ann", &query).await.status, StatusCode::SEE_OTHER);
    assert!(users(&world.store).await[1].is_admin);
}

/// Whoever was an ordinary user before, and a server that had one user before it had a provider.
#[tokio::test]
async fn it_makes_an_administrator_of_a_user_who_was_here_before() {
    let provider = FakeProvider::start().await;
    let world = provider.world().await;
    let (identity, profile) = local_user();
    world.store.sign_in(&identity, &profile, Admission::AsAdministrator, &deed()).await.unwrap();
    assert_eq!(provider.sign_in(&world, "ann", "").await.status, StatusCode::SEE_OTHER);
    let query = printed(&world).await;
    assert_eq!(provider.sign_in(&world, "ann", &query).await.status, StatusCode::SEE_OTHER);
    let all = users(&world.store).await;
    assert!(all.len() == 1 && all[0].is_admin, "{all:?}");
}
