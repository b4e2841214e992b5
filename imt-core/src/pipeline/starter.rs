//! A first pipeline file for what a directory holds. Only names are looked at; reading the directory is the caller's part.

use std::fmt::Write as _;

/// A first pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// What it was written for, in words: `Rust (Cargo.toml)`; several where there are several.
    pub found: Vec<String>,
    /// The file's content. Reads without diagnostics.
    pub text: String,
}

/// A kind of project, known by a file.
struct Kind {
    name: &'static str,
    /// Any of these files tells it.
    files: &'static [&'static str],
    jobs: fn(&Names<'_>) -> Vec<Job>,
}

/// A job to write.
struct Job {
    name: &'static str,
    stage: Stage,
    image: &'static str,
    variables: &'static [(&'static str, &'static str)],
    script: Vec<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Build,
    Test,
}

/// The names of a directory's entries.
struct Names<'n>(Vec<&'n str>);

impl Names<'_> {
    fn has(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    fn first_of(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.has(name))
    }
}

const KINDS: [Kind; 5] = [
    Kind { name: "Rust", files: &["Cargo.toml"], jobs: rust },
    Kind { name: "Node.js", files: &["package.json"], jobs: node },
    Kind { name: "Python", files: &["pyproject.toml", "requirements.txt", "setup.py"], jobs: python },
    Kind { name: "Go", files: &["go.mod"], jobs: go },
    Kind { name: "Java", files: &["pom.xml"], jobs: maven },
];

const COMPOSE_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// Writes a first pipeline file for a directory with these entries (names only, without path).
pub fn starter<'n>(entries: impl IntoIterator<Item = &'n str>) -> Starter {
    let names = Names(entries.into_iter().collect());
    let mut found = Vec::new();
    let mut jobs: Vec<(&str, Job)> = Vec::new();
    for kind in &KINDS {
        if let Some(file) = names.first_of(kind.files) {
            found.push(format!("{} ({file})", kind.name));
            jobs.extend((kind.jobs)(&names).into_iter().map(|job| (kind.name, job)));
        }
    }
    let several = found.len() > 1;
    if jobs.is_empty() {
        jobs.push(("", anything()));
    }
    let container = names.first_of(&COMPOSE_FILES).or_else(|| names.first_of(&["Dockerfile"]));
    found.extend(container.map(|file| format!("containers ({file})")));
    Starter { text: write(&jobs, several, container), found }
}

