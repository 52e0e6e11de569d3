//! Balancers: what a group is bound to.

use muster_model::{Balancer, Target};
use serde::{Deserialize, Serialize};

use crate::checks;
use crate::fault::Fault;

/// ForwardLoadBalancer. In answers no member is ever null (Terraform reads them all).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ForwardLoadBalancer {
    load_balancer_id: String,
    listener_id: String,
    target_attributes: Vec<TargetAttribute>,
    location_id: Option<String>,
    region: Option<String>,
}

/// TargetAttribute.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TargetAttribute {
    port: i64,
    weight: i64,
}

impl ForwardLoadBalancer {
    /// Checks and converts (rules B2, B3). The ids of what `is_bound` are not checked: they
    /// may be another door's, written back as they were shown.
    pub(crate) fn list(
        balancers: Vec<ForwardLoadBalancer>,
        is_bound: impl Fn(&Balancer) -> bool,
    ) -> Result<Vec<Balancer>, Fault> {
        checks::count(
            "InvalidParameterValue.LimitExceeded",
            "ForwardLoadBalancers",
            &balancers,
            100,
        )?;
        let mut list: Vec<Balancer> = Vec::with_capacity(balancers.len());
        for (at, given) in balancers.into_iter().enumerate() {
            let name = format!("ForwardLoadBalancers.{at}");
            let targets = targets(&name, &given.target_attributes)?;
            given
                .region
                .as_deref()
                .map_or(Ok(()), |region| check_region(&name, region))?;
            let balancer = Balancer::Forward {
                balancer: given.load_balancer_id,
                listener: given.listener_id,
                location: given.location_id.filter(|id| !id.is_empty()),
                region: given.region,
                targets,
            };
            if !is_bound(&balancer) {
                check_ids(&name, &balancer)?;
            }
            push(&mut list, balancer)?;
        }
        Ok(list)
    }

    /// The balancers that this door has words for.
    pub(crate) fn shown(balancers: &[Balancer], own_region: &str) -> Vec<ForwardLoadBalancer> {
        let forward = |balancer: &Balancer| match balancer {
            Balancer::Forward {
                balancer,
                listener,
                location,
                region,
                targets,
            } => Some(ForwardLoadBalancer {
                load_balancer_id: balancer.clone(),
                listener_id: listener.clone(),
                target_attributes: targets
                    .iter()
                    .map(|target| TargetAttribute {
                        port: i64::from(target.port),
                        weight: i64::from(target.weight),
                    })
                    .collect(),
                location_id: Some(location.clone().unwrap_or_default()),
                region: Some(region.clone().unwrap_or_else(|| own_region.to_owned())),
            }),
            Balancer::Classic { .. } | Balancer::Listener { .. } | Balancer::Pool { .. } => None,
        };
        balancers.iter().filter_map(forward).collect()
    }
}

/// A region may have any name that a region can have.
fn check_region(name: &str, region: &str) -> Result<(), Fault> {
    if checks::is_region(region) {
        return Ok(());
    }
    Err(Fault::new(
        "InvalidParameterValue.InvalidClbRegion",
        format!("The value `{region}` of the parameter `{name}.Region` is not a region."),
    ))
}

/// Ports and weights of a binding.
fn targets(name: &str, given: &[TargetAttribute]) -> Result<Vec<Target>, Fault> {
    if given.is_empty() {
        let message =
            format!("The parameter `{name}.TargetAttributes` must have at least one entry.");
        return Err(Fault::new("InvalidParameterValue.ForwardLb", message));
    }
    let mut targets: Vec<Target> = Vec::with_capacity(given.len());
    for target in given {
        let number = |member: &str, value, min, max| {
            let parameter = format!("{name}.TargetAttributes.{member}");
            checks::number(&parameter, value, min, max)
                .map(|number| u16::try_from(number).unwrap_or(0))
        };
        let port = number("Port", target.port, 1, 65_535)?;
        let weight = number("Weight", target.weight, 0, 100)?;
        if targets.iter().any(|old| old.port == port) {
            let message = format!("The port `{port}` is in `{name}.TargetAttributes` twice.");
            return Err(Fault::new(
                "InvalidParameterValue.TargetPortDuplicated",
                message,
            ));
        }
        targets.push(Target { port, weight });
    }
    Ok(targets)
}

