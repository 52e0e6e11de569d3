//! Alarm rules of an account: judged from what is known of their metrics, and told of in the change that judges them.
//!
//! Every metric of every thing is looked at by itself ([`AlarmCheck`]), at each end of its period: periods lie on multiples
//! of their length, as the values that monitoring shows do. With a period of 1 each value counts by itself, from the moment
//! it is known. Judging twice changes nothing, so a rule may be judged at any time, also late: what it says depends on the
//! values and the clock alone. A gap is a gap (promise P6): it neither begins an alarm nor ends one.
//!
//! In a period with values of the group as a whole those alone count, and not those of its members: who pushes a value of
//! the group says what the group's value is.

use std::collections::BTreeMap;
use std::sync::Arc;

use muster_model::{
    AlarmCheck, AlarmRule, AlarmRuleId, AlarmRuleSpec, AlarmState, AlarmTurn, Asks, CheckState,
    Cycle, Event, GroupCommand, GroupId, GroupView, MetricSource, MissingData, PolicyKind,
    Readings, Record, RecordChange, RecordHead, Records, Standing, Summary, Time,
};

use crate::alarm::{self, Judged, Level, Rule};
use crate::alarm_messages;
use crate::scaling::is_warming;

/// What alarm rules are judged from.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What the account has in the site.
    pub records: &'a Records,
    /// Its groups there.
    pub groups: &'a BTreeMap<GroupId, Arc<GroupView>>,
    /// The present moment.
    pub now: Time,
}

/// What has come of looking at the rules of an account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alarms {
    /// What changes: rules that stand otherwise, or have fired.
    pub change: RecordChange,
    /// Messages to those who are told.
    pub events: Vec<Event>,
    /// The rules that fire, with the newest value of the check that asks.
    pub fired: Vec<(AlarmRuleId, Option<f64>)>,
    /// When to look again; `None` = when there is something new.
    pub wake_at: Option<Time>,
}

/// A check as it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckLook {
    /// The values of its periods, the newest first.
    pub levels: Vec<Level>,
    /// What they come to.
    pub judged: Judged,
    /// End of the newest period.
    pub end: Time,
    /// When the verdict may be another without anything new.
    next: Option<Time>,
}

/// A value of a source: when, and what values came to; of a member, or not.
struct Value {
    at: Time,
    of_member: bool,
    summary: Summary,
}

fn scaled(summary: Summary, factor: f64) -> Summary {
    Summary {
        count: summary.count,
        sum: summary.sum * factor,
        squares: summary.squares * factor * factor,
        min: summary.min * factor,
        max: summary.max * factor,
    }
}

/// How far each of these values, the newest first, is away from the one before it. Next to a gap there is a gap.
fn changes(cycle: Cycle, levels: &[Level]) -> Vec<Level> {
    let change = |pair: &[Level]| match pair {
        [value, before] => match (value.value(), before.value()) {
            (Some(value), Some(before)) => Level::of(cycle.percent(value, before)),
            (None, _) | (_, None) => Level::GAP,
        },
        _ => Level::GAP,
    };
    levels.windows(2).map(change).collect()
}

