//! Where measured values come from: the machines' host, a balancer, a monitoring system.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use muster_model::{GroupId, InstanceId, Metric};

/// Why a source did not answer at all. Every value that it was asked for is a gap then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricsError {
    /// It understood the question, and will refuse the same one again.
    #[error("refused: {0}")]
    Refused(String),
    /// It has trouble of its own; a later try may do.
    #[error("failed: {0}")]
    Failed(String),
    /// There was no answer.
    #[error("no answer: {0}")]
    Unknown(String),
}

/// Why there is no value. A gap is a value of its own: it never stands for zero (promise P6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// A counter was seen for the first time, or began anew: the next look gives a value.
    FirstLook,
    /// What was to be measured is not there, or does not run.
    Absent,
    /// The source cannot tell this metric of this one; the text says why.
    NotMeasured(String),
    /// The source answered, but with no value that counts: none, several, not a number, too old. The text says which.
    NoValue(String),
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gap::FirstLook => f.write_str("a counter was seen for the first time"),
            Gap::Absent => f.write_str("it is not there, or does not run"),
            Gap::NotMeasured(why) | Gap::NoValue(why) => f.write_str(why),
        }
    }
}

/// A group of which values are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// Its members in service, those that are warming up among them: what is measured of those is marked by their state.
    pub instances: BTreeSet<InstanceId>,
    /// The metrics that are wanted.
    pub metrics: BTreeSet<Metric>,
}

/// What a source says of one metric: of one member, or of a group as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The group.
    pub group: GroupId,
    /// Of which member; `None` = of the group as a whole.
    pub instance: Option<InstanceId>,
    /// The metric.
    pub metric: Metric,
    /// A finite value in the metric's unit (see [`Metric`]), or why there is none.
    pub value: Result<f64, Gap>,
}

/// A source of measured values.
///
/// Contract (`contract::metrics`):
/// * what is not known is a gap with its reason, never zero;
/// * samples are of what was asked for, and of nothing else: the groups, their members and the metrics;
/// * a metric of a group is either told of its members, then of each of them (a value or a gap), or of the group as a
///   whole, then once; never of both, for they could not be averaged. A metric of members is told of no one when there
///   is no member;
/// * a metric that the source does not tell ([`Metrics::tells`]) is a gap;
/// * a call reads and changes nothing outside; the caller bounds it in time and may drop it, and a later call is as good;
/// * rates are over the time since the last look; without one, or when the counter began anew, there is a gap
///   ([`Gap::FirstLook`]).
#[async_trait]
pub trait Metrics: Send + Sync {
    /// The metrics that this source tells, the same at every call.
    fn tells(&self) -> Vec<Metric>;

    /// Measures now.
    ///
    /// # Errors
    /// See [`MetricsError`].
    async fn sample(&self, watched: &[Watched]) -> Result<Vec<Sample>, MetricsError>;
}

/// Canonical names of metrics that Muster itself measures.
pub mod names {
    /// CPU of a member, percent of its allowance.
    pub const CPU_UTIL: &str = "cpu_util";
    /// Memory of a member, percent of its allowance.
    pub const MEM_UTIL: &str = "mem_util";
    /// Network traffic into a member, Mbit/s.
    pub const LAN_IN: &str = "lan_in";
    /// Network traffic out of a member, Mbit/s.
    pub const LAN_OUT: &str = "lan_out";
    /// Established TCP connections of a member.
    pub const TCP_ESTABLISHED: &str = "tcp_established";
    /// Members of a group that are in service.
    pub const INSTANCE_NUM: &str = "instance_num";
    /// Requests a second that a balancer handed to a member; none is zero.
    pub const REQUESTS_PER_SEC: &str = "requests_per_sec";
    /// Mean time in which a member answered the requests of a balancer, milliseconds; a gap when there was none.
    pub const LATENCY_MS: &str = "latency_ms";
    /// Requests a second that balancers took for a group as a whole.
    pub const GROUP_REQUESTS_PER_SEC: &str = "group_requests_per_sec";
    /// Mean time in which requests for a group were answered, milliseconds; a gap when there was none.
    pub const GROUP_LATENCY_MS: &str = "group_latency_ms";
}
