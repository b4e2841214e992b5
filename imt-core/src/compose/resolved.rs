//! A project as compose understands it, with what its model does not show.

use super::model::Model;
use super::variables::Variable;

/// A project as compose understands it.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The model, with paths as the files have them.
    pub model: Model,
    /// The same without interpolation, with the paths of env files interpolated: only here they are shown.
    pub raw: Model,
    /// Variables that become nothing: no env file sets them, and they have no default where they stand.
    pub unset: Vec<Variable>,
    /// Every file that describes the project: those named, those included and extended, and the env files of includes.
    /// Relative to the project's directory.
    pub compose_files: Vec<String>,
}
