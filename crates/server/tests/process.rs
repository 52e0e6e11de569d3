//! The process back end, with its shim: the contract of the Compute port, and what only processes have.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_model::{
    ConfigSpec, Ids, LaunchSpec, Machine, MachineState, OwnerKey, Placement, StopMode, Tag,
};
use muster_ports::contract::compute::CASES;
use muster_ports::{CommandRun, Compute, ComputeError};
use muster_providers::process::{ProcessBackend, ProcessOptions};

/// How often a condition is looked at, and how long in all.
const LOOK: std::time::Duration = std::time::Duration::from_millis(20);
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

fn open(dir: &Path) -> ProcessBackend {
    open_with_ports(dir, 21_000..=21_999)
}

fn open_with_ports(dir: &Path, ports: std::ops::RangeInclusive<u32>) -> ProcessBackend {
    let options = ProcessOptions {
        shim: vec![env!("CARGO_BIN_EXE_muster").into(), "shim".into()],
        user: None,
        ports,
        commands: [
            ("cmd-greet", "echo hello $MUSTER_PARAMETER_WHO_ELSE from $MUSTER_INSTANCE_ID; id -un; cat /proc/self/cgroup | head -1"),
            ("cmd-fail", "echo it is broken; exit 7"),
            ("cmd-count", "echo run >> $HOME/count; sleep 1"),
            ("cmd-long", "sleep 100"),
        ]
        .map(|(id, script)| (id.to_owned(), script.to_owned()))
        .into(),
    };
    ProcessBackend::open(dir, options).unwrap()
}

fn spec(number: u64, script: Option<&str>) -> LaunchSpec {
    LaunchSpec {
        owner: OwnerKey {
            group: Ids::new(1).next_id(),
            instance: Ids::new(100 + number).next_id(),
        },
        name: "as-web".to_owned(),
        host_name: None,
        group_name: "web".to_owned(),
        vpc: "vpc-1".to_owned(),
        placement: Placement {
            instance_type: "S5.SMALL1".to_owned(),
            zone: "zone-1".to_owned(),
            subnet: "subnet-1".to_owned(),
            spot: false,
        },
        image: "img-1".to_owned(),
        user_data: script.map(|script| STANDARD.encode(script)),
        security_groups: Vec::new(),
        tags: Vec::new(),
        config: Arc::new(ConfigSpec::default()),
    }
}

/// What a machine is, as soon as it is that; fails with what it is when it does not come to that.
async fn becomes(backend: &ProcessBackend, owner: &OwnerKey, state: MachineState) -> Machine {
    let give_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        let machine = backend
            .describe(&[owner.instance])
            .await
            .unwrap()
            .pop()
            .unwrap();
        if machine.state == state {
            return machine;
        }
        assert!(
            tokio::time::Instant::now() < give_up,
            "{machine:?} does not become {state:?}"
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// What a file of a machine says, as soon as it has `lines` lines.
async fn file(dir: &Path, owner: &OwnerKey, name: &str, lines: usize) -> String {
    let path = dir
        .join("machines")
        .join(owner.instance.to_string())
        .join(name);
    let give_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if text.lines().count() >= lines {
            return text;
        }
        assert!(tokio::time::Instant::now() < give_up, "{path:?}: {text}");
        tokio::time::sleep(LOOK).await;
    }
}

#[tokio::test]
async fn processes_keep_the_contract() {
    for (name, case) in CASES {
        println!("case: {name}");
        let dir = tempfile::tempdir().unwrap();
        case(&open(dir.path())).await;
    }
}

#[tokio::test]
async fn a_script_gets_its_environment_and_its_own_home() {
    let dir = tempfile::tempdir().unwrap();
    let backend = open(dir.path());
    let script = "#!/bin/sh -e\necho \"$MUSTER_INSTANCE_ID $MUSTER_GROUP_NAME $PORT $MUSTER_ZONE\"\npwd\nenv | grep -c SECRET || true\n";
    let spec = spec(1, Some(script));
    // What muster itself was started with is not for machines. The child sees its own environment only.
    let machine = backend.launch(&spec).await.unwrap();
    let log = file(dir.path(), &spec.owner, "log", 3).await;
    let lines: Vec<&str> = log.lines().collect();
    let port = machine.port.unwrap();
    assert_eq!(
        lines[0],
        format!("{} web {port} zone-1", spec.owner.instance)
    );
    assert!(
        lines[1].ends_with(&format!("{}/work", spec.owner.instance)),
        "{log}"
    );
    assert_eq!(lines[2], "0");
    // A script that ends well leaves the machine running.
    assert_eq!(
        becomes(&backend, &spec.owner, MachineState::Running)
            .await
            .port,
        Some(port)
    );
    backend.terminate(&spec.owner).await.unwrap();
}

#[tokio::test]
async fn a_script_that_fails_takes_the_machine_with_it_and_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let backend = open(dir.path());
    let spec = spec(1, Some("exit 3\n"));
    backend.launch(&spec).await.unwrap();
    becomes(&backend, &spec.owner, MachineState::Dead).await;
    let hint = tokio::time::timeout(PATIENCE, backend.changed())
        .await
        .unwrap();
    assert_eq!(hint, Some(spec.owner.group));
    let again = backend.launch(&spec).await.unwrap();
    assert_eq!(
        again.state,
        MachineState::Dead,
        "a dead machine is not made again under its key"
    );
    backend.terminate(&spec.owner).await.unwrap();
}

