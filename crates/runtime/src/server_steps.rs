//! The steps of jobs: what is asked of the back end for one machine, each safe to be done again.

use std::sync::Arc;

use muster_model::{
    AccountId, Error, GroupCommand, GroupId, InstanceId, LaunchSpec, Machine, OwnerKey, Placement,
    ServerJob, ServerSpec, ServerWork, StopMode, TaskState, own_key,
};
use muster_ports::{Clock, ComputeError};

use crate::runtime::Runtime;
use crate::servers::InHand;

/// How a step of a task went.
pub(crate) enum Step {
    /// It is over.
    Ended(TaskState),
    /// It is to be asked again.
    Waits,
}

/// What a server's machine is made of.
fn launch_spec(account: AccountId, spec: &ServerSpec) -> LaunchSpec {
    let config = spec.config();
    LaunchSpec {
        owner: own_key(account, spec.instance),
        name: spec.name.clone(),
        host_name: None,
        group_name: String::new(),
        vpc: spec.vpc.clone(),
        placement: Placement {
            instance_type: spec.instance_type.clone(),
            zone: spec.zone.clone(),
            subnet: spec.subnets.first().cloned().unwrap_or_default(),
            spot: false,
        },
        image: spec.image.clone(),
        user_data: spec.user_data.clone(),
        security_groups: spec.security_groups.clone(),
        tags: spec.tags.clone(),
        config: Arc::new(config),
    }
}

impl Runtime {
    /// One step of one task.
    pub(crate) async fn step(&self, job: &ServerJob, instance: InstanceId) -> Step {
        let (account, now) = (job.head.account, self.clock.now());
        let Some(_in_hand) = InHand::take(&self.jobs, instance) else {
            return Step::Waits;
        };
        let Ok(_permit) = self.call_permits.acquire().await else {
            return Step::Waits;
        };
        let late = now >= job.spec.until;
        let failed = |message| {
            let at = self.clock.now();
            Step::Ended(TaskState::Failed { at, message })
        };
        let looked = self.in_time(self.compute.describe(&[instance])).await;
        let machine = match (looked, job.spec.kind) {
            (Ok(mut found), _) => found.pop(),
            // Whether a machine was made, only a look says: it may have been let go already.
            (Err(error), ServerWork::Delete | ServerWork::Stop | ServerWork::Start) if late => {
                return failed(error.to_string());
            }
            (Err(error), _) => {
                tracing::warn!(%instance, %error, "a machine that is worked on could not be looked at");
                return Step::Waits;
            }
        };
        let is_seen = machine.is_some();
        let done = self
            .in_time(self.try_step(job, instance, machine, late))
            .await;
        let at = self.clock.now();
        match done {
            Ok(true) => Step::Ended(TaskState::Done { at }),
            Ok(false) => Step::Waits,
            Err(ComputeError::Unknown(message)) if !late => {
                tracing::warn!(%instance, message, "a machine was asked for something, and nobody knows what came of it");
                Step::Waits
            }
            Err(error) => match job.spec.kind {
                // What may have been made is destroyed before that is called a failure.
                ServerWork::Create => {
                    let own = own_key(account, instance);
                    match self.in_time(self.compute.terminate(&own)).await {
                        Ok(()) => failed(error.to_string()),
                        Err(_) => Step::Waits,
                    }
                }
                // One that is not seen is gone already, if it was asked for before and the answer was lost: that the back
                // end fails now says nothing of the machine.
                ServerWork::Delete if !is_seen && !late => Step::Waits,
                ServerWork::Delete | ServerWork::Stop | ServerWork::Start => {
                    failed(error.to_string())
                }
            },
        }
    }

