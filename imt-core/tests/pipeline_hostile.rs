//! Hostile and random pipeline files: no panic, bounded time and memory, every diagnostic points into the text.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::fs;
use std::time::Duration;

use imt_core::id::ProjectName;
use imt_core::pipeline::{MAX_FILE_BYTES, Read, read};
use imt_core::plan::{Trigger, build};
use proptest::prelude::*;

/// One second for the worst MiB, unoptimised; asserted with three times its value.
const BOUND: Duration = Duration::from_secs(3);

/// Processor time of this thread so far: what the reader costs, however busy the machine is.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// Reads within the bound and checks what must hold of any answer.
fn checked(bytes: &[u8]) -> Read {
    let begun = processor_time();
    let read = read(bytes, "pipeline.yml");
    let took = processor_time().checked_sub(begun).unwrap();
    assert!(took < BOUND, "took {took:?}");
    assert_eq!(read.spec.is_none(), read.has_errors());
    assert!(read.diagnostics.len() <= 501);
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split(['\n', '\r']).count();
    for diagnostic in &read.diagnostics {
        assert!(diagnostic.span.start <= diagnostic.span.end && diagnostic.span.end <= text.len(), "{diagnostic:?}");
        assert!((1..=lines).contains(&diagnostic.line) && diagnostic.column >= 1, "{diagnostic:?}");
        assert!(!diagnostic.message.contains(['\n', '\u{1b}']), "{diagnostic:?}");
        let rendered = diagnostic.render();
        assert!(rendered.lines().count() <= 6 && rendered.contains('^'), "{rendered}");
        let excerpt = &diagnostic.excerpt;
        assert!(excerpt.indent + excerpt.width <= excerpt.text.chars().count() + 1, "{excerpt:?}");
    }
    read
}

fn code(bytes: &[u8]) -> &'static str {
    let read = checked(bytes);
    read.diagnostics.first().map_or("none", |diagnostic| diagnostic.code)
}

/// One text after another.
fn each(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().concat()
}

/// `a: &a [x, x…]`, `b: &b [*a, *a…]`, …: levels of lists, each of `width` times the one before.
fn bomb(levels: usize, width: usize) -> String {
    each(levels, |level| {
        let item = if level == 0 { "x".to_owned() } else { format!("*l{}", level - 1) };
        format!(".l{level}: &l{level} [{}]\n", vec![item; width].join(", "))
    })
}

#[test]
fn exponential_bombs_are_refused() {
    assert_eq!(code(bomb(9, 9).as_bytes()), "too-large");
    assert_eq!(code(bomb(30, 30).as_bytes()), "too-large");
}

#[test]
fn quadratic_bombs_are_refused() {
    let items = vec!["x"; 1_000].join(", ");
    let refs = vec!["*a"; 10_000].join(", ");
    assert_eq!(code(format!(".a: &a [{items}]\njobs: {{ a: {{ script: [{refs}] }} }}").as_bytes()), "too-large");
    let long = "x".repeat(500_000);
    let refs = vec!["*a"; 10_000].join(", ");
    assert_eq!(code(format!(".a: &a {long}\njobs: {{ a: {{ script: [{refs}] }} }}").as_bytes()), "too-large");
}

#[test]
fn merge_bombs_are_refused() {
    let base = each(1_000, |n| format!("K{n}: v, "));
    let jobs = each(2_000, |n| format!("  j{n}: {{ <<: *b }}\n"));
    assert_eq!(code(format!(".b: &b {{ {base} }}\njobs:\n{jobs}").as_bytes()), "too-large");
    let chain = each(20_000, |n| match n {
        0 => ".m0: &m0 { k: v }\n".to_owned(),
        n => format!(".m{n}: &m{n} {{ <<: [*m{p}, *m{p}], k{n}: v }}\n", p = n - 1),
    });
    assert_eq!(code(chain.as_bytes()), "too-large");
}

/// A plan is kept and stored: it must not be the product of what the file has many of.
#[test]
fn many_variables_times_many_jobs_stay_a_sum() {
    let variables = each(10_000, |n| format!("  V{n}: value-{n}\n"));
    let jobs = each(10_000, |n| format!("  j{n}: {{ script: x }}\n"));
    let read = checked(format!("image: alpine\nvariables:\n{variables}jobs:\n{jobs}").as_bytes());
    let spec = read.spec.expect("the file is valid");
    let plan = build(&spec, &ProjectName::new("p"), Trigger::manual()).expect("nothing is wrong with the trigger");
    assert_eq!((plan.jobs.len(), plan.variables.len()), (10_000, 10_000));
    let stored = serde_json::to_string(&plan).expect("a plan can be stored");
    assert!(stored.len() < 8 << 20, "{} bytes", stored.len());
}

