//! The plan for people.

use std::fmt::Write as _;

use super::model::{DeploymentPlan, ImageAction, Place, PlannedFile, ServiceChange, ServiceChangeKind};
use crate::lines::visible;

/// The plan as a text: where to, what becomes of each service, images, files, then the steps with their commands.
pub fn text(plan: &DeploymentPlan) -> String {
    let mut out = String::new();
    let target = &plan.target;
    line(&mut out, &format!("{} to {} on {}", plan.commit.short(), target.environment, target.host));
    line(&mut out, &format!("project {} in {}", target.project, target.directory));
    section(&mut out, "services", plan.services.iter().map(service));
    section(
        &mut out,
        "images",
        plan.images.iter().map(|image| format!("{}: {} ({})", image.service, image.reference, action(image.action))),
    );
    section(&mut out, "files", plan.files.iter().map(file));
    if !plan.variables.is_empty() {
        section(&mut out, "variables in .env", [plan.variables.join(", ")].into_iter());
    }
    let steps = plan.steps.iter().enumerate().flat_map(|(number, step)| {
        let place = if step.place == Place::Here { " (here)" } else { "" };
        let head = format!("{}. {}{place}", number + 1, step.step);
        [head].into_iter().chain(step.commands.iter().map(|command| format!("   $ {command}")))
    });
    section(&mut out, "steps", steps);
    let back = plan.restore.as_ref().map(|release| format!("back to {} if it fails", release.commit.short()));
    section(&mut out, "otherwise", back.into_iter());
    section(&mut out, "to know", plan.warnings.iter().cloned());
    out
}

fn section(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        line(out, "");
        line(out, title);
    }
    for text in lines {
        line(out, &format!("  {text}"));
    }
}

fn service(change: &ServiceChange) -> String {
    let what = match change.change {
        ServiceChangeKind::Created => "created",
        ServiceChangeKind::Recreated => "recreated",
        ServiceChangeKind::Scaled => "scaled",
        ServiceChangeKind::RunAgain => "run again",
        ServiceChangeKind::Kept => "unchanged",
        ServiceChangeKind::Removed => "removed",
        ServiceChangeKind::LeftAlone => "left alone: not in the model, and not made by a release",
        ServiceChangeKind::NotKnown => "not known beforehand",
    };
    format!("{}: {what}", change.service)
}

const fn action(action: ImageAction) -> &'static str {
    match action {
        ImageAction::Build => "built here and pushed",
        ImageAction::BuildOnly => "built here",
        ImageAction::Shared => "built for another service",
        ImageAction::ThirdParty => "as written",
        ImageAction::Recorded => "recorded",
    }
}

fn file(file: &PlannedFile) -> String {
    format!("{} ({:04o}, {} bytes)", file.path, file.mode, file.size_bytes)
}

/// Names come from files of strangers: nothing in them moves the cursor.
fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", visible(text));
}
