//! The rules of the house, read off the sources: what is pure stays pure, arrows point downwards, files stay readable.
//!
//! Knows nothing of what the code does; `dependencies.rs` holds the rules about crates.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of `imt-core`, bottom up. A module may use those of its own layer and below, never above.
const LAYERS: &[&[&str]] = &[
    &["id", "image", "lines", "mask", "secret", "shell", "status", "time"],
    &["pipeline"],
    &["compose", "directory", "plan"],
    &["deploy", "schedule"],
    &["ports"],
    &["executor", "feed", "store", "transport"],
    &["engine"],
    &["testkit"],
];

/// Modules that neither read a clock, the environment or the disk, nor wait, nor draw lots, nor depend on hash order.
const PURE: &[&str] = &[
    "compose",
    "deploy",
    "directory",
    "id",
    "image",
    "lines",
    "mask",
    "pipeline",
    "plan",
    "schedule",
    "secret",
    "shell",
    "status",
    "time",
];

/// What no pure module names, and why.
const IMPURE: &[(&str, &str)] = &[
    ("tokio", "a runtime"),
    ("async fn", "waiting"),
    ("std::fs", "the file system"),
    ("std::env", "the environment"),
    ("std::process", "processes"),
    ("std::net", "the network"),
    ("std::thread", "threads"),
    ("SystemTime::now", "the clock"),
    ("Instant::now", "the clock"),
    ("now_v7", "the clock and randomness"),
    ("new_v4", "randomness"),
    ("generate(", "the clock and randomness"),
    ("rand::", "randomness"),
    ("getrandom", "randomness"),
    ("HashMap", "hash order"),
    ("HashSet", "hash order"),
    ("println!", "printing"),
    ("eprintln!", "printing"),
];

/// The one place where an id is drawn; it says itself that only the shell may call it.
const MAKES_IDS: (&str, &[&str]) = ("id.rs", &["now_v7", "generate("]);

/// No file is longer than this many lines.
const LONGEST_FILE: usize = 600;

/// Folders that are not ours to judge: products, dependencies, inputs made by the fuzzer.
const NOT_SOURCES: &[&str] = &["target", ".git", ".scratch", "node_modules", "corpus", "artifacts"];

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn name(&self) -> String {
        self.path.strip_prefix(root()).expect("sources lie below the root").display().to_string()
    }

    /// The lines that are neither comment nor unit test, with their numbers.
    fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("imt-core lies in the workspace").to_owned()
}

fn collect(dir: &Path, wanted: &dyn Fn(&Path) -> bool, found: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !NOT_SOURCES.contains(&name.as_str()) {
                collect(&path, wanted, found);
            }
        } else if wanted(&path) {
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            found.push(Source { path, text });
        }
    }
}

fn sources(dir: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<Source> {
    let mut found = Vec::new();
    collect(dir, &wanted, &mut found);
    assert!(!found.is_empty(), "no source found below {}", dir.display());
    found
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|e| extensions.iter().any(|wanted| e == *wanted))
}

fn rust_sources(dir: &Path) -> Vec<Source> {
    sources(dir, |path| has_extension(path, &["rs"]))
}

fn is_script(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    (path.extension().is_none() && (folder == "scripts" || folder == ".ci")) || has_extension(path, &["sh"])
}

