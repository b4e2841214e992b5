//! Deliveries whose repository does not answer: they keep nobody else waiting, and hold up no end.

use std::time::Duration;

use imt_core::directory::{
    DeliveryClaim, DeliveryOutcome, DeliveryState, Existing, NewDelivery, NewProject, ProjectSettings, Settlement,
    SkipReason,
};
use imt_core::id::{DeliveryId, InstanceId, ProjectId, ProjectName};
use imt_core::ports::{Deliveries as _, Projects as _};
use imt_server::{Settings, work_on_deliveries};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::common::{World, deed, now};
use crate::deliveries::{FILE, Origin, outcome, pushed};

/// Longer than anything here takes, and shorter than git would wait.
const SOON: Duration = Duration::from_mins(1);

/// A host that takes what is asked of it and never answers: how many ask now.
async fn silent() -> (String, watch::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/slow.git", listener.local_addr().unwrap());
    let (asking, asked) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            asking.send_modify(|count| *count += 1);
            let asking = asking.clone();
            tokio::spawn(async move {
                while connection.read_u8().await.is_ok() {}
                asking.send_modify(|count| *count -= 1);
            });
        }
    });
    (url, asked)
}

/// A world with a second project, whose repository is such a host; deliveries are worked on.
struct Slow {
    world: World,
    project: ProjectId,
    asked: watch::Receiver<usize>,
    work: JoinHandle<()>,
}

impl Slow {
    async fn new(delivery_within: Duration) -> Self {
        let world = World::with(Settings { delivery_within, ..Settings::single_user(8080) }).await;
        let (url, asked) = silent().await;
        let settings = ProjectSettings { repo_url: Some(url), ..ProjectSettings::default() };
        let (project, name, owner) = (ProjectId::generate(), ProjectName::new("slow"), world.owner.id);
        let new = NewProject { id: project, name, settings, owner, existing: Existing::Refuse, secrets: Vec::new() };
        world.store.create_project(&new, &deed()).await.unwrap();
        let work = tokio::spawn(work_on_deliveries(world.server.clone(), InstanceId::new("worker")));
        Self { world, project, asked, work }
    }

    async fn deliver(&self, name: &str) -> DeliveryId {
        let body = pushed("refs/heads/main", &"1".repeat(40), "").into();
        let (provider_id, event) = (name.to_owned(), "push".to_owned());
        let new = NewDelivery { project: self.project, provider_id, event, push: None, body, received_at: now() };
        self.world.store.receive(&new).await.unwrap().id
    }

    /// Waits until so many ask the host.
    async fn asked_by(&mut self, count: usize) {
        let waited = tokio::time::timeout(SOON, self.asked.wait_for(|asking| *asking == count)).await;
        waited.expect("git comes and goes").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_repository_leaves_room_for_the_others() {
    let mut slow = Slow::new(Duration::from_mins(2)).await;
    for nth in 0..20 {
        slow.deliver(&nth.to_string()).await;
    }
    slow.asked_by(1).await;
    let commit = Origin::new(&slow.world).commit(Some(FILE), "first");
    let came = outcome(&slow.world, "1", &pushed("refs/heads/main", &commit, "first")).await;
    assert!(matches!(came, DeliveryOutcome::Pipeline { .. }), "{came:?}");
    let all = slow.world.store.deliveries(slow.project, None, 100).await.unwrap().items;
    assert_eq!(all.iter().map(|delivery| delivery.tries).sum::<u32>(), 1, "the others of it wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_tried_again() {
    let mut slow = Slow::new(Duration::from_millis(200)).await;
    let id = slow.deliver("one").await;
    let looking = async {
        loop {
            let (delivery, _) = slow.world.store.delivery(slow.project, id).await.unwrap();
            if let DeliveryState::Open { failure: Some(why) } = delivery.state {
                return why;
            }
            tokio::task::yield_now().await;
        }
    };
    let why = tokio::time::timeout(SOON, looking).await.expect("its time is over");
    assert!(why.contains("repository"), "{why}");
    // Git does not outlive it, and each try has more time: one of them comes as far as to ask.
    slow.asked_by(1).await;
    slow.asked_by(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_server_waits_for_no_repository() {
    let mut slow = Slow::new(Duration::from_mins(2)).await;
    let id = slow.deliver("one").await;
    slow.asked_by(1).await;
    slow.world.stop.cancel();
    tokio::time::timeout(SOON, &mut slow.work).await.expect("it ends").unwrap();
    slow.asked_by(0).await;
    let next = InstanceId::new("next");
    let taken = slow.world.store.take_deliveries(&next, Duration::from_secs(30), 9, &[]).await.unwrap().found;
    assert_eq!(
        taken.iter().map(|taken| taken.delivery.id).collect::<Vec<_>>(),
        [id],
        "whoever is next goes on at once"
    );
}

/// As by another server that has taken it up, because this one could not say that it still works on it.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_has_is_left_to_him() {
    let mut slow = Slow::new(Duration::from_mins(2)).await;
    let id = slow.deliver("one").await;
    slow.asked_by(1).await;
    let claim = DeliveryClaim { delivery: id, token: 1 };
    let over = Settlement::Over(DeliveryOutcome::Skipped(SkipReason::Event));
    slow.world.store.settle_delivery(&claim, &over).await.unwrap();
    slow.asked_by(0).await;
}
