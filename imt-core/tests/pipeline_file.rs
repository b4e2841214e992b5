//! The pipeline file from outside: one file per defect, one per feature.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use imt_core::pipeline::{Read, read};

fn files(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipeline_files").join(kind);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 5, "{} has its fixtures", folder.display());
    files
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn shown(read: &Read) -> String {
    let mut out = String::new();
    for diagnostic in &read.diagnostics {
        writeln!(out, "{}", diagnostic.render()).unwrap();
    }
    out
}

#[test]
fn every_defect_is_told_with_its_place() {
    for path in files("bad") {
        let read = read(&fs::read(&path).unwrap(), "pipeline.yml");
        assert!(!read.diagnostics.is_empty(), "{}", path.display());
        assert_eq!(read.spec.is_some(), !read.has_errors(), "{}", path.display());
        insta::with_settings!({ snapshot_path => "pipeline_files/snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("bad_{}", name(&path)), shown(&read));
        });
    }
}

#[test]
fn every_valid_file_gives_its_spec() {
    for path in files("good") {
        let read = read(&fs::read(&path).unwrap(), "pipeline.yml");
        assert_eq!(shown(&read), "", "{}", path.display());
        insta::with_settings!({ snapshot_path => "pipeline_files/snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_debug_snapshot!(format!("good_{}", name(&path)), read.spec.unwrap());
        });
    }
}

/// Codes that only a text too wild for a fixture brings out; `pipeline_hostile.rs` has them.
const WILD: [&str; 5] = ["file-too-large", "not-utf8", "too-deep", "too-large", "too-many-problems"];

#[test]
fn every_code_of_the_sources_has_a_fixture() {
    let mut told: BTreeSet<String> = WILD.iter().map(|code| (*code).to_owned()).collect();
    for path in files("bad") {
        let read = read(&fs::read(&path).unwrap(), "pipeline.yml");
        told.extend(read.diagnostics.iter().map(|diagnostic| diagnostic.code.to_owned()));
    }
    let mut known = BTreeSet::from(["too-many-problems".to_owned()]);
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pipeline")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            let product = text.split("#[cfg(test)]").next().unwrap_or_default();
            for call in ["problems.error(", "problems.warning("] {
                let codes = product.split(call).skip(1).filter_map(|rest| rest.split('"').nth(1));
                known.extend(codes.map(str::to_owned));
            }
        }
    }
    assert!(known.len() > 25, "{known:?}");
    assert_eq!(told, known);
    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pipeline-file.md")).unwrap();
    let untold: Vec<_> = known.iter().filter(|code| !docs.contains(&format!("`{code}`"))).collect();
    assert!(untold.is_empty(), "not in docs/pipeline-file.md: {untold:?}");
}
