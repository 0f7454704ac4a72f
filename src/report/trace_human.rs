//! A trace for people: what was asked, and step by step why nginx answers as it does.

use std::io::{self, Write};

use super::human::HumanStyle;
use super::page::{Page, Row, Tone};
use super::printable::printable;
use super::trace::{Place, TraceReport, location_pattern};
use super::trace_words as words;
use crate::model::stream::passage::Passage;
use crate::model::{Coverage, Hop, Outcome, Refusal, ResponseKind, SelectedBy, Step, StepKind, Trace, Verdict};

/// Other outcomes that are told.
const MAX_OTHERS: usize = 4;

/// Writes the first trace, how it ends, and what else may happen.
///
/// # Errors
/// What `out` says.
pub fn write_trace_human(report: &TraceReport<'_, '_>, style: HumanStyle, out: &mut dyn Write) -> io::Result<()> {
    let Some(trace) = report.traces.first() else { return Ok(()) };
    let mut page = Page { style, out };
    if let Some(hop) = trace.hops.first().filter(|hop| hop.url.scheme() != report.asked.scheme()) {
        let text = format!("The browser knows the host of {} by HSTS, and asks for {}:", report.asked, hop.url);
        page.paragraph("", Tone::Plain, &text)?;
        writeln!(page.out)?;
    }
    let turn = match trace.outcome {
        Outcome::Loop(first) => Some(first),
        _ => None,
    };
    for (number, hop) in trace.hops.iter().enumerate() {
        let margin = page.margin(turn, number);
        let arrow = if turn == Some(number) { page.glyphs().turn_in } else { margin };
        page.headline(arrow, number, hop)?;
        for row in rows(report, hop) {
            page.row(margin, &row)?;
        }
        // Nothing stands below the turn of a loop but the turn.
        if number + 1 < trace.hops.len() || turn.is_none() {
            writeln!(page.out, "{}", page.margin(turn.filter(|&first| first <= number), number).trim_end())?;
        }
    }
    let (tone, text) = conclusion(report, trace);
    let arrow = if turn.is_some() { page.glyphs().turn_out } else { "" };
    page.paragraph(arrow, tone, &text)?;
    others(report, &mut page)
}

/// The facts of a hop in the order in which nginx comes to them.
fn rows(report: &TraceReport<'_, '_>, hop: &Hop<'_, '_>) -> Vec<Row> {
    let mut rows = Vec::new();
    connection(report, hop, &mut rows);
    let Some(response) = &hop.response else {
        assumptions(report, hop, &mut rows);
        return rows;
    };
    rows.push(Row::new("server", words::answering(report, response, hop)));
    let told = if response.is_cycle { until_repeated(&response.steps) } else { &response.steps };
    for step in told {
        rows.push(Row::new("internal", internal(report, step)));
    }
    if response.is_cycle {
        // src/http/ngx_http_request.h, `NGX_HTTP_MAX_URI_CHANGES`.
        let text = "and so on in a cycle, which nginx ends with 500 after 10 changes of the URI";
        rows.push(Row::new("internal", text.to_owned()).toned(Tone::Bad));
    }
    rows.push(Row::new("location", location(report, hop)));
    let is_bad = matches!(response.kind, ResponseKind::Closed | ResponseKind::Unknown);
    let tone = if is_bad { Tone::Doubtful } else { Tone::Plain };
    rows.push(Row::new("response", words::response(report, response)).toned(tone));
    if let Some(policy) = hop.hsts {
        rows.push(Row::new("HSTS", words::hsts(policy, hop)));
    } else if let Some((_, value)) = response.hsts.first() {
        rows.push(Row::new("HSTS", words::unread_hsts(value)).toned(Tone::Doubtful));
    }
    assumptions(report, hop, &mut rows);
    if hop.is_upgraded
        && let Some(target) = &hop.target
    {
        rows.push(Row::new("upgrade", format!("the browser knows the host by HSTS, and asks for {target}")));
    }
    rows
}

fn assumptions(report: &TraceReport<'_, '_>, hop: &Hop<'_, '_>, rows: &mut Vec<Row>) {
    for condition in &hop.conditions {
        let place = condition.directive.map(|directive| at(&report.place(directive.span()))).unwrap_or_default();
        rows.push(Row::new("assumed", format!("{}{place}", condition.text)).toned(Tone::Doubtful));
    }
}

