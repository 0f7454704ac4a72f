//! WebSocket behind `proxy_pass`: which locations are meant for it, what the upstream receives of a handshake, and
//! whether a handshake gets there at all.
//!
//! nginx: <https://nginx.org/en/docs/http/websocket.html>; RFC 6455.

pub mod applications;
mod entrance;
pub mod forwarding;
pub mod handshake;
mod intent;
mod locations;
mod ordinary;
mod reach;

pub use applications::{Application, Patterns};
pub use entrance::is_upgrade;
pub use forwarding::{Forwarding, Sent};
pub use handshake::Asked;
pub use intent::{Intent, NameIntent};
pub use locations::{MapBehind, WebsocketLocation};
pub use reach::{Barrier, Reach};
