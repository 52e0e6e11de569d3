//! Who goes first in a scale-in.
