//! Public addresses.

use super::{Deserialize, Fault, InternetAccess, Serialize, checks};

/// PublicIp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PublicIp {
    eip: Option<Eip>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Eip {
    ip_type: Option<String>,
    bandwidth: Option<Bandwidth>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bandwidth {
    size: Option<i64>,
    share_type: Option<String>,
    charging_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

fn one_of(
    code: &'static str,
    name: &str,
    value: Option<&String>,
    known: &[&str],
) -> Result<String, Fault> {
    let value = value.ok_or_else(|| Fault::missing(code, name))?;
    match known.contains(&value.as_str()) {
        true => Ok(value.clone()),
        false => {
            let wanted = format!("one of {} is right", known.join(", "));
            Err(Fault::value(code, name, value, &wanted))
        }
    }
}

impl PublicIp {
    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.eip.is_none()
    }

    /// What the model says of it (rule C7).
    pub(super) fn access(&self) -> Result<InternetAccess, Fault> {
        const SHARED: &str = "WHOLE";
        let eip = self
            .eip
            .as_ref()
            .ok_or_else(|| Fault::missing("AS.1041", "public_ip.eip"))?;
        let kinds = ["5_bgp", "5_sbgp", "5_telcom", "5_union"];
        let kind = one_of(
            "AS.1043",
            "public_ip.eip.ip_type",
            eip.ip_type.as_ref(),
            &kinds,
        )?;
        let name = "public_ip.eip.bandwidth";
        let bandwidth = eip
            .bandwidth
            .as_ref()
            .ok_or_else(|| Fault::missing("AS.1046", name))?;
        let share = bandwidth.share_type.as_ref();
        let share = one_of(
            "AS.1045",
            &format!("{name}.share_type"),
            share,
            &["PER", SHARED],
        )?;
        if share == SHARED {
            let id = bandwidth.id.clone().unwrap_or_default();
            checks::text_id("AS.1045", &format!("{name}.id"), &id)?;
            let size = bandwidth.size.unwrap_or(1);
            checks::number("AS.1042", &format!("{name}.size"), size, 1, 2000)?;
            return Ok(InternetAccess {
                public_ip: Some(true),
                address_type: Some(kind),
                bandwidth_package: Some(id),
                max_bandwidth_out_mbps: Some(size),
                ..InternetAccess::default()
            });
        }
        let mode = bandwidth.charging_mode.as_ref();
        let modes = ["traffic", "bandwidth"];
        let mode = one_of("AS.1044", &format!("{name}.charging_mode"), mode, &modes)?;
        let size_name = format!("{name}.size");
        let size = bandwidth
            .size
            .ok_or_else(|| Fault::missing("AS.1046", &size_name))?;
        let most = match mode.as_str() {
            "traffic" => 1000,
            _ => 2000,
        };
        checks::number("AS.1042", &size_name, size, 1, most)?;
        if size > 300 && size % 50 != 0 {
            let wanted = "above 300 steps of 50 are right";
            return Err(Fault::value("AS.1042", &size_name, size, wanted));
        }
        Ok(InternetAccess {
            public_ip: Some(true),
            address_type: Some(kind),
            charge_type: Some(mode),
            max_bandwidth_out_mbps: Some(size),
            ..InternetAccess::default()
        })
    }
}

/// The address as it was given, unless it has been changed since.
pub(super) fn shown(access: Option<&InternetAccess>, given: Option<PublicIp>) -> Option<PublicIp> {
    let access = access.filter(|access| access.public_ip == Some(true))?;
    let is_so = |given: &PublicIp| given.access().is_ok_and(|known| known == *access);
    given.filter(is_so).or_else(|| {
        Some(PublicIp {
            eip: Some(Eip {
                ip_type: Some(
                    access
                        .address_type
                        .clone()
                        .unwrap_or_else(|| "5_bgp".to_owned()),
                ),
                bandwidth: Some(Bandwidth {
                    size: access.max_bandwidth_out_mbps,
                    share_type: Some("PER".to_owned()),
                    charging_mode: Some("traffic".to_owned()),
                    id: None,
                }),
            }),
        })
    })
}
