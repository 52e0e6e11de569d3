//! What a subscription may say: protocols, endpoints, remarks and headers.

use std::collections::BTreeMap;

use http::Uri;
use muster_model::SubscriptionStatus;
use serde::Deserialize;

use super::{ENDPOINT, PROTOCOL, REMARK, SUBSCRIPTION, Wrong, absent, bad, wrong};
use crate::door::TopicOptions;

/// Bytes of a remark at the most.
const REMARK_BYTES: usize = 128;
/// Bytes of an endpoint at the most.
const ENDPOINT_BYTES: usize = 2048;
/// Headers of a subscription at the most, and what they hold together.
const HEADERS: usize = 10;
const HEADER_CHARS: usize = 1024;
/// Every protocol that the service knows. Messages go by the first three; the others are kept, and never confirmed.
const PROTOCOLS: [&str; 14] = [
    "http",
    "https",
    "email",
    "sms",
    "functionstage",
    "functiongraph",
    "callnotify",
    "wechat",
    "dingding",
    "feishu",
    "welink",
    "dingTalkBot",
    "dms",
    "application",
];

/// What more a subscription says. Only headers mean something here; the rest is for protocols that nothing goes by, and is
/// not kept, for there are secrets among it. Whether phones are asked by a code is shown again.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Extension {
    header: Option<BTreeMap<String, String>>,
    client_id: Option<String>,
    client_secret: Option<String>,
    keyword: Option<String>,
    sign_secret: Option<String>,
    app_key: Option<String>,
    app_secret: Option<String>,
    robot_code: Option<String>,
    verification_code_enabled: Option<bool>,
}

impl Extension {
    /// Whether a phone is asked by a code.
    pub(super) fn by_code(&self, protocol: &str) -> bool {
        matches!(protocol, "sms" | "callnotify") && self.verification_code_enabled == Some(true)
    }
}

/// Bytes of a secret of a protocol at the most.
const SECRET_BYTES: usize = 255;

/// Checks what a protocol needs to be told.
pub(super) fn check_extension(protocol: &str, extension: &Extension) -> Result<(), Wrong> {
    let given = |text: &Option<String>, name: &str, most: usize| {
        let path = format!("extension.{name}");
        let text = text.as_deref().filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| absent(SUBSCRIPTION, &path))?;
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        match text.len() <= most && text.bytes().all(good) {
            true => Ok(()),
            // There are secrets among it.
            false => Err(bad(
                SUBSCRIPTION,
                &path,
                "****",
                &format!("at most {most} letters, digits, `-` and `_` are right"),
            )),
        }
    };
    let texts = [
        ("client_id", &extension.client_id),
        ("client_secret", &extension.client_secret),
        ("keyword", &extension.keyword),
        ("sign_secret", &extension.sign_secret),
        ("app_key", &extension.app_key),
        ("app_secret", &extension.app_secret),
        ("robot_code", &extension.robot_code),
    ];
    let is_long = |text: &&String| text.len() > SECRET_BYTES;
    let mut texts = texts.into_iter();
    if let Some((name, _)) =
        texts.find(|(_, text)| text.as_ref().is_some_and(|text| is_long(&text)))
    {
        let path = format!("extension.{name}");
        let wanted = format!("at most {SECRET_BYTES} bytes are right");
        return Err(bad(SUBSCRIPTION, &path, "****", &wanted));
    }
    match protocol {
        "welink" => {
            given(&extension.client_id, "client_id", SECRET_BYTES)?;
            given(&extension.client_secret, "client_secret", SECRET_BYTES)
        }
        "dingTalkBot" => {
            given(&extension.app_key, "app_key", 64)?;
            given(&extension.app_secret, "app_secret", 128)?;
            given(&extension.robot_code, "robot_code", 64)
        }
        "feishu" if extension.keyword.is_some() && extension.sign_secret.is_some() => Err(bad(
            SUBSCRIPTION,
            "extension.sign_secret",
            "****",
            "only one of `keyword` and `sign_secret` is right",
        )),
        _ => Ok(()),
    }
}

fn is_address(endpoint: &str, scheme: &str) -> bool {
    let uri: Option<Uri> = endpoint.parse().ok();
    uri.is_some_and(|uri| {
        let there = uri.host().is_some_and(|host| !host.is_empty());
        // Whoever is named in an address would be told to everybody who sees it.
        let named = uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'));
        uri.scheme_str() == Some(scheme) && there && !named
    })
}

fn is_mail(endpoint: &str) -> bool {
    let good = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_graphic() && !"<>,;:\"()[]\\@".contains(c))
    };
    let parts = endpoint.split_once('@');
    parts.is_some_and(|(user, host)| good(user) && good(host)) && endpoint.len() <= 254
}

