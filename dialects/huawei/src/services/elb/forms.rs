//! What may be said of balancers, listeners and pools that nothing here acts on: the request models of Huawei's SDK, as tables.

use crate::services::form::{Form, Member, may, must};

const TEXT: Form = Form::Text(255);
const TAG: Form = Form::Of(&[may("key", Form::Text(128)), may("value", TEXT)]);
const TAGS: Form = Form::List(20, &TAG);
const IDS: Form = Form::List(50, &TEXT);
const PROTECTION: Form = Form::OneOf(&["nonProtection", "consoleProtection"]);

const BANDWIDTH: Form = Form::Of(&[
    may("name", Form::Text(64)),
    may("size", Form::Whole(1, 2000)),
    may("charge_mode", Form::OneOf(&["bandwidth", "traffic"])),
    may("share_type", Form::OneOf(&["PER", "WHOLE"])),
    may("billing_info", TEXT),
    may("id", TEXT),
]);

const PUBLIC_IP: Form = Form::Of(&[
    may("ip_version", Form::Whole(4, 6)),
    must("network_type", TEXT),
    may("billing_info", TEXT),
    may("description", TEXT),
    must("bandwidth", BANDWIDTH),
]);

const PREPAID: Form = Form::Of(&[
    may("period_type", Form::OneOf(&["month", "year"])),
    may("period_num", Form::Whole(1, 9)),
    may("auto_renew", Form::Flag),
    may("auto_pay", Form::Flag),
    may("change_mode", Form::OneOf(&["immediate", "delay"])),
]);

/// Of a load balancer.
pub(super) const BALANCER: &[Member] = &[
    may("admin_state_up", Form::Flag),
    may(
        "autoscaling",
        Form::Of(&[must("enable", Form::Flag), may("min_l7_flavor_id", TEXT)]),
    ),
    may("availability_zone_list", IDS),
    may("billing_info", Form::Text(1024)),
    may("charge_mode", Form::OneOf(&["flavor", "lcu"])),
    may("deletion_protection_enable", Form::Flag),
    may("elb_virsubnet_ids", IDS),
    may("elb_virsubnet_type", TEXT),
    may("frozen_scene", TEXT),
    may("guaranteed", Form::Flag),
    may("ip_target_enable", Form::Flag),
    may("ipv6_bandwidth", Form::Of(&[must("id", TEXT)])),
    may("ipv6_vip_address", Form::Text(64)),
    may("ipv6_vip_virsubnet_id", TEXT),
    may("l4_flavor_id", TEXT),
    may("l4_scale_flavor_id", TEXT),
    may("l7_flavor_id", TEXT),
    may("l7_scale_flavor_id", TEXT),
    may("log_group_id", TEXT),
    may("log_topic_id", TEXT),
    may("prepaid_options", PREPAID),
    may("protection_reason", Form::Words(255)),
    may("protection_status", PROTECTION),
    may("provider", TEXT),
    may("publicip", PUBLIC_IP),
    may("publicip_ids", IDS),
    may("tags", TAGS),
    may("waf_failure_action", Form::OneOf(&["discard", "forward"])),
];

const ALIAS: Form = Form::Text(40);

/// A header that is put in, and what it may be called.
macro_rules! headers {
    ($($name:literal)*) => {
        Form::Of(&[
            may("X-Forwarded-ELB-IP", Form::Flag),
            may("X-Forwarded-Port", Form::Flag),
            may("X-Forwarded-For-Port", Form::Flag),
            may("X-Forwarded-Host", Form::Flag),
            may("X-Forwarded-Proto", Form::Flag),
            may("X-Real-IP", Form::Flag),
            may("X-Forwarded-ELB-ID", Form::Flag),
            may("X-Forwarded-TLS-Certificate-ID", Form::Flag),
            may("X-Forwarded-TLS-Protocol", Form::Flag),
            may("X-Forwarded-TLS-Protocol-alias", ALIAS),
            may("X-Forwarded-TLS-Cipher", Form::Flag),
            may("X-Forwarded-TLS-Cipher-alias", ALIAS),
            may(
                "X-Forwarded-For-Processing-Mode",
                Form::OneOf(&["append", "remove", "preserve"]),
            ),
            $(
                may(concat!("X-Forwarded-", $name, "-enable"), Form::Flag),
                may(concat!("X-Forwarded-", $name, "-alias"), ALIAS),
            )*
        ])
    };
}

const HEADERS: Form = headers! {
    "Clientcert-subjectdn" "Clientcert-issuerdn" "Clientcert-fingerprint" "Clientcert-clientverify"
    "Clientcert-serialnumber" "Clientcert" "Clientcert-ciphers" "Clientcert-end" "Tls-Alpn-Protocol" "Tls-Sni"
    "Tls-Ja3" "Tls-Ja4"
};

const CIPHERS: Form = Form::OneOf(&[
    "",
    "tls-1-0-inherit",
    "tls-1-0",
    "tls-1-1",
    "tls-1-2",
    "tls-1-2-strict",
    "tls-1-2-fs",
    "tls-1-0-with-1-3",
    "tls-1-2-fs-with-1-3",
    "hybrid-policy-1-0",
    "tls-1-2-strict-no-cbc",
]);

const PORTS: Form = Form::Of(&[
    may("start_port", Form::Whole(1, 65_535)),
    may("end_port", Form::Whole(1, 65_535)),
]);

