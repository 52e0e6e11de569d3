//! From flat pairs to the parameter tree: other spellings of names that clients use, lists of any base, and what is of the
//! protocol and not of an action.

use std::borrow::Cow;

use muster_kit::http::{FORM, Head, Pairs};
use muster_kit::node::form::{self, Style};
use muster_kit::node::{Limits, Node, TreeError};

/// Parameters of the protocol, and what SDKs send along.
const COMMON: [&str; 10] = [
    "Action",
    "Region",
    "Timestamp",
    "Nonce",
    "SecretId",
    "Signature",
    "SignatureMethod",
    "Token",
    "RequestClient",
    "RequestSource",
];

/// Other names of parameters (contradictions T03, T13), in whatever case.
const ALIASES: [(&str, &str); 4] = [
    ("vpclId", "vpcId"),
    ("vpId", "vpcId"),
    ("scalingScheduleTaskId", "scalingScheduledTaskId"),
    ("scalingScheduleTaskIds", "scalingScheduledTaskIds"),
];

/// The parameters of a request: the query of a GET, the body of a POST, whose query does not count (L247).
pub(crate) fn own_pairs(head: &Head, body: &[u8]) -> Pairs {
    if head.method != http::Method::POST {
        return form::pairs(head.raw_query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
    }
    let plus_is_blank = head.media_type().eq_ignore_ascii_case(FORM);
    // Values need not be encoded in a body (L248): what has no valid escapes in it is meant as it is.
    let read = |text: &[u8]| -> String {
        match is_encoded(text) {
            true if plus_is_blank => decoded(text).into_owned(),
            true => decoded(&escaped_plus(text)).into_owned(),
            false => String::from_utf8_lossy(text).into_owned(),
        }
    };
    body.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = at.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]));
            (read(name), read(value))
        })
        .collect()
}

/// Whether every `%` begins an escape.
fn is_encoded(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        match rest.get(at + 1..at + 3) {
            Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                rest = &rest[at + 3..]
            }
            Some(_) | None => return false,
        }
    }
    true
}

fn escaped_plus(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'+' => out.extend_from_slice(b"%2B"),
            other => out.push(*other),
        }
    }
    out
}

/// One name or value, decoded: `&` and `=` are not special in it.
fn decoded(text: &[u8]) -> Cow<'_, str> {
    let mut value = Vec::with_capacity(text.len() + 2);
    value.extend_from_slice(b"=");
    for byte in text {
        match byte {
            b'&' => value.extend_from_slice(b"%26"),
            other => value.push(*other),
        }
    }
    let value = form::pairs(&value).next();
    Cow::Owned(value.map_or(String::new(), |(_, value)| value.into_owned()))
}

/// The name as it is known here: `_` is a dot (L814), as in what is signed.
fn known(name: &str) -> String {
    let name = name.replace(['_', '['], ".").replace(']', "");
    let (head, rest) = name
        .find('.')
        .map_or((name.as_str(), ""), |at| name.split_at(at));
    let alias = ALIASES
        .iter()
        .find(|(alias, _)| alias.eq_ignore_ascii_case(head));
    match alias {
        Some((_, right)) => format!("{right}{rest}"),
        None => name,
    }
}

/// Whether `name` is `of.1` or the like.
fn is_entry(name: &str, of: &str) -> bool {
    let rest = name
        .strip_prefix(of)
        .and_then(|rest| rest.strip_prefix('.'));
    rest.is_some_and(|rest| !rest.is_empty())
}

/// The action's own parameters as a tree. An empty value is none. Of a name that is given as one value and as a list, the
/// list counts.
///
/// # Errors
/// As [`form::tree`].
pub(crate) fn tree(pairs: &Pairs, limits: &Limits) -> Result<Node, TreeError> {
    let own: Vec<(String, &str)> = pairs
        .iter()
        .filter(|(name, value)| !COMMON.contains(name) && !value.is_empty())
        .map(|(name, value)| (known(name), value))
        .collect();
    let lists: std::collections::BTreeSet<&str> = own
        .iter()
        .filter_map(|(name, _)| {
            let (of, _) = name.split_once('.')?;
            is_entry(name, of).then_some(of)
        })
        .collect();
    let kept = own
        .iter()
        .filter(|(name, _)| !lists.contains(name.as_str()))
        .map(|(name, value)| (name.as_str(), *value));
    form::tree(kept, &Style::default(), limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(values: &[&str]) -> Node {
        Node::List(values.iter().map(|v| Node::Str((*v).to_owned())).collect())
    }

    #[test]
    fn names_lists_and_bases() {
        let pairs: Pairs = [
            ("Action", "X"),
            ("RequestClient", "SDK"),
            ("scalingGroupIds.1", "b"),
            ("scalingGroupIds_0", "a"),
            ("zoneIds", "100001"),
            ("zoneIds.7", "100002"),
            ("zoneIds.9", "100003"),
            ("vpclid", "0"),
            ("vpId", "vpc-1"),
            ("metric.dimensionName", "cpu_usage"),
            ("scalingScheduleTaskId", "asst-1"),
            ("scalingGroupName", ""),
        ]
        .into_iter()
        .collect();
        let tree = tree(&pairs, &Limits::default()).unwrap();
        let Node::Map(members) = &tree else {
            panic!("{tree:?}");
        };
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "metric",
                "scalingGroupIds",
                "scalingScheduledTaskId",
                "vpcId",
                "zoneIds"
            ]
        );
        assert_eq!(tree.get("scalingGroupIds"), Some(&list(&["a", "b"])));
        assert_eq!(tree.get("zoneIds"), Some(&list(&["100002", "100003"])));
        // The last of two counts, by whatever name.
        assert_eq!(tree.get("vpcId"), Some(&Node::Str("vpc-1".to_owned())));
    }

    #[test]
    fn bodies_may_be_encoded_or_not() {
        let read = |media: &str, body: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert("content-type", media.parse().unwrap());
            let head = Head {
                method: http::Method::POST,
                path: "/v2/index.php".to_owned(),
                raw_query: "Action=Ignored".to_owned(),
                headers,
            };
            let pairs = own_pairs(&head, body.as_bytes());
            assert_eq!(pairs.get("Action"), None);
            pairs.get("x").unwrap().to_owned()
        };
        assert_eq!(read(FORM, "x=a+b%20c%26&y="), "a b c&");
        assert_eq!(read(FORM, "x=100% sure+?"), "100% sure+?");
        assert_eq!(read("text/plain", "x=a+b/c=="), "a+b/c==");
        assert_eq!(read("text/plain", "x=%E7%AD%96+"), "策+");
    }
}
