//! One service, one account, all doors.

use std::ops::Deref;
use std::sync::Arc;

use muster_engine::Settings;
use muster_kit::sign::client::Request;
use muster_model::{Catalogue, ConfigId, GroupId, GroupView, Key, ListedSubnet, Page};
use muster_ports::Api;
use muster_runtime::Options;
use muster_testing::{Ground, incoming};
use serde_json::Value;

use crate::door::{Door, Kind, Of, all};

/// The service.
pub(crate) struct Service {
    pub(crate) doors: Vec<Box<dyn Door>>,
    ground: Ground,
}

/// What the doors stand on.
impl Deref for Service {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
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
        let ground = Ground::start(known()).await;
        Service {
            doors: all(&ground),
            ground,
        }
    }

    /// Goes on with nothing of what the group is in and made of, as after a restart.
    pub(crate) async fn restart_without_anything(&mut self) {
        let nothing = Catalogue {
            strict: true,
            ..Catalogue::default()
        };
        self.ground.restart(with(nothing)).await;
        self.doors = all(&self.ground);
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
        let found = self
            .runtime
            .configs(&self.caller(), &[], all)
            .await
            .unwrap();
        found.items[0].config.id
    }

    /// The one group as it is stored.
    pub(crate) async fn view(&self) -> Arc<GroupView> {
        let views = self.runtime.views(&self.caller()).await.unwrap();
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
        let incoming = incoming(head, body);
        for other in &self.doors {
            let is_its = other.dialect().recognises(&incoming.head, &incoming.pairs);
            assert_eq!(is_its, other.name() == door.name(), "{text}");
        }
        let reply = door.dialect().handle(incoming).await;
        let said = String::from_utf8_lossy(&reply.body).into_owned();
        let answer = muster_testing::body(&reply);
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
