//! Views and plans as text, for golden tests and for explain.
