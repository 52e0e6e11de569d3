//! Scripts of requests, and their answers as golden text. Ids are written by the order in which they appeared.
//!
//! ```text
//! # a remark
//! Action name=value | name=value    a signed call; the answer is printed
//! settle | advance SECS             as the native endpoints do
//! foreign {"subnet": ...}           a machine that is nobody's
//! repeat N Action ...               the call N times, `{n}` in it counting from 1
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use muster_engine::Settings;
use muster_qcloud::Switches;
use muster_testing::Names;
use serde_json::Value;

use super::service::{Service, WORDS};

struct Tour {
    service: Service,
    names: Names,
    golden: String,
    /// The codes that each action was refused with.
    refused: BTreeMap<String, BTreeSet<String>>,
}

impl Tour {
    async fn line(&mut self, line: &str) {
        writeln!(self.golden, "> {line}").unwrap();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "#" => {}
            "settle" => self.service.runtime.settle().await,
            "advance" => {
                self.service.runtime.advance(rest.parse().unwrap()).await;
            }
            "foreign" => {
                let made = serde_json::from_str(rest).unwrap();
                let machine = self.service.sim.make_foreign(&made).unwrap();
                let name = self.names.plain(&machine.id.to_string());
                writeln!(self.golden, "  {name}").unwrap();
            }
            "repeat" => {
                let (count, call) = rest.split_once(' ').unwrap();
                let (action, params) = call.split_once(' ').unwrap();
                for number in 1..=count.parse::<u32>().unwrap() {
                    let params = params.replace("{n}", &number.to_string());
                    let answer = self.call(action, &params).await;
                    if answer["code"] != 0 {
                        writeln!(self.golden, "  {number}: {}", answer["codeDesc"]).unwrap();
                    }
                }
            }
            action => self.print(action, rest).await,
        }
    }

    async fn call(&self, action: &str, params: &str) -> Value {
        let pairs: Vec<(String, String)> = params
            .split(" | ")
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), self.names.real(value)))
            .collect();
        let pairs: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        self.service.call(action, &pairs).await
    }

    async fn print(&mut self, action: &str, params: &str) {
        let mut answer = self.call(action, params).await;
        // Accounts have another number in each run.
        hide_owners(&mut answer);
        let text = match answer["code"].as_u64().unwrap() {
            0 => match answer.get("data") {
                None => "no data".to_owned(),
                Some(Value::Array(_)) => answer["data"].to_string(),
                Some(data) => serde_json::to_string_pretty(data).unwrap(),
            },
            code => {
                let desc = answer["codeDesc"].as_str().unwrap();
                let entry = self.refused.entry(action.to_owned()).or_default();
                entry.insert(desc.to_owned());
                let message = answer["message"].as_str().unwrap();
                assert_eq!(answer.as_object().unwrap().len(), 3, "{answer}");
                format!("{code} {desc}: {message}")
            }
        };
        for line in self.names.plain(&text).lines() {
            writeln!(self.golden, "  {line}").unwrap();
        }
    }
}

fn hide_owners(value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| match value {
            Value::String(text) if name == "owner" => "<account>".clone_into(text),
            other => hide_owners(other),
        }),
        Value::Array(items) => items.iter_mut().for_each(hide_owners),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

async fn run(script: &str, settings: Settings) -> (String, BTreeMap<String, BTreeSet<String>>) {
    let mut tour = Tour {
        service: Service::start(Switches::default(), settings).await,
        names: Names::new(&WORDS),
        golden: String::new(),
        refused: BTreeMap::new(),
    };
    for line in script.lines().filter(|line| !line.is_empty()) {
        tour.line(line).await;
    }
    (tour.golden, tour.refused)
}

#[tokio::test]
async fn every_action_is_answered() {
    let (golden, _) = run(include_str!("scripts/actions.txt"), Settings::default()).await;
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("actions", golden);
    });
}

/// Documented codes that cannot arise, and why.
const NEVER: [(&str, &str); 2] = [
    ("Conflict.InsufficientBalance", "nobody pays here"),
    (
        "InvalidParameter.InvalidProjectId",
        "machines are of no project, and fit every one",
    ),
];

#[tokio::test]
async fn every_documented_code_is_provoked() {
    let (golden, refused) = run(include_str!("scripts/refused.txt"), Settings::default()).await;
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("refused", golden);
    });
    let facts = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../dialects/qcloud/facts.json"
    );
    let facts: Value = serde_json::from_slice(&std::fs::read(facts).unwrap()).unwrap();
    let mut missing = Vec::new();
    for (action, facts) in facts["actions"].as_object().unwrap() {
        let none = BTreeSet::new();
        let seen = refused.get(action).unwrap_or(&none);
        for code in facts["errors"].as_array().unwrap() {
            let code = code.as_str().unwrap();
            let never = NEVER.iter().any(|(never, _)| *never == code);
            assert!(
                !never || !seen.contains(code),
                "{action}: {code} does arise"
            );
            if !never && !seen.contains(code) {
                missing.push(format!("{action}: {code}"));
            }
        }
    }
    assert!(missing.is_empty(), "not provoked:\n{}", missing.join("\n"));
}
