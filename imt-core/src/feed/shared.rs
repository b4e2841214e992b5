//! What many readers of the same pipeline read, read once.
//!
//! Events and logs are only ever added to: what was found once at a place stays what is there, and is kept for a while for whoever
//! comes by. That nothing was found holds only for who asked before it was looked. Knows nothing of who reads, or why.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::time::Instant;

use super::reader::{EVENT_PAGE, LOG_PAGE_BYTES};
use crate::id::{AttemptId, PipelineId};
use crate::ports::{Event, EventId, LogFrom, Store, StoreResult, StoredChunk};

/// The reads of a store for many [`Feed`](super::Feed)s, each of which is made by one of those who want it.
pub struct SharedReads {
    store: Arc<dyn Store>,
    /// Nothing is shared where there is none.
    shelves: Option<Shelves>,
}

struct Shelves {
    events: Shelf<(PipelineId, EventId), Event>,
    logs: Shelf<(AttemptId, u64), StoredChunk>,
}

impl SharedReads {
    /// Keeps about so many bytes of logs at most, and some events, for others than who read them.
    pub fn new(store: Arc<dyn Store>, most_bytes: usize) -> Self {
        let events = Shelf::new(most_bytes / 8, |_: &Event| size_of::<Event>());
        let logs = Shelf::new(most_bytes, |chunk: &StoredChunk| size_of::<StoredChunk>() + chunk.bytes.len());
        Self { store, shelves: Some(Shelves { events, logs }) }
    }

    /// For one reader.
    pub(super) const fn alone(store: Arc<dyn Store>) -> Self {
        Self { store, shelves: None }
    }

    /// What is read.
    pub(super) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Whether there are others.
    pub(super) const fn is_shared(&self) -> bool {
        self.shelves.is_some()
    }

    /// A page of events after this one. That there is none is no older than `since`.
    pub(super) async fn events(
        &self,
        pipeline: PipelineId,
        after: EventId,
        since: Instant,
    ) -> StoreResult<Arc<[Event]>> {
        let reading = async { self.store.events_after(Some(pipeline), after, EVENT_PAGE).await };
        match &self.shelves {
            Some(shelves) => shelves.events.read((pipeline, after), since, reading).await,
            None => reading.await.map(Into::into),
        }
    }

    /// A page of a log from this byte on. That there is nothing is no older than `since`.
    pub(super) async fn log(&self, attempt: AttemptId, from: u64, since: Instant) -> StoreResult<Arc<[StoredChunk]>> {
        let reading = async {
            let page = self.store.read_log(attempt, LogFrom::Offset(from), LOG_PAGE_BYTES).await?;
            Ok(page.chunks)
        };
        match &self.shelves {
            Some(shelves) => shelves.logs.read((attempt, from), since, async { reading.await.map(compact) }).await,
            None => reading.await.map(Into::into),
        }
    }
}

#[cfg(test)]
impl SharedReads {
    /// The attempts of whose logs something was read, or was to be.
    pub(super) fn logs_read(&self) -> Vec<AttemptId> {
        let shelves = self.shelves.as_ref().expect("they are shared");
        let mut attempts: Vec<_> = shelves.logs.places().by_key.keys().map(|(attempt, _)| *attempt).collect();
        attempts.dedup();
        attempts
    }
}

/// The same without what it was cut out of, which would be kept with it.
fn compact(chunks: Vec<StoredChunk>) -> Vec<StoredChunk> {
    let alone = |chunk: StoredChunk| StoredChunk { bytes: Bytes::copy_from_slice(&chunk.bytes), ..chunk };
    chunks.into_iter().map(alone).collect()
}

/// Pages by where they begin, of which the oldest go when there are too many.
struct Shelf<K, T> {
    places: Mutex<Places<K, T>>,
    most: usize,
    weigh: fn(&T) -> usize,
}

struct Places<K, T> {
    by_key: BTreeMap<K, Place<T>>,
    /// In the order in which they came to be.
    order: VecDeque<K>,
    weight: usize,
}

struct Place<T> {
    /// Who holds it reads for all others.
    reading: Arc<tokio::sync::Mutex<Option<Nothing>>>,
    /// What is there.
    page: Option<Arc<[T]>>,
    weight: usize,
}

/// There was nothing when it was looked, then.
#[derive(Clone, Copy)]
struct Nothing(Instant);

/// What a place takes by itself.
const PLACE: usize = 512;

impl<K: Ord + Copy, T> Shelf<K, T> {
    fn new(most: usize, weigh: fn(&T) -> usize) -> Self {
        let places = Places { by_key: BTreeMap::new(), order: VecDeque::new(), weight: 0 };
        Self { places: Mutex::new(places), most, weigh }
    }

    /// The page at a place, read if nobody has; that it is empty is no older than `since`.
    async fn read(
        &self,
        key: K,
        since: Instant,
        reading: impl Future<Output = StoreResult<Vec<T>>>,
    ) -> StoreResult<Arc<[T]>> {
        let turn = match self.find(key) {
            Ok(page) => return Ok(page),
            Err(turn) => turn,
        };
        let mut seen = turn.lock().await;
        // Whoever had it before may have found it.
        if let Ok(page) = self.find(key) {
            return Ok(page);
        }
        if seen.is_some_and(|Nothing(at)| at > since) {
            return Ok(Arc::new([]));
        }
        let now = Instant::now();
        let page: Arc<[T]> = reading.await?.into();
        if page.is_empty() {
            *seen = Some(Nothing(now));
        } else {
            self.keep(key, Arc::clone(&page));
        }
        Ok(page)
    }

