//! The facts of the API (see the crate of the door), and whether an answer has the documented shape.

use std::collections::BTreeMap;

use serde_json::Value;

/// The facts.
pub(crate) struct Facts(Value);

impl Facts {
    pub(crate) fn read() -> Facts {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../dialects/tencent3/facts.json"
        );
        Facts(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    }

    /// Every action with the requests that its documentation shows.
    pub(crate) fn examples(&self) -> BTreeMap<String, Vec<Value>> {
        let actions = self.0["actions"].as_object().unwrap();
        let examples = |action: &Value| action["examples"].as_array().unwrap().clone();
        actions
            .iter()
            .map(|(name, action)| (name.clone(), examples(action)))
            .collect()
    }

    /// The regions that are documented.
    pub(crate) fn regions(&self) -> Vec<String> {
        let regions = self.0["regions"].as_array().unwrap();
        let text = |region: &Value| region.as_str().unwrap().to_owned();
        regions.iter().map(text).collect()
    }

    /// The codes that any action may answer.
    pub(crate) fn common_errors(&self) -> Vec<&str> {
        let errors = self.0["common_errors"].as_array().unwrap();
        errors.iter().filter_map(Value::as_str).collect()
    }

    /// The codes that an action documents.
    pub(crate) fn errors(&self, action: &str) -> Vec<&str> {
        let errors = self.0["actions"][action]["errors"].as_array().unwrap();
        errors.iter().filter_map(Value::as_str).collect()
    }

    /// What is wrong with the shape of an action's answer, member by member: every documented member must be there, and
    /// no other; `null` stands for any type.
    pub(crate) fn misshapen(&self, action: &str, response: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let members = &self.0["actions"][action]["output"];
        self.members(action, members, response, &mut wrong);
        wrong
    }

    fn members(&self, path: &str, members: &Value, value: &Value, wrong: &mut Vec<String>) {
        let Some(object) = value.as_object() else {
            wrong.push(format!("{path}: {value} is no structure"));
            return;
        };
        let mut left: Vec<&String> = object.keys().collect();
        for member in members.as_array().unwrap() {
            let (name, kind) = (member[0].as_str().unwrap(), member[1].as_str().unwrap());
            if name == "RequestId" {
                continue;
            }
            left.retain(|key| *key != name);
            match object.get(name) {
                None => wrong.push(format!("{path}.{name}: missing")),
                Some(value) => self.value(&format!("{path}.{name}"), kind, value, wrong),
            }
        }
        wrong.extend(
            left.iter()
                .map(|name| format!("{path}.{name}: not documented")),
        );
    }

    fn value(&self, path: &str, kind: &str, value: &Value, wrong: &mut Vec<String>) {
        if value.is_null() {
            return;
        }
        if let Some(element) = kind.strip_prefix("Array of ") {
            match value.as_array() {
                Some(values) => values
                    .iter()
                    .for_each(|value| self.value(path, element, value, wrong)),
                None => wrong.push(format!("{path}: {value} is no list")),
            }
            return;
        }
        let good = match kind {
            "Any" => true,
            "String" | "Timestamp ISO8601" => value.is_string(),
            "Integer" => value.is_i64(),
            "Float" => value.is_number(),
            "Boolean" => value.is_boolean(),
            structure => {
                let members = &self.0["structures"][structure];
                assert!(
                    members.is_array(),
                    "{path}: there is no structure {structure}"
                );
                self.members(path, members, value, wrong);
                true
            }
        };
        if !good {
            wrong.push(format!("{path}: {value} is no {kind}"));
        }
    }
}
