//! What Prometheus answers, as values of a group or of its members. Whatever is not exactly that is a gap.

use std::collections::BTreeMap;

use muster_model::InstanceId;
use muster_ports::{Gap, Watched};
use serde::Deserialize;
use serde_json::Value;

/// Longest text that is taken over from an answer, characters.
const TEXT: usize = 200;

/// How an answer is read.
pub(super) struct Reading<'a> {
    /// The label that names a member.
    pub(super) instance_label: &'a str,
    /// The real clock, seconds since the Unix epoch.
    pub(super) now_unix_secs: i64,
    /// An answer whose time is further off ours is none.
    pub(super) stale_secs: u32,
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    data: Option<Data>,
    #[serde(rename = "errorType", default)]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Value,
}

/// Time in seconds, and the value as text.
type Pair = (f64, String);

#[derive(Deserialize)]
struct Element {
    metric: BTreeMap<String, String>,
    /// Absent for a histogram.
    value: Option<Pair>,
}

/// Values by what they are of.
pub(super) type Told = Vec<(Option<InstanceId>, Result<f64, Gap>)>;

fn short(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

/// What an answer that is no success says of itself.
pub(super) fn refusal(body: &[u8]) -> Option<String> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let said = !answer.error.is_empty();
    said.then(|| format!("{}: {}", short(&answer.error_type), short(&answer.error)))
}

