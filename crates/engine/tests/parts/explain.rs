//! What evaluations say of themselves.

use std::collections::BTreeSet;

use muster_engine::{Clamp, Code, Ring, plan, who_leaves};
use muster_model::{GroupCommand, GroupSpec, ServiceSettings, TerminationPolicy};

use crate::common::{Table, spec};

const PAGE: &str = include_str!("../../../../docs/explain.md");

/// The words in the first column of a table of the page.
fn words(heading: &str) -> BTreeSet<&'static str> {
    let rows = PAGE.lines().skip_while(|line| !line.starts_with(heading));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| {
        let cell = row.split('|').nth(1).unwrap();
        cell.split(',').map(|word| word.trim().trim_matches('`'))
    })
    .collect()
}

#[test]
fn the_page_names_every_code_and_clamp() {
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.word()).collect();
    assert_eq!(words("| code |"), codes);
    let clamps: BTreeSet<&str> = Clamp::WORDS.iter().copied().collect();
    assert_eq!(words("| clamp |"), clamps);
    assert_eq!(
        codes.len(),
        Code::ALL.len(),
        "each code has a word of its own"
    );
}

#[test]
fn a_clamp_is_serialized_under_its_word() {
    for clamp in [
        Clamp::Disabled,
        Clamp::NoPlace,
        Clamp::StepCap { wanted: 4, cap: 2 },
        Clamp::BackOff {
            until_ms: 1,
            failures: 2,
        },
        Clamp::NoConfiguration { wanted: 1 },
    ] {
        let json = serde_json::to_value(&clamp).unwrap();
        assert_eq!(json["kind"], clamp.word());
        assert!(Clamp::WORDS.contains(&clamp.word()));
    }
}

#[test]
fn an_evaluation_tells_what_it_did_and_what_stood_in_the_way() {
    let mut t = Table::new(spec(0, 3, 5));
    let told = t.told(GroupCommand::SetDesired {
        desired: 5,
        min: None,
        max: None,
    });
    // The first launches are still running.
    assert!(matches!(told.reasons[0].clamps[..], [Clamp::Busy { .. }]));
    assert_eq!(told.decision.desired, Some((3, 5)));
    t.settle();
    let told = t.told(GroupCommand::SetDesired {
        desired: 1,
        min: None,
        max: None,
    });
    assert_eq!(told.reasons[0].code, Code::Leaving);
    assert_eq!((told.decision.leave, told.victims.len()), (4, 4));
    assert_eq!(told.decision.started[0].kind, "ScaleIn");
    let activity = t.view.group.last_activity.unwrap();
    assert_eq!(t.view.activities[&activity].why, told.reasons[0].text);
    t.settle();
    let idle = plan(&t.view, t.now, &mut t.ids, &t.settings);
    assert_eq!(idle.record.reasons[0].code, Code::Matched);
    assert_eq!(idle.record.decision, muster_engine::Decision::default());
    let again = plan(&t.view, t.now.plus_secs(5), &mut t.ids, &t.settings);
    assert!(again.record.says_as(&idle.record) && again.record != idle.record);
    t.command(GroupCommand::Disable).unwrap();
    let off = plan(&t.view, t.now, &mut t.ids, &t.settings);
    assert_eq!(off.record.words(), BTreeSet::from(["disabled"]));
}

#[test]
fn who_would_leave_is_who_leaves() {
    for termination in [
        TerminationPolicy::OldestInstance,
        TerminationPolicy::NewestInstance,
        TerminationPolicy::OldestConfigOldestInstance,
        TerminationPolicy::OldestConfigNewestInstance,
    ] {
        let service = ServiceSettings {
            unhealthy_first: true,
            ..ServiceSettings::default()
        };
        let mut t = Table::new(GroupSpec {
            termination,
            service,
            ..spec(0, 4, 5)
        });
        t.settle();
        let preview = who_leaves(&t.view, t.now, &t.settings, 2);
        let before = t.view.clone();
        let told = t.told(GroupCommand::ScaleIn { count: 2 });
        assert_eq!(told.victims, preview, "{termination:?}");
        for victim in &preview {
            let mut all = before.instances.values();
            let there = all.find(|i| i.id.to_string() == victim.instance).unwrap();
            assert!(t.view.instances[&there.id].exit.is_some());
            assert!(!victim.why.is_empty());
        }
    }
}

#[test]
fn the_ring_folds_what_says_the_same_and_is_bounded() {
    let mut t = Table::new(spec(0, 3, 5));
    t.settle();
    let mut ring = Ring::default();
    for _ in 0..1000 {
        t.now = t.now.plus_secs(1);
        let idle = plan(&t.view, t.now, &mut t.ids, &t.settings);
        ring.keep(idle.record, "turn", &t.view, &idle.calls);
    }
    let all: Vec<_> = ring.iter().collect();
    assert_eq!((all.len(), all[0].count), (1, 1000));
    assert_eq!(all[0].record.at.0 - all[0].first_at.0, 999_000);
    // What does something is an entry of its own, and the oldest go.
    for n in 0..80 {
        let desired = 3 + n % 2;
        let before = t.view.clone();
        let record = t.told(GroupCommand::SetDesired {
            desired,
            min: None,
            max: None,
        });
        ring.keep(record, "set_desired", &before, &[]);
        t.settle();
    }
    assert_eq!(ring.iter().count(), 64);
    // Long ones are fewer.
    let mut record = plan(&t.view, t.now, &mut t.ids, &t.settings).record;
    record.reasons[0].text = "x".repeat(10_000);
    for n in 0..10 {
        record.reasons[0].text.push('x');
        record.at = record.at.plus_secs(n);
        ring.keep(record.clone(), "turn", &t.view, &[]);
    }
    assert_eq!(ring.iter().count(), 3);
    record.reasons[0].text = "x".repeat(1_000_000);
    ring.keep(record, "turn", &t.view, &[]);
    assert_eq!(ring.iter().count(), 1);
}
