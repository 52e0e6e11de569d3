//! One service, one account, all doors.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use muster_engine::Settings;
use muster_kit::http::Incoming;
use muster_kit::node::Limits;
use muster_kit::sign::client::Request;
use muster_model::{
    Access, AccountId, Catalogue, ConfigId, GroupId, GroupView, Ids, Key, ListedSubnet, Page, Site,
    Time,
};
use muster_ports::{Api, Caller, Clock, Commit, Credential, Identity, Keys, LoggedIn, Row, Store};
use muster_runtime::{Options, Runtime, ShellClock};
use muster_sim::SimCompute;
use muster_store::SqliteStore;
use serde_json::Value;

use crate::door::{Door, Kind, Of, all};

pub(crate) const KEY: &str = "AKLTtest";
pub(crate) const SECRET: &str = "test-secret";
pub(crate) const HOST: &str = "127.0.0.1:8700";
/// What signatures are made and checked at: 2026-11-24T02:00:00Z.
pub(crate) const NOW: i64 = 1_795_485_600;
/// The project of the account, for the door that has such ids.
pub(crate) const PROJECT: &str = "0123456789abcdef0123456789abcdef";
const REQUEST_ID: &str = "11111111-2222-4333-8444-555555555555";

/// The one account, by its one key.
pub(crate) struct Account(pub(crate) AccountId);

impl Keys for Account {
    fn find(&self, access_key_id: &str) -> Option<Credential> {
        (access_key_id == KEY).then(|| Credential {
            account: self.0,
            user: "admin".to_owned(),
            access: Access::Full,
            secret: SECRET.into(),
        })
    }

    fn site(&self, _: &str) -> Option<Site> {
        Some(Site::default())
    }
}

#[async_trait]
impl Identity for Account {
    fn log_in(&self, _: &str, _: &str, _: &str) -> Option<LoggedIn> {
        None
    }

    fn account_name(&self, _: AccountId) -> Option<String> {
        Some("test".to_owned())
    }

    fn project(&self, _: AccountId, _: &str) -> String {
        PROJECT.to_owned()
    }

    fn project_of(&self, id: &str) -> Option<(AccountId, String)> {
        (id == PROJECT).then(|| (self.0, "cn-north-4".to_owned()))
    }

    fn regions(&self) -> Vec<String> {
        vec!["cn-north-4".to_owned()]
    }

    fn has_sites(&self) -> bool {
        false
    }

    async fn use_region(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// The service.
pub(crate) struct Service {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) doors: Vec<Box<dyn Door>>,
    pub(crate) sim: Arc<SimCompute>,
    pub(crate) caller: Caller,
    store: Arc<dyn Store>,
}

/// The subnets that the doors name: they are told their zones, and nothing is refused for what is not listed.
fn known() -> Options {
    let mut catalogue = Catalogue::default();
    for (id, zone, vpc) in [
        ("subnet-aaaaaaaa", "zone-a", "vpc-12345678"),
        ("subnet-bbbbbbbb", "zone-b", "vpc-12345678"),
        (
            "6a1b2c3d-0000-4000-8000-000000000001",
            "zone-b",
            "6a1b2c3d-0000-4000-8000-0000000000ff",
        ),
        (
            "6a1b2c3d-0000-4000-8000-000000000002",
            "zone-a",
            "6a1b2c3d-0000-4000-8000-0000000000ff",
        ),
        (
            "8c30a3f6-0000-4000-8000-000000000002",
            "zone-a",
            "8c30a3f6-0000-4000-8000-000000000001",
        ),
    ] {
        let subnet = ListedSubnet {
            zone: zone.to_owned(),
            vpc: vpc.to_owned(),
            ..ListedSubnet::default()
        };
        catalogue.subnets.insert(id.to_owned(), subnet);
    }
    with(catalogue)
}

fn with(catalogue: Catalogue) -> Options {
    Options {
        settings: Settings {
            catalogue,
            ..Settings::default()
        },
        ..Options::default()
    }
}

impl Service {
    pub(crate) async fn start() -> Service {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().unwrap());
        let account: AccountId = Ids::new(1000).next_id();
        let row = Row::Account(Arc::new(muster_model::Account {
            id: account,
            name: "test".to_owned(),
            version: 1,
            created_at: Time(0),
        }));
        let commit = Commit {
            guards: Vec::new(),
            rows: vec![row],
        };
        store.commit(commit).await.unwrap();
        let clock = Arc::new(ShellClock::new(0));
        let movable: Arc<dyn Clock> = Arc::<ShellClock>::clone(&clock);
        let sim = Arc::new(SimCompute::in_memory(movable, 1));
        let runtime = Runtime::start(
            Arc::clone(&store),
            Arc::<SimCompute>::clone(&sim),
            Arc::<SimCompute>::clone(&sim),
            clock,
            known(),
        );
        let runtime = runtime.await.unwrap();
        let doors = all(&runtime, &Account(account));
        let caller = Caller {
            account,
            access: Access::Full,
            site: Site::default(),
        };
        Service {
            runtime,
            doors,
            sim,
            caller,
            store,
        }
    }

