//! What may be said of a server that is to be made and that nothing here acts on: the request models of Huawei's SDK, as tables.
//!
//! Two switches are not among them because the documents say that anything may stand there: `hw:passthrough` and
//! `support_auto_recovery`.

use crate::services::form::{Form, Member, may, must};

const TEXT: Form = Form::Text(255);

/// Kinds of disks.
pub(super) const DISKS: &[&str] = &[
    "SATA", "SAS", "SSD", "GPSSD", "co-p1", "uh-l1", "ESSD", "GPSSD2", "ESSD2",
];

/// Of a disk.
pub(super) const DISK: &[Member] = &[
    may("iops", Form::Whole(0, 1_000_000)),
    may("throughput", Form::Whole(0, 10_000)),
    may("shareable", Form::Flag),
    may("multiattach", Form::Flag),
    may(
        "extendparam",
        Form::Of(&[
            may("resourceSpecCode", TEXT),
            may("resourceType", TEXT),
            may("snapshotId", TEXT),
        ]),
    ),
    may("cluster_type", TEXT),
    may("cluster_id", TEXT),
    may(
        "metadata",
        Form::Of(&[
            may("__system__encrypted", Form::OneOf(&["0", "1"])),
            may("__system__cmkid", Form::Text(36)),
        ]),
    ),
    may("data_image_id", TEXT),
    may("delete_on_termination", Form::Flag),
];

const PAIR: Form = Form::Of(&[may("ip_address", TEXT), may("mac_address", TEXT)]);

/// Of a network card.
pub(super) const CARD: &[Member] = &[
    may("ipv6_enable", Form::Flag),
    may("ipv6_bandwidth", Form::Of(&[may("id", TEXT)])),
    may("allowed_address_pairs", Form::List(10, &PAIR)),
    may("efi_enable", Form::Flag),
];

const EIP: Form = Form::Of(&[
    must("iptype", TEXT),
    must(
        "bandwidth",
        Form::Of(&[
            may("size", Form::Whole(1, 2000)),
            must("sharetype", Form::OneOf(&["PER", "WHOLE"])),
            may("chargemode", Form::OneOf(&["", "traffic", "bandwidth"])),
            may("id", TEXT),
        ]),
    ),
    may(
        "extendparam",
        Form::Of(&[may("chargingMode", Form::OneOf(&["prePaid", "postPaid"]))]),
    ),
]);

/// Of a server: what is checked and not kept.
pub(super) const CHECKED: &[Member] = &[
    may("batch_create_in_multi_az", Form::Flag),
    may("isAutoRename", Form::Flag),
    may(
        "publicip",
        Form::Of(&[
            may("id", TEXT),
            may("eip", EIP),
            may("delete_on_termination", Form::Flag),
        ]),
    ),
    may(
        "serial_console_options",
        Form::Of(&[may("enabled", Form::Flag)]),
    ),
    may(
        "metadata_options",
        Form::Of(&[may("http_endpoint", TEXT), may("http_tokens", TEXT)]),
    ),
];

/// Of a server: what is shown again.
pub(super) const KEPT: &[Member] = &[
    may("auto_terminate_time", Form::Text(32)),
    may(
        "os:scheduler_hints",
        Form::Of(&[
            may("group", TEXT),
            may("dedicated_host_id", TEXT),
            may("tenancy", Form::OneOf(&["shared", "dedicated"])),
        ]),
    ),
    may(
        "cpu_options",
        Form::Of(&[may("hw:cpu_threads", Form::Whole(1, 2))]),
    ),
    may(
        "security_options",
        Form::Of(&[
            may("secure_boot_enabled", Form::Flag),
            may("tpm_enabled", Form::Flag),
        ]),
    ),
    may("enclave_options", Form::Of(&[may("enabled", Form::Flag)])),
];

/// How a server is paid for, and its enterprise project.
pub(super) const EXTENDED: &[Member] = &[
    may("chargingMode", TEXT),
    may("regionID", TEXT),
    may("marketType", TEXT),
    may("spotPrice", TEXT),
    may("diskPrior", TEXT),
    may("spot_duration_hours", Form::Whole(0, 1_000_000)),
    may("interruption_policy", Form::OneOf(&["", "immediate"])),
    may("spot_duration_count", Form::Whole(0, 1_000_000)),
    may("CB_CSBS_BACKUP", TEXT),
    may("periodType", TEXT),
    may("periodNum", Form::Whole(0, 1000)),
    may("isAutoRenew", TEXT),
    may("isAutoPay", TEXT),
];
