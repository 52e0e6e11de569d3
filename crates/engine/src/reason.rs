//! Why, and why not: what an evaluation says of itself. Made by the engine alone; kept, counted and shown by the shell.

use std::collections::BTreeSet;

use muster_model::{Brake, BrakeKind, Change, GroupView, Lifecycle, Time};
use serde::Serialize;

/// Reasons that a record keeps at the most.
const REASONS: usize = 40;
/// Victims, started and ended activities that a record names at the most.
pub(crate) const NAMED: usize = 20;

/// Defines the codes with their words, in one place.
macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $word:literal,)*) => {
        /// What a reason says, apart from its numbers: a closed list, so that reasons can be counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$meta])* $name,)*
        }

        impl Code {
            /// All codes, in their order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// Its word, in `explain` and in metrics.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Code::$name => $word,)*
                }
            }
        }
    };
}

codes! {
    /// Desired and actual are the same.
    Matched = "matched",
    /// Members are missing and launched.
    Launching = "launching",
    /// Members are too many and leave.
    Leaving = "leaving",
    /// Something stands in the way, see the clamp.
    Held = "held",
    /// A machine vanished or died.
    Vanished = "vanished",
    /// A machine with the group's key is no member.
    Stranger = "stranger",
    /// Unhealthy members are replaced.
    Replacing = "replacing",
    /// A large share is unhealthy at once.
    Storm = "storm",
    /// No large share is, any more.
    StormOver = "storm_over",
    /// Replacing did not help and has stopped.
    ReplacingStopped = "replacing_stopped",
    /// The brake is released by itself.
    BrakeReleased = "brake_released",
    /// Spot machines are going to be taken back.
    Reclaim = "reclaim",
    /// A place is sold out, another is next.
    SoldOut = "sold_out",
    /// A hook holds an instance.
    HookHolds = "hook_holds",
    /// A hook is over, without an answer from outside.
    HookEnded = "hook_ended",
    /// A scheduled action sets sizes.
    Schedule = "schedule",
    /// A policy was evaluated.
    PolicyEvaluated = "policy_evaluated",
    /// A policy changes the size.
    PolicyActs = "policy_acts",
    /// A member is brought to its balancers as it is to be.
    Rebinding = "rebinding",
    /// What goes from a balancer finishes what it has, or has had its time.
    Draining = "draining",
    /// A policy acts at its time.
    Timed = "timed",
    /// An alarm rule of the account has fired.
    AlarmFired = "alarm_fired",
    /// A member leaves although a balancer did not let it go.
    BalancerGivenUp = "balancer_given_up",
    /// An instance refresh waits.
    RefreshWaits = "refresh_waits",
    /// The tags of a machine are brought up to date.
    Tags = "tags",
    /// An answer that nobody waits for.
    AnswerIgnored = "answer_ignored",
    /// A defect: an event that cannot happen.
    Impossible = "impossible",
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// What stands in the way of a decision, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the members are what they are called")]
pub enum Clamp {
    /// The minimum holds.
    Min { wanted: i64, min: u32 },
    /// The maximum holds.
    Max { wanted: i64, max: u32 },
    /// Machines asked for and not yet proved gone leave no room under the maximum.
    Room {
        wanted: u32,
        room: u32,
        machines: usize,
        max: u32,
    },
    /// The group cools down.
    Cooldown { until_ms: i64 },
    /// Nobody may be taken: all are protected, or none serves.
    Protection { wanted: u32 },
    /// Hooks hold members.
    Hook { held: usize },
    /// The brake is on.
    Brake {
        of: &'static str,
        since_ms: i64,
        failures: u32,
        reason: String,
    },
    /// A failure is waited out.
    BackOff { until_ms: i64, failures: u32 },
    /// Much is unhealthy at once: the next replacement waits, and policies give nothing back.
    Storm { until_ms: Option<i64>, sick: usize },
    /// Only a share is replaced at a time.
    Share { sick: usize, taken: usize },
    /// Health is acted upon at audits.
    Audit { at_ms: i64, sick: usize },
    /// No name or number is left.
    Quota { of: &'static str },
    /// Another activity is running.
    Busy { activity: String },
    /// The group is switched off.
    Disabled,
    /// It has no launch configuration.
    NoConfiguration { wanted: u32 },
    /// Nothing can be launched, by the catalogue or because all is sold out.
    NoPlace,
    /// The group cannot do its work.
    Abnormal,
    /// Members are warming up.
    Warmup { members: usize },
    /// A wish has not held all through the window of its direction: this one has.
    Stabilization { wanted: u32, steady: u32 },
    /// A policy may only change so much at a time.
    StepCap { wanted: u32, cap: u32 },
    /// A policy has changed its direction so often that it holds.
    Flaps {
        changes: u32,
        budget: u32,
        within_secs: u32,
    },
    /// So many periods have no value: nothing is scaled in.
    Gap { periods: usize },
    /// Too few members report: nothing is scaled in.
    Reporting { reported: u32, expected: u32 },
    /// It only says what it would do.
    Shadow { wanted: u32 },
}

impl Clamp {
    /// All words.
    pub const WORDS: &'static [&'static str] = &[
        "min",
        "max",
        "room",
        "cooldown",
        "protection",
        "hook",
        "brake",
        "back_off",
        "storm",
        "share",
        "audit",
        "quota",
        "busy",
        "disabled",
        "no_configuration",
        "no_place",
        "abnormal",
        "warmup",
        "stabilization",
        "step_cap",
        "flaps",
        "gap",
        "reporting",
        "shadow",
    ];

    /// Its word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Clamp::Min { .. } => "min",
            Clamp::Max { .. } => "max",
            Clamp::Room { .. } => "room",
            Clamp::Cooldown { .. } => "cooldown",
            Clamp::Protection { .. } => "protection",
            Clamp::Hook { .. } => "hook",
            Clamp::Brake { .. } => "brake",
            Clamp::BackOff { .. } => "back_off",
            Clamp::Storm { .. } => "storm",
            Clamp::Share { .. } => "share",
            Clamp::Audit { .. } => "audit",
            Clamp::Quota { .. } => "quota",
            Clamp::Busy { .. } => "busy",
            Clamp::Disabled => "disabled",
            Clamp::NoConfiguration { .. } => "no_configuration",
            Clamp::NoPlace => "no_place",
            Clamp::Abnormal => "abnormal",
            Clamp::Warmup { .. } => "warmup",
            Clamp::StepCap { .. } => "step_cap",
            Clamp::Flaps { .. } => "flaps",
            Clamp::Gap { .. } => "gap",
            Clamp::Reporting { .. } => "reporting",
            Clamp::Stabilization { .. } => "stabilization",
            Clamp::Shadow { .. } => "shadow",
        }
    }
}