/// The ids of a binding have to be well-formed.
fn check_ids(name: &str, balancer: &Balancer) -> Result<(), Fault> {
    let check = |member: &str, value: &str, prefix| {
        let parameter = format!("{name}.{member}");
        checks::text_id("InvalidParameterValue.ForwardLb", &parameter, value, prefix)
    };
    match balancer {
        Balancer::Forward {
            balancer,
            listener,
            location,
            ..
        } => {
            check("LoadBalancerId", balancer, "lb-")?;
            check("ListenerId", listener, "lbl-")?;
            location
                .iter()
                .try_for_each(|location| check("LocationId", location, "loc-"))
        }
        Balancer::Classic { .. } | Balancer::Listener { .. } | Balancer::Pool { .. } => Ok(()),
    }
}

/// Adds a binding to a list that may not hold it twice.
fn push(list: &mut Vec<Balancer>, balancer: Balancer) -> Result<(), Fault> {
    if list.iter().any(|old| old.is_same_place(&balancer)) {
        let name = balancer.name();
        return Err(Fault::new(
            "InvalidParameterValue.DuplicatedForwardLb",
            format!("The listener `{name}` is in `ForwardLoadBalancers` twice."),
        ));
    }
    list.push(balancer);
    Ok(())
}

/// ForwardLoadBalancerIdentification.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ForwardLoadBalancerIdentification {
    load_balancer_id: String,
    listener_id: String,
    location_id: Option<String>,
    port_list: Option<Vec<i64>>,
}

impl ForwardLoadBalancerIdentification {
    /// Checks and converts. Naming one twice is naming it. The ids of what `is_bound` are not checked.
    pub(crate) fn list(
        given: Vec<ForwardLoadBalancerIdentification>,
        is_bound: impl Fn(&Balancer) -> bool,
    ) -> Result<Vec<Balancer>, Fault> {
        checks::count(
            "InvalidParameterValue.LimitExceeded",
            "ForwardLoadBalancerIdentifications",
            &given,
            100,
        )?;
        let mut list = Vec::with_capacity(given.len());
        for (at, given) in given.into_iter().enumerate() {
            // Only in SDKs: the ports to go; left out, all of them.
            let place = format!("ForwardLoadBalancerIdentifications.{at}");
            let name = format!("{place}.PortList");
            let ports = given.port_list.unwrap_or_default();
            let target = |port: &i64| {
                let port = checks::number(&name, *port, 1, 65_535)?;
                let port = u16::try_from(port).unwrap_or(0);
                Ok(Target { port, weight: 0 })
            };
            let balancer = Balancer::Forward {
                balancer: given.load_balancer_id,
                listener: given.listener_id,
                location: given.location_id.filter(|id| !id.is_empty()),
                region: None,
                targets: ports.iter().map(target).collect::<Result<_, Fault>>()?,
            };
            if !is_bound(&balancer) {
                check_ids(&place, &balancer)?;
            }
            list.push(balancer);
        }
        Ok(list)
    }
}

/// Checks and converts the ids of classic balancers. Naming one twice is naming it.
pub(crate) fn classic(ids: Vec<String>) -> Result<Vec<Balancer>, Fault> {
    checks::count(
        "InvalidParameterValue.LimitExceeded",
        "LoadBalancerIds",
        &ids,
        20,
    )?;
    let mut list: Vec<Balancer> = Vec::with_capacity(ids.len());
    for id in ids {
        checks::text_id(
            "InvalidParameterValue.ClassicLb",
            "LoadBalancerIds",
            &id,
            "lb-",
        )?;
        let balancer = Balancer::Classic { balancer: id };
        if !list.contains(&balancer) {
            list.push(balancer);
        }
    }
    Ok(list)
}
