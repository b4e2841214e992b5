//! The streaming masker against its definition on the whole buffer, and its restart law.

use bytes::Bytes;
use imt_core::mask::{MIN_SECRET_BYTES, Masker, Needles, REPLACEMENT};
use imt_core::secret::Secret;

use crate::script::Script;

/// Masks a stream, cut anywhere, restarted anywhere.
pub fn masker(data: &[u8]) {
    let mut script = Script::new(data);
    let style = script.byte();
    let letters = style & 7;
    let needles: Vec<Vec<u8>> = (0..=script.below(8)).map(|_| needle(&mut script, letters)).collect();
    let steps: Vec<usize> = (0..=script.below(6)).map(|_| script.below(40)).collect();
    let input = input(&mut script, &needles, letters);
    if style & 8 == 0 {
        let searcher = Needles::exactly(needles.iter().cloned());
        // What is too short is no needle, but its pieces in the input are good noise.
        let needles: Vec<_> = needles.into_iter().filter(|needle| needle.len() >= MIN_SECRET_BYTES).collect();
        check(&searcher, &input, &steps, &whole(&needles, &input));
    } else {
        let secrets: Vec<Secret> =
            needles.iter().map(|needle| Secret::new(String::from_utf8_lossy(needle).into_owned())).collect();
        let searcher = Needles::new(&secrets);
        let mut expected = Vec::new();
        let mut masker = Masker::new(searcher.clone());
        masker.feed(&input, &mut expected);
        masker.finish(&mut expected);
        check(&searcher, &input, &steps, &expected);
        for secret in &secrets {
            alone(&searcher, secret.expose());
        }
    }
}

/// A secret by itself leaves nothing but the replacement and the white space around it.
fn alone(needles: &Needles, secret: &str) {
    let text = secret.trim();
    if text.len() >= MIN_SECRET_BYTES {
        let mut out = Vec::new();
        let mut masker = Masker::new(needles.clone());
        masker.feed(secret.as_bytes(), &mut out);
        masker.finish(&mut out);
        assert_eq!(String::from_utf8(out).expect("was text").trim(), REPLACEMENT);
    }
}

/// All occurrences of all needles, joined where they overlap or touch, each union replaced.
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

fn check(needles: &Needles, input: &[u8], steps: &[usize], expected: &[u8]) {
    let mut steps = steps.iter().cycle();
    let (mut by_bytes, mut masker) = (Masker::new(needles.clone()), Masker::new(needles.clone()));
    let (mut out, mut out_bytes) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < input.len() {
        // Steps of 0 feed an empty chunk first, which must change nothing.
        let step = *steps.next().expect("cycles");
        let chunk = &input[at..input.len().min(at + step.max(1))];
        if step == 0 {
            masker.feed(&[], &mut out);
        }
        masker.feed(chunk, &mut out);
        out_bytes.extend_from_slice(&by_bytes.feed_bytes(Bytes::copy_from_slice(chunk)));
        assert_eq!((&out, masker.held()), (&out_bytes, by_bytes.held()));
        at += chunk.len();

        let mut resumed = out.clone();
        let mut successor = Masker::new(needles.clone());
        successor.feed(&input[at - masker.held()..], &mut resumed);
        successor.finish(&mut resumed);
        assert_eq!(resumed, expected, "restarted at {} of {}", at - masker.held(), input.len());
    }
    masker.finish(&mut out);
    by_bytes.finish(&mut out_bytes);
    assert_eq!((out.as_slice(), out_bytes.as_slice(), masker.held()), (expected, expected, 0));
}

/// Few different letters make beginnings and overlaps frequent; 0 means all bytes.
fn fold(byte: u8, letters: u8) -> u8 {
    if letters == 0 { byte } else { b"ab\n\"cd%"[usize::from(byte % letters)] }
}

fn needle(script: &mut Script<'_>, letters: u8) -> Vec<u8> {
    let length = script.below(32);
    script.bytes(length).iter().map(|&byte| fold(byte, letters)).collect::<Vec<_>>()
}

/// Noise, and pieces of needles.
fn input(script: &mut Script<'_>, needles: &[Vec<u8>], letters: u8) -> Vec<u8> {
    let mut input = Vec::new();
    while !script.is_done() && input.len() < 600 {
        let byte = script.byte();
        if byte < 0xc0 {
            input.push(fold(byte, letters));
        } else {
            let needle = &needles[usize::from(byte) % needles.len()];
            let from = script.below(needle.len() + 1);
            let to = from + script.below(needle.len() - from + 1);
            input.extend_from_slice(if byte < 0xe0 { needle } else { &needle[from..to] });
        }
    }
    input
}
