//! Back ends of the ports: machines as processes, a table of balancer members, receivers of messages.

pub mod notify;
pub mod process;
pub mod table;
