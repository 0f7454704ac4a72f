//! A client that sends what it is told to, and says what came back.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use ngxlint::model::Request;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Nobody takes the connection.
    NothingListens,
    /// There is no handshake.
    NoHandshake,
    /// The connection ends without an answer.
    Closed,
    /// An answer.
    Answered(Head),
}

/// What is looked at of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) hsts: Vec<String>,
}

/// One request of [`Client::ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// The leaf that was presented, as DER.
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) reply: Reply,
}

impl Exchange {
    /// Whether nginx has read the request as far as its id, so that it logs it.
    pub(crate) fn is_logged(&self) -> bool {
        match &self.reply {
            Reply::NothingListens | Reply::NoHandshake => false,
            Reply::Closed => true,
            Reply::Answered(head) => head.status != 400,
        }
    }
}

/// Keeps one connection open as long as the requests that follow each other can use it.
pub(crate) struct Client {
    tls: Arc<ClientConfig>,
    open: Option<(Key, Connection)>,
}

/// What requests on one connection have in common.
type Key = (SocketAddr, bool, Option<String>);

struct Connection {
    stream: BufReader<Stream>,
    certificate: Option<Vec<u8>>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Stream {
    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }
}

impl Client {
    pub(crate) fn new() -> Client {
        Client { tls: Arc::new(trusting_all()), open: None }
    }

    /// Sends a request that is called `id`; without a Host it is one of HTTP/1.0.
    pub(crate) fn ask(&mut self, request: &Request, id: usize) -> Exchange {
        let address = SocketAddr::new(request.address.expect("every request has an address"), request.port);
        let key = (address, request.is_tls, request.sni.clone());
        let open = self.open.take().filter(|(known, _)| *known == key);
        let mut connection = match open.map_or_else(|| self.connect(&key), |(_, connection)| Ok(connection)) {
            Ok(connection) => connection,
            Err(reply) => return Exchange { certificate: None, reply },
        };
        // nginx may have closed it already, and said why.
        let _ = connection.stream.get_mut().send(written(request, id).as_bytes());
        let certificate = connection.certificate.clone();
        let Some((head, stays_open)) = answer(&mut connection.stream, request.method == "HEAD") else {
            return Exchange { certificate, reply: Reply::Closed };
        };
        if stays_open {
            self.open = Some((key, connection));
        }
        Exchange { certificate, reply: Reply::Answered(head) }
    }

    /// What a TLS server says to a greeting before it closes the connection.
    pub(crate) fn read(&self, address: SocketAddr, sni: &str) -> String {
        let mut connection = self.connect(&(address, true, Some(sni.to_owned()))).unwrap();
        connection.stream.get_mut().send(b"hello\n").unwrap();
        let mut text = String::new();
        connection.stream.read_to_string(&mut text).unwrap();
        text
    }

    fn connect(&self, (address, is_tls, sni): &Key) -> Result<Connection, Reply> {
        let mut tcp = TcpStream::connect(address).map_err(|_| Reply::NothingListens)?;
        tcp.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        tcp.set_nodelay(true).unwrap();
        if !is_tls {
            return Ok(Connection { stream: BufReader::new(Stream::Plain(tcp)), certificate: None });
        }
        // An address is no SNI (RFC 6066, section 3).
        let name = match sni {
            Some(name) => ServerName::try_from(name.clone()).expect("SNI is a name"),
            None => ServerName::from(address.ip()),
        };
        let mut tls = ClientConnection::new(Arc::clone(&self.tls), name).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp).map_err(|_| Reply::NoHandshake)?;
        }
        let leaf = tls.peer_certificates().and_then(<[_]>::first).map(|leaf| leaf.to_vec());
        let stream = Stream::Tls(Box::new(StreamOwned::new(tls, tcp)));
        Ok(Connection { stream: BufReader::new(stream), certificate: leaf })
    }
}

/// What a client needs that trusts every certificate.
pub(crate) fn trusting_all() -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut tls = builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate)).with_no_client_auth();
    // A resumed session would show the certificate of an earlier handshake.
    tls.resumption = Resumption::disabled();
    tls
}

/// Whether a name can be sent as SNI.
pub(crate) fn is_sni(name: &str) -> bool {
    matches!(ServerName::try_from(name), Ok(ServerName::DnsName(_)))
}

fn written(request: &Request, id: usize) -> String {
    let Request { method, target, .. } = request;
    let mut text = match &request.host {
        Some(_) => format!("{method} {target} HTTP/1.1\r\nX-Id: {id}\r\n"),
        None => format!("{method} {target} HTTP/1.0\r\nX-Id: {id}\r\nConnection: close\r\n"),
    };
    if matches!(method.as_str(), "POST" | "PUT") {
        text.push_str("Content-Length: 0\r\n");
    }
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    // Where Host is refused, nginx reads no other header.
    if let Some(host) = &request.host {
        text.push_str(&format!("Host: {host}\r\n"));
    }
    text.push_str("\r\n");
    text
}

/// The head of an answer, and whether another can follow it; `None` where there is none.
fn answer(stream: &mut impl BufRead, is_head: bool) -> Option<(Head, bool)> {
    let mut line = || {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).ok()?;
        line.ends_with(b"\n").then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    };
    let status = line()?.split(' ').nth(1)?.parse().ok()?;
    let mut head = Head { status, location: None, hsts: Vec::new() };
    let (mut length, mut is_chunked, mut closes) = (None, false, false);
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else { break };
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name.to_ascii_lowercase().as_str() {
            "location" => head.location = Some(value.to_owned()),
            "strict-transport-security" => head.hsts.push(value.to_owned()),
            "content-length" => length = value.parse::<u64>().ok(),
            "transfer-encoding" => is_chunked = value == "chunked",
            "connection" => closes = value == "close",
            _ => {}
        }
    }
    let has_body = !is_head && !matches!(status, 204 | 304);
    let stays_open = !closes && (!has_body || skip_body(stream, length, is_chunked));
    Some((head, stays_open))
}

/// Whether the end of the body was found without the end of the connection.
fn skip_body(stream: &mut impl BufRead, length: Option<u64>, is_chunked: bool) -> bool {
    let mut skip = |length: u64| {
        std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink()).is_ok_and(|read| read == length)
    };
    match length {
        Some(length) => skip(length),
        None if is_chunked => loop {
            let mut size = String::new();
            if stream.read_line(&mut size).is_err() {
                return false;
            }
            let Ok(size) = u64::from_str_radix(size.trim(), 16) else { return false };
            let chunk = size + 2;
            let is_whole = std::io::copy(&mut stream.by_ref().take(chunk), &mut std::io::sink());
            if !is_whole.is_ok_and(|read| read == chunk) {
                return false;
            }
            if size == 0 {
                return true;
            }
        },
        None => false,
    }
}

/// Trusts what it is shown: which certificate it is, is the question.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
