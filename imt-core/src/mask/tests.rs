use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::secret::Secret;

/// The definition: all occurrences of all needles, joined where they overlap or touch, each union replaced.
fn whole(needles: &[Vec<u8>], input: &[u8]) -> Vec<u8> {
    let mut covered = vec![false; input.len()];
    for start in 0..input.len() {
        for needle in needles.iter().filter(|needle| input[start..].starts_with(needle)) {
            covered[start..start + needle.len()].fill(true);
        }
    }
    let mut out = Vec::new();
    for (at, &byte) in input.iter().enumerate() {
        if !covered[at] {
            out.push(byte);
        } else if at == 0 || !covered[at - 1] {
            out.extend_from_slice(REPLACEMENT.as_bytes());
        }
    }
    out
}

fn mask_in_chunks<'a>(needles: &Needles, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut masker = Masker::new(needles.clone());
    let mut out = Vec::new();
    for chunk in chunks {
        masker.feed(chunk, &mut out);
    }
    masker.finish(&mut out);
    out
}

fn mask_text(secrets: &[&str], input: &str) -> String {
    let secrets: Vec<Secret> = secrets.iter().map(|&s| Secret::new(s)).collect();
    String::from_utf8(mask_in_chunks(&Needles::new(&secrets), [input.as_bytes()])).unwrap()
}

/// After each chunk: the output is final for the bytes not held, and a new masker can go on from there.
fn check_restarts(needles: &Needles, chunks: &[&[u8]], expected: &[u8]) {
    let input = chunks.concat();
    let mut masker = Masker::new(needles.clone());
    let mut out = Vec::new();
    let mut fed = 0;
    for chunk in chunks {
        masker.feed(chunk, &mut out);
        fed += chunk.len();
        let point = fed - masker.held();
        let mut resumed = out.clone();
        let mut successor = Masker::new(needles.clone());
        successor.feed(&input[point..], &mut resumed);
        successor.finish(&mut resumed);
        assert_eq!(resumed, expected, "restarted at {point} of {}, after {fed}", input.len());
    }
    masker.finish(&mut out);
    assert_eq!(out, expected);
    assert_eq!(masker.held(), 0);
}

fn check_bytes(needles: &Needles, chunks: &[&[u8]], expected: &[u8]) {
    let mut masker = Masker::new(needles.clone());
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend_from_slice(&masker.feed_bytes(Bytes::copy_from_slice(chunk)));
    }
    masker.finish(&mut out);
    assert_eq!(out, expected);
}

/// Text over few letters, so that needles, their beginnings and overlaps are everywhere.
fn dense(length: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"aab\n".as_slice()), length)
}

fn sorted(mut needles: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    needles.sort();
    needles.dedup();
    needles
}

