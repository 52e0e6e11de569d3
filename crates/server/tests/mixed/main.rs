//! Seeded runs through the doors: signed requests of every API, as bytes, to one service over simulated machines that fail.
//! After every answer the engine's invariants hold, nothing was answered with a failure of the service, and everything that
//! there is reads through every door, and is the same there.
//!
//! `MUSTER_SEEDS` counts here as well, 25 to one (default 1,000: 40 runs), `MUSTER_SEED_FROM` is the first. A failing seed
//! prints the line that draws the same again; the ids are the service's own and differ.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test says what broke by failing"
)]

mod asks;
mod service;

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;
use muster_model::{GroupView, Lifecycle};
use muster_sim::{Action, Effect, Fault, Faults, Match, Op};
use serde_json::{Value, json};

use service::{World, huawei, ksyun, qcloud, tencent};

const TASKS: u64 = 4;
/// Requests of a run.
const STEPS: usize = 40;

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Faults that strike from now on, a few times.
fn faults(world: &mut World) -> Faults {
    let mut rules = Vec::new();
    for _ in 0..world.dice.below(3) {
        rules.push(Fault {
            op: world.pick(&[
                Op::Launch,
                Op::Terminate,
                Op::LbAttach,
                Op::LbDetach,
                Op::Describe,
                Op::Stop,
            ]),
            matching: Match::default(),
            effect: world.pick(&[
                Effect::Error,
                Effect::TimeoutDone,
                Effect::TimeoutNotDone,
                Effect::SoldOut,
                Effect::Quota,
            ]),
            times: Some(1 + world.dice.below(3) as u32),
            latency_secs: None,
        });
    }
    Faults { rules }
}

/// Time passes, machines die or fall ill, the service restarts.
async fn happen(world: &mut World) {
    match world.dice.below(10) {
        0 => {
            let rules = faults(world);
            world.sim.set_faults(rules);
        }
        1 | 2 => {
            let views = world.views().await;
            let members: Vec<_> = views
                .iter()
                .flat_map(|view| view.instances.keys().copied())
                .collect();
            if !members.is_empty() {
                let one = members[world.dice.below(members.len())];
                let action = world.pick(&[Action::Kill, Action::Unhealthy, Action::Stop]);
                // A member whose machine is not there yet is nobody that this could happen to.
                let acted = world.sim.act(one, action);
                world.log.push(format!("    {one}: {action:?}: {acted:?}"));
            }
        }
        3 if world.dice.strikes(300) => {
            world.log.push("    a restart".to_owned());
            world.restart().await;
        }
        3..=6 => {
            let secs = 1 + world.dice.below(90) as u64;
            world.log.push(format!("    {secs} s pass"));
            world.runtime.advance(secs).await;
        }
        _ => {}
    }
}

/// The one group of an answer to a read, as (minimum, desired, maximum, members, members in service where that is told).
fn told(door: &str, body: &Value) -> [i64; 4] {
    let int = |value: &Value| value.as_i64().unwrap_or_else(|| panic!("{door}: {body}"));
    match door {
        "tencent" => {
            let group = &body["Response"]["AutoScalingGroupSet"][0];
            ["MinSize", "DesiredCapacity", "MaxSize", "InstanceCount"].map(|name| int(&group[name]))
        }
        "huawei" => {
            let group = &body["scaling_group"];
            [
                "min_instance_number",
                "desire_instance_number",
                "max_instance_number",
                "current_instance_number",
            ]
            .map(|name| int(&group[name]))
        }
        "qcloud" => {
            let group = &body["data"]["scalingGroupSet"][0];
            ["minSize", "desiredCapacity", "maxSize", "instanceNum"].map(|name| int(&group[name]))
        }
        _ => {
            let group = &body["ScalingGroupSet"][0];
            ["MinSize", "DesiredCapacity", "MaxSize", "InstanceNum"].map(|name| int(&group[name]))
        }
    }
}

