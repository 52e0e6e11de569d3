//! Records that name each other: what is named has to be there, and stays while it is named.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

use std::sync::Arc;

use muster_engine::{Context, Facts, Quotas, Settings, change_records, layout};
use muster_model::{
    Account, AccountId, Codes, Error, FrontProtocol, HealthMonitorSpec, Ids, Kept, Key,
    KeyPairSpec, ListenerSpec, LoadBalancerId, PoolId, PoolMemberSpec, PoolSpec, ProbeAsk,
    RecordCommand, RecordId, RecordSpec, Records, SecurityGroupId, SecurityRuleSpec, Site,
    SubnetSpec, Time,
};
use serde_json::json;

/// The records of an account, changed one by one.
struct Has {
    records: Records,
    seed: u64,
}

impl Has {
    fn change(&mut self, command: RecordCommand) -> Result<Vec<RecordId>, Error> {
        let account = Account {
            id: AccountId::new(Key::from_bits(1)),
            name: "a".to_owned(),
            version: 5,
            created_at: Time(0),
        };
        let settings = Settings {
            quotas: Quotas {
                neighbours: 3,
                ..Quotas::default()
            },
            ..Settings::default()
        };
        let facts = Facts::default();
        self.seed += 1;
        let mut ids = Ids::new(self.seed);
        let mut context = Context {
            now: Time(1000),
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        let site = Site::default();
        let change = change_records(&account, &site, &self.records, &[command], &mut context)?;
        self.records = self.records.after(&change);
        Ok(change.made)
    }

    fn make(&mut self, spec: RecordSpec) -> Result<RecordId, Error> {
        self.change(RecordCommand::Create(spec)).map(|made| made[0])
    }

    fn delete(&mut self, id: RecordId) -> Result<(), Error> {
        self.change(RecordCommand::Delete { id }).map(|_| ())
    }
}

fn nothing() -> Has {
    Has {
        records: Records::default(),
        seed: 0,
    }
}

fn listener(balancer: LoadBalancerId, port: u16, protocol: &str) -> RecordSpec {
    RecordSpec::Listener(Box::new(ListenerSpec {
        name: String::new(),
        description: String::new(),
        balancer,
        protocol: protocol.to_owned(),
        port,
        default_pool: None,
        kept: Kept::new(),
    }))
}

fn member(pool: PoolId) -> RecordSpec {
    RecordSpec::PoolMember(Box::new(PoolMemberSpec {
        pool,
        name: String::new(),
        address: "10.0.0.1".to_owned(),
        port: 80,
        weight: 1,
        subnet: None,
        zone: None,
        up: true,
    }))
}

fn monitor(pool: PoolId) -> RecordSpec {
    RecordSpec::HealthMonitor(Box::new(HealthMonitorSpec {
        pool,
        name: String::new(),
        kind: "TCP".to_owned(),
        delay_secs: 5,
        timeout_secs: 3,
        rises: 3,
        falls: 3,
        kept: Kept::new(),
    }))
}

fn rule(group: SecurityGroupId, from: Option<SecurityGroupId>) -> RecordSpec {
    RecordSpec::SecurityRule(Box::new(SecurityRuleSpec {
        group,
        description: String::new(),
        direction: "ingress".to_owned(),
        ethertype: "IPv4".to_owned(),
        protocol: None,
        ports: None,
        action: "allow".to_owned(),
        priority: 1,
        remote_cidr: None,
        remote_group: from.map(SecurityGroupId::uuid),
        remote_address_group: None,
        enabled: true,
    }))
}

#[test]
fn what_is_laid_out_is_what_can_be_carried_out() {
    let mut has = nothing();
    let made = has.make(RecordSpec::LoadBalancer(Box::default()));
    let RecordId::LoadBalancer(balancer) = made.unwrap() else {
        panic!("another kind")
    };
    let mut fronts = Vec::new();
    for (port, protocol) in [(80, "HTTP"), (81, "TCP"), (82, "HTTPS")] {
        fronts.push(has.make(listener(balancer, port, protocol)).unwrap());
    }
    let RecordId::Listener(first) = fronts[0] else {
        panic!("another kind")
    };
    let made = has.make(RecordSpec::Pool(Box::new(PoolSpec {
        listener: Some(first),
        ..PoolSpec::default()
    })));
    let RecordId::Pool(pool) = made.unwrap() else {
        panic!("another kind")
    };
    has.make(member(pool)).unwrap();
    let RecordSpec::PoolMember(mut resting) = member(pool) else {
        panic!("another kind")
    };
    (resting.up, resting.port) = (false, 81);
    has.make(RecordSpec::PoolMember(resting)).unwrap();
    let check = has.make(monitor(pool)).unwrap();
    let laid = layout(&[Arc::new(has.records.clone())], []);
    let ports = laid.fronts.iter();
    let mut ports: Vec<_> = ports
        .map(|one| (one.port, one.protocol, one.pool.clone()))
        .collect();
    // They were made in one moment.
    ports.sort_by_key(|(port, _, _)| *port);
    assert_eq!(
        ports,
        [
            (80, FrontProtocol::Http, Some(pool.uuid())),
            (81, FrontProtocol::Tcp, None),
        ]
    );
    let laid_pool = &laid.pools[&pool.uuid()];
    let members = laid_pool.members.iter().map(|one| one.port);
    assert_eq!(members.collect::<Vec<_>>(), [80]);
    let probe = laid_pool.check.clone().unwrap();
    assert_eq!((probe.ask, probe.delay_secs), (ProbeAsk::Connect, 5));
    has.delete(check).unwrap();
    assert_eq!(
        layout(&[Arc::new(has.records.clone())], []).pools[&pool.uuid()].check,
        None,
        "as without one"
    );
    // What others balance is left to them, with the listeners that send load there.
    let elsewhere = laid.without(|place| place.listener == pool.uuid());
    assert!(elsewhere.pools.is_empty());
    assert_eq!(elsewhere.fronts.len(), 1);
}

/// A health check with what is kept of it.
fn checked(kind: &str, kept: serde_json::Value) -> Option<ProbeAsk> {
    let RecordSpec::HealthMonitor(spec) = monitor(PoolId::new(Key::from_bits(1))) else {
        panic!("another kind")
    };
    let spec = HealthMonitorSpec {
        kind: kind.to_owned(),
        kept: serde_json::from_value(kept).unwrap(),
        ..*spec
    };
    spec.probe().map(|probe| probe.ask)
}

#[test]
fn kinds_of_checks() {
    let http = |method: &str, path: &str, host: Option<&str>, codes| ProbeAsk::Http {
        method: method.to_owned(),
        path: path.to_owned(),
        host: host.map(str::to_owned),
        codes: Codes::parse(codes).unwrap(),
    };
    let told = json!({
        "http_method": "HEAD",
        "url_path": "/ready",
        "domain_name": "shop.example",
        "expected_codes": "200,204",
    });
    for (kind, kept, wanted) in [
        ("TCP", json!({}), Some(ProbeAsk::Connect)),
        ("HTTP", json!({}), Some(http("GET", "/", None, "200"))),
        (
            "HTTP",
            told,
            Some(http("HEAD", "/ready", Some("shop.example"), "200,204")),
        ),
        (
            "HTTP",
            json!({ "admin_state_up": false }),
            Some(ProbeAsk::Nothing),
        ),
        ("GRPC", json!({}), None),
    ] {
        assert_eq!(checked(kind, kept.clone()), wanted, "{kind} {kept}");
    }
}

#[test]
fn balancers_go_from_the_leaves_to_the_root() {
    let mut has = nothing();
    let spec = RecordSpec::LoadBalancer(Box::default());
    let RecordId::LoadBalancer(balancer) = has.make(spec).unwrap() else {
        panic!("another kind")
    };
    let RecordId::Listener(front) = has.make(listener(balancer, 80, "TCP")).unwrap() else {
        panic!("another kind")
    };
    let spec = RecordSpec::Pool(Box::new(PoolSpec {
        balancer: Some(balancer),
        listener: Some(front),
        ..PoolSpec::default()
    }));
    let RecordId::Pool(pool) = has.make(spec).unwrap() else {
        panic!("another kind")
    };
    let (own, check) = (has.make(member(pool)), has.make(monitor(pool)));
    let (own, check) = (own.unwrap(), check.unwrap());
    let all = [
        RecordId::LoadBalancer(balancer),
        RecordId::Listener(front),
        RecordId::Pool(pool),
    ];
    for id in all {
        let refused = has.delete(id);
        assert!(
            matches!(refused, Err(Error::InUse { .. })),
            "{id}: {refused:?}"
        );
    }
    let order = [own, check, RecordId::Pool(pool), RecordId::Listener(front)];
    for id in order.into_iter().chain([RecordId::LoadBalancer(balancer)]) {
        assert_eq!(has.delete(id), Ok(()), "{id}");
    }
    assert_eq!(has.records, Records::default());
    // Nothing is made for what is gone.
    for spec in [listener(balancer, 80, "TCP"), member(pool), monitor(pool)] {
        assert!(matches!(has.make(spec), Err(Error::NotFound { .. })));
    }
}

#[test]
fn a_port_has_one_listener_of_its_kind() {
    let mut has = nothing();
    let spec = RecordSpec::LoadBalancer(Box::default());
    let RecordId::LoadBalancer(balancer) = has.make(spec).unwrap() else {
        panic!("another kind")
    };
    has.make(listener(balancer, 80, "HTTP")).unwrap();
    let taken = has.make(listener(balancer, 80, "TCP"));
    assert!(matches!(taken, Err(Error::NameTaken { .. })), "{taken:?}");
    has.make(listener(balancer, 80, "UDP")).unwrap();
    has.make(listener(balancer, 81, "TCP")).unwrap();
    let full = has.make(listener(balancer, 82, "TCP"));
    assert!(matches!(full, Err(Error::QuotaExceeded { limit: 3, .. })));
}

#[test]
fn networks_and_security_groups_stay_while_they_are_named() {
    let mut has = nothing();
    let vpc = has.make(RecordSpec::Vpc(Box::default()));
    let RecordId::Vpc(vpc) = vpc.unwrap() else {
        panic!("another kind")
    };
    let spec = SubnetSpec {
        vpc: vpc.uuid(),
        ..SubnetSpec::default()
    };
    let subnet = has.make(RecordSpec::Subnet(Box::new(spec))).unwrap();
    let refused = has.delete(RecordId::Vpc(vpc));
    assert!(matches!(refused, Err(Error::InUse { .. })), "{refused:?}");
    has.delete(subnet).unwrap();
    has.delete(RecordId::Vpc(vpc)).unwrap();

    let mut group = || {
        let spec = RecordSpec::SecurityGroup(Box::default());
        match has.make(spec).unwrap() {
            RecordId::SecurityGroup(id) => id,
            other => panic!("another kind: {other}"),
        }
    };
    let (one, two) = (group(), group());
    let names_other = has.make(rule(one, Some(two))).unwrap();
    has.make(rule(two, Some(two))).unwrap();
    let refused = has.delete(RecordId::SecurityGroup(two));
    assert!(matches!(refused, Err(Error::InUse { .. })), "{refused:?}");
    has.delete(names_other).unwrap();
    // Its own rules name it too; whoever deletes it deletes them.
    has.delete(RecordId::SecurityGroup(two)).unwrap();
    assert!(matches!(
        has.make(rule(two, None)),
        Err(Error::NotFound { .. })
    ));
}

#[test]
fn names_of_key_pairs_are_taken_once() {
    let mut has = nothing();
    let pair = || {
        RecordSpec::KeyPair(Box::new(KeyPairSpec {
            name: "mine".to_owned(),
            ..KeyPairSpec::default()
        }))
    };
    let id = has.make(pair()).unwrap();
    assert!(matches!(has.make(pair()), Err(Error::NameTaken { .. })));
    has.delete(id).unwrap();
    has.make(pair()).unwrap();
}