/// The top-level module of `imt-core` that a file belongs to.
fn module_of(source: &Source) -> String {
    let inside = source.path.strip_prefix(root().join("imt-core/src")).expect("a file of imt-core");
    let first = inside.components().next().expect("a file has a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn is_unit_test_file(source: &Source) -> bool {
    source.path.file_stem().is_some_and(|stem| stem == "tests") || source.path.iter().any(|part| part == "tests")
}

fn product_sources_of_core() -> Vec<Source> {
    let mut found = rust_sources(&root().join("imt-core/src"));
    found.retain(|source| module_of(source) != "lib" && !is_unit_test_file(source));
    found
}

/// Modules of this crate that a line names: `crate::a::b` gives `a`, `crate::{a::b, c}` gives `a` and `c`.
fn modules_named(line: &str) -> Vec<String> {
    let ident = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut named = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0_usize;
            let mut start = true;
            for (index, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && depth == 0 && !c.is_whitespace() => {
                        named.push(ident(&group[index..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            named.push(ident(rest));
        }
    }
    named
}

/// A text whose `use` items stand on one line each, so that grouped imports can be read line by line.
fn one_use_per_line(lines: impl Iterator<Item = (usize, impl AsRef<str>)>) -> Vec<(usize, String)> {
    let mut joined: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in lines {
        let line = line.as_ref().trim();
        if open {
            let last = &mut joined.last_mut().expect("an open item has a first line").1;
            last.push_str(line);
        } else {
            joined.push((number, line.to_owned()));
        }
        let begins = line.starts_with("use ") || line.starts_with("pub use ") || line.starts_with("pub(crate) use ");
        open = (open || begins) && !line.ends_with(';');
    }
    joined
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn report(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

#[test]
fn pure_modules_touch_nothing_outside() {
    let mut offences = Vec::new();
    for source in product_sources_of_core() {
        if !PURE.contains(&module_of(&source).as_str()) {
            continue;
        }
        for (number, line) in source.product_lines() {
            for (word, what) in IMPURE {
                let excepted =
                    source.path.ends_with(Path::new("imt-core/src").join(MAKES_IDS.0)) && MAKES_IDS.1.contains(word);
                if line.contains(word) && !excepted {
                    offences.push(format!("{}:{number}: `{word}` ({what})", source.name()));
                }
            }
        }
    }
    report("pure modules take `now` and return data; move this to the engine or an adapter", &offences);
}

#[test]
fn arrows_point_downwards() {
    let mut offences = Vec::new();
    for source in product_sources_of_core() {
        let module = module_of(&source);
        let Some(own) = layer_of(&module) else {
            offences.push(format!("{}: module `{module}` has no place in LAYERS (this file) yet", source.name()));
            continue;
        };
        for (number, line) in one_use_per_line(source.product_lines()) {
            for used in modules_named(&line) {
                if layer_of(&used).is_some_and(|layer| layer > own) {
                    offences.push(format!("{}:{number}: `{module}` uses `{used}`, which is above it", source.name()));
                }
            }
        }
    }
    report("inside imt-core a module uses only its own layer and those below", &offences);
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut offences = Vec::new();
    for source in rust_sources(&root()).iter().filter(|source| source.path.file_stem().is_none_or(|s| s != "tests")) {
        let first = source.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
        if !first.is_some_and(|line| line.starts_with("//!")) {
            offences.push(source.name());
        }
    }
    report("a file begins with `//!`: its purpose, and what it deliberately does not know", &offences);
}

#[test]
fn files_stay_short() {
    let mut offences = Vec::new();
    for source in sources(&root(), |path| has_extension(path, &["rs"]) || is_script(path)) {
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE {
            offences.push(format!("{}: {lines} lines", source.name()));
        }
    }
    report("a file of over 600 lines is split by concept", &offences);
}

#[test]
fn nothing_is_silenced_or_left_for_later() {
    let silenced = [concat!("#[all", "ow("), concat!("#![all", "ow(")];
    let later = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut offences = Vec::new();
    for source in sources(&root(), |path| has_extension(path, &["rs", "toml"]) || is_script(path)) {
        for (index, line) in source.text.lines().enumerate() {
            if silenced.iter().any(|word| line.contains(word)) {
                offences.push(format!("{}:{}: use #[expect(lint, reason = \"…\")]", source.name(), index + 1));
            }
            let words: BTreeSet<&str> = line.split(|c: char| !c.is_alphanumeric()).collect();
            if later.iter().any(|word| words.contains(word)) {
                offences.push(format!("{}:{}: do it or open an issue", source.name(), index + 1));
            }
        }
    }
    report("lints are expected with a reason, work is not left as a note", &offences);
}

#[test]
fn no_line_ends_in_a_blank() {
    let mut offences = Vec::new();
    let text = |path: &Path| has_extension(path, &["rs", "toml", "md", "yml", "yaml", "json"]) || is_script(path);
    for source in sources(&root(), text) {
        for (index, line) in source.text.lines().enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                offences.push(format!("{}:{}", source.name(), index + 1));
            }
        }
    }
    report("no trailing blanks", &offences);
}

#[test]
fn imports_are_read_in_every_form() {
    let read = |text: &str| -> Vec<String> {
        let lines = text.lines().enumerate();
        one_use_per_line(lines).iter().flat_map(|(_, line)| modules_named(line)).collect()
    };
    assert_eq!(read("use crate::engine::Engine;"), ["engine"]);
    assert_eq!(read("use crate::{id::JobIndex, plan::{Plan, Trigger}, status};"), ["id", "plan", "status"]);
    assert_eq!(
        read("use crate::{\n    engine,\n    time::{\n        Timestamp,\n    },\n};\nlet x = 1;"),
        ["engine", "time"]
    );
    assert_eq!(read("let x: crate::ports::Exit = y;"), ["ports"]);
}
