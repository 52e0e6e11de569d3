//! The shell around the engine: workers, timers, executor and the Api facade.
