//! Every error of the model at every action: the code it becomes, and whether the API documents it there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use muster_ports::contract::errors::every;

use super::facts::facts;
use crate::actions::ACTIONS;
use crate::codes::fault;

#[test]
fn every_error_has_a_code_of_the_api_at_every_action() {
    let facts = facts();
    let common: BTreeSet<&str> = facts.common_errors.iter().map(String::as_str).collect();
    let service: BTreeSet<&str> = facts.service_errors.iter().map(String::as_str).collect();
    let mut golden = String::new();
    for error in every() {
        // Which actions answer which code, and whether they document it.
        let mut by_code: BTreeMap<(String, &str), Vec<&str>> = BTreeMap::new();
        for entry in ACTIONS {
            let fault = fault(&error, entry.name);
            let code = fault.code.into_owned();
            assert!(
                common.contains(code.as_str()) || service.contains(code.as_str()),
                "{}: {error:?} becomes {code}, which the API does not have",
                entry.name
            );
            let documented = facts.actions[entry.name].errors.contains(&code);
            let place = match (documented, common.contains(code.as_str())) {
                (true, _) => "documented",
                (false, true) => "common",
                (false, false) => "elsewhere",
            };
            by_code.entry((code, place)).or_default().push(entry.name);
        }
        writeln!(golden, "{error:?}").unwrap();
        for ((code, place), actions) in by_code {
            match place {
                "documented" => {
                    writeln!(golden, "  {code}  documented: {}", actions.join(", ")).unwrap()
                }
                _ => writeln!(golden, "  {code}  {place} ({})", actions.len()).unwrap(),
            }
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("codes", golden);
    });
}
