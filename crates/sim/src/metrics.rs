//! A simulated source of measured values: what was ordered of machines and groups; and faults before real ones.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use muster_model::{GroupId, InstanceId, MachineState, Metric, Placement};
use muster_ports::{ComputeError, Gap, Metrics, MetricsError, Sample, Watched};

use crate::compute::SimCompute;
use crate::faults::Op;

#[derive(Default)]
struct Readings {
    of_machines: BTreeMap<(InstanceId, Metric), f64>,
    of_groups: BTreeMap<(GroupId, Metric), f64>,
}

/// The source. A metric that a value was ordered for of a whole group is told of that group, any other of its members.
pub struct SimMetrics {
    sim: Arc<SimCompute>,
    tells: Vec<Metric>,
    readings: Mutex<Readings>,
}

fn metrics_error(error: ComputeError) -> MetricsError {
    match error {
        ComputeError::Unknown(message) => MetricsError::Unknown(message),
        ComputeError::Failed(message) => MetricsError::Failed(message),
        ComputeError::SoldOut(message)
        | ComputeError::Quota(message)
        | ComputeError::Refused(message) => MetricsError::Refused(message),
    }
}

impl SimMetrics {
    /// A source of these metrics over the machines of `sim`, and with its faults (`measure`).
    #[must_use]
    pub fn new(sim: Arc<SimCompute>, tells: Vec<Metric>) -> SimMetrics {
        SimMetrics {
            sim,
            tells,
            readings: Mutex::default(),
        }
    }

    fn readings(&self) -> MutexGuard<'_, Readings> {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is measured of a machine from now on; `None` = nothing.
    pub fn order(&self, machine: InstanceId, metric: &Metric, value: Option<f64>) {
        let key = (machine, metric.clone());
        let of_machines = &mut self.readings().of_machines;
        match value {
            Some(value) => of_machines.insert(key, value),
            None => of_machines.remove(&key),
        };
    }

    /// What is measured of a group as a whole from now on; `None` = nothing.
    pub fn order_of_group(&self, group: GroupId, metric: &Metric, value: Option<f64>) {
        let key = (group, metric.clone());
        let of_groups = &mut self.readings().of_groups;
        match value {
            Some(value) => of_groups.insert(key, value),
            None => of_groups.remove(&key),
        };
    }

    fn of_member(&self, id: InstanceId, metric: &Metric, runs: bool) -> Result<f64, Gap> {
        if !self.tells.contains(metric) {
            return Err(Gap::NotMeasured("it is not simulated".to_owned()));
        }
        let ordered = self
            .readings()
            .of_machines
            .get(&(id, metric.clone()))
            .copied();
        match (runs, ordered) {
            (true, Some(value)) => Ok(value),
            (true, None) => Err(Gap::NoValue("no value was ordered".to_owned())),
            (false, _) => Err(Gap::Absent),
        }
    }

    fn look(&self, watched: &Watched, runs: &dyn Fn(InstanceId) -> bool) -> Vec<Sample> {
        let mut samples = Vec::new();
        for metric in &watched.metrics {
            let sample = |instance, value| Sample {
                group: watched.group,
                instance,
                metric: metric.clone(),
                value,
            };
            let key = (watched.group, metric.clone());
            let whole = self.readings().of_groups.get(&key).copied();
            match whole {
                Some(value) => samples.push(sample(None, Ok(value))),
                None => samples.extend(watched.instances.iter().map(|id| {
                    let value = self.of_member(*id, metric, runs(*id));
                    sample(Some(*id), value)
                })),
            }
        }
        samples
    }
}

#[async_trait]
impl Metrics for SimMetrics {
    fn tells(&self) -> Vec<Metric> {
        self.tells.clone()
    }

    async fn sample(&self, watched: &[Watched]) -> Result<Vec<Sample>, MetricsError> {
        let look = |state: &mut crate::compute::State, _| {
            let runs = |id| {
                let machine = state.machines.get(id);
                machine.is_some_and(|machine| machine.state == MachineState::Running)
            };
            let samples = watched.iter().flat_map(|one| self.look(one, &runs));
            Ok(samples.collect())
        };
        let place = Placement::default();
        let samples = self.sim.call(Op::Measure, None, &place, look).await;
        samples.map_err(metrics_error)
    }
}

/// A real source with faults before it.
pub struct FaultyMetrics {
    sim: Arc<SimCompute>,
    real: Arc<dyn Metrics>,
}

impl FaultyMetrics {
    /// A real source, with the faults of `sim` (`measure`) before it.
    #[must_use]
    pub fn before(sim: Arc<SimCompute>, real: Arc<dyn Metrics>) -> FaultyMetrics {
        FaultyMetrics { sim, real }
    }
}

#[async_trait]
impl Metrics for FaultyMetrics {
    fn tells(&self) -> Vec<Metric> {
        self.real.tells()
    }

    async fn sample(&self, watched: &[Watched]) -> Result<Vec<Sample>, MetricsError> {
        let place = Placement::default();
        let passed = self.sim.call(Op::Measure, None, &place, |_, _| Ok(()));
        passed.await.map_err(metrics_error)?;
        self.real.sample(watched).await
    }
}
