//! A small script language: what happens to groups, line by line, and what is printed.
//!
//! ```text
//! config NAME TYPE[,TYPE]             group NAME CONFIG min=0 desired=3 max=5 [subnets=a,b] [policy=newest] [retry=none]
//! desired GROUP N | out GROUP N | in GROUP N | enable GROUP | disable GROUP | delete GROUP
//! protect GROUP #K | remove GROUP #K | detach GROUP #K          (#K: the K-th member by age, from 1)
//! alarm GROUP NAME METRIC SIGN THRESHOLD PERIODS CHANGE         e.g. `alarm web busy cpu_util > 80 3 +1`
//! track GROUP NAME METRIC TARGET WARMUP_SECS | metric GROUP METRIC VALUE
//! kill GROUP #K | sick GROUP #K       what befalls a machine
//! storm GROUP | curse GROUP | calm GROUP   all turn unhealthy; new ones too from now on; all are healthy again
//! crash                               the service forgets everything that is not stored, and starts again
//! run SECS | look                     time passes; the machines are listed at once
//! show GROUP | activities             prints
//! # a comment
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use muster_engine::explain;
use muster_model::{
    AdjustBy, Alarm, AlarmDetail, Allocation, Comparison, ConfigId, ConfigSpec, Door, GroupCommand,
    GroupId, GroupSpec, HealthCheck, HealthKind, InstanceId, MachineHealth, Metric, Network, Point,
    PolicyCommand, PolicyKind, PolicySpec, RetryPolicy, ServiceSettings, Size, Spread, Statistic,
    TargetTracking, TerminationPolicy, Time, ZonesCheck,
};

use crate::driver::{World, WorldError};

/// A line that cannot be read or done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ScenarioError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

struct Script<'a> {
    world: &'a mut World,
    configs: BTreeMap<String, ConfigId>,
    groups: BTreeMap<String, GroupId>,
    text: String,
}

/// Runs a script and returns what it printed: every line of the script, and under it what came of it.
///
/// # Errors
/// A line that cannot be read, or an invariant that broke.
pub fn run_scenario(world: &mut World, script: &str) -> Result<String, ScenarioError> {
    let mut run = Script {
        world,
        configs: BTreeMap::new(),
        groups: BTreeMap::new(),
        text: String::new(),
    };
    for (at, line) in script.lines().enumerate() {
        let _ = writeln!(run.text, "{line}");
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() || words[0].starts_with('#') {
            continue;
        }
        let wrong = |message: String| ScenarioError {
            line: at + 1,
            message,
        };
        run.line(&words).map_err(wrong)?;
        if let Some(broken) = run.world.broken.first() {
            return Err(wrong(broken.clone()));
        }
    }
    Ok(run.text)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a number"))
}

