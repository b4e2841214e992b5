//! The program as a process: what those who start it, supervise it and keep its backups meet.

#[cfg(test)]
mod process;
