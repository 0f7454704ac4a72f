//! What [`processing`](crate::model::processing) works with: requests, responses, locations, files, upstreams, and what cannot be
//! known of them.

pub(crate) mod access;
pub mod choices;
pub mod document_files;
pub mod fallback;
pub mod location;
pub mod proxy;
pub(crate) mod reception;
pub mod request;
pub mod response;
pub mod upstream_request;
pub mod upstreams;
