//! From flat pairs to the parameter tree: other spellings of names that clients use, lists of any base, and what is of the
//! protocol and not of an action.

use std::collections::BTreeSet;

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

/// A parameter of the action.
struct Own<'a> {
    /// Its name here.
    name: String,
    /// Its name as the caller spells it.
    given: &'a str,
    value: &'a str,
}

/// The action's own parameters, without what is left aside because it is empty.
fn own<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<Own<'a>> {
    pairs
        .iter()
        .filter(|(name, _)| !COMMON.contains(name) && !name.starts_with("X-Amz-"))
        .filter(|(name, value)| !value.is_empty() || CLEARABLE.contains(name))
        .map(|(given, value)| Own {
            name: known(given),
            given,
            value,
        })
        .collect()
}

/// The action's own parameters as a tree. Of a name that is given as one value and as a list, the list wins (L1226).
///
/// # Errors
/// As [`form::tree`].
pub(crate) fn tree(pairs: &[(&str, &str)], limits: &Limits) -> Result<Node, TreeError> {
    let own = own(pairs);
    let entries: BTreeSet<&str> = own
        .iter()
        .filter_map(|one| {
            let (of, _) = one.name.split_once('.')?;
            is_entry(&one.name, of).then_some(of)
        })
        .collect();
    let kept = own
        .iter()
        .filter(|one| !entries.contains(one.name.as_str()))
        .map(|one| (one.name.as_str(), one.value));
    form::tree(kept, &Style::default(), limits)
}

/// The first so many parts of a name as it is spelled: `S1b[3]` of `S1b[3].Id` for 2.
fn first_parts(spelled: &str, count: usize) -> &str {
    let mut ends = spelled
        .match_indices(['.', '['])
        .skip(count.saturating_sub(1));
    ends.next().map_or(spelled, |(end, _)| &spelled[..end])
}

impl Own<'_> {
    /// What the caller calls this: the name, or what it is an entry or a member of.
    fn called(&self, known: &str) -> Option<&str> {
        let parts = |name: &str| name.matches(['.', '[']).count() + 1;
        match self.name.strip_prefix(known)? {
            "" => Some(self.given),
            // A spelling with fewer parts says two in one.
            rest if rest.starts_with('.') && parts(&self.name) == parts(self.given) => {
                Some(first_parts(self.given, parts(known)))
            }
            _ => None,
        }
    }
}

/// Moments and texts of moments: what is wrong with one is found where it is not at hand any more as it was given.
const MOMENTS: [&str; 3] = ["StartTime", "EndTime", "Recurrence"];

/// A moment as it was given.
pub(crate) fn moment(parameter: &str, pairs: &[(&str, &str)]) -> Option<String> {
    let is_it = |(name, _): &&(&str, &str)| *name == parameter && MOMENTS.contains(name);
    let given = pairs.iter().rev().find(is_it);
    let given = given.filter(|(_, value)| !value.is_empty());
    given.map(|(_, value)| value.chars().take(64).collect())
}

/// A parameter as the caller spells it. `parameter` is as the actions have it, entries of lists by their place: what is not
/// given of an entry is named after what is.
pub(crate) fn spelled(parameter: &str, pairs: &[(&str, &str)]) -> String {
    let own = own(pairs);
    // What is given so far, as far down as the part that is looked at, under its name here.
    let mut at = String::new();
    for part in parameter.split('.') {
        let below = |index: &str| match at.as_str() {
            "" => index.to_owned(),
            at => format!("{at}.{index}"),
        };
        at = match part.parse::<usize>() {
            Ok(place) if !at.is_empty() => {
                let indices = indices(own.iter().map(|one| one.name.as_str()), &at);
                let index = indices.get(place).map(u64::to_string);
                below(index.as_deref().unwrap_or(part))
            }
            Ok(_) | Err(_) => below(part),
        };
    }
    let mut known = at.as_str();
    loop {
        if let Some(called) = own.iter().find_map(|one| one.called(known)) {
            return format!("{called}{}", &at[known.len()..]);
        }
        match known.rsplit_once('.') {
            Some((before, _)) => known = before,
            None => return at,
        }
    }
}

/// Lists whose index is documented as 1 to 10 (L1228, L1348).
const TEN: [&str; 2] = ["InstanceType", "Tag"];

/// The indices of a list of structures or values, as they are given: in their order, each once.
fn indices<'a>(names: impl Iterator<Item = &'a str>, list: &str) -> Vec<u64> {
    let index = |name: &str| {
        let rest = name.strip_prefix(list)?.strip_prefix('.')?;
        rest.split('.').next()?.parse().ok()
    };
    let all: BTreeSet<u64> = names.filter_map(index).collect();
    all.into_iter().collect()
}

/// Refuses an index above the documented ones.
///
/// # Errors
/// The list and the index are named.
pub(crate) fn check_indices(pairs: &[(&str, &str)]) -> Result<(), Fault> {
    let names: Vec<String> = pairs.iter().map(|(name, _)| known(name)).collect();
    for list in TEN {
        let indices = indices(names.iter().map(String::as_str), list);
        if let Some(index) = indices.into_iter().find(|index| *index > 10) {
            let name = format!("{list}.N");
            return Err(Fault::value(&name, &index.to_string(), "an N of 1 to 10"));
        }
    }
    Ok(())
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
    fn parameters_are_named_as_they_are_given() {
        let pairs = [
            ("Slb.0.Id", ""),
            ("S1b[3].Id", "x"),
            ("Slb.1.Id", "y"),
            ("Slb.1.ServerPort.7", "80"),
            ("Tag.10.Key", "k"),
            ("Cooldown", "9"),
            ("SystemDisk_DiskType", "x"),
            ("ScalingNotificationType.2", "1"),
        ];
        for (ours, theirs) in [
            ("Slb.0.Weight", "Slb.1.Weight"),
            ("Slb.0.ServerPort.0", "Slb.1.ServerPort.7"),
            ("Slb.1.Id", "S1b[3].Id"),
            ("Slb.1.ListenerId", "S1b[3].ListenerId"),
            ("Tag.0.Key", "Tag.10.Key"),
            ("CoolDown", "Cooldown"),
            ("SystemDisk.DiskType", "SystemDisk_DiskType"),
            ("SystemDisk.DiskSize", "SystemDisk.DiskSize"),
            ("NotificationType", "ScalingNotificationType"),
            ("NotificationType.0", "ScalingNotificationType.2"),
            ("DataDisk.0.Size", "DataDisk.0.Size"),
            ("MinSize", "MinSize"),
            ("", ""),
        ] {
            assert_eq!(spelled(ours, &pairs), theirs, "{ours}");
        }
    }

    #[test]
    fn moments_are_told_as_they_are_given() {
        let pairs = [("StartTime", "2020-12-18 11:50:24"), ("EndTime", "")];
        let told = |parameter: &str, value: &str| {
            let fault = Fault::value(parameter, value, "it is past");
            fault.told_as_given(|name| (spelled(name, &pairs), moment(name, &pairs)))
        };
        let said = Fault::value("StartTime", "2020-12-18 11:50:24", "it is past");
        assert_eq!(told("StartTime", ""), said);
        assert_eq!(
            told("StartTime", "x").message(),
            Fault::value("StartTime", "x", "it is past").message()
        );
        for silent in ["EndTime", "Recurrence", "MinSize"] {
            assert_eq!(told(silent, ""), Fault::value(silent, "", "it is past"));
        }
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
