//! What there is for an account: what the operator says, and where that is strict, what the account made itself.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use muster_engine::Settings;
use muster_model::{AccountId, Records, Site};

use crate::runtime::Runtime;

/// Settings, and the records that they were made with.
type Made = (Arc<Records>, Arc<Settings>);

/// The settings of accounts.
#[derive(Default)]
pub(crate) struct Listed(Mutex<BTreeMap<(AccountId, Site), Made>>);

/// Settings: the operator's, or those with what the account made in their catalogue.
pub(crate) enum Known<'a> {
    Plain(&'a Settings),
    Own(Arc<Settings>),
}

impl Deref for Known<'_> {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        match self {
            Known::Plain(settings) => settings,
            Known::Own(settings) => settings,
        }
    }
}

impl Runtime {
    /// The settings that count for an account in a site. They are made anew only when its records have changed.
    pub(crate) fn settings_of(&self, account: AccountId, site: &Site) -> Known<'_> {
        let plain = &self.options.settings;
        if !plain.catalogue.strict {
            return Known::Plain(plain);
        }
        let records = self.records_of(account);
        let mut listed = self.listed.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account, site.clone());
        if let Some((known, settings)) = listed.get(&key)
            && Arc::ptr_eq(known, &records)
        {
            return Known::Own(Arc::clone(settings));
        }
        let here = records.in_site(site);
        let settings = Arc::new(Settings {
            catalogue: muster_engine::with_made(&plain.catalogue, account, &here),
            ..plain.clone()
        });
        listed.insert(key, (records, Arc::clone(&settings)));
        Known::Own(settings)
    }
}
