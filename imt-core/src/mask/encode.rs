//! The forms in which a secret turns up in a log.
//!
//! Every form but the wrapped base64 is also found where the secret is a part of a longer encoded text. Pure tables; decides nothing about length or number.

use std::collections::BTreeSet;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HEX_LOWER: &[u8; 16] = b"0123456789abcdef";
const HEX_UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// The columns at which `base64` (coreutils, MIME) and `openssl`, PEM and Python's `encodebytes` break lines.
const WRAP_COLUMNS: [usize; 2] = [76, 64];

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
    forms.push(ansi_c(bytes));
    forms
}

/// Base64 of `bytes` where `alignment` unknown bytes of a group of three come before them: once without the characters
/// that depend on what follows, once as it reads when nothing follows. The first character is left out when it depends on
/// what comes before.
fn base64_inside(bytes: &[u8], alignment: usize, alphabet: &[u8; 64]) -> Vec<Vec<u8>> {
    let mut padded = vec![0; alignment];
    padded.extend_from_slice(bytes);
    let encoded = base64(&padded, alphabet);
    let first = (alignment * 8).div_ceil(6);
    let sure = padded.len() * 8 / 6;
    let digits = (padded.len() * 8).div_ceil(6);
    let mut forms = vec![encoded[first..sure].to_vec()];
    if sure < digits {
        forms.push(encoded[first..digits].to_vec());
        forms.push(encoded[first..].to_vec());
    }
    forms
}

/// The lines of the whole value's base64 as the usual tools break it; those too short to be told from chance left out.
pub(super) fn wrapped_base64(bytes: &[u8]) -> BTreeSet<Vec<u8>> {
    let encoded = base64(bytes, BASE64);
    WRAP_COLUMNS
        .into_iter()
        .filter(|&columns| encoded.len() > columns)
        .flat_map(|columns| encoded.chunks(columns).filter(|line| line.len() >= 8))
        .map(<[u8]>::to_vec)
        .collect()
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

/// The inside of `$'…'`, as bash writes what has control characters in it.
fn ansi_c(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x1b => out.extend_from_slice(b"\\E"),
            b'\\' | b'\'' => out.extend([b'\\', byte]),
            0..b' ' | 0x7f => out.extend([b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]),
            _ => out.push(byte),
        }
    }
    out
}
