//! What the demo shows: the state of the group, the load, the machines and the activities, as one value.

use std::time::Duration;

/// One look at the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// Seconds since the load began.
    pub(super) secs: f64,
    /// Requests begun a second.
    pub(super) load: f64,
    /// Instances in service.
    pub(super) serving: usize,
    /// The desired number.
    pub(super) desired: u64,
}

/// A machine of the group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Machine {
    /// Its id.
    pub(super) id: String,
    /// Its life-cycle state, in the words of the API.
    pub(super) state: String,
}

/// An activity of the group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Activity {
    /// What it is, in the words of the API.
    pub(super) kind: String,
    /// How it stands, in the words of the API.
    pub(super) status: String,
    /// What led to it.
    pub(super) cause: String,
    /// What it does.
    pub(super) description: String,
}

/// Everything that is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    /// How long the load has been on.
    pub(super) elapsed: Duration,
    /// How long it will be.
    pub(super) total: Duration,
    /// What is being done, in a few words.
    pub(super) phase: &'static str,
    /// Where the requests go.
    pub(super) listener: String,
    /// All looks so far.
    pub(super) samples: Vec<Sample>,
    /// The desired number now.
    pub(super) desired: u64,
    /// The machines now.
    pub(super) machines: Vec<Machine>,
    /// The activities, newest first.
    pub(super) activities: Vec<Activity>,
    /// Requests answered.
    pub(super) answered: u64,
    /// Requests failed.
    pub(super) failed: u64,
    /// Latencies of the last requests: half of them below, nearly all below; milliseconds.
    pub(super) latency_millis: (u32, u32),
}

impl Board {
    /// The last look.
    pub(super) fn now(&self) -> Sample {
        self.samples.last().copied().unwrap_or_default()
    }

    /// The most machines that were in service.
    pub(super) fn most(&self) -> usize {
        let serving = self.samples.iter().map(|sample| sample.serving);
        serving.max().unwrap_or(0)
    }

    /// Whether the group grew under the load and is as small again as it was at the start.
    pub(super) fn out_and_in(&self) -> bool {
        let first = self.samples.first().map_or(0, |sample| sample.serving);
        self.most() > first && self.now().serving == first && self.now().desired == first as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_and_in_is_both() {
        let board = |serving: &[usize]| Board {
            samples: serving
                .iter()
                .map(|serving| Sample {
                    serving: *serving,
                    desired: *serving as u64,
                    ..Sample::default()
                })
                .collect(),
            ..Board::default()
        };
        assert!(board(&[1, 2, 4, 1]).out_and_in());
        for not in [&[][..], &[1], &[1, 1, 1], &[1, 2, 4], &[1, 4, 2]] {
            assert!(!board(not).out_and_in(), "{not:?}");
        }
        assert_eq!(board(&[1, 4, 2]).most(), 4);
    }
}
