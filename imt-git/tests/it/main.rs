//! The source against the real git, on this machine only.

#[cfg(test)]
mod checkout;
#[cfg(test)]
mod common;
#[cfg(test)]
mod heads;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod network;
#[cfg(test)]
mod one_file;
#[cfg(test)]
mod partial;
#[cfg(test)]
mod refs;
#[cfg(test)]
mod ssh;
#[cfg(test)]
mod working_tree;