/// Cuts at the given points; repeated points give empty chunks.
fn cut<'a>(input: &'a [u8], points: &[usize]) -> Vec<&'a [u8]> {
    let mut points: Vec<usize> = points.iter().map(|&at| at % (input.len() + 1)).collect();
    points.sort_unstable();
    let mut chunks = Vec::new();
    let mut from = 0;
    for to in points.into_iter().chain([input.len()]) {
        chunks.push(&input[from..to]);
        from = to;
    }
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_split_gives_what_the_whole_gives(
        needles in prop::collection::vec(dense(6..20), 1..6),
        input in dense(0..90),
    ) {
        let needles = sorted(needles);
        let expected = whole(&needles, &input);
        for searcher in [Needles::exactly(needles.clone()), Needles::with_jumps(&needles)] {
            for at in 0..=input.len() {
                let (left, right) = input.split_at(at);
                check_restarts(&searcher, &[left, right], &expected);
                check_bytes(&searcher, &[left, right], &expected);
            }
            check_restarts(&searcher, &input.chunks(1).collect::<Vec<_>>(), &expected);
        }
    }

    #[test]
    fn any_cuts_and_any_restart_give_what_the_whole_gives(
        needles in prop::collection::vec(dense(6..40), 1..90),
        extra in prop::collection::vec(prop::collection::vec(any::<u8>(), 6..9), 0..90),
        pieces in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, dense(0..4)), 0..20),
        points in prop::collection::vec(0usize..4000, 0..12),
    ) {
        let needles = sorted(needles.into_iter().chain(extra).collect());
        // Beginnings of needles, whole ones among them, with a little noise between.
        let input: Vec<u8> = pieces
            .iter()
            .flat_map(|(which, length, noise)| {
                let needle = which.get(&needles);
                needle[..needle.len().min(*length)].iter().chain(noise).copied().collect::<Vec<u8>>()
            })
            .collect();
        let expected = whole(&needles, &input);
        let chunks = cut(&input, &points);
        for searcher in [Needles::exactly(needles.clone()), Needles::with_jumps(&needles)] {
            check_restarts(&searcher, &chunks, &expected);
            check_bytes(&searcher, &chunks, &expected);
        }
    }

    #[test]
    fn no_secret_survives_in_any_form(
        secret in "[ -~äß€😀\t\n]{6,40}",
        before in "[ -~]{0,3}",
        after in "[ -~]{0,3}",
    ) {
        prop_assume!(secret.trim().len() >= MIN_SECRET_BYTES);
        let needles = Needles::new([&Secret::new(secret.clone())]);
        for form in encode::forms(secret.trim()) {
            let form = String::from_utf8(form).unwrap();
            let masked = mask_in_chunks(&needles, [format!("{before}{form}{after}").as_bytes()]);
            let masked = String::from_utf8(masked).unwrap();
            prop_assert!(!masked.contains(&form), "{form:?} in {masked:?}");
        }
    }
}

#[test]
fn overlapping_and_touching_matches_become_one() {
    assert_eq!(mask_text(&["abcdef", "defghi"], "<abcdefghi>"), "<***>");
    assert_eq!(mask_text(&["abcdef", "ghijkl"], "<abcdefghijkl>"), "<***>");
    assert_eq!(mask_text(&["abcdef"], "abcdef abcdef"), "*** ***");
    // A longer needle that fails leaves the shorter ones inside it masked.
    assert_eq!(mask_text(&["secret", "a secret b secret c"], "a secret b secret d"), "a *** b *** d");
    assert_eq!(mask_text(&["secret", "a secret b secret c"], "a secret b secret c"), "***");
    assert_eq!(mask_text(&["aaaaaa"], &"a".repeat(100_000)), "***");
}

#[test]
fn only_a_beginning_of_a_needle_is_held_back() {
    let needles = Needles::new([&Secret::new("hunter22")]);
    let mut masker = Masker::new(needles);
    let mut out = Vec::new();
    masker.feed(b"a line\nnothing like it\n", &mut out);
    assert_eq!((masker.held(), out.as_slice()), (0, b"a line\nnothing like it\n".as_slice()));
    masker.feed(b"hunt", &mut out);
    assert_eq!(masker.held(), 4);
    masker.feed(b"ing\n", &mut out);
    assert_eq!((masker.held(), out.ends_with(b"hunting\n")), (0, true));
}

#[test]
fn a_run_of_secrets_costs_no_memory() {
    let mut masker = Masker::new(Needles::new([&Secret::new("aaaaaaaa")]));
    let (chunk, mut out) = (vec![b'a'; 1 << 16], Vec::new());
    for _ in 0..64 {
        masker.feed(&chunk, &mut out);
    }
    assert_eq!((masker.held(), out.len()), (64 << 16, 0));
    masker.feed(b"b", &mut out);
    assert_eq!((masker.held(), out.as_slice()), (0, b"***b".as_slice()));
}

#[test]
fn bytes_without_a_secret_pass_through_uncopied() {
    let mut masker = Masker::new(Needles::new([&Secret::new("hunter22")]));
    let input = Bytes::from_static(b"nothing to see\n");
    assert_eq!(masker.feed_bytes(input.clone()).as_ptr(), input.as_ptr());
    let held = masker.feed_bytes(Bytes::from_static(b"so far hun"));
    assert_eq!((held.as_ref(), masker.held()), (b"so far ".as_slice(), 3));
    assert_eq!(masker.feed_bytes(Bytes::from_static(b"ter22!")).as_ref(), b"***!");

    let mut nothing = Masker::new(Needles::new([]));
    assert_eq!(nothing.feed_bytes(input.clone()).as_ptr(), input.as_ptr());
    assert_eq!(nothing.held(), 0);
}

