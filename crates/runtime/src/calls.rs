//! The executor: makes calls to the back end and brings the answers home.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use muster_engine::PlannedCall;
use muster_model::{
    AttemptCode, CallKind, ConfigSpec, Error, GroupCommand, GroupView, HookId, LaunchSpec,
    OwnerKey, StepOutcome, StepResult,
};
use muster_ports::{CommandRun, ComputeError};

use crate::runtime::Runtime;

/// Configuration versions kept for launches.
const VERSIONS_KEPT: usize = 256;

impl Runtime {
    /// Makes a call in the background. Its answer is applied before it counts as over.
    pub(crate) fn start_call(self: &Arc<Self>, view: &Arc<GroupView>, call: PlannedCall) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let runtime = Arc::clone(self);
        let view = Arc::clone(view);
        tokio::spawn(async move {
            let attempt = tokio::spawn({
                let (runtime, call) = (Arc::clone(&runtime), call.clone());
                async move { runtime.make_call(&view, &call).await }
            });
            let result = attempt.await.unwrap_or_else(|error| {
                tracing::error!(owner = %call.owner, %error, "a call to the back end panicked");
                runtime.metrics.panicked();
                StepResult::Unknown {
                    message: "the call panicked".to_owned(),
                }
            });
            let outcome = StepOutcome {
                instance: call.owner.instance,
                kind: call.kind,
                attempt: call.attempt,
                until: call.until,
                result,
            };
            runtime
                .deliver(call.owner.group, GroupCommand::StepDone(outcome))
                .await;
            if matches!(call.kind, CallKind::Terminate | CallKind::Release) {
                runtime.want_jobs();
            }
            runtime.in_flight.fetch_sub(1, Ordering::SeqCst);
            runtime.stirred();
        });
    }

    async fn make_call(&self, view: &GroupView, call: &PlannedCall) -> StepResult {
        if let CallKind::Command(hook) = call.kind {
            return self.run_command(view, call, hook).await;
        }
        let Ok(_permit) = self.call_permits.acquire().await else {
            return StepResult::Unknown {
                message: "the runtime is stopping".to_owned(),
            };
        };
        let op = call.kind.name();
        let timer = self.metrics.call(op);
        let result = tokio::select! {
            biased;
            result = self.ask(view, call) => result,
            () = self.clock.deadline(call.until) => Err(ComputeError::Unknown("no answer in time".to_owned())),
        };
        timer.observe(&result);
        match result {
            Ok(done) => done,
            Err(error) => {
                tracing::warn!(owner = %call.owner, op, attempt = call.attempt, %error, "the back end did not do it");
                refusal(error)
            }
        }
    }

    async fn ask(&self, view: &GroupView, call: &PlannedCall) -> Result<StepResult, ComputeError> {
        let owner = &call.owner;
        let machine = match call.kind {
            CallKind::Launch => {
                let spec = self.spec_of(view, owner).await?;
                self.compute.launch(&spec).await.map(Some)
            }
            CallKind::Reset(at) => {
                let spec = self.spec_of(view, owner).await?;
                self.compute.reset(&spec, at).await.map(Some)
            }
            CallKind::Terminate => {
                self.compute.terminate(owner).await?;
                self.drop_owner(view, owner).await.map_err(unwritten)?;
                Ok(None)
            }
            CallKind::Adopt => self.compute.adopt(owner).await.map(Some),
            // Between its group and its owner a machine is never nobody's.
            CallKind::Release => {
                self.keep_owner(view, owner).await.map_err(unwritten)?;
                self.compute.release(owner).await.map(|()| None)
            }
            CallKind::Start => self.compute.start(owner).await.map(Some),
            CallKind::Bind | CallKind::Unbind | CallKind::Rebind => {
                return Ok(match self.balance(view, owner).await? {
                    Some(left) => StepResult::Draining { left },
                    None => StepResult::Done(None),
                });
            }
            CallKind::Stop(mode) => self.compute.stop(owner, mode).await.map(Some),
            CallKind::Tag => {
                let tags = muster_engine::kept_tags(view);
                self.compute.tag(owner, &tags).await.map(Some)
            }
            CallKind::Command(_) => Err(ComputeError::Failed("not a plain call".to_owned())),
        };
        machine.map(|machine| StepResult::Done(machine.map(Arc::new)))
    }

    /// Runs the command of a hook. It may take as long as the hook waits, so it takes no place that other calls need.
    async fn run_command(&self, view: &GroupView, call: &PlannedCall, hook: HookId) -> StepResult {
        let waits = view.instances.get(&call.owner.instance);
        let mut waits = waits.into_iter().flat_map(|instance| &instance.hooks);
        let Some(run) = waits
            .find(|wait| wait.hook == hook)
            .and_then(|wait| wait.run.as_ref())
        else {
            return StepResult::Unknown {
                message: "the run is gone".to_owned(),
            };
        };
        let run = CommandRun {
            invocation: run.invocation.clone(),
            command: run.command.command.clone(),
            parameters: run.command.parameters.clone(),
        };
        let Ok(_permit) = self.command_permits.acquire().await else {
            return StepResult::Unknown {
                message: "the runtime is stopping".to_owned(),
            };
        };
        let timer = self.metrics.call(call.kind.name());
        let result = tokio::select! {
            biased;
            result = self.compute.command(&call.owner, &run) => result,
            () = self.clock.deadline(call.until) => Err(ComputeError::Unknown("it has not ended in time".to_owned())),
        };
        timer.observe(&result);
        match result {
            Ok(end) if end.succeeded => StepResult::Done(None),
            Ok(end) => StepResult::Refused {
                code: AttemptCode::CommandFailed,
                message: end.message,
            },
            Err(error) => {
                tracing::warn!(owner = %call.owner, run.command, %error, "a command was not run, or nobody knows how it ended");
                refusal(error)
            }
        }
    }

    /// What the machine of an instance is made of.
    async fn spec_of(
        &self,
        view: &GroupView,
        owner: &OwnerKey,
    ) -> Result<LaunchSpec, ComputeError> {
        let instance = view
            .row(owner.instance)
            .ok_or_else(|| ComputeError::Failed("the instance is gone".to_owned()))?;
        let config = self.pinned_config(instance).await?;
        Ok(muster_engine::launch_spec(&view.group, instance, config))
    }

    /// The configuration version that an instance is made from.
    async fn pinned_config(
        &self,
        instance: &muster_model::Instance,
    ) -> Result<Arc<ConfigSpec>, ComputeError> {
        let pinned = instance
            .config
            .as_ref()
            .ok_or_else(|| ComputeError::Failed("the instance has no configuration".to_owned()))?;
        let key = (pinned.id, pinned.version);
        if let Some(spec) = self.versions().get(&key) {
            return Ok(Arc::clone(spec));
        }
        let spec = self
            .store
            .config_version(pinned.id, pinned.version)
            .await
            .map_err(|error| ComputeError::Failed(error.to_string()))?
            .ok_or_else(|| ComputeError::Failed("the configuration version is gone".to_owned()))?;
        let mut versions = self.versions();
        if versions.len() >= VERSIONS_KEPT {
            versions.pop_first();
        }
        versions.insert(key, Arc::clone(&spec));
        Ok(spec)
    }
}

fn refusal(error: ComputeError) -> StepResult {
    let (code, message) = match error {
        ComputeError::Unknown(message) => return StepResult::Unknown { message },
        ComputeError::SoldOut(message) => (AttemptCode::SoldOut, message),
        ComputeError::Quota(message) => (AttemptCode::Quota, message),
        ComputeError::Refused(message) => (AttemptCode::Refused, message),
        ComputeError::Failed(message) => (AttemptCode::Failed, message),
    };
    StepResult::Refused { code, message }
}

/// A call that waits for something to be written down, which the store did not do.
fn unwritten(error: Error) -> ComputeError {
    ComputeError::Unknown(error.to_string())
}
