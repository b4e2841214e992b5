//! The variables of projects in a ledger, with the secret values that were replaced and may still be printed.

use super::ledger::{Ledger, Project, Replaced};
use crate::id::ProjectName;
use crate::ports::{ProjectVariables, Variable};

impl Ledger {
    pub(super) fn variables(&self, name: &ProjectName) -> ProjectVariables {
        let Some(project) = self.projects.get(name) else { return ProjectVariables::default() };
        let current = project.variables.values().cloned().collect();
        let first = if project.replaced.is_empty() { None } else { self.first_not_over(name) };
        let needed = project.replaced.iter().filter(|replaced| replaced.is_needed(first));
        ProjectVariables { current, replaced: needed.map(|replaced| replaced.value.clone()).collect() }
    }

    pub(super) fn set_variable(&mut self, project: ProjectName, variable: Variable) {
        let old = self.projects.get_mut(&project).and_then(|project| project.variables.remove(&variable.name));
        self.replace(&project, old.filter(|old| *old != variable));
        self.projects.entry(project).or_default().variables.insert(variable.name.clone(), variable);
    }

    pub(super) fn unset_variable(&mut self, project: &ProjectName, name: &str) -> bool {
        let old = self.projects.get_mut(project).and_then(|project| project.variables.remove(name));
        let was_there = old.is_some();
        self.replace(project, old);
        was_there
    }

    /// Keeps a value that is set no more if it is a secret, and drops those that nobody can print any more.
    fn replace(&mut self, name: &ProjectName, old: Option<Variable>) {
        let first = self.first_not_over(name);
        let Some(project) = self.projects.get_mut(name) else { return };
        let Project { last_number, .. } = *project;
        let secret = old.filter(|variable| variable.is_secret);
        project.replaced.extend(secret.map(|variable| Replaced { value: variable.value, last_number }));
        project.replaced.retain(|replaced| replaced.is_needed(first));
    }

    /// Drops all values that nobody can print any more.
    pub(super) fn drop_replaced(&mut self) {
        let with_some = self.projects.iter().filter(|(_, project)| !project.replaced.is_empty());
        let names: Vec<ProjectName> = with_some.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.replace(&name, None);
        }
    }

    /// The lowest number of a pipeline of a project that is not over.
    fn first_not_over(&self, project: &ProjectName) -> Option<u64> {
        let all = self.pipelines.values().filter(|entry| entry.plan.project == *project);
        all.filter(|entry| !entry.state.status.is_terminal()).map(|entry| entry.number.get()).min()
    }
}