impl From<&Brake> for Clamp {
    fn from(brake: &Brake) -> Clamp {
        Clamp::Brake {
            of: match brake.kind {
                BrakeKind::Launches | BrakeKind::Deaths => "launches",
                BrakeKind::Replacements => "replacements",
            },
            since_ms: brake.since.0,
            failures: brake.failures,
            reason: brake.reason.clone(),
        }
    }
}

/// One reason: what it says, in words with the numbers in them, and what stands in the way if something does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What it says.
    pub code: Code,
    /// In words.
    pub text: String,
    /// What stands in the way, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clamps: Vec<Clamp>,
}

impl Reason {
    /// The words that it is counted under: those of its clamps, and its code unless that only says that there are some.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        let code = Some(self.code).filter(|code| *code != Code::Held);
        let clamps = self.clamps.iter().map(Clamp::word);
        code.map(Code::word).into_iter().chain(clamps)
    }
}

/// A member that leaves, or would, and why it before the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Victim {
    /// Which.
    pub instance: String,
    /// What speaks for it, in words, what counts most first.
    pub why: Vec<String>,
}

/// A metric as a policy saw it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Input {
    /// Name of the policy.
    pub policy: String,
    /// The metric.
    pub metric: String,
    /// How it is compared.
    pub comparison: &'static str,
    /// With what.
    pub threshold: f64,
    /// Length of a period, seconds.
    pub period_secs: u32,
    /// The values of the periods, the newest first; `None` is a gap.
    pub periods: Vec<Option<f64>>,
    /// Of the period in which the smallest share of members reported: how many did; `None` = the group is measured as a
    /// whole.
    pub reported: Option<u32>,
    /// How many should have.
    pub expected: Option<u32>,
    /// What follows: breach, ok, or unknown.
    pub verdict: &'static str,
}

/// What a policy says while it makes up its mind.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// In words, in order.
    pub(crate) words: Vec<String>,
    /// What it saw.
    pub(crate) inputs: Vec<Input>,
    /// What stands in the way.
    pub(crate) clamps: Vec<Clamp>,
}

impl Told {
    pub(crate) fn say(&mut self, words: impl Into<String>) {
        self.words.push(words.into());
    }

    pub(crate) fn held(&mut self, clamp: Clamp, words: impl Into<String>) {
        self.clamps.push(clamp);
        self.say(words);
    }
}

