//! The typed view of `docker compose config --format json`.
//!
//! Only what decisions need is typed; the whole document is kept, so that two can be compared. A key that is not known is never
//! an error, nor is one whose value has a shape that is not known: then it is as if it were not there. Knows nothing of files.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Which of compose's two outputs a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Variables are in; a `$` of a value is written `$$`.
    Resolved,
    /// `--no-interpolate`: as the files have it.
    Raw,
}

/// A compose project after everything compose does to its files: include, extends, merge.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The project's name.
    pub name: String,
    /// Its services by name.
    pub services: BTreeMap<String, Service>,
    /// Files of top-level configs, by the config's name; those with other contents are left out.
    pub config_files: BTreeMap<String, String>,
    /// Files of top-level secrets, by the secret's name; those with other contents are left out.
    pub secret_files: BTreeMap<String, String>,
    /// Directories of the host that local volumes stand for, by the volume's name.
    pub bound_volumes: BTreeMap<String, String>,
    /// The whole document, as compose printed it.
    document: Value,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// `image`, as written.
    pub image: Option<String>,
    /// `build`.
    pub build: Option<Build>,
    /// Whether a provider and not a container stands behind it.
    pub is_provided: bool,
    /// `container_name`.
    pub container_name: Option<String>,
    /// `platform`.
    pub platform: Option<String>,
    /// `pull_policy`.
    pub pull_policy: Option<String>,
    /// `restart`, or what `deploy.restart_policy` amounts to.
    pub restart: Option<String>,
    /// How many containers are wanted: `scale` or `deploy.replicas`, else one.
    pub scale: u64,
    /// `deploy.update_config.failure_action`.
    pub failure_action: Option<String>,
    /// `profiles`.
    pub profiles: Vec<String>,
    /// `depends_on`.
    pub depends_on: Vec<Dependency>,
    /// `volumes`.
    pub mounts: Vec<Mount>,
    /// `env_file`. Compose shows it only in [`Form::Raw`]: resolved, the content has become `environment`.
    pub env_files: Vec<EnvFile>,
    /// `label_file`, as with `env_files`.
    pub label_files: Vec<String>,
    /// Names of the configs that it mounts.
    pub configs: Vec<String>,
    /// Names of the secrets that it mounts.
    pub secrets: Vec<String>,
    /// Ports of the host that it takes.
    pub published: Vec<Published>,
    /// Images of its `pre_start` hooks; no override reaches them.
    pub hook_images: Vec<String>,
    /// Whether its containers use parts of another service's: `network_mode`, `ipc` or `pid` with `service:`, `volumes_from`.
    pub borrows_container: bool,
    /// `x-imt.job: true`: it runs once and ends.
    pub is_declared_job: bool,
}

/// How a service is built; only what an override must know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Build {
    /// Further names that compose gives the image, and pushes.
    pub tags: Vec<String>,
    /// The directory that is built, where it is one of the project and not a URL.
    pub context: Option<String>,
    /// The file that says how, below the context; `None` where it is in the model itself.
    pub dockerfile: Option<String>,
    /// The whole block, to tell whether two are the same.
    text: String,
}

/// What a service waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The service that it waits for.
    pub service: String,
    /// Until when.
    pub condition: Condition,
}

/// Until when a service waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It has been started.
    Started,
    /// Its health check passes.
    Healthy,
    /// It has ended well.
    Completed,
    /// One that is not known.
    Other,
}

/// Something mounted into a service's containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// What stands behind it.
    pub kind: MountKind,
    /// Path, volume or image; anonymous volumes and tmpfs have none.
    pub source: Option<String>,
    /// Where it appears.
    pub target: String,
    /// Whether the engine makes a directory where the source of a bind is missing.
    pub creates_host_path: bool,
}

/// What stands behind a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountKind {
    /// A path of the host.
    Bind,
    /// A volume.
    Volume,
    /// An image.
    Image,
    /// Something else, which no override touches.
    Other,
}

/// A file of environment variables of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    /// Its path.
    pub path: String,
    /// Whether compose refuses when it is missing.
    pub required: bool,
}

/// A port of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The address, or all of them.
    pub host_ip: Option<String>,
    /// The port, or a range `8000-8010`.
    pub port: String,
    /// `tcp`, `udp`, …
    pub protocol: String,
}

