//! Machines of an account's own, outside groups, and the work on machines that a caller waits for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, ConfigSpec, DataDisk, GroupId, InstanceId, Kept, Login, OwnerKey, SystemDisk, Tag,
    Time,
};

/// A machine that was made outside a group (spec `facets.ecs`). What it is like now, its machine says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSpec {
    /// Its machine.
    pub instance: InstanceId,
    /// Its name.
    pub name: String,
    /// In words.
    #[serde(default)]
    pub description: String,
    /// Instance type.
    pub instance_type: String,
    /// Image id.
    pub image: String,
    /// VPC.
    pub vpc: String,
    /// Subnets, the first is the primary one.
    pub subnets: Vec<String>,
    /// Zone; empty = whichever.
    pub zone: String,
    /// Security groups.
    pub security_groups: Vec<String>,
    /// Name of its key pair.
    pub key_name: Option<String>,
    /// Its password, sealed; with a key pair there is none.
    #[serde(default)]
    pub password: Option<String>,
    /// User data, base64 as given.
    pub user_data: Option<String>,
    /// System disk.
    #[serde(default)]
    pub system_disk: Option<SystemDisk>,
    /// Data disks.
    #[serde(default)]
    pub data_disks: Vec<DataDisk>,
    /// Metadata.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Enterprise project; `None` = the default one.
    #[serde(default)]
    pub enterprise_project: Option<String>,
    /// What was said of it that nothing here acts on.
    #[serde(default, skip_serializing_if = "Kept::is_empty")]
    pub kept: Kept,
    /// Whether its machine is there.
    pub state: ServerState,
}

impl ServerSpec {
    /// A configuration that its machine could be made of.
    #[must_use]
    pub fn config(&self) -> ConfigSpec {
        let keys = self.key_name.clone();
        let keys = keys.map(|name| Login::Keys(vec![name]));
        let password = self.password.clone();
        ConfigSpec {
            login: keys.or(password.map(|sealed| Login::Password { sealed })),
            name: self.name.clone(),
            image: Some(self.image.clone()),
            instance_types: vec![self.instance_type.clone()],
            system_disk: self.system_disk.clone(),
            data_disks: self.data_disks.clone(),
            security_groups: self.security_groups.clone(),
            user_data: self.user_data.clone(),
            ..ConfigSpec::default()
        }
    }
}

/// Whether the machine of a server is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerState {
    /// It is asked for; nobody knows yet.
    Building,
    /// It was made.
    Made,
    /// It was not, and never will be.
    Failed {
        /// In words.
        message: String,
    },
}

/// Work on machines (spec ShowJob). It is written down before it is begun, and gone on with after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerJobSpec {
    /// What is done.
    pub kind: ServerWork,
    /// With which machines, and how far it is with each.
    pub tasks: Vec<ServerTask>,
    /// Until when it is tried.
    pub until: Time,
    /// When the last of it ended.
    pub ended_at: Option<Time>,
}

/// What is done with machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerWork {
    /// Make them.
    Create,
    /// Destroy them. A member of a group leaves it, and is wanted less.
    Delete,
    /// Stop them, behind the back of their group if they have one.
    Stop,
    /// Start them.
    Start,
}

/// One machine of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerTask {
    /// The machine.
    pub instance: InstanceId,
    /// How far it is.
    pub state: TaskState,
}

/// How far a task is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskState {
    /// Not over.
    Running,
    /// Done.
    Done {
        /// When.
        at: Time,
    },
    /// Not done, and not tried any more.
    Failed {
        /// When.
        at: Time,
        /// In words.
        message: String,
    },
}

/// A command on machines that are asked for by themselves.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerCommand {
    /// Make so many like this; their ids, names (`name-0001`, ...) and states are filled in.
    Create {
        /// What each is like.
        spec: Box<ServerSpec>,
        /// How many.
        count: u32,
    },
    /// Do something with machines.
    Act {
        /// What.
        kind: ServerWork,
        /// With which.
        instances: Vec<InstanceId>,
    },
}

impl ServerJobSpec {
    /// Whether all of it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let mut tasks = self.tasks.iter();
        tasks.all(|task| task.state != TaskState::Running)
    }
}

/// The key that a machine carries while an account works on it by itself: the account's key in the place of a group's.
/// Keys are unique over all kinds, so it is no group's.
#[must_use]
pub fn own_key(account: AccountId, instance: InstanceId) -> OwnerKey {
    OwnerKey {
        group: GroupId::new(account.key()),
        instance,
    }
}
