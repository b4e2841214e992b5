//! Signatures of deliveries: HMAC-SHA256 over the body as it came, byte for byte, before anything in it is believed.

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit as _, Mac as _};
use imt_core::secret::Secret;
use sha2::Sha256;

const HEADER: &str = "x-hub-signature-256";
const PREFIX: &str = "sha256=";
/// Where signatures stand, and what is before them: by GitHub's way, which the others go as well, and by their own.
const PLACES: [(&str, &str); 3] = [(HEADER, PREFIX), ("x-gitea-signature", ""), ("x-forgejo-signature", "")];

/// Whether a body carries the signature of whoever knows the secret. Takes as long whatever is wrong with it.
pub(crate) fn is_signed(headers: &HeaderMap, body: &[u8], secret: &Secret) -> bool {
    let Some(signature) = signature(headers) else { return false };
    keyed(secret).chain_update(body).verify_slice(&signature).is_ok()
}

/// Whether there is anything that can be a signature.
pub(crate) fn has_signature(headers: &HeaderMap) -> bool {
    signature(headers).is_some()
}

fn keyed(secret: &Secret) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes keys of any length")
}

/// The one signature there is, of the first place that has one. Two would leave open which of them counts.
fn signature(headers: &HeaderMap) -> Option<[u8; 32]> {
    let (header, prefix) = PLACES.into_iter().find(|(header, _)| headers.contains_key(*header))?;
    let mut all = headers.get_all(header).iter();
    let (first, None) = (all.next()?, all.next()) else { return None };
    let hex = first.to_str().ok()?.strip_prefix(prefix)?;
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header's value for a body.
    fn sign(body: &[u8], secret: &Secret) -> String {
        let tag = keyed(secret).chain_update(body).finalize().into_bytes();
        tag.iter().fold(PREFIX.to_owned(), |text, byte| format!("{text}{byte:02x}"))
    }

    fn signed(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HEADER.parse().unwrap(), value.parse().unwrap())])
    }

    /// The example in GitHub's own documentation.
    #[test]
    fn the_signature_is_the_one_that_github_makes() {
        let secret = Secret::new("It's a Secret to Everybody");
        let value = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(sign(b"Hello, World!", &secret), value);
        assert!(is_signed(&signed(value), b"Hello, World!", &secret));
    }

    #[test]
    fn gitea_and_forgejo_have_places_of_their_own() {
        let secret = Secret::new("s");
        let good = sign(b"body", &secret);
        let (hex, of_other) = (&good[PREFIX.len()..], sign(b"body", &Secret::new("t")));
        for place in ["x-gitea-signature", "x-forgejo-signature"] {
            let only = HeaderMap::from_iter([(place.parse().unwrap(), hex.parse().unwrap())]);
            assert!(is_signed(&only, b"body", &secret) && !is_signed(&only, b"bodz", &secret), "{place}");
            let mut both = only;
            both.append(HEADER, of_other.parse().unwrap());
            assert!(!is_signed(&both, b"body", &secret), "GitHub's place counts where it is taken");
        }
    }

    #[test]
    fn anything_else_is_no_signature() {
        let secret = Secret::new("s");
        let good = sign(b"body", &secret);
        let of_other = sign(b"body", &Secret::new("t"));
        let hex = &good[PREFIX.len()..];
        for bad in ["", "sha256=", hex, &format!("sha1={hex}"), &format!("{good}0"), &good[..good.len() - 1], &of_other]
        {
            assert!(!is_signed(&signed(bad), b"body", &secret), "{bad}");
        }
        assert!(!is_signed(&signed(&good), b"bodz", &secret));
        assert!(!is_signed(&HeaderMap::new(), b"body", &secret));
        let mut twice = signed(&good);
        twice.append(HEADER, of_other.parse().unwrap());
        assert!(!is_signed(&twice, b"body", &secret));
        let signs = "sha256=+1".to_owned() + &hex[2..];
        assert!(!is_signed(&signed(&signs), b"body", &secret));
    }
}
