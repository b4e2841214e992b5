//! The script that a job's items become.

use crate::shell::quote;

/// The one shell text that runs a job's items in order, for `sh` of any make (dash, busybox, bash).
///
/// One shell with `-e`, so that directory, variables, functions and traps persist from item to item. Before each item its
/// text is echoed on standard output, the first line as `$ …`, further ones as `> …`. Each item goes through `eval`, so it must be a
/// complete command by itself and a mistake in its syntax shows there and nowhere else: the last item echoed is the one that
/// failed. The script sets no trap, no variable and no function of its own, and `$?` is that of the item before.
pub fn shell_script(items: &[String]) -> String {
    let mut script = String::from("set -e\n");
    for (place, item) in items.iter().enumerate() {
        let echo = echo(item);
        if place == 0 {
            script.extend([&echo, " || :\n"]);
        } else {
            // After `set +e` the item before may have failed, and this one may ask how: its code outlives the echo. A
            // process is made for that only when there is something to keep.
            script.extend(["case $? in 0) ", &echo, " || : ;; *) (s=$?; ", &echo, "; exit $s) ;; esac\n"]);
        }
        script.push_str("eval ");
        // bash takes a leading dash for an option of `eval`.
        let guarded = if item.starts_with('-') { format!(" {item}") } else { item.clone() };
        script.push_str(&quote(&guarded));
        script.push('\n');
    }
    script
}

/// The command that shows an item. `command` and the backslash get past functions and aliases of the user's; with a closed
/// output it fails, which must not matter.
fn echo(item: &str) -> String {
    let mut echo = String::from("\\command printf '%s\\n'");
    for line in echo_lines(item) {
        echo.push(' ');
        echo.push_str(&quote(&line));
    }
    echo
}

/// The lines that show an item in a job's log before it runs: the first one as `$ …`, further ones as `> …`.
pub fn echo_lines(item: &str) -> impl Iterator<Item = String> {
    let lines = item.trim_end_matches('\n').split('\n').enumerate();
    lines.map(|(index, line)| format!("{} {line}", if index == 0 { '$' } else { '>' }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_echoes_and_evaluates_each_item() {
        let script = shell_script(&["make".to_owned(), "if true; then\n  echo 'x'\nfi\n".to_owned()]);
        let expected = "set -e\n\
            \\command printf '%s\\n' '$ make' || :\n\
            eval make\n\
            case $? in 0) \\command printf '%s\\n' '$ if true; then' '>   echo '\\''x'\\''' '> fi' || : ;; \
            *) (s=$?; \\command printf '%s\\n' '$ if true; then' '>   echo '\\''x'\\''' '> fi'; exit $s) ;; esac\n\
            eval 'if true; then\n  echo '\\''x'\\''\nfi\n'\n";
        assert_eq!(script, expected);
    }
}