    /// Does what is next for a task: `true` = that was the last of it.
    async fn try_step(
        &self,
        job: &ServerJob,
        instance: InstanceId,
        machine: Option<Machine>,
        late: bool,
    ) -> Result<bool, ComputeError> {
        let account = job.head.account;
        let own = own_key(account, instance);
        match job.spec.kind {
            ServerWork::Create => {
                let there = machine.as_ref().map(|machine| machine.owner.as_ref());
                if there.is_some_and(|owner| owner != Some(&own)) {
                    return Ok(true);
                }
                if late {
                    return Err(ComputeError::Failed("it took too long".to_owned()));
                }
                let server = self.server_of(account, instance);
                let server = server
                    .ok_or_else(|| ComputeError::Refused("it was deleted meanwhile".to_owned()))?;
                if there.is_none() {
                    let spec = launch_spec(account, &server.spec);
                    self.compute.launch(&spec).await?;
                }
                self.compute.release(&own).await.map(|()| true)
            }
            ServerWork::Delete => match machine {
                // One that is still being made does not come to be.
                None => self.compute.terminate(&own).await.map(|()| true),
                Some(machine) => self.destroy(account, &machine, late).await,
            },
            ServerWork::Stop | ServerWork::Start => {
                let Some(machine) = machine else {
                    return Err(ComputeError::Refused("there is no such machine".to_owned()));
                };
                let owner = self.hold(account, &machine).await?;
                let done = match job.spec.kind {
                    ServerWork::Start => self.compute.start(&owner).await,
                    _ => self.compute.stop(&owner, StopMode::KeepCharging).await,
                };
                if owner == own {
                    self.compute.release(&own).await?;
                }
                done.map(|_| true)
            }
        }
    }

    /// The key by which a machine is worked on: that of its group, or the account's own, put on for that.
    async fn hold(&self, account: AccountId, machine: &Machine) -> Result<OwnerKey, ComputeError> {
        match &machine.owner {
            Some(owner) => Ok(owner.clone()),
            None => {
                let own = own_key(account, machine.id);
                self.compute.adopt(&own).await?;
                Ok(own)
            }
        }
    }

    /// Destroys a machine. A member leaves its group, which wants one less then; where the group may not have fewer, or does
    /// not let it go in time, the machine goes behind the back of the group, and is replaced.
    async fn destroy(
        &self,
        account: AccountId,
        machine: &Machine,
        late: bool,
    ) -> Result<bool, ComputeError> {
        let id = machine.id;
        let group = machine.owner.as_ref().map(|owner| owner.group);
        let group = group.filter(|group| *group != own_key(account, id).group);
        if let Some(group) = group
            && !late
            && self.lets_go(group, id).await
        {
            return Ok(false);
        }
        let owner = self.hold(account, machine).await?;
        self.compute.terminate(&owner).await?;
        Ok(true)
    }

    /// Whether a group lets a member go, now or later.
    async fn lets_go(&self, group: GroupId, member: InstanceId) -> bool {
        let Some(slot) = self.directory.group(group) else {
            return false;
        };
        let leaving = |instance: &Arc<muster_model::Instance>| instance.exit.is_some();
        match slot.view().instances.get(&member) {
            None => return false,
            Some(instance) if leaving(instance) => return true,
            Some(_) => {}
        }
        let remove = GroupCommand::Remove {
            instances: vec![member],
        };
        match self.apply_to(group, &remove).await {
            Ok(_) | Err(Error::Busy { .. } | Error::InstanceBusy { .. } | Error::Store { .. }) => {
                true
            }
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use muster_model::{Key, Login, ServerState};

    use super::*;

    #[test]
    fn a_machine_is_told_its_user_data_and_how_one_logs_in() {
        let sealed = || "sealed".to_owned();
        for (key, password, login) in [
            (None, None, None),
            (
                Some("mine"),
                None,
                Some(Login::Keys(vec!["mine".to_owned()])),
            ),
            (
                None,
                Some(sealed()),
                Some(Login::Password { sealed: sealed() }),
            ),
        ] {
            let spec = ServerSpec {
                instance: InstanceId::new(Key::from_bits(1)),
                name: "by-hand".to_owned(),
                description: String::new(),
                instance_type: "s6.small.1".to_owned(),
                image: "img-1".to_owned(),
                vpc: "vpc-1".to_owned(),
                subnets: vec!["sub-1".to_owned()],
                zone: String::new(),
                security_groups: Vec::new(),
                key_name: key.map(str::to_owned),
                password,
                user_data: Some("IyEvYmluL3NoCg==".to_owned()),
                metadata: BTreeMap::new(),
                tags: Vec::new(),
                enterprise_project: None,
                kept: muster_model::Kept::new(),
                state: ServerState::Building,
                system_disk: None,
                data_disks: Vec::new(),
            };
            let launch = launch_spec(AccountId::new(Key::from_bits(2)), &spec);
            assert_eq!(launch.user_data, spec.user_data);
            assert_eq!(launch.config.login, login);
        }
    }
}
