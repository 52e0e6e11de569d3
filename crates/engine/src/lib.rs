//! The rules of an auto scaling service, pure: no I/O, no async, no clock, no randomness.
