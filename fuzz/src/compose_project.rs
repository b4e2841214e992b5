//! Compose projects: whatever compose prints and whatever a compose file holds, nothing panics, and an override names only
//! services that are there.

use imt_core::compose::{
    Form, Model, Naming, PullPolicy, ReleaseImages, Tree, build_override, check, deploy_override, files, images,
    mounted_files, references, self_check, syntax_error, variables,
};

/// The input is both: JSON of compose where it is JSON, and the text of a compose file.
pub fn compose_project(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let found = references(text, "parts");
        assert!(found.compose_files.iter().all(|path| !path.contains("://") && !path.contains("/./")));
        if let Some(problem) = syntax_error(text, "compose.yml") {
            assert!(problem.line >= 1 && problem.column >= 1);
        }
    }
    let (Ok(model), Ok(raw)) = (Model::parse(data, Form::Resolved), Model::parse(data, Form::Raw)) else { return };
    for registry in [None, Some("ghcr.io/acme"), Some("acme")] {
        let registry = registry.map(|registry| registry.parse().expect("a registry"));
        let sorted = images(&model, &Naming::new(registry, "0123456789abcdef").expect("a tag"));
        let release = ReleaseImages::default();
        let deploy = deploy_override(&model, &sorted.images, &release, PullPolicy::Missing);
        for changes in [build_override(&model, &sorted.images), deploy] {
            assert!(changes.services.keys().all(|name| model.services.contains_key(name)));
            assert!(changes.to_yaml().starts_with("# "));
            // Against itself only what the override changes may differ.
            let untouched = |path: &str| !changes.services.keys().any(|name| path.contains(&name.replace('$', "$$")));
            assert!(!self_check(&model, &changes, &model).iter().any(|difference| untouched(&difference.path)));
        }
        drop(check(&model, &sorted.images, &variables(&raw)));
    }
    let tree = Tree { tracked: ["a", "a/b", "conf/x.conf"].map(str::to_owned).into(), ..Tree::default() };
    let transfer = files(&model, &raw, &tree);
    assert!(transfer.files.keys().all(|path| tree.tracked.contains(path)), "only what the commit has is sent");
    drop(mounted_files(&model, &tree));
}
