//! The alarm rule of a policy: JSON in a text, or its members one by one.

use std::collections::BTreeMap;
use std::fmt;

use muster_model::{Alarm, AlarmDetail, Metric, Statistic};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::checks;
use crate::fault::Fault;
use crate::words::Operator;

/// Bits in a byte: traffic is in Bps here and in Mbit/s inside.
const BITS: f64 = 8.0;
/// Bits in a megabit.
const MEGA: f64 = 1_000_000.0;
/// The service period, seconds (L2038).
const PERIOD_SECS: u32 = 300;
/// Periods in a row when nothing is said (L2052).
const DEFAULT_REPEAT: u32 = 3;
/// dimensionName.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    /// Use of the processors, percent.
    Cpu,
    /// Use of the memory, percent.
    Mem,
    /// Sent in the private network, Bps.
    LanOut,
    /// Received in the private network, Bps.
    LanIn,
}

impl Dimension {
    const ALL: [Dimension; 4] = [
        Dimension::Cpu,
        Dimension::Mem,
        Dimension::LanOut,
        Dimension::LanIn,
    ];

    /// Its word here.
    fn word(self) -> &'static str {
        match self {
            Dimension::Cpu => "cpu_usage",
            Dimension::Mem => "mem_usage",
            Dimension::LanOut => "lan_outtraffic",
            Dimension::LanIn => "lan_intraffic",
        }
    }

    /// The canonical name of the metric.
    fn canonical(self) -> &'static str {
        match self {
            Dimension::Cpu => "cpu_util",
            Dimension::Mem => "mem_util",
            Dimension::LanOut => "lan_out",
            Dimension::LanIn => "lan_in",
        }
    }

    /// This door's word for a metric; none for what stays on its door (concept map, metrics).
    fn of(metric: &Metric) -> Option<Dimension> {
        let mut all = Dimension::ALL.into_iter();
        all.find(|dimension| dimension.canonical() == metric.0)
    }

    /// A threshold of this door as one of the metric: 0 to 100 percent, or traffic above 0 (L2051).
    fn inside(self, threshold: i64) -> Option<f64> {
        match self {
            Dimension::Cpu | Dimension::Mem => {
                // Exact: it is small.
                (0..=100).contains(&threshold).then_some(threshold as f64)
            }
            Dimension::LanOut | Dimension::LanIn => (1..=1_000_000_000_000)
                .contains(&threshold)
                // Rounded once, so that it is the number that another door reads of the same text.
                .then_some(threshold as f64 * BITS / MEGA),
        }
    }

    /// The other way round: whole unless another door has set a part.
    fn shown(self, threshold: f64) -> serde_json::Number {
        let value = match self {
            Dimension::Cpu | Dimension::Mem => threshold,
            // What was whole is whole again.
            Dimension::LanOut | Dimension::LanIn => {
                let bytes = threshold * MEGA / BITS;
                let whole = (bytes - bytes.round()).abs() <= bytes.abs() * 1e-12;
                if whole { bytes.round() } else { bytes }
            }
        };
        match value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
            // Exact by the check.
            true => serde_json::Number::from(value as i64),
            false => serde_json::Number::from_f64(value).unwrap_or_else(|| 0.into()),
        }
    }
}

/// metric in requests: JSON in a text, or its members one by one (difference U04). Keys are taken in any case
/// (contradiction T26); values are kept as texts. What cannot be read is kept too: the action has a code for that.
#[derive(Debug)]
pub(crate) struct SentMetric(Result<BTreeMap<String, String>, String>);

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Result<BTreeMap<String, String>, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an alarm rule as JSON")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let Ok(read) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text)
        else {
            return Ok(Err(text.chars().take(64).collect()));
        };
        let member = |(key, value): (String, serde_json::Value)| match value {
            serde_json::Value::String(text) => (key.to_ascii_lowercase(), text),
            other => (key.to_ascii_lowercase(), other.to_string()),
        };
        // Null is "not given", as everywhere.
        let given = read.into_iter().filter(|(_, value)| !value.is_null());
        Ok(Ok(given.map(member).collect()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, String>()? {
            members.insert(key.to_ascii_lowercase(), value);
        }
        Ok(Ok(members))
    }
}

impl<'de> Deserialize<'de> for SentMetric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Members).map(SentMetric)
    }
}

