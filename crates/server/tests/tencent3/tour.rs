//! Scripts of requests, and their answers as golden text. Ids are written by the order in which they appeared.
//!
//! ```text
//! # a remark
//! Action {"Parameter": ...}    a signed call; the answer is printed, and its shape is held against the facts
//! settle | advance SECS        as the native endpoints do
//! foreign {"vpc": ...}         a machine that is nobody's
//! kill ID | unhealthy ID       something happens to a machine
//! verdict LB LISTENER ID unhealthy|healthy    what a balancer finds
//! machines                     what the back end holds, and whose it is
//! members                      what the balancers list
//! messages                     what has been told since the last time
//! faults [RULE, ...]           as the native endpoint does
//! sdk Action [OLD=NEW ...]     the call with the body that the Python SDK was recorded to send (see `wire.rs`), its ids
//!                              replaced as said; `asg-absent01` is `asg-1` and `ins-absent02` is `ins-2` otherwise
//! catalogue strict | loose     a restart with the catalogue that stands in catalogue.rs
//! catalogue without KIND ID    the same without one of it
//! repeat N Action {...}        the call N times, `{n}` in it counting from 1; how many were answered is printed
//! ```
//!
//! In a body, `<N bytes>` stands for so many bytes in base64, `<N of X>` for a list of so many texts `X`, and
//! `<N times X>` for one of so many values `X`.

use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_model::{InstanceId, Machine, MemberHealth};
use muster_ports::{Compute, LoadBalancer};
use muster_sim::{Action, Faults};
use muster_testing::Names;
use serde_json::Value;

use super::catalogue::catalogue;
use super::facts::Facts;
use super::service::{Service, WORDS};
use super::wire::recorded_body;

/// What signatures are made and checked at.
const CLOCK_SECS: i64 = 1_795_500_000;

struct Tour {
    service: Service,
    facts: Facts,
    names: Names,
    golden: String,
    wrong: Vec<String>,
    /// The last message that was looked at.
    told: u64,
}

impl Tour {
    async fn line(&mut self, line: &str) {
        writeln!(self.golden, "> {line}").unwrap();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "#" => {}
            "settle" => self.service.runtime.settle().await,
            "advance" => {
                self.service.runtime.advance(rest.parse().unwrap()).await;
            }
            "foreign" => {
                let machine = self
                    .service
                    .sim
                    .make_foreign(&serde_json::from_str(rest).unwrap())
                    .unwrap();
                let name = self.names.plain(&machine.id.to_string());
                writeln!(self.golden, "  {name}").unwrap();
            }
            "kill" | "unhealthy" => {
                let id = self.names.real_within(&format!("\"{rest}\""));
                let id = InstanceId::parse(id.trim_matches('"')).unwrap();
                let action = if word == "kill" {
                    Action::Kill
                } else {
                    Action::Unhealthy
                };
                self.service.sim.act(id, action).unwrap();
            }
            "verdict" => self.verdict(rest),
            "machines" => self.machines().await,
            "members" => self.members().await,
            "messages" => self.messages().await,
            "faults" => {
                let rules = serde_json::from_str(&self.names.real_within(rest)).unwrap();
                self.service.sim.set_faults(Faults { rules });
            }
            "catalogue" => self.service.restart_with(catalogue(rest)).await,
            "repeat" => self.repeat(rest).await,
            "sdk" => self.sdk(rest).await,
            action => self.call(action, rest).await,
        }
    }

    async fn sdk(&mut self, rest: &str) {
        let mut words = rest.split(' ');
        let action = words.next().unwrap();
        let mut body = recorded_body(action);
        for (old, new) in words.filter_map(|pair| pair.split_once('=')) {
            body = body.replace(old, new);
        }
        body = body.replace("-absent01\"", "-1\"");
        body = body.replace("\"ins-absent02\"", "\"ins-2\"");
        writeln!(self.golden, "> {action} {body}").unwrap();
        self.call(action, &body).await;
    }

    async fn repeat(&mut self, rest: &str) {
        let (count, rest) = rest.split_once(' ').unwrap();
        let (action, body) = rest.split_once(' ').unwrap();
        let count: u32 = count.parse().unwrap();
        for number in 1..=count {
            let body = body.replace("{n}", &number.to_string());
            let response = self
                .service
                .call(action, self.names.real_within(&body))
                .await;
            assert!(response.get("Error").is_none(), "{number}: {response}");
        }
        writeln!(self.golden, "  {count} answered").unwrap();
    }

    fn verdict(&self, words: &str) {
        let [lb, listener, id, health] = words.split(' ').collect::<Vec<_>>()[..] else {
            panic!("verdict LB LISTENER ID HEALTH");
        };
        let id = self.names.real_within(&format!("\"{id}\""));
        let id = InstanceId::parse(id.trim_matches('"')).unwrap();
        let health = match health {
            "healthy" => MemberHealth::Healthy,
            _ => MemberHealth::Unhealthy,
        };
        self.service.sim.judge(lb, listener, id, health).unwrap();
    }

    async fn machines(&mut self) {
        let machines = Compute::inventory(&*self.service.sim).await.unwrap();
        let line = |machine: &Arc<Machine>| {
            let owner = machine.owner.as_ref().map(ToString::to_string);
            let owner = owner.as_deref().unwrap_or("nobody");
            let line = format!("  {} {:?} of {owner}", machine.id, machine.state);
            self.names.plain(&line)
        };
        let mut lines: Vec<String> = machines.iter().map(line).collect();
        lines.sort();
        for line in lines {
            writeln!(self.golden, "{line}").unwrap();
        }
    }

    async fn members(&mut self) {
        let members = LoadBalancer::list(&*self.service.sim, None)
            .await
            .unwrap()
            .members;
        let mut lines: Vec<String> = members
            .iter()
            .map(|member| {
                let target = &member.target;
                let location = target.location.as_deref().unwrap_or("-");
                self.names.plain(&format!(
                    "  {} {} {location} {}:{} weight {} {:?} {:?}",
                    target.balancer,
                    target.listener,
                    member.machine(),
                    target.port,
                    member.weight,
                    member.health,
                    member.state
                ))
            })
            .collect();
        lines.sort();
        for line in lines {
            writeln!(self.golden, "{line}").unwrap();
        }
    }

    async fn messages(&mut self) {
        let saved = self.service.store.events(self.told, 100).await.unwrap();
        for one in saved {
            self.told = one.seq;
            let to = one.event.to.map(|to| to.words()).unwrap_or_default();
            let body = serde_json::to_string_pretty(&one.event.body).unwrap();
            let text = format!("{:?} to {to}: {body}", one.event.kind);
            for line in self.names.plain(&text).lines() {
                writeln!(self.golden, "  {line}").unwrap();
            }
        }
    }

    async fn call(&mut self, action: &str, body: &str) {
        let body = expanded(&self.names.real_within(body));
        let response = self.service.call(action, body).await;
        match response.get("Error") {
            Some(error) => {
                // Nothing fails here but what a script makes fail, and that is the back end, later.
                assert_ne!(error["Code"], "InternalError", "{action}: {error}");
                let text = format!("  {}: {}", text(&error["Code"]), text(&error["Message"]));
                writeln!(self.golden, "{}", self.names.plain(&text)).unwrap();
            }
            None => {
                self.wrong.extend(self.facts.misshapen(action, &response));
                let text = serde_json::to_string_pretty(&response).unwrap();
                for line in self.names.plain(&text).lines() {
                    writeln!(self.golden, "  {line}").unwrap();
                }
            }
        }
    }
}

