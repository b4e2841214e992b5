//! The badge: seen by everybody where a project says so, and nowhere else.

use axum::http::{Method, StatusCode};
use imt_core::directory::ProjectSettings;
use imt_core::id::PipelineId;
use imt_core::pipeline::read;
use imt_core::plan::{Trigger, build};
use imt_core::ports::{NewPipeline, Projects as _, Store as _};
use imt_core::schedule::CancelLevel;
use imt_core::status::Reason;

use crate::common::{World, deed, now};

#[tokio::test]
async fn it_is_there_only_where_everybody_may_see_it() {
    let world = World::new().await;
    let spec = read(b"jobs: { a: { script: x } }", "pipeline.yml").spec.unwrap();
    let trigger = Trigger { branch: Some("main".to_owned()), ..Trigger::manual() };
    let plan = build(&spec, &world.project.name, trigger).unwrap();
    let new = NewPipeline { id: PipelineId::generate(), plan, at: now(), idempotency_key: None };
    let id = world.store.enqueue(new, None).await.unwrap().id;
    world.store.request_cancel(id, CancelLevel::Graceful, Reason::User, now()).await.unwrap();
    let get = async |path: String| world.call(&Method::GET, &path, None, None).await;
    let hidden = get(format!("/badge/{}", world.project.id)).await;
    let missing = get("/badge/nowhere".to_owned()).await;
    assert_eq!((hidden.status, missing.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(hidden.json()["detail"], missing.json()["detail"]);

    let settings = ProjectSettings { has_public_badge: true, ..world.project.settings.clone() };
    world.store.update_settings(world.project.id, world.project.version, &settings, &[], &deed()).await.unwrap();
    for (path, word) in [
        (format!("/badge/{}", world.project.id), "cancelled"),
        ("/badge/shop.svg".to_owned(), "cancelled"),
        ("/badge/shop?branch=%3Cscript%3E".to_owned(), "unknown"),
    ] {
        let shown = get(path).await;
        assert_eq!((shown.status, &shown.headers["content-type"]), (StatusCode::OK, &"image/svg+xml".parse().unwrap()));
        assert!(shown.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        let picture = String::from_utf8(shown.body).unwrap();
        assert!(picture.contains(&format!("<title>pipeline: {word}</title>")) && !picture.contains("script"));
    }
}
