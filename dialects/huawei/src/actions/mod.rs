//! The operations, and the table that requests are dispatched by. There is no other.

mod activities;
mod configs;
mod configs_write;
mod executions;
mod groups;
mod groups_change;
mod groups_write;
mod hooks;
mod hooks_write;
mod instances;
mod instances_change;
mod notifications;
mod policies;
mod policies_bandwidth;
mod policies_batch;
mod policies_v2;
mod policies_v2_list;
mod policies_write;
mod quotas;
mod reasons;
mod scheduled_tasks;
mod tags;
mod tags_search;
mod warm_pool;

use http::Method;
use muster_kit::action::{Action, Entry};
use muster_kit::page::Page;
use serde::Serialize;

use crate::context::Ctx;
use crate::routes::Route;
use warm_pool::{NEW, OLD};

/// An answer without a body.
#[derive(Serialize)]
pub(crate) struct Empty {}

/// A page of a list as it is framed: the numbers, then the items under a name of their own.
#[derive(Serialize)]
pub(crate) struct Numbers {
    total_number: u64,
    start_number: u64,
    limit: u32,
}

impl Numbers {
    fn of(total: u64, page: Page) -> Numbers {
        Numbers {
            total_number: total,
            start_number: page.offset,
            limit: page.limit,
        }
    }
}

const fn get<A: Action<Ctx>>(path: &'static str) -> Route {
    route::<A>(Method::GET, path, 200)
}

const fn post<A: Action<Ctx>>(path: &'static str, status: u16) -> Route {
    route::<A>(Method::POST, path, status)
}

const fn put<A: Action<Ctx>>(path: &'static str, status: u16) -> Route {
    route::<A>(Method::PUT, path, status)
}

const fn delete<A: Action<Ctx>>(path: &'static str) -> Route {
    route::<A>(Method::DELETE, path, 204)
}

const fn route<A: Action<Ctx>>(method: Method, path: &'static str, status: u16) -> Route {
    Route {
        method,
        path,
        status,
        entry: Entry::<Ctx>::of::<A>(),
    }
}

