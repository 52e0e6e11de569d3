//! The rate, on a clock that is moved.

use std::time::Duration;

use governor::clock::FakeRelativeClock;
use muster_model::{AccountId, Key};

use crate::rates::Rates;

#[test]
fn every_account_and_action_has_its_own_rate() {
    let clock = FakeRelativeClock::default();
    let rates = Rates::new(3, &clock);
    let account = |bits| AccountId::new(Key::from_bits(bits));
    let calls = |account, action| (0..10).filter(|_| rates.allow(account, action)).count();
    assert_eq!(calls(account(1), "DescribeScalingGroup"), 3);
    assert_eq!(calls(account(1), "CreateScalingGroup"), 3);
    assert_eq!(calls(account(2), "DescribeScalingGroup"), 3);
    clock.advance(Duration::from_secs(1));
    assert_eq!(calls(account(1), "DescribeScalingGroup"), 3);
}