#[test]
fn each_encoding_is_masked_with_anything_around_it() {
    let secret = "p/ss wörd'\"$x?";
    // Written down from the tools themselves (base64, xxd, python3, jq, bash), not from our own encoders.
    let forms = [
        "p/ss wörd'\"$x?",
        "cC9zcyB3w7ZyZCciJHg/",
        "cC9zcyB3w7ZyZCciJHg_",
        "702f73732077c3b67264272224783f",
        "702F73732077C3B67264272224783F",
        "p%2Fss%20w%C3%B6rd%27%22%24x%3F",
        "p%2fss%20w%c3%b6rd%27%22%24x%3f",
        "p/ss%20w%C3%B6rd%27%22%24x%3F",
        "p%2Fss+w%C3%B6rd%27%22%24x%3F",
        r#"p/ss wörd'\"$x?"#,
        r#"p/ss w\u00f6rd'\"$x?"#,
        r#"p\/ss w\u00f6rd'\"$x?"#,
        r#"p/ss wörd'\''"$x?"#,
        r#"p/ss wörd'"'"'"$x?"#,
        r#"p/ss\ wörd\'\"\$x\?"#,
        r#"p/ss wörd'\"\$x?"#,
    ];
    for form in forms {
        for prefix in ["", "token=", "\"x\":\""] {
            for suffix in ["", "\n", "&y"] {
                let masked = mask_text(&[secret], &format!("{prefix}{form}{suffix}"));
                assert_eq!(masked, format!("{prefix}***{suffix}"), "{form}");
            }
        }
    }
}

#[test]
fn base64_inside_a_longer_text_is_masked_but_for_shared_characters() {
    // `printf 'user:hunter22x' | base64` and so on: what stays is at most the two characters shared with the neighbours.
    for (encoded, masked) in [
        ("aHVudGVyMjJ4", "***"),
        ("Omh1bnRlcjIyeA==", "Om***"),
        ("YTpodW50ZXIyMng=", "YTp***"),
        ("dXNlcjpodW50ZXIyMng=", "dXNlcjp***"),
        ("Omh1bnRlcjIyeCE=", "Om***CE="),
    ] {
        assert_eq!(mask_text(&["hunter22x"], encoded), masked);
    }
}

const KEY: &str = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEAx4Ku\r\n  aGVsbG8gd29ybGQgaGk=\nabc\n-----END KEY-----\n";

#[test]
fn a_secret_of_many_lines_is_masked_whole_and_line_by_line() {
    assert_eq!(mask_text(&[KEY], KEY), "***\n");
    assert_eq!(mask_text(&[KEY], &KEY.replace("\r\n", "\n").replace('\n', "\r\n")), "***\r\n");
    let masked = mask_text(&[KEY], "   MIIEowIBAAKCAQEAx4Ku\r\n> aGVsbG8gd29ybGQgaGk= <\nabc\n");
    assert_eq!(masked, "   ***\r\n> *** <\nabc\n");
    assert_eq!(mask_text(&[KEY], "TUlJRW93SUJBQUtDQVFFQXg0S3U="), "***", "a line by itself, in base64");
}

#[test]
fn base64_is_masked_where_tools_break_its_lines() {
    let token = "github_pat_11ABCDEFG0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcde";
    // From the tools themselves: `printf user:%s "$T" | base64`, `echo "$T" | base64`, `printf 'oauth2:%s:and …' | base64 -w 64`.
    for (encoded, masked) in [
        (
            "dXNlcjpnaXRodWJfcGF0XzExQUJDREVGRzAxMjM0NTY3ODlhYmNkZWZnaGlqa2xtbm9wcXJzdHV2\n\
             d3h5ekFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaMDEyMzQ1Njc4OWFiY2Rl\n",
            "dXNlcjp***\n***\n",
        ),
        (
            "Z2l0aHViX3BhdF8xMUFCQ0RFRkcwMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXpB\n\
             QkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWjAxMjM0NTY3ODlhYmNkZQo=\n",
            "***\n***Qo=\n",
        ),
        (
            "b2F1dGgyOmdpdGh1Yl9wYXRfMTFBQkNERUZHMDEyMzQ1Njc4OWFiY2RlZmdoaWpr\n\
             bG1ub3BxcnN0dXZ3eHl6QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2\n\
             Nzg5YWJjZGU6YW5kIG1vcmUgYmVoaW5kIGl0\n",
            "b2F1dGgyOm***\n***\n***U6YW5kIG1vcmUgYmVoaW5kIGl0\n",
        ),
    ] {
        assert_eq!(mask_text(&[token], encoded), masked);
    }
}

