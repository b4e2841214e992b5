//! What was found, and how it is shown.

use std::fmt::Write as _;

use serde::Serialize;

use crate::terminal::{Paint, clean};

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Health {
    /// As it should be.
    Ok,
    /// It works, with a drawback.
    Warning,
    /// It is not there or does not work.
    Missing,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What.
    #[serde(rename = "check")]
    pub(super) name: &'static str,
    pub(super) status: Health,
    /// Whether nothing works without it.
    pub(super) required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    /// What was found, in a few words.
    pub(super) message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help: Option<String>,
}

impl Check {
    pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, status: Health::Ok, required: false, version: None, message: message.into(), help: None }
    }

    pub(super) fn warning(name: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { status: Health::Warning, help: Some(help.into()), ..Self::ok(name, message) }
    }

    pub(super) fn missing(name: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { status: Health::Missing, help: Some(help.into()), ..Self::ok(name, message) }
    }

    #[must_use]
    pub(super) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    #[must_use]
    pub(super) fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Whether `imt` cannot do its work because of it.
    pub(super) fn is_fatal(&self) -> bool {
        self.required && self.status == Health::Missing
    }
}

/// The report for people.
pub(super) fn human(checks: &[Check], paint: Paint) -> String {
    let mut out = String::new();
    for check in checks {
        let mark = match check.status {
            Health::Ok => paint.good("✓"),
            Health::Warning => paint.warn("!"),
            Health::Missing if check.required => paint.bad("✗"),
            Health::Missing => paint.dim("-"),
        };
        let name = paint.bold(&format!("{:<10}", check.name));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{mark} {name} {}", clean(&check.message));
        if let Some(help) = &check.help {
            let _ = writeln!(out, "  {:<10} {} {}", "", paint.note("→"), clean(help));
        }
    }
    let (fatal, warnings) = (
        checks.iter().filter(|check| check.is_fatal()).count(),
        checks.iter().filter(|check| check.status == Health::Warning).count(),
    );
    let verdict = match (fatal, warnings) {
        (0, 0) => "This machine is ready.".to_owned(),
        (0, 1) => "This machine is ready; one thing deserves a look.".to_owned(),
        (0, n) => format!("This machine is ready; {n} things deserve a look."),
        (1, _) => "One thing is missing that imt cannot do without.".to_owned(),
        (n, _) => format!("{n} things are missing that imt cannot do without."),
    };
    let _ = writeln!(out, "\n{verdict}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_to_do() {
        let checks = [
            Check::ok("git", "git 2.47.3").version("2.47.3").required(),
            Check::warning("engine", "Docker Engine 20.10.24 at unix:///run/docker.sock", "upgrade to 29.5.1"),
            Check::missing("compose", "docker compose is not installed", "install docker-compose-plugin"),
        ];
        insta::assert_snapshot!(human(&checks, Paint::plain()), @r"
        ✓ git        git 2.47.3
        ! engine     Docker Engine 20.10.24 at unix:///run/docker.sock
                     → upgrade to 29.5.1
        - compose    docker compose is not installed
                     → install docker-compose-plugin

        This machine is ready; one thing deserves a look.
        ");
        insta::assert_json_snapshot!(checks[0], @r#"
        {
          "check": "git",
          "status": "ok",
          "required": true,
          "version": "2.47.3",
          "message": "git 2.47.3"
        }
        "#);
        assert!(!checks.iter().any(Check::is_fatal));
        assert!(Check::missing("git", "no git", "install it").required().is_fatal());
    }
}
