//! Alarms: how many windows are judged a second on one core, and what it costs to take in what a hundred members report.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench says what broke by failing, and what it measured by printing"
)]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use muster_engine::alarm::{Level, Rule, judge, turn};
use muster_engine::{Context, Facts, Settings, apply, create_config, create_group};
use muster_model::{
    Account, AccountId, Allocation, Comparison, ConfigSpec, Door, GroupCommand, GroupSpec,
    GroupView, HealthCheck, HealthKind, Ids, InstanceId, Key, Metric, MissingData, Network, Point,
    RetryPolicy, ServiceSettings, Site, Size, Spread, Stood, TerminationPolicy, Time, ZonesCheck,
};

/// Windows in memory: more than a cache holds.
const WINDOWS: usize = 1_000_000;
/// Samples of a window.
const SAMPLES: usize = 5;
const MEMBERS: u64 = 100;

/// Values between 10 and 100, one in ten a gap.
fn levels(count: usize) -> Vec<Level> {
    let mut state = 1u64;
    let level = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        match (state >> 33) % 1000 {
            0..100 => Level::GAP,
            other => Level::of(other as f64 / 10.0),
        }
    };
    (0..count).map(level).collect()
}

fn windows(c: &mut Criterion) {
    let levels = levels(WINDOWS * SAMPLES);
    let rule = Rule {
        comparison: Comparison::Greater,
        threshold: 60.0,
        breaches: 3,
        missing: MissingData::Hold,
    };
    let mut stood = vec![Stood::default(); WINDOWS];
    let (mut round, mut turned) = (0i64, 0u64);
    let mut group = c.benchmark_group("alarms");
    group.sample_size(20);
    group.throughput(Throughput::Elements(WINDOWS as u64));
    group.bench_function("windows of 5 samples with gaps, judged and turned", |b| {
        b.iter(|| {
            round += 1;
            // Other values for each alarm in each round: so they do turn.
            let shift = (round as usize * 7919) % WINDOWS * SAMPLES;
            let (first, second) = levels.split_at(shift);
            let rings = second
                .chunks_exact(SAMPLES)
                .chain(first.chunks_exact(SAMPLES));
            for (ring, stood) in rings.zip(stood.iter_mut()) {
                let judged = judge(black_box(&rule), ring);
                let next = turn(*stood, judged.standing, Time(round));
                turned += u64::from(next.since != stood.since);
                *stood = next;
            }
            black_box(turned)
        });
    });
    group.finish();
    println!(
        "{:.0} % of the windows turned",
        turned as f64 * 100.0 / (round as f64 * WINDOWS as f64)
    );
}

fn plain(config: muster_model::ConfigId) -> GroupSpec {
    GroupSpec {
        name: "bench".to_owned(),
        config: Some(config),
        size: Size {
            min: 0,
            desired: 0,
            max: 100,
        },
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

fn empty_group(ids: &mut Ids, settings: &Settings) -> GroupView {
    let account = Account {
        id: AccountId::new(Key::from_bits(1)),
        name: "bench".to_owned(),
        version: 1,
        created_at: Time(0),
    };
    let spec = ConfigSpec {
        name: "conf".to_owned(),
        image: Some("img-1".to_owned()),
        instance_types: vec!["A".to_owned()],
        ..ConfigSpec::default()
    };
    let (site, none) = (Site::default(), Facts::default());
    let mut context = Context {
        now: Time(0),
        ids,
        settings,
        facts: &none,
    };
    let config = create_config(&account, Door::Tencent3, &site, &spec, &mut context).unwrap();
    let spec = plain(config.id);
    let facts = Facts {
        config: Some(Arc::new(config)),
        ..Facts::default()
    };
    context.facts = &facts;
    create_group(&account, Door::Tencent3, &site, &spec, &mut context).unwrap()
}

/// What a hundred members report every five seconds, applied, and the rows of the change as the store writes them.
fn measured(c: &mut Criterion) {
    let (mut ids, settings, facts) = (Ids::new(1), Settings::default(), Facts::default());
    let mut view = empty_group(&mut ids, &settings);
    let metric = Metric("cpu_util".to_owned());
    let mut now = Time(1_000_000_000_000);
    let (mut commits, mut bytes) = (0usize, 0usize);
    c.bench_function("values of 100 members, applied and written as rows", |b| {
        b.iter(|| {
            now = now.plus_secs(5);
            let points = (0..MEMBERS).map(|n| {
                let point = Point {
                    at: now,
                    instance: Some(InstanceId::new(Key::from_bits(n))),
                    value: 40.0 + n as f64 / 7.0,
                };
                (metric.clone(), point)
            });
            let command = GroupCommand::Measured(points.collect());
            let mut context = Context {
                now,
                ids: &mut ids,
                settings: &settings,
                facts: &facts,
            };
            let (change, _) = apply(&view, &command, &mut context).unwrap();
            for part in &change.parts {
                bytes += serde_json::to_string(part).unwrap().len();
            }
            commits += 1;
            view = view.after(&change).unwrap();
        });
    });
    println!("{} bytes a commit on average", bytes / commits.max(1));
}

criterion_group!(benches, windows, measured);
criterion_main!(benches);
