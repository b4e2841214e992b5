//! The shell texts that run on a host.
//!
//! Pure. What is started is the same short line each time ([`line`]), harmless to any login shell: it reads one line of its
//! input and evaluates that in `sh`. So neither arguments nor variables of a command are in the argument list of a shell,
//! and a line that arrives in part, because the connection was cut, is never run. Each text first says a word after its *mark*, so
//! that what a login shell prints by itself is told from the answer.

use bytes::Bytes;

use crate::plan::EnvValue;
use crate::ports::{FileMode, RemoteCommand, TransportError, TransportErrorKind, TransportResult};
use crate::shell::{command_line, is_sayable, quote};

/// The variable by which the processes of a command are found.
const MARK_VARIABLE: &str = "IMT_COMMAND";

/// What a text says first, after its mark.
pub(super) mod word {
    pub(crate) const BEGUN: &str = "begun";
    pub(crate) const DONE: &str = "done";
    pub(crate) const MISSING: &str = "missing";
    pub(crate) const DENIED: &str = "denied";
    pub(crate) const DIRECTORY: &str = "directory";
    pub(crate) const FULL: &str = "full";
    pub(crate) const FAILED: &str = "failed";
}

/// What the user's login shell is told to run.
pub(super) fn line(mark: &str) -> String {
    // In single quotes and without any itself, so that shells of other families (fish, csh) read it as well.
    format!(
        "exec env {MARK_VARIABLE}={mark} sh -c \
         'imt_n=$(printf \"\\nx\"); imt_n=${{imt_n%x}}; IFS= read -r imt_l && eval \"$imt_l\"'"
    )
}

/// A text as the line that is read: every line break of it is inside single quotes.
fn as_input(text: &str) -> Bytes {
    let mut input = text.replace('\n', "'\"$imt_n\"'");
    input.push('\n');
    input.into()
}

fn invalid(message: impl Into<String>) -> TransportError {
    TransportError::new(TransportErrorKind::Invalid, message)
}

fn is_variable_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A path that no program takes for an option, and that means the same.
fn plain_path(path: &str) -> TransportResult<String> {
    if path.is_empty() || !is_sayable(path) {
        return Err(invalid(format!("`{}` is no path", path.escape_debug())));
    }
    Ok(if path.starts_with('/') { path.to_owned() } else { format!("./{path}") })
}

/// The text that becomes a command.
pub(super) fn command(command: &RemoteCommand, mark: &str) -> TransportResult<Bytes> {
    let program = command.argv.first().map_or("", String::as_str);
    if program.is_empty() || program.starts_with('-') {
        return Err(invalid(format!("`{}` is no program", program.escape_debug())));
    }
    if !command.argv.iter().all(|word| is_sayable(word)) {
        return Err(invalid(format!(
            "an argument of `{}` holds a NUL byte, which no process can be given",
            program.escape_debug()
        )));
    }
    let mut parts = Vec::new();
    if let Some(cwd) = &command.cwd {
        let cwd = quote(&plain_path(cwd)?);
        parts.push(format!(
            "unset CDPATH; cd {cwd} 2>/dev/null || {{ if [ -d {cwd} ]; then echo {mark} {}; else echo {mark} {}; fi; exit 1; }}",
            word::DENIED,
            word::MISSING,
        ));
    }
    for variable in &command.env {
        let value = match &variable.value {
            EnvValue::Plain(text) => text.as_str(),
            EnvValue::Secret(secret) => secret.expose(),
        };
        if !is_variable_name(&variable.name) || !is_sayable(value) {
            let name = variable.name.escape_debug();
            return Err(invalid(format!("variable `{name}` has a name that no shell takes, or holds a NUL byte")));
        }
        parts.push(format!("export {}={}", variable.name, quote(value)));
    }
    parts.push(format!("echo {mark} {}", word::BEGUN));
    parts.push(format!("exec {}", command_line(&command.argv)));
    Ok(as_input(&parts.join("; ")))
}

/// The text that ends the processes of a command: SIGTERM, two seconds later SIGKILL. Its code is 0 when none is left.
///
/// `begun` is whether the command has surely begun; one that has not is waited for, for a second.
pub(super) fn end_of(mark: &str, begun: bool) -> Bytes {
    let patience = if begun { 0 } else { 10 };
    // Where `grep` sees a file only up to its first NUL, as busybox's does, each environment is made into lines first.
    as_input(&format!(
        "m={MARK_VARIABLE}={mark}; g=; if printf \"a\\000b\" | grep -qF b; then g=1; fi; \
         marked() {{ if [ -n \"$g\" ]; then grep -lsF $m /proc/[0-9]*/environ; \
         else for f in /proc/[0-9]*/environ; do if tr \"\\000\" \"\\n\" <$f | grep -qxF $m; then echo $f; fi; done; fi 2>/dev/null; }}; \
         i=0; t=; while [ $i -lt 50 ]; do p=; \
         for f in $(marked); do f=${{f#/proc/}}; p=\"$p ${{f%/environ}}\"; done; \
         if [ -z \"$p\" ]; then if [ -n \"$t\" ] || [ $i -ge {patience} ]; then exit 0; fi; \
         elif [ $i -ge 20 ]; then kill -KILL $p 2>/dev/null; \
         else for q in $p; do case \" $t \" in *\" $q \"*) ;; *) kill -TERM $q 2>/dev/null; t=\"$t $q\";; esac; done; fi; \
         sleep 0.1 2>/dev/null || sleep 1; i=$((i+1)); done; exit 1"
    ))
}