/// Why a text is no resolved model. It is compose's output, so this is no mistake of the user.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// No JSON.
    #[error("compose printed something that is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// JSON, and yet not a compose project.
    #[error("compose printed a model whose `{place}` is not {expected}")]
    Shape {
        /// The path of keys.
        place: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Model {
    /// Reads what compose printed.
    ///
    /// # Errors
    /// When it is no JSON, or its services are not a mapping of mappings.
    pub fn parse(text: &[u8], form: Form) -> Result<Self, ModelError> {
        Self::from_value(serde_json::from_slice(text).map_err(ModelError::NotJson)?, form)
    }

    /// The same of a document that has been read already.
    ///
    /// # Errors
    /// When its services are not a mapping of mappings.
    pub fn from_value(document: Value, form: Form) -> Result<Self, ModelError> {
        let shape = |place: &str, expected| ModelError::Shape { place: place.to_owned(), expected };
        let root = document.as_object().ok_or_else(|| shape(".", "a mapping"))?;
        let reader = Reader { form };
        let mut services = BTreeMap::new();
        match root.get("services") {
            None | Some(Value::Null) => {}
            Some(Value::Object(all)) => {
                for (name, value) in all {
                    let fields = value.as_object().ok_or_else(|| shape(&format!("services.{name}"), "a mapping"))?;
                    services.insert(reader.unescaped(name), reader.service(fields));
                }
            }
            Some(_) => return Err(shape("services", "a mapping")),
        }
        Ok(Self {
            name: reader.text(root.get("name")).unwrap_or_default(),
            services,
            config_files: reader.files(root.get("configs")),
            secret_files: reader.files(root.get("secrets")),
            bound_volumes: reader.bound_volumes(root.get("volumes")),
            document,
        })
    }

    /// The whole document, as compose printed it.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Whether a service runs once and ends: somebody waits for its end, or it says so itself (`x-imt.job`).
    pub fn is_job(&self, service: &str) -> bool {
        let awaited =
            |dependency: &Dependency| dependency.service == service && dependency.condition == Condition::Completed;
        self.services.get(service).is_some_and(|service| service.is_declared_job)
            || self.services.values().any(|other| other.depends_on.iter().any(awaited))
    }

    /// What compose calls the image of a service that is built and has no `image`.
    pub(super) fn default_image(&self, service: &str) -> String {
        format!("{}-{service}", self.name)
    }
}

impl Service {
    /// Whether the hash that compose gives its configuration can be known before its containers are made. That of a service
    /// which uses parts of another one's container covers the id of that; label files, which only [`Form::Raw`] shows, are
    /// covered in a way of their own.
    pub fn has_known_hash(&self) -> bool {
        !self.borrows_container && self.label_files.is_empty()
    }
}

impl Build {
    /// Whether both build the same: every key equal.
    pub fn is_same(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Reads values of one form.
struct Reader {
    form: Form,
}

impl Reader {
    fn unescaped(&self, text: &str) -> String {
        match self.form {
            Form::Resolved => text.replace("$$", "$"),
            Form::Raw => text.to_owned(),
        }
    }

    fn text(&self, value: Option<&Value>) -> Option<String> {
        value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(|text| self.unescaped(text))
    }

    /// A list of texts, or a single one.
    fn texts(&self, value: Option<&Value>) -> Vec<String> {
        items(value).filter_map(|item| self.text(Some(item))).collect()
    }

    fn service(&self, fields: &Map<String, Value>) -> Service {
        let get = |key: &str| fields.get(key).filter(|value| !value.is_null());
        let deploy = get("deploy");
        Service {
            image: self.text(get("image")),
            build: get("build").map(|build| self.build(build)),
            is_provided: get("provider").is_some(),
            container_name: self.text(get("container_name")),
            platform: self.text(get("platform")),
            pull_policy: self.text(get("pull_policy")),
            restart: self.text(get("restart")).or_else(|| restart_of(deploy)),
            scale: scale(get("scale"), deploy),
            failure_action: self.text(deploy.and_then(|deploy| deploy.get("update_config")?.get("failure_action"))),
            profiles: self.texts(get("profiles")),
            depends_on: self.dependencies(get("depends_on")),
            mounts: items(get("volumes")).filter_map(|value| self.mount(value)).collect(),
            env_files: items(get("env_file")).filter_map(|value| self.env_file(value)).collect(),
            label_files: self.texts(get("label_file")),
            configs: self.sources(get("configs")),
            secrets: self.sources(get("secrets")),
            published: items(get("ports")).filter_map(|value| self.published(value)).collect(),
            hook_images: items(get("pre_start")).filter_map(|hook| self.text(hook.get("image"))).collect(),
            borrows_container: borrows_container(fields),
            is_declared_job: get("x-imt").and_then(|ours| ours.get("job")).and_then(Value::as_bool) == Some(true),
        }
    }

    /// A block, or the directory alone.
    fn build(&self, value: &Value) -> Build {
        let context = self.text(value.get("context").or(Some(value)));
        let is_inline = value.get("dockerfile_inline").is_some_and(|inline| !inline.is_null());
        Build {
            tags: self.texts(value.get("tags")),
            context: context.filter(|context| !is_url(context)),
            dockerfile: self
                .text(value.get("dockerfile"))
                .or_else(|| Some("Dockerfile".to_owned()))
                .filter(|_| !is_inline),
            text: value.to_string(),
        }
    }

    fn dependencies(&self, value: Option<&Value>) -> Vec<Dependency> {
        let all = value.and_then(Value::as_object).into_iter().flatten();
        all.map(|(name, how)| Dependency {
            service: self.unescaped(name),
            condition: match how.get("condition").and_then(Value::as_str) {
                None | Some("service_started") => Condition::Started,
                Some("service_healthy") => Condition::Healthy,
                Some("service_completed_successfully") => Condition::Completed,
                Some(_) => Condition::Other,
            },
        })
        .collect()
    }

    fn mount(&self, value: &Value) -> Option<Mount> {
        let kind = match value.get("type")?.as_str()? {
            "bind" => MountKind::Bind,
            "volume" => MountKind::Volume,
            "image" => MountKind::Image,
            _ => MountKind::Other,
        };
        let bind = value.get("bind");
        Some(Mount {
            kind,
            source: self.text(value.get("source")),
            target: self.text(value.get("target"))?,
            creates_host_path: bind.and_then(|bind| bind.get("create_host_path")).and_then(Value::as_bool)
                == Some(true),
        })
    }

    fn env_file(&self, value: &Value) -> Option<EnvFile> {
        let required = value.get("required").and_then(Value::as_bool).unwrap_or(true);
        Some(EnvFile { path: self.text(value.get("path").or(Some(value)))?, required })
    }

    /// Names of configs or secrets: `- name` or `- source: name`.
    fn sources(&self, value: Option<&Value>) -> Vec<String> {
        items(value).filter_map(|item| self.text(item.get("source").or(Some(item)))).collect()
    }

    fn published(&self, value: &Value) -> Option<Published> {
        Some(Published {
            host_ip: self.text(value.get("host_ip")),
            port: self.text(value.get("published"))?,
            protocol: self.text(value.get("protocol")).unwrap_or_else(|| "tcp".to_owned()),
        })
    }

    fn files(&self, value: Option<&Value>) -> BTreeMap<String, String> {
        let all = value.and_then(Value::as_object).into_iter().flatten();
        all.filter_map(|(name, value)| Some((self.unescaped(name), self.text(value.get("file"))?))).collect()
    }

    fn bound_volumes(&self, value: Option<&Value>) -> BTreeMap<String, String> {
        let all = value.and_then(Value::as_object).into_iter().flatten();
        all.filter_map(|(name, volume)| {
            let options = volume.get("driver_opts")?;
            let is_local = volume.get("driver").and_then(Value::as_str).is_none_or(|driver| driver == "local");
            let is_bind = options.get("o")?.as_str()?.split(',').any(|option| matches!(option, "bind" | "rbind"));
            let device = self.text(options.get("device"))?;
            (is_local && is_bind).then(|| (self.unescaped(name), device))
        })
        .collect()
    }
}

fn borrows_container(fields: &Map<String, Value>) -> bool {
    let mode = |key: &str| fields.get(key).and_then(Value::as_str).is_some_and(|mode| mode.starts_with("service:"));
    let mut volumes = items(fields.get("volumes_from")).filter_map(Value::as_str);
    ["network_mode", "ipc", "pid"].into_iter().any(mode) || volumes.any(|from| !from.starts_with("container:"))
}

/// What compose fetches instead of looking for a directory.
fn is_url(context: &str) -> bool {
    context.contains("://") || context.starts_with("git@") || context.starts_with("github.com/")
}

/// The items of a list; anything else but nothing is a list of itself.
fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (list, single): (&[Value], _) = match value {
        Some(Value::Array(list)) => (list, None),
        Some(Value::Null) | None => (&[], None),
        Some(single) => (&[], Some(single)),
    };
    list.iter().chain(single)
}

/// The `restart` that compose makes of a restart policy.
fn restart_of(deploy: Option<&Value>) -> Option<String> {
    let condition = deploy?.get("restart_policy")?.get("condition")?.as_str()?;
    let restart = match condition {
        "any" => "always",
        "none" => "no",
        other => other,
    };
    Some(restart.to_owned())
}

fn scale(scale: Option<&Value>, deploy: Option<&Value>) -> u64 {
    let replicas = deploy.and_then(|deploy| deploy.get("replicas"));
    scale.or(replicas).and_then(Value::as_u64).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Model, ModelError> {
        Model::parse(text.as_bytes(), Form::Resolved)
    }

    #[test]
    fn what_is_no_model_is_said_clearly() {
        for (text, expected) in [
            ("", "compose printed something that is not JSON"),
            ("[]", "compose printed a model whose `.` is not a mapping"),
            (r#"{"services": 3}"#, "compose printed a model whose `services` is not a mapping"),
            (r#"{"services": {"a": []}}"#, "compose printed a model whose `services.a` is not a mapping"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn unknown_keys_and_shapes_are_no_error() {
        let model = parse(r#"{"name":"p","new":1,"services":{"a":{"image":"x","scale":"two","volumes":[7,{"type":"new","target":"/t"}],"ports":["80"],"depends_on":[],"env_file":null}}}"#).unwrap();
        let service = &model.services["a"];
        assert_eq!((service.scale, service.image.as_deref()), (1, Some("x")));
        assert_eq!(service.mounts.len(), 1, "what is mounted in an unknown way is there all the same");
        assert_eq!(service.mounts[0].kind, MountKind::Other);
    }

    #[test]
    fn a_dollar_is_one_in_the_resolved_form() {
        let text = r#"{"name":"p","services":{"a":{"image":"x","container_name":"a$$b"}}}"#;
        let name = |form| Model::parse(text.as_bytes(), form).unwrap().services["a"].container_name.clone().unwrap();
        assert_eq!((name(Form::Resolved), name(Form::Raw)), ("a$b".to_owned(), "a$$b".to_owned()));
    }

    #[test]
    fn some_hashes_are_known_only_afterwards() {
        let known = |field: &str| {
            let text = format!(r#"{{"name":"p","services":{{"a":{{"image":"x",{field}}}}}}}"#);
            Model::parse(text.as_bytes(), Form::Raw).unwrap().services["a"].has_known_hash()
        };
        for field in [r#""network_mode":"host""#, r#""volumes_from":["container:c"]"#, r#""ipc":"host""#] {
            assert!(known(field), "{field}");
        }
        for field in [
            r#""network_mode":"service:b""#,
            r#""ipc":"service:b""#,
            r#""pid":"service:b""#,
            r#""volumes_from":["b:ro"]"#,
            r#""label_file":["labels"]"#,
        ] {
            assert!(!known(field), "{field}");
        }
    }

    #[test]
    fn a_job_is_what_is_awaited_or_says_so() {
        let model = parse(
            r#"{"name":"p","services":{"web":{"image":"x","depends_on":{"migrate":{"condition":"service_completed_successfully"},"db":{"condition":"service_healthy"}}},"migrate":{"image":"x"},"db":{"image":"y"},"seed":{"image":"z","x-imt":{"job":true}}}}"#,
        )
        .unwrap();
        let jobs: Vec<_> = model.services.keys().filter(|name| model.is_job(name)).collect();
        assert_eq!(jobs, ["migrate", "seed"]);
    }
}
