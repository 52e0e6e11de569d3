//! This door's words for the model's, in both directions: one exhaustive table each.

use muster_model as model;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $model:ty { $($word:literal $here:ident = $there:ident $(| $also:ident)*,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum $name { $(#[serde(rename = $word)] $here,)* }

        impl $name {
            /// The word itself.
            #[allow(dead_code, reason = "not every word is needed as text")]
            pub(crate) fn word(self) -> &'static str {
                match self { $($name::$here => $word,)* }
            }
        }

        impl From<$name> for $model {
            fn from(word: $name) -> $model {
                match word { $($name::$here => <$model>::$there,)* }
            }
        }

        impl From<$model> for $name {
            fn from(value: $model) -> $name {
                match value { $(<$model>::$there $(| <$model>::$also)* => $name::$here,)* }
            }
        }
    )*};
}

words! {
    /// RetryPolicy.
    RetryPolicy = model::RetryPolicy {
        "IMMEDIATE_RETRY" Immediate = Immediate,
        "INCREMENTAL_INTERVALS" Incremental = Incremental,
        "NO_RETRY" None = None,
    }
    /// MultiZoneSubnetPolicy.
    SubnetPolicy = model::Spread {
        "PRIORITY" Priority = Ordered,
        "EQUALITY" Equality = Balanced,
    }
    /// ZonesCheckPolicy.
    ZonesCheckPolicy = model::ZonesCheck {
        "ANY" Any = Any,
        "ALL" All = All,
    }
    /// InstanceTypesCheckPolicy.
    TypesCheckPolicy = model::TypesCheck {
        "ANY" Any = Any,
        "ALL" All = All,
    }
    /// HealthCheckType.
    HealthCheckType = model::HealthKind {
        "CVM" Cvm = Machine,
        "CLB" Clb = Balancer,
    }
    /// ServiceSettings.ScalingMode.
    ScalingMode = model::ScalingMode {
        "CLASSIC_SCALING" Classic = Classic,
        "WAKE_UP_STOPPED_SCALING" WakeUpStopped = WakeUpStopped,
    }
    /// ServiceSettings.ReplaceMode.
    ReplaceMode = model::ReplaceMode {
        "RECREATE" Recreate = Recreate,
        "RESET" Reset = Reset,
    }
    /// SpotMixedAllocationPolicy.SpotAllocationStrategy.
    SpotStrategy = model::SpotStrategy {
        "COST_OPTIMIZED" Cost = CostOptimized,
        "CAPACITY_OPTIMIZED" Capacity = CapacityOptimized,
    }
    /// InstanceChargeType.
    ChargeType = model::ChargeType {
        "POSTPAID_BY_HOUR" PostpaidByHour = PostpaidByHour,
        "SPOTPAID" Spot = Spot,
        "PREPAID" Prepaid = Prepaid,
        "CDCPAID" Cdc = Dedicated,
    }
    /// DiskTypePolicy.
    DiskTypePolicy = model::DiskTypePolicy {
        "ORIGINAL" Original = Original,
        "AUTOMATIC" Automatic = Automatic,
    }
    /// HostNameStyle, InstanceNameStyle.
    NameStyle = model::NameStyle {
        "ORIGINAL" Original = Original,
        "UNIQUE" Unique = Unique,
    }
    /// LaunchConfigurationStatus.
    ConfigStatus = model::ConfigStatus {
        "NORMAL" Normal = Normal,
        "IMAGE_ABNORMAL" Image = ImageAbnormal,
        "CBS_SNAP_ABNORMAL" Snapshot = SnapshotAbnormal,
        "SECURITY_GROUP_ABNORMAL" SecurityGroup = SecurityGroupAbnormal,
    }
    /// CreationType.
    CreationType = model::Origin {
        "AUTO_CREATION" Auto = Auto,
        "MANUAL_ATTACHING" Manual = Manual,
    }
    /// StatusCode of an activity.
    StatusCode = model::ActivityStatus {
        "INIT" Init = Init,
        "RUNNING" Running = Running,
        "SUCCESSFUL" Successful = Successful,
        "PARTIALLY_SUCCESSFUL" Partially = PartiallySuccessful,
        "FAILED" Failed = Failed,
        "CANCELLED" Cancelled = Cancelled,
    }
    /// InstanceStatus of a related instance.
    RelatedStatus = model::Outcome {
        "INIT" Init = Init,
        "RUNNING" Running = Running,
        "SUCCESSFUL" Successful = Successful,
        "FAILED" Failed = Failed,
    }
    /// ActivityType. The facts name the first ten; for the others this door has no word of its own, and the set is open
    /// on output.
    ActivityType = model::ActivityKind {
        "SCALE_OUT" ScaleOut = ScaleOut,
        "SCALE_IN" ScaleIn = ScaleIn,
        "ATTACH_INSTANCES" Attach = Attach,
        "REMOVE_INSTANCES" Remove = Remove,
        "DETACH_INSTANCES" Detach = Detach,
        "TERMINATE_INSTANCES_UNEXPECTEDLY" Unexpectedly = TerminateUnexpectedly,
        "REPLACE_UNHEALTHY_INSTANCE" Replace = ReplaceUnhealthy,
        "START_INSTANCES" Start = Start,
        "STOP_INSTANCES" Stop = Stop,
        "INVOKE_COMMAND" InvokeCommand = InvokeCommand,
        "ENTER_STANDBY" EnterStandby = EnterStandby,
        "EXIT_STANDBY" ExitStandby = ExitStandby,
        "MODIFY_LOAD_BALANCERS" ModifyBalancers = ModifyBalancers,
        "INSTANCE_REFRESH" Refresh = InstanceRefresh,
    }
    /// StoppedMode.
    StoppedMode = model::StopMode {
        "KEEP_CHARGING" Keep = KeepCharging,
        "STOP_CHARGING" Stop = StopCharging,
    }
    /// RefreshMode.
    RefreshMode = model::RefreshMode {
        "ROLLING_UPDATE_RESET" Reset = Reset,
        "ROLLING_UPDATE_REPLACE" Replace = Replace,
    }
    /// BatchPause.
    BatchPause = model::BatchPause {
        "AUTOMATIC" Automatic = Never,
        "FIRST_BATCH_PAUSE" First = AfterFirst,
        "BATCH_INTERVAL_PAUSE" Interval = AfterEach,
    }
    /// FailProcess.
    FailProcess = model::OnFailure {
        "AUTO_PAUSE" Pause = Pause,
        "AUTO_ROLLBACK" Rollback = RollBack,
        "AUTO_CANCEL" Cancel = Cancel,
    }
    /// Status of a RefreshActivity.
    RefreshStatus = model::RefreshStatus {
        "INIT" Init = Init,
        "RUNNING" Running = Running,
        "SUCCESSFUL" Successful = Successful,
        "FAILED_PAUSE" FailedPause = FailedPause,
        "AUTO_PAUSE" AutoPause = AutoPause,
        "MANUAL_PAUSE" ManualPause = ManualPause,
        "CANCELLED" Cancelled = Cancelled,
        "FAILED" Failed = Failed,
    }
    /// RefreshBatchStatus.
    RefreshBatchStatus = model::BatchStatus {
        "WAITING" Waiting = Waiting,
        "RUNNING" Running = Running,
        "FAILED" Failed = Failed,
        "PARTIALLY_SUCCESSFUL" Partially = PartiallySuccessful,
        "CANCELLED" Cancelled = Cancelled,
        "SUCCESSFUL" Successful = Successful,
    }
    /// InstanceStatus of a RefreshBatchRelatedInstance.
    RefreshInstanceStatus = model::RefreshedStatus {
        "WAITING" Waiting = Waiting,
        "RUNNING" Running = Running,
        "FAILED" Failed = Failed,
        "CANCELLED" Cancelled = Cancelled,
        "SUCCESSFUL" Successful = Successful,
        "NOT_FOUND" NotFound = NotFound,
    }
    /// LifecycleActionResult, DefaultResult.
    HookResult = model::HookVerdict {
        "CONTINUE" Continue = Continue,
        "ABANDON" Abandon = Abandon,
    }
    /// LifecycleTransition.
    HookTransition = model::HookTransition {
        "INSTANCE_LAUNCHING" Launching = Launching,
        "INSTANCE_TERMINATING" Terminating = Terminating,
    }
    /// ResultReason (L30848).
    HookReason = model::HookReason {
        "HEARTBEAT_TIMEOUT" HeartbeatTimeout = HeartbeatTimeout,
        "NOTIFICATION_FAILURE" NotificationFailure = NotificationFailure,
        "CALL_INTERFACE" CallInterface = CallInterface,
        "ANOTHER_ACTION_ABANDON" AnotherActionAbandon = AnotherActionAbandon,
        "COMMAND_CALL_FAILURE" CommandCallFailure = CommandCallFailure,
        "COMMAND_EXEC_FINISH" CommandExecFinish = CommandExecFinish,
        "COMMAND_EXEC_FAILURE" CommandExecFailure = CommandExecFailure,
        "COMMAND_EXEC_RESULT_CHECK_FAILURE" CommandExecResultCheckFailure = CommandExecResultCheckFailure,
    }
    /// TaskStatus of an InvocationResult, in the words of the service that runs commands there.
    TaskStatus = model::RunStatus {
        "SUCCESS" Success = Succeeded,
        "FAILED" Failed = Failed,
        "START_FAILED" StartFailed = NotRun,
        "TIMEOUT" Timeout = TimedOut,
        "TASK_TIMEOUT" TaskTimeout = Unknown,
        "CANCELLED" Cancelled = Overtaken,
    }
    /// ComparisonOperator.
    ComparisonOperator = model::Comparison {
        "GREATER_THAN" Greater = Greater,
        "GREATER_THAN_OR_EQUAL_TO" GreaterOrEqual = GreaterOrEqual,
        "LESS_THAN" Less = Less,
        "LESS_THAN_OR_EQUAL_TO" LessOrEqual = LessOrEqual,
        "EQUAL_TO" Equal = Equal,
        "NOT_EQUAL_TO" NotEqual = NotEqual,
    }
    /// Statistic. It has no words for sums and variances, which other doors know.
    Statistic = model::Statistic {
        "AVERAGE" Average = Average | Sum | Variance,
        "MAXIMUM" Maximum = Maximum,
        "MINIMUM" Minimum = Minimum,
    }
    /// LifeCycleState (L30067-30169), and standby, for which it has no word. A machine that is being reinstalled is out of
    /// load as in standby, and stays there when that fails (L28463).
    LifeCycleState = model::Lifecycle {
        "IN_SERVICE" InService = InService,
        "CREATING" Creating = Creating,
        "CREATION_FAILED" CreationFailed = CreationFailed,
        "TERMINATING" Terminating = Terminating,
        "TERMINATION_FAILED" TerminationFailed = TerminationFailed,
        "ATTACHING" Attaching = Attaching,
        "ATTACH_FAILED" AttachFailed = AttachFailed,
        "DETACHING" Detaching = Detaching,
        "DETACH_FAILED" DetachFailed = DetachFailed,
        "ATTACHING_LB" AttachingLb = AttachingBalancer,
        "DETACHING_LB" DetachingLb = DetachingBalancer,
        "MODIFYING_LB" ModifyingLb = ModifyingBalancer,
        "STARTING" Starting = Starting,
        "START_FAILED" StartFailed = StartFailed,
        "STOPPING" Stopping = Stopping,
        "STOP_FAILED" StopFailed = StopFailed,
        "STOPPED" Stopped = Stopped,
        "IN_LAUNCHING_HOOK" InLaunchingHook = LaunchingHook,
        "IN_TERMINATING_HOOK" InTerminatingHook = TerminatingHook,
        "STANDBY" Standby = Standby | Resetting,
        "ENTERING_STANDBY" EnteringStandby = EnteringStandby,
        "EXITING_STANDBY" ExitingStandby = ExitingStandby,
    }
}