/// Socket and handshake.
fn connection(report: &TraceReport<'_, '_>, hop: &Hop<'_, '_>, rows: &mut Vec<Row>) {
    if let Some(passage) = &hop.passage {
        through_stream(report, passage, rows);
    }
    match hop.socket {
        Some(socket) => {
            let speaks = if socket.is_tls { "TLS" } else { "plain HTTP" };
            rows.push(Row::new("socket", format!("{}, {speaks}", socket.endpoint)));
        }
        None if hop.refusal == Some(Refusal::NothingListens) => {
            let address = hop.request.address.map(|address| format!(" of {address}")).unwrap_or_default();
            let text = format!("nothing listens on port {}{address}", hop.request.port);
            rows.push(Row::new("socket", text).toned(Tone::Bad));
        }
        None if hop.passage.is_some() => {}
        None => rows.push(Row::new("socket", "it cannot be told which one".to_owned()).toned(Tone::Doubtful)),
    }
    if hop.refusal == Some(Refusal::TlsToPlainSocket) {
        let text = "none: no server of this socket says `ssl`, and a TLS client gets no answer it understands";
        rows.push(Row::new("TLS", text.to_owned()).toned(Tone::Bad));
    }
    if hop.url.scheme() == "https" && !hop.request.is_tls && hop.passage.is_none() {
        let text = "ends at the edge, which sends X-Forwarded-Proto: https";
        rows.push(Row::new("TLS", text.to_owned()));
    } else if hop.socket.is_some_and(|socket| socket.is_tls) && !hop.request.is_tls {
        let text = "none: plain HTTP comes to a socket of TLS, which is error 497";
        rows.push(Row::new("TLS", text.to_owned()).toned(Tone::Bad));
    }
    let Some(tls) = &hop.tls else { return };
    let server = match &hop.response {
        // Its place is told with it.
        Some(response) if response.server == tls.server => report.server(tls.server).to_string(),
        _ => words::server(report, tls.server),
    };
    let default = if tls.selected_by == SelectedBy::Default { "the default server, " } else { "" };
    let asked = match &tls.sni {
        Some(sni) => format!("SNI {sni} selects {default}{server}"),
        None => format!("no SNI is sent, which selects {default}{server}"),
    };
    rows.push(Row::new("TLS", asked));
    if tls.is_rejected {
        let text = "none: ssl_reject_handshake is on, and the handshake ends here".to_owned();
        return rows.push(Row::new("certificate", text).toned(Tone::Bad));
    }
    let (text, tone) = match report.certificate(tls) {
        Some(certificate) => {
            let tone = match certificate.covers_host {
                Some(true) => Tone::Good,
                Some(false) => Tone::Bad,
                None => Tone::Doubtful,
            };
            (words::certificate(report, hop, tls, &certificate), tone)
        }
        None => ("none: no ssl_certificate is in effect".to_owned(), Tone::Bad),
    };
    rows.push(Row::new("certificate", text).toned(tone));
}

/// The sockets of `stream`, and where each leads.
fn through_stream(report: &TraceReport<'_, '_>, passage: &Passage<'_, '_>, rows: &mut Vec<Row>) {
    for stop in &passage.stops {
        let speaks = if stop.socket.is_tls { "stream, which ends TLS" } else { "stream" };
        rows.push(Row::new("socket", format!("{}, {speaks}", stop.socket.endpoint)));
        let Some(handler) = stop.handler else { continue };
        let entry = stop.taken.iter().rev().find_map(|taken| taken.directive());
        let entry =
            entry.map(|entry| format!(", by the entry {}{}", entry.name_text(), at(&report.place(entry.span()))));
        let name = handler.name_text();
        let target = if stop.target.is_empty() { "no address" } else { &stop.target };
        let text = format!("{name} to {target}{}{}", at(&report.place(handler.span())), entry.unwrap_or_default());
        rows.push(Row::new("stream", text));
    }
}

/// The changes of a URI until the same directives come again; the URI itself may grow with each turn.
fn until_repeated<'s, 'c>(steps: &'s [Step<'c>]) -> &'s [Step<'c>] {
    let is_same = |a: &Step<'_>, b: &Step<'_>| (a.by.map(|by| by.id()), a.kind) == (b.by.map(|by| by.id()), b.kind);
    let repeats = |told: usize, turn: usize| (told..steps.len()).all(|at| is_same(&steps[at], &steps[at - turn]));
    let told = (1..steps.len()).find(|&told| (1..=told).any(|turn| repeats(told, turn)));
    told.map_or(steps, |told| &steps[..told])
}

fn internal(report: &TraceReport<'_, '_>, step: &Step<'_>) -> String {
    let by = match step.kind {
        StepKind::Replace => "by rewrite, which looks for no other location".to_owned(),
        StepKind::Rewrite => "by rewrite".to_owned(),
        StepKind::TryFiles => "by try_files".to_owned(),
        StepKind::Index if step.by.is_none() => "by nginx's default `index index.html`".to_owned(),
        StepKind::Index => "by index".to_owned(),
        StepKind::ErrorPage(status) => format!("by error_page {status}"),
    };
    let place = step.by.map(|directive| at(&report.place(directive.span()))).unwrap_or_default();
    format!("{} {by}{place}", step.uri)
}