    /// Goes on with nothing of what the group is in and made of, as after a restart.
    pub(crate) async fn restart_without_anything(&mut self) {
        self.runtime.stop().await;
        let nothing = Catalogue {
            strict: true,
            ..Catalogue::default()
        };
        let runtime = Runtime::start(
            Arc::clone(&self.store),
            Arc::<SimCompute>::clone(&self.sim),
            Arc::<SimCompute>::clone(&self.sim),
            Arc::clone(self.runtime.clock()),
            with(nothing),
        );
        self.runtime = runtime.await.unwrap();
        self.doors = all(&self.runtime, &Account(self.caller.account));
    }

    /// A service in which one of the doors has made everything that it has words for.
    pub(crate) async fn made_by(maker: usize) -> (Service, Of) {
        let service = Service::start().await;
        let none = Key::from_bits(1);
        let mut of = Of {
            group: GroupId::new(none),
            config: ConfigId::new(none),
        };
        for kind in Kind::ALL {
            let door = &service.doors[maker];
            for request in door.make(kind, of) {
                service.send(&**door, request).await;
            }
            service.runtime.settle().await;
            match kind {
                Kind::Config => of.config = service.config().await,
                Kind::Group => of.group = service.view().await.group.id,
                Kind::Instance
                | Kind::Activity
                | Kind::Policy
                | Kind::Schedule
                | Kind::Hook
                | Kind::Notification => {}
            }
        }
        (service, of)
    }

    async fn config(&self) -> ConfigId {
        let all = Page {
            offset: 0,
            limit: 10,
        };
        let found = self.runtime.configs(&self.caller, &[], all).await.unwrap();
        found.items[0].config.id
    }

    /// The one group as it is stored.
    pub(crate) async fn view(&self) -> Arc<GroupView> {
        let views = self.runtime.views(&self.caller).await.unwrap();
        Arc::clone(&views[0])
    }

    /// A request that has to be carried out.
    pub(crate) async fn send(&self, door: &dyn Door, request: Request) -> Value {
        let answer = self.try_send(door, request).await;
        answer.unwrap_or_else(|refused| panic!("{}: {refused}", door.name()))
    }

    /// Hands a request to a door, and to no other, as the front would.
    ///
    /// # Errors
    /// The refusal, with the request.
    pub(crate) async fn try_send(
        &self,
        door: &dyn Door,
        request: Request,
    ) -> Result<Value, String> {
        let text = format!("{request:?}");
        let Request { head, body } = request;
        let incoming =
            Incoming::new(head, body, REQUEST_ID.to_owned(), &Limits::default()).unwrap();
        for other in &self.doors {
            let is_its = other.dialect().recognises(&incoming.head, &incoming.pairs);
            assert_eq!(is_its, other.name() == door.name(), "{text}");
        }
        let reply = door.dialect().handle(incoming).await;
        let said = String::from_utf8_lossy(&reply.body).into_owned();
        let answer: Value = match reply.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&reply.body).unwrap(),
        };
        // One of the doors says everything with status 200, and one has a code of its own.
        let coded = answer.get("code").is_none_or(|code| *code == 0);
        let went_well = reply.status.is_success() && coded && answer["Response"]["Error"].is_null();
        match went_well {
            true => Ok(answer),
            false => Err(format!("{text}\n{said}")),
        }
    }

    /// What a door shows of a kind.
    pub(crate) async fn shown(&self, door: &dyn Door, kind: Kind, of: Of) -> Option<Vec<Value>> {
        let (request, place) = door.read(kind, of)?;
        let answer = self.send(door, request).await;
        let list = answer.pointer(place).and_then(Value::as_array);
        Some(
            list.unwrap_or_else(|| panic!("no {place} in {answer}"))
                .clone(),
        )
    }
}

/// Headers from pairs.
pub(crate) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let one = |(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(one).collect()
}
