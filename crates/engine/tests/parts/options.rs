//! Engine tables of what is set of policies natively: what gaps mean, who has to report, how fast they may act.

use super::common::Table;
use super::scaling::{cpu, simple, tracking};
use muster_model::{
    AdjustBy, Asks, Comparison, FlapBudget, GroupCommand, InstanceId, MissingData, Point,
    PolicyCommand, PolicyId, PolicyKind, PolicyOptions, PolicySpec, Rate, Standing, Statistic,
};

impl Table {
    fn with(&mut self, spec: PolicySpec, options: PolicyOptions) -> PolicyId {
        let id = self.policy(spec);
        let options = Box::new(options);
        self.command(GroupCommand::Policy(PolicyCommand::SetOptions {
            id,
            options,
        }))
        .unwrap();
        id
    }

    /// A minute in which these members report these values.
    fn members_report(&mut self, values: &[(InstanceId, f64)]) {
        let points = values.iter().map(|(id, value)| {
            let point = Point {
                at: self.now,
                instance: Some(*id),
                value: *value,
            };
            (cpu(), point)
        });
        let measured = GroupCommand::Measured(points.collect());
        self.command(measured).unwrap();
        self.settle();
        self.pass_to(60);
    }

    fn members(&self) -> Vec<InstanceId> {
        self.view.instances.keys().copied().collect()
    }

    fn said(&self, words: &str) -> bool {
        self.reasons.iter().any(|reason| reason.contains(words))
    }
}

fn missing(missing_data: MissingData) -> PolicyOptions {
    PolicyOptions {
        missing_data,
        ..PolicyOptions::default()
    }
}

const ALL: [MissingData; 4] = [
    MissingData::Hold,
    MissingData::Ignore,
    MissingData::Breach,
    MissingData::OutOnly,
];

#[test]
fn what_a_gap_means_for_more_is_set_by_policy() {
    let mut sizes = Vec::new();
    for option in ALL {
        let mut t = Table::started(1, 2, 10);
        t.pass_to(60);
        t.with(
            simple("up", Comparison::Greater, 80.0, 3, AdjustBy::By(1)),
            missing(option),
        );
        // High, a gap, high: at the end of the third minute.
        t.pass_to(1);
        t.minute(90.0);
        t.pass_to(60);
        t.minute(90.0);
        sizes.push((option, t.desired()));
    }
    assert_eq!(
        sizes,
        [
            (MissingData::Hold, 2),
            // It acts at the first period, and its cooldown is over at the third.
            (MissingData::Ignore, 4),
            (MissingData::Breach, 3),
            (MissingData::OutOnly, 4),
        ]
    );
}

#[test]
fn nothing_is_ever_scaled_in_on_a_gap_whatever_is_set() {
    for option in ALL {
        for by in [AdjustBy::By(-1), AdjustBy::To(0), AdjustBy::ByPercent(-50)] {
            let mut t = Table::started(0, 3, 10);
            t.pass_to(1);
            // Nobody has to report: it is the gap that holds it back.
            let options = PolicyOptions {
                min_reporting: 0.0,
                ..missing(option)
            };
            let down = simple("down", Comparison::Less, 20.0, 3, by);
            t.with(down, options.clone());
            t.with(tracking(50.0, 0, false), options);
            t.minute(1.0);
            t.pass_to(60);
            t.minute(1.0);
            t.pass_to(60);
            t.minute(1.0);
            // Silence, for an hour.
            t.pass_to(3600);
            assert_eq!(t.desired(), 3, "{option:?} {by:?}");
        }
    }
}

#[test]
fn silence_as_a_breach_grows_the_group_and_only_from_when_the_policy_was_there() {
    let mut t = Table::started(1, 2, 4);
    t.pass_to(600);
    let mut up = simple("up", Comparison::Greater, 80.0, 2, AdjustBy::By(1));
    up.cooldown_secs = Some(0);
    t.with(up, missing(MissingData::Breach));
    let mut sizes = Vec::new();
    for _ in 0..5 {
        t.pass_to(60);
        sizes.push(t.desired());
    }
    assert_eq!(sizes, [2, 3, 4, 4, 4]);
    assert!(t.said("yes (gap, gap)"), "{:?}", t.reasons);
}

#[test]
fn a_scale_in_needs_a_share_of_the_members_to_report() {
    for (share, reporting, option, expected) in [
        (0.5, 1, MissingData::Hold, 4),
        (0.5, 2, MissingData::Hold, 3),
        (0.75, 2, MissingData::Hold, 4),
        (0.75, 3, MissingData::Hold, 3),
        (0.0, 1, MissingData::Ignore, 3),
        (0.5, 3, MissingData::OutOnly, 4),
        (0.5, 4, MissingData::OutOnly, 3),
    ] {
        let mut t = Table::started(1, 4, 10);
        t.pass_to(1);
        let options = PolicyOptions {
            min_reporting: share,
            ..missing(option)
        };
        t.with(
            simple("down", Comparison::Less, 20.0, 2, AdjustBy::By(-1)),
            options,
        );
        let members = t.members();
        let values: Vec<_> = members[..reporting].iter().map(|id| (*id, 5.0)).collect();
        // All report in one period, some in the other: the smaller share counts.
        t.members_report(&values);
        t.members_report(&members.iter().map(|id| (*id, 5.0)).collect::<Vec<_>>());
        assert_eq!(t.desired(), expected, "{share} {reporting} {option:?}");
        let held = t.said(&format!("{reporting} of 4 members report"));
        assert_eq!(held, expected == 4, "{:?}", t.reasons);
    }
}

