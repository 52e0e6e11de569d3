//! Checks of form and range that are this door's own.

use muster_model::{ActivityId, ConfigId, GroupId, InstanceId, ResourceKind};

use crate::fault::Fault;

/// Ids one call may name (rule I5).
pub(crate) const MAX_IDS: usize = 100;

/// A name of letters, digits, `_`, `-`, `.`; `chinese` allows any other letter as well.
pub(crate) fn name(
    parameter: &str,
    value: &str,
    max_bytes: usize,
    chinese: bool,
) -> Result<(), Fault> {
    if value.len() > max_bytes {
        return Err(Fault::new(
            "InvalidParameterValue.TooLong",
            format!(
                "The parameter `{parameter}` is {} bytes long; at most {max_bytes} are allowed.",
                value.len()
            ),
        ));
    }
    let good = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') || (chinese && c.is_alphabetic())
    };
    if value.is_empty() || !value.chars().all(good) {
        return Err(Fault::value(
            parameter,
            value,
            "letters, digits, `_`, `-` and `.` only",
        ));
    }
    Ok(())
}

/// Whether a region could be called that.
pub(crate) fn is_region(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(good)
}

/// A whole number in a range.
pub(crate) fn number(parameter: &str, value: i64, min: i64, max: i64) -> Result<u32, Fault> {
    match u32::try_from(value) {
        Ok(number) if (min..=max).contains(&value) => Ok(number),
        Ok(_) | Err(_) => Err(Fault::range(parameter, value, min, max)),
    }
}

/// A number of instances, 0 to 2000 (rule G2).
pub(crate) fn size(parameter: &str, value: i64) -> Result<u32, Fault> {
    number(parameter, value, 0, 2000)
}

/// At most `max` entries.
pub(crate) fn count<T>(
    code: &'static str,
    parameter: &str,
    list: &[T],
    max: usize,
) -> Result<(), Fault> {
    if list.len() <= max {
        Ok(())
    } else {
        Err(Fault::too_many(code, parameter, list.len(), max))
    }
}

/// An id of another form.
pub(crate) fn bad_id(code: &'static str, parameter: &str, value: &str, prefix: &str) -> Fault {
    Fault::new(
        code,
        format!(
            "The value `{value}` of the parameter `{parameter}` is not an id of the form `{prefix}xxxxxxxx`."
        ),
    )
}

macro_rules! ids {
    ($(#[$doc:meta])* $list:ident $kind:ty, $code:literal, $parameter:literal, $prefix:literal) => {
        $(#[$doc])*
        pub(crate) fn $list(values: &[String]) -> Result<Vec<$kind>, Fault> {
            let mut found = Vec::with_capacity(values.len());
            for value in values {
                if !<$kind>::is_well_formed(value) {
                    return Err(bad_id($code, $parameter, value, $prefix));
                }
                // What no resource can have is absent, and absent ones are not found (rule I2).
                found.extend(<$kind>::parse(value).ok());
            }
            Ok(found)
        }
    };
}

ids!(
    /// Group ids to look for.
    group_ids GroupId, "InvalidParameterValue.InvalidAutoScalingGroupId", "AutoScalingGroupIds", "asg-"
);
ids!(
    /// Configuration ids to look for.
    config_ids ConfigId, "InvalidParameterValue.InvalidLaunchConfigurationId", "LaunchConfigurationIds", "asc-"
);
ids!(
    /// Instance ids to look for.
    instance_ids InstanceId, "InvalidParameterValue.InvalidInstanceId", "InstanceIds", "ins-"
);
ids!(
    /// Activity ids to look for.
    activity_ids ActivityId, "InvalidParameterValue.InvalidActivityId", "ActivityIds", "asa-"
);

fn absent<T>(kind: ResourceKind, value: &str, action: &str) -> Result<T, Fault> {
    Err(crate::codes::fault(
        &muster_model::Error::NotFound {
            kind,
            id: value.to_owned(),
        },
        action,
    ))
}

/// The group to work on.
pub(crate) fn group_id(value: &str, action: &str) -> Result<GroupId, Fault> {
    if !GroupId::is_well_formed(value) {
        let code = "InvalidParameterValue.InvalidAutoScalingGroupId";
        return Err(bad_id(code, "AutoScalingGroupId", value, "asg-"));
    }
    GroupId::parse(value).or_else(|_| absent(ResourceKind::Group, value, action))
}

/// The configuration to work on, or with.
pub(crate) fn config_id(value: &str, action: &str) -> Result<ConfigId, Fault> {
    if !ConfigId::is_well_formed(value) {
        let code = "InvalidParameterValue.InvalidLaunchConfigurationId";
        return Err(bad_id(code, "LaunchConfigurationId", value, "asc-"));
    }
    ConfigId::parse(value).or_else(|_| absent(ResourceKind::Config, value, action))
}

/// Members to work on: 1 to 100, all well-formed. One that cannot exist is not a member.
pub(crate) fn members(values: &[String], absent: &'static str) -> Result<Vec<InstanceId>, Fault> {
    if values.is_empty() {
        return Err(Fault::new(
            "MissingParameter",
            "The parameter `InstanceIds` must name at least one instance.",
        ));
    }
    count(
        "InvalidParameterValue.LimitExceeded",
        "InstanceIds",
        values,
        MAX_IDS,
    )?;
    let found = instance_ids(values)?;
    if found.len() != values.len() {
        let stranger = values
            .iter()
            .find(|value| InstanceId::parse(value).is_err())
            .cloned()
            .unwrap_or_default();
        return Err(Fault::new(
            absent,
            format!("The instance `{stranger}` does not exist or is not in the group."),
        ));
    }
    Ok(found)
}

/// An id of something that is kept as text: prefix and 1 to 32 letters or digits.
pub(crate) fn text_id(
    code: &'static str,
    parameter: &str,
    value: &str,
    prefix: &str,
) -> Result<(), Fault> {
    let good = value.strip_prefix(prefix).is_some_and(|body| {
        (1..=32).contains(&body.len()) && body.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if good {
        Ok(())
    } else {
        Err(bad_id(code, parameter, value, prefix))
    }
}
