//! Tables of alarm rules: how they stand and what they fire as values come in and time goes by.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says what broke by failing"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_engine::{Alarms, Known, judge_alarms, take_readings};
use muster_model::{
    Account, AccountId, Alarm, AlarmAction, AlarmCheck, AlarmDetail, AlarmPolicy, AlarmRuleSpec,
    AlarmState, Asks, Comparison, Cycle, Dimension, Ids, Key, Metric, MetricName, MetricSource,
    Reading, RecordCommand, RecordSpec, Records, Site, Statistic, Time,
};

fn name() -> MetricName {
    MetricName {
        namespace: "MINE.APP".to_owned(),
        name: "queue".to_owned(),
        dimensions: vec![Dimension {
            name: "app".to_owned(),
            value: "a".to_owned(),
        }],
    }
}

fn alarm(period_secs: u32, repeat: u32, again_secs: Option<u32>) -> Alarm {
    Alarm {
        metric: Metric("queue".to_owned()),
        comparison: Comparison::GreaterOrEqual,
        threshold: 80.0,
        period_secs,
        repeat,
        statistic: Statistic::Average,
        finer: AlarmDetail {
            breaches: None,
            asks: Asks::OnChange { again_secs },
            level: Some(2),
        },
    }
}

fn rule(alarm: Alarm) -> AlarmRuleSpec {
    let policy = AlarmPolicy {
        metric: "queue".to_owned(),
        namespace: None,
        dimension_name: None,
        period_secs: alarm.period_secs,
        filter: "average".to_owned(),
        operator: ">=".to_owned(),
        value: Some(80.0),
        levels: [None; 4],
        unit: String::new(),
        count: alarm.repeat,
        suppress_secs: None,
        level: 2,
        enabled: true,
        kept: BTreeMap::new(),
    };
    let tells = vec![AlarmAction {
        kind: AlarmAction::NOTIFICATION.to_owned(),
        targets: vec!["urn".to_owned()],
    }];
    AlarmRuleSpec {
        name: "rule".to_owned(),
        description: String::new(),
        namespace: "MINE.APP".to_owned(),
        kind: None,
        resource_group: None,
        resources: vec![name().dimensions],
        policies: vec![policy],
        enabled: true,
        notify: true,
        alarm_actions: tells.clone(),
        ok_actions: tells,
        insufficient_actions: Vec::new(),
        begin_time: None,
        end_time: None,
        timezone: None,
        enterprise_project: String::new(),
        template: None,
        product_name: None,
        resource_level: None,
        tags: Vec::new(),
        checks: vec![AlarmCheck {
            resource: 0,
            policy: 0,
            source: MetricSource::Account(name()),
            alarm,
            cycle: None,
        }],
        state: AlarmState::default(),
    }
}

/// An account with a rule, and what happened to it.
struct Table {
    records: Records,
    ids: Ids,
    text: String,
}

impl Table {
    fn new(rule: AlarmRuleSpec) -> Table {
        let mut table = Table {
            records: Records::default(),
            ids: Ids::new(1),
            text: String::new(),
        };
        let spec = RecordSpec::AlarmRule(Box::new(rule));
        table.change(Time(0), &[RecordCommand::Create(spec)]);
        table
    }

    fn change(&mut self, now: Time, commands: &[RecordCommand]) {
        let account = Account {
            id: AccountId::new(Key::from_bits(1)),
            name: "test".to_owned(),
            version: 1,
            created_at: Time(0),
        };
        let settings = muster_engine::Settings::default();
        let facts = muster_engine::Facts::default();
        let mut context = muster_engine::Context {
            now,
            ids: &mut self.ids,
            settings: &settings,
            facts: &facts,
        };
        let site = Site::default();
        let change =
            muster_engine::change_records(&account, &site, &self.records, commands, &mut context);
        self.records = self.records.after(&change.unwrap());
    }

    fn push(&mut self, at: Time, value: f64) {
        let reading = Reading {
            source: MetricSource::Account(name()),
            member: None,
            at,
            value,
            unit: String::new(),
        };
        let commands = take_readings(&self.records, &[reading]);
        self.change(at, &commands);
    }

    /// Judges, twice: the second time nothing is left to say.
    fn judge(&mut self, now: Time) {
        let alarms = looked_at(&self.records, now);
        let fired_before = self.fired();
        self.records = self.records.after(&alarms.change);
        let again = looked_at(&self.records, now);
        assert!(again.change.put.is_empty() && again.events.is_empty());
        assert_eq!(again.wake_at, alarms.wake_at);
        let rule = self.records.alarm_rules.values().next().unwrap();
        let told: Vec<String> = alarms
            .events
            .iter()
            .map(|event| event.body["alarm_status"].as_str().unwrap().to_owned())
            .collect();
        let fired = self.fired() != fired_before;
        writeln!(
            self.text,
            "{:>5} s: {:?}{}{} (next look: {:?})",
            now.0 / 1000,
            rule.spec.state.standing,
            if fired { ", fires" } else { "" },
            match told.is_empty() {
                true => String::new(),
                false => format!(", tells {}", told.join(" ")),
            },
            alarms.wake_at.map(|at| at.0 / 1000)
        )
        .unwrap();
    }

