//! One command for a host.

use crate::plan::quote;
use crate::secret::Secret;

/// What a script is called that runs docker in a directory, the first word after it.
pub(super) const RUNS_DOCKER: &str = "imt-compose";
/// The same with a model to read.
pub(super) const READS_MODEL: &str = "imt-hash-model";
/// The same with credentials, which lie in the first of two directories, for so many services with their images.
pub(super) const PULLS_BY_DOCKER: &str = "imt-pull";
/// The same for a compose project.
pub(super) const RUNS_UP: &str = "imt-up";
/// The same twice: so many words are of the first docker, whose output the second one reads.
pub(super) const PRINTS_HASHES: &str = "imt-hashes";

/// A command: its words, and what it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCommand {
    /// The program and its arguments, each one word whatever is in it. Never a secret.
    pub argv: Vec<String>,
    /// What it finds on its standard input.
    pub input: CommandInput,
}

/// What a command finds on its standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandInput {
    /// Nothing: it is closed.
    Closed,
    /// A secret, and then the end.
    Secret(Secret),
}

impl HostCommand {
    /// A program with arguments and nothing to read.
    pub fn new<I>(argv: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self { argv: argv.into_iter().map(Into::into).collect(), input: CommandInput::Closed }
    }

    /// A constant script with arguments. `name` is what the host's list of processes calls it.
    pub(super) fn script<I>(name: &'static str, script: &'static str, parameters: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let mut argv = vec!["sh".to_owned(), "-c".to_owned(), script.to_owned(), name.to_owned()];
        argv.extend(parameters.into_iter().map(Into::into));
        Self { argv, input: CommandInput::Closed }
    }

    #[must_use]
    pub(super) fn reading(mut self, secret: Secret) -> Self {
        self.input = CommandInput::Secret(secret);
        self
    }

    /// The command as people would type it; of scripts only their names, and of those that run docker in a clean environment
    /// only docker.
    pub fn show(&self) -> String {
        let mut shown: Vec<String> = Vec::new();
        let mut words = self.argv.as_slice();
        while let Some((word, rest)) = words.split_first() {
            words = rest;
            match rest {
                [flag, script, rest @ ..] if word == "sh" && flag == "-c" && is_script(script) => words = rest,
                _ if is_script(word) => {}
                // The directories in which they run: compose is told by an option of its own.
                [_, rest @ ..] if word == RUNS_DOCKER || word == READS_MODEL => {
                    words = rest;
                    shown.push("docker".to_owned());
                }
                [_, _, rest @ ..] if word == RUNS_UP => {
                    words = rest;
                    shown.push("docker".to_owned());
                }
                [_, _, pairs, rest @ ..] if word == PULLS_BY_DOCKER => {
                    words = split_at(rest, pairs, 2).1;
                    shown.push("docker".to_owned());
                }
                [_, count, rest @ ..] if word == PRINTS_HASHES => {
                    let (first, second) = split_at(rest, count, 1);
                    words = second;
                    shown.push("docker".to_owned());
                    shown.extend(first.iter().map(|word| quote(word)));
                    shown.extend(["|", "docker"].map(str::to_owned));
                }
                _ => shown.push(quote(word)),
            }
        }
        shown.join(" ")
    }
}

/// Splits words behind so many times `each` of them.
fn split_at<'w>(words: &'w [String], count: &str, each: usize) -> (&'w [String], &'w [String]) {
    let count: usize = count.parse().unwrap_or(0);
    words.split_at(count.saturating_mul(each).min(words.len()))
}

/// Our scripts begin by saying what they do.
fn is_script(word: &str) -> bool {
    word.starts_with("# ") && word.contains('\n')
}
