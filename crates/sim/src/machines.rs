//! A simulated cloud: a pure state machine that keeps the contract of the Compute port.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_model::{
    GroupId, InstanceId, LaunchSpec, Machine, MachineHealth, MachineState, OwnerKey, Placement,
    Tag, Time,
};
use muster_ports::ComputeError;
use serde::{Deserialize, Serialize};

/// What can be said of a machine that is made by hand, to be attached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignSpec {
    /// VPC.
    #[serde(default)]
    pub vpc: String,
    /// Zone.
    #[serde(default)]
    pub zone: String,
    /// Subnet.
    #[serde(default)]
    pub subnet: String,
    /// Instance type.
    #[serde(default)]
    pub instance_type: String,
    /// Image.
    #[serde(default)]
    pub image: String,
    /// Name.
    #[serde(default)]
    pub name: String,
    /// `running` (default), `stopped`, `pending` or `dead`.
    #[serde(default)]
    pub state: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// The machines, and the keys that are spent (terminated or released): no launch with one makes a machine any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machines {
    machines: BTreeMap<InstanceId, Arc<Machine>>,
    by_group: BTreeMap<GroupId, BTreeSet<InstanceId>>,
    spent: BTreeSet<InstanceId>,
}

fn absent(id: InstanceId) -> ComputeError {
    ComputeError::Refused(format!("there is no machine {id}"))
}

impl Machines {
    fn put(&mut self, machine: Machine) -> Machine {
        self.unindex(machine.id);
        if let Some(owner) = &machine.owner {
            self.by_group
                .entry(owner.group)
                .or_default()
                .insert(machine.id);
        }
        self.machines.insert(machine.id, Arc::new(machine.clone()));
        machine
    }

    /// Takes a machine out of the index of its group.
    fn unindex(&mut self, id: InstanceId) {
        let group = self
            .machines
            .get(&id)
            .and_then(|machine| machine.owner.as_ref())
            .map(|owner| owner.group);
        if let Some(members) = group.and_then(|group| self.by_group.get_mut(&group)) {
            members.remove(&id);
        }
    }

    /// Makes the machine, or finds it made. A spent key is refused.
    ///
    /// # Errors
    /// Refused.
    pub fn launch(&mut self, spec: &LaunchSpec, now: Time) -> Result<Machine, ComputeError> {
        let id = spec.owner.instance;
        if let Some(machine) = self.machines.get(&id) {
            return match machine.owner.as_ref() == Some(&spec.owner) {
                true => Ok((**machine).clone()),
                false => Err(ComputeError::Refused(format!(
                    "machine {id} is somebody else's"
                ))),
            };
        }
        if self.spent.contains(&id) {
            return Err(ComputeError::Refused(format!(
                "machine {id} was terminated or released"
            )));
        }
        let number = id.key().bits();
        Ok(self.put(Machine {
            id,
            owner: Some(spec.owner.clone()),
            state: MachineState::Running,
            health: MachineHealth::Healthy,
            vpc: spec.vpc.clone(),
            placement: spec.placement.clone(),
            image: spec.image.clone(),
            name: spec.name.clone(),
            address: Some(format!(
                "10.{}.{}.{}",
                number >> 16 & 0xff,
                number >> 8 & 0xff,
                number & 0xff
            )),
            port: None,
            created_at: now,
            reclaim_at: None,
            tags: spec.tags.clone(),
            system_disk: spec.config.system_disk.clone(),
            data_disks: spec.config.data_disks.clone(),
        }))
    }

    /// Destroys the machine, and sees to it that it stays away.
    pub fn terminate(&mut self, owner: &OwnerKey) {
        let id = owner.instance;
        let ours = self
            .machines
            .get(&id)
            .is_none_or(|machine| machine.owner.as_ref() == Some(owner));
        if ours {
            self.unindex(id);
            self.machines.remove(&id);
            self.spent.insert(id);
        }
    }

    /// Puts a key on a machine that is nobody's, or already carries it.
    ///
    /// # Errors
    /// Refused.
    pub fn adopt(&mut self, owner: &OwnerKey) -> Result<Machine, ComputeError> {
        let machine = self
            .machines
            .get(&owner.instance)
            .ok_or_else(|| absent(owner.instance))?;
        match &machine.owner {
            Some(old) if old != owner => Err(ComputeError::Refused(format!(
                "machine {} is somebody else's",
                owner.instance
            ))),
            Some(_) => Ok((**machine).clone()),
            None => {
                let machine = Machine {
                    owner: Some(owner.clone()),
                    ..(**machine).clone()
                };
                Ok(self.put(machine))
            }
        }
    }

    /// Takes a key off, for good as far as launches go.
    pub fn release(&mut self, owner: &OwnerKey) {
        let Some(machine) = self.machines.get(&owner.instance) else {
            self.spent.insert(owner.instance);
            return;
        };
        if machine.owner.as_ref() == Some(owner) {
            let machine = Machine {
                owner: None,
                ..(**machine).clone()
            };
            self.spent.insert(owner.instance);
            self.put(machine);
        }
    }

    /// Reinstalls a machine by its key.
    ///
    /// # Errors
    /// Refused.
    pub fn reset(&mut self, spec: &LaunchSpec) -> Result<Machine, ComputeError> {
        let machine = self.owned(&spec.owner)?;
        let machine = Machine {
            state: MachineState::Running,
            health: MachineHealth::Healthy,
            image: spec.image.clone(),
            ..(**machine).clone()
        };
        Ok(self.put(machine))
    }