fn comparison(sign: &str) -> Result<Comparison, String> {
    let all = [
        Comparison::Greater,
        Comparison::GreaterOrEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Equal,
        Comparison::NotEqual,
    ];
    let found = all.into_iter().find(|comparison| comparison.sign() == sign);
    found.ok_or_else(|| format!("`{sign}` compares nothing"))
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

impl Script<'_> {
    fn group(&self, name: &str) -> Result<GroupId, String> {
        self.groups
            .get(name)
            .copied()
            .ok_or_else(|| format!("there is no group `{name}`"))
    }

    /// The K-th member by age.
    fn member(&self, group: &str, at: &str) -> Result<InstanceId, String> {
        let view = self
            .world
            .groups
            .get(&self.group(group)?)
            .ok_or("the group is gone")?;
        let wanted: usize = number(at.trim_start_matches('#'))?;
        let mut members: Vec<_> = view.instances.values().collect();
        members.sort_by_key(|instance| (instance.created_at, instance.id));
        let found = wanted.checked_sub(1).and_then(|at| members.get(at));
        found
            .map(|instance| instance.id)
            .ok_or_else(|| format!("there is no member {at}"))
    }

    fn command(&mut self, group: &str, command: &GroupCommand) -> Result<(), String> {
        let id = self.group(group)?;
        match self.world.command(id, command) {
            Ok(_) => Ok(()),
            Err(WorldError::Refused(error)) => {
                let _ = writeln!(self.text, "  refused: {error}");
                Ok(())
            }
            Err(error) => Err(format!("{error:?}")),
        }
    }

    fn line(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            ["config", name, types] => {
                let spec = ConfigSpec {
                    name: (*name).to_owned(),
                    image: Some("img-1".to_owned()),
                    instance_types: list(types),
                    ..ConfigSpec::default()
                };
                let config = self
                    .world
                    .config(&spec)
                    .map_err(|error| format!("{error:?}"))?;
                self.configs.insert((*name).to_owned(), config.id);
                Ok(())
            }
            ["group", name, config, settings @ ..] => {
                let config = self
                    .configs
                    .get(*config)
                    .copied()
                    .ok_or_else(|| format!("no configuration `{config}`"))?;
                let spec = group_spec(name, config, settings)?;
                let id = self
                    .world
                    .group(&spec)
                    .map_err(|error| format!("{error:?}"))?;
                self.groups.insert((*name).to_owned(), id);
                Ok(())
            }
            [verb, group, rest @ ..]
                if !matches!(
                    *verb,
                    "kill" | "sick" | "show" | "run" | "storm" | "curse" | "calm"
                ) =>
            {
                self.order(verb, group, rest)
            }
            _ => self.befall(words),
        }
    }

    /// A command to a group.
    fn order(&mut self, verb: &str, group: &str, rest: &[&str]) -> Result<(), String> {
        match (verb, rest) {
            ("desired", [n]) => self.command(
                group,
                &GroupCommand::SetDesired {
                    desired: number(n)?,
                    min: None,
                    max: None,
                },
            ),
            ("out", [n]) => self.command(group, &GroupCommand::ScaleOut { count: number(n)? }),
            ("in", [n]) => self.command(group, &GroupCommand::ScaleIn { count: number(n)? }),
            ("enable", []) => self.command(group, &GroupCommand::Enable),
            ("disable", []) => self.command(group, &GroupCommand::Disable),
            ("delete", []) => self.command(group, &GroupCommand::Delete { force: false }),
            ("protect", [at]) => {
                let instances = vec![self.member(group, at)?];
                self.command(
                    group,
                    &GroupCommand::Protect {
                        instances,
                        protected: true,
                    },
                )
            }
            ("remove", [at]) => {
                let instances = vec![self.member(group, at)?];
                self.command(group, &GroupCommand::Remove { instances })
            }
            ("alarm", [name, metric, sign, threshold, repeat, change]) => {
                let alarm = Alarm {
                    metric: Metric((*metric).to_owned()),
                    comparison: comparison(sign)?,
                    threshold: number(threshold)?,
                    period_secs: 60,
                    repeat: number(repeat)?,
                    statistic: Statistic::Average,
                    finer: AlarmDetail::default(),
                };
                let adjust = AdjustBy::By(number(change)?);
                self.policy(group, name, PolicyKind::Simple { alarm, adjust })
            }
            ("track", [name, metric, target, warmup]) => {
                let tracking = TargetTracking {
                    metric: Metric((*metric).to_owned()),
                    target: number(target)?,
                    warmup_secs: number(warmup)?,
                    disable_scale_in: false,
                };
                self.policy(group, name, PolicyKind::Target(tracking))
            }
            ("metric", [metric, value]) => {
                let point = Point {
                    at: self.world.now,
                    instance: None,
                    value: number(value)?,
                };
                let points = vec![(Metric((*metric).to_owned()), point)];
                self.command(group, &GroupCommand::Measured(points))
            }
            ("detach", [at]) => {
                let instances = vec![self.member(group, at)?];
                self.command(group, &GroupCommand::Detach { instances })
            }
            _ => Err(format!(
                "`{verb} {group} {}` is not a command",
                rest.join(" ")
            )),
        }
    }

    fn policy(&mut self, group: &str, name: &str, kind: PolicyKind) -> Result<(), String> {
        let spec = Box::new(PolicySpec {
            name: name.to_owned(),
            enabled: true,
            cooldown_secs: None,
            kind,
            notify_groups: Vec::new(),
        });
        let door = Door::Tencent3;
        let command = GroupCommand::Policy(PolicyCommand::Create { door, spec });
        self.command(group, &command)
    }

    /// What happens around the groups, and what is shown of them.
    fn befall(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            ["kill", group, at] => {
                let id = self.member(group, at)?;
                self.world
                    .machines
                    .vanish(id)
                    .map(|_| ())
                    .ok_or_else(|| format!("there is no machine {id}"))
            }
            ["sick", group, at] => {
                let id = self.member(group, at)?;
                let sick = self
                    .world
                    .machines
                    .tamper(id, |machine| machine.health = MachineHealth::Unhealthy);
                sick.map(|_| ())
                    .ok_or_else(|| format!("there is no machine {id}"))
            }
            [health @ ("storm" | "curse" | "calm"), group] => {
                let group = self.group(group)?;
                self.world.cursed = (*health == "curse").then_some(group);
                self.world.befall_all(
                    group,
                    match *health {
                        "calm" => MachineHealth::Healthy,
                        _ => MachineHealth::Unhealthy,
                    },
                );
                Ok(())
            }
            ["crash"] => {
                self.world.crash(true);
                Ok(())
            }
            ["run", secs] => {
                self.world.pass(number::<i64>(secs)? * 1000);
                Ok(())
            }
            ["look"] => {
                self.world.observe_now();
                Ok(())
            }
            ["show", group] => {
                let view = self.world.groups.get(&self.group(group)?);
                let shown = view.map_or("gone\n".to_owned(), |view| {
                    explain::view_text(view, Time(0))
                });
                for line in shown.lines() {
                    let _ = writeln!(self.text, "  {line}");
                }
                Ok(())
            }
            ["activities"] => {
                for activity in self.world.activities().iter().rev() {
                    let _ = writeln!(self.text, "  {}", explain::activity_text(activity, Time(0)));
                }
                Ok(())
            }
            _ => Err(format!("`{}` is not a command", words.join(" "))),
        }
    }
}

