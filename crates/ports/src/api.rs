//! The facade that doors talk to.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use muster_model::{
    Access, AccountId, AccountLimits, Activity, ActivityFilter, Catalogue, Command, ConfigFilter,
    ConfigItem, Created, Error, GroupAdvice, GroupFilter, GroupId, GroupItem, GroupView,
    InstanceFilter, InstanceItem, Machine, Member, MemberHealth, MetricSource, Page, Paged,
    PoolMemberId, Reading, Records, Site, SubscriberAnswer, Summary, Time,
};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account: nothing of another one is ever visible or touched.
    pub account: AccountId,
    /// What the key may do: a read-only key gets [`Error::ReadOnly`] from [`Api::execute`].
    pub access: Access,
    /// The site that the request's region means.
    pub site: Site,
}

/// What a call to the facade comes back with.
pub type ApiResult<T> = Result<T, Error>;

/// Everything that a door can do. Reads are of the last committed state. Lists are in a stable order, oldest first,
/// but activities newest first.
#[async_trait]
pub trait Api: Send + Sync {
    /// Decides and commits a command. When it returns, the decision is durable; nothing has been performed yet.
    ///
    /// # Errors
    /// The command was refused and changed nothing; after [`Error::Store`] that is not known.
    async fn execute(&self, caller: &Caller, command: Command) -> ApiResult<Created>;

    /// Decides a command as [`Api::execute`] would now, and commits nothing.
    ///
    /// # Errors
    /// Those that the command would be refused with.
    async fn check(&self, caller: &Caller, command: Command) -> ApiResult<()>;

    /// Groups.
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn groups(
        &self,
        caller: &Caller,
        filters: &[GroupFilter],
        page: Page,
    ) -> ApiResult<Paged<GroupItem>>;

    /// The groups with everything that belongs to them: where hooks, policies, schedules and the like are looked up.
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn views(&self, caller: &Caller) -> ApiResult<Vec<Arc<GroupView>>>;

    /// The groups that are being deleted and are not gone yet. No other look-up knows them, and no command: doors that have a
    /// word for them show them.
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn leaving(&self, caller: &Caller) -> ApiResult<Vec<Arc<GroupView>>>;

    /// What the account has and may have.
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn limits(&self, caller: &Caller) -> ApiResult<AccountLimits>;

    /// What is to be said of how these groups are set up; unknown ones are left out.
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn advices(&self, caller: &Caller, groups: &[GroupId]) -> ApiResult<Vec<GroupAdvice>>;

    /// Launch configurations.
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn configs(
        &self,
        caller: &Caller,
        filters: &[ConfigFilter],
        page: Page,
    ) -> ApiResult<Paged<ConfigItem>>;

    /// What else the account has: topics and the like, of the caller's site.
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn records(&self, caller: &Caller) -> ApiResult<Arc<Records>>;

    /// Somebody with the secret of a subscription, who needs no key, says whether they want it. The urn of the subscription
    /// comes back. It is no change of the account's: also what reads only can be left.
    ///
    /// # Errors
    /// [`Error::NotFound`]: no subscription has this secret, or it is too late; [`Error::Store`].
    async fn subscriber_says(&self, answer: &SubscriberAnswer) -> ApiResult<String>;

    /// The machines that the caller may see, as the back end holds them: of its groups, of its own, and those that are
    /// nobody's and could be attached. Oldest first.
    ///
    /// # Errors
    /// [`Error::BackEnd`].
    async fn machines(&self, caller: &Caller) -> ApiResult<Vec<Arc<Machine>>>;

    /// The members of the caller's groups at their balancers, and what those say of them. Where a balancer did not answer
    /// there are none.
    ///
    /// # Errors
    /// [`Error::BackEnd`].
    async fn members(&self, caller: &Caller) -> ApiResult<Vec<Arc<Member>>>;

