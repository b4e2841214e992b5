//! `examples/shop`, deployed by hand as its README has it: each variant shows what it is meant to show.

use std::process::{Command, Output};

use imt_e2e::docker::docker;
use imt_e2e::shop::{Shop, Variant};
use imt_e2e::wait::{SOON, until, until_holds};

fn up(shop: &Shop) -> Output {
    let words = ["compose", "--project-name", shop.name(), "--file", "compose.yml", "up", "--detach", "--build"];
    Command::new("docker").args(words).current_dir(shop.path()).output().expect("docker can be run")
}

/// What the engine says of the one container of a service.
fn state(shop: &Shop, service: &str, format: &str) -> String {
    docker(&["inspect", "--format", format, &format!("{}-{service}-1", shop.name())])
}

#[test]
fn each_variant_shows_what_it_is_meant_to() {
    std::thread::scope(|scope| {
        for variant in Variant::ALL {
            scope.spawn(move || shows(variant));
        }
    });
}

fn shows(variant: Variant) {
    let shop = Shop::new(variant);
    let ran = up(&shop);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.success(), variant != Variant::FailingMigration, "{variant:?}: {said}");
    let health = |wanted: &str| {
        until_holds(&format!("{variant:?}: {wanted}"), SOON, || {
            state(&shop, "web", "{{.State.Health.Status}}") == wanted
        });
    };
    match variant {
        Variant::Good => {
            health("healthy");
            let page = until("the page", SOON, || shop.page());
            assert_eq!(page, "Welcome to the shop (version 1)");
            assert_eq!(state(&shop, "migrate", "{{.State.Status}} {{.State.ExitCode}}"), "exited 0");
            assert_eq!(state(&shop, "worker", "{{.RestartCount}}"), "0");
            shop.release(Variant::Good, "2");
            assert!(up(&shop).status.success());
            until_holds("the second release", SOON, || shop.page().is_some_and(|page| page.contains("version 2")));
        }
        Variant::Crashing => {
            let restarts = || state(&shop, "worker", "{{.RestartCount}}").parse::<u32>().expect("a number");
            until_holds("three restarts", SOON, || restarts() >= 3);
            health("healthy");
        }
        Variant::Unhealthy => {
            health("unhealthy");
            assert_eq!(shop.page().as_deref(), Some("out of order (version 1)"));
        }
        Variant::Slow => {
            assert_eq!(state(&shop, "web", "{{.State.Health.Status}}"), "starting");
            assert_eq!(shop.page(), None, "nothing is served yet");
            health("healthy");
        }
        Variant::FailingMigration => {
            assert_eq!(state(&shop, "migrate", "{{.State.ExitCode}}"), "4");
            assert_eq!(state(&shop, "web", "{{.State.Status}}"), "created");
        }
    }
}