impl SentMetric {
    /// The alarm that is meant; what is left out is as in `old`, if there is one.
    pub(crate) fn alarm(&self, old: Option<&Alarm>, desc: &'static str) -> Result<Alarm, Fault> {
        let missing = |name: &str| Fault::missing(&format!("metric.{name}")).with(desc);
        let wrong = |name: &str, value: &str, wanted: &str| {
            let start: String = value.chars().take(64).collect();
            Fault::coded(desc, &format!("metric.{name}"), &start, wanted)
        };
        let members = self.0.as_ref();
        let members =
            members.map_err(|text| Fault::coded(desc, "metric", text, "an alarm rule as JSON"))?;
        let get = |name: &str| members.get(&name.to_ascii_lowercase()).map(String::as_str);
        let number = |name: &str, value: &str| {
            let whole = value.trim().parse::<i64>();
            whole.map_err(|_| wrong(name, value, "a whole number"))
        };
        let dimension = match get("dimensionName") {
            Some(word) => {
                let mut all = Dimension::ALL.into_iter();
                let found = all.find(|one| one.word().eq_ignore_ascii_case(word.trim()));
                let words = Dimension::ALL.map(Dimension::word).join(", ");
                found.ok_or_else(|| wrong("dimensionName", word, &format!("one of {words}")))?
            }
            None => old
                .and_then(|old| Dimension::of(&old.metric))
                .ok_or_else(|| missing("dimensionName"))?,
        };
        let comparison = match get("comparisonOperator") {
            Some(word) => {
                let words = format!("one of {}", Operator::WORDS.join(", "));
                let found = Operator::of(word);
                found
                    .ok_or_else(|| wrong("comparisonOperator", word, &words))?
                    .into()
            }
            None => old
                .map(|old| old.comparison)
                .ok_or_else(|| missing("comparisonOperator"))?,
        };
        let same = old.is_some_and(|old| Dimension::of(&old.metric) == Some(dimension));
        let threshold = match (get("threshold"), old) {
            // What is written back as it was shown may be a part that another door has set.
            (Some(text), Some(old))
                if same && dimension.shown(old.threshold).to_string() == text =>
            {
                old.threshold
            }
            (Some(text), _) => {
                let inside = dimension.inside(number("threshold", text)?);
                let wanted = "0 to 100 percent, or traffic above 0";
                inside.ok_or_else(|| wrong("threshold", text, wanted))?
            }
            (None, Some(old)) if same => old.threshold,
            (None, _) => return Err(missing("threshold")),
        };
        let repeat = match get("repeatTimes") {
            Some(text) => {
                let repeat = number("repeatTimes", text)?;
                checks::number("metric.repeatTimes", repeat, 1, 10).map_err(|f| f.with(desc))?
            }
            None => old.map_or(DEFAULT_REPEAT, |old| old.repeat),
        };
        Ok(Alarm {
            metric: Metric(dimension.canonical().to_owned()),
            comparison,
            threshold,
            period_secs: old.map_or(PERIOD_SECS, |old| old.period_secs),
            repeat,
            statistic: old.map_or(Statistic::Average, |old| old.statistic),
            finer: old.map_or_else(AlarmDetail::default, |old| old.finer),
        })
    }
}

/// metric in answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShownMetric {
    dimension_name: &'static str,
    comparison_operator: Operator,
    threshold: serde_json::Number,
    repeat_times: u32,
}

impl ShownMetric {
    /// As it is shown; none for a metric that only other doors have words for.
    pub(crate) fn of(alarm: &Alarm) -> Option<ShownMetric> {
        let dimension = Dimension::of(&alarm.metric)?;
        Some(ShownMetric {
            dimension_name: dimension.word(),
            comparison_operator: alarm.comparison.into(),
            threshold: dimension.shown(alarm.threshold),
            repeat_times: alarm.repeat,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_refused_and_what_is_left_out_stays() {
        let sent = |text: &str| {
            let text: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
                serde::de::IntoDeserializer::into_deserializer(text);
            SentMetric::deserialize(text).unwrap()
        };
        let whole = r#"{"DimensionName":"mem_usage","comparisonOperator":"Less","threshold":"20","repeatTimes":null}"#;
        let alarm = sent(whole).alarm(None, "X").unwrap();
        assert_eq!(
            (alarm.repeat, alarm.period_secs),
            (DEFAULT_REPEAT, PERIOD_SECS)
        );
        assert_eq!(sent("{}").alarm(Some(&alarm), "X").as_ref(), Ok(&alarm));
        for bad in ["{}x", "[]", "cpu_usage", "1"] {
            let fault = sent(bad).alarm(Some(&alarm), "X").unwrap_err();
            assert_eq!(fault.desc, "X");
            assert!(fault.text.contains(bad) && fault.text.contains("`metric`"));
        }
    }

    #[test]
    fn thresholds_read_back() {
        for dimension in Dimension::ALL {
            for threshold in [1, 3, 50, 99, 100] {
                let inside = dimension.inside(threshold).unwrap();
                assert_eq!(dimension.shown(inside), threshold.into());
            }
        }
        for bytes in [7, 1_000_003, 123_456_789, 999_999_999_999] {
            let inside = Dimension::LanIn.inside(bytes).unwrap();
            assert_eq!(Dimension::LanIn.shown(inside), bytes.into());
        }
        assert!((Dimension::LanOut.inside(50).unwrap() - 0.0004).abs() < 1e-12);
        assert_eq!(Dimension::Cpu.inside(101), None);
        assert_eq!(Dimension::Cpu.inside(-1), None);
        assert_eq!(Dimension::LanOut.inside(0), None);
    }
}
