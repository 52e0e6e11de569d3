//! A view being changed: tracks what was written, so that a change holds just that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_model::{
    Activity, ActivityId, Call, CallKind, CallPhase, Change, Delta, Event, Group, GroupView, Ids,
    Instance, InstanceId, Part, PartId, Parts, Time, TriggerKind,
};

use crate::Settings;
use crate::lifecycle::{self, Next, Role};
use crate::reason::{self, Clamp, Code, Reason, Record, Told, Victim};

/// Bytes that an activity keeps of why it began.
const WHY_BYTES: usize = 600;

/// A view being changed.
pub(crate) struct Draft<'a> {
    view: GroupView,
    group_written: bool,
    group_deleted: bool,
    instances_written: BTreeSet<InstanceId>,
    gone: BTreeSet<InstanceId>,
    /// In the order in which they were first touched: of two that start at once, the later is the newer.
    activities_written: Vec<ActivityId>,
    /// `None`: it is gone.
    parts_written: BTreeMap<PartId, Option<Part>>,
    events: Vec<Event>,
    record: Record,
    /// The topic that the command names is one that the account made.
    pub(crate) own_topic: bool,
    pub(crate) now: Time,
    pub(crate) ids: &'a mut Ids,
    pub(crate) settings: &'a Settings,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        view: &GroupView,
        now: Time,
        ids: &'a mut Ids,
        settings: &'a Settings,
    ) -> Draft<'a> {
        Draft {
            view: view.clone(),
            group_written: false,
            group_deleted: false,
            instances_written: BTreeSet::new(),
            gone: BTreeSet::new(),
            activities_written: Vec::new(),
            parts_written: BTreeMap::new(),
            events: Vec::new(),
            record: Record::new(now),
            own_topic: false,
            now,
            ids,
            settings,
        }
    }

    pub(crate) fn view(&self) -> &GroupView {
        &self.view
    }

    pub(crate) fn group(&self) -> &Group {
        &self.view.group
    }

    /// Why the group cannot do its work, if so.
    pub(crate) fn abnormal(&self) -> Option<muster_model::Abnormal> {
        crate::abnormal(&self.settings.catalogue, self.group())
    }

    pub(crate) fn group_mut(&mut self) -> &mut Group {
        self.group_written = true;
        Arc::make_mut(&mut self.view.group)
    }

    pub(crate) fn delete_group(&mut self) {
        self.group_deleted = true;
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.group_deleted
    }

    pub(crate) fn set_config(&mut self, config: Option<Arc<muster_model::LaunchConfiguration>>) {
        self.view.config = config;
    }

    /// A member, or a machine of the warm pool.
    pub(crate) fn instance(&self, id: InstanceId) -> Option<&Arc<Instance>> {
        self.view.row(id)
    }

    /// The members.
    pub(crate) fn instances(&self) -> impl Iterator<Item = &Arc<Instance>> {
        self.view.instances.values()
    }

    pub(crate) fn instance_mut(&mut self, id: InstanceId) -> Option<&mut Instance> {
        let members = self.view.instances.get_mut(&id);
        let row = members.or_else(|| self.view.pool.get_mut(&id))?;
        self.instances_written.insert(id);
        Some(Arc::make_mut(row))
    }

    pub(crate) fn add_instance(&mut self, instance: Instance) {
        self.instances_written.insert(instance.id);
        self.view.put_row(Arc::new(instance));
    }

    /// A machine of the warm pool becomes a member.
    pub(crate) fn join(&mut self, id: InstanceId) {
        let now = self.now;
        if let Some(mut row) = self.view.pool.remove(&id) {
            let instance = Arc::make_mut(&mut row);
            instance.pooled = false;
            instance.created_at = now;
            self.instances_written.insert(id);
            self.view.put_row(row);
        }
    }

    pub(crate) fn activity(&self, id: ActivityId) -> Option<&Arc<Activity>> {
        self.view.activities.get(&id)
    }

    fn activity_written(&mut self, id: ActivityId) {
        if !self.activities_written.contains(&id) {
            self.activities_written.push(id);
        }
    }

    pub(crate) fn activities(&self) -> impl Iterator<Item = &Arc<Activity>> {
        self.view.activities.values()
    }

    pub(crate) fn activity_mut(&mut self, id: ActivityId) -> Option<&mut Activity> {
        if self.view.activities.contains_key(&id) {
            self.activity_written(id);
        }
        self.view.activities.get_mut(&id).map(Arc::make_mut)
    }

    pub(crate) fn add_activity(&mut self, activity: Activity) {
        self.activity_written(activity.id);
        self.view.activities.insert(activity.id, Arc::new(activity));
    }

    /// Its hooks, policies, schedules and the like.
    pub(crate) fn parts(&self) -> &Parts {
        &self.view.parts
    }

    pub(crate) fn put_part(&mut self, part: Part) {
        self.view.parts.put(part.clone());
        self.parts_written.insert(part.id(), Some(part));
    }

    pub(crate) fn drop_part(&mut self, id: PartId) {
        self.view.parts.remove(id);
        self.parts_written.insert(id, None);
    }

    /// A message for the outside, committed with what it tells of.
    pub(crate) fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Says why.
    pub(crate) fn because(&mut self, code: Code, text: impl Into<String>) {
        self.record.push(Reason {
            code,
            text: text.into(),
            clamps: Vec::new(),
        });
    }

    /// Says why not.
    pub(crate) fn held(&mut self, clamp: impl Into<Option<Clamp>>, text: impl Into<String>) {
        self.record.push(Reason {
            code: Code::Held,
            text: text.into(),
            clamps: clamp.into().into_iter().collect(),
        });
    }

    /// Says what a policy saw and concluded.
    pub(crate) fn evaluated(&mut self, told: Told, text: String) {
        self.record.inputs.extend(told.inputs);
        self.record.push(Reason {
            code: Code::PolicyEvaluated,
            text,
            clamps: told.clamps,
        });
    }

    /// Notes who was chosen to leave.
    pub(crate) fn chose(&mut self, victims: Vec<Victim>) {
        self.record.chose(victims);
    }

    /// How many members have this role.
    pub(crate) fn count(&self, role: Role) -> u32 {
        let count = self
            .instances()
            .filter(|instance| lifecycle::role(instance.state) == role)
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// How many more machines may be asked for as members: the maximum (and the declared surge) less every member there is,
    /// and less what is left of a warm pool that holds more than it is to (promise P1).
    pub(crate) fn room(&self) -> u32 {
        self.member_room().min(self.machine_room())
    }

    /// How many more members there may be.
    pub(crate) fn member_room(&self) -> u32 {
        let most = self.view.most_members();
        u32::try_from(most.saturating_sub(self.view.instances.len())).unwrap_or(u32::MAX)
    }

    /// How many more machines there may be, whatever for.
    pub(crate) fn machine_room(&self) -> u32 {
        let most = self.view.most_machines();
        u32::try_from(most.saturating_sub(self.view.machines())).unwrap_or(u32::MAX)
    }

    /// Lets an event happen to an instance. An event that cannot happen changes nothing and is a defect of the caller.
    pub(crate) fn happen(&mut self, id: InstanceId, event: lifecycle::Event) {
        let Some(state) = self.instance(id).map(|instance| instance.state) else {
            return;
        };
        match lifecycle::next(state, event) {
            Ok(Next::Is(to)) => {
                if let Some(instance) = self.instance_mut(id) {
                    instance.state = to;
                }
            }
            Ok(Next::Gone) => {
                self.view.remove_row(id);
                self.instances_written.remove(&id);
                self.gone.insert(id);
                let now = self.now;
                self.group_mut().departed_at = Some(now);
            }
            Err(illegal) => {
                debug_assert!(false, "{illegal:?} for {id}");
                self.because(
                    Code::Impossible,
                    format!(
                        "{:?} cannot happen to {id} in {:?}",
                        illegal.event, illegal.state
                    ),
                );
            }
        }
    }

    /// Writes down a call to make at `at`, as the first of its kind.
    pub(crate) fn call(&mut self, id: InstanceId, kind: CallKind, at: Time) {
        let since = self.now;
        if let Some(instance) = self.instance_mut(id) {
            instance.call = Some(Call {
                kind,
                attempt: 1,
                unanswered: 0,
                phase: CallPhase::Due { at },
                since,
            });
        }
    }

    /// The change from the view that the draft was made of.
    pub(crate) fn finish(mut self, before: &GroupView) -> (Change, Record) {
        let mut record = std::mem::replace(&mut self.record, Record::new(self.now));
        let brake = self.group().retry.brake.clone();
        if let Some(brake) = brake.filter(|_| before.group.retry.brake.is_none()) {
            self.notify_braked(&brake);
        }
        for id in self.activities_written.clone() {
            let started = !before.activities.contains_key(&id);
            if let Some(activity) = self.activity_mut(id).filter(|_| started) {
                activity.why = record.text(WHY_BYTES);
                // The words for those two are the API's own, to the letter (L4394).
                let is_told = matches!(
                    activity.trigger.kind,
                    TriggerKind::Manual | TriggerKind::Match
                );
                if !is_told && !activity.why.is_empty() {
                    let why = &activity.why;
                    activity.description.push_str(&format!(" Why: {why}."));
                }
            }
        }
        let change = self.change(before);
        record.decision = reason::decision(before, &change);
        (change, record)
    }

    fn change(mut self, before: &GroupView) -> Change {
        let touched = self.group_written
            || self.group_deleted
            || !self.instances_written.is_empty()
            || !self.gone.is_empty()
            || !self.activities_written.is_empty()
            || !self.parts_written.is_empty()
            || !self.events.is_empty();
        if !touched {
            return Change::default();
        }
        let pick = |id: &InstanceId| {
            let instance = self.view.row(*id)?;
            (before.row(*id) != Some(instance)).then(|| Arc::clone(instance))
        };
        let instances: Vec<_> = self.instances_written.iter().filter_map(pick).collect();
        let activities: Vec<_> = self
            .activities_written
            .iter()
            .filter_map(|id| {
                let activity = self.view.activities.get(id)?;
                (before.activities.get(id) != Some(activity)).then(|| Arc::clone(activity))
            })
            .collect();
        let gone: Vec<_> = self
            .gone
            .iter()
            .copied()
            .filter(|id| before.row(*id).is_some())
            .collect();
        let same = instances.is_empty()
            && activities.is_empty()
            && gone.is_empty()
            && self.events.is_empty()
            && self.view.parts == before.parts
            && self.view.group == before.group;
        if same && !self.group_deleted {
            return Change::default();
        }
        let (mut parts, mut parts_gone) = (Vec::new(), Vec::new());
        for (id, part) in self.parts_written {
            match part {
                Some(part) => parts.push(part),
                None if before.parts.contains(id) => parts_gone.push(id),
                None => {}
            }
        }
        let group = if self.group_deleted {
            Delta::Delete
        } else {
            Arc::make_mut(&mut self.view.group).version = before.group.version + 1;
            Delta::Put(self.view.group)
        };
        Change {
            group,
            instances,
            gone,
            activities,
            parts,
            parts_gone,
            events: self.events,
        }
    }
}
