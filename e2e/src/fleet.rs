//! Servers and runners that share one database, each a process of its own that can be killed and started again; and whoever
//! calls them, who goes to the one that answers.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use ureq::http::Method;

use crate::imt::Running;
use crate::records::Records;
use crate::runner::{Host, kill};
use crate::server::{Client, PIPELINE, RunningServer, ServerHost};
use crate::wait::until;

/// How many servers there are.
pub const SERVERS: usize = 2;
/// How many runners there are.
pub const RUNNERS: usize = 3;
/// How many processes that is.
pub const ALL: usize = SERVERS + RUNNERS;

const AT_WORK: &[&str] = &["--executor", "local", "--capacity", "2"];

/// Servers without runners of their own, and runners.
pub struct Fleet {
    servers: Vec<ServerMember>,
    runners: Vec<(Host, Option<Running>)>,
    token: String,
}

struct ServerMember {
    host: ServerHost,
    /// The same at every start.
    port: u16,
    address: String,
    running: Option<RunningServer>,
}

impl Fleet {
    /// Starts all of them on a store, with the keys that the first one makes.
    ///
    /// # Panics
    /// When one does not start.
    pub fn start(records: &Records) -> Self {
        let words = ["--runners", "0", "--executor", "local", "--database-url", &records.address()];
        let first = ServerMember::start(ServerHost::new(&words));
        let keys = first.host.data_dir().join("keys");
        let token = first.host.token();
        let mut servers = vec![first];
        for _ in 1..SERVERS {
            let host = ServerHost::new(&words);
            hand_on(&keys, &host.data_dir().join("keys"));
            servers.push(ServerMember::start(host));
        }
        let runners = (0..RUNNERS).map(|_| {
            let host = Host::new(records);
            hand_on(&keys, &host.key_file());
            let running = host.runner(AT_WORK);
            (host, Some(running))
        });
        Self { servers, runners: runners.collect(), token }
    }

    /// Kills one of all, servers first.
    ///
    /// # Panics
    /// When it was not running.
    pub fn kill(&mut self, nth: usize) {
        if nth < SERVERS {
            let server = self.servers[nth].running.take().expect("it was started");
            server.signal(Signal::KILL);
            let killed = server.finish();
            assert_eq!(killed.code, None, "it ended by itself: {}", killed.stderr);
        } else {
            kill(self.runners[nth - SERVERS].1.take().expect("it was started"));
        }
    }

    /// Starts again what was killed, where it was.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&mut self, nth: usize) {
        if nth < SERVERS {
            let member = &mut self.servers[nth];
            member.running = Some(member.host.start(member.port));
        } else {
            let (host, running) = &mut self.runners[nth - SERVERS];
            *running = Some(host.runner(AT_WORK));
        }
    }

    /// Somebody who calls the servers, this one first.
    pub fn caller(&self, first: usize) -> Caller {
        let at = |nth: usize| {
            let member = &self.servers[nth % SERVERS];
            Client::at(&member.address, &self.token)
        };
        Caller { clients: (first..first + SERVERS).map(at).collect(), at: 0 }
    }

    /// Ends all in order.
    ///
    /// # Panics
    /// When one does not end well.
    pub fn stop(self) {
        for (_host, running) in self.runners {
            crate::runner::stop(running.expect("it was started"));
        }
        for member in self.servers {
            let server = member.running.expect("it was started");
            server.signal(Signal::TERM);
            let stopped = server.finish();
            assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
        }
    }
}

impl ServerMember {
    fn start(host: ServerHost) -> Self {
        let running = host.start(0);
        Self { port: running.port(), address: running.address.clone(), host, running: Some(running) }
    }
}

fn hand_on(keys: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a directory")).expect("a directory");
    fs::copy(keys, to).expect("the keys");
}

/// Somebody who goes from server to server.
pub struct Caller {
    clients: Vec<Client>,
    at: usize,
}

impl Caller {
    /// The server that is called.
    pub fn client(&self) -> &Client {
        &self.clients[self.at]
    }

    /// Calls the next one from here on.
    pub fn go_on(&mut self) {
        self.at = (self.at + 1) % self.clients.len();
    }

    /// Asks one server after the other until one has the answer that is wanted.
    ///
    /// # Panics
    /// When none has it in time.
    pub fn ask<T>(&mut self, what: &str, patience: Duration, question: impl Fn(&Client) -> Option<T>) -> T {
        until(what, patience, || {
            let answer = question(self.client());
            if answer.is_none() {
                self.go_on();
            }
            answer
        })
    }

    /// Calls until it is answered with success; the status and the answer.
    ///
    /// # Panics
    /// When it is not within the time of a pipeline, or refused.
    pub fn call(&mut self, method: &Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.ask(&format!("{method} {path}"), PIPELINE, |client| {
            let answered = client.try_call(method, path, body).ok()?;
            let status = answered.status();
            // Who is cut off in the middle of the answer asks again.
            let text = answered.into_body().read_to_string().ok()?;
            assert!(!status.is_client_error(), "{method} {path}: {status} {text}");
            let answer = || serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone()));
            status.is_success().then(|| (status.as_u16(), answer()))
        })
    }

    /// What is there, of a list all pieces.
    ///
    /// # Panics
    /// As [`call`](Self::call).
    pub fn list(&mut self, path: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let (_, listed) = self.call(&Method::GET, &format!("{path}?limit=100{cursor}"), None);
            all.extend(listed["items"].as_array().expect("a list").iter().cloned());
            let Some(next) = listed["next"].as_str() else { return all };
            cursor = format!("&cursor={next}");
        }
    }
}
