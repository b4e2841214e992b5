//! The routes as a client meets them, over stores in memory.

#[cfg(test)]
mod authorization;
#[cfg(test)]
mod badges;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod common;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod fields;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod log;
#[cfg(test)]
mod logged;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod overview;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod reconcile;
#[cfg(test)]
mod repositories;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod set_up;
#[cfg(test)]
mod sign_ins;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod statuses;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod users;
