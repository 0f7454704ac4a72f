//! What nginx makes of a request before its phases: the request line, the headers, the server that Host selects, and
//! what the connection itself forbids.
//!
//! nginx: src/http/ngx_http_request.c.

use crate::model::processing::{self, Arrival};
use crate::model::requests::choices::Choices;
use crate::model::requests::request::{OtherHeaders, Request};
use crate::model::requests::response::Response;
use crate::model::sockets::selection::Selected;
use crate::model::{InvalidHost, ListenSocket, Model, NameKind, RequestHost, SelectedBy, Server, Settled, inherit};
use crate::nginx::{Contexts, NginxVersion, parse_size};

/// The size of a buffer of `large_client_header_buffers` where none is set.
const LARGE_BUFFER: u64 = 8 * 1024;

/// The answer to a request that has come through the handshake.
pub(crate) fn respond<'m, 'c>(
    model: &'m Model<'c>,
    socket: &'m ListenSocket,
    request: &Request,
    first: Selected<'m, 'c>,
    choices: &mut Choices<'c>,
) -> Response<'c> {
    let version = model.environment.version;
    let line_status = line_status(request, first.server);
    let parsed = request.host.as_deref().map(|host| RequestHost::parse(host, version)).transpose();
    let mut refused_with = line_status;
    let (selected, host) = match parsed {
        // What is wrong before the Host header is answered by the server of the connection.
        _ if line_status.is_some() => (first, String::new()),
        Ok(host) => {
            let name = host.map(|host| host.name).unwrap_or_default();
            match model.select_by_host(socket, request.host.as_deref()) {
                Ok(Settled::Known(selected)) => (selected, name),
                Ok(Settled::Unknown) | Err(InvalidHost) => {
                    choices.assume(None, format!("{name} selects the default server of {}", socket.endpoint));
                    (
                        Selected { server: model.server(socket.default.server), by: SelectedBy::Default, regex: None },
                        name,
                    )
                }
            }
        }
        Err(InvalidHost) => {
            refused_with = Some(400);
            (first, String::new())
        }
    };
    let refused_with = refused_with
        .or_else(|| header_status(model, request))
        .or_else(|| connection_status(socket, request, &first, &selected, &host, choices));
    let regex_name = selected.regex.and_then(|number| match &selected.server.names.get(number)?.kind {
        NameKind::Regex(pattern) => Some((pattern, host.as_str())),
        _ => None,
    });
    let arrival = Arrival {
        model,
        request,
        server: selected.server,
        selected_by: selected.by,
        regex_name,
        host: &host,
        first_server: first.server,
        protocol: protocol(model, socket, request, first.server),
        refused_with,
    };
    processing::respond(arrival, choices)
}

/// The status that the connection itself gives a request (`ngx_http_process_request` and
/// `ngx_http_set_virtual_server`, src/http/ngx_http_request.c).
fn connection_status<'c>(
    socket: &ListenSocket,
    request: &Request,
    first: &Selected<'_, 'c>,
    selected: &Selected<'_, 'c>,
    host: &str,
    choices: &mut Choices<'c>,
) -> Option<u16> {
    if socket.is_tls && !request.is_tls {
        return Some(497);
    }
    let verify = inherit::value_in_effect(selected.server.directive, "ssl_verify_client");
    let mode = verify.and_then(|directive| directive.argument(0))?;
    if !request.is_tls || mode.is("off") {
        return None;
    }
    let sni = request.sni.as_deref().map(str::to_ascii_lowercase);
    if first.by != SelectedBy::Default && sni.as_deref().is_some_and(|sni| sni.strip_suffix('.').unwrap_or(sni) != host)
    {
        return Some(421);
    }
    if !mode.is("on") {
        return None;
    }
    let clauses = ["the client has a certificate that is accepted", "the client has no certificate"];
    let has_none = match request.other_headers {
        OtherHeaders::Unknown => {
            choices.choose(verify, "client certificate".to_owned(), &clauses, ToString::to_string) == 1
        }
        OtherHeaders::Absent => {
            choices.assume(verify, clauses[1].to_owned());
            true
        }
    };
    has_none.then_some(496)
}

/// The status of a request whose first line or headers nginx does not take: 400 for a method that is none, 414 for a
/// line and 400 (494 to error_page) for a header that is too long.
fn line_status(request: &Request, server: &Server<'_>) -> Option<u16> {
    if !request.method.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-')) {
        return Some(400);
    }
    let buffers = inherit::value_in_effect(server.directive, "large_client_header_buffers");
    let size = buffers.and_then(|directive| directive.argument(1)).and_then(|word| parse_size(&word.value()).ok());
    let size = size.unwrap_or(LARGE_BUFFER);
    let line = request.method.len() + " ".len() + request.target.len() + " HTTP/1.1\r\n".len();
    if line as u64 > size {
        return Some(414);
    }
    let is_long =
        |(name, value): &(String, String)| (name.len() + ": ".len() + value.len() + "\r\n".len()) as u64 > size;
    request.headers.iter().any(is_long).then_some(494)
}

/// The status of a request with headers, or a method, that nginx refuses (`ngx_http_process_request_header`).
fn header_status(model: &Model<'_>, request: &Request) -> Option<u16> {
    /// "the tunnel module … CONNECT": nginx's CHANGES.
    const CONNECT_SINCE: NginxVersion = NginxVersion::new(1, 31, 0);
    let length = request.header("content-length");
    if length.is_some_and(|length| length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit())) {
        return Some(400);
    }
    match request.header("transfer-encoding") {
        Some(coding) if !coding.eq_ignore_ascii_case("chunked") => return Some(501),
        Some(_) if length.is_some() => return Some(400),
        _ => {}
    }
    let is_refused = match request.method.as_str() {
        "TRACE" => true,
        "CONNECT" => {
            model.environment.version < CONNECT_SINCE
                || model.config.directives_named("tunnel_pass", Contexts::LOCATION).next().is_none()
        }
        _ => false,
    };
    is_refused.then_some(405)
}

/// The protocol that a browser speaks with a server: HTTP/2 where TLS offers it; HTTP/1.0 for a request without Host.
fn protocol(model: &Model<'_>, socket: &ListenSocket, request: &Request, server: &Server<'_>) -> &'static str {
    match &request.host {
        None => "HTTP/1.0",
        Some(_) if request.is_tls && model.offers_http2(socket, server) => "HTTP/2.0",
        Some(_) => "HTTP/1.1",
    }
}