/// AutoScalingGroupStatus.
pub(crate) fn group_status(abnormal: Option<model::Abnormal>) -> &'static str {
    match abnormal {
        None => "NORMAL",
        Some(model::Abnormal::Machine) => "CVM_ABNORMAL",
        Some(model::Abnormal::Balancer) => "LB_ABNORMAL",
        Some(model::Abnormal::Listener) => "LB_LISTENER_ABNORMAL",
        Some(model::Abnormal::Location) => "LB_LOCATION_ABNORMAL",
        Some(model::Abnormal::Vpc) => "VPC_ABNORMAL",
        Some(model::Abnormal::Subnet) => "SUBNET_ABNORMAL",
        Some(model::Abnormal::Balance) => "INSUFFICIENT_BALANCE",
        Some(model::Abnormal::BalancerRegion) => "LB_BACKEND_REGION_NOT_MATCH",
        Some(model::Abnormal::BalancerVpc) => "LB_BACKEND_VPC_NOT_MATCH",
    }
}

/// HealthStatus (rule G9).
pub(crate) fn health_status(health: model::Health) -> &'static str {
    match (health.machine_unhealthy, health.balancer_unhealthy) {
        (false, false) => "HEALTHY",
        (true, false) => "UNHEALTHY",
        (false, true) => "CLB_UNHEALTHY",
        (true, true) => "UNHEALTHY|CLB_UNHEALTHY",
    }
}

