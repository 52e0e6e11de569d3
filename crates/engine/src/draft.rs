//! A view being changed: tracks what was written.
