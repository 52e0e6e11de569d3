//! Listeners and pools that groups name without their balancer: those of accounts, those of a catalogue, and others.

use std::sync::Arc;

use super::catalogue::{catalogue, config, group, misfit, refusal_of, settings, unlisted};
use super::common::Table;
use muster_model::{
    AccountId, Balancer, BalancerChange, Catalogue, Door, Error, GroupCommand, GroupSpec, Kept,
    Key, Listed, ListedBalancer, ListedListener, Listener, ListenerId, ListenerSpec, LoadBalancer,
    LoadBalancerId, LoadBalancerSpec, Misfit, Pool, PoolId, PoolSpec, Record, RecordHead, Records,
    Site, Target, Time, TypesCheck, ZonesCheck,
};

fn head(account: u64, site: &Site) -> RecordHead {
    RecordHead {
        account: AccountId::new(Key::from_bits(account)),
        site: site.clone(),
        version: 1,
        ordinal: 1,
        created_at: Time(0),
        updated_at: Time(0),
    }
}

/// A balancer in a VPC, or with a subnet. Of the ids that follow `first` the next is its listener, then come its pool, a pool
/// of the listener, and a pool by itself in `vpc-2`.
fn laid(account: u64, first: u64, (vpc, subnet): (Option<&str>, Option<&str>)) -> Arc<Records> {
    let key = |number| Key::from_bits(first + number);
    let head = head(account, &Site::default());
    let balancer = LoadBalancerId::new(key(0));
    let listener = ListenerId::new(key(1));
    let pool = |number, spec: PoolSpec| {
        Record::Pool(Arc::new(Pool {
            id: PoolId::new(key(number)),
            head: head.clone(),
            spec,
        }))
    };
    let some = |text: Option<&str>| text.map(str::to_owned);
    let records = [
        Record::LoadBalancer(Arc::new(LoadBalancer {
            id: balancer,
            head: head.clone(),
            spec: LoadBalancerSpec {
                vpc: some(vpc),
                subnet: some(subnet),
                ..LoadBalancerSpec::default()
            },
        })),
        Record::Listener(Arc::new(Listener {
            id: listener,
            head: head.clone(),
            spec: ListenerSpec {
                name: String::new(),
                description: String::new(),
                balancer,
                protocol: "TCP".to_owned(),
                port: 80,
                default_pool: None,
                kept: Kept::new(),
            },
        })),
        pool(
            2,
            PoolSpec {
                balancer: Some(balancer),
                ..PoolSpec::default()
            },
        ),
        pool(
            3,
            PoolSpec {
                listener: Some(listener),
                ..PoolSpec::default()
            },
        ),
        pool(
            4,
            PoolSpec {
                vpc: Some("vpc-2".to_owned()),
                ..PoolSpec::default()
            },
        ),
    ];
    Arc::new(records.into_iter().collect())
}

fn listener(bits: u64) -> Balancer {
    Balancer::Listener {
        listener: ListenerId::new(Key::from_bits(bits)).uuid(),
    }
}

fn pool(bits: u64) -> Balancer {
    named_pool(&PoolId::new(Key::from_bits(bits)).uuid())
}

fn named_pool(id: &str) -> Balancer {
    Balancer::Pool {
        pool: id.to_owned(),
        target: Target {
            port: 80,
            weight: 1,
        },
    }
}

/// What a group in `vpc-1` of account 1 that is bound there is refused with.
fn refused(all: &Catalogue, records: &[Arc<Records>], balancer: Balancer) -> Option<Error> {
    let group = GroupSpec {
        balancers: vec![balancer],
        ..group("s1", "", ZonesCheck::Any)
    };
    let config = config("A", TypesCheck::Any);
    refusal_of(all.clone(), &config, records.to_vec(), &group)
}