fn is_phone(endpoint: &str) -> bool {
    let digits = endpoint.strip_prefix('+').unwrap_or(endpoint);
    (5..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn check_endpoint(protocol: &str, endpoint: &str) -> Result<(), Wrong> {
    let (good, wanted) = match protocol {
        "http" => (is_address(endpoint, "http"), "http://HOST... is right"),
        "https" => (is_address(endpoint, "https"), "https://HOST... is right"),
        "email" => (is_mail(endpoint), "a mail address is right"),
        "sms" | "callnotify" => (is_phone(endpoint), "a phone number is right"),
        _ => (
            !endpoint.chars().any(char::is_control),
            "a text that can be printed is right",
        ),
    };
    match good && endpoint.len() <= ENDPOINT_BYTES {
        true => Ok(()),
        false => Err(bad(ENDPOINT, "endpoint", endpoint, wanted)),
    }
}

pub(super) fn check_remark(remark: &str) -> Result<(), Wrong> {
    match remark.len() <= REMARK_BYTES {
        true => Ok(()),
        false => Err(bad(REMARK, "remark", remark, "at most 128 bytes are right")),
    }
}

fn is_header_name(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && name.bytes().all(good)
        && !name.ends_with('-')
        && !name.contains("--")
        && !name.to_ascii_lowercase().starts_with("x-smn")
}

/// Headers that a message carries already, or that belong to the connection.
const OWN_HEADERS: [&str; 7] = [
    "host",
    "connection",
    "content-type",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// The headers that go with messages, by name in lower case.
pub(super) fn headers(extension: Option<Extension>) -> Result<BTreeMap<String, String>, Wrong> {
    let given = extension.and_then(|extension| extension.header);
    let given = given.unwrap_or_default();
    let chars: usize = given
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if given.len() > HEADERS || chars > HEADER_CHARS {
        let detail = "`extension.header`: at most 10 headers with 1024 characters are right.";
        return Err(wrong(SUBSCRIPTION, detail));
    }
    let mut headers = BTreeMap::new();
    for (name, value) in given {
        let known = name.to_ascii_lowercase();
        let plain = value.bytes().all(|b| (b' '..=b'~').contains(&b));
        let fine = is_header_name(&name) && plain && !OWN_HEADERS.contains(&known.as_str());
        if !fine || headers.insert(known, value).is_some() {
            let wanted = "letters, digits and single `-` are right in a name, and printable ASCII in a value";
            return Err(bad(SUBSCRIPTION, "extension.header", name, wanted));
        }
    }
    Ok(headers)
}

/// Where a new subscription stands. Only what can be delivered is ever confirmed.
pub(super) fn status(protocol: &str, options: &TopicOptions) -> SubscriptionStatus {
    let served = match protocol {
        "http" | "https" => true,
        "email" => options.has_mail,
        _ => false,
    };
    match served && options.confirm_at_once {
        true => SubscriptionStatus::Confirmed,
        false => SubscriptionStatus::Unconfirmed,
    }
}

/// A protocol is one that the service knows.
pub(super) fn check_protocol(protocol: &str) -> Result<(), Wrong> {
    match PROTOCOLS.contains(&protocol) {
        true => Ok(()),
        false => {
            let wanted = format!("one of {} is right", PROTOCOLS.join(", "));
            Err(bad(PROTOCOL, "protocol", protocol, &wanted))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_checked_by_their_protocol() {
        for (protocol, endpoint, good) in [
            ("http", "http://127.0.0.1:80/x?y=1", true),
            ("http", "https://a", false),
            ("http", "a", false),
            ("http", "http://", false),
            ("http", "http://u:p@host/", false),
            ("https", "https://a.example", true),
            ("https", "http://a.example", false),
            ("email", "a@b.example", true),
            ("email", "a", false),
            ("email", "@b", false),
            ("email", "a@b\r\nc", false),
            ("email", "a@b, c@d", false),
            ("sms", "+8613600000000", true),
            ("sms", "136x", false),
            ("functionstage", "urn:fss:x", true),
            ("functionstage", "a\nb", false),
        ] {
            let got = check_endpoint(protocol, endpoint);
            assert_eq!(got.is_ok(), good, "{protocol} {endpoint:?}");
        }
    }

    #[test]
    fn only_what_is_delivered_is_confirmed() {
        use SubscriptionStatus::{Confirmed, Unconfirmed};
        for (protocol, confirm_at_once, has_mail, wanted) in [
            ("http", true, false, Confirmed),
            ("https", true, false, Confirmed),
            ("http", false, false, Unconfirmed),
            ("email", true, true, Confirmed),
            ("email", true, false, Unconfirmed),
            ("sms", true, true, Unconfirmed),
        ] {
            let options = TopicOptions {
                confirm_at_once,
                has_mail,
                certificate: "".into(),
                public_url: None,
            };
            assert_eq!(status(protocol, &options), wanted, "{protocol}");
        }
    }

    #[test]
    fn headers_are_those_that_the_service_takes() {
        let one = |name: &str, value: &str| {
            let header = Some(BTreeMap::from([(name.to_owned(), value.to_owned())]));
            headers(Some(Extension {
                header,
                ..Extension::default()
            }))
        };
        for (name, value, good) in [
            ("x-abc", "a b", true),
            ("abc", "1", true),
            ("X-SMN-type", "1", false),
            ("-a", "1", false),
            ("a-", "1", false),
            ("a--b", "1", false),
            ("1a", "1", false),
            ("a_b", "1", false),
            ("abc", "a\r\nb", false),
            ("Host", "x", false),
            ("Content-Length", "1", false),
        ] {
            assert_eq!(one(name, value).is_ok(), good, "{name}: {value:?}");
        }
        assert!(one("abc", &"a".repeat(1024)).is_err());
        assert_eq!(headers(None).map(|all| all.len()), Ok(0));
    }
}
