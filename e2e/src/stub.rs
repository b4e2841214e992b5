//! A registry that never comes to the point: it greets, and then keeps whoever asks for an image waiting.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::wait::{SOON, until_holds};

/// The first byte of a TLS handshake.
const TLS: u8 = 0x16;

/// A registry on a port of its own, for as long as it is held.
pub struct SlowRegistry {
    address: String,
    asked: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl SlowRegistry {
    /// Starts one.
    ///
    /// # Panics
    /// When there is no port for it.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port").to_string();
        let (asked, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (asked_there, over_there) = (Arc::clone(&asked), Arc::clone(&over));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over_there.load(Ordering::SeqCst) {
                    break;
                }
                let (asked, over) = (Arc::clone(&asked_there), Arc::clone(&over_there));
                thread::spawn(move || serve(stream, &asked, &over));
            }
        });
        Self { address, asked, over }
    }

    /// An image in it.
    pub fn image(&self) -> String {
        format!("{}/imt/slow:1", self.address)
    }

    /// Waits until somebody has asked for an image.
    ///
    /// # Panics
    /// When nobody does.
    pub fn await_pull(&self) {
        until_holds("the engine asks the registry for the image", SOON, || self.asked.load(Ordering::SeqCst));
    }
}

impl Drop for SlowRegistry {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees that it is over.
        drop(TcpStream::connect(&self.address));
    }
}

fn serve(mut stream: TcpStream, asked: &AtomicBool, over: &AtomicBool) {
    let mut request = [0_u8; 8192];
    loop {
        let Ok(length) = stream.read(&mut request) else { return };
        if length == 0 || request[0] == TLS {
            return;
        }
        let head = String::from_utf8_lossy(&request[..length]);
        if head.starts_with("GET /v2/ ") {
            let answer =
                "HTTP/1.1 200 OK\r\nDocker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 2\r\n\r\n{}";
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
            continue;
        }
        asked.store(true, Ordering::SeqCst);
        hold(&mut stream, over);
        return;
    }
}

/// Says nothing until the other side has gone or the registry is over.
fn hold(stream: &mut TcpStream, over: &AtomicBool) {
    drop(stream.set_read_timeout(Some(Duration::from_millis(200))));
    let mut rest = [0_u8; 512];
    while !over.load(Ordering::SeqCst) {
        match stream.read(&mut rest) {
            Ok(0) => return,
            Err(e) if !matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return,
            Ok(_) | Err(_) => {}
        }
    }
}
