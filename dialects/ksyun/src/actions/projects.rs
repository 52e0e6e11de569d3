//! The projects of an account: IAM, of which Terraform asks before every read of a configuration.

use std::collections::BTreeSet;

use muster_kit::action::Action;
use muster_model::Time;
use serde::{Deserialize, Serialize};

use crate::context::Ctx;
use crate::fault::Fault;
use crate::times;

/// GetAccountAllProjectList.
#[derive(Deserialize)]
pub(crate) struct GetAccountAllProjectList {}

/// Its answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ProjectList {
    list_project_result: Projects,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Projects {
    project_list: Vec<Project>,
}

/// A project.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Project {
    project_id: i64,
    account_id: u64,
    project_name: String,
    project_desc: String,
    krn: String,
    status: u8,
    create_time: String,
}

impl Project {
    /// A project by its number. Nothing is kept of projects but their numbers.
    pub(crate) fn of(project_id: i64, ctx: &Ctx) -> Project {
        let account_id = ctx.caller.account.key().bits();
        let name = match project_id {
            0 => "默认项目".to_owned(),
            number => format!("project-{number}"),
        };
        Project {
            project_id,
            account_id,
            project_name: name.clone(),
            project_desc: name,
            krn: format!("krn:ksc:iam:{account_id}:project/{project_id}"),
            status: 1,
            create_time: times::shown(Time(0)),
        }
    }
}

impl Action<Ctx> for GetAccountAllProjectList {
    const NAME: &'static str = "GetAccountAllProjectList";
    type Response = ProjectList;

    /// The default project, and those that configurations are in.
    async fn run(self, ctx: &Ctx) -> Result<ProjectList, Fault> {
        let configs = ctx.configs(&[]).await?;
        let used = configs.iter().map(|item| item.config.spec.project);
        let numbers: BTreeSet<i64> = std::iter::once(0).chain(used).collect();
        let project_list = numbers.into_iter().map(|id| Project::of(id, ctx));
        Ok(ProjectList {
            list_project_result: Projects {
                project_list: project_list.collect(),
            },
        })
    }
}
