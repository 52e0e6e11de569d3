//! Virtual time, simulated machines, faults and seeds around the same engine.