impl Reading<'_> {
    /// What a successful answer tells of a group; an error is a gap of all of it.
    pub(super) fn read(&self, body: &[u8], watched: &Watched) -> Result<Told, Gap> {
        let none = |why: String| Gap::NoValue(why);
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|error| none(format!("its answer is not to be understood: {error}")))?;
        if answer.status != "success" {
            let error = short(&answer.error);
            return Err(none(format!(
                "it answered {}: {error}",
                short(&answer.status)
            )));
        }
        // With a warning, parts of the data may be missing.
        if let Some(warning) = answer.warnings.first() {
            return Err(none(format!("it warned: {}", short(warning))));
        }
        let data = answer
            .data
            .ok_or_else(|| none("it answered nothing".to_owned()))?;
        let wrong = |error| none(format!("its result is not to be understood: {error}"));
        match data.result_type.as_str() {
            "scalar" => {
                let pair: Pair = serde_json::from_value(data.result).map_err(wrong)?;
                Ok(vec![(None, self.value(Some(&pair)))])
            }
            "vector" => {
                let of: Vec<Element> = serde_json::from_value(data.result).map_err(wrong)?;
                self.vector(&of, watched)
            }
            other => Err(none(format!(
                "the result is a {}: a scalar or an instant vector is right",
                short(other)
            ))),
        }
    }

    fn vector(&self, elements: &[Element], watched: &Watched) -> Result<Told, Gap> {
        let none = |why: &str| Err(Gap::NoValue(why.to_owned()));
        let labelled = |element: &&Element| element.metric.contains_key(self.instance_label);
        let (of_members, whole): (Vec<&Element>, Vec<&Element>) =
            elements.iter().partition(labelled);
        match (of_members.is_empty(), whole.as_slice()) {
            (true, []) => none("the result is empty"),
            (true, [one]) => Ok(vec![(None, self.value(one.value.as_ref()))]),
            (true, _) => Err(Gap::NoValue(format!(
                "the result has {} elements, and none has the label `{}`",
                whole.len(),
                self.instance_label
            ))),
            (false, []) => Ok(self.members(&of_members, watched)),
            (false, _) => Err(Gap::NoValue(format!(
                "some elements have the label `{}`, and some do not",
                self.instance_label
            ))),
        }
    }

    fn members(&self, elements: &[&Element], watched: &Watched) -> Told {
        let mut values: BTreeMap<InstanceId, Result<f64, Gap>> = BTreeMap::new();
        for element in elements {
            let name = element.metric.get(self.instance_label);
            let id = name.and_then(|name| InstanceId::parse_any(name).ok());
            // Those of others, and of members that are gone, are not asked for.
            let Some(id) = id.filter(|id| watched.instances.contains(id)) else {
                continue;
            };
            let value = match values.contains_key(&id) {
                false => self.value(element.value.as_ref()),
                true => Err(Gap::NoValue("the result has it twice".to_owned())),
            };
            values.insert(id, value);
        }
        let absent = || Err(Gap::NoValue("the result does not have it".to_owned()));
        let members = watched.instances.iter();
        members
            .map(|id| (Some(*id), values.remove(id).unwrap_or_else(absent)))
            .collect()
    }

    fn value(&self, pair: Option<&Pair>) -> Result<f64, Gap> {
        let none = |why: String| Err(Gap::NoValue(why));
        let Some((at_secs, text)) = pair else {
            return none("it is a histogram: a number is right".to_owned());
        };
        let off = self.now_unix_secs as f64 - at_secs;
        if off.is_nan() || off.abs() > f64::from(self.stale_secs) {
            return none(format!("its time is {off:.0} s behind ours"));
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) | Err(_) => none(format!("the value is {}", short(text))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use muster_model::{Ids, Metric};
    use serde_json::json;

    const NOW: i64 = 1_795_500_000;

    fn watched(count: usize) -> Watched {
        let mut ids = Ids::new(1);
        Watched {
            group: ids.next_id(),
            name: "web".to_owned(),
            instances: (0..count).map(|_| ids.next_id()).collect(),
            metrics: BTreeSet::from([Metric("load".to_owned())]),
        }
    }

    fn read(data: Value, watched: &Watched) -> String {
        let body = json!({ "status": "success", "data": data }).to_string();
        told(body.as_bytes(), watched)
    }

    /// What is told, in words; members by their place.
    fn told(body: &[u8], watched: &Watched) -> String {
        let reading = Reading {
            instance_label: "instance_id",
            now_unix_secs: NOW,
            stale_secs: 60,
        };
        let place = |id: Option<InstanceId>| match id {
            None => "group".to_owned(),
            Some(id) => {
                let place = watched.instances.iter().position(|one| *one == id);
                format!("#{}", place.unwrap())
            }
        };
        match reading.read(body, watched) {
            Err(gap) => format!("gap: {gap}"),
            Ok(told) => {
                let line = |(id, value): &(Option<InstanceId>, Result<f64, Gap>)| match value {
                    Ok(value) => format!("{} = {value}", place(*id)),
                    Err(gap) => format!("{}: gap: {gap}", place(*id)),
                };
                told.iter().map(line).collect::<Vec<_>>().join("; ")
            }
        }
    }

    fn scalar(at: f64, value: &str) -> Value {
        json!({ "resultType": "scalar", "result": [at, value] })
    }

    fn vector(elements: &[(Value, &str)]) -> Value {
        let element =
            |(metric, value): &(Value, &str)| json!({ "metric": metric, "value": [NOW, value] });
        let result: Vec<Value> = elements.iter().map(element).collect();
        json!({ "resultType": "vector", "result": result })
    }

    #[test]
    fn a_group_has_exactly_one_number() {
        let group = watched(2);
        let now = NOW as f64;
        let plain = || json!({ "job": "x" });
        for (data, wanted) in [
            (scalar(now, "3.5"), "group = 3.5"),
            (scalar(now, "0"), "group = 0"),
            (scalar(now, "NaN"), "group: gap: the value is NaN"),
            (scalar(now, "+Inf"), "group: gap: the value is +Inf"),
            (scalar(now, "x"), "group: gap: the value is x"),
            (
                scalar(now - 61.0, "1"),
                "group: gap: its time is 61 s behind ours",
            ),
            (
                scalar(now + 61.0, "1"),
                "group: gap: its time is -61 s behind ours",
            ),
            (vector(&[(plain(), "7")]), "group = 7"),
            (vector(&[]), "gap: the result is empty"),
            (
                vector(&[(plain(), "7"), (json!({}), "8")]),
                "gap: the result has 2 elements, and none has the label `instance_id`",
            ),
            (
                json!({ "resultType": "matrix", "result": [] }),
                "gap: the result is a matrix: a scalar or an instant vector is right",
            ),
            (
                json!({ "resultType": "vector", "result": [{ "metric": {}, "histogram": [NOW, {}] }] }),
                "group: gap: it is a histogram: a number is right",
            ),
        ] {
            assert_eq!(read(data, &group), wanted);
        }
    }

    #[test]
    fn members_are_known_by_their_label() {
        let group = watched(3);
        let ids: Vec<InstanceId> = group.instances.iter().copied().collect();
        let of = |id: InstanceId| json!({ "instance_id": id.to_string() });
        let uuid = |id: InstanceId| json!({ "instance_id": id.uuid().to_string() });
        let absent = "gap: the result does not have it";
        let stranger = watched(4)
            .instances
            .into_iter()
            .find(|id| !ids.contains(id));
        for (data, wanted) in [
            (
                vector(&[(of(ids[0]), "1"), (uuid(ids[1]), "0"), (of(ids[2]), "NaN")]),
                "#0 = 1; #1 = 0; #2: gap: the value is NaN".to_owned(),
            ),
            (
                vector(&[(of(ids[1]), "1"), (of(ids[1]), "2")]),
                format!("#0: {absent}; #1: gap: the result has it twice; #2: {absent}"),
            ),
            (
                vector(&[
                    (of(stranger.unwrap()), "1"),
                    (json!({ "instance_id": "x" }), "1"),
                ]),
                format!("#0: {absent}; #1: {absent}; #2: {absent}"),
            ),
            (
                vector(&[(of(ids[0]), "1"), (json!({}), "2")]),
                "gap: some elements have the label `instance_id`, and some do not".to_owned(),
            ),
        ] {
            assert_eq!(read(data, &group), wanted);
        }
    }

    #[test]
    fn what_is_no_plain_success_is_a_gap() {
        let group = watched(1);
        for (body, wanted) in [
            (
                json!({ "status": "success", "warnings": ["half of it"], "data": scalar(NOW as f64, "1") }),
                "gap: it warned: half of it",
            ),
            (
                json!({ "status": "error", "errorType": "execution", "error": "too much" }),
                "gap: it answered error: too much",
            ),
            (json!({ "status": "success" }), "gap: it answered nothing"),
        ] {
            assert_eq!(told(body.to_string().as_bytes(), &group), wanted);
        }
        for body in [
            "",
            "<html>",
            "[]",
            r#"{"status":"success","data":{"resultType":"scalar","result":7}}"#,
        ] {
            let told = told(body.as_bytes(), &group);
            assert!(told.starts_with("gap: its "), "{told}");
        }
        let error = json!({ "status": "error", "errorType": "bad_data", "error": "x".repeat(500) });
        let said = refusal(error.to_string().as_bytes()).unwrap();
        assert_eq!(said.len(), "bad_data: ".len() + 200);
        assert_eq!(refusal(b"<html>"), None);
    }
}