    fn owned(&self, owner: &OwnerKey) -> Result<&Arc<Machine>, ComputeError> {
        let id = owner.instance;
        let machine = self.machines.get(&id).ok_or_else(|| absent(id))?;
        match machine.owner.as_ref() == Some(owner) {
            true => Ok(machine),
            false => Err(ComputeError::Refused(format!(
                "machine {id} is somebody else's"
            ))),
        }
    }

    /// Starts or stops a machine by its key.
    ///
    /// # Errors
    /// Refused.
    pub fn set_state(
        &mut self,
        owner: &OwnerKey,
        state: MachineState,
    ) -> Result<Machine, ComputeError> {
        let machine = self.owned(owner)?;
        if machine.state == MachineState::Dead {
            return Err(ComputeError::Refused(format!(
                "machine {} is dead",
                owner.instance
            )));
        }
        let machine = Machine {
            state,
            ..(**machine).clone()
        };
        Ok(self.put(machine))
    }

    /// Puts tags on a machine by its key.
    ///
    /// # Errors
    /// Refused.
    pub fn tag(&mut self, owner: &OwnerKey, tags: &[Tag]) -> Result<Machine, ComputeError> {
        let mut machine = (**self.owned(owner)?).clone();
        machine.put_tags(tags);
        Ok(self.put(machine))
    }

    /// Whether a command could be run on a machine: it is ours, and runs.
    ///
    /// # Errors
    /// `Refused` when not.
    pub fn reachable(&mut self, owner: &OwnerKey) -> Result<(), ComputeError> {
        match self.owned(owner)?.state {
            MachineState::Running => Ok(()),
            MachineState::Pending | MachineState::Stopped | MachineState::Dead => Err(
                ComputeError::Refused(format!("machine {} does not run", owner.instance)),
            ),
        }
    }

    /// Changes a machine behind the back of whoever owns it. Returns its owner, or nothing when there is no such machine.
    pub fn tamper(
        &mut self,
        id: InstanceId,
        change: impl FnOnce(&mut Machine),
    ) -> Option<Option<OwnerKey>> {
        let mut machine = (**self.machines.get(&id)?).clone();
        let owner = machine.owner.clone();
        change(&mut machine);
        self.put(machine);
        Some(owner)
    }

    /// Removes a machine behind the back of whoever owns it. Returns its owner.
    pub fn vanish(&mut self, id: InstanceId) -> Option<Option<OwnerKey>> {
        let owner = self.machines.get(&id)?.owner.clone();
        self.unindex(id);
        self.machines.remove(&id);
        Some(owner)
    }

    /// Makes a machine that is nobody's.
    pub fn foreign(&mut self, id: InstanceId, spec: &ForeignSpec, now: Time) -> Machine {
        let state = spec.state.as_deref().unwrap_or_default();
        self.put(Machine {
            id,
            owner: None,
            state: match state.to_ascii_lowercase().as_str() {
                "stopped" => MachineState::Stopped,
                "pending" => MachineState::Pending,
                "dead" => MachineState::Dead,
                _ => MachineState::Running,
            },
            health: MachineHealth::Healthy,
            vpc: spec.vpc.clone(),
            placement: Placement {
                instance_type: spec.instance_type.clone(),
                zone: spec.zone.clone(),
                subnet: spec.subnet.clone(),
                spot: false,
            },
            image: spec.image.clone(),
            name: spec.name.clone(),
            address: None,
            port: None,
            created_at: now,
            reclaim_at: None,
            tags: spec.tags.clone(),
            system_disk: None,
            data_disks: Vec::new(),
        })
    }

    /// One machine.
    #[must_use]
    pub fn get(&self, id: InstanceId) -> Option<&Arc<Machine>> {
        self.machines.get(&id)
    }

    /// Machines with a key of a group, or with any key.
    #[must_use]
    pub fn list(&self, group: Option<GroupId>) -> Vec<Arc<Machine>> {
        match group {
            Some(group) => {
                let members = self.by_group.get(&group).into_iter().flatten();
                members
                    .filter_map(|id| self.machines.get(id))
                    .map(Arc::clone)
                    .collect()
            }
            None => self
                .machines
                .values()
                .filter(|machine| machine.owner.is_some())
                .map(Arc::clone)
                .collect(),
        }
    }

    /// All machines.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Machine>> {
        self.machines.values().map(Arc::clone).collect()
    }

    /// Takes over a machine as it was written down.
    pub(crate) fn restore(&mut self, machine: Arc<Machine>) {
        if machine.owner.is_none() {
            self.spent.insert(machine.id);
        }
        self.put((*machine).clone());
    }

    /// Takes over that a machine is gone.
    pub(crate) fn forget(&mut self, id: InstanceId, spent: bool) {
        self.unindex(id);
        self.machines.remove(&id);
        if spent {
            self.spent.insert(id);
        }
    }

    /// Whether a key was terminated or released.
    pub(crate) fn is_spent(&self, id: InstanceId) -> bool {
        self.spent.contains(&id)
    }

    /// The keys that were terminated or released.
    pub(crate) fn spent(&self) -> impl Iterator<Item = InstanceId> {
        self.spent.iter().copied()
    }

    /// How many machines there are.
    pub(crate) fn len(&self) -> usize {
        self.machines.len()
    }
}
