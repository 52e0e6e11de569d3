//! From flat pairs to the parameter tree: other spellings of names that clients use, lists of any base, and what is of the
//! protocol and not of an action.

use muster_kit::node::form::{self, Style};
use muster_kit::node::{Limits, Node, TreeError};

use crate::fault::Fault;

/// Parameters of the protocol, and what SDKs send along.
const COMMON: [&str; 14] = [
    "Action",
    "Version",
    "Accesskey",
    "Service",
    "Timestamp",
    "SignatureVersion",
    "SignatureMethod",
    "Signature",
    "Region",
    "SecurityToken",
    "DryRun",
    "Format",
    "SdkVersion",
    "Language",
];

/// What may be given empty: it is cleared then. Elsewhere an empty value is none.
const CLEARABLE: [&str; 6] = [
    "UserData",
    "InstanceName",
    "InstanceNameSuffix",
    "BandWidthShareId",
    "RepeatUnit",
    "RepeatCycle",
];

/// Other names of parameters (contradictions K02, K15, K18, K19; difference D02): start of the name, and what it is here.
const ALIASES: [(&str, &str); 5] = [
    ("S1b.", "Slb."),
    ("SystemDisk_", "SystemDisk."),
    ("NotificationId", "ScalingNotificationId"),
    ("ScalingNotificationType", "NotificationType"),
    ("ScalingScheduleTaskId", "ScalingScheduledTaskId"),
];

/// The name as it is known here: `X[1]` is `X.1`.
fn known(name: &str) -> String {
    let name = name.replace('[', ".").replace(']', "");
    if name.eq_ignore_ascii_case("CoolDown") {
        return "CoolDown".to_owned();
    }
    for (alias, right) in ALIASES {
        if let Some(rest) = name.strip_prefix(alias)
            && (alias.ends_with(['.', '_']) || rest.is_empty() || rest.starts_with('.'))
        {
            return format!("{right}{rest}");
        }
    }
    name
}

