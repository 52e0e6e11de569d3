//! Names of hosts that Muster speaks as.

/// The clouds' hosts that HTTP CONNECT is answered for, and Muster's own names.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// Patterns of labels, in lower case; `*` is any one label.
    clouds: Vec<String>,
    /// Names and addresses, in lower case.
    own: Vec<String>,
    /// The port that Muster listens on.
    port: u16,
}

/// The port that the clouds' hosts are asked at.
const HTTPS: u16 = 443;

fn matches(pattern: &str, name: &str) -> bool {
    let (mut wanted, mut labels) = (pattern.split('.'), name.split('.'));
    loop {
        match (wanted.next(), labels.next()) {
            (None, None) => return true,
            (Some("*"), Some(label)) if !label.is_empty() => {}
            (Some(wanted), Some(label)) if wanted == label => {}
            _ => return false,
        }
    }
}

impl Hosts {
    /// `clouds` may hold `*`, `own` may not name Muster's port.
    pub(crate) fn new(clouds: &[String], own: &[String], port: u16) -> Hosts {
        let lower = |names: &[String]| names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Hosts {
            clouds: lower(clouds),
            own: lower(own),
            port,
        }
    }

    /// Whether that is the host of a cloud whose API is served here. `name` is in lower case.
    pub(crate) fn is_cloud(&self, name: &str) -> bool {
        self.clouds.iter().any(|pattern| matches(pattern, name))
    }

    /// Muster's own names and addresses.
    pub(crate) fn own(&self) -> &[String] {
        &self.own
    }

    /// Whether a tunnel to `host:port` ends here.
    pub(crate) fn ends_here(&self, host: &str, port: u16) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.to_ascii_lowercase();
        if port == HTTPS && self.is_cloud(&host) {
            return true;
        }
        let own = self.own.iter().any(|pattern| matches(pattern, &host));
        own && (port == HTTPS || port == self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_ends_here_or_nowhere() {
        let texts = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let hosts = Hosts::new(
            &texts(&["scaling.api.qcloud.com", "as.*.MyHuaweiCloud.com"]),
            &texts(&["localhost", "127.0.0.1", "::1", "Muster.example"]),
            8700,
        );
        let cases = [
            ("scaling.api.qcloud.com", 443, true),
            ("SCALING.api.qcloud.COM", 443, true),
            ("scaling.api.qcloud.com", 80, false),
            ("scaling.api.qcloud.com", 8700, false),
            ("scaling.api.qcloud.com.", 443, false),
            ("x.scaling.api.qcloud.com", 443, false),
            ("as.cn-north-4.myhuaweicloud.com", 443, true),
            ("as..myhuaweicloud.com", 443, false),
            ("as.myhuaweicloud.com", 443, false),
            ("as.a.b.myhuaweicloud.com", 443, false),
            ("muster.example", 443, true),
            ("muster.example", 8700, true),
            ("muster.example", 8701, false),
            ("127.0.0.1", 8700, true),
            ("[::1]", 8700, true),
            ("127.0.0.2", 8700, false),
            ("10.0.0.1", 443, false),
            ("", 443, false),
        ];
        for (host, port, here) in cases {
            assert_eq!(hosts.ends_here(host, port), here, "{host}:{port}");
        }
    }
}