#[test]
fn who_has_not_been_in_service_all_through_a_period_is_not_missed() {
    let mut t = Table::started(1, 2, 10);
    t.pass_to(1);
    let options = PolicyOptions {
        min_reporting: 1.0,
        ..PolicyOptions::default()
    };
    t.with(
        simple("down", Comparison::Less, 20.0, 2, AdjustBy::By(-1)),
        options,
    );
    let old = t.members();
    t.members_report(&[(old[0], 5.0), (old[1], 5.0)]);
    t.pass_to(1);
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    t.members_report(&[(old[0], 5.0), (old[1], 5.0)]);
    assert_eq!(t.desired(), 2, "the third came in the second period");
}

#[test]
fn members_on_their_way_into_service_are_left_out_of_simple_alarms() {
    let mut t = Table::started(1, 1, 10);
    let old = t.newest();
    t.policy(tracking(50.0, 600, true));
    t.pass_to(1);
    t.policy(simple(
        "busy",
        Comparison::Greater,
        80.0,
        1,
        AdjustBy::By(1),
    ));
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    let young = t.newest();
    for _ in 0..5 {
        t.members_report(&[(young, 100.0), (old, 40.0)]);
    }
    assert_eq!(t.desired(), 2, "the young one warms up");
}

fn rate(stabilization_secs: u32, max_step: Option<u32>, max_step_percent: Option<u32>) -> Rate {
    Rate {
        stabilization_secs,
        max_step,
        max_step_percent,
    }
}

#[test]
fn one_change_goes_as_far_as_its_step() {
    for (out, back, grown, shrunk) in [
        (rate(0, Some(2), None), rate(0, Some(3), None), 12, 9),
        (rate(0, None, Some(25)), rate(0, None, Some(5)), 12, 11),
        (
            rate(0, Some(1), Some(50)),
            rate(0, Some(5), Some(20)),
            11,
            9,
        ),
        (rate(0, None, None), rate(0, None, None), 20, 1),
    ] {
        let mut t = Table::started(1, 10, 20);
        t.pass_to(1);
        let options = PolicyOptions {
            scale_out: out,
            scale_in: back,
            ..PolicyOptions::default()
        };
        let up = simple("up", Comparison::Greater, 80.0, 1, AdjustBy::To(20));
        t.with(up, options.clone());
        t.minute(90.0);
        assert_eq!(t.desired(), grown);
        let mut down = simple("down", Comparison::Less, 20.0, 1, AdjustBy::To(0));
        down.cooldown_secs = Some(0);
        t.with(down, options);
        t.pass_to(120);
        t.minute(1.0);
        t.pass_to(60);
        assert_eq!(t.desired(), shrunk);
    }
}

#[test]
fn a_scale_in_waits_until_the_whole_window_wants_it() {
    let mut t = Table::started(1, 4, 10);
    t.pass_to(1);
    let options = PolicyOptions {
        scale_in: rate(180, None, None),
        ..PolicyOptions::default()
    };
    let mut down = simple("down", Comparison::Less, 20.0, 1, AdjustBy::By(-2));
    down.cooldown_secs = Some(0);
    t.with(down, options);
    let mut sizes = Vec::new();
    for value in [5.0, 5.0, 50.0, 5.0, 5.0, 5.0, 5.0, 5.0] {
        t.minute(value);
        sizes.push(t.desired());
    }
    // The busy third minute is the largest wish until it is three minutes old.
    assert_eq!(sizes, [4, 4, 4, 4, 4, 2, 2, 2]);
    let mut t = Table::started(1, 4, 10);
    t.pass_to(1);
    let options = PolicyOptions {
        scale_out: rate(120, None, None),
        ..PolicyOptions::default()
    };
    t.with(tracking(50.0, 0, true), options);
    let mut sizes = Vec::new();
    for value in [60.0, 60.0, 60.0, 100.0, 100.0, 100.0] {
        t.minute(value);
        sizes.push(t.desired());
    }
    assert_eq!(
        sizes,
        [4, 4, 4, 5, 8, 10],
        "the smallest wish of two minutes"
    );
}

