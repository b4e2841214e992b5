//! What an operator says: by a file, by the environment, by the command line. The last of them wins.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use imt_core::secret::Secret;
use imt_server::{Network, ProviderSettings, Upkeep};
use serde::Deserialize;

use super::error::ProgramError;
use super::providers::{self, ProviderFlags, SaidProvider};

/// A CI/CD server: API, webhooks, live logs, with a runner in the same process
///
/// With nothing said it serves whoever works at this machine: on the loopback, with everything in `./imt-data`. A link to sign
/// in is printed.
#[derive(Debug, Parser)]
#[command(version)]
pub(super) struct Args {
    /// A file with these settings, in TOML; what is said here wins over it
    #[arg(long, value_name = "FILE", env = "IMT_SERVER_CONFIG", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    said: Said,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Tokens for programs
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Users
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// The database
    Db {
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Copy the store into a file, while a server runs (SQLite)
    Backup(BackupOrder),
    /// Whether the server of this machine answers: exit code 0 if it does
    Health,
}

#[derive(Debug, ClapArgs)]
pub(super) struct BackupOrder {
    /// The file, which must not be there yet
    #[arg(long, value_name = "FILE")]
    pub(super) to: PathBuf,
    /// Copy the keys too, into `FILE.keys`: whoever has both has the secrets
    #[arg(long)]
    pub(super) with_keys: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say what is wrong with it, or what it comes to
    Check,
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token with all rights of its user; its last line is the token
    Create(TokenOrder),
}

#[derive(Debug, ClapArgs)]
pub(super) struct TokenOrder {
    /// What to call it
    #[arg(long, default_value = "command line")]
    pub(super) name: String,
    /// Whose it is: the verified e-mail address, or the id; needed where people sign in at a provider
    #[arg(long, value_name = "EMAIL|ID")]
    pub(super) user: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// All users
    List,
    /// Keep somebody out: all sessions and tokens end
    Disable {
        /// The verified e-mail address, or the id
        #[arg(value_name = "EMAIL|ID")]
        user: String,
    },
    /// Let somebody in again
    Enable {
        /// The id
        #[arg(value_name = "ID")]
        user: String,
    },
    /// Make somebody an administrator
    Admin {
        /// The verified e-mail address, or the id
        #[arg(value_name = "EMAIL|ID")]
        user: String,
        /// Make him none any more
        #[arg(long)]
        revoke: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Bring the schema up to date
    Migrate,
}

/// Where jobs run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(super) enum ExecutorChoice {
    /// In containers if there is an engine, else on this machine, where that is allowed
    Auto,
    /// In containers
    Docker,
    /// On this machine: whoever may change a pipeline file may do everything that the server may
    Local,
}

/// What can be said, by whatever way.
#[derive(Debug, Clone, Default, Deserialize, ClapArgs)]
#[serde(deny_unknown_fields, default)]
struct Said {
    /// Where everything is kept that is in no database
    #[arg(long, value_name = "DIR", env = "IMT_SERVER_DATA_DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", env = "IMT_SERVER_LISTEN", global = true)]
    listen: Option<SocketAddr>,
    /// How browsers reach the server: `https://ci.example.org`
    #[arg(long, value_name = "URL", env = "IMT_SERVER_PUBLIC_URL", global = true)]
    public_url: Option<String>,
    /// The database: `postgres://…`; a file of SQLite in the data directory if none is said
    #[arg(long, value_name = "URL", env = "IMT_SERVER_DATABASE_URL", hide_env_values = true, global = true)]
    database_url: Option<String>,
    /// A file with the password of the database, in the place of one in its address
    #[arg(long, value_name = "FILE", env = "IMT_SERVER_DATABASE_PASSWORD_FILE", global = true)]
    database_password_file: Option<PathBuf>,
    /// Pipelines side by side in this process; 0: other machines run them, by `imt runner` [default: one for each processor]
    #[arg(long, value_name = "N", env = "IMT_SERVER_RUNNERS", global = true)]
    runners: Option<u32>,
    /// Where jobs run [default: auto]
    #[arg(long, value_enum, env = "IMT_SERVER_EXECUTOR", global = true)]
    executor: Option<ExecutorChoice>,
    /// Proxies whose word about a client's address counts: addresses or networks
    #[arg(long, value_name = "NETWORK", value_delimiter = ',', env = "IMT_SERVER_TRUSTED_PROXIES", global = true)]
    trusted_proxies: Option<Vec<String>>,
    /// Whether a client who calls too often is told to wait [default: true]
    #[arg(long, value_name = "BOOL", env = "IMT_SERVER_RATE_LIMITS", global = true)]
    rate_limits: Option<bool>,
    /// Whether repositories may be inside of the server's own network
    #[arg(long, value_name = "BOOL", env = "IMT_SERVER_ALLOW_PRIVATE_NETWORKS", global = true)]
    allow_private_networks: Option<bool>,
    /// The host keys of repositories that are reached over SSH [default: `known_hosts` in the data directory]
    #[arg(long, value_name = "FILE", env = "IMT_SERVER_KNOWN_HOSTS", global = true)]
    known_hosts: Option<PathBuf>,
    /// After how many seconds each repository is asked again for pushes that nobody told of; 0: only when it is new, and when
    /// somebody wants it [default: 300]
    #[arg(long, value_name = "SECONDS", env = "IMT_SERVER_RECONCILE_SECONDS", global = true)]
    reconcile_seconds: Option<u32>,
    /// For how many days deliveries are kept once something has come of them [default: 30]
    #[arg(long, value_name = "DAYS", env = "IMT_SERVER_KEEP_DELIVERIES_DAYS", global = true)]
    keep_deliveries_days: Option<u32>,
    /// Who says who somebody is.
    #[arg(skip)]
    oidc: Vec<SaidProvider>,
    #[command(flatten)]
    #[serde(skip)]
    provider: ProviderFlags,
}

impl Said {
    /// This, and what is not said by it as the file has it.
    fn or(self, other: Self) -> Self {
        Self {
            data_dir: self.data_dir.or(other.data_dir),
            listen: self.listen.or(other.listen),
            public_url: self.public_url.or(other.public_url),
            database_url: self.database_url.or(other.database_url),
            database_password_file: self.database_password_file.or(other.database_password_file),
            runners: self.runners.or(other.runners),
            executor: self.executor.or(other.executor),
            trusted_proxies: self.trusted_proxies.or(other.trusted_proxies),
            rate_limits: self.rate_limits.or(other.rate_limits),
            allow_private_networks: self.allow_private_networks.or(other.allow_private_networks),
            known_hosts: self.known_hosts.or(other.known_hosts),
            reconcile_seconds: self.reconcile_seconds.or(other.reconcile_seconds),
            keep_deliveries_days: self.keep_deliveries_days.or(other.keep_deliveries_days),
            oidc: other.oidc,
            provider: self.provider,
        }
    }
}

/// What was said, understood.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) data_dir: PathBuf,
    pub(super) listen: SocketAddr,
    pub(super) public_url: Option<String>,
    pub(super) database_url: Option<String>,
    pub(super) database_password: Option<Secret>,
    pub(super) runners: Option<u32>,
    pub(super) executor: ExecutorChoice,
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) rate_limits: bool,
    pub(super) allow_private_networks: bool,
    pub(super) known_hosts: PathBuf,
    pub(super) upkeep: Upkeep,
    /// Who says who somebody is. Where nobody does there is one user.
    pub(super) providers: Vec<ProviderSettings>,
    /// How long a runner's claim lasts that nobody renews.
    pub(super) lease: Duration,
}

