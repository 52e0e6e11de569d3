//! What an account made itself, next to what the operator says that there is: a strict catalogue knows both.

use muster_model::{AccountId, Catalogue, ListedSubnet, Records, default_security_group};

/// A catalogue with the networks, security groups and key pairs of an account in it.
#[must_use]
pub fn with_made(catalogue: &Catalogue, account: AccountId, records: &Records) -> Catalogue {
    let mut all = catalogue.clone();
    all.vpcs.extend(records.vpcs.keys().map(|id| id.uuid()));
    let groups = records.security_groups.keys().copied();
    let groups = groups.chain([default_security_group(account)]);
    all.security_groups.extend(groups.map(|id| id.uuid()));
    let pairs = records.key_pairs.values();
    all.keys.extend(pairs.map(|pair| pair.spec.name.clone()));
    // One that names no zone is in all of them; the catalogue wants one.
    let mut zones = catalogue.zones.iter();
    let anywhere = zones.find(|(_, zone)| !zone.unavailable);
    let anywhere = anywhere.map(|(name, _)| name.clone()).unwrap_or_default();
    for subnet in records.subnets.values() {
        let spec = &subnet.spec;
        let zone = match spec.zone.is_empty() {
            true => anywhere.clone(),
            false => spec.zone.clone(),
        };
        let listed = ListedSubnet {
            zone,
            vpc: spec.vpc.clone(),
            ..ListedSubnet::default()
        };
        all.subnets.insert(subnet.id.uuid(), listed);
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use muster_model::{
        Key, KeyPair, KeyPairId, KeyPairSpec, ListedZone, Record, RecordHead, Site, Subnet,
        SubnetId, SubnetSpec, Time, Vpc, VpcId, VpcSpec,
    };

    use super::*;

    #[test]
    fn what_was_made_is_known_next_to_what_is_listed() {
        let account = AccountId::new(Key::from_bits(1));
        let head = RecordHead {
            account,
            site: Site::default(),
            version: 1,
            ordinal: 1,
            created_at: Time(0),
            updated_at: Time(0),
        };
        let vpc = Vpc {
            id: VpcId::new(Key::from_bits(2)),
            head: head.clone(),
            spec: VpcSpec::default(),
        };
        let subnet = |bits, zone: &str| Subnet {
            id: SubnetId::new(Key::from_bits(bits)),
            head: head.clone(),
            spec: SubnetSpec {
                vpc: vpc.id.uuid(),
                zone: zone.to_owned(),
                ..SubnetSpec::default()
            },
        };
        let (here, anywhere) = (subnet(3, "b"), subnet(4, ""));
        let pair = KeyPair {
            id: KeyPairId::new(Key::from_bits(5)),
            head: head.clone(),
            spec: KeyPairSpec {
                name: "mine".to_owned(),
                ..KeyPairSpec::default()
            },
        };
        let records: Records = [
            Record::Vpc(Arc::new(vpc.clone())),
            Record::Subnet(Arc::new(here.clone())),
            Record::Subnet(Arc::new(anywhere.clone())),
            Record::KeyPair(Arc::new(pair)),
        ]
        .into_iter()
        .collect();
        let mut catalogue = Catalogue::default();
        catalogue.vpcs.insert("listed".to_owned());
        let zone = |unavailable| ListedZone {
            unavailable,
            ..ListedZone::default()
        };
        catalogue.zones.insert("a".to_owned(), zone(true));
        catalogue.zones.insert("b".to_owned(), zone(false));
        let all = with_made(&catalogue, account, &records);
        assert!(all.vpcs.contains("listed") && all.vpcs.contains(&vpc.id.uuid()));
        assert_eq!(all.subnets[&here.id.uuid()].zone, "b");
        assert_eq!(all.subnets[&anywhere.id.uuid()].zone, "b");
        assert_eq!(all.subnets[&here.id.uuid()].vpc, vpc.id.uuid());
        assert!(all.keys.contains("mine"));
        let default = default_security_group(account).uuid();
        assert_eq!(Vec::from_iter(all.security_groups), [default]);
    }
}
