//! Engine table of notifications that name nobody: what the account itself is told, in the words of the API that has them.
//!
//! Times are seconds since the start; ids come from seed 1.

use super::common::{Table, spec};
use muster_model::{
    GroupCommand, NotificationCommand, NotificationScenes, NotificationSpec, NotificationTarget,
};

#[test]
fn the_account_is_told_in_the_words_of_its_api() {
    let mut t = Table::new(spec(0, 0, 9));
    let scenes = NotificationScenes {
        scale_out_ok: true,
        scale_out_failed: true,
        scale_in_ok: true,
        ..NotificationScenes::default()
    };
    for target in [
        None,
        Some(NotificationTarget::UserGroups(vec!["team".to_owned()])),
    ] {
        let spec = Box::new(NotificationSpec { scenes, target });
        let create = NotificationCommand::Create(spec);
        t.command(GroupCommand::Notification(create)).unwrap();
    }
    t.text.push_str("== two come\n");
    t.command(GroupCommand::ScaleOut { count: 2 }).unwrap();
    t.settle();
    t.text.push_str("== one of two comes: it has failed\n");
    t.refused = 1;
    t.command(GroupCommand::ScaleOut { count: 2 }).unwrap();
    t.settle();
    t.refused = 0;
    t.text.push_str("== one goes\n");
    t.command(GroupCommand::ScaleIn { count: 1 }).unwrap();
    t.settle();
    insta::assert_snapshot!(t.text);
}
