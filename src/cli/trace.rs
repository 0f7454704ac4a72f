//! `ngxlint trace`: one request, and what becomes of it.

use std::path::{Path, PathBuf};

use super::input::STDIN;
use super::settings::{self, Given, Run};
use super::trace_arguments::{AskedUrl, RequestOptions, TraceArguments, TraceFormat};
use super::{RunError, Status, complain, configuration, difference, output};
use crate::model::{CertificateMode, Edge, OtherHeaders, Request, Start, Tracer};
use crate::report::{self, TraceReport};

/// Runs the command.
pub(super) fn run(arguments: &TraceArguments) -> Result<Status, RunError> {
    let Some(asked) = &arguments.url else {
        let [old, new] = &arguments.diff[..] else { unreachable!("--diff takes two paths") };
        return difference::run(arguments, run_of(arguments, Some(old))?, &run_of(arguments, Some(new))?);
    };
    let run = run_of(arguments, arguments.conf.as_deref())?;
    let file = arguments.output.output.as_deref();
    if arguments.files.show_files {
        return configuration::show(&run, file);
    }
    let says_scheme = arguments.request.headers.iter().any(|(name, _)| name == "x-forwarded-proto");
    let host = asked.url.host_str().unwrap_or_default();
    if says_scheme && run.environment.edge.of_host(host) == Edge::Tls {
        let of_settings = run
            .file
            .as_ref()
            .map_or_else(String::new, |file| format!("`edge` of {}", settings::place(file, &["edge"])));
        let said = if arguments.environment.edge.is_some() { "--edge tls".to_owned() } else { of_settings };
        return Err(RunError::SchemeSaidTwice { said });
    }
    if arguments.request.sni.is_some() && asked.url.scheme() == "http" {
        complain("note", "--sni is of no use here: a request over http:// has no TLS handshake");
    }
    configuration::with_model(&run, "--conf ", |model, shown| {
        let (traces, is_complete) = Tracer::new(model).traces(&start(asked, &arguments.request));
        let report = TraceReport { model, asked: &asked.url, traces: &traces, is_complete, shown };
        output::write_report(model.config.sources(), file, |out| match arguments.output.format {
            TraceFormat::Human => {
                report::write_trace_human(&report, output::human_style(arguments.output.color, file), out)
            }
            TraceFormat::Json => report::write_trace_json(&report, out),
        })?;
        let skips_certificates = run.environment.certificates == CertificateMode::Skip;
        let is_good = report.outcome().is_good() && (skips_certificates || report.is_covered());
        Ok(if is_good { Status::Success } else { Status::Found })
    })
}

/// What is asked, with what is in effect for it.
fn run_of(arguments: &TraceArguments, path: Option<&Path>) -> Result<Run, RunError> {
    let mut files = arguments.files.clone();
    if !arguments.diff.is_empty() {
        // Only one of the two can be what standard input holds.
        files.stdin_filename = files.stdin_filename.filter(|_| path.is_some_and(|path| path.as_os_str() == STDIN));
    }
    let given =
        Given { settings: &arguments.settings, files: &files, environment: &arguments.environment, rules: None };
    let paths: Vec<PathBuf> = path.map(Path::to_path_buf).into_iter().collect();
    let mut runs = given.runs(&paths)?.into_iter();
    let mut run = runs.next().expect("one path, or none, has one run");
    run.environment.document_files = !arguments.no_files;
    Ok(run)
}

fn start<'m>(asked: &AskedUrl, options: &RequestOptions) -> Start<'m> {
    let mut request = Request::get(&asked.url).expect("an asked URL is http or https, and has a host");
    request.target.clone_from(&asked.target);
    request.method.clone_from(&options.method);
    request.address = options.address.or(request.address);
    if options.no_sni {
        request.sni = None;
    } else if let Some(sni) = options.sni.as_ref().filter(|_| request.is_tls) {
        request.sni = Some(sni.clone());
    }
    let (hosts, headers): (Vec<_>, Vec<_>) = options.headers.iter().cloned().partition(|(name, _)| name == "host");
    let host = options.host.clone().or(hosts.into_iter().next().map(|(_, value)| value));
    request.host = host.or(request.host);
    request.headers = headers;
    request.other_headers = OtherHeaders::Absent;
    Start { url: asked.url.clone(), request, socket: None, hsts: options.hsts.clone(), max_hops: options.max_hops }
}
