//! WebSocket handshakes that never become a connection. RFC 6455, section 4.

use super::declare::declare_rules;

declare_rules! { "websocket":
    websocket_missing_upgrade::WebsocketMissingUpgrade = "websocket-missing-upgrade",
}
