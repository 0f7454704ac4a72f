//! Following requests from hop to hop as a browser does, and where that leads.

pub mod answer;
pub(crate) mod demands;
pub mod difference;
pub mod questions;
pub mod relay;
pub mod starts;
pub mod survey;
mod through_stream;
pub mod trace;
pub mod tracer;
pub mod verdict;
pub mod witness;