#[tokio::test]
async fn everything_a_machine_started_goes_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let backend = open(dir.path());
    // A child in a session of its own, that ignores polite signals.
    let script =
        "trap '' TERM\nsetsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' &\nwait\n";
    let spec = spec(1, Some(script));
    backend.launch(&spec).await.unwrap();
    let pid: i32 = file(dir.path(), &spec.owner, "log", 1)
        .await
        .trim()
        .parse()
        .unwrap();
    assert!(Path::new(&format!("/proc/{pid}")).exists());
    backend.terminate(&spec.owner).await.unwrap();
    let state = procfs::process::Process::new(pid).and_then(|process| process.stat());
    assert!(
        state.as_ref().map_or(true, |stat| stat.state == 'Z'),
        "process {pid} outlived its machine: {state:?}"
    );
}

#[tokio::test]
async fn machines_are_found_again_and_watched_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (lives, dies, stopped) = (
        spec(1, None),
        spec(2, Some("read x < /dev/null; sleep 1000\n")),
        spec(3, None),
    );
    let first = open(dir.path());
    for spec in [&lives, &dies, &stopped] {
        first.launch(spec).await.unwrap();
    }
    first
        .stop(&stopped.owner, StopMode::KeepCharging)
        .await
        .unwrap();
    drop(first);

    let second = open(dir.path());
    let mut listed: Vec<_> = second
        .list(None)
        .await
        .unwrap()
        .iter()
        .map(|m| (m.id, m.state))
        .collect();
    listed.sort_by_key(|(id, _)| *id);
    let mut expected = vec![
        (lives.owner.instance, MachineState::Running),
        (dies.owner.instance, MachineState::Running),
        (stopped.owner.instance, MachineState::Stopped),
    ];
    expected.sort_by_key(|(id, _)| *id);
    assert_eq!(listed, expected);
    let pid = file(dir.path(), &dies.owner, "pid", 1).await;
    let pid: i32 = pid.split_whitespace().next().unwrap().parse().unwrap();
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(pid),
        nix::sys::signal::Signal::SIGKILL,
    )
    .unwrap();
    let hint = tokio::time::timeout(PATIENCE, second.changed())
        .await
        .unwrap();
    assert_eq!(hint, Some(dies.owner.group));
    becomes(&second, &dies.owner, MachineState::Dead).await;
    for spec in [&lives, &dies, &stopped] {
        second.terminate(&spec.owner).await.unwrap();
    }
    assert_eq!(
        std::fs::read_dir(dir.path().join("machines"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let backend = open_with_ports(dir.path(), 22_000..=22_000);
    let mut garbled = spec(1, None);
    garbled.user_data = Some("%%%".to_owned());
    let refused = backend.launch(&garbled).await;
    assert!(
        matches!(&refused, Err(ComputeError::Refused(text)) if text.contains("base64")),
        "{refused:?}"
    );
    let (one, two) = (spec(2, None), spec(3, None));
    backend.launch(&one).await.unwrap();
    let full = backend.launch(&two).await;
    assert!(matches!(full, Err(ComputeError::Quota(_))), "{full:?}");
    assert_eq!(backend.inventory().await.unwrap().len(), 1);
    backend.terminate(&one.owner).await.unwrap();
    backend.launch(&two).await.unwrap();
    backend.terminate(&two.owner).await.unwrap();
}

fn command(invocation: &str, command: &str) -> CommandRun {
    CommandRun {
        invocation: invocation.to_owned(),
        command: command.to_owned(),
        parameters: vec![Tag {
            key: "who-else".to_owned(),
            value: "you; and $HOME".to_owned(),
        }],
    }
}

#[tokio::test]
async fn commands_run_once_on_the_machine_and_say_how_they_ended() {
    let dir = tempfile::tempdir().unwrap();
    let backend = open(dir.path());
    let spec = spec(70, None);
    let owner = &spec.owner;
    let absent = backend.command(owner, &command("inv-a", "cmd-greet")).await;
    assert!(
        matches!(absent, Err(ComputeError::Refused(_))),
        "{absent:?}"
    );
    backend.launch(&spec).await.unwrap();
    let greet = command("inv-a", "cmd-greet");
    assert!(backend.command(owner, &greet).await.unwrap().succeeded);
    let said = backend.command(owner, &greet).await.unwrap();
    let wanted = format!("hello you; and $HOME from {}", owner.instance);
    assert!(
        said.succeeded && said.message.starts_with(&wanted),
        "{said:?}"
    );
    let failed = backend.command(owner, &command("inv-b", "cmd-fail")).await;
    let failed = failed.unwrap();
    assert!(!failed.succeeded);
    assert_eq!(
        failed.message,
        "the command ended with code 7: it is broken"
    );
    let unknown = backend.command(owner, &command("inv-c", "cmd-none")).await;
    assert!(
        matches!(unknown, Err(ComputeError::Refused(_))),
        "{unknown:?}"
    );
    // Two who ask at once, and one who asks a service that was started anew, hear of the same run.
    let count = command("inv-d", "cmd-count");
    let (one, two) = tokio::join!(
        backend.command(owner, &count),
        backend.command(owner, &count)
    );
    assert!(one.unwrap().succeeded && two.unwrap().succeeded);
    let again = open(dir.path());
    assert!(again.command(owner, &count).await.unwrap().succeeded);
    let machine = dir.path().join("machines").join(owner.instance.to_string());
    let counted = std::fs::read_to_string(machine.join("work/count")).unwrap();
    assert_eq!(counted, "run\n");
    // One that runs when the machine ends, ends with it.
    let long = command("inv-e", "cmd-long");
    let (ended, gone) = tokio::join!(backend.command(owner, &long), async {
        let begun = machine.join("commands/inv-e/begun");
        while !begun.exists() {
            tokio::time::sleep(LOOK).await;
        }
        backend.terminate(owner).await
    });
    gone.unwrap();
    assert!(ended.is_err(), "{ended:?}");
}
