//! Which balancer a place is at: those that the configuration names, and one for the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_model::BalancerPlace;
use muster_ports::LoadBalancer;
use muster_providers::haproxy::HaProxy;
use muster_providers::route::{Route, Routes};

use crate::config::Config;

/// The places that the configuration gives to balancers outside.
pub(crate) fn outside(config: &Config) -> BTreeSet<BalancerPlace> {
    let options = config.haproxy.iter().map(|one| one.options());
    options
        .flat_map(|options| options.backends)
        .map(|(place, _)| place)
        .collect()
}

/// All balancers as one; `rest` has the places that are not [`outside`].
pub(crate) fn routes(config: &Config, rest: Arc<dyn LoadBalancer>) -> Arc<dyn LoadBalancer> {
    if config.haproxy.is_empty() {
        return rest;
    }
    let routes = config.haproxy.iter().map(|one| {
        let options = one.options();
        let places = options.backends.iter().map(|(place, _)| place.clone());
        Route {
            name: options.name.clone(),
            places: places.collect(),
            balancer: Arc::new(HaProxy::new(options)),
        }
    });
    Arc::new(Routes::new(rest, routes.collect()))
}
