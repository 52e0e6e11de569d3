//! Back ends of the ports: machines as processes, a table of balancer members, receivers of messages, Prometheus.

mod http_client;
pub mod notify;
pub mod process;
pub mod prometheus;
pub mod table;

pub use http_client::AddressError;