/// The text with what stands for something long written out.
fn expanded(body: &str) -> String {
    let Some((before, rest)) = body.split_once('<') else {
        return body.to_owned();
    };
    let (inner, after) = rest.split_once('>').unwrap();
    let (count, what) = inner.split_once(' ').unwrap();
    let count: usize = count.parse().unwrap();
    let long = match (what.strip_prefix("of "), what.strip_prefix("times ")) {
        (_, Some(item)) => format!("[{}]", vec![item; count].join(", ")),
        (None, None) => format!("\"{}\"", STANDARD.encode(vec![b'#'; count])),
        (Some(item), None) => serde_json::to_string(&vec![item; count]).unwrap(),
    };
    format!("{before}{long}{}", expanded(after))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn run(script: &str) -> String {
    let mut tour = Tour {
        service: Service::start(CLOCK_SECS, false).await,
        facts: Facts::read(),
        names: Names::new(&WORDS),
        golden: String::new(),
        wrong: Vec::new(),
        told: 0,
    };
    for line in script.lines().filter(|line| !line.is_empty()) {
        tour.line(line).await;
    }
    assert!(tour.wrong.is_empty(), "{}", tour.wrong.join("\n"));
    tour.golden
}

macro_rules! tours {
    ($($name:ident),*) => {$(
        #[tokio::test]
        async fn $name() {
            let golden = run(include_str!(concat!("scripts/", stringify!($name), ".txt"))).await;
            insta::with_settings!({ prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(stringify!($name), golden);
            });
        }
    )*};
}

tours!(
    balancers,
    balancer_errors,
    configs,
    groups,
    hooks,
    instances,
    refresh,
    schedules,
    policies,
    notifications,
    notification_errors,
    sdk,
    balancer_codes,
    hook_codes,
    policy_codes,
    schedule_codes,
    notification_codes,
    refresh_codes,
    rest_codes,
    rest,
    account,
    catalogue_configs,
    catalogue_groups,
    catalogue_balancers,
    catalogue_gone,
    catalogue_told,
    config_codes,
    config_errors,
    group_codes,
    instance_codes,
    group_errors,
    group_rules,
    hook_errors,
    instance_errors,
    refresh_errors
);
