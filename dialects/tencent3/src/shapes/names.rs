//! How machines and their hosts are named.

use muster_model as model;
use serde::{Deserialize, Serialize};

use super::one_of;
use crate::fault::Fault;
use crate::words::NameStyle;

/// HostNameSettings in requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct HostNameSettings {
    host_name: String,
    host_name_style: Option<NameStyle>,
    host_name_suffix: Option<String>,
    host_name_delimiter: Option<String>,
}

impl HostNameSettings {
    /// Rule C7; where the facts differ, the wider limit.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let illegal = |member: &str, value: &str, why: &str| {
            Fault::new(
                "InvalidParameterValue.HostNameIllegal",
                format!(
                    "The value `{value}` of the parameter `HostNameSettings.{member}` is not valid: {why}."
                ),
            )
        };
        let name = &self.host_name;
        let letters = |text: &str| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        };
        let edge = |c: char| matches!(c, '.' | '-');
        if !(2..=42).contains(&name.len()) || !letters(name) {
            return Err(illegal(
                "HostName",
                name,
                "2 to 42 letters, digits, `.` and `-`",
            ));
        }
        if name.starts_with(edge)
            || name.ends_with(edge)
            || name.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(illegal(
                "HostName",
                name,
                "no `.` or `-` at the ends, and not only digits",
            ));
        }
        if let Some(suffix) = &self.host_name_suffix {
            if !(1..=39).contains(&suffix.len()) || !letters(suffix) {
                return Err(illegal(
                    "HostNameSuffix",
                    suffix,
                    "1 to 39 letters, digits, `.` and `-`",
                ));
            }
            if name.len() + suffix.len() > 41 {
                return Err(Fault::new(
                    "InvalidParameterValue.HostNameWithSuffixTooLong",
                    format!(
                        "The host name `{name}` and the suffix `{suffix}` together are longer than 41 characters."
                    ),
                ));
            }
        }
        one_of(
            "HostNameSettings.HostNameDelimiter",
            self.host_name_delimiter.as_ref(),
            &[".", "-", ""],
        )
    }
}

impl From<HostNameSettings> for model::HostNames {
    fn from(names: HostNameSettings) -> Self {
        model::HostNames {
            name: names.host_name,
            style: names.host_name_style.map(Into::into).unwrap_or_default(),
            suffix: names.host_name_suffix,
            delimiter: names.host_name_delimiter,
        }
    }
}

/// InstanceNameSettings in requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InstanceNameSettings {
    instance_name: String,
    instance_name_style: Option<NameStyle>,
    instance_name_suffix: Option<String>,
    instance_name_delimiter: Option<String>,
}

impl InstanceNameSettings {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let illegal = |member: &str, value: &str, why: &str| {
            Fault::new(
                "InvalidParameterValue.InstanceNameIllegal",
                format!(
                    "The value `{value}` of the parameter `InstanceNameSettings.{member}` is not valid: {why}."
                ),
            )
        };
        let name = &self.instance_name;
        let length = name.chars().count();
        if !(2..=108).contains(&length) {
            return Err(illegal("InstanceName", name, "2 to 108 characters"));
        }
        if let Some(suffix) = &self.instance_name_suffix {
            let more = suffix.chars().count();
            if !(1..=105).contains(&more) {
                return Err(illegal("InstanceNameSuffix", suffix, "1 to 105 characters"));
            }
            if length + more > 107 {
                return Err(Fault::new(
                    "InvalidParameterValue.InstanceNameWithSuffixTooLong",
                    format!(
                        "The name `{name}` and the suffix `{suffix}` together are longer than 107 characters."
                    ),
                ));
            }
        }
        Ok(())
    }
}

impl From<InstanceNameSettings> for model::InstanceNames {
    fn from(names: InstanceNameSettings) -> Self {
        model::InstanceNames {
            name: names.instance_name,
            style: names
                .instance_name_style
                .map(Into::into)
                .unwrap_or_default(),
            suffix: names.instance_name_suffix,
            delimiter: names.instance_name_delimiter,
        }
    }
}

/// HostNameSettings in answers: null members where nothing is set.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShownHostNames {
    host_name: Option<String>,
    host_name_style: Option<NameStyle>,
    host_name_suffix: Option<String>,
    host_name_delimiter: Option<String>,
}

impl ShownHostNames {
    pub(crate) fn of(names: Option<&model::HostNames>) -> ShownHostNames {
        names.map_or_else(ShownHostNames::default, |names| ShownHostNames {
            host_name: Some(names.name.clone()),
            host_name_style: Some(names.style.into()),
            host_name_suffix: names.suffix.clone(),
            host_name_delimiter: names.delimiter.clone(),
        })
    }
}

/// InstanceNameSettings in answers.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShownInstanceNames {
    instance_name: Option<String>,
    instance_name_style: Option<NameStyle>,
    instance_name_suffix: Option<String>,
    instance_name_delimiter: Option<String>,
}

impl ShownInstanceNames {
    pub(crate) fn of(names: Option<&model::InstanceNames>) -> ShownInstanceNames {
        names.map_or_else(ShownInstanceNames::default, |names| ShownInstanceNames {
            instance_name: Some(names.name.clone()),
            instance_name_style: Some(names.style.into()),
            instance_name_suffix: names.suffix.clone(),
            instance_name_delimiter: names.delimiter.clone(),
        })
    }
}
