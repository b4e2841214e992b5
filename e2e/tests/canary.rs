//! The search for canaries that the tests of secrets stand on: it finds them.

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use imt_e2e::canary::{Canaries, fresh};

    #[test]
    fn a_canary_is_found_in_whatever_form() {
        let canary = "q' /cn0123456789abcdef+\u{e9}%";
        let canaries = Canaries::new(&BTreeMap::from([("it", canary.to_owned()), ("other", fresh())]));
        let hex = canary.bytes().fold(String::new(), |text, byte| format!("{text}{byte:02X}"));
        let json = serde_json::to_string(canary).unwrap();
        let forms = ["", "a", "ab", "abc"].map(|before| STANDARD.encode(format!("{before}{canary}x")));
        for text in forms.into_iter().chain([hex, json, format!("https://a:{canary}@b")]) {
            assert_eq!(canaries.found_in(text.as_bytes()), BTreeSet::from(["it"]), "{text}");
        }
        assert!(canaries.found_in(b"cn0123456789abcde and others").is_empty());
    }

    #[test]
    fn files_are_looked_into_wherever_they_lie() {
        let (dir, canary) = (tempfile::tempdir().unwrap(), fresh());
        let canaries = Canaries::new(&BTreeMap::from([("it", canary.clone())]));
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        fs::write(dir.path().join("a/b/c"), format!("\0\u{fe}{canary}\n")).unwrap();
        fs::write(dir.path().join("a/other"), fresh()).unwrap();
        let seen = canaries.found_below(dir.path());
        assert!(matches!(&seen[..], [one] if one.canary == "it" && one.place.ends_with("a/b/c")), "{seen:?}");
    }
}
