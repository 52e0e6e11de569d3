//! Whose verdict on health counts. Two doors say it for the group as a whole, one for each of its balancers: the kind of the
//! group is the switch, [`GroupSpec::unheard`] are those that do not count while it is on. It is never on where a group has
//! balancers and hears none of them, so that what one door says of the group is what another shows of its balancers.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Balancer, BalancerPlace, GroupSpec, HealthKind};

impl GroupSpec {
    /// Where its balancers take machines in.
    #[must_use]
    pub fn places(&self) -> BTreeSet<BalancerPlace> {
        self.balancers.iter().map(Balancer::place).collect()
    }

    /// Whether the verdict of a balancer of the group counts.
    #[must_use]
    pub fn hears(&self, place: &BalancerPlace) -> bool {
        self.health.kind == HealthKind::Balancer && !self.unheard.contains(place)
    }

    /// Those of its balancers whose verdict counts.
    #[must_use]
    pub fn heard(&self) -> BTreeSet<BalancerPlace> {
        let mut places = self.places();
        places.retain(|place| self.hears(place));
        places
    }

    /// Whether there is nobody to hear although there are balancers.
    fn is_deaf(&self) -> bool {
        let all = |place: &Balancer| self.unheard.contains(&place.place());
        !self.balancers.is_empty() && self.balancers.iter().all(all)
    }

    /// How health is judged, said for the group as a whole. Off and on again, those count that did; where none would, all do.
    pub fn judge_by(&mut self, kind: HealthKind) {
        self.health.kind = kind;
        if kind == HealthKind::Balancer && self.is_deaf() {
            self.unheard.clear();
        }
    }

    /// How health is judged, said for single balancers: whether the verdict of each counts. `before`: the places that the group
    /// had. What is said as it is changes nothing; who is not named counts, or does not, as before.
    pub fn judge_each(
        &mut self,
        before: &BTreeSet<BalancerPlace>,
        said: &BTreeMap<BalancerPlace, bool>,
    ) {
        let is_news =
            |place: &BalancerPlace, counts| !before.contains(place) || self.hears(place) != counts;
        let mut news = said.clone();
        news.retain(|place, counts| is_news(place, *counts));
        if news.is_empty() {
            return;
        }
        let places = self.places();
        let counts = |place: &BalancerPlace| {
            let said = said.get(place).copied();
            said.unwrap_or_else(|| self.hears(place))
        };
        let (heard, unheard): (BTreeSet<_>, BTreeSet<_>) = places.into_iter().partition(counts);
        if heard.is_empty() {
            // The others are silent because the group is judged by its machines: they count as before when it is no more.
            self.unheard
                .extend(unheard.into_iter().filter(|place| news.contains_key(place)));
            self.health.kind = HealthKind::Machine;
        } else {
            self.unheard = unheard;
            self.health.kind = HealthKind::Balancer;
        }
    }

    /// The balancers have changed: those that are gone are forgotten, and where none of the others counts the group is judged
    /// by its machines.
    pub fn forget_unbound(&mut self) {
        let places = self.places();
        self.unheard.retain(|place| places.contains(place));
        if self.is_deaf() {
            self.health.kind = HealthKind::Machine;
        }
    }
}