/// An activity that began, or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acted {
    /// Which.
    pub activity: String,
    /// What it does.
    pub kind: String,
    /// Where it stands.
    pub status: String,
    /// How many instances it is about.
    pub wanted: u32,
}

/// What an evaluation changed; all empty = nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The desired number before and after, where it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<(u32, u32)>,
    /// Activities that began.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub started: Vec<Acted>,
    /// Activities that ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Acted>,
    /// Machines that are asked for.
    #[serde(skip_serializing_if = "is_zero")]
    pub launches: usize,
    /// Members that are sent away.
    #[serde(skip_serializing_if = "is_zero")]
    pub leave: usize,
}

impl Decision {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Decision::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What an evaluation says of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// When.
    pub at: Time,
    /// What it saw of metrics.
    pub inputs: Vec<Input>,
    /// Why, and why not, in order.
    pub reasons: Vec<Reason>,
    /// Reasons that are not kept because there were too many.
    pub more: usize,
    /// Who was chosen to leave, first one first.
    pub victims: Vec<Victim>,
    /// What changed.
    pub decision: Decision,
}

impl Record {
    pub(crate) fn new(at: Time) -> Record {
        Record {
            at,
            inputs: Vec::new(),
            reasons: Vec::new(),
            more: 0,
            victims: Vec::new(),
            decision: Decision::default(),
        }
    }

    pub(crate) fn push(&mut self, reason: Reason) {
        // The same is often said at the end of a command and of each activity in it.
        if self.reasons.last() == Some(&reason) {
            return;
        }
        match self.reasons.len() < REASONS {
            true => self.reasons.push(reason),
            false => self.more += 1,
        }
    }

    pub(crate) fn chose(&mut self, victims: Vec<Victim>) {
        self.victims = victims;
    }

    /// The words that it is counted under, each once.
    #[must_use]
    pub fn words(&self) -> BTreeSet<&'static str> {
        self.reasons.iter().flat_map(Reason::words).collect()
    }

    /// Its reasons as one text of at most so many bytes; what does not fit is left off at the end.
    pub(crate) fn text(&self, most: usize) -> String {
        let mut text = String::new();
        // That an activity runs is no reason for it.
        let is_cause = |reason: &&Reason| !matches!(reason.clamps[..], [Clamp::Busy { .. }]);
        for reason in self.reasons.iter().filter(is_cause) {
            let separator = if text.is_empty() { "" } else { "; " };
            if text.len() + separator.len() + reason.text.len() > most {
                break;
            }
            text.push_str(separator);
            text.push_str(&reason.text);
        }
        text
    }

    /// About how many bytes of text it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let reasons = self.reasons.iter().map(|reason| reason.text.len() + 64);
        let victims = self.victims.iter();
        let victims = victims.map(|one| 16 + one.why.iter().map(String::len).sum::<usize>());
        let inputs = self.inputs.iter();
        let inputs =
            inputs.map(|one| one.metric.len() + one.policy.len() + 64 + 16 * one.periods.len());
        reasons.chain(victims).chain(inputs).sum()
    }

    /// Whether both say the same, whenever they were.
    #[must_use]
    pub fn says_as(&self, other: &Record) -> bool {
        self.decision == other.decision
            && self.reasons == other.reasons
            && self.victims == other.victims
            && self.inputs == other.inputs
            && self.more == other.more
    }
}

/// What a change amounts to.
pub(crate) fn decision(before: &GroupView, change: &Change) -> Decision {
    let mut decision = Decision::default();
    if let muster_model::Delta::Put(group) = &change.group {
        let (was, is) = (before.group.spec.size.desired, group.spec.size.desired);
        decision.desired = (was != is).then_some((was, is));
    }
    for activity in &change.activities {
        let was = before.activities.get(&activity.id);
        let acted = || Acted {
            activity: activity.id.to_string(),
            kind: format!("{:?}", activity.kind),
            status: format!("{:?}", activity.status),
            wanted: activity.wanted,
        };
        if was.is_none() && decision.started.len() < NAMED {
            decision.started.push(acted());
        }
        let ended = activity.status.is_ended() && was.is_none_or(|was| !was.status.is_ended());
        if ended && decision.ended.len() < NAMED {
            decision.ended.push(acted());
        }
    }
    for instance in &change.instances {
        let was = before.instances.get(&instance.id);
        if was.is_none() && instance.state == Lifecycle::Creating {
            decision.launches += 1;
        }
        if instance.exit.is_some() && was.is_some_and(|was| was.exit.is_none()) {
            decision.leave += 1;
        }
    }
    decision
}
