//! Spot mixes and reclaim notices.

use std::sync::Arc;

use muster_engine::TypeFacts;
use muster_model::{
    Allocation, AttemptCode, GroupCommand, GroupSpec, RetryPolicy, SpotMix, SpotStrategy,
    StepResult,
};

use crate::table::{Table, spec};

fn mixed(base: u32, percent: u32, compensate: bool) -> Allocation {
    Allocation::SpotMixed(SpotMix {
        base,
        on_demand_percent: percent,
        strategy: SpotStrategy::CostOptimized,
        compensate,
    })
}

/// Members on demand, and spot ones.
fn bought(t: &Table) -> (usize, usize) {
    let spot = |spot| {
        let members = t.view.instances.values();
        members.filter(|i| i.placement.spot == spot).count()
    };
    (spot(false), spot(true))
}

#[test]
fn a_spot_mix_keeps_its_base_and_percentage_out_and_in() {
    let mut t = Table::new(GroupSpec {
        allocation: mixed(1, 1, true),
        ..spec(0, 3, 9)
    });
    t.settle();
    assert_eq!(bought(&t), (2, 1), "the example of the documentation");
    for (desired, expected) in [(9, (2, 7)), (2, (2, 0)), (1, (1, 0)), (4, (2, 2))] {
        t.command(GroupCommand::SetDesired {
            desired,
            min: None,
            max: None,
        })
        .unwrap();
        t.settle();
        assert_eq!(bought(&t), expected, "{desired}");
    }
}

#[test]
fn spot_machines_that_are_sold_out_are_bought_on_demand_or_not_at_all() {
    for (compensate, expected) in [(true, (2, 0)), (false, (0, 0))] {
        let mut t = Table::new(GroupSpec {
            allocation: mixed(0, 0, compensate),
            retry: RetryPolicy::None,
            ..spec(0, 2, 4)
        });
        for _ in 0..20 {
            t.turn();
            t.answer(|table, call| {
                let instance = &table.view.instances[&call.owner.instance];
                match instance.placement.spot {
                    true => StepResult::Refused {
                        code: AttemptCode::SoldOut,
                        message: "sold out".to_owned(),
                    },
                    false => StepResult::Done(Some(Arc::new(table.machine(call.owner.instance)))),
                }
            });
        }
        assert_eq!(bought(&t), expected, "compensate {compensate}");
    }
}

#[test]
fn spot_machines_are_taken_by_price_a_core_or_by_stock() {
    // The second type of the configuration is the better one, by the one measure only.
    for (strategy, types) in [
        (
            SpotStrategy::CostOptimized,
            [("A", 1, 100, 50), ("B", 4, 200, 5)],
        ),
        (
            SpotStrategy::CapacityOptimized,
            [("A", 1, 10, 5), ("B", 4, 200, 50)],
        ),
    ] {
        let mut t = Table::new(GroupSpec {
            allocation: Allocation::SpotMixed(SpotMix {
                base: 0,
                on_demand_percent: 0,
                strategy,
                compensate: false,
            }),
            ..spec(0, 0, 4)
        });
        for (name, cores, price, stock) in types {
            let facts = TypeFacts {
                cores,
                spot_price_micros: price,
                stock,
            };
            t.settings.types.insert(name.to_owned(), facts);
        }
        t.command(GroupCommand::ScaleOut { count: 1 }).unwrap();
        t.settle();
        let instance = t.view.instances.values().next().unwrap();
        assert_eq!(instance.placement.instance_type, "B", "{strategy:?}");
    }
}

#[test]
fn a_reclaim_notice_is_heeded_only_where_the_group_wants_it() {
    for rebalance in [true, false] {
        let mut t = Table::new(GroupSpec {
            allocation: mixed(0, 0, false),
            capacity_rebalance: rebalance,
            ..spec(0, 2, 2)
        });
        t.settle();
        t.pass(60);
        let noticed = t.members()[0];
        let at = t.now.plus_secs(120);
        t.observe(|machines| {
            machines
                .iter_mut()
                .filter(|m| m.id == noticed)
                .for_each(|m| m.reclaim_at = Some(at))
        });
        t.settle();
        assert_eq!(t.view.instances.contains_key(&noticed), !rebalance);
        assert_eq!(t.view.instances.len(), 2, "made up for");
    }
}
