//! The full description of the API, where it is at hand (`MUSTER_SHARED`, else `../shared` beside the tree): what every
//! parameter may be, and values that it may have.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// The description.
pub(crate) struct Spec(Value);

/// A parameter, or a member of a structure.
#[derive(Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// All that is said of it.
    pub(crate) rules: Value,
}

impl Parameter {
    fn read(value: &Value) -> Parameter {
        Parameter {
            name: value["name"].as_str().unwrap().to_owned(),
            kind: value["type"].as_str().unwrap().to_owned(),
            rules: value.clone(),
        }
    }

    /// One that only SDKs have.
    fn of_sdk(difference: &Value) -> Parameter {
        let name = difference["name"].as_str().unwrap();
        let kind = match difference["type"].as_str().unwrap() {
            "bool" => "Boolean",
            "int" => "Integer",
            "string" => "String",
            "list" => "Array of Any",
            "list of NetworkInterface" => "Array of NetworkInterface",
            _ => name,
        };
        Parameter {
            name: name.to_owned(),
            kind: kind.to_owned(),
            rules: json!({}),
        }
    }

    pub(crate) fn is_required(&self) -> bool {
        self.rules["required"] == true
    }

    /// The names in one of its lists of names.
    pub(crate) fn names(&self, list: &str) -> Vec<&str> {
        let names = self.rules[list].as_array().map_or(&[][..], Vec::as_slice);
        names.iter().filter_map(Value::as_str).collect()
    }

    /// `Other=VALUE`, under which it has to, or may, be given.
    pub(crate) fn condition(&self) -> Option<(&str, &str)> {
        let text = ["required_when", "valid_when"].map(|rule| self.rules[rule].as_str());
        text.into_iter()
            .flatten()
            .find_map(|text| text.split_once('='))
    }

    /// The documented default, without the remarks on it.
    pub(crate) fn default(&self) -> Option<Value> {
        match &self.rules["default"] {
            Value::Null => None,
            Value::String(text) => Some(json!(text.split(' ').next().unwrap())),
            other => Some(other.clone()),
        }
    }
}

impl Spec {
    /// `None`, and a line that says so, where there is no description.
    pub(crate) fn read() -> Option<Spec> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
        let shared = std::env::var_os("MUSTER_SHARED").map_or(beside, PathBuf::from);
        let path = shared.join("spec/tencent-v3.json");
        let Ok(bytes) = std::fs::read(&path) else {
            eprintln!("not compared: there is no {}", path.display());
            return None;
        };
        Some(Spec(serde_json::from_slice(&bytes).unwrap()))
    }

    /// The names of all actions.
    pub(crate) fn actions(&self) -> BTreeSet<String> {
        self.0["actions"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    }

    /// The parameters of an action, those that only SDKs have among them.
    pub(crate) fn input(&self, action: &str) -> Vec<Parameter> {
        let documented = self.0["actions"][action]["input"].as_array().unwrap();
        let mut all: Vec<_> = documented.iter().map(Parameter::read).collect();
        all.extend(self.differences("request_field", action));
        all
    }

    /// The members of a structure.
    pub(crate) fn members(&self, structure: &str) -> Vec<Parameter> {
        let mut all = match structure {
            "HostNameIndexSettings" => self.members("InstanceNameIndexSettings"),
            _ => {
                let members = self.0["structures"][structure]["members"].as_array();
                let members = members.map_or(&[][..], Vec::as_slice);
                members.iter().map(Parameter::read).collect()
            }
        };
        all.extend(self.differences("structure_member", structure));
        all
    }

    fn differences(&self, kind: &str, place: &str) -> Vec<Parameter> {
        let differences = self.0["differences"].as_array().unwrap().iter();
        differences
            .filter(|d| d["kind"] == kind && d["where"] == place)
            .map(Parameter::of_sdk)
            .collect()
    }

    /// The structure that a parameter is, or is a list of.
    pub(crate) fn structure<'p>(&self, parameter: &'p Parameter) -> Option<&'p str> {
        let kind = parameter.kind.strip_prefix("Array of ");
        let kind = kind.unwrap_or(&parameter.kind);
        let is_structure =
            self.0["structures"].get(kind).is_some() || kind == "HostNameIndexSettings";
        is_structure.then_some(kind)
    }

    /// Values for a parameter: every word of every list of words in it occurs, and of members that exclude each other
    /// each is given once.
    pub(crate) fn values(&self, parameter: &Parameter, tag_of: &str) -> Vec<Value> {
        if let Some(value) = by_name(&parameter.name, tag_of) {
            return vec![value];
        }
        if parameter.name == "NotificationTarget" {
            return targets();
        }
        if let Some(element) = parameter.kind.strip_prefix("Array of ") {
            let element = Parameter {
                kind: element.to_owned(),
                ..parameter.clone()
            };
            let values = self.values(&element, tag_of);
            return values.into_iter().map(|value| json!([value])).collect();
        }
        if let Some(words) = parameter.rules["enum"].as_array() {
            return words.clone();
        }
        match parameter.kind.as_str() {
            "Boolean" => vec![json!(true), json!(false)],
            "Integer" => vec![json!(parameter.rules["min"].as_i64().unwrap_or(0) + 7)],
            "String" => vec![json!("text-1")],
            "Timestamp ISO8601" => vec![json!("2035-06-01T12:00:00+08:00")],
            structure => self.structures(structure, tag_of),
        }
    }

    fn structures(&self, structure: &str, tag_of: &str) -> Vec<Value> {
        let members = self.members(structure);
        assert!(!members.is_empty(), "there is no structure {structure}");
        let excludes = |m: &Parameter| !m.names("mutually_exclusive_with").is_empty();
        let (lonely, common): (Vec<_>, Vec<_>) = members
            .into_iter()
            // The older name of another member.
            .filter(|member| member.name != "AutomationService")
            .filter(|member| member.rules["output_only"] != true)
            .partition(excludes);
        let common: Vec<_> = common
            .iter()
            .map(|member| (member.name.clone(), self.values(member, tag_of)))
            .collect();
        let rounds = common.iter().map(|(_, values)| values.len()).max();
        let mut all: Vec<Value> = (0..rounds.unwrap_or(0))
            .map(|round| {
                let pick = |(name, values): &(String, Vec<Value>)| {
                    (name.clone(), values[round % values.len()].clone())
                };
                Value::Object(common.iter().map(pick).collect::<Map<_, _>>())
            })
            .collect();
        for member in &lonely {
            for value in self.values(member, tag_of) {
                all.push(json!({ member.name.as_str(): value }));
            }
        }
        all
    }

    /// The names of an action's filters.
    pub(crate) fn filters(&self, action: &str) -> Vec<String> {
        let input = self.input(action);
        let filters = input.iter().find(|p| p.name == "Filters").unwrap();
        filters
            .names("filter_names")
            .into_iter()
            .map(str::to_owned)
            .collect()
    }
}

