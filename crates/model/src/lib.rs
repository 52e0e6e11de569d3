//! The data of an auto scaling service: no behaviour, no I/O.
