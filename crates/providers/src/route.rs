//! Routing: each place of members goes to the balancer that the configuration names for it, every other one to the
//! balancer that is there for the rest. One that does not answer hides nothing of what the others say.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::{join, join_all};
use muster_model::{
    BalancerPlace, BalancerTarget, GroupId, Layout, MemberHealth, MemberSpec, OwnerKey,
    PoolMemberId,
};
use muster_ports::{Asked, BalancerError, Listing, LoadBalancer};

/// A balancer that the configuration names.
pub struct Route {
    /// For people; unique. A balancer that says by itself who was asked does so the same way each time.
    pub name: String,
    /// What is its.
    pub places: Vec<BalancerPlace>,
    /// The balancer.
    pub balancer: Arc<dyn LoadBalancer>,
}

/// Several balancers as one.
pub struct Routes {
    rest: Arc<dyn LoadBalancer>,
    routes: Vec<Route>,
    by_place: BTreeMap<BalancerPlace, usize>,
}

impl Routes {
    /// `rest` is there for what no route names. A place belongs to the first route that names it.
    #[must_use]
    pub fn new(rest: Arc<dyn LoadBalancer>, routes: Vec<Route>) -> Routes {
        let mut by_place = BTreeMap::new();
        for (number, route) in routes.iter().enumerate() {
            for place in &route.places {
                by_place.entry(place.clone()).or_insert(number);
            }
        }
        Routes {
            rest,
            routes,
            by_place,
        }
    }

    fn of(&self, target: &BalancerTarget) -> &dyn LoadBalancer {
        match self.by_place.get(&target.place()) {
            Some(number) => &*self.routes[*number].balancer,
            None => &*self.rest,
        }
    }
}

impl Route {
    /// What it lists; one that lists nothing at all is silent at all its places.
    async fn list(&self, group: Option<GroupId>) -> Listing {
        let (mut listing, error) = match self.balancer.list(group).await {
            Ok(listing) => (listing, None),
            Err(error) => (Listing::default(), Some(error)),
        };
        if listing.asked.is_empty() {
            listing.asked.push(Asked {
                name: self.name.clone(),
                places: self.places.clone(),
                error,
            });
        }
        listing
    }
}

#[async_trait]
impl LoadBalancer for Routes {
    async fn attach(&self, member: &MemberSpec) -> Result<(), BalancerError> {
        self.of(&member.target).attach(member).await
    }

    async fn drain(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        self.of(target).drain(owner, target).await
    }

    async fn in_flight(
        &self,
        owner: &OwnerKey,
        target: &BalancerTarget,
    ) -> Result<Option<u32>, BalancerError> {
        self.of(target).in_flight(owner, target).await
    }

    async fn detach(&self, owner: &OwnerKey, target: &BalancerTarget) -> Result<(), BalancerError> {
        self.of(target).detach(owner, target).await
    }

    async fn list(&self, group: Option<GroupId>) -> Result<Listing, BalancerError> {
        let named = join_all(self.routes.iter().map(|route| route.list(group)));
        let (rest, named) = join(self.rest.list(group), named).await;
        let mut all = rest?;
        for listing in named {
            all.members.extend(listing.members);
            all.asked.extend(listing.asked);
        }
        Ok(all)
    }

    async fn arrange(&self, layout: &Layout) {
        let layout = layout.clone();
        let layout = layout.without(|place| self.by_place.contains_key(place));
        self.rest.arrange(&layout).await;
    }

