//! Records of an account: made, replaced, deleted, all or none.

use muster_engine::{Context, Facts, Quotas, Settings, change_records};
use muster_model::{
    Account, AccountId, Error, Field, GroupId, Ids, KeptBounds, Key, LeftTaskId, LeftTaskSpec,
    Problem, RecordChange, RecordCommand, RecordId, RecordSpec, Records, ResourceKind, Schedule,
    ScheduleId, ScheduleSpec, ScheduleTimes, Site, SubscriptionSpec, SubscriptionStatus, Time,
    TopicId, TopicSpec,
};

fn topic(name: &str) -> RecordSpec {
    RecordSpec::Topic(Box::new(TopicSpec {
        name: name.to_owned(),
        ..TopicSpec::default()
    }))
}

fn create(name: &str) -> RecordCommand {
    RecordCommand::Create(topic(name))
}

fn decide(records: &Records, commands: &[RecordCommand]) -> Result<RecordChange, Error> {
    let account = Account {
        id: AccountId::new(Key::from_bits(1)),
        name: "a".to_owned(),
        version: 5,
        created_at: Time(0),
    };
    let settings = Settings {
        quotas: Quotas {
            topics: 2,
            subscriptions: 2,
            ..Quotas::default()
        },
        ..Settings::default()
    };
    let facts = Facts::default();
    // Another seed whenever there is something already, as the shell has another each time.
    let mut ids = Ids::new((records.topics.len() + records.subscriptions.len()) as u64);
    let mut context = Context {
        now: Time(1000),
        ids: &mut ids,
        settings: &settings,
        facts: &facts,
    };
    change_records(&account, &Site::default(), records, commands, &mut context)
}

fn with_one() -> (Records, RecordId) {
    let change = decide(&Records::default(), &[create("one")]).expect("one is made");
    (Records::default().after(&change), change.made[0])
}

#[test]
fn what_is_made_says_whose_and_when() {
    let (records, id) = with_one();
    let record = records.get(id).expect("it is there");
    assert_eq!(record.head().version, 1);
    assert_eq!(record.head().created_at, Time(1000));
}

#[test]
fn what_is_made_together_has_the_order_in_which_it_was_asked_for() {
    let change = decide(&Records::default(), &[create("one"), create("two")]).expect("both");
    let heads: Vec<_> = change.put.iter().map(|one| one.head().clone()).collect();
    assert!(heads[0].ordinal < heads[1].ordinal, "{heads:?}");
    assert_eq!(heads[0].created_at, heads[1].created_at);
}

#[test]
fn a_name_is_taken_once() {
    let (records, id) = with_one();
    let taken = Err(Error::NameTaken {
        kind: ResourceKind::Record,
        name: "one".to_owned(),
    });
    assert_eq!(decide(&records, &[create("one")]), taken);
    let twice = [create("two"), create("two")];
    assert!(decide(&Records::default(), &twice).is_err(), "in one go");
    let again = RecordCommand::Replace {
        id,
        version: 1,
        spec: topic("one"),
    };
    let change = decide(&records, &[again]).expect("its own name is not taken");
    assert_eq!(change.put[0].head().version, 2);
}

#[test]
fn a_name_that_is_freed_in_the_same_go_is_free() {
    let (records, id) = with_one();
    let change = decide(&records, &[RecordCommand::Delete { id }, create("one")]);
    let after = records.after(&change.expect("it is allowed"));
    assert_eq!(after.topics.len(), 1);
    assert_eq!(after.get(id), None);
}

#[test]
fn a_look_that_is_old_changes_nothing() {
    let (records, id) = with_one();
    let replace = RecordCommand::Replace {
        id,
        version: 7,
        spec: topic("other"),
    };
    let changed = Err(Error::Changed {
        kind: ResourceKind::Record,
        id: id.to_string(),
    });
    assert_eq!(decide(&records, &[replace]), changed);
}

#[test]
fn one_refusal_refuses_all() {
    let (records, id) = with_one();
    let gone = RecordCommand::Delete { id };
    let absent = Err(Error::NotFound {
        kind: ResourceKind::Record,
        id: id.to_string(),
    });
    assert_eq!(decide(&records, &[gone.clone(), gone]), absent);
}

#[test]
fn there_may_be_so_many() {
    let (records, _) = with_one();
    let change = decide(&records, &[create("two")]).expect("two may be");
    let full = decide(&records.after(&change), &[create("three")]);
    assert!(matches!(full, Err(Error::QuotaExceeded { limit: 2, .. })));
}

#[test]
fn what_is_made_and_deleted_in_one_go_is_not_written() {
    let (records, id) = with_one();
    let commands = [
        RecordCommand::Replace {
            id,
            version: 1,
            spec: topic("other"),
        },
        RecordCommand::Delete { id },
    ];
    let change = decide(&records, &commands).expect("it is allowed");
    assert_eq!((change.put.len(), change.gone.len()), (0, 1));
}

fn subscribe(topic: TopicId, endpoint: &str) -> RecordCommand {
    RecordCommand::Create(RecordSpec::Subscription(Box::new(SubscriptionSpec {
        topic,
        protocol: "http".to_owned(),
        endpoint: endpoint.to_owned(),
        remark: String::new(),
        status: SubscriptionStatus::Unconfirmed,
        headers: std::collections::BTreeMap::new(),
        token: String::new(),
        base_url: String::new(),
        by_code: false,
    })))
}