/// WarmupStatus.
pub(crate) fn warmup_status(warmup: model::Warmup) -> &'static str {
    match warmup {
        model::Warmup::NotNeeded => "NO_NEED_WARMUP",
        model::Warmup::Waiting => "WAITING_ENTER_WARMUP",
        model::Warmup::Until(_) => "IN_WARMUP",
        model::Warmup::Done => "AFTER_WARMUP",
    }
}

/// TerminationPolicies: this door knows oldest and newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TerminationPolicy {
    /// OLDEST_INSTANCE.
    #[serde(rename = "OLDEST_INSTANCE")]
    Oldest,
    /// NEWEST_INSTANCE.
    #[serde(rename = "NEWEST_INSTANCE")]
    Newest,
}

impl From<TerminationPolicy> for model::TerminationPolicy {
    fn from(word: TerminationPolicy) -> Self {
        match word {
            TerminationPolicy::Oldest => model::TerminationPolicy::OldestInstance,
            TerminationPolicy::Newest => model::TerminationPolicy::NewestInstance,
        }
    }
}

impl From<model::TerminationPolicy> for TerminationPolicy {
    fn from(value: model::TerminationPolicy) -> Self {
        match value {
            model::TerminationPolicy::OldestInstance
            | model::TerminationPolicy::OldestConfigOldestInstance => TerminationPolicy::Oldest,
            model::TerminationPolicy::NewestInstance
            | model::TerminationPolicy::OldestConfigNewestInstance => TerminationPolicy::Newest,
        }
    }
}