impl Known<'_> {
    /// The values of a source from `first` on until before `end`, in the order of time.
    fn values(&self, source: &MetricSource, first: Time, end: Time) -> Vec<Value> {
        let mut values = match source {
            MetricSource::Group {
                group,
                metric,
                factor,
            } => self.of_group(*group, metric, *factor, first, end),
            MetricSource::Account(name) => {
                let stretches = self.records.readings.values().filter(|readings| {
                    let from = readings.spec.from;
                    readings.spec.metric == *name
                        && from < end
                        && from.plus_millis(muster_model::ReadingsSpec::STRETCH_MS) > first
                });
                let of = |readings: &'_ Arc<Readings>| -> Vec<Value> {
                    let all = readings.spec.values();
                    let within = all.filter(|(at, _)| *at >= first && *at < end);
                    let value = |(at, summary)| Value {
                        at,
                        of_member: false,
                        summary,
                    };
                    within.map(value).collect()
                };
                stretches.flat_map(of).collect()
            }
        };
        values.sort_by_key(|value| value.at);
        values
    }

    fn of_group(
        &self,
        group: GroupId,
        metric: &muster_model::Metric,
        factor: f64,
        first: Time,
        end: Time,
    ) -> Vec<Value> {
        let Some(view) = self.groups.get(&group) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for series in view.parts.series.values() {
            if series.metric != *metric {
                continue;
            }
            for (instance, at, summary) in series.values() {
                let member = instance.and_then(|id| view.instances.get(&id));
                if at < first || at >= end || member.is_some_and(|member| is_warming(member)) {
                    continue;
                }
                found.push(Value {
                    at,
                    of_member: instance.is_some(),
                    summary: scaled(summary, factor),
                });
            }
        }
        found
    }

    /// The statistics of each period that has values, between two moments that are multiples of the period.
    #[must_use]
    pub fn periods(
        &self,
        source: &MetricSource,
        period_secs: u32,
        first: Time,
        end: Time,
    ) -> BTreeMap<Time, Summary> {
        let period = i64::from(period_secs.max(1)) * 1000;
        let mut of_group: BTreeMap<Time, Summary> = BTreeMap::new();
        let mut of_members: BTreeMap<Time, Summary> = BTreeMap::new();
        for value in self.values(source, first, end) {
            // Each value by itself: those of all members at one moment are one.
            let from = match period_secs {
                AlarmCheck::EACH_VALUE_SECS => value.at,
                _ => Time(value.at.0.div_euclid(period) * period),
            };
            let map = match value.of_member {
                true => &mut of_members,
                false => &mut of_group,
            };
            let so_far = map.get(&from).copied();
            map.insert(
                from,
                so_far.map_or(value.summary, |sum| sum.with(value.summary)),
            );
        }
        for (from, summary) in of_members {
            of_group.entry(from).or_insert(summary);
        }
        of_group
    }

    /// Looks at a check.
    #[must_use]
    pub fn look(&self, check: &AlarmCheck) -> CheckLook {
        let alarm = &check.alarm;
        let periods = check.periods();
        let back = (check.looks_back_secs() * 1000) as i64;
        let statistic = |summary: &Summary| Level::of(summary.statistic(alarm.statistic));
        let (levels, end, next) = if alarm.period_secs == AlarmCheck::EACH_VALUE_SECS {
            let (first, end) = (self.now.plus_millis(1 - back), self.now.plus_millis(1));
            let moments = self.periods(&check.source, alarm.period_secs, first, end);
            let newest = moments.iter().rev().take(periods as usize);
            let (ats, mut levels): (Vec<Time>, Vec<Level>) = newest
                .map(|(at, summary)| (*at, statistic(summary)))
                .unzip();
            levels.resize(periods as usize, Level::GAP);
            (levels, self.now, ats.last().map(|at| at.plus_millis(back)))
        } else {
            let period = i64::from(alarm.period_secs.max(1)) * 1000;
            let end = Time(self.now.0.div_euclid(period) * period);
            let next = end.plus_millis(period);
            let found = self.periods(
                &check.source,
                alarm.period_secs,
                end.plus_millis(-back),
                next,
            );
            let level = |n: i64| {
                let summary = found.get(&end.plus_millis(-(n + 1) * period));
                summary.map_or(Level::GAP, statistic)
            };
            let counted = !found.is_empty();
            (
                (0..i64::from(periods)).map(level).collect(),
                end,
                counted.then_some(next),
            )
        };
        let rule = Rule::of(alarm, MissingData::Hold);
        let judged = match check.cycle {
            None => alarm::judge(&rule, &levels),
            Some(cycle) => alarm::judge(&rule, &changes(cycle, &levels)),
        };
        CheckLook {
            levels,
            judged,
            end,
            next,
        }
    }
}

