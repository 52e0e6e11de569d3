//! Faults that can be ordered: `PUT /_muster/v1/faults`.

use muster_model::Placement;
use serde::{Deserialize, Serialize};

/// What a rule applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the operations of the back ends")]
pub enum Op {
    Launch,
    Terminate,
    Start,
    Stop,
    Reset,
    Describe,
    LbAttach,
    LbDetach,
    Command,
    Notify,
    Measure,
}

/// Which calls a rule applies to: all that agree in what is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// Zone.
    #[serde(default)]
    pub zone: Option<String>,
    /// Subnet.
    #[serde(default)]
    pub subnet: Option<String>,
    /// Instance type.
    #[serde(default)]
    pub instance_type: Option<String>,
    /// Machine, any spelling of its id.
    #[serde(default)]
    pub machine: Option<String>,
}

/// What a rule does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It fails, certainly not done.
    Error,
    /// It is done, but the answer is lost.
    TimeoutDone,
    /// It is not done, and there is no answer.
    TimeoutNotDone,
    /// It is done after the latency.
    Slow,
    /// Sold out.
    SoldOut,
    /// A quota is used up.
    Quota,
    /// It hangs: done after the latency, or never when none is given.
    Hang,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What it applies to.
    pub op: Op,
    /// Which calls.
    #[serde(rename = "match", default)]
    pub matching: Match,
    /// What it does.
    pub effect: Effect,
    /// How often; absent = always.
    #[serde(default)]
    pub times: Option<u32>,
    /// Latency in the movable time, seconds.
    #[serde(default)]
    pub latency_secs: Option<u32>,
}

/// The rules in force: the first that matches counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// The rules.
    pub rules: Vec<Fault>,
}

impl Match {
    fn agrees(&self, machine: Option<muster_model::InstanceId>, place: &Placement) -> bool {
        let same =
            |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let this = self.machine.as_deref().is_none_or(|wanted| {
            machine.is_some_and(|id| {
                muster_model::InstanceId::parse_any(wanted).is_ok_and(|wanted| wanted == id)
            })
        });
        same(&self.zone, &place.zone)
            && same(&self.subnet, &place.subnet)
            && same(&self.instance_type, &place.instance_type)
            && this
    }
}

impl Faults {
    /// What happens to a call: the first rule that matches and is not used up, counted down.
    pub fn strike(
        &mut self,
        op: Op,
        machine: Option<muster_model::InstanceId>,
        place: &Placement,
    ) -> Option<(Effect, Option<u32>)> {
        let rule = self.rules.iter_mut().find(|rule| {
            rule.op == op && rule.times != Some(0) && rule.matching.agrees(machine, place)
        })?;
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some((rule.effect, rule.latency_secs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_match_counts_and_is_counted_down() {
        let text = r#"{"rules":[
            {"op":"launch","match":{"subnet":"s1"},"effect":"sold_out","times":2},
            {"op":"launch","effect":"slow","latency_secs":5}]}"#;
        let mut faults: Faults = serde_json::from_str(text).unwrap();
        let place = |subnet: &str| Placement {
            subnet: subnet.to_owned(),
            spot: false,
            ..Placement::default()
        };
        assert_eq!(
            faults.strike(Op::Launch, None, &place("s2")),
            Some((Effect::Slow, Some(5)))
        );
        for _ in 0..2 {
            assert_eq!(
                faults.strike(Op::Launch, None, &place("s1")),
                Some((Effect::SoldOut, None))
            );
        }
        assert_eq!(
            faults.strike(Op::Launch, None, &place("s1")),
            Some((Effect::Slow, Some(5)))
        );
        assert_eq!(faults.strike(Op::Terminate, None, &place("s1")), None);
        assert!(
            serde_json::from_str::<Faults>(
                r#"{"rules":[{"op":"launch","effect":"slow","tines":2}]}"#
            )
            .is_err()
        );
    }
}
