//! Knowledge of nginx itself: its directives, variables, defaults and values, by version.
//!
//! The facts are tables, [`directives`] and [`variables`] the long ones. This room reads no other room,
//! knows nothing of any configuration, and never decides what is a mistake.

mod arguments;
mod contexts;
mod defaults;
pub mod directives;
mod inheritance;
pub mod tls_files;
mod values;
pub mod variables;
mod version;

pub use arguments::Arguments;
pub use contexts::{BlockBody, Contexts};
pub use defaults::default_value;
pub use directives::{Deprecated, Directive, DirectiveName, Duplicate, Earlier, ValueKind, nearest_text};
pub use inheritance::Inheritance;
pub use values::{ValueError, parse_flag, parse_number, parse_offset, parse_seconds, parse_size, parse_time};
pub use variables::{Variable, VariableContext, find_variable};
pub use version::{NEWEST, NginxVersion, VersionError};
