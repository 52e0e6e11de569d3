//! What an instance type means for a process: a share of CPU and of memory.

/// What a machine may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Whole CPUs.
    pub(crate) cpus: u64,
    /// Bytes of memory.
    pub(crate) memory_bytes: u64,
}

const GIB: u64 = 1 << 30;

/// Reads `2C4G`, or the Tencent form `S5.MEDIUM4`: SMALL, MEDIUM, LARGE, `n`XLARGE are 1, 2, 4, 4n CPUs, the number at
/// the end is GiB of memory. Any other type has no limits.
pub(crate) fn allowance(instance_type: &str) -> Option<Allowance> {
    let upper = instance_type.to_ascii_uppercase();
    if let Some((cpus, memory)) = upper
        .strip_suffix('G')
        .and_then(|text| text.split_once('C'))
    {
        return make(cpus.parse().ok()?, memory.parse().ok()?);
    }
    let size = upper.rsplit('.').next()?;
    let name = size.trim_end_matches(|c: char| c.is_ascii_digit());
    let memory = size[name.len()..].parse().ok()?;
    let cpus = match name {
        "SMALL" => 1,
        "MEDIUM" => 2,
        "LARGE" => 4,
        _ => match name.strip_suffix("XLARGE")? {
            "" => 4,
            times => times.parse::<u64>().ok()?.checked_mul(4)?,
        },
    };
    make(cpus, memory)
}

fn make(cpus: u64, memory_gib: u64) -> Option<Allowance> {
    let sane = (1..=4096).contains(&cpus) && (1..=65_536).contains(&memory_gib);
    sane.then_some(Allowance {
        cpus,
        memory_bytes: memory_gib * GIB,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_meanings() {
        for (name, cpus, gib) in [
            ("S5.SMALL1", 1, 1),
            ("S5.MEDIUM4", 2, 4),
            ("s2.large8", 4, 8),
            ("SA2.2XLARGE16", 8, 16),
            ("2C4G", 2, 4),
        ] {
            assert_eq!(
                allowance(name),
                Some(Allowance {
                    cpus,
                    memory_bytes: gib * GIB
                }),
                "{name}"
            );
        }
        for name in [
            "",
            "A",
            "S5.HUGE",
            "S5.LARGE",
            "0C4G",
            "xC4G",
            "S5.XLARGE99999999999999999999",
            "é.SMALL1x",
        ] {
            assert_eq!(allowance(name), None, "{name}");
        }
    }
}
