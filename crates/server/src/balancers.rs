//! Which balancer a place is at: those that the configuration names, and one for the rest.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use muster_model::{BalancerPlace, BalancerTarget, Instance, Layout};
use muster_ports::LoadBalancer;
use muster_providers::haproxy::HaProxy;
use muster_providers::proxy::ProxyBalancer;
use muster_providers::route::{Route, Routes};
use muster_providers::table::TableBalancer;

use crate::config::Config;

/// The places that the configuration gives to balancers outside.
fn outside(config: &Config) -> BTreeSet<BalancerPlace> {
    let options = config.haproxy.iter().map(|one| one.options());
    options
        .flat_map(|options| options.backends)
        .map(|(place, _)| place)
        .collect()
}

/// A balancer for the places that are not [`outside`], and the embedded one if it is that. Where that is switched off, it
/// is a table for balancers that follow it.
pub(crate) async fn own<'a>(
    config: &Config,
    dir: &Path,
    (layout, is_anothers): (Layout, impl Fn(&Instance, &BalancerPlace) -> bool),
    instances: impl IntoIterator<Item = &'a Instance>,
) -> Result<(Arc<dyn LoadBalancer>, Option<Arc<ProxyBalancer>>), String> {
    let outside = outside(config);
    let ours = |target: &BalancerTarget| !outside.contains(&target.place());
    if !config.proxy.enabled {
        let table = TableBalancer::of(instances, ours);
        return Ok((Arc::new(table), None));
    }
    let layout = layout.without(|place| outside.contains(place));
    let machines = config.backend.first_port.0..=config.backend.last_port.0;
    let options = config.proxy.options(&config.listener, machines, dir);
    let ours = |instance: &Instance, target: &BalancerTarget| {
        ours(target) && !is_anothers(instance, &target.place())
    };
    let proxy = Arc::new(ProxyBalancer::open(options, &layout, instances, ours).await?);
    Ok((Arc::<ProxyBalancer>::clone(&proxy), Some(proxy)))
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
