//! Commands of hooks, run on the machines that they hold (rule H2). A run is a call like any other: intent before it is
//! made, made at least once, always under the same name; but it may take as long as the hook waits.

use muster_model::{
    AttemptCode, Call, CallKind, CallPhase, Hook, HookId, HookReason, HookRun, HookVerdict,
    HookWait, Ids, InstanceId, OwnerKey, RunOutcome, RunStatus, StepOutcome, StepResult, Time,
};

use crate::calls::PlannedCall;
use crate::draft::Draft;
use crate::hooks;
use crate::reason::Code;

/// How much longer than its hook waits a run is waited for, seconds.
const GRACE_SECS: u64 = 5;

/// The run of a hook's command, to be asked for at once; `None` for a hook without one.
pub(crate) fn begin(hook: &Hook, ids: &mut Ids, now: Time) -> Option<HookRun> {
    let command = hook.command.clone()?;
    Some(HookRun {
        invocation: format!("inv-{}", ids.next_key().base36()),
        command,
        call: Some(Call {
            kind: CallKind::Command(hook.id),
            attempt: 1,
            unanswered: 0,
            phase: CallPhase::Due { at: now },
            since: now,
        }),
        message: String::new(),
    })
}

/// How a run ended, by why its hook did.
pub(crate) fn outcome(run: &HookRun, reason: HookReason) -> RunOutcome {
    RunOutcome {
        invocation: run.invocation.clone(),
        command: run.command.command.clone(),
        status: match reason {
            HookReason::CommandExecFinish => RunStatus::Succeeded,
            HookReason::CommandExecFailure => RunStatus::Failed,
            HookReason::CommandCallFailure => RunStatus::NotRun,
            HookReason::CommandExecResultCheckFailure => RunStatus::Unknown,
            HookReason::HeartbeatTimeout => RunStatus::TimedOut,
            HookReason::NotificationFailure
            | HookReason::CallInterface
            | HookReason::AnotherActionAbandon => RunStatus::Overtaken,
        },
        message: run.message.clone(),
    }
}

/// Why a hook ends whose time is up: one whose command was asked for and never answered is not known to have failed.
pub(crate) fn silence(wait: &HookWait) -> HookReason {
    let call = wait.run.as_ref().and_then(|run| run.call.as_ref());
    match call {
        Some(call) if call.unanswered > 0 => HookReason::CommandExecResultCheckFailure,
        Some(_) | None => HookReason::HeartbeatTimeout,
    }
}

fn run_mut<'d>(draft: &'d mut Draft<'_>, id: InstanceId, hook: HookId) -> Option<&'d mut HookRun> {
    let waits = &mut draft.instance_mut(id)?.hooks;
    let open = waits
        .iter_mut()
        .find(|wait| wait.hook == hook && wait.verdict.is_none())?;
    open.run.as_mut()
}

/// Every run that has not come back, with the deadline of its hook.
fn open<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = (InstanceId, &'d HookWait, &'d Call)> {
    draft.instances().flat_map(|instance| {
        let waits = instance.hooks.iter().filter(|wait| wait.verdict.is_none());
        waits.filter_map(|wait| Some((instance.id, wait, wait.run.as_ref()?.call.as_ref()?)))
    })
}

/// When the run of a wait is to be asked for.
pub(crate) fn due(wait: &HookWait) -> Option<Time> {
    let run = wait.run.as_ref().filter(|_| wait.verdict.is_none())?;
    match run.call.as_ref()?.phase {
        CallPhase::Due { at } => Some(at),
        CallPhase::InFlight { .. } => None,
    }
}

/// Marks the runs that are due as asked for, and lists the calls. They are not counted against the calls of the group:
/// they wait for what people wrote, not for the back end.
pub(crate) fn ask(draft: &mut Draft<'_>) -> Vec<PlannedCall> {
    let now = draft.now;
    let group = draft.group().id;
    let due: Vec<(InstanceId, HookId, Time)> = open(draft)
        .filter(|(_, _, call)| matches!(call.phase, CallPhase::Due { at } if at <= now))
        // The hook's own time runs out first: what is not heard of then has not failed, it has not ended.
        .map(|(id, wait, _)| (id, wait.hook, wait.deadline.plus_secs(GRACE_SECS)))
        .collect();
    let mut calls = Vec::with_capacity(due.len());
    for (id, hook, until) in due {
        let Some(call) = run_mut(draft, id, hook).and_then(|run| run.call.as_mut()) else {
            continue;
        };
        call.phase = CallPhase::InFlight { until };
        calls.push(PlannedCall {
            owner: OwnerKey {
                group,
                instance: id,
            },
            kind: call.kind,
            attempt: call.attempt,
            until,
        });
    }
    calls
}

/// The shell restarted: runs that were asked for are asked for again.
pub(crate) fn recover(draft: &mut Draft<'_>) {
    let now = draft.now;
    let asked: Vec<(InstanceId, HookId)> = open(draft)
        .filter(|(_, _, call)| matches!(call.phase, CallPhase::InFlight { .. }))
        .map(|(id, wait, _)| (id, wait.hook))
        .collect();
    for (id, hook) in asked {
        if let Some(call) = run_mut(draft, id, hook).and_then(|run| run.call.as_mut()) {
            call.attempt = call.attempt.saturating_add(1);
            call.phase = CallPhase::Due { at: now };
        }
    }
}

/// A run came back. It ends its hook: with CONTINUE when it ended well, else with the default result (L30868-30878).
pub(crate) fn answered(draft: &mut Draft<'_>, hook: HookId, outcome: &StepOutcome) {
    let id = outcome.instance;
    let (now, settings) = (draft.now, draft.settings);
    let asked = open(draft)
        .any(|(instance, wait, call)| instance == id && wait.hook == hook && call.awaits(outcome));
    let Some(run) = run_mut(draft, id, hook).filter(|_| asked) else {
        draft.because(
            Code::AnswerIgnored,
            format!("the end of a command on {id} that nobody waits for is ignored"),
        );
        return;
    };
    let (reason, message) = match &outcome.result {
        // Only balancers drain.
        StepResult::Done(_) | StepResult::Draining { .. } => (HookReason::CommandExecFinish, ""),
        StepResult::Refused {
            code: AttemptCode::CommandFailed,
            message,
        } => (HookReason::CommandExecFailure, message.as_str()),
        StepResult::Refused { message, .. } => (HookReason::CommandCallFailure, message.as_str()),
        StepResult::Unknown { message } => {
            run.message.clone_from(message);
            if let Some(call) = &mut run.call {
                let wait = settings.backoff_secs(call.attempt);
                call.attempt = call.attempt.saturating_add(1);
                call.unanswered = call.unanswered.saturating_add(1);
                call.phase = CallPhase::Due {
                    at: now.plus_secs(wait),
                };
            }
            return;
        }
    };
    run.call = None;
    message.clone_into(&mut run.message);
    let verdict = match reason {
        HookReason::CommandExecFinish => HookVerdict::Continue,
        _ => hooks::default_result(draft, hook),
    };
    draft.because(
        Code::HookEnded,
        format!("the command of {hook} on {id} ended: {reason:?}"),
    );
    hooks::decide(draft, id, hook, verdict, reason);
}