/// Reads all of it.
pub(super) fn read(args: &Args) -> Result<Config, ProgramError> {
    let file = args.config.as_deref().map(from_file).transpose()?.unwrap_or_default();
    let said = args.said.clone().or(file);
    let data_dir = said.data_dir.unwrap_or_else(|| PathBuf::from("./imt-data"));
    // Git and containers are given paths below it, and have directories of their own.
    let data_dir = std::path::absolute(&data_dir)
        .map_err(|error| ProgramError::usage(format!("`{}` is no path", data_dir.display())).because(&error))?;
    let listen = said.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
    let proxies = said.trusted_proxies.unwrap_or_default();
    let proxies = proxies.iter().map(|proxy| proxy.parse::<Network>()).collect::<Result<Vec<_>, _>>();
    let public_url = said.public_url.map(|url| origin(&url)).transpose()?;
    let upkeep = upkeep(said.reconcile_seconds, said.keep_deliveries_days);
    let providers = providers::understood(said.oidc, said.provider)?;
    let config = Config {
        upkeep,
        known_hosts: said.known_hosts.unwrap_or_else(|| data_dir.join("known_hosts")),
        data_dir,
        listen,
        public_url,
        database_url: said.database_url,
        database_password: said.database_password_file.as_deref().map(password_in).transpose()?,
        runners: said.runners,
        executor: said.executor.unwrap_or(ExecutorChoice::Auto),
        trusted_proxies: proxies.map_err(|error| ProgramError::usage(format!("`trusted_proxies`: {error}")))?,
        rate_limits: said.rate_limits.unwrap_or(true),
        // Whoever is alone with the server reaches everything by himself.
        allow_private_networks: said.allow_private_networks.unwrap_or(providers.is_empty()),
        providers,
        lease: Duration::from_secs(30),
    };
    check(config)
}

