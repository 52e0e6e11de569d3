//! Projects: an account in a region, under an id that is computed from both, and the regions that are known.
//!
//! A project id cannot be turned back into what it was made of, so the regions are remembered: those that are configured,
//! those that were used (in the store), and two to begin with.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use muster_model::{AccountId, Site};
use muster_ports::{Commit, Credential, Identity, Keys, LoggedIn, Row, Store};
use sha2::{Digest, Sha256};

use crate::accounts::Keyring;
use crate::config::SiteConfig;

/// Name of the stored list of regions that were used.
const REGIONS_SETTING: &str = "regions.used";
/// Regions that are remembered at the most.
const MOST_REGIONS: usize = 256;
/// Regions to begin with: clients expect to choose.
const FIRST_REGIONS: [&str; 2] = ["cn-north-1", "cn-north-4"];

/// What is known of projects.
#[derive(Default)]
struct Known {
    regions: BTreeSet<String>,
    used: BTreeSet<String>,
    /// Project ids of the first so many accounts in all regions.
    ids: HashMap<String, (AccountId, String)>,
    accounts: usize,
}

/// Names of accounts and projects.
pub(crate) struct Projects {
    keyring: Arc<Keyring>,
    store: Arc<dyn Store>,
    has_sites: bool,
    known: RwLock<Known>,
}

fn project_id(account: AccountId, region: &str) -> String {
    let hash = Sha256::digest(format!("project of {account} in {region}"));
    hex::encode(&hash[..16])
}

impl Projects {
    /// Reads which regions were used.
    pub(crate) async fn load(
        keyring: Arc<Keyring>,
        store: Arc<dyn Store>,
        sites: &[SiteConfig],
    ) -> Result<Projects, String> {
        let kept = store.setting(REGIONS_SETTING).await;
        let kept = kept.map_err(|error| error.to_string())?;
        let used: BTreeSet<String> = match kept {
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| format!("{REGIONS_SETTING} cannot be read: {error}"))?,
            None => BTreeSet::new(),
        };
        let configured = sites.iter().flat_map(|site| site.regions.iter().cloned());
        let first = match sites.is_empty() {
            true => &FIRST_REGIONS[..],
            false => &[],
        };
        let first = first.iter().map(|name| (*name).to_owned());
        let known = Known {
            regions: configured
                .chain(first)
                .chain(used.iter().cloned())
                .collect(),
            used,
            ..Known::default()
        };
        Ok(Projects {
            keyring,
            store,
            has_sites: !sites.is_empty(),
            known: RwLock::new(known),
        })
    }

    fn read<T>(&self, with: impl FnOnce(&Known) -> T) -> T {
        with(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut self.known.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Brings the table of ids up to date with the accounts that there are.
    fn follow_accounts(&self) {
        let accounts = self.keyring.accounts();
        self.write(|known| {
            let (ids, regions) = (&mut known.ids, &known.regions);
            for account in accounts.iter().skip(known.accounts) {
                for region in regions {
                    ids.insert(project_id(account.id, region), (account.id, region.clone()));
                }
            }
            known.accounts = accounts.len();
        });
    }
}

impl Keys for Projects {
    fn find(&self, access_key_id: &str) -> Option<Credential> {
        self.keyring.find(access_key_id)
    }

    fn site(&self, region: &str) -> Option<Site> {
        self.keyring.site(region)
    }
}

#[async_trait]
impl Identity for Projects {
    fn log_in(&self, account: &str, user: &str, password: &str) -> Option<LoggedIn> {
        let account = self.keyring.account(account)?;
        let (access_key_id, credential) = self.keyring.by_user(account.id, user, password)?;
        Some(LoggedIn {
            access_key_id,
            credential,
        })
    }

    fn account_name(&self, account: AccountId) -> Option<String> {
        let accounts = self.keyring.accounts();
        let found = accounts.iter().find(|known| known.id == account);
        found.map(|account| account.name.clone())
    }

    fn project(&self, account: AccountId, region: &str) -> String {
        project_id(account, region)
    }

    fn project_of(&self, id: &str) -> Option<(AccountId, String)> {
        if self.read(|known| known.accounts) != self.keyring.count() {
            self.follow_accounts();
        }
        self.read(|known| known.ids.get(id).cloned())
    }

    fn regions(&self) -> Vec<String> {
        self.read(|known| known.regions.iter().cloned().collect())
    }

    fn has_sites(&self) -> bool {
        self.has_sites
    }

    async fn use_region(&self, region: &str) -> Result<(), String> {
        let settled = |known: &Known| {
            known.used.contains(region) || known.used.len() >= MOST_REGIONS || self.has_sites
        };
        if self.read(settled) {
            return Ok(());
        }
        let text = self.write(|known| {
            known.used.insert(region.to_owned());
            known.regions.insert(region.to_owned());
            // All ids are computed afresh when next one is looked up.
            known.accounts = 0;
            serde_json::to_string(&known.used)
        });
        let rows = vec![Row::Setting {
            name: REGIONS_SETTING.to_owned(),
            value: Some(text.map_err(|error| error.to_string())?),
        }];
        let guards = Vec::new();
        let written = self.store.commit(Commit { guards, rows }).await;
        written.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use muster_model::{Access, Time};
    use muster_store::SqliteStore;

    use super::*;
    use crate::seal::Sealer;

    #[tokio::test]
    async fn regions_and_their_projects_are_known_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().unwrap());
        let sealer = Arc::new(Sealer::open(dir.path()).unwrap());
        let open = || async {
            let keyring = Keyring::load(Arc::clone(&store), Arc::clone(&sealer), Vec::new())
                .await
                .unwrap();
            let keyring = Arc::new(keyring);
            let projects = Projects::load(Arc::clone(&keyring), Arc::clone(&store), &[]).await;
            (keyring, projects.unwrap())
        };
        let (keyring, projects) = open().await;
        let account = keyring.add_account("muster", Time(0)).await.unwrap();
        let given = Some(("AK".to_owned(), "SK".to_owned()));
        keyring
            .add_key(&account, Access::Full, given, Time(0))
            .await
            .unwrap();

        assert_eq!(projects.regions(), FIRST_REGIONS);
        let id = projects.project(account.id, "eu-west-9");
        assert_eq!((id.len(), projects.project_of(&id)), (32, None));
        projects.use_region("eu-west-9").await.unwrap();
        let found = Some((account.id, "eu-west-9".to_owned()));
        assert_eq!(projects.project_of(&id), found);

        let other = keyring.add_account("other", Time(0)).await.unwrap();
        let others = projects.project(other.id, "eu-west-9");
        assert_ne!(id, others);
        assert_eq!(projects.project_of(&others).unwrap().0, other.id);

        assert!(projects.log_in("muster", "admin", "SK").is_some());
        for (domain, user, password) in [
            ("muster", "admin", "SL"),
            ("muster", "root", "SK"),
            ("other", "admin", "SK"),
            ("nobody", "admin", "SK"),
        ] {
            assert!(
                projects.log_in(domain, user, password).is_none(),
                "{domain} {user}"
            );
        }
        let (_, again) = open().await;
        assert_eq!(again.project_of(&id), found);
        assert_eq!(again.account_name(account.id).as_deref(), Some("muster"));
    }
}
