//! The parts of launch configurations that their actions share, each with its checks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_model::Tag as Pair;
use muster_model::{Error, Field, Login, Problem};
use serde::Deserialize;

use crate::checks::{count, text_id};
use crate::context::Ctx;
use crate::fault::Fault;
use crate::shapes::{DataDisk, KeyValue, NetworkInterface};

pub(super) const LIMIT: &str = "InvalidParameterValue.LimitExceeded";
/// Decoded user data (rule C3).
const USER_DATA_BYTES: usize = 16 * 1024;

/// LoginSettings in requests.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LoginSettings {
    pub(super) password: Option<String>,
    pub(super) key_ids: Option<Vec<String>>,
    pub(super) keep_image_login: Option<bool>,
}

impl LoginSettings {
    /// Password, keys and the image's login exclude each other (rule C6).
    pub(super) fn login(self, ctx: &Ctx) -> Result<Option<Login>, Fault> {
        let keys = self.key_ids.unwrap_or_default();
        let keep = self.keep_image_login.unwrap_or(false);
        let password = self.password.filter(|password| !password.is_empty());
        count(LIMIT, "LoginSettings.KeyIds", &keys, 1)?;
        let given = [password.is_some(), !keys.is_empty(), keep]
            .iter()
            .filter(|given| **given)
            .count();
        if given > 1 {
            let problem = Problem::ExcludedBy(Field::LoginKeys);
            return Err(ctx.refused(&Error::Invalid {
                field: Field::LoginPassword,
                problem,
            }));
        }
        if let Some(password) = password {
            check_password(&password)?;
            return Ok(Some(Login::Password {
                sealed: (ctx.seal)(&password),
            }));
        }
        Ok(match (keys.is_empty(), keep) {
            (false, _) => Some(Login::Keys(keys)),
            (true, true) => Some(Login::KeepImage),
            (true, false) => None,
        })
    }
}

/// 8 to 30 characters of at least two classes. The password itself is in no message.
pub(super) fn check_password(password: &str) -> Result<(), Fault> {
    let class = |test: fn(char) -> bool| usize::from(password.chars().any(test));
    let classes = class(|c| c.is_ascii_lowercase())
        + class(|c| c.is_ascii_uppercase())
        + class(|c| c.is_ascii_digit())
        + class(|c| !c.is_ascii_alphanumeric());
    if (8..=30).contains(&password.chars().count()) && classes >= 2 {
        return Ok(());
    }
    Err(Fault::new(
        "InvalidParameterValue",
        "The value of the parameter `LoginSettings.Password` is not valid: 8 to 30 characters of at least two of lower case, upper case, digits and others.",
    ))
}

/// Metadata.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) items: Vec<KeyValue>,
}

impl Metadata {
    pub(super) fn pairs(self) -> Vec<Pair> {
        self.items.into_iter().map(Pair::from).collect()
    }
}

/// User data is base64 of at most 16 KB.
pub(super) fn check_user_data(data: &str) -> Result<(), Fault> {
    let decoded = STANDARD.decode(data.trim_end()).map_err(|error| {
        Fault::new(
            "InvalidParameterValue.UserDataFormatError",
            format!("The value of the parameter `UserData` is not base64: {error}"),
        )
    })?;
    if decoded.len() > USER_DATA_BYTES {
        return Err(Fault::new(
            "InvalidParameterValue.UserDataSizeExceeded",
            format!(
                "The parameter `UserData` holds {} bytes; at most {USER_DATA_BYTES} are allowed.",
                decoded.len()
            ),
        ));
    }
    Ok(())
}

pub(super) fn check_types(types: &[String], max: usize) -> Result<(), Fault> {
    count(LIMIT, "InstanceTypes", types, max)?;
    for kind in types {
        let good = (1..=64).contains(&kind.len())
            && kind
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        if !good {
            let message = format!(
                "The value `{kind}` of the parameter `InstanceTypes` is not an instance type."
            );
            return Err(Fault::new(
                "InvalidParameterValue.InvalidInstanceType",
                message,
            ));
        }
    }
    Ok(())
}

/// A name has at least one letter.
pub(super) fn check_named(name: &str) -> Result<(), Fault> {
    match name.is_empty() {
        false => Ok(()),
        true => Err(Fault::new(
            "InvalidParameterValue.TooShort",
            "The parameter `LaunchConfigurationName` must not be empty.",
        )),
    }
}

pub(super) fn check_image(id: &str) -> Result<(), Fault> {
    text_id(
        "InvalidParameterValue.InvalidImageId",
        "ImageId",
        id,
        "img-",
    )
}

pub(super) fn check_security_groups(ids: &[String]) -> Result<(), Fault> {
    ids.iter().try_for_each(|id| {
        text_id(
            "InvalidParameterValue.InvalidSecurityGroupId",
            "SecurityGroupIds",
            id,
            "sg-",
        )
    })
}

pub(super) fn check_placement_groups(ids: &[String]) -> Result<(), Fault> {
    count(LIMIT, "DisasterRecoverGroupIds", ids, 1)?;
    let code = "InvalidParameterValue.InvalidDisasterRecoverGroupId";
    ids.iter()
        .try_for_each(|id| text_id(code, "DisasterRecoverGroupIds", id, "ps-"))
}

pub(super) fn check_hpc(id: &str) -> Result<(), Fault> {
    text_id(
        "InvalidParameterValue.InvalidHpcClusterId",
        "HpcClusterId",
        id,
        "hpc-",
    )
}

pub(super) fn disks(list: Vec<DataDisk>) -> Result<Vec<muster_model::DataDisk>, Fault> {
    count(LIMIT, "DataDisks", &list, 11)?;
    list.iter()
        .enumerate()
        .try_for_each(|(at, disk)| disk.check(at))?;
    Ok(list.into_iter().map(Into::into).collect())
}

pub(super) fn pairs(parameter: &str, list: Vec<KeyValue>) -> Result<Vec<Pair>, Fault> {
    count(LIMIT, parameter, &list, 10)?;
    Ok(list.into_iter().map(Pair::from).collect())
}

pub(super) fn interfaces(
    list: Option<Vec<NetworkInterface>>,
) -> Result<Option<Vec<muster_model::NetworkInterface>>, Fault> {
    let Some(list) = list else { return Ok(None) };
    count(
        "InvalidParameterValue.NetworkInterfacesLimitExceeded",
        "NetworkInterfaces",
        &list,
        17,
    )?;
    let primary = list
        .iter()
        .filter(|i| i.interface_type.as_deref() == Some("PRIMARY"))
        .count();
    if primary != 1 {
        let message = format!(
            "The parameter `NetworkInterfaces` has {primary} PRIMARY entries; it must have exactly one."
        );
        return Err(Fault::new(
            "InvalidParameterValue.NetworkInterfacesInvalid",
            message,
        ));
    }
    Ok(Some(list.into_iter().map(Into::into).collect()))
}

/// Checks a part by its own rules, then converts it.
macro_rules! part {
    ($given:expr) => {
        match $given {
            Some(part) => {
                part.check()?;
                Some(part.into())
            }
            None => None,
        }
    };
}
pub(super) use part;
