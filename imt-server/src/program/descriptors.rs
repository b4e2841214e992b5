//! File descriptors: as many as connections need, as far as the system has them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open beside connections at most: the store, git, what the runner has at work.
const BESIDE: u64 = 1024;

/// Raises the limit of this process, if it is too low for so many connections and the system lets it; for how many there is room.
pub(super) fn room_for(connections: usize) -> usize {
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(BESIDE);
    let limit = getrlimit(Resource::Nofile);
    let has = raised(&limit, needed);
    let room = room(has, connections);
    if room < connections {
        tracing::warn!(
            "there are {has} file descriptors, which is room for {room} connections: for all {connections}, let this process have \
             {needed} (`LimitNOFILE=` of systemd, `ulimits` of compose, `ulimit -Hn`)"
        );
    }
    room
}

/// How many there are once it was tried to have so many. No more than are needed: what is started from here gets the limit, too,
/// and some programs look at each that there may be.
fn raised(limit: &Rlimit, needed: u64) -> u64 {
    let Some(current) = limit.current.filter(|current| *current < needed) else { return needed };
    let wanted = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::warn!(%error, "the limit of file descriptors cannot be raised");
            current
        }
    }
}

/// For how many connections there is room: half of what there is at least, as everything else goes by descriptors, too.
fn room(has: u64, connections: usize) -> usize {
    let room = has.saturating_sub(BESIDE).max(has / 2);
    usize::try_from(room).unwrap_or(usize::MAX).min(connections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_rest() {
        assert_eq!(room(17_408, 16_384), 16_384);
        assert_eq!(room(1 << 20, 16_384), 16_384);
        assert_eq!(room(4_096, 16_384), 3_072);
        assert_eq!(room(1_024, 16_384), 512);
    }
}