fn upkeep(reconcile_seconds: Option<u32>, keep_deliveries_days: Option<u32>) -> Upkeep {
    let mut upkeep = Upkeep::default();
    if let Some(seconds) = reconcile_seconds {
        upkeep.look_every = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
    }
    if let Some(days) = keep_deliveries_days {
        upkeep.keep_deliveries = Duration::from_hours(u64::from(days) * 24);
    }
    upkeep
}

impl Config {
    /// Whether there is one user only: whoever has the link, who works at this machine.
    pub(super) const fn is_single_user(&self) -> bool {
        self.providers.is_empty()
    }
}

/// Others than this machine reach a server only where somebody says who they are, and nobody on the way can listen.
fn check(config: Config) -> Result<Config, ProgramError> {
    if is_loopback(config.listen.ip()) {
        return Ok(config);
    }
    let listen = config.listen;
    if config.is_single_user() {
        let message =
            format!("`listen` is {listen}, and without a provider of sign-ins only this machine may reach it");
        return Err(ProgramError::usage(message).help("listen on 127.0.0.1, or name a provider: `[[oidc]]`"));
    }
    if !config.public_url.as_ref().is_some_and(|url| url.starts_with("https://")) {
        let message = format!(
            "`listen` is {listen}, which others reach, and `public_url` is no address that begins with https://: whoever is \
             on the way could take their sessions"
        );
        let help = "put a proxy with TLS before the server, and say its address as `public_url`";
        return Err(ProgramError::usage(message).help(help));
    }
    Ok(config)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn from_file(path: &Path) -> Result<Said, ProgramError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ProgramError::usage(format!("`{}` cannot be read", path.display())).because(&error))?;
    toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let before = text.get(..at).unwrap_or_default();
        let (line, begin) = (before.matches('\n').count(), before.rfind('\n').map_or(0, |newline| newline + 1));
        let column = before.get(begin..).unwrap_or_default().chars().count();
        // The line itself is not shown, as it may hold a secret, and so may what is said of its value.
        let about = text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let is_secret = about.contains("secret") || about.contains("database_url");
        let why = if is_secret { "this cannot be understood" } else { error.message() };
        ProgramError::usage(format!("`{}`, line {}, column {}: {why}", path.display(), line + 1, column + 1))
    })
}

/// The password that a file holds.
fn password_in(path: &Path) -> Result<Secret, ProgramError> {
    providers::secret_in(path).map_err(|error| {
        ProgramError::usage(format!("`database_password_file` `{}` cannot be read", path.display())).because(&error)
    })
}

