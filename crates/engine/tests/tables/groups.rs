//! Advice on a group, and its tags.

use muster_engine::advise;
use muster_model::{
    AdviceLevel, AttemptCode, Error, GroupCommand, GroupPatch, GroupSpec, MachineHealth, Network,
    StepResult,
};

use crate::table::{Table, spec};

fn said(t: &Table) -> Vec<(&'static str, AdviceLevel)> {
    let advices = advise(&t.view);
    advices.iter().map(|a| (a.problem, a.level)).collect()
}

#[test]
fn advice_names_what_is_wrong_the_worst_first() {
    let fine = GroupSpec {
        network: Network {
            subnets: vec!["s1".to_owned(), "s2".to_owned()],
            ..spec(0, 1, 2).network
        },
        ..spec(0, 1, 2)
    };
    let mut t = Table::new(fine);
    t.settle();
    assert_eq!(said(&t), []);
    // Sick ones stay, and launches fail until the brake is on.
    t.pass(60);
    t.observe(|machines| {
        machines
            .iter_mut()
            .for_each(|m| m.health = MachineHealth::Unhealthy)
    });
    t.command(GroupCommand::SetDesired {
        desired: 2,
        min: None,
        max: None,
    })
    .unwrap();
    for _ in 0..200 {
        t.turn();
        t.answer(|_, _| StepResult::Refused {
            code: AttemptCode::Quota,
            message: "the quota is used up".to_owned(),
        });
        t.pass(30);
    }
    assert_eq!(
        said(&t),
        [
            ("LaunchBrakeEngaged", AdviceLevel::Critical),
            ("UnhealthyInstancesStay", AdviceLevel::Warning),
        ]
    );
    let detail = &advise(&t.view)[0].detail;
    assert!(detail.contains("the quota is used up"), "{detail}");
    t.command(GroupCommand::Modify(Box::new(GroupPatch {
        subnets: Some(vec!["s1".to_owned()]),
        ..GroupPatch::default()
    })))
    .unwrap();
    let problems: Vec<&str> = said(&t).into_iter().map(|(problem, _)| problem).collect();
    assert!(problems.contains(&"SingleZone"), "{problems:?}");
    t.command(GroupCommand::SetDesired {
        desired: 0,
        min: Some(0),
        max: Some(0),
    })
    .unwrap();
    let problems: Vec<&str> = said(&t).into_iter().map(|(problem, _)| problem).collect();
    assert!(problems.contains(&"ZeroMaxSize"), "{problems:?}");
}

#[test]
fn tags_are_edited_one_by_one_and_counted() {
    let mut t = Table::new(spec(0, 0, 2));
    let tag = |key: &str, value: &str| muster_model::Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    let edit = |put, remove: &[&str]| {
        GroupCommand::Modify(Box::new(GroupPatch {
            tag_edit: Some(muster_model::TagEdit {
                put,
                remove: remove.iter().map(|key| (*key).to_owned()).collect(),
            }),
            ..GroupPatch::default()
        }))
    };
    t.command(edit(vec![tag("a", "1"), tag("b", "2")], &["c"]))
        .unwrap();
    t.command(edit(vec![tag("b", "3"), tag("d", "4")], &["a"]))
        .unwrap();
    assert_eq!(t.view.group.spec.tags, [tag("b", "3"), tag("d", "4")]);
    let many = (0..29).map(|n| tag(&format!("k{n}"), "")).collect();
    assert!(matches!(
        t.command(edit(many, &[])),
        Err(Error::Invalid {
            field: muster_model::Field::Tags,
            ..
        })
    ));
    assert_eq!(t.view.group.spec.tags.len(), 2, "nothing changed");
}
