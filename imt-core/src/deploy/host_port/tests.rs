//! Who is refused for a port, and who is not.

use super::*;
use crate::compose::{Form, Model};
use crate::deploy::command::NamedContainer;
use crate::pipeline::ConflictPolicy;

/// What a service publishes, as compose has it: `[address:]port[/protocol]`, a port being a range or not.
fn model(published: &[&str], scale: u64) -> Model {
    let port = |text: &&str| {
        let (at, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let (host_ip, port) = at.rsplit_once(':').unwrap_or(("", at));
        serde_json::json!({ "mode": "ingress", "target": 80, "published": port, "protocol": protocol, "host_ip": host_ip })
    };
    let ports: Vec<_> = published.iter().map(port).collect();
    let services = serde_json::json!({ "web": { "image": "x", "scale": scale, "ports": ports } });
    Model::from_value(serde_json::json!({ "name": "shop", "services": services }), Form::Resolved).unwrap()
}

/// A line of a container that publishes one port.
fn container(name: &str, project: &str, address: &str, port: u16) -> String {
    format!(
        r#"container {{"name":"/{name}","labels":{{"com.docker.compose.project":"{project}"}},"network":"default","ports":{{"80/tcp":[{{"HostIp":"{address}","HostPort":"{port}"}}],"9/udp":null}}}}"#
    )
}

fn taken(published: &[&str], scale: u64, output: &str) -> Vec<String> {
    let ours = |holder: &PortHolder| giving_way(holder, "shop", &[], ConflictPolicy::Replace);
    let taken = taken_ports(&model(published, scale), &read_listeners(output), ours);
    taken.iter().map(|taken| taken.port.to_string()).collect()
}

#[test]
fn addresses_exclude_each_other_as_the_kernel_has_it() {
    for (published, listening, is_taken) in [
        ("80", "0.0.0.0:80", true),
        ("80", "127.0.0.1:80", true),
        ("80", "[::]:80", true),
        ("80", "[::1]:80", true),
        ("80", "*:80", true),
        ("80", "*:81", false),
        ("127.0.0.1:80", "127.0.0.1:80", true),
        ("127.0.0.1:80", "127.0.0.1%lo:80", true),
        ("127.0.0.1:80", "0.0.0.0:80", true),
        ("127.0.0.1:80", "*:80", true),
        ("127.0.0.1:80", "127.0.0.2:80", false),
        ("127.0.0.1:80", "192.0.2.7:80", false),
        // Whether that one takes IPv4, too, only `*` says.
        ("127.0.0.1:80", "[::]:80", false),
        ("0.0.0.0:80", "192.0.2.7:80", true),
        ("0.0.0.0:80", "[::1]:80", false),
        ("0.0.0.0:80", "[::ffff:192.0.2.7]:80", true),
        (":::80", "[::1]:80", true),
        (":::80", "[fe80::1]%eth0:80", true),
        (":::80", "127.0.0.1:80", false),
        ("::1:80", "[fe80::1%eth0]:80", false),
    ] {
        let found = taken(&[published], 1, &format!("ss tcp LISTEN 0 128 {listening} 0.0.0.0:*\n"));
        assert_eq!(!found.is_empty(), is_taken, "{published} with {listening}: {found:?}");
    }
}

#[test]
fn protocols_ranges_and_ports_that_the_engine_chooses() {
    let listening = "ss Netid State Recv-Q Send-Q Local\nss tcp LISTEN 0 1 0.0.0.0:8001 *:*\nss tcp LISTEN 0 1 *:8002 *:*\n\
                     ss udp UNCONN 0 0 0.0.0.0:8003 *:*\nss u_str LISTEN 0 0 /run/x:8000 * 0\n";
    for (published, scale, wanted) in [
        ("8001", 1, vec!["8001/tcp"]),
        ("8001/udp", 1, vec![]),
        ("8003", 1, vec![]),
        ("8003/udp", 1, vec!["8003/udp"]),
        ("8000-8002", 1, vec![]),
        ("8000-8002", 2, vec!["8001/tcp"]),
        ("8001-8002", 1, vec!["8001/tcp"]),
        ("8000-8002", 5, vec!["8001/tcp", "8002/tcp"]),
        ("8001", 0, vec![]),
        ("0", 1, vec![]),
        ("somewhere:8001", 1, vec![]),
        ("odd", 1, vec![]),
    ] {
        assert_eq!(taken(&[published], scale, listening), wanted, "{published} × {scale}");
    }
    assert_eq!(taken(&["127.0.0.1:8001", "9", "8003/udp"], 1, listening), ["127.0.0.1:8001/tcp", "8003/udp"]);
}

#[test]
fn the_kernels_own_list_is_read_where_there_is_no_other() {
    let listening = "tcp 0100007F:1F90\ntcp6 00000000000000000000000000000000:1F91\nudp 00000000:1F92\n\
                     tcp6 0000000000000000FFFF00000100007F:1F93\ntcp 0100007F\ntcp6 00:1F94\nudp6 x:y\n";
    let held = read_listeners(listening).ports;
    let ports: Vec<String> = held.iter().map(|held| held.port.to_string()).collect();
    assert_eq!(ports, ["127.0.0.1:8080/tcp", "[::]:8081/tcp", "0.0.0.0:8082/udp", "127.0.0.1:8083/tcp"]);
    assert_eq!(taken(&["8080", "127.0.0.1:8081", "8081"], 1, listening), ["8080/tcp", "8081/tcp"]);
}

#[test]
fn what_listens_for_a_container_is_the_containers() {
    let sockets = "ss tcp LISTEN 0 1 0.0.0.0:80 *:*\nss tcp LISTEN 0 1 [::]:80 *:*\n";
    let both = r#"[{"HostIp":"0.0.0.0","HostPort":"80"},{"HostIp":"::","HostPort":"80"}]"#;
    let of = |project: &str| {
        let labels = format!(r#"{{"com.docker.compose.project":"{project}"}}"#);
        format!(r#"container {{"name":"/a","labels":{labels},"network":"x","ports":{{"80/tcp":{both}}}}}"#)
            + "\n"
            + sockets
    };
    assert!(taken(&["80"], 1, &of("shop")).is_empty(), "that of the release of before");
    assert_eq!(taken(&["80"], 1, &of("other")), ["80/tcp"]);
    // Older engines say `0.0.0.0` and listen on both families.
    let older = container("a", "shop", "0.0.0.0", 80) + "\nss tcp LISTEN 0 1 *:80 *:*\n";
    assert!(taken(&["80"], 1, &older).is_empty());
    // On another address it is somebody else.
    let beside = container("a", "shop", "127.0.0.1", 80) + "\nss tcp LISTEN 0 1 192.0.2.7:80 *:*\n";
    assert_eq!(taken(&["80"], 1, &beside), ["80/tcp"]);
    assert!(taken(&["127.0.0.1:80"], 1, &beside).is_empty());
}

#[test]
fn a_container_on_the_hosts_network_is_seen_as_a_process() {
    let host = |project: &str| {
        format!(
            "container {{\"name\":\"/a\",\"labels\":{{\"com.docker.compose.project\":\"{project}\"}},\"network\":\"host\",\"ports\":{{}}}}\n\
             ss tcp LISTEN 0 1 *:80 *:*\n"
        )
    };
    assert!(taken(&["80"], 1, &host("shop")).is_empty(), "it may be the old release's, which goes");
    assert_eq!(taken(&["80"], 1, &host("other")), ["80/tcp"]);
}

#[test]
fn who_gives_way_is_no_trouble_and_who_does_not_is_named() {
    let output =
        container("cache", "other", "0.0.0.0", 80) + "\n" + r#"container {"name":"/x","labels":null,"ports":null}"#;
    let names = [NamedContainer { name: "cache".into(), service: "web".into() }];
    let taken = |policy| {
        taken_ports(&model(&["80"], 1), &read_listeners(&output), |holder| giving_way(holder, "shop", &names, policy))
    };
    assert_eq!(taken(ConflictPolicy::Replace), []);
    let refused = taken(ConflictPolicy::Refuse);
    assert_eq!(
        refused[0].to_string(),
        "port 80/tcp, which `web` publishes, is held by the container `cache` of the compose project `other`"
    );
    let process = TakenPort { holder: PortHolder::Process, ..refused[0].clone() };
    assert!(process.to_string().ends_with("held by a process that is in no container of this engine"), "{process}");
    assert_eq!(read_listeners("container {\nss\nother line\n").ports, []);
}

#[test]
fn containers_that_hold_what_is_to_be_published_are_named() {
    let host = r#"container {"name":"/wide","labels":null,"network":"host","ports":{}}"#;
    let lines = [
        container("old", "shop", "127.0.0.1", 80),
        container("other", "shop", "127.0.0.2", 80),
        container("far", "shop", "127.0.0.1", 81),
        host.to_owned(),
    ];
    let holders = |published: &[&str], scale: u64, more: &str| {
        let held = read_listeners(&(lines.join("\n") + "\n" + more));
        containers_that_hold(&model(published, scale), &held).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let process = "ss tcp LISTEN 0 1 127.0.0.1:82 *:*\n";
    for (published, scale, more, wanted) in [
        (&["127.0.0.1:80"][..], 1, "", &["old"][..]),
        (&["80"], 1, "", &["old", "other"]),
        (&["80-81"], 1, "", &["far", "old", "other"]),
        (&["80/udp", "83"], 1, process, &[]),
        (&["80"], 0, "", &[]),
        (&["82"], 1, "", &[]),
        (&["82"], 1, process, &["wide"]),
    ] {
        assert_eq!(holders(published, scale, more), wanted, "{published:?} × {scale}, {more}");
    }
}
