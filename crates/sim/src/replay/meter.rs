//! What is counted while time passes: between two looks everything is constant.

use muster_model::Time;

use super::field::Look;

/// What has been counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) millis: i64,
    /// Machines times milliseconds.
    pub(super) machine_millis: i64,
    pub(super) short_millis: i64,
    pub(super) over_millis: i64,
    pub(super) unknown_millis: i64,
    /// Load times milliseconds, and the part of it that nobody carried.
    pub(super) load: f64,
    pub(super) lost: f64,
    /// The largest part of the load that nobody carried, and when that began.
    pub(super) worst: Option<(f64, Time)>,
    pub(super) most_machines: usize,
}

/// Counts.
pub(super) struct Meter {
    at: Time,
    capacity: f64,
    over_below: f64,
    load: Option<f64>,
    look: Look,
    pub(super) counted: Counted,
}

impl Meter {
    /// `over_below`: with a utilisation under this part, and more than the minimum in service, there are too many.
    pub(super) fn new(at: Time, capacity: f64, over_below: f64, look: Look) -> Meter {
        Meter {
            at,
            capacity,
            over_below,
            load: None,
            look,
            counted: Counted::default(),
        }
    }

    /// Time passes, and nothing has changed in it.
    pub(super) fn pass(&mut self, until: Time) {
        let millis = until.0 - self.at.0;
        if millis <= 0 {
            return;
        }
        let counted = &mut self.counted;
        counted.millis += millis;
        counted.machine_millis += millis * self.look.machines as i64;
        counted.most_machines = counted.most_machines.max(self.look.machines);
        match self.load {
            None => counted.unknown_millis += millis,
            Some(load) => {
                let carried = self.capacity * self.look.serving as f64;
                counted.load += load * millis as f64;
                if load > carried {
                    counted.short_millis += millis;
                    counted.lost += (load - carried) * millis as f64;
                    let part = (load - carried) / load;
                    if counted.worst.is_none_or(|(worst, _)| part > worst) {
                        counted.worst = Some((part, self.at));
                    }
                } else if load < self.over_below * carried
                    && self.look.serving > self.look.min as usize
                {
                    counted.over_millis += millis;
                }
            }
        }
        self.at = until;
    }

    pub(super) fn set_load(&mut self, load: Option<f64>) {
        self.load = load;
    }

    pub(super) fn set_look(&mut self, look: Look) {
        self.look = look;
    }
}