/// A group from `key=value` words.
fn group_spec(name: &str, config: ConfigId, settings: &[&str]) -> Result<GroupSpec, String> {
    let mut spec = GroupSpec {
        name: name.to_owned(),
        config: Some(config),
        service: ServiceSettings {
            replace_unhealthy: true,
            ..ServiceSettings::default()
        },
        ..sample_group(0, 0, 10)
    };
    for setting in settings {
        let (key, value) = setting
            .split_once('=')
            .ok_or_else(|| format!("`{setting}` is not key=value"))?;
        match (key, value) {
            ("min", n) => spec.size.min = number(n)?,
            ("desired", n) => spec.size.desired = number(n)?,
            ("max", n) => spec.size.max = number(n)?,
            ("subnets", names) => spec.network.subnets = list(names),
            ("spread", "balanced") => spec.spread = Spread::Balanced,
            ("policy", "newest") => spec.termination = TerminationPolicy::NewestInstance,
            ("policy", "old-config-oldest") => {
                spec.termination = TerminationPolicy::OldestConfigOldestInstance
            }
            ("policy", "old-config-newest") => {
                spec.termination = TerminationPolicy::OldestConfigNewestInstance
            }
            ("retry", "incremental") => spec.retry = RetryPolicy::Incremental,
            ("retry", "none") => spec.retry = RetryPolicy::None,
            _ => return Err(format!("`{setting}` is not a setting")),
        }
    }
    Ok(spec)
}

/// A plain group in two subnets, without a configuration: what scripts and tests start from.
#[must_use]
pub fn sample_group(min: u32, desired: u32, max: u32) -> GroupSpec {
    GroupSpec {
        name: "sample".to_owned(),
        config: None,
        size: Size { min, desired, max },
        enabled: true,
        cooldown_secs: 300,
        network: Network {
            vpc: "vpc-1".to_owned(),
            subnets: vec!["s1".to_owned(), "s2".to_owned()],
            ..Network::default()
        },
        spread: Spread::Ordered,
        zones_check: ZonesCheck::Any,
        termination: TerminationPolicy::OldestInstance,
        retry: RetryPolicy::Immediate,
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
