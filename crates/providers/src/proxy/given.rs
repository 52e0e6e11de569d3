//! The addresses that were given out, written down.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::places::Key;

/// Where they are.
const FILE: &str = "proxy.json";

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Given {
    balancer: String,
    listener: String,
    address: SocketAddr,
}

pub(super) fn read(dir: &Path) -> Result<BTreeMap<Key, SocketAddr>, String> {
    let path = dir.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let given: Vec<Given> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let keyed = given
        .into_iter()
        .map(|line| ((line.balancer, line.listener), line.address));
    Ok(keyed.collect())
}

/// Writes the file anew: the old one stands until the new one does.
pub(super) fn write(dir: &Path, given: &BTreeMap<Key, SocketAddr>) -> Result<(), String> {
    let lines: Vec<Given> = given
        .iter()
        .map(|((balancer, listener), address)| Given {
            balancer: balancer.clone(),
            listener: listener.clone(),
            address: *address,
        })
        .collect();
    let (path, fresh) = (dir.join(FILE), dir.join(format!("{FILE}.new")));
    let at = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = serde_json::to_vec_pretty(&lines).map_err(|error| error.to_string())?;
    std::fs::write(&fresh, text).map_err(at)?;
    let file = std::fs::File::open(&fresh).map_err(at)?;
    file.sync_all().map_err(at)?;
    std::fs::rename(&fresh, &path).map_err(at)
}
