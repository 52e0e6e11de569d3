//! What the engine's shell needs from the outside, as traits, with the contract each has to keep.
