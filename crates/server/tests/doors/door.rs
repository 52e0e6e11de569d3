//! What a door says of each kind of object.

use muster_kit::http::Dialect;
use muster_kit::sign::client::Request;
use muster_model::{ConfigId, GroupId, InstanceId};
use muster_testing::Ground;
use serde_json::Value;

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Config,
    Group,
    Instance,
    Activity,
    Policy,
    Schedule,
    Hook,
    Notification,
}

impl Kind {
    /// In the order in which they are made; instances and activities come with the group.
    pub(crate) const ALL: [Kind; 8] = [
        Kind::Config,
        Kind::Group,
        Kind::Instance,
        Kind::Activity,
        Kind::Policy,
        Kind::Schedule,
        Kind::Hook,
        Kind::Notification,
    ];
}

/// The group and the configuration that a request is about.
#[derive(Clone, Copy)]
pub(crate) struct Of {
    pub(crate) group: GroupId,
    pub(crate) config: ConfigId,
}

/// A door with its words.
pub(crate) trait Door {
    /// Its name.
    fn name(&self) -> &'static str;

    /// What answers.
    fn dialect(&self) -> &dyn Dialect;

    /// The requests that make what it has words for; none = it has no words for the kind, or it comes by itself.
    fn make(&self, kind: Kind, of: Of) -> Vec<Request>;

    /// The request that shows all of a kind that belong to the group, and where in the answer they are listed.
    fn read(&self, kind: Kind, of: Of) -> Option<(Request, &'static str)>;

    /// The request that puts a machine from outside into the group.
    fn attach(&self, of: Of, machine: InstanceId) -> Request;

    /// The request that makes a hook act that does not; `None` = here they all do.
    fn bind(&self, _: Of, _: &Value) -> Option<Request> {
        None
    }

    /// The request that writes one back as it is shown.
    fn write_back(&self, kind: Kind, of: Of, shown: &Value) -> Option<Request>;
}

/// The doors of a service.
pub(crate) fn all(ground: &Ground) -> Vec<Box<dyn Door>> {
    vec![
        Box::new(crate::tencent3::Tencent::new(ground)),
        Box::new(crate::ksyun::Kingsoft::new(ground)),
        Box::new(crate::huawei::Hua::new(ground)),
        Box::new(crate::qcloud::Tencent2017::new(ground)),
    ]
}
