//! The rules about crates: who may depend on whom, how much `imt-core` costs, which licences and sources are welcome.
//!
//! `deny.toml` is the one list of licences, bans and sources; it is in the format of `cargo deny`, but reading it here
//! needs no tool that every clone would first have to build. Knows nothing of source text (see `architecture.rs`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

/// What an embedder must not be made to carry, directly or indirectly.
const NOT_IN_CORE: &[&str] = &[
    "axum",
    "bollard",
    "clap",
    "crossterm",
    "http",
    "hyper",
    "indicatif",
    "reqwest",
    "ring",
    "rusqlite",
    "russh",
    "rustls",
    "sqlx",
    "ssh2",
    "tokio-postgres",
];

/// `imt-core` without features pulls in fewer crates than this.
const CRATES_BELOW: usize = 60;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("imt-core lies in the workspace").to_owned()
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {}: {errors}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}

fn host() -> String {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc runs").stdout;
    let version = String::from_utf8(version).expect("rustc speaks UTF-8");
    version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

fn metadata() -> Value {
    let json = cargo(&["metadata", "--format-version", "1", "--locked", "--filter-platform", &host()]);
    serde_json::from_str(&json).expect("cargo metadata is JSON")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().expect("metadata lists packages")
}

/// The packages that use a package directly.
fn users_of<'a>(metadata: &'a Value, package: &Value) -> Vec<&'a str> {
    let nodes = metadata["resolve"]["nodes"].as_array().expect("metadata resolves");
    let needs_it = |node: &&Value| {
        node["deps"].as_array().into_iter().flatten().any(|dependency| dependency["pkg"] == package["id"])
    };
    let users: Vec<&Value> = nodes.iter().filter(needs_it).map(|node| &node["id"]).collect();
    packages(metadata).iter().filter(|p| users.contains(&&p["id"])).map(|p| text(p, "name")).collect()
}

fn package<'a>(metadata: &'a Value, name: &str) -> &'a Value {
    packages(metadata)
        .iter()
        .find(|p| text(p, "name") == name && p["source"].is_null())
        .unwrap_or_else(|| panic!("the workspace has no package {name}"))
}

/// Names of the direct dependencies, those of tests left out.
fn product_dependencies(package: &Value) -> BTreeSet<&str> {
    let all = package["dependencies"].as_array().expect("a package lists dependencies");
    all.iter().filter(|d| text(d, "kind") != "dev").map(|d| text(d, "name")).collect()
}

/// Names and versions of what building `imt-core` without features pulls in, itself left out.
fn crates_of_core() -> BTreeSet<String> {
    let format = ["--prefix", "none", "--format", "{p}"];
    let query = ["tree", "--locked", "-p", "imt-core", "--edges", "no-dev", "--no-default-features"];
    let listing = cargo(&[&query[..], &format[..]].concat());
    let crates = listing.lines().filter(|line| !line.is_empty() && !line.starts_with("imt-core "));
    crates.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
}

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    /// Who may use it all the same.
    #[serde(default)]
    wrappers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

