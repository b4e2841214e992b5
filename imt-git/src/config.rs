//! The configuration that git runs under: the only one it sees besides that of the repository itself.

use std::fmt::Write as _;

/// Settings that never change. No hook, no monitor, no background work, no redirect, only named protocols; objects from
/// outside are checked, except for old and harmless flaws that real histories have.
const FIXED: &str = "\
[core]
\thooksPath = /dev/null
\tfsmonitor = false
\tattributesFile = /dev/null
\texcludesFile = /dev/null
[init]
\ttemplateDir =
\tdefaultBranch = main
[safe]
\tdirectory = *
[protocol]
\tallow = never
\tversion = 2
[fetch]
\tfsckObjects = true
\tunpackLimit = 1
\twriteCommitGraph = false
[fetch \"fsck\"]
\tmissingSpaceBeforeDate = ignore
\tzeroPaddedDate = ignore
\tzeroPaddedFilemode = ignore
\tbadTimezone = ignore
\tmissingEmail = ignore
\tbadFilemode = ignore
[transfer]
\tcredentialsInUrl = die
[gc]
\tauto = 0
\tautoDetach = false
[maintenance]
\tauto = false
[credential]
\thelper =
[advice]
\tdetachedHead = false
[submodule]
\trecurse = false
";

/// What a network call adds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Network<'a> {
    /// Slower than this, in bytes per second, …
    pub(crate) low_speed_bytes: u32,
    /// … for this many seconds, ends a transfer.
    pub(crate) low_speed_seconds: u64,
    /// The file for `git credential-store`.
    pub(crate) credential_file: Option<&'a str>,
    /// Host, port and addresses, as curl takes them: no other address is connected to for that host.
    pub(crate) pinned: Option<&'a str>,
}

/// The content of the configuration file.
pub(crate) fn global_config(network: Network<'_>) -> String {
    let Network { low_speed_bytes, low_speed_seconds, credential_file, pinned } = network;
    let mut text = FIXED.to_owned();
    write!(
        text,
        "[http]\n\tfollowRedirects = false\n\temptyAuth = false\n\tlowSpeedLimit = {low_speed_bytes}\n\tlowSpeedTime = \
         {low_speed_seconds}\n"
    )
    .unwrap_or_default();
    if let Some(pinned) = pinned {
        writeln!(text, "\tcurloptResolve = {}", quoted(pinned)).unwrap_or_default();
    }
    if let Some(file) = credential_file {
        let helper = format!("store --file={}", shell_quoted(file));
        writeln!(text, "[credential]\n\thelper = {}", quoted(&helper)).unwrap_or_default();
    }
    text
}

/// A value as it stands in a configuration file. The caller keeps control characters out.
pub(crate) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// One word for a POSIX shell.
pub(crate) fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Network<'_> = Network { low_speed_bytes: 1, low_speed_seconds: 2, credential_file: None, pinned: None };

    /// The real git must connect to the address that it is given, for a name that nobody knows.
    #[test]
    fn a_pinned_host_is_looked_up_nowhere() {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 4096];
            let count = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            String::from_utf8_lossy(&request[..count]).into_owned()
        });
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config");
        let pinned = format!("nowhere.invalid:{port}:127.0.0.1");
        std::fs::write(&config, global_config(Network { pinned: Some(&pinned), ..SLOW })).unwrap();
        let output = std::process::Command::new("git")
            .args(["ls-remote", &format!("http://nowhere.invalid:{port}/a.git")])
            .env("GIT_CONFIG_GLOBAL", &config)
            .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_ALLOW_PROTOCOL", "http"), ("GIT_TERMINAL_PROMPT", "0")])
            .env_remove("http_proxy")
            .output()
            .expect("git is needed");
        assert!(!output.status.success(), "there is no repository");
        assert!(String::from_utf8_lossy(&output.stderr).contains("not found"), "{output:?}");
        assert!(asked.join().unwrap().contains(&format!("Host: nowhere.invalid:{port}")));
    }

    #[test]
    fn values_survive_both_quotings() {
        let network = Network { credential_file: Some("/a b/it's \"x\"/credentials"), ..SLOW };
        let text = global_config(network);
        let line = r#"helper = "store --file='/a b/it'\\''s \"x\"/credentials'""#;
        assert!(text.contains(line), "{text}");
    }
}
