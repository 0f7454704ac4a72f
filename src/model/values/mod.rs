//! Values of variables: texts with variables in them, patterns, maps, the paths of URIs.

pub(crate) mod definitions;
pub mod hostnames;
pub(crate) mod map;
pub mod pattern;
mod readers;
pub(crate) mod uri;
pub mod value;
