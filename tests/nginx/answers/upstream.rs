//! An upstream that keeps what it is asked for, as it was sent: a URI may hold spaces, which nginx would refuse.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Host and URI of each request, by its id.
type Asked = Arc<Mutex<HashMap<usize, String>>>;

#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) port: u16,
    asked: Asked,
}

impl Upstream {
    /// Answers as long as the process lives.
    pub(crate) fn start() -> Upstream {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Asked::default();
        let kept = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // nginx has gone when it cannot be answered.
                let _ = answer(stream, &kept);
            }
        });
        Upstream { port, asked }
    }

    /// What was asked since the last time.
    pub(crate) fn take(&self) -> HashMap<usize, String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn answer(stream: TcpStream, asked: &Asked) -> std::io::Result<()> {
    let mut lines = BufReader::new(&stream).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let uri = first.split_once(' ').and_then(|(_, rest)| rest.rsplit_once(' ')).map_or("", |(uri, _)| uri).to_owned();
    let (mut id, mut host) = (None, String::new());
    for line in lines {
        let line = line?;
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("x-id") => id = value.parse().ok(),
            Some((name, value)) if name.eq_ignore_ascii_case("host") => host = value.to_owned(),
            _ if line.is_empty() => break,
            _ => {}
        }
    }
    let hsts = if uri.starts_with("/hsts") { "Strict-Transport-Security: upstream\r\n" } else { "" };
    if let Some(id) = id {
        asked.lock().unwrap().insert(id, format!("{host}{uri}"));
    }
    write!(&stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n{hsts}\r\nup")
}
