//! Where the next machine goes.
