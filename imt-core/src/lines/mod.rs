//! Lines of a log: bytes in, lines out, nothing lost.
//!
//! The stored log is bytes; lines exist only for those who show it. [`LineFramer`] cuts a stream into lines,
//! [`line_text`] makes text of one, [`printable`] makes it safe for a terminal. Pure; knows no job, store or terminal.

mod framer;
mod printable;
mod text;

pub use framer::{Line, LineEnd, LineFramer, MAX_PIECE_BYTES};
pub use printable::{misleads, printable, visible};
pub use text::{Text, line_text};