#[test]
fn a_gap_in_the_window_is_no_wish_for_less() {
    let mut t = Table::started(1, 4, 10);
    t.pass_to(1);
    let options = PolicyOptions {
        scale_in: rate(300, None, None),
        missing_data: MissingData::Ignore,
        ..PolicyOptions::default()
    };
    t.with(
        simple("down", Comparison::Less, 20.0, 2, AdjustBy::By(-1)),
        options,
    );
    for _ in 0..4 {
        t.minute(5.0);
    }
    t.pass_to(60);
    for _ in 0..4 {
        t.minute(5.0);
    }
    assert_eq!(t.desired(), 4, "two evaluations of the window saw the gap");
    t.minute(5.0);
    t.minute(5.0);
    t.minute(5.0);
    assert_eq!(t.desired(), 3);
}

#[test]
fn a_policy_turns_round_as_often_as_its_budget_allows() {
    let mut t = Table::started(1, 4, 10);
    t.pass_to(1);
    let options = PolicyOptions {
        flap: Some(FlapBudget {
            reversals: 2,
            within_secs: 3600,
        }),
        ..PolicyOptions::default()
    };
    let id = t.with(tracking(50.0, 0, false), options);
    let (mut sizes, mut held) = (Vec::new(), 0);
    for _ in 0..2 {
        for value in [100.0, 20.0] {
            for _ in 0..20 {
                t.minute(value);
                held += u32::from(t.said("it turned round 2 time(s)"));
            }
            sizes.push(t.desired());
        }
    }
    let turned = t.view.parts.policies[&id].memory.reversals.len();
    assert_eq!((sizes.len(), turned), (4, 2), "{sizes:?}");
    assert_eq!(sizes[0], 10);
    assert!(sizes[1] < 10);
    assert_eq!(sizes[2], 10);
    assert_eq!(sizes[3], 10, "twice is enough for an hour");
    assert!(held > 0);
    t.pass_to(3600);
    for _ in 0..16 {
        t.minute(20.0);
    }
    assert!(t.desired() < 10, "an hour later there is a new budget");
}

#[test]
fn a_policy_in_shadow_says_what_it_would_do() {
    let mut t = Table::started(1, 2, 10);
    t.pass_to(1);
    let options = PolicyOptions {
        shadow: true,
        ..PolicyOptions::default()
    };
    let id = t.with(
        simple("up", Comparison::Greater, 80.0, 1, AdjustBy::By(3)),
        options,
    );
    t.minute(90.0);
    assert_eq!((t.desired(), t.view.group.cooldown), (2, None));
    assert!(
        t.said("it is in shadow: it would go to 5"),
        "{:?}",
        t.reasons
    );
    assert_eq!(
        t.view.parts.policies[&id].watch.high.standing,
        Standing::Breach
    );
    // It stands in nobody's way either.
    t.policy(simple(
        "little",
        Comparison::Greater,
        80.0,
        1,
        AdjustBy::By(1),
    ));
    t.minute(90.0);
    t.pass_to(60);
    assert_eq!(t.desired(), 3);
}

#[test]
fn what_only_some_clouds_can_say_of_an_alarm() {
    let mut t = Table::started(1, 1, 10);
    t.pass_to(1);
    let mut once = simple("once", Comparison::Greater, 80.0, 3, AdjustBy::By(1));
    once.cooldown_secs = Some(0);
    if let PolicyKind::Simple { alarm, .. } = &mut once.kind {
        alarm.finer.breaches = Some(2);
        alarm.finer.asks = Asks::OnChange { again_secs: None };
        alarm.statistic = Statistic::Maximum;
    }
    let id = t.policy(once.clone());
    let mut sizes = Vec::new();
    for value in [90.0, 70.0, 90.0, 90.0, 90.0, 70.0, 70.0, 90.0, 90.0] {
        t.minute(value);
        sizes.push(t.desired());
    }
    assert_eq!(
        sizes,
        [1, 1, 2, 2, 2, 2, 2, 2, 3],
        "two of three, once each time"
    );
    // Again after two minutes while it stands so.
    if let PolicyKind::Simple { alarm, .. } = &mut once.kind {
        alarm.finer.asks = Asks::OnChange {
            again_secs: Some(120),
        };
    }
    let spec = Box::new(once);
    t.command(GroupCommand::Policy(PolicyCommand::Modify { id, spec }))
        .unwrap();
    let mut sizes = Vec::new();
    for _ in 0..5 {
        t.minute(90.0);
        sizes.push(t.desired());
    }
    assert_eq!(sizes, [4, 4, 5, 5, 6]);
}

#[test]
fn a_change_by_the_door_keeps_the_options() {
    let mut t = Table::started(1, 1, 10);
    let spec = simple("up", Comparison::Greater, 80.0, 3, AdjustBy::By(1));
    let options = missing(MissingData::OutOnly);
    let id = t.with(spec.clone(), options.clone());
    let spec = Box::new(PolicySpec {
        name: "down".to_owned(),
        ..spec
    });
    t.command(GroupCommand::Policy(PolicyCommand::Modify { id, spec }))
        .unwrap();
    let kept = &t.view.parts.policies[&id];
    assert_eq!((kept.name.as_str(), &kept.options), ("down", &options));
}
