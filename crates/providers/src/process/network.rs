//! Connections and traffic of a machine. Without a network namespace of its own it shares the host's interfaces with
//! everybody, and nobody can tell its traffic; its connections are those whose sockets its processes hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

/// Open files of one machine that are looked at.
const FILES: usize = 65_536;
/// Bytes of a table of connections that are read.
const TABLE_BYTES: u64 = 64 << 20;
/// State of an established connection in the tables.
const ESTABLISHED: &str = "01";

/// A network namespace, by the number of its file.
pub(super) type Namespace = u64;

/// Bytes that came in and went out, all interfaces but the loop-back one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
}

/// Established connections of the namespaces that were looked at, by the numbers of their sockets.
#[derive(Default)]
pub(super) struct Connections {
    by_namespace: BTreeMap<Namespace, Result<BTreeSet<u64>, String>>,
}

/// The namespace of a process; `None` when the process is gone.
pub(super) fn namespace(pid: i32) -> Result<Option<Namespace>, String> {
    let there = fs::read_link(format!("/proc/{pid}/ns/net"));
    let Some(name) = present(there)? else {
        return Ok(None);
    };
    let number = name.to_string_lossy();
    let number = number
        .strip_prefix("net:[")
        .and_then(|text| text.strip_suffix(']'));
    let number = number.and_then(|text| text.parse().ok());
    number
        .map(Some)
        .ok_or_else(|| format!("`{}` is no network namespace", name.display()))
}

/// What was read, or `None` when the process is gone.
fn present<T>(read: std::io::Result<T>) -> Result<Option<T>, String> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if error.kind() == std::io::ErrorKind::NotFound
                || error.raw_os_error() == Some(nix::errno::Errno::ESRCH as i32) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.to_string()),
    }
}

impl Connections {
    /// Established connections of these processes, each with its namespace.
    pub(super) fn held(&mut self, processes: &[(i32, Namespace)]) -> Result<usize, String> {
        let mut held: BTreeMap<Namespace, BTreeSet<u64>> = BTreeMap::new();
        let mut files = 0;
        for (pid, namespace) in processes {
            let Some(entries) = present(fs::read_dir(format!("/proc/{pid}/fd")))? else {
                continue;
            };
            for entry in entries {
                let Some(entry) = present(entry)? else {
                    continue;
                };
                files += 1;
                if files > FILES {
                    return Err(format!("it has more than {FILES} open files"));
                }
                let socket = present(fs::read_link(entry.path()))?;
                let socket = socket.as_deref().and_then(socket_number);
                held.entry(*namespace).or_default().extend(socket);
            }
        }
        let mut count = 0;
        for (namespace, sockets) in held {
            let witness = processes.iter().find(|(_, of)| *of == namespace);
            let witness = witness.map_or(0, |(pid, _)| *pid);
            let table = self.by_namespace.entry(namespace);
            match table.or_insert_with(|| established(witness)) {
                Ok(table) => count += table.intersection(&sockets).count(),
                Err(error) => return Err(error.clone()),
            }
        }
        Ok(count)
    }
}

fn socket_number(target: &Path) -> Option<u64> {
    let text = target.to_str()?;
    text.strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// The established connections in the namespace of a process.
fn established(pid: i32) -> Result<BTreeSet<u64>, String> {
    let mut all = BTreeSet::new();
    for table in ["tcp", "tcp6"] {
        let path = format!("/proc/{pid}/net/{table}");
        // A host without IPv6 has no second table.
        if let Some(text) = present(bounded(&path))? {
            all.extend(text.lines().skip(1).filter_map(established_socket));
        }
    }
    Ok(all)
}

fn bounded(path: &str) -> std::io::Result<String> {
    let mut text = String::new();
    let file = fs::File::open(path)?;
    let read = file.take(TABLE_BYTES).read_to_string(&mut text)?;
    match read as u64 == TABLE_BYTES {
        true => Err(std::io::Error::other("too many connections to count")),
        false => Ok(text),
    }
}

/// `sl local remote st queues tr retrnsmt uid timeout inode ...`
fn established_socket(line: &str) -> Option<u64> {
    let mut fields = line.split_ascii_whitespace().skip(3);
    if fields.next()? != ESTABLISHED {
        return None;
    }
    fields.nth(5)?.parse().ok()
}

/// What went through the interfaces of the namespace of a process; `None` when the process is gone.
pub(super) fn traffic(pid: i32) -> Result<Option<Traffic>, String> {
    let text = present(bounded(&format!("/proc/{pid}/net/dev")))?;
    Ok(text.map(|text| sum(&text)))
}

/// `name: bytes packets errs drop fifo frame compressed multicast bytes ...`
fn sum(text: &str) -> Traffic {
    let mut sum = Traffic::default();
    for line in text.lines() {
        let Some((name, numbers)) = line.split_once(':') else {
            continue;
        };
        if name.trim() == "lo" {
            continue;
        }
        let mut numbers = numbers.split_ascii_whitespace();
        let mut next = |skip| numbers.nth(skip).and_then(|text| text.parse::<u64>().ok());
        if let (Some(bytes_in), Some(bytes_out)) = (next(0), next(7)) {
            sum.bytes_in = sum.bytes_in.saturating_add(bytes_in);
            sum.bytes_out = sum.bytes_out.saturating_add(bytes_out);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read() {
        let line = "   0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000 \
                    65534        0 4711 1 0000000000000000 20 4 30 10 -1";
        assert_eq!(established_socket(line), Some(4711));
        assert_eq!(established_socket(&line.replacen(" 01 ", " 0A ", 1)), None);
        assert_eq!(established_socket("sl"), None);
        let dev = "Inter-|   Receive |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n\
                   lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n  eth0: 100 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0\n\
                   eth1:7 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n";
        let wanted = Traffic {
            bytes_in: 107,
            bytes_out: 51,
        };
        assert_eq!(sum(dev), wanted);
    }

    #[test]
    fn own_connections_are_counted() {
        let own = i32::try_from(std::process::id()).unwrap();
        let here = namespace(own).unwrap().unwrap();
        let count = || Connections::default().held(&[(own, here)]).unwrap();
        let before = count();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        assert_eq!(count(), before + 2, "both ends are here");
        drop((near, far));
        assert_eq!(count(), before);
        assert_eq!(namespace(i32::MAX), Ok(None));
        assert!(traffic(own).unwrap().is_some());
    }
}