/// Reads a group through every door, and compares.
async fn compare(world: &mut World, view: &Arc<GroupView>) -> Result<(), String> {
    for ask in asks::reads(world, view) {
        world.read(ask).await?;
    }
    let id = view.group.id;
    let mine = json!({ "AutoScalingGroupIds": [id.to_string()] });
    let one = world
        .read(tencent("DescribeAutoScalingGroups", &mine))
        .await?;
    let path = format!("scaling_group/{}", id.uuid());
    let two = world.read(huawei(Method::GET, &path, &Value::Null)).await?;
    let three = ksyun(
        "DescribeScalingGroup",
        &[("ScalingGroupId.1", id.decimal())],
    );
    let three = world.read(three).await?;
    let all = [
        told("tencent", &one),
        told("huawei", &two),
        told("ksyun", &three),
    ];
    match all[0] == all[1] && all[1] == all[2] {
        true => Ok(()),
        false => Err(format!("{id} is {all:?} (Tencent, Huawei, Kingsoft)")),
    }
}

/// Every door lists every group.
async fn same_list(world: &mut World) -> Result<(), String> {
    let views = world.views().await;
    let expected: BTreeSet<String> = views.iter().map(|view| view.group.id.to_string()).collect();
    let texts = |list: &Value, name: &str| -> Vec<String> {
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter()
            .filter_map(|one| one[name].as_str().map(str::to_owned))
            .collect()
    };
    let one = world
        .read(tencent(
            "DescribeAutoScalingGroups",
            &json!({ "Limit": 100 }),
        ))
        .await?;
    let one = texts(
        &one["Response"]["AutoScalingGroupSet"],
        "AutoScalingGroupId",
    );
    let two = world
        .read(huawei(Method::GET, "scaling_group?limit=100", &Value::Null))
        .await?;
    let two = texts(&two["scaling_groups"], "scaling_group_id");
    let three = world
        .read(ksyun(
            "DescribeScalingGroup",
            &[("MaxResults", "100".to_owned())],
        ))
        .await?;
    let three = texts(&three["ScalingGroupSet"], "ScalingGroupId");
    let four = qcloud(
        world,
        "DescribeScalingGroup",
        &[("limit", "100".to_owned())],
    );
    let four = world.read(four).await?;
    let four = texts(&four["data"]["scalingGroupSet"], "scalingGroupId");
    for (door, listed) in [
        ("Tencent", one),
        ("Huawei", two),
        ("Kingsoft", three),
        ("2017", four),
    ] {
        let ids = listed
            .iter()
            .map(|id| muster_model::GroupId::parse_any(id).unwrap().to_string());
        let ids: BTreeSet<String> = ids.collect();
        if ids != expected {
            return Err(format!("{door} lists {ids:?}, there are {expected:?}"));
        }
    }
    Ok(())
}

/// Whether the sizes of a view have been told: a turn may have come in between.
async fn steady(world: &World, view: &Arc<GroupView>) -> bool {
    let views = world.views().await;
    views
        .iter()
        .any(|now| now.group.id == view.group.id && now.group.version == view.group.version)
}

async fn check(world: &mut World) -> Result<(), String> {
    let problems = world.problems().await;
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    for view in world.views().await {
        let compared = compare(world, &view).await;
        // What was read while the group changed is no picture of one moment.
        if compared.is_err() && steady(world, &view).await {
            return compared;
        }
    }
    Ok(())
}

async fn step(world: &mut World, number: usize) -> Result<(), String> {
    let views = world.views().await;
    let configs: Vec<_> = views
        .iter()
        .filter_map(|view| view.group.spec.config)
        .collect();
    let ask = match world.dice.below(12) {
        0 => asks::config(world, number),
        1 if !configs.is_empty() => {
            let config = configs[world.dice.below(configs.len())];
            asks::group(world, config, number)
        }
        _ if views.is_empty() => return begin(world, number).await,
        _ => {
            let view = Arc::clone(&views[world.dice.below(views.len())]);
            asks::change(world, &view)
        }
    };
    world.send(ask).await?;
    happen(world).await;
    check(world).await
}

