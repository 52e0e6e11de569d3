//! Regions and zones: short names and numbers here, names in the other APIs. One table.

/// A region: its short name (L362), its name (L290), and what the numbers of its zones begin with.
const REGIONS: [(&str, &str, u32); 19] = [
    ("gz", "ap-guangzhou", 100_000),
    ("sh", "ap-shanghai", 200_000),
    ("bj", "ap-beijing", 800_000),
    ("hk", "ap-hongkong", 300_000),
    ("sg", "ap-singapore", 900_000),
    ("ca", "na-toronto", 400_000),
    ("usw", "na-siliconvalley", 150_000),
    ("cd", "ap-chengdu", 160_000),
    ("de", "eu-frankfurt", 170_000),
    ("kr", "ap-seoul", 180_000),
    ("cq", "ap-chongqing", 190_000),
    ("in", "ap-mumbai", 210_000),
    ("use", "na-ashburn", 220_000),
    ("th", "ap-bangkok", 230_000),
    ("ru", "eu-moscow", 240_000),
    ("jp", "ap-tokyo", 250_000),
    ("nj", "ap-nanjing", 330_000),
    ("shjr", "ap-shanghai-fsi", 700_000),
    ("szjr", "ap-shenzhen-fsi", 110_000),
];

/// The name of a region that is given by either name; another one is as it is.
pub(crate) fn region(given: &str) -> &str {
    let mut all = REGIONS.iter();
    all.find(|(short, ..)| *short == given)
        .map_or(given, |(_, name, _)| name)
}

/// The number of a zone, `ap-guangzhou-1` = 100001; none for one that is of no region here.
pub(crate) fn zone_number(name: &str) -> Option<u32> {
    let (region, index) = name.rsplit_once('-')?;
    let index: u32 = index
        .parse()
        .ok()
        .filter(|index| (1..1000).contains(index))?;
    let (.., first) = REGIONS.iter().find(|(_, name, _)| *name == region)?;
    Some(first + index)
}

/// The name of a zone that is given by its number; a name is as it is.
pub(crate) fn zone_name(given: &str) -> Option<String> {
    let Ok(number) = given.parse::<u32>() else {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let is_name = (1..=64).contains(&given.len()) && given.bytes().all(good);
        return is_name.then(|| given.to_owned());
    };
    let index = number % 1000;
    let (_, name, _) = REGIONS
        .iter()
        .find(|(.., first)| *first == number - index)?;
    (index > 0).then(|| format!("{name}-{index}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_and_zone_reads_back() {
        for (at, (short, name, first)) in REGIONS.iter().enumerate() {
            assert_eq!(region(short), *name);
            assert_eq!(region(name), *name);
            for index in [1, 2, 7, 12] {
                let zone = format!("{name}-{index}");
                assert_eq!(zone_number(&zone), Some(first + index));
                assert_eq!(zone_name(&(first + index).to_string()), Some(zone));
            }
            for (other_short, other_name, other_first) in &REGIONS[at + 1..] {
                assert!(short != other_short && name != other_name && first != other_first);
            }
        }
        assert_eq!(zone_name("100001").as_deref(), Some("ap-guangzhou-1"));
        assert_eq!(region("cn-north-4"), "cn-north-4");
    }

    #[test]
    fn what_is_in_no_region_keeps_its_name() {
        assert_eq!(zone_number("cn-north-4a"), None);
        assert_eq!(zone_number("ap-guangzhou-0"), None);
        assert_eq!(zone_name("cn-north-4a").as_deref(), Some("cn-north-4a"));
        for bad in ["", "123456", "100000", "a b", "99999999999"] {
            assert_eq!(
                zone_name(bad).filter(|name| name.contains("ap-")),
                None,
                "{bad}"
            );
        }
    }
}