/// What a group is to be told: firings of alarm rules that its policies name and do not know of.
#[must_use]
pub fn rings(view: &GroupView, records: &Records) -> Vec<GroupCommand> {
    let mut rings: BTreeMap<String, GroupCommand> = BTreeMap::new();
    for policy in view.parts.policies.values() {
        let PolicyKind::External { alarm_id, .. } = &policy.kind else {
            continue;
        };
        let rule = AlarmRuleId::parse_alarm_id(alarm_id).ok();
        let rule = rule.and_then(|id| records.alarm_rules.get(&id));
        let Some((rule, at)) = rule.and_then(|rule| Some((rule, rule.spec.state.fired?))) else {
            continue;
        };
        if crate::timed::is_news(policy, at) {
            let ring = GroupCommand::Rung {
                alarm_id: alarm_id.clone(),
                at,
                why: why(&rule.spec),
            };
            rings.insert(alarm_id.clone(), ring);
        }
    }
    rings.into_values().collect()
}

/// What a rule last saw, in words.
fn why(rule: &AlarmRuleSpec) -> String {
    let Some(turn) = rule.state.turns.last() else {
        return rule.name.clone();
    };
    let Some(check) = rule.checks.get(turn.check) else {
        return rule.name.clone();
    };
    let values = turn.values.iter().rev();
    let values: Vec<String> = values
        .map(|value| match value {
            Some(value) => format!("{value:.2}"),
            None => "gap".to_owned(),
        })
        .collect();
    let alarm = &check.alarm;
    format!(
        "{}: {} {} {} ({})",
        rule.name,
        alarm.metric.0,
        check.sign(),
        alarm.threshold,
        values.join(", ")
    )
}

/// Looks at the rules of an account. What has to be looked at only later is not asked for again before that.
#[must_use]
pub fn judge_alarms(known: &Known<'_>) -> Alarms {
    let mut alarms = Alarms::default();
    for rule in known.records.alarm_rules.values() {
        if !rule.spec.enabled {
            continue;
        }
        let (spec, wake_at) = judge_rule(known, rule, &mut alarms);
        alarms.wake_at = alarms.wake_at.into_iter().chain(wake_at).min();
        if let Some(spec) = spec {
            alarms
                .change
                .put
                .push(Record::AlarmRule(Arc::new(AlarmRule {
                    id: rule.id,
                    head: RecordHead {
                        version: rule.head.version + 1,
                        ..rule.head.clone()
                    },
                    spec,
                })));
        }
    }
    forget(known, &mut alarms.change);
    alarms
}

/// Drops what is older than monitoring shows.
fn forget(known: &Known<'_>, change: &mut RecordChange) {
    let limit = known.now.plus_millis(-(READINGS_KEPT_SECS as i64) * 1000);
    let old = |readings: &&Arc<Readings>| readings.spec.from < limit;
    let old = known.records.readings.values().filter(old);
    change
        .gone
        .extend(old.map(|readings| muster_model::RecordId::Readings(readings.id)));
}

/// Pushed values are kept this long, seconds: two days, as monitoring keeps what has not been summed up.
pub const READINGS_KEPT_SECS: u64 = 2 * 86_400;

/// What becomes of a rule, if anything does, and when to look at it again.
fn judge_rule(
    known: &Known<'_>,
    rule: &AlarmRule,
    alarms: &mut Alarms,
) -> (Option<AlarmRuleSpec>, Option<Time>) {
    let spec = &rule.spec;
    let now = known.now;
    let mut state = spec.state.clone();
    state
        .checks
        .resize(spec.checks.len(), CheckState::default());
    let mut wake: Option<Time> = None;
    // The check that asks, or that changed last; and what it saw.
    let mut asked: Option<(usize, CheckLook)> = None;
    let mut turned: Option<(usize, CheckLook)> = None;
    for (number, check) in spec.checks.iter().enumerate() {
        if !spec
            .policies
            .get(check.policy)
            .is_some_and(|policy| policy.enabled)
        {
            state.checks[number] = CheckState::default();
            continue;
        }
        let look = known.look(check);
        let one = &mut state.checks[number];
        let was = *one;
        let asks = judge_check(check, &look, one, now);
        let breach = look.judged.standing == Standing::Breach;
        let repeat = breach.then(|| again_at(check, one)).flatten();
        let next = look.next.into_iter().chain(repeat).filter(|at| *at > now);
        wake = wake.into_iter().chain(next).min();
        if one.stood.standing != was.stood.standing && turned.is_none() {
            turned = Some((number, look.clone()));
        }
        if asks && asked.is_none() {
            asked = Some((number, look));
        }
    }
    if let Some((_, look)) = &asked {
        state.fired = Some(now);
        let newest = look.levels.first().and_then(|level| level.value());
        alarms.fired.push((rule.id, newest));
    }
    let standing = standing_of(&state.checks);
    let said = asked.clone().or(turned);
    if standing != state.standing || state.since.is_none() {
        state.standing = standing;
        state.since = Some(now);
        if let Some((check, look)) = &said {
            note_turn(&mut state, *check, look, now);
        }
    }
    if state == spec.state {
        return (None, wake);
    }
    let next = AlarmRuleSpec {
        state,
        ..spec.clone()
    };
    alarm_messages::tell(
        known,
        rule,
        &next,
        asked.is_some(),
        said.as_ref(),
        &mut alarms.events,
    );
    (Some(next), wake)
}

