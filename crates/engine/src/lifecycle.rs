//! The life-cycle of an instance: one transition function.
