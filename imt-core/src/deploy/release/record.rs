//! The release record and its serialised form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::content::ContentHash;
use super::list::ReleaseHead;
use crate::id::{CommitId, ReleaseId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// The version of the record's form that is written here.
pub const FORMAT: u32 = 1;

/// All that putting it on its target again takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Which release.
    pub id: ReleaseId,
    /// The commit it was made of.
    pub commit: CommitId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The name given to compose with `-p`.
    pub compose_project: String,
    /// The environment it was made for.
    pub environment: String,
    /// The compose files in the order they are given with `-f`, the deploy override apart.
    pub compose_files: Vec<StoredText>,
    /// The deploy override, given last.
    pub override_file: StoredText,
    /// The profiles that were active.
    pub profiles: Vec<String>,
    /// What each service runs.
    pub images: BTreeMap<String, ReleaseImage>,
    /// Every other file that was put on the target.
    pub files: Vec<ReleaseFile>,
    /// The content of the environment's `.env`; `None` where there is none. Not part of the serialised record.
    pub env: Option<Secret>,
    /// What became of it.
    pub verdict: ReleaseVerdict,
    /// When its verdict was last found: a release that is put back, and healthy again, is the newest good one.
    pub judged_at: Timestamp,
}

/// A small text file, kept whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredText {
    /// Where it lies, relative to the target's project directory.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// The image of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseImage {
    /// The reference as compose is given it.
    pub reference: String,
    /// The digest in its registry, `sha256:…`; `None` where nothing was pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Whether the deployment built it: such images are pruned by retention, others never.
    #[serde(default)]
    pub is_built: bool,
}

/// A file beside the compose files, by what is in it. The file itself lies beside the record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReleaseFile {
    /// Where it lies, relative to the target's project directory.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
    /// The BLAKE3 hash of what is in it, in hexadecimal digits.
    pub hash: String,
}

/// What became of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseVerdict {
    /// It was healthy when it was last put on its target.
    Good,
    /// It was not.
    Failed,
    /// Written down by a later version of IMT, in a word that is not known here. Never gone back to.
    #[serde(other)]
    Other,
}

/// A record that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Not JSON, or not of this shape.
    #[error("the release record cannot be read: {0}")]
    Shape(#[from] serde_json::Error),
    /// A later version wrote it and says that earlier ones cannot use it.
    #[error("the release record has format {0}; this version of IMT reads up to {FORMAT}: use a newer one")]
    TooNew(u32),
    /// What it says of its content does not agree with its content.
    #[error("the release record is damaged: its content has the hash {found}, it says {recorded}")]
    Damaged {
        /// The hash that the record states.
        recorded: ContentHash,
        /// The hash of what is in it.
        found: ContentHash,
    },
    /// A file beside it is not as it says.
    #[error("the file `{0}` is not as the release record says")]
    File(String),
}

/// The form on disk. Later versions may add keys, which are ignored here, and raise `format`; only when an earlier reader
/// would do harm do they raise `readable_by` as well.
#[derive(Serialize, Deserialize)]
struct Raw {
    format: u32,
    readable_by: u32,
    id: ReleaseId,
    commit: CommitId,
    created_at: Timestamp,
    compose_project: String,
    environment: String,
    compose_files: Vec<StoredText>,
    override_file: StoredText,
    #[serde(default)]
    profiles: Vec<String>,
    #[serde(default)]
    images: BTreeMap<String, ReleaseImage>,
    #[serde(default)]
    files: Vec<ReleaseFile>,
    has_env: bool,
    verdict: ReleaseVerdict,
    judged_at: Timestamp,
    content: ContentHash,
}

/// Read first: what follows may have any shape in a form that is too new.
#[derive(Deserialize)]
struct Version {
    format: u32,
    readable_by: u32,
}

impl Release {
    /// What distinguishes it from others as far as its target can tell.
    pub fn content(&self) -> ContentHash {
        ContentHash::of(self)
    }

    /// The line that lists of releases have of it.
    pub fn head(&self) -> ReleaseHead {
        ReleaseHead {
            id: self.id,
            commit: self.commit.clone(),
            created_at: self.created_at,
            content: self.content(),
            verdict: self.verdict,
            judged_at: self.judged_at,
        }
    }

    /// The BLAKE3 hash, in hexadecimal digits, of every file of it but the variables, by path. Those are part of its content.
    pub fn checksums(&self) -> BTreeMap<String, String> {
        let of_text = |file: &StoredText| (file.path.clone(), blake3::hash(file.text.as_bytes()).to_hex().to_string());
        let texts = self.compose_files.iter().chain([&self.override_file]).map(of_text);
        self.files.iter().map(|file| (file.path.clone(), file.hash.clone())).chain(texts).collect()
    }

    /// The serialised record, without the variables of the environment.
    pub fn to_json(&self) -> String {
        let raw = Raw {
            format: FORMAT,
            readable_by: FORMAT,
            id: self.id,
            commit: self.commit.clone(),
            created_at: self.created_at,
            compose_project: self.compose_project.clone(),
            environment: self.environment.clone(),
            compose_files: self.compose_files.clone(),
            override_file: self.override_file.clone(),
            profiles: self.profiles.clone(),
            images: self.images.clone(),
            files: self.files.clone(),
            has_env: self.env.is_some(),
            verdict: self.verdict,
            judged_at: self.judged_at,
            content: self.content(),
        };
        serde_json::to_string_pretty(&raw).expect("a record has neither maps with odd keys nor foreign values")
    }

    /// Reads a record; `env` is what lies in the file beside it, if there is one.
    ///
    /// # Errors
    /// When it is damaged, was cut off, or a later version forbids reading it.
    pub fn read(json: &[u8], env: Option<Secret>) -> Result<Self, ReleaseError> {
        let raw = read_raw(json)?;
        let release = Self {
            id: raw.id,
            commit: raw.commit,
            created_at: raw.created_at,
            compose_project: raw.compose_project,
            environment: raw.environment,
            compose_files: raw.compose_files,
            override_file: raw.override_file,
            profiles: raw.profiles,
            images: raw.images,
            files: raw.files,
            env: if raw.has_env { env.or_else(|| Some(Secret::new(""))) } else { None },
            verdict: raw.verdict,
            judged_at: raw.judged_at,
        };
        let found = release.content();
        // A later form may hash more than is known here.
        if raw.format <= FORMAT && found != raw.content {
            return Err(ReleaseError::Damaged { recorded: raw.content, found });
        }
        Ok(release)
    }
}

/// Reads what each service runs from a record, for those who only want to know what is whose.
///
/// # Errors
/// When it cannot be read, or a later version forbids it.
pub fn read_images(json: &[u8]) -> Result<BTreeMap<String, ReleaseImage>, ReleaseError> {
    Ok(read_raw(json)?.images)
}

impl ReleaseHead {
    /// Reads the head of a record, for lists: needs neither the environment nor an undamaged content.
    ///
    /// # Errors
    /// When it cannot be read, or a later version forbids it.
    pub fn read(json: &[u8]) -> Result<Self, ReleaseError> {
        let Raw { id, commit, created_at, content, verdict, judged_at, .. } = read_raw(json)?;
        Ok(Self { id, commit, created_at, content, verdict, judged_at })
    }
}

fn read_raw(json: &[u8]) -> Result<Raw, ReleaseError> {
    let version: Version = serde_json::from_slice(json)?;
    if version.readable_by > FORMAT {
        return Err(ReleaseError::TooNew(version.format));
    }
    Ok(serde_json::from_slice(json)?)
}
