//! Troubles at points of a deployment: the nth command of a step on the target, or the step's end.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use imt_core::deploy::machine::{Answer, Fault, Step};
use imt_core::engine::{Beat, Order, Steps};
use imt_core::ports::{
    Connection, DeploymentRecord, FileMode, RemoteCommand, RemoteExit, RunEvent, RunOutput, RunStream, Transport,
    TransportError, TransportErrorKind, TransportResult,
};
use imt_core::secret::Secret;
use imt_core::status::DeploymentReason;

use crate::wait::pass;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The command is not run, and says no; at the end: the step is done and says no.
    Fails,
    /// The command is run, and says no all the same.
    FailsDone,
    /// The connection is lost before the command is sent.
    LostBefore,
    /// The connection is lost when the command is done; at the end: nobody knows of the step, which is then done once more.
    LostAfter,
    /// The connection is cut while the command runs.
    Cut,
    /// The process is killed before the command is sent.
    KilledBefore,
    /// The process is killed while the command runs.
    KilledWithin,
    /// The process is killed when the command is done; at the end: before the step's end is committed.
    KilledAfter,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Fails,
        Self::FailsDone,
        Self::LostBefore,
        Self::LostAfter,
        Self::Cut,
        Self::KilledBefore,
        Self::KilledWithin,
        Self::KilledAfter,
    ];
    /// Those of a step's end.
    pub const AT_END: [Self; 3] = [Self::Fails, Self::LostAfter, Self::KilledAfter];

    /// Whether the process dies of it.
    pub const fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledWithin | Self::KilledAfter)
    }

    /// Whether something says no.
    pub const fn fails(self) -> bool {
        matches!(self, Self::Fails | Self::FailsDone)
    }
}

/// Where, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// In which step.
    pub step: Step,
    /// At which of its commands, from 0; `None`: at its end.
    pub at: Option<usize>,
    /// What.
    pub kind: Kind,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.map_or("end".to_owned(), |at| at.to_string());
        let kind = Kind::ALL.iter().position(|kind| *kind == self.kind).unwrap_or_default();
        write!(f, "{}:{at}:{kind}", self.step)
    }
}

impl std::str::FromStr for Trouble {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let mut next = || parts.next().ok_or_else(|| format!("no trouble: {text}"));
        let step = Step::read(next()?).ok_or_else(|| format!("no step: {text}"))?;
        let at = next()?.parse().ok();
        let kind = next()?.parse().ok().and_then(|nth: usize| Kind::ALL.get(nth).copied());
        Ok(Self { step, at, kind: kind.ok_or_else(|| format!("no kind: {text}"))? })
    }
}

tokio::task_local! {
    /// The step on whose behalf a command is run; beats are nobody's.
    static STEP: Step;
}

/// What was met on the way: how many commands each step has sent, and which troubles are yet to come.
#[derive(Default)]
pub struct Met {
    commands: BTreeMap<Step, usize>,
    to_come: Vec<Trouble>,
}

impl Met {
    /// The trouble at this point, which then has come.
    fn take(&mut self, step: Step, at: Option<usize>) -> Option<Kind> {
        let nth = self.to_come.iter().position(|trouble| trouble.step == step && trouble.at == at)?;
        Some(self.to_come.remove(nth).kind)
    }
}

/// Puts troubles into a deployment, each once.
#[derive(Clone)]
pub struct Troubled {
    met: Arc<Mutex<Met>>,
    cut: Arc<dyn Fn() + Send + Sync>,
}

impl Troubled {
    /// With what cuts the connections there are.
    pub fn new(troubles: &[Trouble], cut: impl Fn() + Send + Sync + 'static) -> Self {
        let met = Met { to_come: troubles.to_vec(), ..Met::default() };
        Self { met: Arc::new(Mutex::new(met)), cut: Arc::new(cut) }
    }

    /// How many commands each step has sent.
    pub fn commands(&self) -> BTreeMap<Step, usize> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).commands.clone()
    }

    /// Whether all trouble has come.
    pub fn has_come(&self) -> bool {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).to_come.is_empty()
    }

    /// Counts a command; the trouble that is due at it.
    fn due(&self) -> Option<Kind> {
        let step = STEP.try_with(|step| *step).ok()?;
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let count = met.commands.entry(step).or_default();
        let nth = *count;
        *count += 1;
        met.take(step, Some(nth))
    }

    /// The trouble that is due at the first end of a step.
    fn due_at_end(&self, step: Step) -> Option<Kind> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.commands.entry(step).or_default();
        met.take(step, None)
    }
}