/// Every operation, by method and path.
pub(crate) static ROUTES: &[Route] = &[
    post::<groups_write::CreateScalingGroup>("/v1/{project_id}/scaling_group", 200),
    get::<groups::ListScalingGroups>("/v1/{project_id}/scaling_group"),
    get::<groups::ShowScalingGroup>("/v1/{project_id}/scaling_group/{scaling_group_id}"),
    put::<groups_change::UpdateScalingGroup>(
        "/v1/{project_id}/scaling_group/{scaling_group_id}",
        200,
    ),
    delete::<groups_write::DeleteScalingGroup>("/v1/{project_id}/scaling_group/{scaling_group_id}"),
    post::<groups_write::ResumeOrPauseScalingGroup>(
        "/v1/{project_id}/scaling_group/{scaling_group_id}/action",
        204,
    ),
    post::<configs_write::CreateScalingConfig>("/v1/{project_id}/scaling_configuration", 200),
    get::<configs::ListScalingConfigs>("/v1/{project_id}/scaling_configuration"),
    get::<configs::ShowScalingConfig>(
        "/v1/{project_id}/scaling_configuration/{scaling_configuration_id}",
    ),
    put::<configs_write::UpdateScalingConfig>(
        "/v1/{project_id}/scaling_configuration/{scaling_configuration_id}",
        204,
    ),
    delete::<configs_write::DeleteScalingConfig>(
        "/v1/{project_id}/scaling_configuration/{scaling_configuration_id}",
    ),
    post::<configs_write::BatchDeleteScalingConfigs>(
        "/v1/{project_id}/scaling_configurations",
        204,
    ),
    get::<instances::ListScalingInstances>(
        "/v1/{project_id}/scaling_group_instance/{scaling_group_id}/list",
    ),
    delete::<instances_change::DeleteScalingInstance>(
        "/v1/{project_id}/scaling_group_instance/{instance_id}",
    ),
    post::<instances_change::BatchInstancesAction>(
        "/v1/{project_id}/scaling_group_instance/{scaling_group_id}/action",
        204,
    ),
    post::<policies_write::CreateScalingPolicy>("/v1/{project_id}/scaling_policy", 200),
    get::<policies::ListScalingPolicies>("/v1/{project_id}/scaling_policy/{scaling_group_id}/list"),
    get::<policies::ShowScalingPolicy>("/v1/{project_id}/scaling_policy/{scaling_policy_id}"),
    put::<policies_write::UpdateScalingPolicy>(
        "/v1/{project_id}/scaling_policy/{scaling_policy_id}",
        200,
    ),
    delete::<policies_write::DeleteScalingPolicy>(
        "/v1/{project_id}/scaling_policy/{scaling_policy_id}",
    ),
    post::<policies_write::ExecuteResumeOrPauseScalingPolicy>(
        "/v1/{project_id}/scaling_policy/{scaling_policy_id}/action",
        204,
    ),
    post::<policies_batch::BatchScalingPolicies>("/v1/{project_id}/scaling_policies/action", 204),
    get::<activities::ListScalingActivityLogs>(
        "/v1/{project_id}/scaling_activity_log/{scaling_group_id}",
    ),
    get::<activities::ListScalingActivityV2Logs>(
        "/v2/{project_id}/scaling_activity_log/{scaling_group_id}",
    ),
    get::<executions::ListScalingPolicyExecuteLogs>(
        "/v1/{project_id}/scaling_policy_execute_log/{scaling_policy_id}",
    ),
    get::<quotas::ShowResourceQuota>("/v1/{project_id}/quotas"),
    get::<quotas::ShowPolicyAndInstanceQuota>("/v1/{project_id}/quotas/{scaling_group_id}"),
    put::<notifications::CreateScalingNotification>(
        "/v1/{project_id}/scaling_notification/{scaling_group_id}",
        200,
    ),
    get::<notifications::ListScalingNotifications>(
        "/v1/{project_id}/scaling_notification/{scaling_group_id}",
    ),
    delete::<notifications::DeleteScalingNotification>(
        "/v1/{project_id}/scaling_notification/{scaling_group_id}/{topic_urn}",
    ),
    post::<hooks_write::CreateLifeCycleHook>(
        "/v1/{project_id}/scaling_lifecycle_hook/{scaling_group_id}",
        200,
    ),
    get::<hooks::ListLifeCycleHooks>(
        "/v1/{project_id}/scaling_lifecycle_hook/{scaling_group_id}/list",
    ),
    get::<hooks::ShowLifeCycleHook>(
        "/v1/{project_id}/scaling_lifecycle_hook/{scaling_group_id}/{lifecycle_hook_name}",
    ),
    put::<hooks_write::UpdateLifeCycleHook>(
        "/v1/{project_id}/scaling_lifecycle_hook/{scaling_group_id}/{lifecycle_hook_name}",
        200,
    ),
    delete::<hooks_write::DeleteLifecycleHook>(
        "/v1/{project_id}/scaling_lifecycle_hook/{scaling_group_id}/{lifecycle_hook_name}",
    ),
    get::<hooks::ListHookInstances>(
        "/v1/{project_id}/scaling_instance_hook/{scaling_group_id}/list",
    ),
    put::<hooks_write::CallbackInstanceLifeCycleHook>(
        "/v1/{project_id}/scaling_instance_hook/{scaling_group_id}/callback",
        204,
    ),
    get::<tags::ListScalingTagInfosByTenantId>("/v1/{project_id}/{resource_type}/tags"),
    get::<tags::ListScalingTagInfosByResourceId>(
        "/v1/{project_id}/{resource_type}/{resource_id}/tags",
    ),
    post::<tags::CreateOrDeleteScalingTagInfo>(
        "/v1/{project_id}/{resource_type}/{resource_id}/tags/action",
        204,
    ),
    post::<tags_search::ListResourceInstances>(
        "/v1/{project_id}/{resource_type}/resource_instances/action",
        200,
    ),
    post::<policies_v2::CreateScalingV2Policy>("/v2/{project_id}/scaling_policy", 200),
    get::<policies_v2_list::ListScalingV2Policies<true>>("/v2/{project_id}/scaling_policy"),
    get::<policies_v2_list::ListScalingV2Policies<false>>(
        "/v2/{project_id}/scaling_policy/{scaling_resource_id}/list",
    ),
    get::<policies_v2_list::ShowScalingV2Policy>(
        "/v2/{project_id}/scaling_policy/{scaling_policy_id}",
    ),
    put::<policies_v2::UpdateScalingV2Policy>(
        "/v2/{project_id}/scaling_policy/{scaling_policy_id}",
        200,
    ),
    post::<scheduled_tasks::CreateGroupScheduledTask>(
        "/v1/{project_id}/scaling-groups/{scaling_group_id}/scheduled-tasks",
        201,
    ),
    get::<scheduled_tasks::ListGroupScheduledTasks>(
        "/v1/{project_id}/scaling-groups/{scaling_group_id}/scheduled-tasks",
    ),
    put::<scheduled_tasks::UpdateGroupScheduledTask>(
        "/v1/{project_id}/scaling-groups/{scaling_group_id}/scheduled-tasks/{scheduled_task_id}",
        204,
    ),
    delete::<scheduled_tasks::DeleteGroupScheduledTask>(
        "/v1/{project_id}/scaling-groups/{scaling_group_id}/scheduled-tasks/{scheduled_task_id}",
    ),
    put::<warm_pool::PutWarmPool<OLD>>(
        "/{project_id}/scaling-groups/{scaling_group_id}/warm-pool",
        204,
    ),
    put::<warm_pool::PutWarmPool<NEW>>(
        "/v2/{project_id}/scaling-groups/{scaling_group_id}/warm-pool",
        204,
    ),
    get::<warm_pool::ShowWarmPool<OLD>>(
        "/{project_id}/scaling-groups/{scaling_group_id}/warm-pool",
    ),
    get::<warm_pool::ShowWarmPool<NEW>>(
        "/v2/{project_id}/scaling-groups/{scaling_group_id}/warm-pool",
    ),
    delete::<warm_pool::CloseWarmPool<OLD>>(
        "/{project_id}/scaling-groups/{scaling_group_id}/warm-pool",
    ),
    delete::<warm_pool::CloseWarmPool<NEW>>(
        "/v2/{project_id}/scaling-groups/{scaling_group_id}/warm-pool",
    ),
    get::<warm_pool::ListWarmPoolInstances<OLD>>(
        "/{project_id}/scaling-groups/{scaling_group_id}/warm-pool-instances",
    ),
    get::<warm_pool::ListWarmPoolInstances<NEW>>(
        "/v2/{project_id}/scaling-groups/{scaling_group_id}/warm-pool-instances",
    ),
];
