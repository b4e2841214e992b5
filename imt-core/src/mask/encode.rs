//! The forms in which a secret turns up in a log.
//!
//! Every form is also found where the secret is a part of a longer encoded text. Pure tables; decides nothing about length or
//! number.

use std::ops::Range;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HEX_LOWER: &[u8; 16] = b"0123456789abcdef";
const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// How many characters of base64 are looked for where its lines are broken: what six bytes of the secret make.
const WINDOW: usize = 8;

/// All encoded forms of a text; some may be the text itself.
pub(super) fn forms(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut forms = Vec::new();
    for alphabet in [BASE64, BASE64_URL] {
        for alignment in 0..3 {
            forms.extend(base64_inside(bytes, alignment, alphabet));
        }
    }
    for digits in [HEX_LOWER, HEX_UPPER] {
        forms.push(bytes.iter().flat_map(|&b| hex(b, digits)).collect());
        // RFC 3986 and `curl`; Python's `quote` leaves the slash; JavaScript and PHP leave more.
        for kept in ["-._~", "-._~/", "-_.!~*'()", "-_."] {
            forms.push(url(bytes, kept, digits, b"%20"));
        }
        // HTML forms: a blank is a plus.
        for kept in ["-._~", "-._*"] {
            forms.push(url(bytes, kept, digits, b"+"));
        }
        forms.push(json(text, Json { ascii: true, html: false, slash: false }, digits));
        forms.push(json(text, Json { ascii: false, html: true, slash: false }, digits));
    }
    forms.push(json(text, Json { ascii: false, html: false, slash: false }, HEX_LOWER));
    forms.push(json(text, Json { ascii: true, html: false, slash: true }, HEX_LOWER));
    forms.push(text.replace('\'', r"'\''").into_bytes());
    forms.push(text.replace('\'', r#"'"'"'"#).into_bytes());
    forms.push(escaped(bytes, br#"\"$`"#));
    forms.push(escaped(bytes, b" \t\n|&;()<>!{}*[]?^$`'\"\\,#~="));
    forms.push(escaped(bytes, b" \t\n|&;()<>!{}*[]?^$`'\"\\,"));
    forms.push(ansi_c(bytes, false));
    forms.push(ansi_c(bytes, true));
    forms
}

/// Base64 of `bytes` where `alignment` unknown bytes of a group of three come before them: once without the characters
/// that depend on what follows, once as it reads when nothing follows. The first character is left out when it depends on
/// what comes before.
fn base64_inside(bytes: &[u8], alignment: usize, alphabet: &[u8; 64]) -> Vec<Vec<u8>> {
    let (encoded, sure) = base64_at(bytes, alignment, alphabet);
    let digits = ((alignment + bytes.len()) * 8).div_ceil(6);
    let mut forms = vec![encoded[sure.clone()].to_vec()];
    if sure.end < digits {
        forms.push(encoded[sure.start..digits].to_vec());
        forms.push(encoded[sure.start..].to_vec());
    }
    forms
}

/// Pieces of the base64 of `bytes` at all three alignments: each group of four characters with the one after it, and at both
/// ends the part of a group that depends on `bytes` alone with the group beside it. They find the secret where its base64 is
/// broken into lines, whatever stands before it, because `base64`, MIME, PEM and `openssl` all break lines between groups (at
/// 76 or 64 columns). What they miss is a group that stands alone in its line.
pub(super) fn base64_windows(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut windows = Vec::new();
    for alignment in 0..3 {
        let (encoded, sure) = base64_at(bytes, alignment, BASE64);
        let (begin, end) = (sure.start.next_multiple_of(4), sure.end / 4 * 4);
        let inner = encoded.get(begin..end).unwrap_or_default();
        windows.extend(inner.windows(WINDOW).step_by(4).map(<[u8]>::to_vec));
        let edges = [sure.start..begin + WINDOW, end.saturating_sub(WINDOW)..sure.end];
        let inside = edges.into_iter().filter(|edge| sure.start <= edge.start && edge.end <= sure.end);
        windows.extend(inside.map(|edge| encoded[edge].to_vec()));
    }
    windows
}

/// Base64 of `bytes` after `alignment` unknown bytes, and the range of its characters that depend on `bytes` alone.
fn base64_at(bytes: &[u8], alignment: usize, alphabet: &[u8; 64]) -> (Vec<u8>, Range<usize>) {
    let mut padded = vec![0; alignment];
    padded.extend_from_slice(bytes);
    let sure = (alignment * 8).div_ceil(6)..padded.len() * 8 / 6;
    (base64(&padded, alphabet), sure)
}

fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().chain([&0, &0]).take(3).fold(0, |bits: u32, &b| bits << 8 | u32::from(b));
        for at in 0..4 {
            let digit = alphabet[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= group.len() { digit } else { b'=' });
        }
    }
    out
}

fn hex(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

/// Percent-encoding: letters, digits and `kept` stand for themselves.
fn url(bytes: &[u8], kept: &str, digits: &[u8; 16], blank: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b' ' => out.extend_from_slice(blank),
            _ if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) => out.push(byte),
            _ => {
                out.push(b'%');
                out.extend(hex(byte, digits));
            }
        }
    }
    out
}

/// Where writers of JSON differ.
#[derive(Clone, Copy)]
struct Json {
    /// Python and others write everything beyond ASCII as `\uXXXX`.
    ascii: bool,
    /// Go writes `<`, `>` and `&` as `\u003c` and so on.
    html: bool,
    /// PHP writes `/` as `\/`.
    slash: bool,
}

fn json(text: &str, style: Json, digits: &[u8; 16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        let short = match c {
            '"' => Some(b'"'),
            '\\' => Some(b'\\'),
            '\n' => Some(b'n'),
            '\r' => Some(b'r'),
            '\t' => Some(b't'),
            '\u{8}' => Some(b'b'),
            '\u{c}' => Some(b'f'),
            '/' if style.slash => Some(b'/'),
            _ => None,
        };
        let by_number =
            c < ' ' || style.ascii && c > '~' || style.html && matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        if let Some(short) = short {
            out.extend([b'\\', short]);
        } else if by_number {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(b"\\u");
                out.extend(unit.to_be_bytes().into_iter().flat_map(|b| hex(b, digits)));
            }
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    out
}

/// A backslash before each of `special`.
fn escaped(bytes: &[u8], special: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|&b| special.contains(&b).then_some(b'\\').into_iter().chain([b])).collect()
}

/// The inside of `$'…'`, as bash writes what has control characters in it; in the C locale also what is not ASCII.
fn ansi_c(bytes: &[u8], ascii: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x1b => out.extend_from_slice(b"\\E"),
            b'\\' | b'\'' => out.extend([b'\\', byte]),
            0..b' ' | 0x7f => out.extend(octal(byte)),
            0x80.. if ascii => out.extend(octal(byte)),
            _ => out.push(byte),
        }
    }
    out
}

fn octal(byte: u8) -> [u8; 4] {
    [b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]
}
