//! Errors and redirects, and what `error_page` makes of them.
//!
//! nginx: <https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page>,
//! src/http/ngx_http_special_response.c.

use super::content::split_args;
use super::{Phase, Processing};
use crate::config::Directive;
use crate::model::inherit;
use crate::model::requests::response::{ResponseKind, StepKind, Value};

/// Statuses for which nginx closes the connection without an answer: its own 444, a client that is gone, a timeout.
const CLOSING: &[u16] = &[408, 444, 499];

/// nginx's own statuses for what clients are told to be a bad request.
const BAD_REQUESTS: &[u16] = &[494, 495, 496, 497];

/// One status of an `error_page`.
struct ErrorPage<'c> {
    directive: Directive<'c>,
    /// `=code`; 0 for a mere `=`.
    overwrite: Option<u16>,
    target: String,
}

impl<'c> Processing<'_, 'c, '_> {
    /// `ngx_http_finalize_request` with a status; `Err` where the connection is closed.
    pub(super) fn finalize(&mut self, status: u16, by: Option<Directive<'c>>) -> Result<Phase<'c>, ()> {
        if CLOSING.contains(&status) {
            return Err(());
        }
        if status < 300 && status != 201 && status != 204 {
            return Ok(Phase::Send(status, ResponseKind::Return, by));
        }
        self.error_status = status;
        let pages = inherit::in_effect(self.block, "error_page").directives;
        if !self.has_used_error_page && !pages.is_empty() && self.uri_changes_left != 0 {
            let is_recursive = inherit::flag_in_effect(self.block, "recursive_error_pages") == Some(true);
            self.has_used_error_page = !is_recursive;
            if let Some(page) = pages.into_iter().find_map(|directive| error_page(directive, status)) {
                return Ok(self.send_error_page(status, &page));
            }
        }
        if BAD_REQUESTS.contains(&status) {
            self.error_status = 400;
        }
        Ok(Phase::Send(status, ResponseKind::Error, by))
    }

    /// `ngx_http_send_error_page`
    fn send_error_page(&mut self, status: u16, page: &ErrorPage<'c>) -> Phase<'c> {
        let directive = Some(page.directive);
        if let Some(overwrite) = page.overwrite {
            self.error_status = overwrite;
        }
        let target = self.expand(directive, &page.target);
        if target.text.starts_with('/') {
            let (uri, args) = split_args(&target);
            if self.method != "HEAD" {
                self.method = "GET".to_owned();
            }
            return self.redirect_internally(directive, StepKind::ErrorPage(status), uri, args);
        }
        if target.text.starts_with('@') {
            return self.enter_named(directive, StepKind::ErrorPage(status), &target.text);
        }
        if !matches!(page.overwrite, Some(301 | 302 | 303 | 307 | 308)) {
            self.error_status = 302;
        }
        self.location_header = Some(target);
        Phase::Send(self.error_status, ResponseKind::Error, directive)
    }

    /// The Location of a redirect that begins with a slash gets scheme, host and port before it
    /// (`ngx_http_header_filter`, src/http/ngx_http_header_filter_module.c).
    pub(super) fn complete_location(&mut self) {
        let Some(header) = self.location_header.take() else { return };
        let flag = |name: &str| inherit::flag_in_effect(self.block, name);
        if !header.text.starts_with('/') || flag("absolute_redirect") == Some(false) {
            self.location_header = Some(header);
            return;
        }
        let request = self.arrival.request;
        let host = if flag("server_name_in_redirect") == Some(true) {
            Value::new(self.arrival.server.primary_name())
        } else if !self.arrival.host.is_empty() {
            Value::new(self.arrival.host)
        } else {
            match request.address {
                // Of IPv6, too, without brackets.
                Some(address) => Value::new(address.to_string()),
                None => Value::unknown("$server_addr"),
            }
        };
        let (scheme, usual) = if request.is_tls { ("https", 443) } else { ("http", 80) };
        let port = match request.port {
            0 => String::new(),
            port if port == usual || flag("port_in_redirect") == Some(false) => String::new(),
            port => format!(":{port}"),
        };
        self.location_header = Some(Value {
            text: format!("{scheme}://{}{port}{}", host.text, header.text),
            is_known: header.is_known && host.is_known,
        });
    }
}

/// What an `error_page` directive says of a status.
fn error_page(directive: Directive<'_>, status: u16) -> Option<ErrorPage<'_>> {
    let words: Vec<String> = directive.arguments().map(|word| word.text().into_owned()).collect();
    let (target, words) = words.split_last()?;
    let (overwrite, codes) = match words.split_last() {
        Some((last, codes)) if last.starts_with('=') => (Some(last[1..].parse::<u16>().unwrap_or(0)), codes),
        _ => (None, words),
    };
    if !codes.iter().any(|code| code.parse() == Ok(status)) {
        return None;
    }
    let overwrite = overwrite.or_else(|| BAD_REQUESTS.contains(&status).then_some(400));
    Some(ErrorPage { directive, overwrite, target: target.clone() })
}