#[test]
fn depth_is_bounded() {
    let half = MAX_FILE_BYTES / 2;
    for text in
        ["[".repeat(half), "{a: ".repeat(half / 4), "- ".repeat(half / 2), "? ".repeat(half / 2), "a: &a [".repeat(9)]
    {
        let code = code(text.as_bytes());
        assert!(["too-deep", "syntax"].contains(&code), "{code} for {}…", &text[..8]);
    }
    // A chain of aliases: flat as a text, deep as a value.
    let chain = each(30_000, |n| match n {
        0 => ".a0: &a0 [x]\n".to_owned(),
        n => format!(".a{n}: &a{n} [*a{}]\n", n - 1),
    });
    assert_eq!(code(chain.as_bytes()), "too-deep");
    let read = checked(b".a: &a [*a]\n");
    assert!(read.diagnostics.iter().any(|diagnostic| diagnostic.code == "unknown-alias"));
}

#[test]
fn large_files_are_refused_and_those_just_within_are_read() {
    assert_eq!(code(&vec![b'#'; MAX_FILE_BYTES + 1]), "file-too-large");
    assert_eq!(code(&vec![b'#'; MAX_FILE_BYTES]), "no-jobs");
    let count = 11_000;
    let job =
        |n| format!("  job-{n}:\n    script:\n      - make build\n      - make test\n    variables: {{ A: b }}\n");
    let text = format!("image: i\njobs:\n{}", each(count, job));
    assert!((MAX_FILE_BYTES * 8 / 10..=MAX_FILE_BYTES).contains(&text.len()), "{}", text.len());
    let begun = processor_time();
    let read = checked(text.as_bytes());
    assert!(processor_time() > begun, "the measure measures");
    assert_eq!(read.diagnostics, []);
    assert_eq!(read.spec.map(|spec| spec.jobs.len()), Some(count));
}

#[test]
fn a_million_mistakes_take_bounded_time() {
    let fill = |line: &str| line.repeat((MAX_FILE_BYTES - 100) / line.len());
    // Distinct keys, so that none counts as a duplicate.
    let keys = each(60_000, |n| format!("key{n}: v\n"));
    let jobs = each(15_000, |n| format!("  j{n}: {{ script: m, stage: stge{n} }}\n"));
    let stages: Vec<String> = (0..30_000).map(|n| format!("stage{n}")).collect();
    for text in [
        keys,
        fill("a: b\n"),
        fill("- \n"),
        fill("? "),
        fill("&a "),
        fill("!x "),
        fill("*a "),
        fill("\"\\0\" "),
        fill("\t"),
        fill("\u{feff}"),
        fill("---\n"),
        fill("%TAG ! x\n"),
        fill("|\n"),
        format!("stages: [{}]\njobs:\n{jobs}", stages.join(", ")),
        format!("jobs: {{ a: {{ script: {} }} }}", "x".repeat(900_000)),
        format!("{}: x", "k".repeat(900_000)),
    ] {
        assert!(!checked(text.as_bytes()).diagnostics.is_empty(), "{}…", &text[..text.floor_char_boundary(20)]);
    }
}

#[test]
fn bytes_that_are_no_text_get_a_place() {
    let read = checked(b"image: a\njobs: \xff\n");
    assert_eq!((read.diagnostics[0].code, read.diagnostics[0].line, read.diagnostics[0].column), ("not-utf8", 2, 7));
    assert_eq!(code(b"\xff\xfea\0"), "not-utf8");
    assert_eq!(code(b""), "no-jobs");
    assert_eq!(code("\u{feff}".as_bytes()), "no-jobs");
    let read = checked("\u{feff}imagee: a\njobs: { a: { script: x, image: i } }".as_bytes());
    assert_eq!((read.diagnostics[0].code, read.diagnostics[0].line, read.diagnostics[0].column), ("unknown-key", 1, 1));
}

/// Pieces that pipeline files are made of, so that random ones get past the first line.
fn piece() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "jobs:",
        "stages:",
        "script:",
        "image:",
        "retry:",
        "when:",
        "variables:",
        "resources:",
        "max:",
        "branch:",
        "a:",
        "b:",
        "<<:",
        "*x",
        "&x",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "'",
        "\"",
        "|\n",
        ">-\n",
        "!t ",
        "# c",
        "---",
        "...",
        "~",
        "true",
        "1",
        "-1",
        "10m",
        "make",
        "é",
        "\u{1f980}",
        "\t",
        "\r\n",
        "\r",
        "\u{feff}",
        "\0",
        "? ",
        ": ",
        "%YAML 1.2\n",
    ]);
    prop_oneof![9 => words.prop_map(str::to_owned), 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        checked(&bytes);
    }

    #[test]
    fn any_mix_of_pieces_is_judged(pieces in prop::collection::vec(piece(), 0..60)) {
        checked(pieces.concat().as_bytes());
    }

    #[test]
    fn any_cut_and_change_of_a_real_file_is_judged(cut in 0_usize..900, at in 0_usize..900, byte in any::<u8>()) {
        let mut bytes = include_bytes!("pipeline_files/good/full.yml").to_vec();
        bytes.truncate(bytes.len().saturating_sub(cut));
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        checked(&bytes);
    }
}
