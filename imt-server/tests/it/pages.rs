//! What the web pages are made with: the document of the routes, as it was when their types were made of it.

use std::path::Path;

/// Where it is kept.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../imt-web/openapi.json");

#[test]
fn the_pages_know_the_routes_as_they_are() {
    let document = serde_json::to_value(imt_server::document()).unwrap();
    if std::env::var_os("IMT_KEEP_OPENAPI").is_some() {
        std::fs::write(KEPT, serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
    }
    let kept = std::fs::read_to_string(Path::new(KEPT)).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert!(
        kept == document,
        "the routes are other ones than the web pages know: `IMT_KEEP_OPENAPI=1 cargo test -p imt-server --all-features --test it pages` \
         keeps them as they are, `scripts/ui npm run generate` makes the pages' types of them"
    );
}
