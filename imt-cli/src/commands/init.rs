//! `imt init`: writes a first pipeline file for what a directory holds.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use imt_core::pipeline::{Starter, starter};

use crate::args::InitArgs;
use crate::error::{CliError, Result};
use crate::exit::Exit;
use crate::output;
use crate::project::{DEFAULT_NAMES, existing_dir};

pub(crate) fn run(args: &InitArgs) -> Result<Exit> {
    let dir = existing_dir(&args.dir)?;
    let path = target(&dir, args.force)?;
    let starter = starter_for(&dir)?;
    write(&path, &starter.text, args.force)?;
    let found = if starter.found.is_empty() {
        "nothing that tells what it is, so the jobs are examples".to_owned()
    } else {
        starter.found.join(", ")
    };
    output::result(&format!(
        "Found {found}.\nWrote {}.\n\nNext: look at it, then run it with `imt run`.\n",
        path.display()
    ))?;
    Ok(Exit::Success)
}

/// The file to write: the one that is there when it may be overwritten, else the usual one.
fn target(dir: &Path, force: bool) -> Result<PathBuf> {
    let there = DEFAULT_NAMES.map(|name| dir.join(name)).into_iter().find(|path| path.symlink_metadata().is_ok());
    match there {
        Some(path) if !force => Err(CliError::usage(format!("`{}` is there already", path.display()))
            .help("edit it, or overwrite it with --force")),
        Some(path) => Ok(path),
        None => Ok(dir.join(DEFAULT_NAMES[0])),
    }
}

fn starter_for(dir: &Path) -> Result<Starter> {
    let unreadable = |error| CliError::usage(format!("cannot read the directory `{}`", dir.display())).because(error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        names.extend(entry.map_err(unreadable)?.file_name().into_string());
    }
    names.sort();
    Ok(starter(names.iter().map(String::as_str)))
}

fn write(path: &Path, text: &str, force: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    // Without force nothing is overwritten, also not what came into being since we looked.
    if force {
        options.write(true).create(true).truncate(true)
    } else {
        options.write(true).create_new(true)
    };
    let result: io::Result<()> = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    result.map_err(|error| {
        CliError::usage(format!("cannot write `{}`", path.display()))
            .help("see that you may write to the directory")
            .because(error)
    })
}
