//! What branches have, and what a commit says of itself.

use imt_core::id::CommitId;
use imt_core::ports::FailureKind;
use imt_git::Submodules;

use crate::common::{World, git};

#[tokio::test(flavor = "multi_thread")]
async fn branches_are_listed_with_what_they_have() {
    let world = World::new();
    let source = world.source();
    let list = async || source.heads(&world.origin_text()).await.unwrap();
    assert!(list().await.is_empty(), "nothing was committed");
    let first = world.commit("a", "1");
    git(&world.origin(), &["branch", "feature/\u{e4}"]);
    git(&world.origin(), &["tag", "main-not"]);
    let second = world.commit("a", "2");
    let expected = [("feature/\u{e4}".to_owned(), first.clone()), ("main".to_owned(), second)];
    assert_eq!(list().await.into_iter().collect::<Vec<_>>(), expected);
    git(&world.origin(), &["branch", "-D", "feature/\u{e4}"]);
    assert_eq!(list().await.len(), 1);
    let failure = source.heads(world.dir.path().to_str().unwrap()).await.unwrap_err();
    assert!(failure.retryable && failure.kind == FailureKind::CheckoutFailed, "{failure}");
    assert_eq!(source.message(&world.origin_text(), &first).await.unwrap().trim(), "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_says_who_made_it_and_what_for() {
    let world = World::new();
    let (source, origin) = (world.source(), world.origin());
    let note = async |message: &str, author: &str| {
        let author = format!("--author={author} <a@b>");
        git(
            &origin,
            &["commit", "-q", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-m", message, &author],
        );
        let commit = CommitId::parse(&git(&origin, &["rev-parse", "HEAD"])).unwrap();
        source.file(&world.origin_text(), &commit, "none", 10).await.unwrap().note
    };
    let said = note("mend \u{fc} %an\n\nbecause\n", "\u{c4}nn --all").await;
    assert_eq!((said.subject.as_deref(), said.author.as_deref()), (Some("mend \u{fc} %an"), Some("\u{c4}nn --all")));
    let odd = note("\u{1b}]0;title\u{7}x\rEVIL", "\u{1b}[2J").await;
    assert_eq!((odd.subject.as_deref(), odd.author.as_deref()), (Some("]0;title x EVIL"), Some("[2J")));
    let long = note(&"long ".repeat(20_000), &"n".repeat(3_000)).await;
    assert_eq!((long.subject.unwrap().chars().count(), long.author.unwrap().chars().count()), (200, 100));
    assert_eq!(note("", "a").await.subject, None);
    // What has no width git does not cut. The commit can be had all the same.
    let endless = world.dir.path().join("endless");
    std::fs::write(&endless, format!("a{}", "\u{200b}".repeat(700_000))).unwrap();
    git(&origin, &["commit", "-q", "--allow-empty", "-F", endless.to_str().unwrap()]);
    let commit = CommitId::parse(&git(&origin, &["rev-parse", "HEAD"])).unwrap();
    let file = source.file(&world.origin_text(), &commit, "none", 10).await.unwrap();
    assert!(file.note.is_empty(), "{:?}", file.note);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_branch_that_is_meant_where_none_is_named_is_told() {
    let world = World::new();
    let source = world.source();
    let told = async || source.default_branch(&world.origin_text()).await.unwrap();
    assert_eq!(told().await, None, "nothing was committed");
    world.commit("a", "1");
    assert_eq!(told().await.as_deref(), Some("main"));
    git(&world.origin(), &["branch", "other/HEAD"]);
    git(&world.origin(), &["symbolic-ref", "HEAD", "refs/heads/other/HEAD"]);
    assert_eq!(told().await.as_deref(), Some("other/HEAD"));
    git(&world.origin(), &["checkout", "--quiet", "--detach"]);
    assert_eq!(told().await, None);
    assert!(source.default_branch(world.dir.path().to_str().unwrap()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_an_address_that_is_refused_is_not_called() {
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let source = world.builder().only_addresses(|address| !address.is_loopback()).build().unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let failure = source.heads(&format!("http://{host}:{port}/a.git")).await.unwrap_err();
        assert!(failure.message.contains("may not be connected to"), "{failure}");
    }
    let nobody = listener.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock, "somebody has called");
    let both = world.builder().only_addresses(|_| true).submodules(Submodules::Update).build();
    assert!(both.unwrap_err().message.contains("submodules"));
}
