//! Jobs on machines, answer by answer.

use muster_model::{Command, ServerCommand, ServerWork};
use muster_sim::Odds;

use crate::commands::server;
use crate::world::World;

/// A machine is gone, nobody heard so, and then the back end fails: that it fails does not mean that the machine is there.
#[test]
fn a_server_whose_end_was_not_heard_is_not_listed_for_ever() {
    let mut world = World::new(11);
    let servers = |world: &World| -> Vec<_> {
        let records = world.records();
        let all = records.servers.values();
        all.map(|one| one.spec.instance).collect()
    };
    let spec = Box::new(server("s"));
    let made = world.ask(Command::Servers(ServerCommand::Create { spec, count: 1 }));
    assert!(matches!(made, Some(Ok(_))), "{made:?}");
    world.pass(60);
    let odds = |world: &World, odds| world.shared.around().dice.odds = odds;
    odds(
        &world,
        Odds {
            lost_done: 1000,
            ..Odds::default()
        },
    );
    let kind = ServerWork::Delete;
    let instances = servers(&world);
    assert_eq!(instances.len(), 1);
    let asked = world.ask(Command::Servers(ServerCommand::Act { kind, instances }));
    assert!(matches!(asked, Some(Ok(_))), "{asked:?}");
    world.pass(1);
    odds(
        &world,
        Odds {
            error: 1000,
            ..Odds::default()
        },
    );
    world.pass(90);
    odds(&world, Odds::default());
    world.pass(900);
    let unrest = world.unrest();
    assert!(unrest.is_empty(), "{unrest:?}\n{}", world.log.join("\n"));
    assert_eq!(servers(&world), []);
}