/// Of a listener.
pub(super) const LISTENER: &[Member] = &[
    may("admin_state_up", Form::Flag),
    may("client_ca_tls_container_ref", TEXT),
    may("client_timeout", Form::Whole(1, 300)),
    may("connection", Form::Whole(0, 1_000_000)),
    may("connection_limit", Form::Whole(-1, 2_147_483_647)),
    may("cps", Form::Whole(0, 1_000_000)),
    may("default_tls_container_ref", TEXT),
    may("enable_member_retry", Form::Flag),
    may("enhance_l7policy_enable", Form::Flag),
    may("enterprise_project_id", Form::Text(36)),
    may("gzip_enable", Form::Flag),
    may("http2_enable", Form::Flag),
    may("insert_headers", HEADERS),
    may(
        "ipgroup",
        Form::Of(&[
            may("ipgroup_id", Form::Text(1024)),
            may("enable_ipgroup", Form::Flag),
            may("type", Form::OneOf(&["white", "black"])),
        ]),
    ),
    may("keepalive_timeout", Form::Whole(0, 4000)),
    may("member_timeout", Form::Whole(1, 300)),
    may("nat64_enable", Form::Flag),
    may("port_ranges", Form::List(10, &PORTS)),
    may("protection_reason", Form::Words(255)),
    may("protection_status", PROTECTION),
    may("proxy_protocol_enable", Form::Flag),
    may(
        "quic_config",
        Form::Of(&[
            may("quic_listener_id", TEXT),
            may("enable_quic_upgrade", Form::Flag),
        ]),
    ),
    may("security_policy_id", TEXT),
    may("sni_container", TEXT),
    may("sni_container_refs", IDS),
    may(
        "sni_match_algo",
        Form::OneOf(&["longest_suffix", "wildcard"]),
    ),
    may("ssl_early_data_enable", Form::Flag),
    may("tags", TAGS),
    may("tls_ciphers_policy", CIPHERS),
    may("transparent_client_ip_enable", Form::Flag),
];

/// Of a pool.
pub(super) const POOL: &[Member] = &[
    may("admin_state_up", Form::Flag),
    may("any_port_enable", Form::Flag),
    may(
        "az_affinity",
        Form::Of(&[
            may("enable", Form::Flag),
            may("az_minimum_healthy_member_percentage", Form::Whole(-1, 100)),
            may("az_minimum_healthy_member_count", Form::Whole(-1, 10_000)),
            may(
                "az_unhealthy_fallback_strategy",
                Form::OneOf(&[
                    "forward_to_all_member_of_local_az",
                    "forward_to_healthy_member_of_remote_az",
                    "forward_to_all_healthy_member",
                    "forward_to_all_member",
                ]),
            ),
        ]),
    ),
    may(
        "connection_drain",
        Form::Of(&[
            may("enable", Form::Flag),
            may("timeout", Form::Whole(10, 4000)),
        ]),
    ),
    may("enterprise_project_id", Form::Text(36)),
    may("ip_version", Form::OneOf(&["v4", "dualstack"])),
    may("member_deletion_protection_enable", Form::Flag),
    may(
        "pool_health",
        Form::Of(&[may("minimum_healthy_member_count", Form::Whole(0, 1))]),
    ),
    may("protection_reason", Form::Words(255)),
    may("protection_status", PROTECTION),
    may("public_border_group", TEXT),
    may(
        "quic_cid_hash_strategy",
        Form::Of(&[
            must("len", Form::Whole(1, 20)),
            must("offset", Form::Whole(0, 19)),
        ]),
    ),
    may(
        "session_persistence",
        Form::Of(&[
            may("cookie_name", Form::Text(1024)),
            must(
                "type",
                Form::OneOf(&["SOURCE_IP", "HTTP_COOKIE", "APP_COOKIE"]),
            ),
            may("persistence_timeout", Form::Whole(1, 1440)),
        ]),
    ),
    may(
        "slow_start",
        Form::Of(&[
            may("enable", Form::Flag),
            may("duration", Form::Whole(30, 1200)),
        ]),
    ),
    may("tags", TAGS),
    may("type", Form::OneOf(&["instance", "ip"])),
];

/// The protocols that a pool may have behind a listener of this one.
fn behind(listener: &str) -> &'static [&'static str] {
    match listener {
        "UDP" => &["UDP", "QUIC"],
        "TCP" => &["TCP"],
        "IP" => &["IP"],
        "HTTP" | "TERMINATED_HTTPS" => &["HTTP"],
        "HTTPS" | "QUIC" => &["HTTP", "HTTPS", "GRPC"],
        "TLS" => &["TLS", "TCP"],
        _ => &[],
    }
}

/// What is wrong with a pool of one protocol behind a listener of another, if anything is.
pub(super) fn misfit(listener: &str, pool: &str) -> Option<String> {
    let right = behind(listener);
    let wanted = right.join(", ");
    (!right.contains(&pool)).then(|| {
        format!(
            "behind a listener of the protocol {listener} a pool of the protocol {wanted} is right"
        )
    })
}

/// The kinds of health checks that a pool of this protocol may have.
fn checks(pool: &str) -> &'static [&'static str] {
    match pool {
        "UDP" | "QUIC" => &["UDP_CONNECT"],
        "TCP" | "IP" => &["TCP", "HTTP", "HTTPS"],
        _ => &["TCP", "HTTP", "HTTPS", "TLS", "GRPC"],
    }
}

/// What is wrong with a kind of health check for a pool, if anything is.
pub(super) fn misfit_check(pool: &str, kind: &str) -> Option<String> {
    let right = checks(pool);
    let wanted = right.join(", ");
    (!right.contains(&kind)).then(|| format!("for a pool of the protocol {pool} {wanted} is right"))
}
