//! Files by way of a shell: put as a whole, read as a whole.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::host::ShellHost;
use super::run::{first_word, fresh_mark};
use super::script::{self, word};
use crate::ports::{
    FileMode, RemoteExit, RunEvent, RunOutput, StreamKind, TransportError, TransportErrorKind, TransportResult,
};

/// What a text may say about a failure.
const MOST_WORDS_BYTES: usize = 64 * 1024;

pub(super) async fn put(host: &Arc<dyn ShellHost>, path: &str, bytes: Bytes, mode: FileMode) -> TransportResult<()> {
    let mark = fresh_mark();
    let text = script::put(path, bytes.len(), mode, &mark)?;
    let mut raw = host.open(script::line(&mark), vec![text, bytes]).await?;
    let (said, mut why) = first_word(&mut raw, &mark, None).await?;
    if said == word::DONE {
        return Ok(());
    }
    // The reason stands behind the word and may come in pieces.
    if let Ok(more) = RunOutput::collect(raw, MOST_WORDS_BYTES).await {
        why = [why, more.stdout].concat().into();
    }
    Err(refused(&said, "write", path, host, &why))
}

pub(super) async fn get(host: &Arc<dyn ShellHost>, path: &str, max_bytes: usize) -> TransportResult<Bytes> {
    let mark = fresh_mark();
    let text = script::get(path, &mark)?;
    let mut raw = host.open(script::line(&mark), vec![text]).await?;
    let (said, first) = first_word(&mut raw, &mark, None).await?;
    if said != word::BEGUN {
        return Err(refused(&said, "read", path, host, &first));
    }
    let (mut content, mut aside) = (BytesMut::from(&first[..]), BytesMut::new());
    loop {
        if content.len() > max_bytes {
            let message = format!("file `{path}` on {} is larger than {max_bytes} bytes", host.name());
            return Err(TransportError::new(TransportErrorKind::TooLarge, message));
        }
        match raw.next().await.transpose()? {
            Some(RunEvent::Output(StreamKind::Stdout, bytes)) => content.extend_from_slice(&bytes),
            Some(RunEvent::Output(_, bytes)) => aside.extend_from_slice(&bytes),
            Some(RunEvent::Exit(RemoteExit::Code(0))) => return Ok(content.freeze()),
            Some(RunEvent::Exit(_)) | None => return Err(refused(word::FAILED, "read", path, host, &aside)),
        }
    }
}

fn refused(said: &str, doing: &str, path: &str, host: &Arc<dyn ShellHost>, why: &[u8]) -> TransportError {
    let host = host.name();
    let (kind, message) = match said {
        word::MISSING if doing == "read" => {
            (TransportErrorKind::NotFound, format!("there is no file `{path}` on {host}"))
        }
        word::MISSING => (TransportErrorKind::NotFound, format!("there is no directory for `{path}` on {host}")),
        word::DENIED => (TransportErrorKind::PermissionDenied, format!("the user may not {doing} `{path}` on {host}")),
        word::DIRECTORY => (TransportErrorKind::Invalid, format!("`{path}` on {host} is a directory")),
        word::FULL => (TransportErrorKind::DiskFull, format!("no room is left for `{path}` on {host}")),
        _ => {
            let why: String = String::from_utf8_lossy(why).chars().filter(|c| !c.is_control()).take(300).collect();
            (TransportErrorKind::Internal, format!("cannot {doing} `{path}` on {host}: {why}"))
        }
    };
    TransportError::new(kind, message)
}
