//! What is inside: the engine by itself, the store by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_engine::{Context, Facts, Ring, Settings, apply, plan};
use muster_model::{ConfigSpec, GroupCommand, GroupSpec, GroupView, Ids, Time};
use muster_ports::Store;
use muster_sim::{Odds, World, sample_group};
use muster_store::SqliteStore;

use crate::client::CLIENTS;
use crate::served::{sample_commit, single_commits};

const TIME: Duration = Duration::from_secs(3);
const MEMBERS: u32 = 100;

/// A group with 100 members in service, and when that was.
fn settled() -> (GroupView, Time) {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().unwrap());
    let mut world = World::new(store, 1, Odds::default()).unwrap();
    let config = ConfigSpec {
        name: "bench".to_owned(),
        image: Some("img-1".to_owned()),
        instance_types: vec!["A".to_owned(), "B".to_owned()],
        ..ConfigSpec::default()
    };
    let config = world.config(&config).unwrap().id;
    let spec = GroupSpec {
        config: Some(config),
        ..sample_group(0, MEMBERS, 2000)
    };
    let group = world.group(&spec).unwrap();
    world.pass(600_000);
    let unrest = world.unrest(group);
    assert!(unrest.is_empty(), "{unrest:?}");
    (world.groups[&group].clone(), world.now)
}

fn per_sec(mut once: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut done = 0.0;
    while begun.elapsed() < TIME {
        for _ in 0..100 {
            once();
        }
        done += 100.0;
    }
    done / begun.elapsed().as_secs_f64()
}

/// Turns of a group with 100 members: one that finds nothing to do, and one that decides to launch ten.
pub(crate) fn engine() {
    let (view, now) = settled();
    let settings = Settings::default();
    let mut ids = Ids::new(2);
    let idle = per_sec(|| {
        let turn = plan(&view, now, &mut ids, &settings);
        assert!(turn.calls.is_empty());
    });
    let mut ring = Ring::default();
    let kept = per_sec(|| {
        let turn = plan(&view, now, &mut ids, &settings);
        ring.keep(turn.record, "turn", &view, &turn.calls);
    });
    let command = GroupCommand::SetDesired {
        desired: MEMBERS + 10,
        min: None,
        max: None,
    };
    let facts = Facts::default();
    let working = per_sec(|| {
        let mut context = Context {
            now,
            ids: &mut ids,
            settings: &settings,
            facts: &facts,
        };
        let (change, _) = apply(&view, &command, &mut context).unwrap();
        let wanted = view.after(&change).unwrap();
        let turn = plan(&wanted, now, &mut ids, &settings);
        assert_eq!(turn.calls.len(), 10);
    });
    println!(
        "engine: {idle:.0}/s turns with nothing to do, {kept:.0}/s with their records kept, {working:.0}/s commands with a turn that launches ten; 100 members, one core"
    );
}

/// Commits by one writer, and by 64 that share the disk's work.
pub(crate) fn commits() {
    crate::runtime().block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let single = single_commits(&store, TIME).await;
        let begun = Instant::now();
        let writers: Vec<_> = (0..CLIENTS)
            .map(|writer| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let mut done = 0.0;
                    while begun.elapsed() < TIME {
                        store
                            .commit(sample_commit(&format!("w{writer}"), done))
                            .await
                            .unwrap();
                        done += 1.0;
                    }
                    done
                })
            })
            .collect();
        let mut done = 0.0;
        for writer in writers {
            done += writer.await.unwrap();
        }
        let group = done / begun.elapsed().as_secs_f64();
        println!(
            "commits: {single:.0}/s durable by one writer, {group:.0}/s by {CLIENTS}: ratio {:.1}",
            group / single
        );
    });
}
