//! Kinds of machines: cores, memory and a series here, one name in the other APIs. `S2.MEDIUM4` is the second standard
//! series with 2 cores and 4 GB.

/// `cvmType` and the family that it is called by in type names (L932); the first one is the default.
const SERIES: [(&str, &str); 7] = [
    ("11", "S1"),
    ("12", "S2"),
    ("21", "I1"),
    ("22", "I2"),
    ("31", "M1"),
    ("32", "M2"),
    ("42", "C2"),
];

/// What is shown of a kind of machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Cores; 0 = not known.
    pub(crate) cpu: u32,
    /// Memory in GB; 0 = not known.
    pub(crate) mem: u32,
    /// The series.
    pub(crate) cvm_type: &'static str,
}

/// The values of `cvmType`.
pub(crate) fn series() -> impl Iterator<Item = &'static str> {
    SERIES.iter().map(|(number, _)| *number)
}

/// The name of a kind of machine; none if nothing is called so.
pub(crate) fn name(cvm_type: &str, cpu: u32, mem: u32) -> Option<String> {
    let (_, family) = SERIES.iter().find(|(number, _)| *number == cvm_type)?;
    let size = match cpu {
        1 => "SMALL".to_owned(),
        2 => "MEDIUM".to_owned(),
        4 => "LARGE".to_owned(),
        more if more % 4 == 0 && (8..=256).contains(&more) => format!("{}XLARGE", more / 4),
        _ => return None,
    };
    (1..=4096)
        .contains(&mem)
        .then(|| format!("{family}.{size}{mem}"))
}

/// What a kind of machine is shown as. `cores`: what the catalogue knows of it.
pub(crate) fn shown(name: &str, cores: Option<u32>) -> Shown {
    let tencent = tencent(name);
    let series = tencent.and_then(|(family, ..)| SERIES.iter().find(|(_, own)| *own == family));
    let (cpu, mem) = tencent
        .map(|(_, cpu, mem)| (cpu, mem))
        .or_else(|| huawei(name))
        .or_else(|| ksyun(name))
        .unwrap_or((0, 0));
    Shown {
        cpu: cores.unwrap_or(cpu),
        mem,
        cvm_type: series.map_or(SERIES[0].0, |(number, _)| number),
    }
}

/// `S2.MEDIUM4`: family, cores, memory.
fn tencent(name: &str) -> Option<(&str, u32, u32)> {
    let (family, size) = name.split_once('.')?;
    let digits = size.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (word, mem) = size.split_at(size.len() - digits);
    let cpu = match word {
        "SMALL" => 1,
        "MEDIUM" => 2,
        "LARGE" => 4,
        more => more
            .strip_suffix("XLARGE")?
            .parse::<u32>()
            .ok()?
            .checked_mul(4)?,
    };
    Some((family, cpu, mem.parse().ok()?))
}

/// `s3.xlarge.2`: cores by the word, memory in GB per core at the end.
fn huawei(name: &str) -> Option<(u32, u32)> {
    let mut parts = name.splitn(3, '.').skip(1);
    let (word, ratio) = (parts.next()?, parts.next()?.parse::<u32>().ok()?);
    let cpu = match word {
        "small" | "medium" => 1,
        "large" => 2,
        "xlarge" => 4,
        more => more
            .strip_suffix("xlarge")?
            .parse::<u32>()
            .ok()?
            .checked_mul(4)?,
    };
    Some((cpu, cpu.checked_mul(ratio)?))
}

/// `N3.2B`: cores, and a letter for the memory per core.
fn ksyun(name: &str) -> Option<(u32, u32)> {
    let (_, size) = name.split_once('.')?;
    let (cpu, letter) = size.split_at_checked(size.len().checked_sub(1)?)?;
    let cpu: u32 = cpu.parse().ok()?;
    let ratio = match letter {
        "A" => 1,
        "B" => 2,
        "C" => 4,
        "D" => 8,
        _ => return None,
    };
    Some((cpu, cpu.checked_mul(ratio)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_and_size_reads_back() {
        for cvm_type in series() {
            for (cpu, mem) in [
                (1, 1),
                (1, 2),
                (2, 4),
                (4, 8),
                (8, 16),
                (12, 24),
                (16, 64),
                (24, 48),
            ] {
                let name = name(cvm_type, cpu, mem).unwrap();
                assert_eq!(shown(&name, None), Shown { cpu, mem, cvm_type }, "{name}");
            }
        }
        assert_eq!(name("12", 2, 4).as_deref(), Some("S2.MEDIUM4"));
        assert_eq!(name("11", 8, 16).as_deref(), Some("S1.2XLARGE16"));
        for (cvm_type, cpu, mem) in [
            ("13", 1, 1),
            ("11", 3, 4),
            ("11", 0, 1),
            ("11", 6, 4),
            ("11", 2, 0),
        ] {
            assert_eq!(name(cvm_type, cpu, mem), None, "{cvm_type} {cpu} {mem}");
        }
    }

    #[test]
    fn kinds_of_other_clouds_show_what_their_names_say() {
        let other = |cpu, mem| Shown {
            cpu,
            mem,
            cvm_type: "11",
        };
        assert_eq!(shown("s3.xlarge.2", None), other(4, 8));
        assert_eq!(shown("c6.2xlarge.4", None), other(8, 32));
        assert_eq!(shown("N3.2B", None), other(2, 4));
        assert_eq!(shown("SA2.MEDIUM4", None), other(2, 4));
        assert_eq!(shown("whatever", Some(3)), other(3, 0));
        assert_eq!(shown("", None), other(0, 0));
    }
}
