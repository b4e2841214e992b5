//! The pipeline file as it is written. Only ever turned into a schema: the doc comments are what editors show.

#![expect(dead_code, reason = "the types are read by the schema's derive, not by code")]

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::super::deployment::{ConflictPolicy, HookFailure};
use super::super::names;
use super::super::spec::{PullPolicy, RetryCause, TriggerEvent};
use super::pattern;

/// An IMT pipeline: jobs in stages, each a shell script in a container.
#[derive(JsonSchema)]
#[schemars(title = "IMT pipeline file")]
pub(super) struct PipelineFile {
    /// Stages in the order they run. Absent: one stage `default`.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    stages: Option<Vec<StageName>>,
    /// Variables for every job.
    variables: Option<Variables>,
    /// The image of jobs that name none.
    image: Option<Image>,
    /// How many jobs of a stage may run side by side. Default 1: one after another, in file order.
    #[schemars(range(min = 1, max = 1024))]
    concurrency: Option<u32>,
    /// Labels that a runner must have.
    #[schemars(length(min = 1))]
    #[schemars(extend("uniqueItems" = true))]
    runs_on: Option<Vec<Label>>,
    /// What is deployed after success, and where to.
    deploy: Option<OneOrMore<Deployment>>,
    /// The jobs by name. In the older form they stand at the top of the file instead.
    jobs: Option<Jobs>,
}

/// One job: a script in a container.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Job {
    /// One of the file's stages. Default: the first.
    stage: Option<StageName>,
    /// The image its container is made of. Default: the file's.
    image: Option<Image>,
    /// When to fetch the image. Default `missing`.
    pull: Option<PullPolicy>,
    /// Shell commands: a list, each item a complete command, or one block of text.
    script: Script,
    /// Variables for this job; they win over the file's.
    variables: Option<Variables>,
    /// How long the script may run. Default 1h.
    timeout: Option<DurationText>,
    /// How long it may clean up after SIGTERM. Default 10s.
    grace: Option<DurationText>,
    /// How often to try again, on failure and timeout. Default 0.
    retry: Option<Retry>,
    /// Whether the pipeline may succeed although this job does not.
    allow_failure: Option<bool>,
    /// Limits of its container.
    resources: Option<OrNothing<Resources>>,
    /// For which triggers it runs. Default: all.
    when: Option<OrNothing<When>>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Script {
    List(#[schemars(length(min = 1))] Vec<Text>),
    Block(Text),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Retry {
    Times(#[schemars(range(min = 0, max = 10))] u32),
    Policy(RetryPolicy),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct RetryPolicy {
    /// Further tries after the first.
    #[schemars(range(min = 0, max = 10))]
    max: u32,
    /// Which ends are worth another try. Default `[failed, timeout]`.
    on: Option<OneOrMore<RetryCause>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Resources {
    /// Memory: `512MB`, `2GiB`, or bytes.
    memory: Option<Text>,
    /// Processors: `2`, `0.5` or `500m`.
    cpus: Option<Text>,
    /// Processes and threads at one time.
    #[schemars(range(min = 4, max = 4_194_304))]
    pids: Option<u32>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct When {
    /// Branches: names or globs, where `*` and `?` stop at `/`.
    branch: Option<OneOrMore<Text>>,
    /// What set the pipeline off.
    event: Option<OneOrMore<TriggerEvent>>,
}

/// A deployment to one environment. Its host is what was remembered of the environment's target.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Deployment {
    /// The environment's name: `production`.
    environment: EnvironmentName,
    /// For which triggers it is. Default: all.
    when: Option<OrNothing<When>>,
    /// Compose files in order, relative to the repository. Default: the usual one.
    compose: Option<OneOrMore<Text>>,
    /// Profiles that are on.
    profiles: Option<OneOrMore<ComposeName>>,
    /// Where images are pushed to: `ghcr.io/acme`.
    registry: Option<Text>,
    /// Commands that run before and after.
    hooks: Option<OrNothing<Hooks>>,
    /// How long a service without health check has to run without a restart. Default 10s.
    stable_for: Option<DurationText>,
    /// How long to wait for health at most. Default 2m.
    wait_timeout: Option<DurationText>,
    /// What happens to containers of others that hold a name of ours. Default `replace`.
    on_conflict: Option<ConflictPolicy>,
    /// How many good releases the target keeps. Default 5.
    #[schemars(range(min = 1, max = 1000))]
    keep: Option<u32>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Hooks {
    /// Before the new containers start, such as migrations. A failing one ends the deployment with the target as it was.
    before: Option<OneOrMore<Hook>>,
    /// After success.
    after: Option<OneOrMore<Hook>>,
    /// What a failing one after success does. Default `stop`.
    on_failure: Option<HookFailure>,
    /// Whether they run on the way back, too. Default `false`.
    on_rollback: Option<bool>,
}

/// A command that runs once, in a container of a service's new image.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Hook {
    /// The service.
    service: ComposeName,
    /// The command and its arguments as a list, or one text for a shell.
    command: OneOrMore<Text>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum OneOrMore<T> {
    One(T),
    More(#[schemars(length(min = 1))] Vec<T>),
}

/// A mapping all of whose keys may be commented out.
struct OrNothing<T>(T);

impl<T: JsonSchema> JsonSchema for OrNothing<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "null" }, generator.subschema_for::<T>()] })
    }
}

/// A type that is nothing but its schema.
macro_rules! schema_of {
    ($name:ident, $generator:ident => $schema:expr) => {
        struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

// Text is taken as written, whatever YAML would make of it: `1.10` and `true` are text here.
schema_of!(Text, _generator => json_schema!({ "type": ["string", "number", "boolean"] }));
schema_of!(Label, _generator => json_schema!({
    "type": ["string", "number", "boolean"], "pattern": pattern::LABEL,
}));
schema_of!(Image, _generator => json_schema!({ "type": ["string", "number"], "minLength": 1 }));
schema_of!(StageName, _generator => json_schema!({
    "type": ["string", "number", "boolean"], "minLength": 1, "maxLength": names::LONGEST,
}));
schema_of!(DurationText, _generator => json_schema!({
    "type": ["string", "integer"], "minimum": 0, "examples": ["90s", "10m", "1h 30m"],
}));
schema_of!(ComposeName, _generator => json_schema!({
    "type": ["string", "number", "boolean"], "pattern": pattern::JOB,
}));
schema_of!(EnvironmentName, _generator => json_schema!({
    "type": ["string", "number", "boolean"], "pattern": pattern::ENVIRONMENT,
}));
schema_of!(Variables, _generator => json_schema!({
    "type": ["null", "object"],
    "propertyNames": { "pattern": pattern::VARIABLE },
    "additionalProperties": { "type": ["string", "number", "boolean"] },
}));
schema_of!(Jobs, generator => json_schema!({
    "type": "object",
    // At least one that is a job.
    "not": { "propertyNames": { "pattern": pattern::HIDDEN } },
    "patternProperties": {
        pattern::HIDDEN: true,
        pattern::JOB: generator.subschema_for::<Job>(),
    },
    "additionalProperties": false,
}));
