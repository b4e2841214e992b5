//! One subscription to the engine's events for the whole executor: who was signalled, who ran out of memory, who died.
//!
//! What was seen of a container is kept as a state, not a queue: a listener that looks late misses nothing. After a
//! dropped connection the engine is asked for everything since the last event; what it has forgotten (it restarted)
//! whoever waits finds out by looking at the container. Decides nothing about what an end means.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard::Docker;
use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptions;
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Shortest and longest pause before the subscription is renewed.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// What the engine said about a container so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The last signal that somebody had the engine send.
    pub signalled: Option<i32>,
    /// It met its memory limit.
    pub oom: bool,
    /// It is over.
    pub died: Option<Died>,
}

/// A container's end as the engine told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Died {
    /// The exit code.
    pub code: i64,
    /// How often the subscription had been cut when we heard of it.
    pub generation: u64,
}

/// The subscription.
#[derive(Debug)]
pub(crate) struct Events {
    containers: Mutex<HashMap<String, watch::Sender<Seen>>>,
    /// How often the subscription was cut.
    generation: watch::Sender<u64>,
}

impl Events {
    /// Subscribes in a task that lives until `stop`. `since` is the engine's clock, as the API writes it.
    pub(crate) fn subscribe(
        docker: Docker,
        filter: &HashMap<String, Vec<String>>,
        since: Option<String>,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let events = Arc::new(Self { containers: Mutex::default(), generation: watch::Sender::new(0) });
        let mut filters = filter.clone();
        filters.insert("type".to_owned(), vec!["container".to_owned()]);
        filters.insert("event".to_owned(), ["die", "kill", "oom"].map(str::to_owned).to_vec());
        let shared = Arc::clone(&events);
        tokio::spawn(async move { stop.run_until_cancelled(shared.follow(docker, filters, since)).await });
        events
    }

    /// What is seen of a container from now on (and was, since somebody began to look).
    pub(crate) fn watch(&self, container: &str) -> watch::Receiver<Seen> {
        let mut containers = self.containers.lock().unwrap_or_else(PoisonError::into_inner);
        containers.entry(container.to_owned()).or_default().subscribe()
    }

    /// Nobody looks at this container any more.
    pub(crate) fn forget(&self, container: &str) {
        self.containers.lock().unwrap_or_else(PoisonError::into_inner).remove(container);
    }

    /// How often the subscription was cut, and when it is again.
    pub(crate) fn generation(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    async fn follow(&self, docker: Docker, filters: HashMap<String, Vec<String>>, mut since: Option<String>) {
        let mut pause = PAUSE.0;
        loop {
            let options = EventsOptions { since: since.clone(), until: None, filters: Some(filters.clone()) };
            let mut stream = std::pin::pin!(docker.events(Some(options)));
            while let Some(Ok(event)) = stream.next().await {
                pause = PAUSE.0;
                if let Some(nanos) = event.time_nano {
                    since = Some(timestamp(nanos));
                }
                self.note(&event);
            }
            self.generation.send_modify(|cuts| *cuts += 1);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    fn note(&self, event: &EventMessage) {
        let Some((id, attributes)) = event.actor.as_ref().and_then(|a| Some((a.id.as_ref()?, a.attributes.as_ref()?)))
        else {
            return;
        };
        let generation = *self.generation.borrow();
        let number = |name: &str| attributes.get(name).and_then(|text| text.parse::<i64>().ok());
        let containers = self.containers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = containers.get(id) else { return };
        seen.send_modify(|seen| match event.action.as_deref() {
            Some("kill") => seen.signalled = number("signal").and_then(|n| i32::try_from(n).ok()).or(seen.signalled),
            Some("oom") => seen.oom = true,
            // A replay after a cut may tell it twice; the first time counts.
            Some("die") if seen.died.is_none() => {
                seen.died = number("exitCode").map(|code| Died { code, generation });
            }
            _ => {}
        });
    }
}

/// Nanoseconds since 1970 as the API reads them.
pub(crate) fn timestamp(nanos: i64) -> String {
    format!("{}.{:09}", nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000))
}

#[cfg(test)]
mod tests {
    use bollard::models::EventActor;

    use super::*;

    fn event(id: &str, action: &str, attributes: &[(&str, &str)]) -> EventMessage {
        let attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        EventMessage {
            action: Some(action.to_owned()),
            actor: Some(EventActor { id: Some(id.to_owned()), attributes: Some(attributes) }),
            ..Default::default()
        }
    }

    #[test]
    fn a_late_look_sees_everything_and_the_first_end_counts() {
        let events = Events { containers: Mutex::default(), generation: watch::Sender::new(0) };
        let seen = events.watch("a");
        events.note(&event("a", "kill", &[("signal", "15")]));
        events.note(&event("b", "die", &[("exitCode", "1")]));
        assert_eq!(*seen.borrow(), Seen { signalled: Some(15), oom: false, died: None });
        events.note(&event("a", "die", &[("exitCode", "143")]));
        events.generation.send_modify(|g| *g += 1);
        events.note(&event("a", "die", &[("exitCode", "143")]));
        let late = *events.watch("a").borrow();
        assert_eq!(late.died, Some(Died { code: 143, generation: 0 }));
    }

    #[test]
    fn times_are_written_as_the_engine_reads_them() {
        assert_eq!(timestamp(1_700_000_000_000_000_042), "1700000000.000000042");
    }
}
