//! Back ends of the ports: machines as processes, balancers and a table of members, receivers of messages, Prometheus.

pub mod haproxy;
mod http_client;
pub mod notify;
pub mod process;
pub mod prometheus;
pub mod proxy;
pub mod route;
pub mod table;

pub use http_client::AddressError;
