//! Every error of the model: the doors' tests hold their tables of codes to this one list.

use muster_model::{
    ActivityId, AttachRefusal, AttemptCode, Error, Field, InstanceId, Key, Listed, Misfit,
    PolicyId, Problem, Quota, RefreshId, RefreshStatus, ResourceKind,
};

/// All cases of a plain enum; a new one fails to compile until it is here.
macro_rules! all {
    ($($name:ident: $kind:ident = $($case:ident)*;)*) => {$(
        const $name: &[$kind] = &[$($kind::$case,)*];
        const _: fn(&$kind) = |case| match case { $($kind::$case => {})* };
    )*};
}

all! {
    KINDS: ResourceKind = Group Config Instance Activity Policy Schedule Notification Hook Refresh Balancer Record;
    QUOTAS: Quota = Configs Groups Schedules ClassicBalancers ForwardBalancers Hooks Policies TargetTracking Metrics
        Notifications Records;
    LISTED: Listed = Image ImageFamily DataImage Storage InstanceType Zone Vpc Subnet SecurityGroup Key Project EnterpriseProject Snapshot BandwidthPackage
        DisasterRecoverGroup DedicatedCluster Balancer Listener Location Pool ClassicBalancer UserGroup CmqQueue TdmqQueue
        CmqTopic TdmqTopic Command;
    MISFITS: Misfit = FixedHostName ImageQueued ImageKilled TypeNotOfImage TypeOfOtherArchitecture TypeAbove32Bits
        DiskTypeNotOfType SystemDiskTooSmall ImageNotInZone
        DataImageUnusable DataDiskTooSmall StorageUnavailable DiskTypeNotOfStorage StorageTooSmall StoragesApart DisksNotOfImage
        BackupNotOfImage PartsApart DisksNotInZone TypeSoldOut NoBandwidthPackages ZoneElsewhere ZoneUnavailable SubnetUnavailable
        SubnetOfOtherVpc SubnetOutsideCluster ConfigOfOtherProject BalancerElsewhere BalancerOfOtherVpc
        BalancerOfOtherProject ListenerToTargetGroup CmqTopicUnheard TdmqTopicUnheard;
    REFUSALS: AttachRefusal = NotFound AlreadyHere InOtherGroup OtherVpc OtherSubnet OtherZone OtherType NotRunning
        WrongState;
}

/// One of each error of the model, and each of its kinds: what every door has to have an answer to.
#[must_use]
pub fn every() -> Vec<Error> {
    let mut all = plain();
    all.extend(by_kind());
    all.extend(invalid());
    all.iter().for_each(listed);
    all
}

fn plain() -> Vec<Error> {
    let instance = InstanceId::new(Key::from_bits(7));
    let refresh = RefreshId::new(Key::from_bits(9));
    let text = || "x".to_owned();
    vec![
        Error::NotMembers {
            instances: vec![instance],
        },
        Error::SizeOrder {
            min: 2,
            desired: 1,
            max: 3,
        },
        Error::Changed {
            kind: ResourceKind::Record,
            id: text(),
        },
        Error::InUse {
            kind: ResourceKind::Config,
            id: text(),
            by: text(),
        },
        Error::HasInstances { count: 1 },
        Error::Busy {
            activity: ActivityId::new(Key::from_bits(8)),
        },
        Error::Disabled,
        Error::Abnormal,
        Error::AboveMax { wanted: 3, max: 2 },
        Error::InServiceAboveMax { wanted: 3, max: 2 },
        Error::BelowMin { wanted: 0, min: 1 },
        Error::InServiceBelowMin { wanted: 0, min: 1 },
        Error::NothingToDo,
        Error::CoolingDown,
        Error::InstanceBusy { instance },
        Error::SourceStopped { instance },
        Error::VpcBound,
        Error::InRefresh { refresh },
        Error::RefreshStands {
            refresh,
            status: RefreshStatus::Successful,
        },
        Error::NoneToRefresh,
        Error::NoneToRollBack,
        Error::NoRollBack { refresh },
        Error::RollBackOfRollBack { refresh },
        Error::NoSuchToken,
        Error::NotHeld { instance },
        Error::VerdictGiven,
        Error::NotExecutable {
            policy: PolicyId::new(Key::from_bits(10)),
        },
        Error::ConfigAbnormal,
        Error::BackEnd {
            code: AttemptCode::Failed,
            message: text(),
        },
        Error::Store { message: text() },
        Error::ReadOnly,
        Error::Overloaded,
    ]
}

