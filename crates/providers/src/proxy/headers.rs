//! What a proxy does to the head of a message (RFC 9110, section 7.6): what is meant for one connection stays there, and
//! the member is told whom it answers.

use std::net::IpAddr;

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, Method, Uri, Version, request};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What is meant for one connection, whether `Connection` names it or not.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Takes off what is meant for one connection.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // How long a message is, and whom it is for, is for everybody.
        .filter(|name| *name != CONTENT_LENGTH && *name != HOST)
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// The protocol that a message wants to go on with, or goes on with.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let wants = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim().eq_ignore_ascii_case("upgrade"));
    headers.get(UPGRADE).filter(|_| wants).cloned()
}

/// Lets a message go on with another protocol.
pub(super) fn set_upgrade(headers: &mut HeaderMap, to: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, to);
}

/// Why a request is refused, if it is: what two readers could read in two ways is not passed on.
pub(super) fn problem(head: &request::Parts) -> Option<&'static str> {
    let hosts = head.headers.get_all(HOST).iter().count();
    if head.method == Method::CONNECT {
        return Some("CONNECT is not served here");
    }
    if hosts > 1 || (hosts == 0 && head.version == Version::HTTP_11) {
        return Some("exactly one Host is right");
    }
    let lengths = head.headers.get_all(CONTENT_LENGTH).iter().count();
    if lengths > 1 || (lengths == 1 && head.headers.contains_key(TRANSFER_ENCODING)) {
        return Some("a body has one length");
    }
    None
}

/// Makes the head of a request one for a member.
pub(super) fn forward(head: &mut request::Parts, client: IpAddr) {
    let to = upgrade(&head.headers);
    strip(&mut head.headers);
    head.headers.remove(EXPECT);
    if let Some(to) = to {
        set_upgrade(&mut head.headers, to);
    }
    let before = head.headers.get_all(FORWARDED_FOR).iter();
    let mut chain: Vec<String> = before
        .filter_map(|value| value.to_str().ok())
        .map(str::to_owned)
        .collect();
    chain.push(client.to_string());
    if let Ok(value) = HeaderValue::from_str(&chain.join(", ")) {
        head.headers.insert(FORWARDED_FOR, value);
    }
    if !head.headers.contains_key(FORWARDED_PROTO) {
        head.headers
            .insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    }
    head.version = Version::HTTP_11;
}

/// The host that is asked for, in lower case and without a port.
pub(super) fn host(head: &request::Parts) -> String {
    let named = head.uri.host().map(str::to_owned).or_else(|| {
        let value = head.headers.get(HOST)?.to_str().ok()?;
        let authority: Uri = value.parse().ok()?;
        authority.host().map(str::to_owned)
    });
    named.unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &[(&str, &str)]) -> request::Parts {
        let mut request = http::Request::builder().uri("/a?b=c");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn shown(head: &request::Parts) -> Vec<String> {
        let mut lines: Vec<String> = head
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn what_is_for_one_connection_stays_there() {
        let mut head = head(&[
            ("Host", "h"),
            ("Connection", "close, X-Private, content-length"),
            ("Connection", "x-other"),
            ("Content-Length", "3"),
            ("X-Private", "1"),
            ("X-Other", "1"),
            ("X-Kept", "1"),
            ("Keep-Alive", "timeout=5"),
            ("TE", "trailers"),
            ("Upgrade", "h2c"),
            ("Expect", "100-continue"),
            ("X-Forwarded-For", "10.0.0.1"),
            ("X-Forwarded-For", "10.0.0.2"),
        ]);
        forward(&mut head, IpAddr::from([10, 0, 0, 3]));
        let expected = [
            "content-length: 3",
            "host: h",
            "x-forwarded-for: 10.0.0.1, 10.0.0.2, 10.0.0.3",
            "x-forwarded-proto: http",
            "x-kept: 1",
        ];
        assert_eq!(shown(&head), expected);
    }

    #[test]
    fn an_upgrade_is_passed_on() {
        let mut head = head(&[
            ("Host", "h"),
            ("Connection", "keep-alive, Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", "k"),
        ]);
        forward(&mut head, IpAddr::from([127, 0, 0, 1]));
        let shown = shown(&head);
        assert!(shown.contains(&"connection: upgrade".to_owned()));
        assert!(shown.contains(&"upgrade: websocket".to_owned()));
        assert!(shown.contains(&"sec-websocket-key: k".to_owned()));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let bad: [&[(&str, &str)]; 4] = [
            &[],
            &[("Host", "a"), ("Host", "b")],
            &[
                ("Host", "a"),
                ("Content-Length", "1"),
                ("Transfer-Encoding", "chunked"),
            ],
            &[
                ("Host", "a"),
                ("Content-Length", "1"),
                ("Content-Length", "1"),
            ],
        ];
        for lines in bad {
            assert!(problem(&head(lines)).is_some(), "{lines:?}");
        }
        assert_eq!(
            problem(&head(&[("Host", "a"), ("Content-Length", "1")])),
            None
        );
    }

    #[test]
    fn hosts_are_compared_without_case_and_port() {
        for (given, expected) in [
            ("Example.COM", "example.com"),
            ("example.com:80", "example.com"),
            ("[::1]:80", "[::1]"),
            ("", ""),
            ("not a host", ""),
        ] {
            assert_eq!(host(&head(&[("Host", given)])), expected, "{given}");
        }
    }
}
