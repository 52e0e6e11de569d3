//! Names of machines with numbers.

use muster_model::{GroupCommand, GroupPatch, GroupSpec, NameIndex, RetryPolicy};

use crate::table::{Table, spec};

fn names(t: &Table) -> Vec<&str> {
    let mut names: Vec<&str> = t.view.instances.values().map(|i| i.name.as_str()).collect();
    names.sort_unstable();
    names
}

#[test]
fn numbers_of_names_go_on_and_end_with_a_reason() {
    let index = |enabled, begin, length| NameIndex {
        enabled,
        begin,
        length,
    };
    let mut t = Table::new(GroupSpec {
        name_index: Some(index(true, Some(8), 1)),
        retry: RetryPolicy::None,
        ..spec(0, 2, 9)
    });
    t.settle();
    assert_eq!(names(&t), ["as-web.8", "as-web.9"]);
    // 10 has two digits.
    t.command(GroupCommand::SetDesired {
        desired: 3,
        min: None,
        max: None,
    })
    .unwrap();
    t.settle();
    t.say("past the range");
    assert_eq!(t.view.instances.len(), 2);
    // A longer number: it goes on at 10, and a first number that is given is taken.
    let longer = |begin| GroupPatch {
        name_index: Some(index(true, begin, 2)),
        ..GroupPatch::default()
    };
    t.command(GroupCommand::Modify(Box::new(longer(None))))
        .unwrap();
    t.settle();
    assert_eq!(names(&t), ["as-web.10", "as-web.8", "as-web.9"]);
    t.command(GroupCommand::Modify(Box::new(longer(Some(3)))))
        .unwrap();
    t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
    t.settle();
    assert_eq!(
        names(&t),
        ["as-web.03", "as-web.10", "as-web.8", "as-web.9"]
    );
    insta::assert_snapshot!(t.text);
}