fn deny() -> Deny {
    let path = root().join("deny.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Whether an SPDX expression can be met with the licences allowed. Cargo's older `/` means `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "+WITH+");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let (verdict, rest) = any_of(&tokens, allowed);
    assert!(rest.is_empty(), "licence expression `{expression}` does not end where it should");
    verdict
}

fn any_of<'t>(tokens: &'t [&'t str], allowed: &BTreeSet<String>) -> (bool, &'t [&'t str]) {
    let (mut verdict, mut rest) = all_of(tokens, allowed);
    while let Some((&"OR", after)) = rest.split_first() {
        let (other, tail) = all_of(after, allowed);
        (verdict, rest) = (verdict | other, tail);
    }
    (verdict, rest)
}

fn all_of<'t>(tokens: &'t [&'t str], allowed: &BTreeSet<String>) -> (bool, &'t [&'t str]) {
    let (mut verdict, mut rest) = one(tokens, allowed);
    while let Some((&"AND", after)) = rest.split_first() {
        let (other, tail) = one(after, allowed);
        (verdict, rest) = (verdict & other, tail);
    }
    (verdict, rest)
}

fn one<'t>(tokens: &'t [&'t str], allowed: &BTreeSet<String>) -> (bool, &'t [&'t str]) {
    match tokens.split_first() {
        Some((&"(", inner)) => {
            let (verdict, rest) = any_of(inner, allowed);
            (verdict, rest.strip_prefix(&[")"]).expect("a bracket that is closed"))
        }
        Some((id, rest)) => (allowed.contains(&id.replace("+WITH+", " WITH ")), rest),
        None => (false, &[]),
    }
}

#[test]
fn core_is_light() {
    let crates = crates_of_core();
    assert!(crates.len() > 10, "this is no listing of crates: {crates:?}");
    assert!(
        crates.len() < CRATES_BELOW,
        "imt-core without features pulls in {} crates:\n{}",
        crates.len(),
        crates.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn core_knows_no_adapter_technology() {
    let crates = crates_of_core();
    let names: BTreeSet<&str> = crates.iter().filter_map(|c| c.split(' ').next()).collect();
    let found: Vec<_> = NOT_IN_CORE.iter().filter(|name| names.contains(*name)).collect();
    assert!(found.is_empty(), "imt-core carries {found:?}; that belongs into an adapter");

    let metadata = metadata();
    let ours = product_dependencies(package(&metadata, "imt-core"));
    assert!(!ours.iter().any(|name| name.starts_with("imt-")), "imt-core depends on one of its adapters");
}

#[test]
fn adapters_do_not_know_each_other() {
    let metadata = metadata();
    let is_adapter =
        |name: &str| ["imt-exec-", "imt-git", "imt-ssh", "imt-store-"].iter().any(|prefix| name.starts_with(prefix));
    let adapters: Vec<_> = packages(&metadata).iter().filter(|p| is_adapter(text(p, "name"))).collect();
    assert!(adapters.len() >= 3, "the workspace has adapters");
    for adapter in adapters {
        // What the SQL stores have in common is no adapter: it knows no database.
        let shared = |name: &str| ["imt-core", "imt-store-sql"].contains(&name);
        let others = product_dependencies(adapter).into_iter().filter(|d| d.starts_with("imt-") && !shared(d));
        let others: Vec<_> = others.collect();
        assert!(others.is_empty(), "{} depends on {others:?}; only binaries assemble", text(adapter, "name"));
    }
}

#[test]
fn licences_bans_and_sources_are_as_deny_toml_says() {
    let deny = deny();
    let metadata = metadata();
    let mut offences = Vec::new();
    for package in packages(&metadata).iter().filter(|p| !p["source"].is_null()) {
        let name = format!("{} {}", text(package, "name"), text(package, "version"));
        if !is_allowed(text(package, "license"), &deny.licenses.allow) {
            offences.push(format!("{name}: licence `{}` is not allowed", text(package, "license")));
        }
        if let Some(ban) = deny.bans.deny.iter().find(|ban| ban.name == text(package, "name")) {
            let others: Vec<&str> = users_of(&metadata, package)
                .into_iter()
                .filter(|user| !ban.wrappers.iter().any(|w| w == user))
                .collect();
            if !others.is_empty() || ban.wrappers.is_empty() {
                offences.push(format!("{name}: banned, and used by {others:?}"));
            }
        }
        let source = text(package, "source").trim_start_matches("registry+");
        if !deny.sources.allow_registry.iter().any(|allowed| allowed == source) {
            offences.push(format!("{name}: comes from {source}"));
        }
    }
    assert!(offences.is_empty(), "against deny.toml:\n  {}", offences.join("\n  "));
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into_iter().collect();
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("(GPL-3.0 OR MIT) AND Zlib", true),
        ("GPL-3.0 OR MIT AND Zlib", true),
        ("MIT AND (GPL-3.0 OR AGPL-3.0)", false),
        ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
        ("Apache-2.0", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}