    async fn by_hand(&self) -> BTreeMap<PoolMemberId, MemberHealth> {
        self.rest.by_hand().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::TableBalancer;
    use muster_model::Ids;
    use muster_ports::contract::balancer::CASES;

    fn place(balancer: &str, listener: &str, location: Option<&str>) -> BalancerPlace {
        BalancerPlace {
            balancer: balancer.to_owned(),
            listener: listener.to_owned(),
            location: location.map(str::to_owned),
        }
    }

    fn route(name: &str, places: Vec<BalancerPlace>, balancer: Arc<dyn LoadBalancer>) -> Route {
        Route {
            name: name.to_owned(),
            places,
            balancer,
        }
    }

    /// A balancer that is not there.
    struct Dead;

    #[async_trait]
    impl LoadBalancer for Dead {
        async fn attach(&self, _: &MemberSpec) -> Result<(), BalancerError> {
            Err(BalancerError::Failed("dead".to_owned()))
        }

        async fn drain(&self, _: &OwnerKey, _: &BalancerTarget) -> Result<(), BalancerError> {
            Err(BalancerError::Failed("dead".to_owned()))
        }

        async fn in_flight(
            &self,
            _: &OwnerKey,
            _: &BalancerTarget,
        ) -> Result<Option<u32>, BalancerError> {
            Err(BalancerError::Failed("dead".to_owned()))
        }

        async fn detach(&self, _: &OwnerKey, _: &BalancerTarget) -> Result<(), BalancerError> {
            Err(BalancerError::Failed("dead".to_owned()))
        }

        async fn list(&self, _: Option<GroupId>) -> Result<Listing, BalancerError> {
            Err(BalancerError::Failed("dead".to_owned()))
        }
    }

    fn spec(at: &BalancerPlace) -> MemberSpec {
        MemberSpec {
            owner: OwnerKey {
                group: Ids::new(1).next_id(),
                instance: Ids::new(2).next_id(),
            },
            target: BalancerTarget {
                balancer: at.balancer.clone(),
                listener: at.listener.clone(),
                location: at.location.clone(),
                port: 80,
            },
            weight: 10,
            address: Some("127.0.0.1".to_owned()),
            machine_port: None,
        }
    }

    #[test]
    fn the_contract_over_two_of_them() {
        for (_, case) in CASES {
            let named = route(
                "named",
                vec![
                    place("lb-contract", "lbl-1", Some("loc-1")),
                    place("lb-contract", "lbl-2", None),
                ],
                Arc::new(TableBalancer::default()),
            );
            let routes = Routes::new(Arc::new(TableBalancer::default()), vec![named]);
            pollster::block_on(case(&routes));
        }
    }

    #[test]
    fn each_place_is_at_its_balancer() {
        let (one, two, rest): (Arc<TableBalancer>, Arc<TableBalancer>, Arc<TableBalancer>) =
            Default::default();
        let places = [
            place("lb-1", "lbl-1", None),
            place("lb-2", "lb-2", None),
            place("lb-1", "lbl-1", Some("loc-1")),
        ];
        let routes = Routes::new(
            Arc::<TableBalancer>::clone(&rest),
            vec![
                route(
                    "one",
                    vec![places[0].clone()],
                    Arc::<TableBalancer>::clone(&one),
                ),
                route(
                    "two",
                    vec![places[1].clone()],
                    Arc::<TableBalancer>::clone(&two),
                ),
            ],
        );
        pollster::block_on(async {
            for at in &places {
                routes.attach(&spec(at)).await.unwrap();
            }
            for (table, at) in [&one, &two, &rest].into_iter().zip(&places) {
                let listed = table.list(None).await.unwrap().members;
                assert_eq!(listed.len(), 1);
                assert!(listed[0].target.is_at(at), "{:?}", listed[0]);
            }
            assert_eq!(routes.list(None).await.unwrap().members.len(), 3);
        });
    }

    #[test]
    fn one_that_is_dead_hides_no_other() {
        let dead = place("lb-1", "lbl-1", None);
        let lives = place("lb-2", "lbl-2", None);
        let routes = Routes::new(
            Arc::new(TableBalancer::default()),
            vec![route("edge", vec![dead.clone()], Arc::new(Dead))],
        );
        pollster::block_on(async {
            routes.attach(&spec(&lives)).await.unwrap();
            routes.attach(&spec(&dead)).await.unwrap_err();
            let listing = routes.list(None).await.unwrap();
            assert_eq!(listing.members.len(), 1);
            assert_eq!(listing.silent(), [dead]);
            assert_eq!(listing.asked[0].name, "edge");
        });
    }
}
