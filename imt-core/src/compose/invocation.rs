//! The command line of compose, and which files are meant where nobody says it.
//!
//! Everything that compose would otherwise take from its environment is said: `COMPOSE_FILE`, `COMPOSE_PROJECT_NAME`,
//! `COMPOSE_PROFILES` and an automatic override file would all change what is meant. Knows no program and runs nothing.

use super::problem::Problem;

/// Compose's own names for a file, in the order in which it looks for them.
pub const DEFAULT_FILES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// The files of which compose by itself adds the first one that is there.
pub const DEFAULT_OVERRIDES: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// What every call of compose for one project has in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invocation {
    /// The directory that relative paths of the files mean.
    pub project_directory: String,
    /// The project's name; without one compose takes it from the files or the directory.
    pub project: Option<String>,
    /// The compose files, in order: later ones win. Ours goes last.
    pub files: Vec<String>,
    /// Files of variables for interpolation, in order.
    pub env_files: Vec<String>,
    /// Profiles that are on.
    pub profiles: Vec<String>,
}

impl Invocation {
    /// The arguments of `docker` up to compose's command.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["compose".to_owned()];
        let mut put = |flag: &str, value: &str| arguments.extend([flag.to_owned(), value.to_owned()]);
        put("--project-directory", &self.project_directory);
        if let Some(project) = &self.project {
            put("--project-name", project);
        }
        self.env_files.iter().for_each(|file| put("--env-file", file));
        self.files.iter().for_each(|file| put("--file", file));
        self.profiles.iter().for_each(|profile| put("--profile", profile));
        arguments
    }

    /// The same with one file more, which wins over the others.
    #[must_use]
    pub fn with_file(mut self, file: impl Into<String>) -> Self {
        self.files.push(file.into());
        self
    }

    /// The same with every profile on: services that are off now may be on at a rollback, and must not be built there either.
    #[must_use]
    pub fn with_all_profiles(mut self) -> Self {
        self.profiles = vec!["*".to_owned()];
        self
    }

    /// Prints the resolved model as JSON, with paths as the files have them: the same wherever the project lies.
    pub fn resolved(&self) -> Vec<String> {
        self.with_command(&["config", "--format", "json", "--no-path-resolution"])
    }

    /// Prints the model without interpolation: the variables that it takes, and the files that resolving swallows.
    pub fn raw(&self) -> Vec<String> {
        self.with_command(&["config", "--format", "json", "--no-path-resolution", "--no-interpolate"])
    }

    /// Builds the image of one service, with progress as lines.
    pub fn build(&self, service: &str) -> Vec<String> {
        self.with_command(&["--progress", "plain", "build", service])
    }

    fn with_command(&self, command: &[&str]) -> Vec<String> {
        let mut arguments = self.arguments();
        arguments.extend(command.iter().map(|word| (*word).to_owned()));
        arguments
    }
}

/// The compose files of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discovered {
    /// The file that compose would take.
    pub file: &'static str,
    /// The override file that compose would add by itself. We do not: it is mostly meant for development, and who wants it
    /// names it.
    pub unused_override: Option<&'static str>,
}

impl Discovered {
    /// The override file that is there and not used, as something worth knowing. `option` is what names a compose file where this is
    /// told.
    pub fn problem(&self, option: &str) -> Option<Problem> {
        let name = self.unused_override?;
        let message = format!("`{name}` is not used: compose alone would add it to `{}`", self.file);
        let help = format!("name both if it is meant for the target, too: `{option} {} {option} {name}`", self.file);
        Some(Problem::warning("override-not-used", message, help))
    }
}

/// Which file is meant where nobody names one, among those that are there.
pub fn discover(is_there: impl Fn(&str) -> bool) -> Option<Discovered> {
    let first = |names: [&'static str; 4]| names.into_iter().find(|name| is_there(name));
    first(DEFAULT_FILES).map(|file| Discovered { file, unused_override: first(DEFAULT_OVERRIDES) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_said_and_in_order() {
        let invocation = Invocation {
            project_directory: "/srv/app".into(),
            project: Some("shop-production".into()),
            files: vec!["compose.yml".into(), "compose.prod.yml".into()],
            env_files: vec![".env".into()],
            profiles: vec!["web".into()],
        };
        assert_eq!(
            invocation.clone().with_file(".imt/deploy.yml").resolved().join(" "),
            "compose --project-directory /srv/app --project-name shop-production --env-file .env --file compose.yml \
             --file compose.prod.yml --file .imt/deploy.yml --profile web config --format json --no-path-resolution"
        );
        assert_eq!(invocation.with_all_profiles().profiles, ["*"]);
    }

    #[test]
    fn files_are_found_as_compose_finds_them() {
        let find = |there: &[&str]| discover(|name| there.contains(&name));
        assert_eq!(find(&["README.md", "compose.override.yml"]), None);
        let found = find(&["docker-compose.yaml", "docker-compose.yml", "docker-compose.override.yml"]).unwrap();
        assert_eq!((found.file, found.unused_override), ("docker-compose.yml", Some("docker-compose.override.yml")));
        let problem = found.problem("--compose").unwrap();
        assert!(problem.message.contains("docker-compose.override.yml"));
        assert!(problem.help.ends_with("`--compose docker-compose.yml --compose docker-compose.override.yml`"));
        assert_eq!(find(&["compose.yml"]).unwrap().problem("--compose"), None);
        let found =
            find(&["compose.yaml", "docker-compose.yml", "compose.override.yaml", "docker-compose.override.yml"]);
        assert_eq!(found, Some(Discovered { file: "compose.yaml", unused_override: Some("compose.override.yaml") }));
    }
}
