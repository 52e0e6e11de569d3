//! The store of the simulated world: commits, with what goes wrong at them, and crashes.

use muster_engine::check;
use muster_model::{Change, GroupCommand, GroupId, GroupView};
use muster_ports::{Commit, Guard, rows_of};

use crate::driver::{Crash, Fate, Happening, Point, World, WorldError};
use crate::world_calls::ends_with_caller;

impl World {
    /// Commits a change that was computed from a view.
    pub(crate) fn commit_change(
        &mut self,
        view: &GroupView,
        change: &Change,
    ) -> Result<(), WorldError> {
        if change.is_empty() {
            return Ok(());
        }
        let id = view.group.id;
        let rows = rows_of(id, change);
        let next = view.after(change);
        if let Some(next) = &next {
            let (before, after, max) = (view.machines(), next.machines(), next.most_machines());
            if after > before && after > max {
                self.broken.push(format!(
                    "P1: {id} grew to {after} machines at a maximum of {max}"
                ));
            }
        }
        if let Some(next) = &next {
            self.check_replacement(view, next);
        }
        let guards = vec![Guard::Group(id, view.group.version)];
        self.write(Commit { guards, rows }, |world| world.accept(id, next))
    }

    /// Takes over what was committed.
    pub(crate) fn accept(&mut self, id: GroupId, view: Option<GroupView>) {
        match view {
            Some(view) => {
                for problem in check::problems(&view) {
                    self.broken.push(format!("{id}: {problem}"));
                }
                if let Some(at) = view.group.wake_at {
                    self.schedule(at, Happening::Turn(id));
                }
                self.groups.insert(id, view);
            }
            None => {
                self.groups.remove(&id);
            }
        }
    }

    /// Writes a commit, with what goes wrong at commits.
    pub(crate) fn write(
        &mut self,
        commit: Commit,
        accept: impl FnOnce(&mut World),
    ) -> Result<(), WorldError> {
        let number = self.commits;
        self.commits += 1;
        let odds = self.dice.odds;
        let crash_before =
            self.crash_at == Some(Point::BeforeCommit(number)) || self.dice.strikes(odds.crash / 2);
        if crash_before {
            return Err(WorldError::Crashed(self.crash(false)));
        }
        if self.dice.strikes(odds.commit_lost) {
            self.reload();
            return Err(WorldError::Store);
        }
        let lost = self.dice.strikes(odds.commit_unknown);
        match pollster::block_on(self.store.commit(commit)) {
            Ok(()) => {}
            Err(error) => {
                self.broken
                    .push(format!("the store refused a commit: {error}"));
                self.reload();
                return Err(WorldError::Store);
            }
        }
        if self.crash_at == Some(Point::AfterCommit(number)) || self.dice.strikes(odds.crash / 2) {
            return Err(WorldError::Crashed(self.crash(true)));
        }
        if lost {
            self.reload();
            return Err(WorldError::Store);
        }
        accept(self);
        Ok(())
    }

    /// Forgets what the service knew, and reads it from the store.
    pub(crate) fn reload(&mut self) {
        match pollster::block_on(self.store.groups()) {
            Ok(all) => {
                self.groups.clear();
                for rows in all {
                    let id = rows.group.id;
                    let config = rows.group.spec.config;
                    let config = config.and_then(|id| self.configs.get(&id).cloned());
                    let parts = rows.parts.into_iter().collect();
                    let (group, instances) = (rows.group, rows.instances);
                    let view = GroupView::of_rows(group, config, instances, rows.activities, parts);
                    self.groups.insert(id, view);
                    self.schedule(self.now, Happening::Turn(id));
                }
            }
            Err(error) => self
                .broken
                .push(format!("the store cannot be read: {error}")),
        }
    }

    /// The service crashes and starts again at once. Calls on their way reach the back end all the same, or not.
    pub fn crash(&mut self, committed: bool) -> Crash {
        self.note(|| format!("crash, committed: {committed}"));
        let odds = std::mem::take(&mut self.dice.odds);
        let crash_at = self.crash_at.take();
        let (now, all) = (self.now, std::mem::take(&mut self.happenings));
        for ((at, _), happening) in all {
            match happening {
                Happening::Reach { call, carried, .. } => {
                    if crash_at.is_none() && self.dice.strikes(500) {
                        // What is done on this host is over with the service; the rest may still arrive, late.
                        let at = if ends_with_caller(call.kind) { now } else { at };
                        let fate = Fate::DoneSilently;
                        self.schedule(
                            at,
                            Happening::Reach {
                                call,
                                carried,
                                fate,
                            },
                        );
                    }
                }
                Happening::Observe => self.schedule(at, Happening::Observe),
                Happening::Turn(_) | Happening::Reply { .. } | Happening::Listed { .. } => {}
            }
        }
        self.reload();
        let ids: Vec<GroupId> = self.groups.keys().copied().collect();
        for id in ids {
            // Nothing goes wrong while the service starts: it would only start once more.
            if let Err(error) = self.command(id, &GroupCommand::Recover) {
                self.broken
                    .push(format!("recovery of {id} failed: {error:?}"));
            }
        }
        self.dice.odds = odds;
        Crash { committed }
    }
}
