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
}

/// The content of the configuration file.
pub(crate) fn global_config(network: Network<'_>) -> String {
    let Network { low_speed_bytes, low_speed_seconds, credential_file } = network;
    let mut text = FIXED.to_owned();
    write!(
        text,
        "[http]\n\tfollowRedirects = false\n\temptyAuth = false\n\tlowSpeedLimit = {low_speed_bytes}\n\tlowSpeedTime = \
         {low_speed_seconds}\n"
    )
    .unwrap_or_default();
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

    #[test]
    fn values_survive_both_quotings() {
        let network =
            Network { low_speed_bytes: 1, low_speed_seconds: 2, credential_file: Some("/a b/it's \"x\"/credentials") };
        let text = global_config(network);
        let line = r#"helper = "store --file='/a b/it'\\''s \"x\"/credentials'""#;
        assert!(text.contains(line), "{text}");
    }
}