    /// What is at a place, or where to wait for one's turn to read it.
    fn find(&self, key: K) -> Result<Arc<[T]>, Arc<tokio::sync::Mutex<Option<Nothing>>>> {
        let mut places = self.places();
        if let Some(place) = places.by_key.get(&key) {
            return place.page.clone().ok_or_else(|| Arc::clone(&place.reading));
        }
        let reading = Arc::default();
        places.by_key.insert(key, Place { reading: Arc::clone(&reading), page: None, weight: PLACE });
        places.order.push_back(key);
        self.grow(&mut places, PLACE);
        Err(reading)
    }

    fn keep(&self, key: K, page: Arc<[T]>) {
        let weight: usize = page.iter().map(self.weigh).sum();
        let mut places = self.places();
        // It may have gone meanwhile.
        if let Some(place) = places.by_key.get_mut(&key) {
            place.page = Some(page);
            place.weight += weight;
            self.grow(&mut places, weight);
        }
    }

    fn grow(&self, places: &mut Places<K, T>, by: usize) {
        places.weight += by;
        while places.weight > self.most
            && let Some(oldest) = places.order.pop_front()
        {
            let gone = places.by_key.remove(&oldest);
            places.weight -= gone.map_or(0, |gone| gone.weight);
        }
    }

    fn places(&self) -> MutexGuard<'_, Places<K, T>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::sync::Notify;

    use super::*;
    use crate::ports::StoreError;

    /// Pages of bytes, and how often they were read.
    struct Shared {
        shelf: Shelf<u32, u8>,
        reads: AtomicUsize,
    }

    impl Shared {
        fn new(most: usize) -> Self {
            Self { shelf: Shelf::new(most, |_| 1), reads: AtomicUsize::new(0) }
        }

        async fn read(&self, key: u32, since: Instant, found: &[u8]) -> Arc<[u8]> {
            let reading = async {
                self.reads.fetch_add(1, Ordering::SeqCst);
                Ok(found.to_vec())
            };
            self.shelf.read(key, since, reading).await.unwrap()
        }

        fn reads(&self) -> usize {
            self.reads.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_is_read_once_and_what_is_not_by_each_who_comes_later() {
        let shared = Shared::new(1 << 20);
        let begin = Instant::now();
        for _ in 0..3 {
            assert_eq!(*shared.read(1, Instant::now(), b"found").await, *b"found");
        }
        assert_eq!(shared.reads(), 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(shared.read(2, Instant::now(), b"").await.is_empty());
        assert!(shared.read(2, begin, b"found").await.is_empty(), "somebody has looked since");
        assert_eq!(shared.reads(), 2);
        assert_eq!(*shared.read(2, Instant::now(), b"found").await, *b"found");
        assert_eq!(shared.reads(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_come_while_it_is_looked_need_one_look_more() {
        let shared = Shared::new(1 << 20);
        let gate = Notify::new();
        let begin = Instant::now();
        let first = shared.shelf.read(1, begin, async {
            gate.notified().await;
            Ok(Vec::new())
        });
        let others = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let others = join_all((0..100).map(|_| shared.read(1, Instant::now(), b"")));
            let opening = async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                gate.notify_one();
            };
            tokio::join!(others, opening).0
        };
        let (first, others) = tokio::join!(first, others);
        assert!(first.unwrap().is_empty() && others.iter().all(|page| page.is_empty()));
        assert_eq!(shared.reads(), 1, "beside the first");
    }

    #[tokio::test]
    async fn who_fails_or_goes_away_leaves_it_to_the_next() {
        let shared = Shared::new(1 << 20);
        let failing = async { Err(StoreError::Internal { message: "no".to_owned(), source: None }) };
        assert!(shared.shelf.read(1, Instant::now(), failing).await.is_err());
        let hanging = shared.shelf.read(1, Instant::now(), std::future::pending());
        assert!(tokio::time::timeout(Duration::ZERO, hanging).await.is_err());
        assert_eq!(*shared.read(1, Instant::now(), b"found").await, *b"found");
    }

    #[tokio::test]
    async fn the_oldest_go_when_there_are_too_many() {
        let shared = Shared::new(10 * (PLACE + 100));
        for key in 0..100 {
            shared.read(key, Instant::now(), &[0; 100]).await;
            assert!(shared.shelf.places().weight <= 10 * (PLACE + 100));
        }
        let kept = shared.shelf.places().by_key.len();
        assert_eq!(kept, shared.shelf.places().order.len());
        shared.read(99, Instant::now(), &[0; 100]).await;
        assert_eq!(shared.reads(), 100, "the newest are there");
        shared.read(0, Instant::now(), &[0; 100]).await;
        assert_eq!(shared.reads(), 101, "the oldest are not");
    }
}
