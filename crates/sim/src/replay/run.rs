//! Drives a recording over a group.

use muster_model::{GroupCommand, Metric, Point, Time};

use super::field::{Decision, Field, Hold, State};
use super::meter::Meter;
use super::service::Service;
use super::summary::Summary;
use super::trace::Trace;

/// Measurements of a replay at the most.
const SAMPLES: i64 = 50_000_000;

/// What came of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The sums.
    pub summary: Summary,
    /// One row for each stretch of the recording.
    pub steps: Vec<StepRow>,
    /// Every change of what is desired.
    pub decisions: Vec<Decision>,
    /// What kept policies from changing it.
    pub holds: Vec<Hold>,
}

/// How things stood when a stretch began, after what was due then.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRow {
    /// When it began.
    pub at: Time,
    /// Load; `None` = not known.
    pub load: Option<f64>,
    /// What was desired.
    pub desired: u32,
    /// In service.
    pub serving: usize,
    /// Asked for and not yet gone.
    pub machines: usize,
    /// Load that what was in service can carry.
    pub capacity: f64,
    /// The decisions within it, its first moment included, by their place in [`Outcome::decisions`].
    pub decisions: std::ops::Range<usize>,
}

impl StepRow {
    /// Load in percent of what was in service; above 100 where that was too little, `None` where it is not known.
    #[must_use]
    pub fn utilisation(&self) -> Option<f64> {
        let load = self.load?;
        (self.capacity > 0.0).then(|| load / self.capacity * 100.0)
    }
}

/// Replays a recording over the group that is on the field. `over_below`: see [`Summary::over_minutes`].
///
/// # Errors
/// There would be too many measurements, or a promise was broken: which.
pub fn replay(
    field: &Field,
    trace: &Trace,
    service: &Service,
    over_below: f64,
) -> Result<Outcome, String> {
    let samples = (trace.end().0 - trace.start().0) / 1000 / i64::from(service.sample_seconds);
    if samples > SAMPLES {
        return Err(format!(
            "Service.SampleSeconds `{}`: over this recording that would be {samples} measurements, {SAMPLES} at the most are right",
            service.sample_seconds
        ));
    }
    let mut state = field.state();
    let earlier = state.decisions.len();
    let earlier_holds = state.holds.len();
    let mut meter = Meter::new(trace.start(), service.capacity, over_below, state.look());
    let mut steps = Vec::with_capacity(trace.stretches.len());
    let sample = i64::from(service.sample_seconds) * 1000;
    let mut next = trace.start();
    for stretch in &trace.stretches {
        let decided = state.decisions.len() - earlier;
        run(&mut state, &mut meter, stretch.from);
        meter.set_load(stretch.load);
        let look = state.look();
        while next < stretch.until {
            run(&mut state, &mut meter, next);
            if let Some(load) = stretch.load {
                measure(&mut state, service, load);
            }
            next = next.plus_millis(sample);
        }
        // What is due at the very end belongs to the next one.
        run(&mut state, &mut meter, stretch.until.plus_millis(-1));
        steps.push(StepRow {
            at: stretch.from,
            load: stretch.load,
            desired: look.desired,
            serving: look.serving,
            machines: look.machines,
            capacity: service.capacity * look.serving as f64,
            decisions: decided..state.decisions.len() - earlier,
        });
        if let Some(broken) = &state.broken {
            return Err(format!("a promise was broken at {}: {broken}", state.now.0));
        }
    }
    meter.pass(trace.end());
    let decisions = state.decisions.split_off(earlier);
    Ok(Outcome {
        summary: Summary::new(&meter.counted, &decisions, service, trace),
        steps,
        decisions,
        holds: state.holds.split_off(earlier_holds),
    })
}

/// Lets everything happen that is due, and counts what passes meanwhile.
fn run(state: &mut State, meter: &mut Meter, until: Time) {
    while let Some(at) = state.next_at().filter(|at| *at <= until) {
        meter.pass(at);
        state.step(until);
        meter.set_look(state.look());
    }
    meter.pass(until);
    state.now = state.now.max(until);
}

/// What is measured of the group now. Where nothing is, nothing is told: a gap is not a zero.
fn measure(state: &mut State, service: &Service, load: f64) {
    let at = state.now;
    let points: Vec<_> = service
        .measure(load, state.look().serving)
        .into_iter()
        .map(|(name, value)| {
            let point = Point {
                at,
                instance: None,
                value,
            };
            (Metric(name.to_owned()), point)
        })
        .collect();
    if !points.is_empty() {
        state.tell(&GroupCommand::Measured(points));
    }
}
