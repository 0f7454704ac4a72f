//! HTTP Strict Transport Security as browsers know it: the header (RFC 6797), and the list of hosts that they force to
//! https before they have seen one.
//!
//! It knows nothing of nginx: which header an answer carries is the model's question.

mod corrected;
mod header;
pub mod preload;

pub use corrected::{Corrected, corrected};
pub use header::{BrowsersThatIgnore, HeaderProblem, HeaderProblemKind, HstsPolicy, ParsedHeader};
pub use preload::{PreloadList, Preloaded};
