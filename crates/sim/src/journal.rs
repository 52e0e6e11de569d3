//! A file of lines that only grows, until it is written anew: what the simulated machines and balancers are kept in.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use muster_model::{BalancerTarget, InstanceId, Machine, Member, OwnerKey};
use muster_ports::MemberTable;
use serde::{Deserialize, Serialize};

use crate::machines::Machines;

/// Lines beyond twice the machines that make it worth writing the file anew.
const SLACK: usize = 10_000;

/// What a line says.
#[derive(Serialize, Deserialize)]
enum Line {
    /// A machine is as told.
    Is(Arc<Machine>),
    /// A machine is gone; `spent`: its key makes no machine any more.
    Gone { id: InstanceId, spent: bool },
    /// A member of a balancer is as told.
    Member(Arc<Member>),
    /// A machine is no member there any more.
    NoMember {
        target: BalancerTarget,
        owner: OwnerKey,
    },
}

/// The journal.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    lines: usize,
}

impl Journal {
    /// Opens (or makes) the journal and reads what it says. A last line that was cut off is dropped.
    pub(crate) fn open(path: &Path) -> std::io::Result<(Journal, Machines, MemberTable)> {
        let (mut machines, mut members) = (Machines::default(), MemberTable::default());
        let mut lines = 0;
        if let Ok(file) = File::open(path) {
            for line in BufReader::new(file).lines() {
                let Ok(line) = serde_json::from_str::<Line>(&line?) else {
                    break;
                };
                lines += 1;
                match line {
                    Line::Is(machine) => machines.restore(machine),
                    Line::Gone { id, spent } => machines.forget(id, spent),
                    Line::Member(member) => drop(members.put((*member).clone())),
                    Line::NoMember { target, owner } => drop(members.detach(&owner, &target)),
                }
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let mut journal = Journal {
            path: path.to_owned(),
            file,
            lines,
        };
        journal.rewrite(&machines, &members)?;
        Ok((journal, machines, members))
    }

    /// Writes down how a machine now is.
    pub(crate) fn note(
        &mut self,
        machines: &Machines,
        members: &MemberTable,
        id: InstanceId,
    ) -> std::io::Result<()> {
        let line = match machines.get(id) {
            Some(machine) => Line::Is(Arc::clone(machine)),
            None => Line::Gone {
                id,
                spent: machines.is_spent(id),
            },
        };
        self.write(&line, machines, members)
    }

    /// Writes down how a member now is.
    pub(crate) fn note_member(
        &mut self,
        machines: &Machines,
        members: &MemberTable,
        member: &Arc<Member>,
    ) -> std::io::Result<()> {
        self.write(&Line::Member(Arc::clone(member)), machines, members)
    }

    /// Writes down that a machine is no member any more.
    pub(crate) fn note_no_member(
        &mut self,
        machines: &Machines,
        members: &MemberTable,
        target: &BalancerTarget,
        owner: &OwnerKey,
    ) -> std::io::Result<()> {
        let line = Line::NoMember {
            target: target.clone(),
            owner: owner.clone(),
        };
        self.write(&line, machines, members)
    }

    fn write(
        &mut self,
        line: &Line,
        machines: &Machines,
        members: &MemberTable,
    ) -> std::io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())?;
        self.lines += 1;
        if self.lines > 2 * machines.len() + members.len() + SLACK {
            self.rewrite(machines, members)?;
        }
        Ok(())
    }

    fn rewrite(&mut self, machines: &Machines, members: &MemberTable) -> std::io::Result<()> {
        let fresh = self.path.with_extension("new");
        let mut file = std::io::BufWriter::new(File::create(&fresh)?);
        let mut lines = 0;
        // First what is spent: a machine that was released is still there.
        for id in machines.spent() {
            writeln!(
                file,
                "{}",
                serde_json::to_string(&Line::Gone { id, spent: true })?
            )?;
            lines += 1;
        }
        for machine in machines.all() {
            writeln!(file, "{}", serde_json::to_string(&Line::Is(machine))?)?;
            lines += 1;
        }
        for member in members.list(None) {
            writeln!(file, "{}", serde_json::to_string(&Line::Member(member))?)?;
            lines += 1;
        }
        file.into_inner()
            .map_err(std::io::IntoInnerError::into_error)?
            .sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        self.file = OpenOptions::new().append(true).open(&self.path)?;
        self.lines = lines;
        Ok(())
    }
}
