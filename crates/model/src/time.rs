//! Time as the model keeps it: milliseconds since 1970-01-01T00:00:00Z. Doors print their own format and zone.

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since the Unix epoch, UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// The last moment there is: "never".
    pub const NEVER: Time = Time(i64::MAX);

    /// This moment plus `secs` seconds; saturates.
    #[must_use]
    pub fn plus_secs(self, secs: u64) -> Time {
        self.plus_millis(i64::try_from(secs).unwrap_or(i64::MAX).saturating_mul(1000))
    }

    /// This moment plus `millis` milliseconds; saturates.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Time {
        Time(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; zero when `earlier` is later.
    #[must_use]
    pub fn millis_since(self, earlier: Time) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub fn unix_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }
}