/// Those that tell of one of a list of kinds.
fn by_kind() -> Vec<Error> {
    let text = || "x".to_owned();
    let instance = InstanceId::new(Key::from_bits(7));
    let mut all = Vec::new();
    all.extend(KINDS.iter().map(|kind| Error::NotFound {
        kind: *kind,
        id: text(),
    }));
    all.extend(KINDS.iter().map(|kind| Error::NameTaken {
        kind: *kind,
        name: text(),
    }));
    all.extend(LISTED.iter().map(|kind| Error::Unlisted {
        kind: *kind,
        id: text(),
    }));
    all.extend(MISFITS.iter().map(|misfit| Error::Misfit {
        id: text(),
        misfit: *misfit,
    }));
    all.extend(REFUSALS.iter().map(|refusal| Error::CannotAttach {
        instance,
        refusal: refusal.clone(),
    }));
    all.extend(QUOTAS.iter().map(|quota| Error::QuotaExceeded {
        quota: *quota,
        limit: 50,
    }));
    all
}

/// Every problem of a choice of parameters.
fn invalid() -> Vec<Error> {
    let problems = [
        Problem::ExcludedBy(Field::Image),
        Problem::OneOf(Field::Image),
        Problem::NeededBy(Field::Image),
        Problem::NotWith(Field::Image),
        Problem::Duplicate("x".to_owned()),
        Problem::Above {
            value: 3,
            than: Field::Max,
            limit: 2,
        },
        Problem::Range {
            value: 3,
            min: 1,
            max: 2,
        },
        Problem::Unusable("x".to_owned()),
    ];
    let fields = [
        Field::Vpc,
        Field::Subnets,
        Field::SpotBase,
        Field::Count,
        Field::Market,
        Field::Batches,
        Field::Start,
        Field::End,
        Field::Recurrence,
        Field::MaxSurge,
        Field::ForwardBalancers,
        Field::Receiver,
    ];
    let of = |field| {
        let problems = problems.clone().into_iter();
        problems.map(move |problem| Error::Invalid { field, problem })
    };
    fields.into_iter().flat_map(of).collect()
}

/// Compiles only while [`every`] is known to be complete.
fn listed(error: &Error) {
    match error {
        Error::NotFound { .. }
        | Error::NotMembers { .. }
        | Error::Unlisted { .. }
        | Error::Misfit { .. }
        | Error::NameTaken { .. }
        | Error::QuotaExceeded { .. }
        | Error::SizeOrder { .. }
        | Error::Invalid { .. }
        | Error::InUse { .. }
        | Error::HasInstances { .. }
        | Error::Busy { .. }
        | Error::Disabled
        | Error::Abnormal
        | Error::AboveMax { .. }
        | Error::InServiceAboveMax { .. }
        | Error::BelowMin { .. }
        | Error::InServiceBelowMin { .. }
        | Error::NothingToDo
        | Error::CoolingDown
        | Error::InstanceBusy { .. }
        | Error::CannotAttach { .. }
        | Error::SourceStopped { .. }
        | Error::VpcBound
        | Error::InRefresh { .. }
        | Error::RefreshStands { .. }
        | Error::NoneToRefresh
        | Error::NoneToRollBack
        | Error::NoRollBack { .. }
        | Error::RollBackOfRollBack { .. }
        | Error::NoSuchToken
        | Error::NotHeld { .. }
        | Error::VerdictGiven
        | Error::NotExecutable { .. }
        | Error::ConfigAbnormal
        | Error::BackEnd { .. }
        | Error::Store { .. }
        | Error::ReadOnly
        | Error::Changed { .. }
        | Error::Overloaded => {}
    }
}