/// LoadBalancersCheckPolicy: is what was there before checked too (rule B1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum CheckPolicy {
    /// Everything that is given.
    #[serde(rename = "ALL")]
    All,
    /// What changes.
    #[serde(rename = "DIFF")]
    Diff,
}

/// LifecycleTransitionType.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HookTransitionType {
    /// Scaling only.
    #[serde(rename = "NORMAL")]
    Normal,
    /// Also what is done by hand, and refreshes (rule H4).
    #[serde(rename = "EXTENSION")]
    Extension,
}

impl HookTransitionType {
    /// Whether it is the wider of both.
    pub(crate) fn is_extended(self) -> bool {
        match self {
            HookTransitionType::Normal => false,
            HookTransitionType::Extension => true,
        }
    }
}

/// InstanceAllocationPolicy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AllocationPolicy {
    /// As configured.
    #[serde(rename = "LAUNCH_CONFIGURATION")]
    LaunchConfiguration,
    /// A spot mix.
    #[serde(rename = "SPOT_MIXED")]
    SpotMixed,
}

/// NotificationTypes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum NotificationType {
    ScaleOutSuccessful,
    ScaleOutFailed,
    ScaleInSuccessful,
    ScaleInFailed,
    ReplaceUnhealthyInstanceSuccessful,
    ReplaceUnhealthyInstanceFailed,
}

impl NotificationType {
    /// All, as they are shown.
    pub(crate) const ALL: [NotificationType; 6] = [
        NotificationType::ScaleOutSuccessful,
        NotificationType::ScaleOutFailed,
        NotificationType::ScaleInSuccessful,
        NotificationType::ScaleInFailed,
        NotificationType::ReplaceUnhealthyInstanceSuccessful,
        NotificationType::ReplaceUnhealthyInstanceFailed,
    ];

    /// Its switch.
    pub(crate) fn switch(self, scenes: &mut model::NotificationScenes) -> &mut bool {
        match self {
            NotificationType::ScaleOutSuccessful => &mut scenes.scale_out_ok,
            NotificationType::ScaleOutFailed => &mut scenes.scale_out_failed,
            NotificationType::ScaleInSuccessful => &mut scenes.scale_in_ok,
            NotificationType::ScaleInFailed => &mut scenes.scale_in_failed,
            NotificationType::ReplaceUnhealthyInstanceSuccessful => &mut scenes.replace_ok,
            NotificationType::ReplaceUnhealthyInstanceFailed => &mut scenes.replace_failed,
        }
    }
}

/// TargetType of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum ReceiverType {
    /// Numbered user groups.
    #[serde(rename = "USER_GROUP")]
    UserGroup,
    /// CMQ_QUEUE.
    #[serde(rename = "CMQ_QUEUE")]
    CmqQueue,
    /// CMQ_TOPIC.
    #[serde(rename = "CMQ_TOPIC")]
    CmqTopic,
    /// TDMQ_CMQ_QUEUE.
    #[serde(rename = "TDMQ_CMQ_QUEUE")]
    TdmqQueue,
    /// TDMQ_CMQ_TOPIC.
    #[serde(rename = "TDMQ_CMQ_TOPIC")]
    TdmqTopic,
}

impl ReceiverType {
    /// The word itself.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ReceiverType::UserGroup => "USER_GROUP",
            ReceiverType::CmqQueue => "CMQ_QUEUE",
            ReceiverType::CmqTopic => "CMQ_TOPIC",
            ReceiverType::TdmqQueue => "TDMQ_CMQ_QUEUE",
            ReceiverType::TdmqTopic => "TDMQ_CMQ_TOPIC",
        }
    }
}