    fn fired(&self) -> Option<Time> {
        let rule = self.records.alarm_rules.values().next()?;
        rule.spec.state.fired
    }
}

fn looked_at(records: &Records, now: Time) -> Alarms {
    judge_alarms(&Known {
        records,
        groups: &BTreeMap::new(),
        now,
    })
}

fn told(title: &str, alarm: Alarm, values: &[(i64, f64)], looks: &[i64]) -> String {
    told_of(title, rule(alarm), values, looks)
}

fn told_of(title: &str, rule: AlarmRuleSpec, values: &[(i64, f64)], looks: &[i64]) -> String {
    let mut table = Table::new(rule);
    let mut left = values.iter().peekable();
    for look in looks {
        while let Some((at, value)) = left.next_if(|(at, _)| at <= look) {
            table.push(Time(at * 1000), *value);
        }
        table.judge(Time(look * 1000));
    }
    format!("{title}\n{}", table.text)
}

#[test]
fn the_table_of_alarm_rules() {
    let text = [
        told(
            "once, and again after it was well; gaps neither begin nor end it",
            alarm(300, 1, None),
            &[
                (10, 90.0),
                (310, 95.0),
                (910, 90.0),
                (1210, 10.0),
                (1510, 90.0),
            ],
            &[10, 300, 600, 900, 1200, 1500, 1800],
        ),
        told(
            "three in a row",
            alarm(300, 3, None),
            &[(10, 90.0), (310, 90.0), (610, 90.0), (910, 70.0)],
            &[300, 600, 900, 1200],
        ),
        told(
            "two of three with a gap are not known",
            alarm(300, 3, None),
            &[(10, 90.0), (610, 90.0)],
            &[300, 600, 900],
        ),
        told(
            "again every ten minutes",
            alarm(300, 1, Some(600)),
            &[(10, 90.0), (310, 90.0), (610, 90.0), (910, 90.0)],
            &[300, 600, 900, 1200],
        ),
        told(
            "each value by itself, until it counts no more",
            alarm(1, 1, None),
            &[(10, 90.0), (20, 10.0), (30, 85.0)],
            &[10, 20, 30, 329, 330],
        ),
        told(
            "silence alone is nothing",
            alarm(300, 1, None),
            &[],
            &[300, 600],
        ),
    ];
    insta::assert_snapshot!(text.join("\n"));
}

/// By 50 per cent or more, against the period before.
fn cycle(cycle: Cycle, period_secs: u32, repeat: u32) -> AlarmRuleSpec {
    let mut rule = rule(alarm(period_secs, repeat, None));
    rule.checks[0].cycle = Some(cycle);
    rule.checks[0].alarm.threshold = 50.0;
    rule
}

#[test]
fn the_table_of_comparisons_with_the_period_before() {
    let walk = [
        (10, 100.0),
        (310, 150.0),
        (610, 149.0),
        (910, 74.0),
        (1510, 200.0),
        (1810, 99.0),
    ];
    let looks = [300, 600, 900, 1200, 1500, 1800, 2100];
    let mut text: Vec<String> = Cycle::ALL
        .into_iter()
        .map(|one| told_of(one.word(), cycle(one, 300, 1), &walk, &looks))
        .collect();
    text.push(told_of(
        "twice in a row, of three periods",
        cycle(Cycle::Increase, 300, 2),
        &[(10, 10.0), (310, 15.0), (610, 30.0), (910, 30.0)],
        &[300, 600, 900, 1200],
    ));
    text.push(told_of(
        "each value against the one before it",
        cycle(Cycle::Decrease, 1, 1),
        &[(10, 90.0), (20, 45.0), (30, 44.0)],
        &[10, 20, 30],
    ));
    text.push(told_of(
        "nothing was, and nothing is; then something is",
        cycle(Cycle::Wave, 300, 1),
        &[(10, 0.0), (310, 0.0), (610, 1.0)],
        &[300, 600, 900],
    ));
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn a_value_that_comes_twice_changes_nothing_and_one_that_comes_late_is_heard() {
    let mut table = Table::new(rule(alarm(300, 1, None)));
    table.push(Time(10_000), 10.0);
    let before = table.records.clone();
    table.push(Time(10_000), 10.0);
    assert_eq!(table.records, before);
    table.judge(Time(300_000));
    table.push(Time(299_000), 190.0);
    table.judge(Time(301_000));
    assert_eq!(table.fired(), Some(Time(301_000)));
}

#[test]
fn old_values_go() {
    let mut table = Table::new(rule(alarm(300, 1, None)));
    table.push(Time(10_000), 90.0);
    table.push(Time(700_000), 90.0);
    assert_eq!(table.records.readings.len(), 2);
    table.judge(Time(700_000 + 2 * 86_400_000));
    assert_eq!(table.records.readings.len(), 0);
}
