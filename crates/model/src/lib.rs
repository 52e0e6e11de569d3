//! The data of an auto scaling service: ids, groups, launch configurations, instances, activities, policies,
//! hooks, commands, queries, events and errors.
//!
//! Nothing here does I/O, reads a clock or decides anything. The model is the superset of what the four doors
//! (Tencent 3.0, Tencent 2017, Huawei, Kingsoft) can say: a door shows the part it has words for, and what it has
//! no words for is kept.
//!
//! Words: a *machine* is what a back end runs; an *instance* is a machine's membership in a group.

mod account;
mod activity;
mod advice;
mod alarm_rule;
mod balancer;
mod bandwidth;
mod catalogue;
mod change;
mod command;
mod config;
mod error;
mod execution;
mod group;
mod hook;
pub mod id;
mod instance;
mod layout;
mod machine;
mod network;
mod notification;
mod options;
mod part;
mod pool;
mod query;
mod record;
mod refresh;
mod scaling;
mod schedule;
mod series;
mod server;
mod task;
mod time;
mod topic;
mod verdicts;
mod warm_pool;

pub use account::{Access, AccessKey, Account, Site};
pub use activity::{
    Activity, ActivityKind, ActivityStatus, Attempt, AttemptCode, BalancerMoves, Cause,
    CooldownRule, Obstacle, Outcome, RelatedInstance, Trigger, TriggerKind,
};
pub use advice::{AccountLimits, Advice, AdviceLevel, GroupAdvice};
pub use alarm_rule::{
    AlarmAction, AlarmCheck, AlarmPolicy, AlarmRuleSpec, AlarmState, AlarmTurn, CheckState, Cycle,
    Dimension, MetricName, MetricSource, Reading, ReadingsSpec,
};
pub use balancer::{
    Balancer, BalancerChange, BalancerPlace, BalancerTarget, Binding, DEFAULT_WEIGHT, Member,
    MemberHealth, MemberSpec, MemberState, Target,
};
pub use bandwidth::{
    BandwidthExecution, BandwidthPolicySpec, BandwidthSpec, BandwidthStep, BandwidthTrigger,
    Resize, ResizeWay,
};
pub use catalogue::{
    Architecture, Catalogue, ImageStatus, Listed, ListedBalancer, ListedImage, ListedListener,
    ListedSubnet, ListedTopic, ListedType, ListedZone, Misfit,
};
pub use change::{Change, Delta, Event, EventKind, GroupView};
pub use command::{
    Adjustment, ClearFields, Command, Created, GroupCommand, GroupPatch, MachineReport,
    Observation, Place, StepOutcome, StepResult,
};
pub use config::{
    ChargeType, ConfigPatch, ConfigSpec, ConfigStatus, ConfigVersion, DataDisk, DiskTypePolicy,
    EnhancedService, HostNames, InstanceNames, InternetAccess, Ipv6Internet, LaunchConfiguration,
    Login, Market, NameStyle, NetworkInterface, Personality, Prepaid, SystemDisk, Tag, TagEdit,
    TypesCheck,
};
pub use error::{AttachRefusal, Error, Field, Problem, Quota, ResourceKind};
pub use execution::{ExecutedBy, Execution, ExecutionOutcome};
pub use group::{
    Abnormal, Allocation, Brake, BrakeKind, Cooldown, Door, Group, GroupSpec, HealthCheck,
    HealthKind, HuaweiExtras, HuaweiNetwork, NameIndex, Network, ReplaceMode, RetryPolicy,
    RetryState, ScalingMode, ServiceSettings, Size, SpotMix, SpotStrategy, Spread, Storm,
    TerminationPolicy, ZonesCheck,
};
pub use hook::{
    Hook, HookChange, HookCommand, HookOutcome, HookPatch, HookReason, HookRun, HookSpec,
    HookTransition, HookVerdict, HookWait, HookWaiter, RunOutcome, RunStatus,
};
pub use id::{
    AccountId, ActivityId, AlarmRuleId, ConfigId, ExecutionId, GroupId, HookId, Id, IdError, Ids,
    InstanceId, Key, NotificationId, PolicyId, ReadingsId, RefreshId, ScheduleId, SeriesId,
    SubscriptionId, TopicId,
};
pub use id::{
    BandwidthId, BandwidthPolicyId, HealthMonitorId, KeyPairId, LeftTaskId, ListenerId,
    LoadBalancerId, PoolId, PoolMemberId, SecurityGroupId, SecurityRuleId, ServerId, ServerJobId,
    SubnetId, VpcId,
};
pub use instance::{
    Call, CallKind, CallPhase, Exit, Health, Instance, Lifecycle, Origin, Placement, StopMode,
    Warmup,
};
pub use layout::{Codes, Front, FrontProtocol, HandMember, LaidPool, Layout, Probe, ProbeAsk};
pub use machine::{LaunchSpec, Machine, MachineHealth, MachineState, OwnerKey};
pub use network::{
    KeyPairSpec, SecurityGroupSpec, SecurityRuleSpec, SubnetSpec, VpcSpec, default_security_group,
};
pub use notification::{
    Notification, NotificationCommand, NotificationScenes, NotificationSpec, NotificationTarget,
};
pub use options::{
    FlapBudget, MissingData, OutOfRange, PastWish, Periods, PolicyMemory, PolicyOptions, Rate,
};
pub use part::{Part, PartId, Parts};
pub use pool::{HealthMonitorSpec, Kept, ListenerSpec, LoadBalancerSpec, PoolMemberSpec, PoolSpec};
pub use query::{
    ActivityFilter, ConfigFilter, ConfigItem, GroupFilter, GroupItem, InstanceFilter, InstanceItem,
    Page, Paged, TagFilter,
};
pub use record::{
    Aged, AlarmRule, Bandwidth, BandwidthPolicy, HealthMonitor, KeyPair, LeftTask, Listener,
    LoadBalancer, Pool, PoolMember, Readings, Record, RecordChange, RecordCommand, RecordHead,
    RecordId, RecordSpec, Records, SecurityGroup, SecurityRule, Server, ServerJob, Subnet,
    Subscription, Topic, Vpc, by_age,
};
pub use refresh::{
    BatchPause, BatchStatus, OnFailure, Refresh, RefreshBatch, RefreshCommand, RefreshInstance,
    RefreshMode, RefreshSettings, RefreshStage, RefreshStatus, RefreshedStatus,
};
pub use scaling::{
    AdjustBy, Alarm, AlarmDetail, Asks, Comparison, Metric, Policy, PolicyCommand, PolicyKind,
    PolicySpec, Rung, Standing, Statistic, Stood, TargetTracking, Watch,
};
pub use schedule::{
    KeptBounds, LeftTaskSpec, Repeat, Schedule, ScheduleCommand, ScheduleSpec, ScheduleTimes,
};
pub use series::{MemberWindows, Point, Series, Summary, Window};
pub use server::{
    ServerCommand, ServerJobSpec, ServerSpec, ServerState, ServerTask, ServerWork, TaskState,
    own_key,
};
pub use time::Time;
pub use topic::{
    CERTIFICATE_PATH, Delivery, DeliveryKind, Letter, MESSAGE_TTL_SECS, Publication, Published,
    SubscriberAnswer, SubscriptionSpec, SubscriptionStatus, TopicSpec, URN,
};
pub use warm_pool::{WarmPool, WarmPoolCommand};
