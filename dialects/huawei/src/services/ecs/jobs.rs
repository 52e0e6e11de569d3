//! Jobs: how far what was asked for is.

use muster_kit::action::Action;
use muster_model::{ServerJob, ServerJobId, ServerTask, ServerWork, TaskState, Time};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::services::{Beside, Wrong};
use crate::times::second;

/// An id as jobs are called: 32 hex digits.
pub(super) fn job_id(id: ServerJobId) -> String {
    id.uuid().replace('-', "")
}

fn read(text: &str) -> Option<ServerJobId> {
    if let Ok(id) = ServerJobId::parse_uuid(text) {
        return Some(id);
    }
    let part = |from: usize, to: usize| text.get(from..to);
    let uuid = [
        part(0, 8)?,
        part(8, 12)?,
        part(12, 16)?,
        part(16, 20)?,
        part(20, 32)?,
    ];
    ServerJobId::parse_uuid(&uuid.join("-"))
        .ok()
        .filter(|_| text.len() == 32)
}

fn kind(work: ServerWork) -> &'static str {
    match work {
        ServerWork::Create => "createServer",
        ServerWork::Delete => "deleteServer",
        ServerWork::Stop => "stopServer",
        ServerWork::Start => "startServer",
    }
}

/// The code of what did not succeed. Which one the cloud would say is not documented for each case.
fn code(work: ServerWork) -> &'static str {
    match work {
        ServerWork::Create => "Ecs.0219",
        ServerWork::Delete => "Ecs.0220",
        ServerWork::Stop | ServerWork::Start => "Ecs.0221",
    }
}

fn millis(time: Time) -> String {
    second(time).replace('Z', ".000Z")
}

/// Status, end, code and reason.
fn outcome(work: ServerWork, task: &ServerTask) -> (&'static str, Option<Time>, Value, Value) {
    match &task.state {
        TaskState::Running => ("RUNNING", None, Value::Null, Value::Null),
        TaskState::Done { at } => ("SUCCESS", Some(*at), Value::Null, Value::Null),
        TaskState::Failed { at, message } => ("FAIL", Some(*at), json!(code(work)), json!(message)),
    }
}

fn task_shape(job: &ServerJob, task: &ServerTask) -> Value {
    let (status, ended, error_code, fail_reason) = outcome(job.spec.kind, task);
    json!({
        "job_id": task.instance.uuid().replace('-', ""),
        "job_type": kind(job.spec.kind),
        "status": status,
        "begin_time": millis(job.head.created_at),
        "end_time": ended.map(millis),
        "error_code": error_code,
        "fail_reason": fail_reason,
        "entities": { "server_id": task.instance.uuid() },
    })
}

/// Every task is over: it failed if one failed.
fn shown(job: &ServerJob) -> Value {
    let work = job.spec.kind;
    let mut tasks = job.spec.tasks.iter().map(|task| outcome(work, task));
    let failed = tasks.find(|(status, ..)| *status == "FAIL");
    let (status, code, reason) = match (job.spec.is_over(), failed) {
        (false, _) => ("RUNNING", Value::Null, Value::Null),
        (true, Some((_, _, code, reason))) => ("FAIL", code, reason),
        (true, None) => ("SUCCESS", Value::Null, Value::Null),
    };
    let sub_jobs = job.spec.tasks.iter().map(|task| task_shape(job, task));
    let sub_jobs: Vec<Value> = sub_jobs.collect();
    json!({
        "job_id": job_id(job.id),
        "job_type": kind(work),
        "status": status,
        "begin_time": millis(job.head.created_at),
        "end_time": job.spec.ended_at.map(millis),
        "error_code": code,
        "fail_reason": reason,
        "entities": { "sub_jobs_total": sub_jobs.len(), "sub_jobs": sub_jobs },
    })
}

/// ShowJob.
#[derive(Deserialize)]
pub(super) struct ShowJob {
    job_id: String,
}

impl Action<Beside> for ShowJob {
    const NAME: &'static str = "ShowJob";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let records = beside.records().await?;
        let job = read(&self.job_id).and_then(|id| records.server_jobs.get(&id));
        let job = job.ok_or_else(|| beside.absent("Job", &self.job_id))?;
        Ok(shown(job))
    }
}

#[cfg(test)]
mod tests {
    use muster_model::Key;

    use super::*;

    #[test]
    fn ids_of_jobs_are_read_back() {
        let id = ServerJobId::new(Key::from_bits(77));
        let text = job_id(id);
        assert_eq!((text.len(), read(&text)), (32, Some(id)));
        assert_eq!(read(&id.uuid()), Some(id));
        for bad in ["", "é", &text[1..], &format!("{text}0")] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
