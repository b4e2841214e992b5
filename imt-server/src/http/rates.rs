//! How often a client may call: a bucket of tokens for each address, and one for all addresses that there is no room for.
//!
//! Pure but for the lock: the time is given. Knows no route, and not how an address is found out.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So often at once, by who has been silent before.
    pub at_once: u32,
    /// And from then on so often each second.
    pub each_second: u32,
}

impl Rate {
    /// After how long one more is earned.
    fn step(self) -> Duration {
        Duration::from_secs(1) / self.each_second.max(1)
    }
}

/// How often one client may call. A client is an address, or a network of the size that one customer gets (IPv6: /64).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// What has to do with signing in.
    pub sign_in: Rate,
    /// What hosts of repositories send.
    pub deliveries: Rate,
    /// Repositories that are looked into before they are projects, which starts git and asks others; and members that are named by
    /// their address, which says whether somebody has it.
    pub checks: Rate,
    /// All else but `/health`.
    pub calls: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            sign_in: Rate { at_once: 120, each_second: 2 },
            deliveries: Rate { at_once: 10_000, each_second: 1_000 },
            checks: Rate { at_once: 30, each_second: 1 },
            calls: Rate { at_once: 2_000, each_second: 100 },
        }
    }
}

/// Who is told apart from whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Client {
    V4(Ipv4Addr),
    /// The upper half of the address.
    V6(u64),
    /// All whom there is no room for.
    Crowd,
}

impl Client {
    /// `None`: whoever is at this machine, or is not known to be anywhere, is not limited.
    fn at(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        if address.is_loopback() || address.is_unspecified() {
            return None;
        }
        Some(match address {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => Self::V6(u64::try_from(v6.to_bits() >> 64).unwrap_or_default()),
        })
    }
}

/// The most clients that are told apart: some megabytes.
const MOST: usize = 65_536;
/// How many clients' worth those get together whom there is no room for.
const CROWD: u32 = 64;
/// How long to wait before those are looked for again that need not be remembered.
const SWEEP: Duration = Duration::from_secs(1);

/// The buckets of all clients for one rate. A bucket that is full need not be remembered.
struct Buckets {
    rate: Rate,
    most: usize,
    /// When the bucket of each will be full again.
    full_at: HashMap<Client, Instant>,
    swept_at: Option<Instant>,
}

impl Buckets {
    fn new(rate: Rate, most: usize) -> Self {
        Self { rate, most, full_at: HashMap::new(), swept_at: None }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// After how long there will be one again.
    fn take(&mut self, client: Client, now: Instant) -> Result<(), Duration> {
        let client = self.with_room_for(client, now);
        let share = if client == Client::Crowd { CROWD } else { 1 };
        let step = self.rate.step() / share;
        let holds = step * self.rate.at_once.max(1).saturating_mul(share);
        let full_at = self.full_at.get(&client).copied().unwrap_or(now).max(now);
        let then = full_at + step;
        let missing = then.saturating_duration_since(now).saturating_sub(holds);
        if missing.is_zero() {
            self.full_at.insert(client, then);
            return Ok(());
        }
        Err(missing)
    }

    fn with_room_for(&mut self, client: Client, now: Instant) -> Client {
        if self.full_at.len() < self.most || self.full_at.contains_key(&client) {
            return client;
        }
        // All are looked through, which a flood of addresses must not make us do each time.
        if self.swept_at.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP) {
            self.swept_at = Some(now);
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        if self.full_at.len() < self.most { client } else { Client::Crowd }
    }
}

/// What a request is about, as far as its rate is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    SignIn,
    Delivery,
    Check,
    Call,
}

/// Who has called how often.
pub(crate) struct Throttle {
    sign_in: Mutex<Buckets>,
    deliveries: Mutex<Buckets>,
    checks: Mutex<Buckets>,
    calls: Mutex<Buckets>,
}

impl Throttle {
    pub(crate) fn new(rates: Rates) -> Self {
        let of = |rate| Mutex::new(Buckets::new(rate, MOST));
        Self {
            sign_in: of(rates.sign_in),
            deliveries: of(rates.deliveries),
            checks: of(rates.checks),
            calls: of(rates.calls),
        }
    }

    /// Counts a request of whoever is at this address.
    ///
    /// # Errors
    /// It is one too many; after how long it would not be.
    pub(crate) fn count(&self, kind: Kind, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let Some(client) = Client::at(address) else { return Ok(()) };
        let buckets = match kind {
            Kind::SignIn => &self.sign_in,
            Kind::Delivery => &self.deliveries,
            Kind::Check => &self.checks,
            Kind::Call => &self.calls,
        };
        buckets.lock().unwrap_or_else(PoisonError::into_inner).take(client, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { at_once: 3, each_second: 2 };

    fn client(address: &str) -> Client {
        Client::at(address.parse().unwrap()).unwrap()
    }

    #[test]
    fn so_many_at_once_and_then_as_many_as_are_earned() {
        let (mut buckets, begin) = (Buckets::new(RATE, 10), Instant::now());
        let one = client("192.0.2.1");
        let mut at = |millis: u64, client| buckets.take(client, begin + Duration::from_millis(millis));
        assert_eq!([at(0, one), at(0, one), at(0, one)], [Ok(()); 3]);
        assert_eq!(at(0, one), Err(Duration::from_millis(500)));
        assert_eq!(at(200, one), Err(Duration::from_millis(300)), "what was refused costs nothing");
        assert_eq!(at(200, client("192.0.2.2")), Ok(()), "another one has his own");
        assert_eq!(at(500, one), Ok(()));
        assert_eq!(at(500, one), Err(Duration::from_millis(500)));
        assert_eq!([at(9_000, one), at(9_000, one), at(9_000, one)], [Ok(()); 3], "no more is saved than that");
        assert!(at(9_000, one).is_err());
    }

    #[test]
    fn one_client_is_an_address_or_the_network_of_one_customer() {
        assert_eq!(client("192.0.2.1"), client("::ffff:192.0.2.1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::9"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        for here in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"] {
            assert_eq!(Client::at(here.parse().unwrap()), None, "{here}");
        }
    }

    /// However many addresses call: no more is remembered, who was known keeps what is his, and the others share.
    #[test]
    fn a_flood_of_addresses_takes_no_more_room_and_nothing_from_who_is_known() {
        let (mut buckets, now) = (Buckets::new(Rate { at_once: 1, each_second: 1 }, 100), Instant::now());
        let known = client("192.0.2.1");
        buckets.take(known, now).unwrap();
        let of = |n: u32| Client::V4(Ipv4Addr::from_bits(0x0a00_0000 + n));
        let let_in = (0..100_000).filter(|n| buckets.take(of(*n), now).is_ok()).count();
        assert_eq!((let_in, buckets.full_at.len()), (99 + 64, 101));
        let later = now + Duration::from_secs(1);
        assert_eq!(buckets.take(known, later), Ok(()));
        assert_eq!(buckets.take(of(7_000_000), later), Ok(()));
        assert!(buckets.full_at.len() <= 3, "who has his bucket full is forgotten: {}", buckets.full_at.len());
    }
}