fn location(report: &TraceReport<'_, '_>, hop: &Hop<'_, '_>) -> String {
    let Some(location) = hop.response.as_ref().and_then(|response| response.location) else {
        return "none is reached".to_owned();
    };
    let (pattern, modifier) = location_pattern(location);
    let (pattern, why) = match modifier {
        "@" => (format!("@{pattern}"), "by its name"),
        "=" => (format!("= {pattern}"), "exactly the URI"),
        "^~" => (format!("^~ {pattern}"), "the longest prefix, which keeps regexes away"),
        "~" | "~*" => (format!("{modifier} {pattern}"), "the first regex that matches"),
        _ => (pattern, "the longest prefix"),
    };
    format!("{pattern}, {why}{}", at(&report.place(location.span())))
}

/// ` (nginx.conf:7)`.
pub(super) fn at(place: &Place) -> String {
    format!(" ({}:{})", place.file, place.line)
}

/// How it ends, in one sentence.
fn conclusion(report: &TraceReport<'_, '_>, trace: &Trace<'_, '_>) -> (Tone, String) {
    let outcome = report.outcome();
    if outcome == Verdict::Undetermined && Verdict::of(trace) != Verdict::Undetermined {
        let text = format!("It depends on what was assumed: here, {}", words::ending(trace));
        return (Tone::Doubtful, text);
    }
    let ending = words::ending(trace);
    let tone = match outcome {
        Verdict::Answered | Verdict::External => Tone::Good,
        Verdict::Undetermined | Verdict::Truncated => Tone::Doubtful,
        Verdict::Loop | Verdict::Refused => Tone::Bad,
    };
    let first = |coverage: Coverage| trace.hops.iter().position(|hop| hop.coverage() == coverage);
    let host = |number: usize| trace.hops[number].url.host_str().unwrap_or_default().to_owned();
    if let Some(number) = first(Coverage::NotCovered) {
        let text =
            format!("{ending} But a browser stops at {}: the certificate is not for {}.", number + 1, host(number));
        return (Tone::Bad, text);
    }
    if let Some(number) = first(Coverage::Unknown).filter(|_| tone == Tone::Good) {
        let text = format!("{ending} Whether the certificate at {} covers {} is not known.", number + 1, host(number));
        return (Tone::Doubtful, text);
    }
    (tone, ending)
}

/// What happens on other assignments of the unknowns, the like together.
fn others(report: &TraceReport<'_, '_>, page: &mut Page<'_>) -> io::Result<()> {
    let Some(told) = report.traces.first().map(words::summary) else { return Ok(()) };
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for trace in report.traces.iter().skip(1) {
        let summary = words::summary(trace);
        let conditions = words::open_conditions(trace);
        match groups.iter_mut().find(|(known, _)| *known == summary) {
            Some((_, all)) => all.push(conditions),
            None => groups.push((summary, vec![conditions])),
        }
    }
    groups.retain(|(summary, _)| *summary != told);
    for (summary, conditions) in groups.iter().take(MAX_OTHERS) {
        let more = match conditions.len() {
            1 => String::new(),
            count => format!(" (and in {} more cases)", count - 1),
        };
        let condition = conditions.first().map_or("", String::as_str);
        page.paragraph("", Tone::Plain, &format!("When {condition}{more}: {summary}"))?;
    }
    if let Some(more @ 1..) = groups.len().checked_sub(MAX_OTHERS) {
        page.paragraph("", Tone::Plain, &format!("There are {more} other outcomes."))?;
    }
    if !report.is_complete {
        let text = "There are more combinations of what is not known than were tried.";
        page.paragraph("", Tone::Doubtful, text)?;
    }
    Ok(())
}

/// What the turn of a loop is drawn with.
struct Glyphs {
    turn_in: &'static str,
    beside: &'static str,
    turn_out: &'static str,
}

/// What only a trace draws.
impl Page<'_> {
    fn glyphs(&self) -> Glyphs {
        if self.style.unicode {
            Glyphs { turn_in: "╭─▶ ", beside: "│   ", turn_out: "╰── " }
        } else {
            Glyphs { turn_in: "+-> ", beside: "|   ", turn_out: "+-- " }
        }
    }

    /// What stands left of a hop's rows.
    fn margin(&self, turn: Option<usize>, number: usize) -> &'static str {
        match turn {
            None => "",
            Some(first) if number < first => "    ",
            Some(_) => self.glyphs().beside,
        }
    }

    fn headline(&mut self, margin: &str, number: usize, hop: &Hop<'_, '_>) -> io::Result<()> {
        let url = printable(hop.url.as_str()).into_owned();
        let method = match hop.request.method.as_str() {
            "GET" => String::new(),
            method => format!("{} ", printable(method)),
        };
        let number = number + 1;
        let line = if self.style.color { format!("\x1b[1m{method}{url}\x1b[0m") } else { format!("{method}{url}") };
        writeln!(self.out, "{margin}{number}  {line}")
    }
}
