//! What every table of the engine begins with: an account, a group, and the machines behind its members.

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_engine::{Context, Facts, Settings, create_config, create_group};
use muster_model::{
    Account, AccountId, Allocation, ConfigSpec, Door, GroupSpec, GroupView, HealthCheck,
    HealthKind, Ids, InstanceId, Key, Machine, MachineHealth, MachineState, Network, OwnerKey,
    RetryPolicy, ServiceSettings, Site, Size, Spread, TerminationPolicy, Time, ZonesCheck,
};

/// A plain group in one subnet that does not retry.
pub(crate) fn spec(min: u32, desired: u32, max: u32) -> GroupSpec {
    GroupSpec {
        name: "web".to_owned(),
        config: None,
        size: Size { min, desired, max },
        enabled: true,
        cooldown_secs: 0,
        network: Network {
            vpc: "vpc-1".to_owned(),
            subnets: vec!["s1".to_owned()],
            ..Network::default()
        },
        spread: Spread::Ordered,
        zones_check: ZonesCheck::Any,
        termination: TerminationPolicy::OldestInstance,
        retry: RetryPolicy::None,
        health: HealthCheck {
            kind: HealthKind::Machine,
            period_secs: 0,
            grace_secs: 0,
        },
        balancers: Vec::new(),
        unheard: BTreeSet::new(),
        project: 0,
        tags: Vec::new(),
        service: ServiceSettings::default(),
        allocation: Allocation::LaunchConfiguration,
        capacity_rebalance: false,
        name_index: None,
        host_name_index: None,
        concurrent_scale_out: false,
        huawei: None,
    }
}

/// The group as it is made, with a configuration of machines of these types, and the ids that go on from there (seed 1).
pub(crate) fn made(mut spec: GroupSpec, types: &[&str], settings: &Settings) -> (GroupView, Ids) {
    let mut ids = Ids::new(1);
    let account = Account {
        id: AccountId::new(Key::from_bits(1)),
        name: "test".to_owned(),
        version: 1,
        created_at: Time(0),
    };
    let config = ConfigSpec {
        name: "conf".to_owned(),
        image: Some("img-1".to_owned()),
        instance_types: types.iter().map(|&name| name.to_owned()).collect(),
        ..ConfigSpec::default()
    };
    let (site, none) = (Site::default(), Facts::default());
    let mut context = Context {
        now: Time(0),
        ids: &mut ids,
        settings,
        facts: &none,
    };
    let config = create_config(&account, Door::Tencent3, &site, &config, &mut context).unwrap();
    spec.config = Some(config.id);
    let facts = Facts {
        config: Some(Arc::new(config)),
        ..Facts::default()
    };
    context.facts = &facts;
    let view = create_group(&account, Door::Tencent3, &site, &spec, &mut context).unwrap();
    (view, ids)
}

/// The machine behind a member, running and healthy.
pub(crate) fn machine(view: &GroupView, id: InstanceId) -> Machine {
    let instance = view.row(id);
    Machine {
        id,
        owner: Some(OwnerKey {
            group: view.group.id,
            instance: id,
        }),
        state: MachineState::Running,
        health: MachineHealth::Healthy,
        vpc: "vpc-1".to_owned(),
        placement: instance.map(|i| i.placement.clone()).unwrap_or_default(),
        image: "img-1".to_owned(),
        name: instance.map(|i| i.name.clone()).unwrap_or_default(),
        address: None,
        port: None,
        reclaim_at: None,
        tags: Vec::new(),
        created_at: Time(0),
    }
}