/// A configuration and a group of it, each through some door.
async fn begin(world: &mut World, number: usize) -> Result<(), String> {
    let ask = asks::config(world, 1000 + number);
    let made = world.send(ask).await?;
    let id = ["LaunchConfigurationId"]
        .iter()
        .find_map(|name| made.body["Response"][name].as_str());
    let id = id
        .or_else(|| made.body["scaling_configuration_id"].as_str())
        .or_else(|| made.body["ScalingConfigurationId"].as_str())
        .or_else(|| made.body["ReturnSet"]["ScalingConfigurationId"].as_str())
        .or_else(|| made.body["data"]["scalingConfigurationIdSet"][0].as_str());
    let id = id.ok_or_else(|| format!("no id in {}", made.body))?;
    let config = muster_model::ConfigId::parse_any(id).map_err(|error| format!("{id}: {error}"))?;
    let ask = asks::group(world, config, 1000 + number);
    let made = world.send(ask).await?;
    match made.code.is_empty() {
        true => Ok(()),
        false => Err(format!("a group is refused: {}", made.body)),
    }
}

/// Nothing fails any more: every group comes to where it wants to be, and every door says so.
async fn rest(world: &mut World) -> Result<(), String> {
    world.sim.set_faults(Faults::default());
    world.runtime.advance(3 * 3600).await;
    for view in world.views().await {
        let refresh = view.open_refresh().map(|refresh| refresh.id.to_string());
        if let Some(id) = refresh {
            let cancel =
                json!({ "AutoScalingGroupId": view.group.id.to_string(), "RefreshActivityId": id });
            world
                .send(tencent("CancelInstanceRefresh", &cancel))
                .await?;
        }
        for hook in view.parts.hooks.keys() {
            let delete = json!({ "LifecycleHookId": hook.to_string() });
            // One that is bound to nothing (2017) holds nobody, and is not seen here.
            world.send(tencent("DeleteLifecycleHook", &delete)).await?;
        }
        let resume = json!({ "action": "resume" });
        let path = format!("scaling_group/{}/action", view.group.id.uuid());
        world.send(huawei(Method::POST, &path, &resume)).await?;
    }
    world.runtime.advance(3600).await;
    world.runtime.settle().await;
    for view in world.views().await {
        let serving = view
            .instances
            .values()
            .filter(|i| i.state == Lifecycle::InService)
            .count();
        let resting = view.instances.len() - serving;
        let size = view.group.spec.size;
        let reachable = (size.desired as usize).min((size.max as usize).saturating_sub(resting));
        let free = view.instances.values().any(|instance| !instance.protected);
        if view.group.spec.enabled
            && (serving < reachable || (serving > size.desired as usize && free))
        {
            return Err(format!("{}: {serving} serve of {size:?}", view.group.id));
        }
        compare(world, &view).await?;
    }
    same_list(world).await
}

async fn run_seed(seed: u64) -> World {
    let mut world = World::new(seed).await;
    let mut result = begin(&mut world, STEPS).await;
    for number in 0..STEPS {
        if result.is_ok() {
            result = step(&mut world, number).await;
        }
    }
    if result.is_ok() {
        result = rest(&mut world).await;
    }
    if let Err(error) = result {
        panic!(
            "seed {seed}: {error}\n{}\nrerun: MUSTER_SEEDS=1 MUSTER_SEED_FROM={seed} cargo nextest run -p muster --test mixed --no-capture",
            world.log.join("\n")
        );
    }
    world.runtime.stop().await;
    world
}

async fn run_share(share: u64) {
    let (from, count) = (
        number("MUSTER_SEED_FROM", 1),
        number("MUSTER_SEEDS", 1000).div_ceil(25),
    );
    for seed in (from..from + count).filter(|seed| seed % TASKS == share) {
        run_seed(seed).await;
    }
}

macro_rules! shares {
    ($($name:ident $share:literal)*) => { $(#[tokio::test] async fn $name() { run_share($share).await; })* };
}

shares! { seeds_0 0 seeds_1 1 seeds_2 2 seeds_3 3 }

/// Most of what is asked is not refused, through every door: else nothing would be mixed.
#[tokio::test]
async fn every_door_has_its_say() {
    let mut done = std::collections::BTreeMap::<&str, usize>::new();
    for seed in 9001..9004 {
        for (door, count) in run_seed(seed).await.done {
            *done.entry(door).or_default() += count;
        }
    }
    assert!(
        done.len() == 4 && done.values().all(|count| *count >= 10),
        "{done:?}"
    );
}
