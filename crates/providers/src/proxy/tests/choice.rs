//! Whose turn it is.

use std::time::Instant;

use super::super::board::Board;
use super::super::stats::Stats;
use super::super::upstream::{Held, Upstream};
use super::*;

fn upstream(number: u64, weight: u16) -> Arc<Upstream> {
    let at = SocketAddr::from(([127, 0, 0, 1], 1));
    let stats = Arc::new(Stats::default());
    let whose = Whose::Machine {
        owner: owner(number),
        target: target("lbl-1"),
    };
    Arc::new(Upstream::new(whose, at, weight, Some(stats)))
}

fn passes(upstream: &Upstream, at: Instant) {
    upstream.checked(true, &Check::default(), at);
}

fn board(weights: &[u16], at: Instant) -> (Board, Vec<Arc<Upstream>>) {
    let board = Board::default();
    let all: Vec<_> = (1..)
        .zip(weights)
        .map(|(number, weight)| upstream(number, *weight))
        .collect();
    for one in &all {
        passes(one, at);
    }
    board.keep(all.clone());
    (board, all)
}

fn turns(
    board: &Board,
    slow_start: u64,
    now: Instant,
    all: &[Arc<Upstream>],
    n: usize,
) -> Vec<usize> {
    let mut counts = vec![0; all.len()];
    for _ in 0..n {
        let held = board.pick(slow_start, now, |_| true, &[]).unwrap();
        let at = all.iter().position(|one| Arc::ptr_eq(one, &held.0));
        counts[at.unwrap()] += 1;
    }
    counts
}

#[test]
fn load_is_by_weight_in_every_row_of_turns() {
    let now = timing::now();
    let (board, all) = board(&[10, 20, 0, 70], now);
    for _ in 0..5 {
        assert_eq!(turns(&board, 0, now, &all, 10), [1, 2, 0, 7]);
    }
    all[3].activate(20);
    assert_eq!(turns(&board, 0, now, &all, 500), [100, 200, 0, 200]);
}

#[test]
fn a_new_member_rises_to_its_share() {
    let start = timing::now();
    let at = |millis| start + Duration::from_millis(millis);
    let (board, all) = board(&[10, 10], start);
    let late = upstream(3, 10);
    passes(&late, at(10_000));
    let all = [all, vec![late]].concat();
    board.keep(all.clone());
    let share = |millis| turns(&board, 10_000, at(millis), &all, 2100)[2];
    assert_eq!(share(10_000), 100, "a tenth of the others' at first");
    assert_eq!(share(15_000), 420, "half");
    assert_eq!(share(20_000), 700, "as the others");
    assert_eq!(share(60_000), 700);
}

#[test]
fn who_drains_is_sick_or_suspect_has_no_turn() {
    let now = timing::now();
    let (board, all) = board(&[10, 10, 10, 10], now);
    all[0].drain();
    for _ in 0..3 {
        all[1].checked(false, &Check::default(), now);
    }
    all[2].suspect();
    assert_eq!(turns(&board, 0, now, &all, 8), [0, 0, 0, 8]);
    passes(&all[2], now);
    assert_eq!(turns(&board, 0, now, &all, 8), [0, 0, 4, 4]);
    passes(&all[1], now);
    assert_eq!(
        all[1].health(),
        MemberHealth::Unhealthy,
        "once is not enough"
    );
    passes(&all[1], now);
    assert_eq!(turns(&board, 0, now, &all, 9), [0, 3, 3, 3]);
    all[1].drain();
    all[0].activate(10);
    assert_eq!(turns(&board, 0, now, &all, 9), [3, 0, 3, 3]);
}

#[test]
fn one_that_no_check_has_seen_is_asked_only_when_nobody_else_is_there() {
    let now = timing::now();
    let (board, mut all) = board(&[10], now);
    all.push(upstream(9, 10));
    board.keep(all.clone());
    assert_eq!(turns(&board, 0, now, &all, 5), [5, 0]);
    let held = board.pick(0, now, |_| true, &all[..1]).unwrap();
    assert!(Arc::ptr_eq(&held.0, &all[1]));
    assert!(
        board.pick(0, now, |_| true, &all).is_none(),
        "all were tried"
    );
}

#[test]
fn an_unknown_member_is_not_unhealthy_before_its_time() {
    let start = timing::now();
    let one = upstream(1, 10);
    let check = Check::default();
    for millis in [0, 100, 5900] {
        one.checked(false, &check, start + Duration::from_millis(millis));
        assert_eq!(one.health(), MemberHealth::Unknown, "{millis}");
    }
    one.checked(false, &check, start + Duration::from_millis(6500));
    assert_eq!(one.health(), MemberHealth::Unhealthy);
}

#[test]
fn what_is_in_hand_is_counted_until_it_is_let_go() {
    let now = timing::now();
    let (board, all) = board(&[10], now);
    let held: Vec<Held> = (0..3)
        .map(|_| board.pick(0, now, |_| true, &[]).unwrap())
        .collect();
    assert_eq!(all[0].in_flight(), 3);
    all[0].drain();
    drop(held);
    assert_eq!(all[0].in_flight(), 0);
}
