//! Checks of the source tree itself; they are the tests of this crate.
