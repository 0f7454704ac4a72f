//! A WebSocket server that sends back what it gets, and a client of it.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use tungstenite::http;
use tungstenite::{Message, WebSocket};

/// The server; it runs as long as the test program does.
#[derive(Debug)]
pub(crate) struct Echo {
    pub(crate) port: u16,
}

impl Echo {
    pub(crate) fn start() -> Echo {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || serve(stream));
            }
        });
        Echo { port }
    }
}

fn serve(stream: TcpStream) {
    let (Ok(mut plain), Ok(())) = (stream.try_clone(), stream.set_nodelay(true)) else { return };
    match tungstenite::accept(stream) {
        Ok(mut socket) => {
            while let Ok(message) = socket.read() {
                if message.is_text() && socket.send(message).is_err() {
                    return;
                }
            }
        }
        // Whatever is no handshake is an ordinary request. Nobody may be there any more to get the answer.
        Err(_) => drop(plain.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")),
    }
}

/// The Connection of most clients, and that of Firefox.
pub(crate) const CONNECTIONS: [&str; 2] = ["Upgrade", "keep-alive, Upgrade"];

/// Opens a WebSocket and has a message sent back; an error is what came instead.
pub(crate) fn open(port: u16, host: &str, path: &str, connection: &str) -> Result<WebSocket<TcpStream>, String> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = http::Request::builder()
        .uri(format!("ws://{host}:{port}{path}"))
        .header("Host", format!("{host}:{port}"))
        .header("Connection", connection)
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", tungstenite::handshake::client::generate_key())
        .body(())
        .unwrap();
    let (mut socket, _) = tungstenite::client(request, stream).map_err(|error| error.to_string())?;
    socket.send(Message::text("a")).map_err(|error| error.to_string())?;
    match socket.read() {
        Ok(message) if message == Message::text("a") => Ok(socket),
        other => Err(format!("opened, but {other:?} came back")),
    }
}
