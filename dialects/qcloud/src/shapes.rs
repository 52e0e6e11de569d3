//! Balancers: classic ones by their ids, and application balancers as the command line gives them (difference U06).

use muster_kit::decode::Many;
use muster_model::{Balancer, Target};
use serde::{Deserialize, Serialize};

use crate::checks;
use crate::fault::Fault;

/// Code of a balancer that is not right.
const WRONG: &str = "InvalidParameter.LoadBalancerIdError";
/// Weight of a target when none is given.
const DEFAULT_WEIGHT: i64 = 10;
/// Classic balancers of a group, and application balancers.
const MOST_CLASSIC: usize = 20;
const MOST_FORWARD: usize = 100;

/// A port of the machines and its weight.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ForwardTarget {
    port: Option<i64>,
    weight: Option<i64>,
}

/// forwardLBInfos: a listener, or a rule of one, and the ports of the machines behind it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ForwardInfo {
    load_balancer_id: Option<String>,
    listener_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location_id: Option<String>,
    targets: Option<Vec<ForwardTarget>>,
    /// A single port may be given without a list.
    #[serde(skip_serializing)]
    port: Option<i64>,
    #[serde(skip_serializing)]
    weight: Option<i64>,
}

/// The ids of the classic balancers.
pub(crate) fn classic(balancers: &[Balancer]) -> impl Iterator<Item = String> {
    balancers.iter().filter_map(|balancer| match balancer {
        Balancer::Classic { balancer, .. } => Some(balancer.clone()),
        Balancer::Forward { .. } | Balancer::Listener { .. } | Balancer::Pool { .. } => None,
    })
}

/// The application balancers.
pub(crate) fn forward(balancers: &[Balancer]) -> Vec<ForwardInfo> {
    let shown = |balancer: &Balancer| match balancer {
        Balancer::Forward {
            balancer,
            listener,
            location,
            targets,
            ..
        } => Some(ForwardInfo {
            load_balancer_id: Some(balancer.clone()),
            listener_id: Some(listener.clone()),
            location_id: location.clone(),
            targets: Some(
                targets
                    .iter()
                    .map(|target| ForwardTarget {
                        port: Some(i64::from(target.port)),
                        weight: Some(i64::from(target.weight)),
                    })
                    .collect(),
            ),
            port: None,
            weight: None,
        }),
        Balancer::Classic { .. } | Balancer::Listener { .. } | Balancer::Pool { .. } => None,
    };
    balancers.iter().filter_map(shown).collect()
}

/// What a request says of balancers, of the kinds that this door has words for: of one that it does not name, those of
/// `old` stay.
pub(crate) fn balancers(
    ids: Option<&Many>,
    infos: Option<Vec<ForwardInfo>>,
    old: &[Balancer],
) -> Result<Vec<Balancer>, Fault> {
    let kept = |balancer: &&Balancer| match balancer {
        Balancer::Classic { .. } => ids.is_none(),
        Balancer::Forward { .. } => infos.is_none(),
        Balancer::Listener { .. } | Balancer::Pool { .. } => false,
    };
    let mut list: Vec<Balancer> = old.iter().filter(kept).cloned().collect();
    for id in ids.map_or(&[][..], |ids| &ids.0) {
        checks::passed_on("loadBalancerIds", id).map_err(|fault| fault.with(WRONG))?;
        let balancer = Balancer::Classic {
            balancer: id.clone(),
        };
        add(&mut list, "loadBalancerIds", balancer)?;
    }
    for (at, info) in infos.unwrap_or_default().into_iter().enumerate() {
        let name = format!("forwardLBInfos.{at}");
        let balancer = info.checked(&name, old)?;
        add(&mut list, &name, balancer)?;
    }
    let classic = classic(&list).count();
    for (count, most) in [
        (classic, MOST_CLASSIC),
        (list.len() - classic, MOST_FORWARD),
    ] {
        if count > most {
            let text = format!("{count} load balancers of one kind are more than {most}");
            return Err(Fault::refused("QuotaExceeded.LoadBalancerId", text));
        }
    }
    Ok(list)
}

fn add(list: &mut Vec<Balancer>, parameter: &str, balancer: Balancer) -> Result<(), Fault> {
    if list.iter().any(|other| other.is_same_place(&balancer)) {
        return Err(Fault::coded(
            WRONG,
            parameter,
            &balancer.name(),
            "each once",
        ));
    }
    list.push(balancer);
    Ok(())
}

impl ForwardInfo {
    fn checked(self, name: &str, old: &[Balancer]) -> Result<Balancer, Fault> {
        let id = |member: &str, given: Option<String>| {
            let parameter = format!("{name}.{member}");
            let id = checks::needed(&parameter, given).map_err(|fault| fault.with(WRONG))?;
            checks::passed_on(&parameter, &id).map_err(|fault| fault.with(WRONG))?;
            Ok(id)
        };
        let location = self.location_id.map(|given| id("locationId", Some(given)));
        let single = self.port.map(|port| ForwardTarget {
            port: Some(port),
            weight: self.weight,
        });
        let given = self.targets.unwrap_or_default().into_iter().chain(single);
        let mut targets: Vec<Target> = Vec::new();
        for target in given {
            let target = target.checked(name)?;
            if targets.iter().any(|other| other.port == target.port) {
                let port = target.port.to_string();
                return Err(Fault::coded(
                    WRONG,
                    &format!("{name}.targets"),
                    &port,
                    "each port once",
                ));
            }
            targets.push(target);
        }
        if targets.is_empty() {
            return Err(Fault::missing(&format!("{name}.targets")).with(WRONG));
        }
        let mut new = Balancer::Forward {
            balancer: id("loadBalancerId", self.load_balancer_id)?,
            listener: id("listenerId", self.listener_id)?,
            location: location.transpose()?,
            region: None,
            targets,
        };
        let there = old.iter().find(|balancer| balancer.is_same_place(&new));
        if let (Balancer::Forward { region, .. }, Some(Balancer::Forward { region: was, .. })) =
            (&mut new, there)
        {
            region.clone_from(was);
        }
        Ok(new)
    }
}

impl ForwardTarget {
    fn checked(&self, name: &str) -> Result<Target, Fault> {
        let parameter = format!("{name}.targets.port");
        let port = checks::needed(&parameter, self.port)?;
        let port = checks::number(&parameter, port, 1, 65_535)?;
        let weight = self.weight.unwrap_or(DEFAULT_WEIGHT);
        let weight = checks::number(&format!("{name}.targets.weight"), weight, 0, 100)?;
        let small = |number| u16::try_from(number).map_err(|_| Fault::internal());
        Ok(Target {
            port: small(port)?,
            weight: small(weight)?,
        })
    }
}