#[test]
fn what_accounts_made_is_their_own_and_in_the_vpc() {
    let here = laid(1, 10, (Some("vpc-1"), None));
    let elsewhere = laid(1, 20, (Some("vpc-2"), None));
    let by_subnet = laid(1, 30, (None, Some("s1")));
    let unknown = laid(1, 40, (None, None));
    let anothers = laid(2, 50, (Some("vpc-1"), None));
    let records = [here, elsewhere, by_subnet, unknown, anothers];
    let id = |balancer: &Balancer| match balancer {
        Balancer::Listener { listener: id } | Balancer::Pool { pool: id, .. } => id.clone(),
        Balancer::Classic { .. } | Balancer::Forward { .. } => String::new(),
    };
    let other_vpc = |one| Some(misfit(Misfit::BalancerOfOtherVpc, &id(&one)));
    let loose = Catalogue {
        strict: false,
        ..catalogue()
    };
    for all in [catalogue(), loose] {
        for (balancer, answer) in [
            (listener(11), None),
            (pool(12), None),
            (pool(13), None),
            (pool(14), other_vpc(pool(14))),
            (listener(21), other_vpc(listener(21))),
            (pool(22), other_vpc(pool(22))),
            (pool(23), other_vpc(pool(23))),
            (listener(31), None),
            (listener(41), None),
            (
                listener(51),
                Some(unlisted(Listed::Listener, &id(&listener(51)))),
            ),
            (pool(52), Some(unlisted(Listed::Pool, &id(&pool(52))))),
        ] {
            let strict = all.strict;
            assert_eq!(
                refused(&all, &records, balancer.clone()),
                answer,
                "{strict} {balancer:?}"
            );
        }
    }
}

#[test]
fn what_nobody_made_here_is_an_id_unless_the_catalogue_is_strict() {
    let mut all = catalogue();
    let listed = |vpc: Option<&str>, id: &str| ListedBalancer {
        vpc: vpc.map(str::to_owned),
        listeners: [(format!("l-{id}"), ListedListener::default())].into(),
        pools: [format!("p-{id}")].into(),
        ..ListedBalancer::default()
    };
    for (vpc, id) in [(Some("vpc-1"), "1"), (Some("vpc-2"), "2"), (None, "3")] {
        all.balancers.insert(format!("lb-{id}"), listed(vpc, id));
    }
    let named = |id: &str| match id.starts_with("l-") {
        true => Balancer::Listener {
            listener: id.to_owned(),
        },
        false => named_pool(id),
    };
    for (id, answer) in [
        ("l-1", None),
        ("p-1", None),
        ("l-2", Some(misfit(Misfit::BalancerOfOtherVpc, "l-2"))),
        ("p-2", Some(misfit(Misfit::BalancerOfOtherVpc, "p-2"))),
        ("l-3", None),
        ("l-9", Some(unlisted(Listed::Listener, "l-9"))),
        ("p-9", Some(unlisted(Listed::Pool, "p-9"))),
    ] {
        assert_eq!(refused(&all, &[], named(id)), answer, "{id}");
        let loose = Catalogue {
            strict: false,
            ..all.clone()
        };
        assert_eq!(refused(&loose, &[], named(id)), None, "{id}");
    }
}

#[test]
fn what_is_bound_already_is_not_looked_at_again() {
    let mut t = Table::new(GroupSpec {
        balancers: vec![named_pool("p-9")],
        ..group("s1", "", ZonesCheck::Any)
    });
    t.settings = settings(catalogue());
    let set = |balancers: Vec<Balancer>| {
        GroupCommand::Balancers(BalancerChange::Replace {
            door: Door::Huawei,
            balancers,
            check_all: false,
        })
    };
    let more = set(vec![named_pool("p-9"), named_pool("p-8")]);
    assert_eq!(t.command(more), Err(unlisted(Listed::Pool, "p-8")));
    t.command(set(Vec::new())).unwrap();
    t.settle();
    assert!(t.view.group.spec.balancers.is_empty());
}