/// The text that puts what it reads in the place of a file, all of it or nothing.
pub(super) fn put(path: &str, size_bytes: usize, mode: FileMode, mark: &str) -> TransportResult<Bytes> {
    let path = plain_path(path)?;
    let (directory, name) = path.rsplit_once('/').unwrap_or((".", &path));
    if name.is_empty() || name == "." || name == ".." {
        return Err(invalid(format!("`{}` names no file", path.escape_debug())));
    }
    let directory = if directory.is_empty() { "/" } else { directory };
    // Not the name itself in it: that may be as long as names can be.
    let temporary = quote(&format!("{directory}/.imt-{mark}"));
    let (directory, path) = (quote(directory), quote(&path));
    // `dd` flushes what it has written, with GNU, busybox and BSD alike; what it read in part counts as read.
    let bits = mode.bits();
    Ok(as_input(&format!(
        "umask 077; LC_ALL=C; export LC_ALL; d={directory}; p={path}; t={temporary}; \
         if [ ! -d \"$d\" ]; then echo {mark} {missing}; exit 1; fi; \
         if [ -d \"$p\" ] && [ ! -L \"$p\" ]; then echo {mark} {is_directory}; exit 1; fi; \
         if [ ! -w \"$d\" ] || [ ! -x \"$d\" ]; then echo {mark} {denied}; exit 1; fi; \
         trap 'rm -f \"$t\"' EXIT; trap 'exit 1' HUP INT TERM PIPE; \
         if e=$(dd of=\"$t\" bs=65536 conv=fsync 2>&1) && [ \"$(wc -c <\"$t\")\" -eq {size_bytes} ] \
         && e=$(chmod {bits:o} \"$t\" 2>&1 && mv -f \"$t\" \"$p\" 2>&1); then trap - EXIT; echo {mark} {done}; exit 0; fi; \
         set -- $(df -Pk \"$d\" 2>/dev/null | tail -n 1); rm -f \"$t\"; \
         if [ \"${{4:-1024}}\" -lt 64 ] 2>/dev/null; then echo {mark} {full}; else echo {mark} {failed}; printf \"%s\" \"$e\"; fi; exit 1",
        missing = word::MISSING,
        is_directory = word::DIRECTORY,
        denied = word::DENIED,
        done = word::DONE,
        full = word::FULL,
        failed = word::FAILED,
    )))
}

/// The text that prints a file.
pub(super) fn get(path: &str, mark: &str) -> TransportResult<Bytes> {
    let path = quote(&plain_path(path)?);
    Ok(as_input(&format!(
        "p={path}; if [ -d \"$p\" ]; then w={}; elif [ -r \"$p\" ]; then echo {mark} {}; exec cat \"$p\"; \
         elif [ -e \"$p\" ]; then w={}; else w={}; \
         q=$p; while case $q in */*) true;; *) false;; esac; do q=${{q%/*}}; \
         if [ -d \"${{q:-/}}\" ]; then [ -x \"${{q:-/}}\" ] || w={}; break; fi; done; fi; echo {mark} $w; exit 1",
        word::DIRECTORY,
        word::BEGUN,
        word::DENIED,
        word::MISSING,
        word::DENIED,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::EnvVar;
    use crate::secret::Secret;

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_command_is_one_line_whatever_it_holds() {
        let secret = EnvVar { name: "TOKEN".into(), value: EnvValue::Secret(Secret::new("two\nlines")) };
        let wanted = RemoteCommand::new(["printf", "a\nb", "it's"]).cwd("-x y").env(secret);
        let input = command(&wanted, "m").unwrap();
        assert_eq!(
            text(&input),
            "unset CDPATH; cd './-x y' 2>/dev/null || { if [ -d './-x y' ]; then echo m denied; else echo m missing; fi; exit 1; }; \
             export TOKEN='two'\"$imt_n\"'lines'; echo m begun; exec printf 'a'\"$imt_n\"'b' 'it'\\''s'\n"
        );
        assert!(!line("m").contains('\n'));
    }

    #[test]
    fn what_no_process_can_be_given_is_refused() {
        let variable = |name: &str, value: &str| EnvVar { name: name.into(), value: EnvValue::Plain(value.into()) };
        let cases = [
            RemoteCommand::new(Vec::<String>::new()),
            RemoteCommand::new([""]),
            RemoteCommand::new(["-x"]),
            RemoteCommand::new(["echo", "a\0b"]),
            RemoteCommand::new(["echo"]).env(variable("A-B", "x")),
            RemoteCommand::new(["echo"]).env(variable("1A", "x")),
            RemoteCommand::new(["echo"]).env(variable("A", "x\0")),
            RemoteCommand::new(["echo"]).cwd(""),
        ];
        for case in cases {
            assert_eq!(command(&case, "m").unwrap_err().kind, TransportErrorKind::Invalid, "{case:?}");
        }
        for path in ["", "a\0", "a/", "..", "a/.", "/"] {
            assert_eq!(put(path, 0, FileMode::PRIVATE, "m").unwrap_err().kind, TransportErrorKind::Invalid, "{path:?}");
        }
    }

    #[test]
    fn secrets_are_in_no_error() {
        let secret = EnvVar { name: "A".into(), value: EnvValue::Secret(Secret::new("hush\0")) };
        let error = command(&RemoteCommand::new(["x"]).env(secret), "m").unwrap_err();
        assert!(!format!("{error:?}").contains("hush"));
    }
}
