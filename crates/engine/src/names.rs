//! Names of machines and of their hosts (rules C7, G13): the configured name, a number, a suffix, joined by a delimiter.

use jiff::Timestamp;
use muster_model::{Door, HostNames, InstanceId, InstanceNames, NameIndex, NameStyle, Time};

use crate::draft::Draft;

/// Joins the parts where the configuration says nothing else.
const DELIMITER: &str = ".";
/// The largest number when its length is not set.
const LARGEST: u32 = 99_999_999;

/// What a new machine is called.
#[derive(Debug)]
pub(crate) struct Named {
    /// Its name.
    pub(crate) name: String,
    /// Its host name, if the configuration has one.
    pub(crate) host_name: Option<String>,
}

/// The largest number that an index gives.
fn largest(index: NameIndex) -> u32 {
    match index.length {
        0 => LARGEST,
        digits => 10u32.pow(digits.min(8)) - 1,
    }
}

/// The text of the next number, if numbers are on.
fn numbered(index: Option<NameIndex>, next: u32) -> Option<String> {
    let index = index.filter(|index| index.enabled)?;
    let width = usize::try_from(index.length).unwrap_or(0);
    Some(format!("{next:0width$}"))
}

/// Why the next machine cannot be named: its number is past the range.
pub(crate) fn exhausted(draft: &Draft<'_>) -> Option<String> {
    let group = draft.group();
    let past = |what: &str, index: Option<NameIndex>, next: u32| {
        let index = index.filter(|index| index.enabled)?;
        let most = largest(index);
        (next > most)
            .then(|| format!("the next number of {what} is {next}, past the largest one, {most}"))
    };
    past(
        "instance names",
        group.spec.name_index,
        group.next_name_index,
    )
    .or_else(|| {
        past(
            "host names",
            group.spec.host_name_index,
            group.next_host_index,
        )
    })
}

/// Name, number (or what makes it unique) and suffix.
fn joined(
    name: &str,
    style: NameStyle,
    suffix: Option<&String>,
    delimiter: Option<&String>,
    number: Option<String>,
    unique: &str,
) -> String {
    let unique = || match style {
        NameStyle::Original => None,
        NameStyle::Unique => Some(unique.to_owned()),
    };
    let mut parts = vec![name.to_owned()];
    parts.extend(number.or_else(unique));
    parts.extend(suffix.cloned());
    parts.join(delimiter.map_or(DELIMITER, String::as_str))
}

/// What makes a name unique: capital letters where Huawei's API made the configuration (L3161).
fn unique(draft: &Draft<'_>, id: InstanceId) -> String {
    let text = id.key().base36();
    let config = draft.view().config.as_ref();
    match config.map(|config| config.door) {
        Some(Door::Huawei) => text.to_ascii_uppercase(),
        Some(Door::Tencent3 | Door::Tencent2 | Door::Ksyun) | None => text,
    }
}

/// A moment in China's time, as digits.
fn stamp(at: Time) -> String {
    let secs = at.unix_secs().saturating_add(8 * 3600);
    let moment = Timestamp::from_second(secs).unwrap_or(Timestamp::MAX);
    moment.strftime("%Y%m%d%H%M%S").to_string()
}

/// Names the machine of a new instance, and takes the numbers that go into that.
pub(crate) fn take(
    draft: &mut Draft<'_>,
    instance_names: Option<&InstanceNames>,
    host_names: Option<&HostNames>,
    time_suffix: bool,
    id: InstanceId,
) -> Named {
    let group = draft.group();
    let number = numbered(group.spec.name_index, group.next_name_index);
    let host_number = numbered(group.spec.host_name_index, group.next_host_index);
    let plain = InstanceNames {
        name: format!("as-{}", group.spec.name),
        ..InstanceNames::default()
    };
    let unnamed = |names: &&InstanceNames| names.name.is_empty();
    let prefix = match instance_names.filter(unnamed) {
        Some(_) => &plain.name,
        None => &instance_names.unwrap_or(&plain).name,
    };
    let names = instance_names.unwrap_or(&plain);
    if number.is_some() {
        let next = draft.group().next_name_index.saturating_add(1);
        draft.group_mut().next_name_index = next;
    }
    if host_names.is_some() && host_number.is_some() {
        let next = draft.group().next_host_index.saturating_add(1);
        draft.group_mut().next_host_index = next;
    }
    let unique = unique(draft, id);
    let name = joined(
        prefix,
        names.style,
        names.suffix.as_ref(),
        names.delimiter.as_ref(),
        number,
        &unique,
    );
    Named {
        name: match time_suffix {
            false => name,
            true => format!("{name}-{}", stamp(draft.now)),
        },
        host_name: host_names.map(|names| {
            joined(
                &names.name,
                names.style,
                names.suffix.as_ref(),
                names.delimiter.as_ref(),
                host_number,
                &unique,
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_model::Key;

    #[test]
    fn name_number_and_suffix_are_joined() {
        let id = InstanceId::new(Key::from_bits(7)).key().base36();
        let text = |text: &str| Some(text.to_owned());
        for (style, suffix, delimiter, number, expected) in [
            (NameStyle::Original, None, None, None, "test"),
            (
                NameStyle::Original,
                text("suffix"),
                None,
                text("0"),
                "test.0.suffix",
            ),
            (
                NameStyle::Original,
                text("server"),
                text("-"),
                text("007"),
                "test-007-server",
            ),
            (
                NameStyle::Original,
                text("server"),
                text(""),
                text("007"),
                "test007server",
            ),
            (NameStyle::Unique, None, None, None, "test.00000007"),
            (
                NameStyle::Unique,
                text("suffix"),
                None,
                text("3"),
                "test.3.suffix",
            ),
        ] {
            let got = joined(
                "test",
                style,
                suffix.as_ref(),
                delimiter.as_ref(),
                number,
                &id,
            );
            assert_eq!(got, expected);
        }
    }

    #[test]
    fn a_moment_is_written_in_chinas_time() {
        assert_eq!(stamp(Time(1_608_263_424_000)), "20201218115024");
    }

    #[test]
    fn the_length_bounds_the_number() {
        let index = |length| NameIndex {
            enabled: true,
            begin: None,
            length,
        };
        assert_eq!(largest(index(0)), 99_999_999);
        assert_eq!(largest(index(3)), 999);
        assert_eq!(numbered(Some(index(4)), 7).as_deref(), Some("0007"));
        assert_eq!(numbered(Some(index(0)), 7).as_deref(), Some("7"));
        assert_eq!(numbered(None, 7), None);
    }
}