/// An address as browsers have it in `Origin`: scheme, host and port, and nothing behind them.
fn origin(url: &str) -> Result<String, ProgramError> {
    let wrong = |why: &str| ProgramError::usage(format!("`public_url` is `{url}`, {why}"));
    let bare = url.trim_end_matches('/');
    let host = bare.strip_prefix("https://").or_else(|| bare.strip_prefix("http://"));
    let host = host.ok_or_else(|| wrong("which begins with neither https:// nor http://"))?;
    if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
        return Err(wrong("of which more than a host and a port cannot be used"));
    }
    Ok(bare.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Config, ProgramError> {
        read(&Args::parse_from([&["imt-server"], words].concat()))
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:9\"\nrunners = 3\ntrusted_proxies = [\"10.0.0.0/8\"]\n").unwrap();
        let config = of(&["--config", file.to_str().unwrap(), "--listen", "127.0.0.1:7"]).unwrap();
        assert_eq!((config.listen.port(), config.runners, config.trusted_proxies.len()), (7, Some(3), 1));
        assert_eq!(config.upkeep, Upkeep::default());
        let config = of(&["--reconcile-seconds", "0", "--keep-deliveries-days", "2"]).unwrap();
        assert_eq!((config.upkeep.look_every, config.upkeep.keep_deliveries), (None, Duration::from_hours(48)));
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        for (text, words) in [
            ("runners = 1\nlisen = \"x\"\n", &["line 2", "lisen"][..]),
            ("listen = 8080\n", &["line 1"]),
            ("trusted_proxies = [\"*\"]\n", &["trusted_proxies", "`*`"]),
            ("listen = \"0.0.0.0:80\"\n", &["0.0.0.0:80", "this machine"]),
            ("runners = 1\n[[oidc]]\nname = \"google\"\nclient = \"x\"\n", &["line 4, column 1", "`client`"]),
            ("[[oidc]]\nname = \"google\"\n", &["`google`", "`client_id`"]),
            ("[[oidc]]\nname = \"id\"\nclient_id = \"x\"\nclient_secret = \"y\"\n", &["`id`", "`issuer`"]),
            ("[[oidc]]\nclient_secret_file = \"/nowhere\"\n", &["`/nowhere`"]),
            ("[[oidc]]\nclient_secret_file = \"x\"\nclient_secret = \"y\"\n", &["both"]),
            ("public_url = \"ci.example.org\"\n", &["public_url"]),
            ("public_url = \"https://ci.example.org/path\"\n", &["public_url"]),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = of(&["--config", file.to_str().unwrap()]).unwrap_err();
            let shown = format!("{error:?}");
            assert!(words.iter().all(|word| shown.contains(word)) && error.exit == 2, "{text}: {shown}");
        }
    }

    /// A file with a provider, and more at its beginning.
    fn with_provider(before: &str, words: &[&str]) -> Result<Config, ProgramError> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        let text = format!(
            "{before}\n[[oidc]]\nname = \"id\"\nissuer = \"https://id.example.org\"\nclient_id = \"imt\"\n\
             client_secret = \"canary\"\n"
        );
        std::fs::write(&file, text).unwrap();
        of(&[&["--config", file.to_str().unwrap()], words].concat())
    }

    #[test]
    fn a_provider_makes_a_server_for_many() {
        let config = with_provider("", &[]).unwrap();
        assert!(!config.is_single_user() && !config.allow_private_networks);
        assert!(of(&[]).unwrap().is_single_user() && of(&[]).unwrap().allow_private_networks);
        assert!(with_provider("allow_private_networks = true", &[]).unwrap().allow_private_networks);
        assert_eq!(config.providers[0].issuer, "https://id.example.org");
        assert!(!format!("{config:?}").contains("canary"));
        let others = "listen = \"0.0.0.0:80\"\n";
        for public in ["", "public_url = \"http://ci.example.org\"\n"] {
            let error = with_provider(&format!("{others}{public}"), &[]).unwrap_err();
            assert!(format!("{error:?}").contains("https://"), "{error:?}");
        }
        assert!(with_provider(&format!("{others}public_url = \"https://ci.example.org\"\n"), &[]).is_ok());
    }

    #[test]
    fn flags_say_more_of_the_provider_of_the_file_or_name_another() {
        let config =
            with_provider("", &["--oidc-client-secret", "other", "--oidc-allowed-email-domains", "a.org,b.org"]);
        let provider = &config.unwrap().providers[0];
        assert_eq!((provider.client_secret.expose(), provider.allowed_email_domains.len()), ("other", 2));
        let more = ["--oidc-name", "google", "--oidc-client-id", "x", "--oidc-client-secret", "y"];
        let domains = ["--oidc-allowed-email-domains", "example.org"];
        let config = with_provider("", &[&more[..], &domains].concat()).unwrap();
        let found: Vec<&str> = config.providers.iter().map(|provider| provider.issuer.as_str()).collect();
        assert_eq!(found, ["https://id.example.org", "https://accounts.google.com"]);
        // Whoever has an account there could come in.
        assert!(format!("{:?}", of(&more).unwrap_err()).contains("allowed_email_domains"));
    }

    #[test]
    fn no_mistake_shows_a_secret() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        for text in [
            "[[oidc]]\nclient_secret = \"canary\n",
            "[[oidc]]\nclient_secret = canary\n",
            "[[oidc]]\nclient_secret = [\"canary\"]\n",
            "[[oidc]]\nclient_secret = 'canary' x\n",
            "database_url = \"postgres://imt:canary@db/imt\n",
            "[[oidc]]\nname = \"id\"\nclient_secret = \"canary\"\nissuer = \"x\"\n",
        ] {
            std::fs::write(&file, text).unwrap();
            let error = of(&["--config", file.to_str().unwrap()]).unwrap_err();
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
    }

    /// What people are told to write is what is understood.
    #[test]
    fn the_files_that_people_begin_with_can_be_used() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        from_file(&root.join("packaging/compose/imt.toml")).unwrap();
        let page = std::fs::read_to_string(root.join("docs/installing.md")).unwrap();
        let block = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("server.toml"), block).unwrap();
        from_file(&dir.path().join("server.toml")).unwrap();
    }
}
