//! Tests of the whole crate: what of the API is there, and whether the documented requests are read.

mod codes;
mod coverage;
mod facts;
mod mapping;
