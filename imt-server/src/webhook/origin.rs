//! Of which repository a delivery says that it is: read before anybody knows whether it may be believed, and only in order to
//! find out whose secret it would have to be signed with.

use imt_core::directory::RepositoryKey;
use serde::Deserialize;

/// The most bytes of an address that are looked at.
const ADDRESS: usize = 2048;

#[derive(Deserialize)]
struct Delivery {
    repository: Repository,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default, rename = "clone_url")]
    clone: Option<String>,
    #[serde(default, rename = "ssh_url")]
    ssh: Option<String>,
    #[serde(default, rename = "html_url")]
    html: Option<String>,
}

/// The repository's keys, at most one for each kind of address. None, where the body is no delivery about a repository.
/// Everything else in it is passed over without being kept.
pub(crate) fn claimed(body: &[u8]) -> Vec<RepositoryKey> {
    let Ok(Delivery { repository }) = serde_json::from_slice(body) else { return Vec::new() };
    let addresses = [repository.clone, repository.ssh, repository.html];
    let addresses = addresses.into_iter().flatten().filter(|address| address.len() <= ADDRESS);
    let mut keys: Vec<RepositoryKey> = addresses.filter_map(|address| RepositoryKey::of(&address)).collect();
    keys.sort();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_a_repository_count_and_nothing_else() {
        let of = |text: &str| claimed(text.as_bytes()).iter().map(ToString::to_string).collect::<Vec<_>>();
        let github = r#"{"ref": "x", "repository": {"id": 1, "clone_url": "https://github.com/Acme/Shop.git",
            "ssh_url": "git@github.com:Acme/Shop.git", "html_url": "https://github.com/Acme/Shop"}}"#;
        assert_eq!(of(github), ["github.com/acme/shop"]);
        let gitea = r#"{"repository": {"clone_url": "http://h:3000/a/b.git", "ssh_url": "ssh://git@h:2222/a/b.git"}}"#;
        assert_eq!(of(gitea), ["h:2222/a/b", "h:3000/a/b"]);
        for none in ["", "{", "[]", "{}", r#"{"repository": 7}"#, r#"{"repository": {"clone_url": 7}}"#] {
            assert!(of(none).is_empty(), "{none}");
        }
        let deep = "[".repeat(100_000);
        assert!(of(&format!("{{\"a\": {deep}")).is_empty());
        let long = format!("{{\"repository\": {{\"clone_url\": \"https://h/{}\"}}}}", "x".repeat(ADDRESS));
        assert!(of(&long).is_empty());
    }
}