/// Sets how a check stands; whether it asks for what it leads to.
fn judge_check(check: &AlarmCheck, look: &CheckLook, one: &mut CheckState, now: Time) -> bool {
    let was = *one;
    one.stood = alarm::turn(was.stood, look.judged.standing, look.end);
    one.in_breach = match look.judged.standing {
        Standing::Breach => true,
        Standing::Ok => false,
        Standing::Unknown => was.in_breach,
    };
    let again = again_at(check, &was).is_some_and(|at| at <= now);
    let asks = look.judged.standing == Standing::Breach && (!was.in_breach || again);
    if asks {
        one.stood.fired = Some(now);
    }
    asks
}

/// Keeps that a rule stands otherwise now, and what it saw.
fn note_turn(state: &mut AlarmState, check: usize, look: &CheckLook, now: Time) {
    let number = state.turns.last().map_or(1, |turn| turn.number + 1);
    state.turns.push(AlarmTurn {
        number,
        at: now,
        standing: state.standing,
        check,
        values: look.levels.iter().map(|level| level.value()).collect(),
    });
    let over = state.turns.len().saturating_sub(AlarmState::TURNS);
    state.turns.drain(..over);
}

/// When a check that has asked asks again, if it is to.
fn again_at(check: &AlarmCheck, state: &CheckState) -> Option<Time> {
    match check.alarm.finer.asks {
        Asks::OnChange {
            again_secs: Some(secs),
        } if secs > 0 => Some(state.stood.fired?.plus_secs(u64::from(secs))),
        Asks::OnChange { .. } | Asks::EachPeriod => None,
    }
}

/// In breach when any check is, unknown when nothing is known of any.
fn standing_of(checks: &[CheckState]) -> Standing {
    let any = |standing| checks.iter().any(|check| check.stood.standing == standing);
    match (any(Standing::Breach), any(Standing::Ok)) {
        (true, _) => Standing::Breach,
        (false, true) => Standing::Ok,
        (false, false) => Standing::Unknown,
    }
}

/// A check, its values with their gaps, and its verdict in words.
#[must_use]
pub fn in_words(check: &AlarmCheck, look: &CheckLook) -> String {
    let alarm = &check.alarm;
    let values: Vec<String> = look
        .levels
        .iter()
        .rev()
        .map(|level| match level.value() {
            Some(value) => format!("{value:.2}"),
            None => "gap".to_owned(),
        })
        .collect();
    let verdict = match look.judged.standing {
        Standing::Breach => "yes",
        Standing::Ok => "no",
        Standing::Unknown => "unknown, a gap is no value",
    };
    let periods = match alarm.period_secs {
        AlarmCheck::EACH_VALUE_SECS => "value(s)".to_owned(),
        secs => format!("period(s) of {secs} s"),
    };
    format!(
        "{} {} {} over {} {periods}: {verdict} ({})",
        alarm.metric.0,
        check.sign(),
        alarm.threshold,
        alarm.repeat,
        values.join(", ")
    )
}