    /// What balancers find of the health of the caller's members that were put there by hand; those that take no load are
    /// not told of.
    ///
    /// # Errors
    /// [`Error::BackEnd`].
    async fn by_hand(&self, caller: &Caller) -> ApiResult<BTreeMap<PoolMemberId, MemberHealth>>;

    /// What the operator says that there is.
    fn catalogue(&self) -> Arc<Catalogue>;

    /// Takes values of metrics in. Those of a group are the group's metrics for every door.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a group that the account does not have, before anything is kept; [`Error::QuotaExceeded`] for
    /// too many metrics, after others may have been kept; [`Error::ReadOnly`]; [`Error::Store`].
    async fn push(&self, caller: &Caller, readings: &[Reading]) -> ApiResult<()>;

    /// What the values of a metric come to, by the begin of their periods: from `first` on, until before `end`. A period
    /// without a value is not there. With a period of 1 s each value is by itself.
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn statistics(
        &self,
        caller: &Caller,
        source: &MetricSource,
        period_secs: u32,
        first: Time,
        end: Time,
    ) -> ApiResult<BTreeMap<Time, Summary>>;

    /// Instances.
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn instances(
        &self,
        caller: &Caller,
        filters: &[InstanceFilter],
        page: Page,
    ) -> ApiResult<Paged<InstanceItem>>;

    /// Activities, newest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn activities(
        &self,
        caller: &Caller,
        filters: &[ActivityFilter],
        page: Page,
    ) -> ApiResult<Paged<Arc<Activity>>>;

    /// The newest activity of each of these groups; groups without one, and unknown ones, are left out (rule A14).
    ///
    /// # Errors
    /// [`Error::Store`].
    async fn last_activities(
        &self,
        caller: &Caller,
        groups: &[GroupId],
        exclude_cancelled: bool,
    ) -> ApiResult<Vec<Arc<Activity>>>;

    /// The time of the service: under emulation, a movable one. Signatures use the real clock instead.
    fn now(&self) -> Time;
}

/// A key pair in the clear, in memory only. Its secret is never printed.
#[derive(Clone)]
pub struct Credential {
    /// Whose it is.
    pub account: AccountId,
    /// The user it belongs to.
    pub user: String,
    /// What it may do.
    pub access: Access,
    /// The secret.
    pub secret: Arc<str>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("account", &self.account)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// Looks keys up and binds regions to sites.
pub trait Keys: Send + Sync {
    /// The key pair with this public half.
    fn find(&self, access_key_id: &str) -> Option<Credential>;

    /// The site that a region name means; `None` = an unknown region (only where the configuration is strict).
    fn site(&self, region: &str) -> Option<Site>;
}

/// Somebody who logged in with a password.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The key whose secret the password is.
    pub access_key_id: String,
    /// What it stands for.
    pub credential: Credential,
}

/// Names of accounts and projects, for doors with tokens and project ids. A project is an account in a region; its id is
/// computed from both and is 32 hex digits.
#[async_trait]
pub trait Identity: Keys {
    /// Whose password this is: of a user of an account, with the secret of one of their keys as the password.
    fn log_in(&self, account: &str, user: &str, password: &str) -> Option<LoggedIn>;

    /// The name of an account.
    fn account_name(&self, account: AccountId) -> Option<String>;

    /// The id of a project.
    fn project(&self, account: AccountId, region: &str) -> String;

    /// Whose project an id is, and in which region: of those regions that are configured or have been used.
    fn project_of(&self, id: &str) -> Option<(AccountId, String)>;

    /// The regions that are configured or have been used, by name; never empty.
    fn regions(&self) -> Vec<String>;

    /// Whether sites are configured: then only regions that are known have projects.
    fn has_sites(&self) -> bool;

    /// A region is used: from here on, also after a restart, its project ids are known. At most so many are kept.
    ///
    /// # Errors
    /// In words, when it could not be written down; it is known until the next start.
    async fn use_region(&self, region: &str) -> Result<(), String>;
}