/// Ends this process as the kernel ends one.
fn die() -> ! {
    let own = rustix::process::getpid();
    // Nothing is left to say if even that fails.
    let _nothing = rustix::process::kill_process(own, rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}

/// [`Steps`] in the way of which a trouble is put.
pub struct TroubledSteps<S> {
    /// Those that do the work.
    pub steps: Arc<S>,
    /// The trouble.
    pub troubled: Troubled,
}

impl<S: Steps> TroubledSteps<S> {
    async fn troubled(&self, step: Step, doing: impl Future<Output = Answer> + Send) -> Answer {
        let answer = STEP.scope(step, doing).await;
        match self.troubled.due_at_end(step) {
            None => answer,
            Some(Kind::KilledAfter) => die(),
            Some(Kind::LostAfter) => Answer::Unclear,
            Some(_) => Answer::Failed(Fault::new(DeploymentReason::Internal, "the test says no")),
        }
    }
}

#[async_trait]
impl<S: Steps> Steps for TroubledSteps<S> {
    async fn perform(&self, order: &Order) -> Answer {
        self.troubled(order.ticket.step, self.steps.perform(order)).await
    }

    async fn look(&self, order: &Order) -> Answer {
        self.troubled(order.ticket.step, self.steps.look(order)).await
    }

    fn secrets(&self) -> Arc<[Secret]> {
        self.steps.secrets()
    }

    async fn beat(&self, record: &DeploymentRecord) -> Beat {
        self.steps.beat(record).await
    }
}

/// A transport in the way of which a trouble is put.
pub struct TroubledTransport {
    /// The one that reaches the target.
    pub transport: Arc<dyn Transport>,
    /// The trouble.
    pub troubled: Troubled,
}

#[async_trait]
impl Transport for TroubledTransport {
    fn host(&self) -> String {
        self.transport.host()
    }

    async fn connect(&self) -> TransportResult<Arc<dyn Connection>> {
        let connection = self.transport.connect().await?;
        Ok(Arc::new(TroubledConnection { connection, troubled: self.troubled.clone() }))
    }
}

struct TroubledConnection {
    connection: Arc<dyn Connection>,
    troubled: Troubled,
}

fn lost() -> TransportError {
    TransportError::new(TransportErrorKind::ConnectionLost, "the test has cut the connection")
}

fn says_no() -> RunStream {
    stream::iter([Ok(RunEvent::Exit(RemoteExit::Code(1)))]).boxed()
}

/// The most that a command of a deployment prints in these tests.
const MOST: usize = 8 << 20;

impl TroubledConnection {
    /// A connection that is lost takes everything on it with it.
    async fn lose(&self) -> TransportError {
        self.connection.close().await;
        lost()
    }

    /// Something that is either done or not, with trouble.
    async fn with<T>(&self, work: impl Future<Output = TransportResult<T>> + Send) -> TransportResult<T> {
        let no = || TransportError::new(TransportErrorKind::PermissionDenied, "the test says no");
        match self.troubled.due() {
            None => work.await,
            Some(Kind::Fails) => Err(no()),
            Some(Kind::FailsDone) => work.await.and_then(|_| Err(no())),
            Some(Kind::LostBefore) => Err(self.lose().await),
            Some(Kind::KilledBefore) => die(),
            Some(kind @ (Kind::LostAfter | Kind::KilledAfter)) => {
                drop(work.await);
                if kind.kills() {
                    die()
                }
                Err(self.lose().await)
            }
            Some(kind @ (Kind::Cut | Kind::KilledWithin)) => {
                let within = async {
                    pass(Duration::from_millis(3)).await;
                    if kind.kills() {
                        die()
                    }
                    (self.troubled.cut)();
                    self.connection.close().await;
                };
                tokio::join!(work, within).0
            }
        }
    }
}

#[async_trait]
impl Connection for TroubledConnection {
    async fn run(&self, command: RemoteCommand) -> TransportResult<RunStream> {
        match self.troubled.due() {
            None => self.connection.run(command).await,
            Some(Kind::Fails) => Ok(says_no()),
            Some(Kind::LostBefore) => Err(self.lose().await),
            Some(Kind::KilledBefore) => die(),
            Some(kind @ (Kind::FailsDone | Kind::LostAfter | Kind::KilledAfter)) => {
                let stream = self.connection.run(command).await?;
                drop(RunOutput::collect(stream, MOST).await);
                match kind {
                    Kind::KilledAfter => die(),
                    Kind::FailsDone => Ok(says_no()),
                    _ => Err(self.lose().await),
                }
            }
            Some(kind) => {
                let stream = self.connection.run(command).await?;
                pass(Duration::from_millis(15)).await;
                if kind.kills() {
                    die()
                }
                (self.troubled.cut)();
                self.connection.close().await;
                Ok(stream)
            }
        }
    }

    async fn put(&self, path: &str, bytes: Bytes, mode: FileMode) -> TransportResult<()> {
        self.with(self.connection.put(path, bytes, mode)).await
    }

    async fn get(&self, path: &str, max_bytes: usize) -> TransportResult<Bytes> {
        self.with(self.connection.get(path, max_bytes)).await
    }

    async fn close(&self) {
        self.connection.close().await;
    }
}
