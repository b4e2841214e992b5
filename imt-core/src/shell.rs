//! Text for a POSIX shell: one way to quote, for scripts, remote commands and messages alike.
//!
//! Pure. Knows nothing of what is run, where, or by which shell; what it writes means the same to dash, busybox and bash.

/// Quotes a text so that a POSIX shell reads it as one word with exactly these bytes.
///
/// The only quoting in the house. A text with nothing special in it stays as it is, so that what people read stays
/// readable. Any text has a quoted form but one with a NUL in it, which no process can be given ([`is_sayable`]). Quoting
/// decides what a word *is*, not what a program makes of it: a leading dash is an option still.
pub fn quote(text: &str) -> String {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"_-./:,@%+".contains(&b);
    if !text.is_empty() && text.bytes().all(harmless) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The words of a command, quoted and joined by blanks: a shell reads back exactly these words.
///
/// The first word is looked up as a shell looks up the first word of a command: the name of a builtin is the builtin, and a
/// reserved word (`if`, `time`) is none. Whoever means a program of that name writes `exec` or `env` before it.
pub fn command_line<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| quote(word.as_ref())).collect();
    quoted.join(" ")
}

/// Whether a text can be an argument or a variable of a process at all: it holds no NUL.
pub fn is_sayable(text: &str) -> bool {
    !text.contains('\0')
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
            ("-n", "-n"),
            ("$HOME\n`x`\\", "'$HOME\n`x`\\'"),
            ("é", "'é'"),
        ];
        for (text, quoted) in cases {
            assert_eq!(quote(text), quoted, "{text:?}");
        }
    }

    #[test]
    fn a_command_line_is_its_words() {
        assert_eq!(command_line(["docker", "compose", "-p", "my app", "up", "-d"]), "docker compose -p 'my app' up -d");
        assert_eq!(command_line(["printf", ""]), "printf ''");
        assert_eq!(command_line(Vec::<String>::new()), "");
    }

    #[test]
    fn only_nul_cannot_be_said() {
        assert!(is_sayable("\u{1}\n'\"$`\\é"));
        assert!(!is_sayable("a\0b"));
    }
}