#[test]
fn a_topic_hears_each_endpoint_once_and_takes_its_subscriptions_along() {
    let (records, id) = with_one();
    let RecordId::Topic(topic) = id else {
        panic!("a topic");
    };
    let change = decide(&records, &[subscribe(topic, "http://a")]).expect("it is there");
    let records = records.after(&change);
    let twice = decide(&records, &[subscribe(topic, "http://a")]);
    assert!(matches!(twice, Err(Error::NameTaken { .. })));
    let change = decide(&records, &[subscribe(topic, "http://b")]).expect("another");
    let records = records.after(&change);
    let full = decide(&records, &[subscribe(topic, "http://c")]);
    assert!(matches!(full, Err(Error::QuotaExceeded { limit: 2, .. })));
    let change = decide(&records, &[RecordCommand::Delete { id }]).expect("it goes");
    assert_eq!(change.gone.len(), 3);
    assert_eq!(records.after(&change), Records::default());
    let nowhere = decide(&Records::default(), &[subscribe(topic, "http://a")]);
    assert!(matches!(nowhere, Err(Error::NotFound { .. })));
}

/// A scheduled task of a group that is gone; groups and tasks by number.
fn left(group: u64, number: u64, start_secs: u64) -> Schedule {
    Schedule {
        id: ScheduleId::new(Key::from_bits(number)),
        group: GroupId::new(Key::from_bits(group)),
        name: format!("t{number}"),
        enabled: true,
        times: ScheduleTimes {
            start_at: Time(0).plus_secs(start_secs),
            end_at: None,
            cron: None,
            zone: "UTC".to_owned(),
            repeat: None,
        },
        min: 1,
        max: 5,
        desired: None,
        created_at: Time(0),
        ordinal: number,
        fired_at: None,
        next_at: None,
        keeps: KeptBounds::default(),
        is_task: false,
        waits_for: None,
        updated_at: None,
    }
}

fn said(task: &Schedule) -> ScheduleSpec {
    ScheduleSpec {
        name: task.name.clone(),
        times: task.times.clone(),
        min: task.min,
        max: task.max,
        desired: task.desired,
    }
}

#[test]
fn a_task_that_is_left_is_changed_by_the_rules_of_its_group() {
    let tasks = [left(1, 1, 600), left(1, 2, 1200), left(2, 3, 600)];
    let made: Vec<_> = tasks
        .iter()
        .map(|task| LeftTaskSpec { task: task.clone() })
        .map(|spec| RecordCommand::Create(RecordSpec::LeftTask(Box::new(spec))))
        .collect();
    let change = decide(&Records::default(), &made).unwrap();
    let records = Records::default().after(&change);
    let RecordId::LeftTask(id) = change.made[0] else {
        panic!("{change:?}")
    };
    let own = said(&tasks[0]);
    let at = |secs| ScheduleTimes {
        start_at: Time(0).plus_secs(secs),
        ..own.times.clone()
    };
    let invalid = |field, problem| Err(Error::Invalid { field, problem });
    // (what it is to be, whether its first time is given anew, what becomes of it)
    let moved = ScheduleSpec {
        times: at(1800),
        max: 9,
        desired: Some(3),
        name: "t3".to_owned(),
        ..own.clone()
    };
    for (spec, starts, wanted) in [
        (moved.clone(), true, Ok(true)),
        (own.clone(), false, Ok(false)),
        (
            ScheduleSpec {
                name: "t2".to_owned(),
                ..own.clone()
            },
            false,
            Err(Error::NameTaken {
                kind: ResourceKind::Schedule,
                name: "t2".to_owned(),
            }),
        ),
        (
            ScheduleSpec {
                times: at(1200),
                ..own.clone()
            },
            true,
            invalid(Field::Start, Problem::Duplicate("t2".to_owned())),
        ),
        (
            ScheduleSpec {
                times: at(0),
                ..own.clone()
            },
            true,
            invalid(Field::Start, Problem::Unusable("it is past".to_owned())),
        ),
        (
            ScheduleSpec {
                max: 0,
                ..own.clone()
            },
            false,
            Err(Error::SizeOrder {
                min: 1,
                desired: 1,
                max: 0,
            }),
        ),
    ] {
        let command = RecordCommand::ModifyLeftTask {
            id,
            spec: Box::new(spec.clone()),
            starts,
        };
        let change = decide(&records, &[command]);
        let changed = change.as_ref().map(|change| !change.put.is_empty());
        assert_eq!(changed, wanted.as_ref().copied(), "{spec:?}");
        if changed != Ok(true) {
            continue;
        }
        let after = records.after(&change.unwrap());
        let task = &after.left_tasks[&id];
        assert_eq!(said(&task.spec.task), spec);
        assert_eq!((task.spec.task.next_at, task.head.version), (None, 2));
        assert_eq!(after.left_tasks.len(), 3);
    }
    let nobody = LeftTaskId::new(Key::from_bits(99));
    let command = RecordCommand::ModifyLeftTask {
        id: nobody,
        spec: Box::new(moved),
        starts: true,
    };
    assert!(matches!(
        decide(&records, &[command]),
        Err(Error::NotFound { .. })
    ));
}