/// Whether `name` is `of.1` or the like.
fn is_entry(name: &str, of: &str) -> bool {
    let index = name
        .strip_prefix(of)
        .and_then(|rest| rest.strip_prefix('.'));
    index.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The action's own parameters as a tree. Of a name that is given as one value and as a list, the list wins (L1226).
///
/// # Errors
/// As [`form::tree`].
pub(crate) fn tree(pairs: &[(&str, &str)], limits: &Limits) -> Result<Node, TreeError> {
    let own: Vec<(String, &str)> = pairs
        .iter()
        .filter(|(name, _)| !COMMON.contains(name) && !name.starts_with("X-Amz-"))
        .filter(|(name, value)| !value.is_empty() || CLEARABLE.contains(name))
        .map(|(name, value)| (known(name), *value))
        .collect();
    let names: Vec<String> = own.iter().map(|(name, _)| name.clone()).collect();
    let entries: std::collections::BTreeSet<&str> = names
        .iter()
        .filter_map(|name| {
            name.split_once('.')
                .map(|(of, _)| of)
                .filter(|of| is_entry(name, of))
        })
        .collect();
    let kept = own
        .iter()
        .filter(|(name, _)| !entries.contains(name.as_str()))
        .map(|(name, value)| (name.as_str(), *value));
    form::tree(kept, &Style::default(), limits)
}

/// Lists whose index is documented as 1 to 10 (L1228, L1348).
const TEN: [&str; 2] = ["InstanceType", "Tag"];

/// The indices of a list of structures or values, as they are given: in their order, each once.
fn indices(pairs: &[(&str, &str)], list: &str) -> Vec<u64> {
    let index = |(name, _): &(&str, &str)| {
        let name = known(name);
        let rest = name.strip_prefix(list)?.strip_prefix('.')?;
        rest.split('.').next()?.parse().ok()
    };
    let all: std::collections::BTreeSet<u64> = pairs.iter().filter_map(index).collect();
    all.into_iter().collect()
}

/// Refuses an index above the documented ones.
///
/// # Errors
/// The list and the index are named.
pub(crate) fn check_indices(pairs: &[(&str, &str)]) -> Result<(), Fault> {
    for list in TEN {
        if let Some(index) = indices(pairs, list).into_iter().find(|index| *index > 10) {
            let name = format!("{list}.N");
            return Err(Fault::value(&name, &index.to_string(), "an N of 1 to 10"));
        }
    }
    Ok(())
}

/// Moments and texts of moments: what is wrong with one is found where it is not at hand any more as it was given.
const MOMENTS: [&str; 3] = ["StartTime", "EndTime", "Recurrence"];

/// A fault that names an entry of a list by its place names it by its index, as the caller does; and one of a moment says
/// which was given.
pub(crate) fn as_given(fault: Fault, pairs: &[(&str, &str)]) -> Fault {
    for name in MOMENTS {
        let unsaid = format!("input parameter {name}. It is not right: ");
        let given = pairs.iter().rev().find(|(key, _)| *key == name);
        if let Some((_, value)) = given.filter(|(_, value)| !value.is_empty())
            && fault.message.contains(&unsaid)
        {
            let start: String = value.chars().take(64).collect();
            let said = format!("input parameter {name}. The value `{start}` is not right: ");
            let message = fault.message.replacen(&unsaid, &said, 1);
            return Fault { message, ..fault };
        }
    }
    for list in ["Slb", "DataDisk", "Tag"] {
        for (place, index) in indices(pairs, list).into_iter().enumerate() {
            let by_place = format!("input parameter {list}.{place}.");
            if fault.message.contains(&by_place) {
                let by_index = format!("input parameter {list}.{index}.");
                let message = fault.message.replacen(&by_place, &by_index, 1);
                return Fault { message, ..fault };
            }
        }
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Node {
        tree(pairs, &Limits::default()).unwrap()
    }

    fn list(values: &[&str]) -> Node {
        Node::List(values.iter().map(|v| Node::Str((*v).to_owned())).collect())
    }

    #[test]
    fn names_lists_and_bases() {
        let tree = read(&[
            ("Action", "X"),
            ("X-Amz-Date", "now"),
            ("InstanceType", "A"),
            ("InstanceType.1", "B"),
            ("InstanceType.5", "C"),
            ("SystemDisk_DiskSize", "20"),
            ("S1b.0.Id", "x"),
            ("cooldown", "60"),
            ("ScalingNotificationType.0", "1"),
            ("NotificationId", "12345678"),
            ("Array[1]", "a"),
            ("Array[0]", "b"),
            ("LineId", ""),
            ("UserData", ""),
        ]);
        let Node::Map(members) = &tree else {
            panic!("{tree:?}");
        };
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "Array",
                "CoolDown",
                "InstanceType",
                "NotificationType",
                "ScalingNotificationId",
                "Slb",
                "SystemDisk",
                "UserData"
            ]
        );
        assert_eq!(tree.get("InstanceType"), Some(&list(&["B", "C"])));
        assert_eq!(tree.get("Array"), Some(&list(&["b", "a"])));
        assert_eq!(tree.get("NotificationType"), Some(&list(&["1"])));
    }
    #[test]
    fn entries_are_named_as_they_are_given() {
        let pairs = [
            ("S1b.3.Id", "x"),
            ("Slb.1.Id", "y"),
            ("Slb.1.ServerPort.1", "80"),
            ("Tag.10.Key", "k"),
        ];
        for (ours, theirs) in [
            ("Slb.0.Weight", "Slb.1.Weight"),
            ("Slb.1.ListenerId", "Slb.3.ListenerId"),
            ("Tag.0.Key", "Tag.10.Key"),
            ("Slb", "Slb"),
            ("MinSize", "MinSize"),
        ] {
            let fault = as_given(Fault::missing(ours), &pairs);
            assert_eq!(fault, Fault::missing(theirs));
        }
        let past = Fault::value("StartTime", "", "it is past");
        let said = Fault::value("StartTime", "2020-12-18 11:50:24", "it is past");
        let pairs = [("StartTime", "2020-12-18 11:50:24"), ("EndTime", "")];
        assert_eq!(as_given(past.clone(), &pairs), said);
        assert_eq!(as_given(past.clone(), &[]), past);
        let end = Fault::value("EndTime", "", "it is not after the start");
        assert_eq!(as_given(end.clone(), &pairs), end);
    }

    #[test]
    fn an_index_is_one_to_ten() {
        let pairs = [("Tag.10.Key", "k"), ("S1b.11.Id", "x")];
        assert_eq!(check_indices(&pairs), Ok(()));
        for (name, list) in [
            ("Tag.11.Key", "Tag.N"),
            ("InstanceType.11", "InstanceType.N"),
        ] {
            let fault = Fault::value(list, "11", "an N of 1 to 10");
            assert_eq!(check_indices(&[(name, "x")]), Err(fault));
        }
    }
}
