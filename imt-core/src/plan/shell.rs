//! Shell text: one way to quote, and the script that a job's items become.

/// Quotes a text so that a POSIX shell reads it as one word with exactly these bytes.
///
/// The only quoting in the house: scripts, remote commands and messages all use it. A text with nothing special in it
/// stays as it is.
pub fn quote(text: &str) -> String {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"_-./:,@%+".contains(&b);
    if !text.is_empty() && text.bytes().all(harmless) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

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
    for (index, line) in item.trim_end_matches('\n').split('\n').enumerate() {
        let mark = if index == 0 { "$" } else { ">" };
        echo.push(' ');
        echo.push_str(&quote(&format!("{mark} {line}")));
    }
    echo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_only_what_needs_it() {
        let cases = [
            ("plain-1.0/x", "plain-1.0/x"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("a=b", "'a=b'"),
            ("~", "'~'"),
            ("$HOME\n`x`\\", "'$HOME\n`x`\\'"),
            ("é", "'é'"),
        ];
        for (text, quoted) in cases {
            assert_eq!(quote(text), quoted, "{text:?}");
        }
    }

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