fn write(jobs: &[(&str, Job)], several: bool, container: Option<&str>) -> String {
    let mut out = String::from(
        "# What runs for each commit: stages in order, the jobs of a stage in the order of this file.\n\
         # `imt lint` checks this file, `imt plan` shows what would run, `imt run` runs it here and now.\n",
    );
    if let Some(file) = container {
        let said = if COMPOSE_FILES.contains(&file) {
            format!("# A `deploy` section puts {file} on a host after success: `imt deploy --help`.")
        } else {
            format!("# Building and pushing the image of {file} is not a pipeline file's part yet.")
        };
        line(&mut out, &said);
    }
    let has_build = jobs.iter().any(|(_, job)| job.stage == Stage::Build);
    line(&mut out, if has_build { "stages: [build, test]" } else { "stages: [test]" });
    out.push_str("\njobs:");
    for stage in [Stage::Build, Stage::Test] {
        for (kind, job) in jobs.iter().filter(|(_, job)| job.stage == stage) {
            let prefix = if several { format!("{}-", kind.to_lowercase().replace('.', "")) } else { String::new() };
            line(&mut out, &format!("\n  {prefix}{}:", job.name));
            line(&mut out, &format!("    stage: {}", if stage == Stage::Build { "build" } else { "test" }));
            line(&mut out, &format!("    image: {}", job.image));
            if !job.variables.is_empty() {
                line(&mut out, "    variables:");
                for (name, value) in job.variables {
                    line(&mut out, &format!("      {name}: {value}"));
                }
            }
            line(&mut out, "    script:");
            for item in &job.script {
                line(&mut out, &format!("      - {item}"));
            }
        }
    }
    out
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

fn rust(names: &Names<'_>) -> Vec<Job> {
    let image = "rust:1";
    // The workspace is shared by all jobs, so dependencies kept below it are fetched once.
    let variables = &[("CARGO_HOME", ".cargo-home")];
    let build =
        if names.has("Cargo.lock") { "cargo build --locked --all-targets" } else { "cargo build --all-targets" };
    vec![
        Job { name: "build", stage: Stage::Build, image, variables, script: vec![build] },
        Job { name: "test", stage: Stage::Test, image, variables, script: vec!["cargo test"] },
    ]
}

fn node(names: &Names<'_>) -> Vec<Job> {
    let image = "node:22";
    let (install, test) = match names.first_of(&["pnpm-lock.yaml", "yarn.lock", "package-lock.json"]) {
        Some("pnpm-lock.yaml") => (vec!["corepack enable", "pnpm install --frozen-lockfile"], "corepack pnpm test"),
        Some("yarn.lock") => (vec!["yarn install --frozen-lockfile"], "yarn test"),
        Some(_) => (vec!["npm ci"], "npm test"),
        None => (vec!["npm install"], "npm test"),
    };
    vec![
        Job { name: "install", stage: Stage::Build, image, variables: &[], script: install },
        Job { name: "test", stage: Stage::Test, image, variables: &[], script: vec![test] },
    ]
}

fn python(names: &Names<'_>) -> Vec<Job> {
    let image = "python:3.13";
    let variables = &[("PIP_CACHE_DIR", ".pip-cache")];
    let install = if names.has("requirements.txt") {
        ".venv/bin/pip install -r requirements.txt pytest"
    } else {
        ".venv/bin/pip install -e . pytest"
    };
    vec![
        Job { name: "install", stage: Stage::Build, image, variables, script: vec!["python -m venv .venv", install] },
        Job { name: "test", stage: Stage::Test, image, variables, script: vec![".venv/bin/python -m pytest"] },
    ]
}

fn go(_: &Names<'_>) -> Vec<Job> {
    let image = "golang:1";
    vec![
        Job { name: "build", stage: Stage::Build, image, variables: &[], script: vec!["go build ./..."] },
        Job { name: "test", stage: Stage::Test, image, variables: &[], script: vec!["go vet ./...", "go test ./..."] },
    ]
}

fn maven(names: &Names<'_>) -> Vec<Job> {
    let image = "maven:3-eclipse-temurin-21";
    let (build, test) = if names.has("mvnw") {
        ("./mvnw -B -Dmaven.repo.local=.m2 compile", "./mvnw -B -Dmaven.repo.local=.m2 verify")
    } else {
        ("mvn -B -Dmaven.repo.local=.m2 compile", "mvn -B -Dmaven.repo.local=.m2 verify")
    };
    vec![
        Job { name: "build", stage: Stage::Build, image, variables: &[], script: vec![build] },
        Job { name: "test", stage: Stage::Test, image, variables: &[], script: vec![test] },
    ]
}

fn anything() -> Job {
    let script = vec!["echo \"commit $IMT_COMMIT_SHORT of $IMT_PROJECT\"", "ls"];
    Job { name: "hello", stage: Stage::Test, image: "busybox:1", variables: &[], script }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::read;

    const DIRECTORIES: &[&[&str]] = &[
        &[],
        &["README.md"],
        &["Cargo.toml", "Cargo.lock", "src"],
        &["package.json", "package-lock.json"],
        &["package.json", "pnpm-lock.yaml"],
        &["package.json", "yarn.lock"],
        &["package.json"],
        &["pyproject.toml"],
        &["requirements.txt", "Dockerfile"],
        &["go.mod", "go.sum"],
        &["pom.xml"],
        &["pom.xml", "mvnw"],
        &["docker-compose.yml"],
        &["compose.yaml", "Dockerfile"],
        &["Cargo.toml", "package.json", "pyproject.toml", "go.mod", "pom.xml", "compose.yml"],
    ];

    #[test]
    fn every_starter_reads_without_a_diagnostic() {
        let mut shown = String::new();
        for entries in DIRECTORIES {
            let starter = starter(entries.iter().copied());
            assert_eq!(read(starter.text.as_bytes(), "pipeline.yml").diagnostics, [], "{entries:?}\n{}", starter.text);
            writeln!(shown, "=== {entries:?} -> {:?}\n{}", starter.found, starter.text).unwrap();
        }
        insta::assert_snapshot!(shown);
    }
}
