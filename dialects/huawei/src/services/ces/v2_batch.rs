//! Several alarm rules of the second generation at once: switched, deleted.

use muster_kit::action::Action;
use serde::{Deserialize, Serialize};

use super::super::{Beside, Wrong};
use super::{delete, rule, switch};

/// Rules that one call may switch, and delete.
const SWITCHED: usize = 100;
const DELETED: usize = 10;

/// The ids that something was done with.
#[derive(Serialize)]
pub(super) struct Done {
    alarm_ids: Vec<String>,
}

/// The ids of a call: some, and not too many.
fn ids(beside: &Beside, ids: Option<Vec<String>>, most: usize) -> Result<Vec<String>, Wrong> {
    let ids = ids.unwrap_or_default();
    if ids.is_empty() {
        return Err(beside.missing("alarm_ids"));
    }
    match ids.len() <= most {
        true => Ok(ids),
        false => {
            let wanted = format!("at most {most} are right");
            Err(beside.invalid("alarm_ids", ids.len(), &wanted))
        }
    }
}

/// BatchEnableAlarmRules.
#[derive(Deserialize)]
pub(super) struct BatchEnableAlarmRules {
    alarm_ids: Option<Vec<String>>,
    alarm_enabled: Option<bool>,
}

impl Action<Beside> for BatchEnableAlarmRules {
    const NAME: &'static str = "BatchEnableAlarmRules";
    type Response = Done;

    async fn run(self, beside: &Beside) -> Result<Done, Wrong> {
        let alarm_ids = ids(beside, self.alarm_ids, SWITCHED)?;
        let enabled = self.alarm_enabled.unwrap_or(true);
        // One that does not exist lets nothing be switched.
        for id in &alarm_ids {
            rule(beside, id).await?;
        }
        for id in &alarm_ids {
            switch(beside, id, enabled).await?;
        }
        Ok(Done { alarm_ids })
    }
}

/// BatchDeleteAlarmRules.
#[derive(Deserialize)]
pub(super) struct BatchDeleteAlarmRules {
    alarm_ids: Option<Vec<String>>,
}

impl Action<Beside> for BatchDeleteAlarmRules {
    const NAME: &'static str = "BatchDeleteAlarmRules";
    type Response = Done;

    async fn run(self, beside: &Beside) -> Result<Done, Wrong> {
        let alarm_ids = ids(beside, self.alarm_ids, DELETED)?;
        delete(beside, &alarm_ids).await?;
        Ok(Done { alarm_ids })
    }
}