#[test]
fn a_secret_that_is_not_ascii_is_masked_as_bash_quotes_it_in_the_c_locale() {
    // `LC_ALL=C bash -c 'printf %q "$S"'`
    assert_eq!(mask_text(&["pä$$wörd1"], r"$'p\303\244$$w\303\266rd1'"), "$'***'");
}

#[test]
fn short_secrets_are_reported_and_not_masked() {
    let secrets = ["a", "", "  five5\n", "{\n}\n{\n}", "sixsix", "  \n"].map(Secret::new);
    let needles = Needles::new(&secrets);
    assert_eq!(needles.too_short(), [0, 2]);
    assert_eq!(mask_in_chunks(&needles, [b"a five5 { } sixsix".as_slice()]), b"a five5 { } ***");
}

#[test]
fn secrets_over_the_limit_are_masked_as_they_stand_and_named() {
    let long: String = (0_u32..12_000).flat_map(|n| ["x".repeat(n.count_ones() as usize), n.to_string()]).collect();
    let secrets = [Secret::new(format!("{long}1")), Secret::new("hunter22"), Secret::new(format!("{long}{long}"))];
    let needles = Needles::new(&secrets);
    assert_eq!(needles.plain_only(), [2]);
    assert_eq!(mask_in_chunks(&needles, [secrets[2].expose().as_bytes()]), b"***");
    assert_eq!(mask_in_chunks(&needles, [b"68756e7465723232".as_slice()]), b"***");
}

#[test]
fn debug_shows_no_secret() {
    let needles = Needles::new([&Secret::new("hunter22")]);
    let mut masker = Masker::new(needles.clone());
    masker.feed(b"hunter2", &mut Vec::new());
    let shown = format!("{needles:?} {masker:?}");
    assert!(!shown.contains("104, 117") && !shown.contains("hunter"), "{shown}");
}

#[test]
fn a_long_secret_is_masked_whole_and_holds_little_back() {
    let secret: String = (0..20_000).map(|n| char::from(b'a' + u8::try_from(n * n % 26).unwrap())).collect();
    let needles = Needles::new([&Secret::new(secret.as_str())]);
    let text = format!("before {secret} after, {}!", &secret[..500]);
    let mut masker = Masker::new(needles);
    let (mut out, mut longest) = (Vec::new(), 0);
    for chunk in text.as_bytes().chunks(1000) {
        let before = out.len();
        masker.feed(chunk, &mut out);
        longest = longest.max(out.len() - before);
    }
    masker.finish(&mut out);
    assert_eq!(String::from_utf8(out).unwrap(), format!("before *** after, {}!", &secret[..500]));
    assert!(longest <= 1000 + MAX_NEEDLE_BYTES, "{longest} bytes came out of one feed");
}

#[test]
fn a_long_secret_of_many_lines_holds_back_no_newline() {
    let line = |n: usize| format!("{}{n:05}\n", "k".repeat(57));
    let secret: String = (0..200).map(line).collect();
    let mut masker = Masker::new(Needles::new([&Secret::new(secret.as_str())]));
    let mut out = Vec::new();
    for chunk in ["compiling\n", "linking\n", "\n"] {
        masker.feed(chunk.as_bytes(), &mut out);
        assert_eq!(masker.held(), 0, "{chunk:?}");
    }
    masker.feed(secret.as_bytes(), &mut out);
    masker.finish(&mut out);
    let out = String::from_utf8(out).unwrap();
    assert!(!out.contains("kkk"), "{out}");
    assert!(out.starts_with("compiling\nlinking\n\n***"), "{out}");
}
