//! Behaviours of nginx that surprise, each with what nginx and ngxlint say to the same requests.

mod connections;
mod found;
mod headers;
mod locations;
mod redirects;
mod starting;

use ngxlint::model::{Request, Tracer};

use super::Setting;
use super::compare::{Verdict, expected, judge};
use super::configuration::{Surroundings, surrounded};
use super::requests;
use crate::names::pki;
use crate::real;

/// What stands in `http`, and requests with their answers.
///
/// 8080 is a plain port, 8443 one for TLS, 8081 the upstream's; `cert NAME;` is a certificate of fixtures/pki. A
/// request is `METHOD URL` and any of `host=`, `sni=`, `at=`, or a header; the port of the URL is where it is sent,
/// but no part of Host. An answer is the status with Location, each `hsts VALUE`, and where it matters: `tls
/// CERTIFICATE`, `asks HOST/URI` of the upstream, `in BLOCK`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    /// Its number among the notes, or what it is about.
    title: &'static str,
    http: &'static str,
    asks: &'static [(&'static str, &'static str)],
}

const fn note(title: &'static str, http: &'static str, asks: &'static [(&'static str, &'static str)]) -> Note {
    Note { title, http, asks }
}

impl Note {
    /// Whether this nginx and this machine can be asked.
    fn applies(&self, surroundings: &Surroundings) -> bool {
        let needs = |names: &[&str]| names.iter().any(|name| self.http.contains(name));
        let lacks_directive = needs(&["add_header_inherit"]) && surroundings.version < "1.29.3".parse().unwrap();
        let lacks_module = needs(&["more_set_headers", "more_clear_headers"]) && surroundings.headers_more.is_none();
        let lacks_address = needs(&["[::1]"]) && !surroundings.has_ipv6;
        !lacks_directive && !lacks_module && !lacks_address
    }
}

/// The configuration of a note, with the ports and certificates that it stands for.
fn written(setting: &Setting<'_>, text: &str) -> String {
    let Surroundings { upstream, ports, .. } = &setting.surroundings;
    let mut text = text.replace("8081", &upstream.to_string());
    for (stands_for, port) in ["8080", "8443"].iter().zip(ports) {
        text = text.replace(stands_for, &port.to_string());
    }
    while let Some((before, after)) = text.split_once("cert ") {
        let (name, after) = after.split_once(';').unwrap();
        let file = pki().join(name).display().to_string();
        text = format!("{before}ssl_certificate {file}.pem; ssl_certificate_key {file}.key;{after}");
    }
    text
}

fn compare_note(setting: &Setting<'_>, note: &Note, wrong: &mut Vec<String>) {
    let text = surrounded(&setting.surroundings, &written(setting, note.http), "");
    compare(setting, note.title, &text, note.asks, wrong);
}

fn compare(setting: &Setting<'_>, title: &str, text: &str, asks: &[(&str, &str)], wrong: &mut Vec<String>) {
    let asks: Vec<_> = asks.iter().map(|(ask, answer)| (written(setting, ask), written(setting, answer))).collect();
    let requests: Vec<Request> = asks.iter().map(|(ask, _)| requests::parse(ask)).collect();
    let (seen, blocks) = match setting.see(text, &requests) {
        Ok(seen) => seen,
        Err(log) => return wrong.push(format!("{title}: nginx does not start: {log}")),
    };
    setting.with_model(|model| {
        let tracer = Tracer::new(model);
        for ((request, seen), (ask, answer)) in requests.iter().zip(&seen).zip(&asks) {
            let found = seen.say(&blocks);
            let is_part = |part: &str| found.split(", ").any(|found| found == part);
            let headers = |answer: &str| answer.matches("hsts ").count();
            if !answer.split(", ").all(is_part) || headers(answer) != headers(&found) {
                wrong.push(format!("{title}: {ask}: expected {answer}, nginx {found}"));
            }
            let expected = expected(model, &tracer, request);
            if judge(&expected, seen) != Verdict::Agreed {
                let expected: Vec<_> = expected.iter().map(|expected| expected.say(&blocks)).collect();
                wrong.push(format!("{title}: {ask}: nginx {found}, ngxlint {expected:?}"));
            }
        }
    });
}

#[test]
fn the_notes_are_true_and_modelled() {
    for nginx in real::all() {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let setting = Setting::new(nginx, directory.path());
        let mut wrong = Vec::new();
        let notes = [connections::NOTES, locations::NOTES, redirects::NOTES, headers::NOTES, found::NOTES].concat();
        for note in notes.iter().filter(|note| note.applies(&setting.surroundings)) {
            compare_note(&setting, note, &mut wrong);
        }
        assert!(wrong.is_empty(), "{nginx:?}: {}\n{}", wrong.len(), wrong.join("\n"));
    }
}
