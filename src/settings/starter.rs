//! The settings file that `ngxlint init` writes.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::config::Elsewhere;
use crate::rules::PROJECT;

/// What is seen of the tree that the file is for.
#[derive(Debug, Clone, Default)]
pub struct Starter {
    /// Its root files, relative to the directory of the settings.
    pub roots: Vec<PathBuf>,
    /// Where files seem to be that its paths do not lead to, relative to the directory of the settings.
    pub elsewhere: Vec<Elsewhere>,
    /// Whether certificates and keys are named, and can be read.
    pub reads_certificates: Option<bool>,
    /// Where a configuration asks for X-Forwarded-Proto, if one does: a file and a line.
    pub asks_for_scheme: Option<String>,
    /// Globs of files that came from elsewhere.
    pub vendored: Vec<String>,
}

/// The text of a settings file for a tree: what is seen of it, and the rest as comments.
#[must_use]
pub fn starter(seen: &Starter) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "# yaml-language-server: $schema={PROJECT}/raw/main/src/settings/schema/settings.schema.json\n\
         #\n\
         # Settings of ngxlint. Paths are relative to this file; what the command line says comes first.\n\
         # `ngxlint check --show-settings` shows what is in effect.\n"
    );
    text.push_str("# Root files. What one of them includes is linted through it.\n");
    if seen.roots.is_empty() {
        text.push_str(
            "# None is found here: `ngxlint check .` lints each file by itself, as a part of some configuration.\n",
        );
        text.push_str("# roots: [nginx.conf]\n");
    } else {
        text.push_str("roots:\n");
        for root in &seen.roots {
            let _ = writeln!(text, "  - {}", quoted(&root.to_string_lossy()));
        }
    }
    text.push_str("\n# The nginx that runs this; by default the newest release known.\n# nginx-version: 1.28.0\n\n");
    write_places(&mut text, &seen.elsewhere);
    text.push_str("\n# Private authorities that the clients trust.\n# ca: [pki/root.pem]\n\n");
    text.push_str("# require: a certificate that cannot be read is an error. skip: none is opened.\n");
    text.push_str(match seen.reads_certificates {
        Some(true) => "# Some can be read here, so that missing ones are reported (auto).\n# certs: require\n",
        Some(false) => "# None can be read here, so that nothing is said of them (auto).\n# certs: skip\n",
        None => "# certs: auto\n",
    });
    text.push_str("\n# Whether TLS ends before nginx, at a CDN or a load balancer that sends X-Forwarded-Proto.\n");
    if let Some(place) = &seen.asks_for_scheme {
        let _ = writeln!(text, "# {place} asks for this header: is it so?");
    }
    text.push_str("# edge: tls\n# edge:\n#   default: none\n#   servers:\n#     .shop.example: tls\n");
    text.push_str(
        "\n# Only these rules and categories; all but these.\n# select: [certificate, redirect]\n# ignore: [websocket]\n",
    );
    text.push_str("\n# Rules that are not run on some files, by glob.\n");
    if seen.vendored.is_empty() {
        text.push_str("# per-file-ignores:\n#   \"snippets/vendor/**\": [hsts-missing]\n");
    } else {
        text.push_str("# These came from elsewhere, as it seems:\n# per-file-ignores:\n");
        for glob in &seen.vendored {
            let _ = writeln!(text, "#   {}: [hsts, websocket]", quoted(glob));
        }
    }
    text.push_str(
        "\n# Severities and options; `ngxlint rules` lists the rules, `ngxlint explain RULE` their options.\n\
         # rules:\n\
         #   implicit-default-server: off\n\
         #   hsts-max-age: {severity: error, minimum: 31536000}\n\n\
         # Words of paths and upstreams that mean WebSocket; known ones that do not.\n\
         # websocket: {patterns: [/feed], without: [cable]}\n\n\
         # The packages of third-party modules that nginx loads, and directives of others.\n\
         # modules: [brotli]\n\
         # extra-directives:\n\
         #   my_guard: {contexts: [server, location]}\n",
    );
    text
}

/// `root` and `map`: those that are seen, or else examples.
fn write_places(text: &mut String, elsewhere: &[Elsewhere]) {
    text.push_str("# Where the files are that nginx finds elsewhere: the folder that stands for /, or single paths.\n");
    if elsewhere.is_empty() {
        text.push_str("# root: image\n# map:\n#   /etc/nginx: nginx\n");
        return;
    }
    text.push_str("# Some that are included are not there, but here, as it seems:\n");
    let path = |path: &Path| quoted(&path.to_string_lossy());
    let (roots, others): (Vec<_>, Vec<_>) = elsewhere.iter().partition(|place| place.from == Path::new("/"));
    if let Some(root) = roots.first() {
        let _ = writeln!(text, "# root: {}", path(&root.to));
    }
    for (number, Elsewhere { from, to }) in others.into_iter().enumerate() {
        let head = if number == 0 { "# map:\n" } else { "" };
        let _ = writeln!(text, "{head}#   {}: {}", path(from), path(to));
    }
}

/// A text as YAML takes it for one, whatever is in it.
fn quoted(text: &str) -> String {
    let is_plain = text.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '/')
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "/._-+".contains(char));
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
