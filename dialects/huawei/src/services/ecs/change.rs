//! Servers, destroyed, stopped and started.

use muster_kit::action::Action;
use muster_model::{
    Command, Created, InstanceId, RecordId, ServerCommand, ServerJobId, ServerWork,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::jobs::job_id;
use crate::services::{Beside, Wrong};

/// Servers that one call may name.
const MOST: usize = 1000;

#[derive(Deserialize)]
pub(super) struct ServerRef {
    id: Option<String>,
}

impl Beside {
    /// The servers that a list names, each once.
    fn named(&self, path: &str, list: &[ServerRef]) -> Result<Vec<InstanceId>, Wrong> {
        if list.is_empty() {
            return Err(self.missing(path));
        }
        if list.len() > MOST {
            let wanted = format!("at most {MOST} servers are right");
            return Err(self.invalid(path, format!("{} servers", list.len()), &wanted));
        }
        let mut found = Vec::with_capacity(list.len());
        for server in list {
            let text = server.id.as_deref().unwrap_or_default();
            if text.is_empty() {
                return Err(self.missing(&format!("{path}.id")));
            }
            let id = InstanceId::parse_uuid(text).map_err(|_| self.absent("Instance", text))?;
            if !found.contains(&id) {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// Has machines worked on; comes back with the job.
    pub(super) async fn job(&self, command: ServerCommand) -> Result<ServerJobId, Wrong> {
        let command = Command::Servers(command);
        match self.ctx.api.execute(self.caller(), command).await {
            Ok(Created::Record(RecordId::ServerJob(id))) => Ok(id),
            Ok(_) => Err(self.broken("no job was made")),
            Err(error) => Err(self.not_made(&error)),
        }
    }

    async fn act(&self, kind: ServerWork, instances: Vec<InstanceId>) -> Result<Value, Wrong> {
        let job = self.job(ServerCommand::Act { kind, instances }).await?;
        Ok(json!({ "job_id": job_id(job) }))
    }
}

/// DeleteServers. Addresses and disks are no things of their own here, so what becomes of them needs no answer.
#[derive(Deserialize)]
pub(super) struct DeleteServers {
    servers: Option<Vec<ServerRef>>,
    #[expect(dead_code, reason = "read so that it has to be a boolean")]
    delete_publicip: Option<bool>,
    #[expect(dead_code, reason = "read so that it has to be a boolean")]
    delete_volume: Option<bool>,
}

impl Action<Beside> for DeleteServers {
    const NAME: &'static str = "DeleteServers";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let servers = beside.named("servers", &self.servers.unwrap_or_default())?;
        beside.act(ServerWork::Delete, servers).await
    }
}

#[derive(Deserialize)]
struct Stop {
    servers: Option<Vec<ServerRef>>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Start {
    servers: Option<Vec<ServerRef>>,
}

/// BatchStopServers, and BatchStartServers on the same path.
#[derive(Deserialize)]
pub(super) struct BatchStopServers {
    #[serde(rename = "os-stop")]
    stop: Option<Stop>,
    #[serde(rename = "os-start")]
    start: Option<Start>,
}

impl Action<Beside> for BatchStopServers {
    const NAME: &'static str = "BatchStopServers";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        match (self.stop, self.start) {
            (Some(stop), None) => {
                let kind = stop.kind.as_deref().unwrap_or("SOFT");
                if !matches!(kind, "SOFT" | "HARD") {
                    return Err(beside.invalid("os-stop.type", kind, "SOFT or HARD is right"));
                }
                let servers = stop.servers.unwrap_or_default();
                let servers = beside.named("os-stop.servers", &servers)?;
                beside.act(ServerWork::Stop, servers).await
            }
            (None, Some(start)) => {
                let servers = start.servers.unwrap_or_default();
                let servers = beside.named("os-start.servers", &servers)?;
                beside.act(ServerWork::Start, servers).await
            }
            (Some(_), Some(_)) | (None, None) => Err(beside.missing("os-stop` or `os-start")),
        }
    }
}
