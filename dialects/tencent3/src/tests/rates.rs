//! Every documented rate, to the call.

use std::time::Duration;

use governor::clock::FakeRelativeClock;
use muster_model::{AccountId, Ids};

use super::facts::facts;
use crate::actions::ACTIONS;
use crate::rates::Rates;

#[test]
fn every_action_is_held_to_its_documented_rate() {
    let facts = facts();
    let clock = FakeRelativeClock::default();
    let rates = Rates::new(&clock);
    let mut ids = Ids::new(1);
    let (one, other): (AccountId, AccountId) = (ids.next_id(), ids.next_id());
    let allowed = |account, action| {
        let mut count = 0;
        while count < 1000 && rates.allow(account, action) {
            count += 1;
        }
        count
    };
    for entry in ACTIONS {
        let documented = facts.actions[entry.name].rate_per_sec;
        // At one moment as many as a second allows, and not one more; each action and account has its own.
        assert_eq!(allowed(one, entry.name), documented, "{}", entry.name);
        assert_eq!(allowed(other, entry.name), documented, "{}", entry.name);
    }
    clock.advance(Duration::from_millis(999));
    for entry in ACTIONS {
        let documented = facts.actions[entry.name].rate_per_sec;
        assert_eq!(allowed(one, entry.name), documented - 1, "{}", entry.name);
    }
    clock.advance(Duration::from_secs(10));
    for entry in ACTIONS {
        let documented = facts.actions[entry.name].rate_per_sec;
        assert_eq!(allowed(one, entry.name), documented, "{}", entry.name);
    }
    let rate = |action: &str| facts.actions[action].rate_per_sec;
    assert_eq!(
        [
            rate("DescribeAutoScalingGroups"),
            rate("DeleteLaunchConfiguration"),
            rate("CreateAutoScalingGroup")
        ],
        [60, 10, 20]
    );
}