/// A target of each kind: a queue has the name of a queue, a topic that of a topic.
fn targets() -> Vec<Value> {
    let kinds = ["CMQ_QUEUE", "CMQ_TOPIC", "TDMQ_CMQ_QUEUE", "TDMQ_CMQ_TOPIC"];
    let target = |kind: &str| {
        let member = match kind.ends_with("QUEUE") {
            true => "QueueName",
            false => "TopicName",
        };
        json!({ "TargetType": kind, member: "name-1" })
    };
    kinds.map(target).to_vec()
}

/// Values that only their meaning tells.
fn by_name(name: &str, tag_of: &str) -> Option<Value> {
    Some(match name {
        "ImageId" => json!("img-8toqc6s3"),
        "InstanceType" => json!("S5.LARGE8"),
        "InstanceTypes" => json!(["S5.LARGE8", "S5.MEDIUM4"]),
        "SnapshotId" => json!("snap-1a2b3c4d"),
        "SecurityGroupIds" => json!(["sg-1a2b3c4d", "sg-2a2b3c4d"]),
        "DisasterRecoverGroupIds" => json!(["ps-1a2b3c4d"]),
        "HpcClusterId" => json!("hpc-1a2b3c4d"),
        "UserData" => json!("IyEvYmluL3NoCg=="),
        "MaxPrice" => json!("1.05"),
        "Password" => json!("Secret-123"),
        "HostNameSuffix" | "InstanceNameSuffix" => json!("cn"),
        "HostNameDelimiter" | "InstanceNameDelimiter" => json!("-"),
        "ResourceType" => json!(tag_of),
        "NetworkInterfaces" => json!([{
            "InterfaceType": "PRIMARY", "PrivateIpv4AddressCount": 2, "SecurityGroupIds": ["sg-1a2b3c4d"], "IsKeepENI": true
        }]),
        "VpcId" => json!("vpc-2a2b3c4d"),
        "SubnetIds" => json!(["subnet-2a2b3c4d", "subnet-3a2b3c4d"]),
        "Zones" => json!(["ap-guangzhou-2", "ap-guangzhou-3"]),
        "LoadBalancerIds" => json!(["lb-1a2b3c4d", "lb-2a2b3c4d"]),
        "LoadBalancerId" => json!("lb-1a2b3c4d"),
        "ListenerId" => json!("lbl-1a2b3c4d"),
        "LocationId" => json!("loc-1a2b3c4d"),
        "Region" => json!("ap-beijing"),
        "MinSize" => json!(2),
        "DesiredCapacity" => json!(3),
        "MaxSize" => json!(9),
        "BaseCapacity" => json!(2),
        "CommandId" => json!("cmd-1a2b3c4d"),
        "Parameters" => json!("{\"a\":\"b\"}"),
        "NotificationUserGroupIds" => json!(["1678", "1679"]),
        "EndTime" => json!("2035-12-31T12:00:00+08:00"),
        "Recurrence" => json!("0 23 * * *"),
        "PortList" => json!([80]),
        "BatchNumber" => json!(2),
        "MaxSurge" => json!(1),
        "CheckInstanceTargetHealthTimeout" => json!(600),
        _ => return None,
    })
}
