//! The native endpoint that takes values of metrics in. It is there without `--emulate` too: whatever measures the
//! machines can push what it measured.

use jiff::Timestamp;
use muster_model::{Error, GroupId, InstanceId, Metric, Point, Time};
use muster_ports::Credential;
use muster_runtime::Measured;
use serde::Deserialize;
use serde_json::json;

use crate::config::metric;
use crate::native::{Native, Outcome, Refusal, bad, internal, may_write, not_found, read};

/// Values in one request at the most.
const POINTS: usize = 10_000;
/// How far ahead of the clock a value may be, seconds.
const AHEAD_SECS: u64 = 86_400;

/// `{"points": [...]}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pushed {
    points: Vec<PushedPoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PushedPoint {
    group: Option<String>,
    instance: Option<String>,
    metric: String,
    value: f64,
    at: Option<String>,
}

impl PushedPoint {
    fn of(&self) -> Result<Measured, Refusal> {
        match (&self.group, &self.instance) {
            (Some(group), None) => GroupId::parse_any(group)
                .map(Measured::Group)
                .map_err(|_| not_found(&format!("the group `{group}`"))),
            (None, Some(instance)) => InstanceId::parse_any(instance)
                .map(Measured::Instance)
                .map_err(|_| not_found(&format!("the instance `{instance}`"))),
            (Some(_), Some(_)) | (None, None) => {
                Err(bad("a point is either of a `group` or of an `instance`"))
            }
        }
    }

    fn at(&self, now: Time) -> Result<Time, Refusal> {
        let Some(text) = &self.at else {
            return Ok(now);
        };
        let at: Timestamp = text
            .parse()
            .map_err(|_| bad(format!("at `{text}` is not a time of RFC 3339")))?;
        let at = Time(at.as_millisecond());
        match at <= now.plus_secs(AHEAD_SECS) {
            true => Ok(at),
            false => Err(bad(format!("at `{text}` is more than a day ahead"))),
        }
    }

    fn checked(self, now: Time) -> Result<(Measured, Metric, Point), Refusal> {
        let of = self.of()?;
        let at = self.at(now)?;
        let metric = metric(&self.metric).map_err(bad)?;
        let instance = match of {
            Measured::Group(_) => None,
            Measured::Instance(id) => Some(id),
        };
        let value = self.value;
        Ok((
            of,
            metric,
            Point {
                at,
                instance,
                value,
            },
        ))
    }
}

impl Native {
    /// Takes values in: all of them or none.
    pub(crate) async fn measure(&self, body: &[u8], caller: &Credential) -> Outcome {
        may_write(caller)?;
        let pushed: Pushed = read(body)?;
        if pushed.points.len() > POINTS {
            return Err(bad(format!(
                "{} points; at most {POINTS} in one request are right",
                pushed.points.len()
            )));
        }
        let now = self.runtime.time();
        let points = pushed.points.into_iter().map(|point| point.checked(now));
        let points: Vec<_> = points.collect::<Result<_, _>>()?;
        let measured = self.runtime.measure(caller.account, &points).await;
        measured.map_err(|error| match error {
            Error::NotFound { id, .. } => not_found(&format!("`{id}`")),
            Error::QuotaExceeded { limit, .. } => {
                bad(format!("a group has at most {limit} metrics"))
            }
            other => internal(other),
        })?;
        Ok(json!({ "accepted": points.len() }))
    }
}
