//! `muster simulate` as a command: what it prints and writes, and how it ends.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const GROUP: &str = r#"{
  "AutoScalingGroup": {
    "AutoScalingGroupName": "web", "MinSize": 1, "MaxSize": 10, "DesiredCapacity": 1,
    "VpcId": "vpc-12345678", "SubnetIds": ["subnet-12345678"]
  },
  "ScalingPolicies": [
    {
      "ScalingPolicyName": "cpu", "ScalingPolicyType": "TARGET_TRACKING",
      "PredefinedMetricType": "ASG_AVG_CPU_UTILIZATION", "TargetValue": 50, "EstimatedInstanceWarmup": 60
    }
  ],
  "Service": { "Capacity": 10, "BootSeconds": 60, "PricePerHour": 2, "Currency": "EUR" }
}"#;

struct Dir(tempfile::TempDir);

impl Dir {
    /// A group, and a recording of an hour of little, two of much and two of little load.
    fn new() -> Dir {
        let dir = Dir(tempfile::tempdir().unwrap());
        let mut csv = String::from("timestamp,value\n");
        for at in 0..60 {
            let load = if (12..36).contains(&at) { 40 } else { 4 };
            let _ = writeln!(
                csv,
                "2024-03-01 {:02}:{:02}:00,{load}",
                at / 12,
                at % 12 * 5
            );
        }
        dir.write("load.csv", &csv);
        dir.write("web.json", GROUP);
        dir
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command
            .current_dir(self.0.path())
            .arg("simulate")
            .args(args);
        command.output().unwrap()
    }

    /// Standard output of a run that ends with this code.
    fn told(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{args:?}: {out}{err}");
        if code == 2 { err } else { out }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_replay_prints_a_table_and_its_reasons() {
    let dir = Dir::new();
    insta::assert_snapshot!(dir.told(0, &["web.json", "--trace", "load.csv", "--explain"]));
}

#[test]
fn two_files_stand_side_by_side_and_two_runs_are_the_same() {
    let dir = Dir::new();
    dir.write(
        "calm.json",
        &GROUP.replace("\"TargetValue\": 50", "\"TargetValue\": 90"),
    );
    let args = |n: &str| {
        let (csv, svg) = (format!("{n}.csv"), format!("{n}.svg"));
        dir.told(
            0,
            &[
                "web.json",
                "calm.json",
                "--trace",
                "load.csv",
                "--csv",
                &csv,
                "--svg",
                &svg,
            ],
        )
    };
    assert_eq!(args("one"), args("two"));
    assert_eq!(read(&dir.path("one.csv")), read(&dir.path("two.csv")));
    let svg = read(&dir.path("one.svg"));
    assert_eq!(svg, read(&dir.path("two.svg")));
    assert!(svg.starts_with("<svg role=\"img\""), "{svg}");
    assert!(svg.contains("<title id=\"title\">Load and capacity in service: web, calm</title>"));
    let csv = read(&dir.path("one.csv"));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "group,time,load,desired,in_service,machines,utilisation_percent,events"
    );
    assert_eq!(lines.len(), 1 + 2 * 60);
    assert_eq!(lines[1], "web,2024-03-01T00:00:00Z,4,1,1,1,40,");
    // The high load comes at 01:00: it has been above the target for three minutes at 01:03.
    assert!(
        lines[13].contains("1 -> 2 at 2024-03-01T01:03:00Z"),
        "{}",
        lines[13]
    );
}

#[test]
fn a_missed_objective_is_named_and_ends_with_1() {
    let dir = Dir::new();
    let base = ["web.json", "--trace", "load.csv"];
    let with = |more: &[&'static str]| [&base[..], more].concat();
    let met = with(&[
        "--max-minutes-short",
        "60",
        "--max-changes",
        "20",
        "--max-cost",
        "100",
        "--max-machine-hours",
        "50",
    ]);
    dir.told(0, &met);
    for (flag, name) in [
        ("--max-minutes-short", "MaxMinutesShort"),
        ("--max-machine-hours", "MaxMachineHours"),
        ("--max-changes", "MaxChanges"),
        ("--max-cost", "MaxCost"),
    ] {
        let said = dir.told(1, &with(&[flag, "1"]));
        let line = said.lines().last().unwrap();
        assert!(line.starts_with(&format!("web: {name} is ")), "{said}");
        assert!(line.ends_with(", 1 at the most is asked for"), "{said}");
    }
    let strict = GROUP.replacen('{', r#"{ "Objectives": { "MaxChanges": 1 },"#, 1);
    dir.write("strict.json", &strict);
    dir.told(1, &["strict.json", "--trace", "load.csv"]);
    // What the command line says goes before what the file says.
    dir.told(
        0,
        &["strict.json", "--trace", "load.csv", "--max-changes", "100"],
    );
}

#[test]
fn what_is_wrong_is_named_and_ends_with_2() {
    let dir = Dir::new();
    dir.write(
        "bad.csv",
        "timestamp,value\n2024-03-01 00:00:00,1\n2024-03-01 00:05:00,lots\n",
    );
    let change = |name: &str, from: &str, to: &str| {
        assert!(GROUP.contains(from), "{from}");
        dir.write(name, &GROUP.replacen(from, to, 1));
    };
    change("size.json", "\"MinSize\": 1", "\"MinSize\": 4");
    change("target.json", "\"TargetValue\": 50", "\"TargetValue\": 500");
    change("word.json", "TARGET_TRACKING", "GUESSING");
    change(
        "extra.json",
        "\"TargetValue\"",
        "\"Target\": 1, \"TargetValue\"",
    );
    change("service.json", "\"Capacity\": 10", "\"Capacity\": -1");
    change("member.json", "\"Service\"", "\"Servcie\"");
    dir.write("list.json", "[1, 2]");
    let options = |name: &str, text: &str| {
        let with = format!("{{ \"PolicyOptions\": {text},");
        dir.write(name, &GROUP.replacen('{', &with, 1));
    };
    dir.write(
        "goal.json",
        &GROUP.replacen('{', r#"{ "Objectives": {"MaxCost": -1},"#, 1),
    );
    dir.write(
        "long.csv",
        "t,v\n1950-01-01 00:00:00,1\n2020-01-01 00:00:00,1\n",
    );
    change(
        "often.json",
        "\"Capacity\": 10",
        "\"SampleSeconds\": 1, \"Capacity\": 10",
    );
    options("nobody.json", r#"{"mem": {}}"#);
    options("range.json", r#"{"cpu": {"min_reporting": 2}}"#);
    options("unknown.json", r#"{"cpu": {"shadows": true}}"#);
    let mut told = String::new();
    for args in [
        &["web.json", "--trace", "bad.csv"][..],
        &["web.json", "--trace", "none.csv"],
        &["none.json", "--trace", "load.csv"],
        &["size.json", "--trace", "load.csv"],
        &["target.json", "--trace", "load.csv"],
        &["word.json", "--trace", "load.csv"],
        &["extra.json", "--trace", "load.csv"],
        &["service.json", "--trace", "load.csv"],
        &["member.json", "--trace", "load.csv"],
        &["list.json", "--trace", "load.csv"],
        &["nobody.json", "--trace", "load.csv"],
        &["range.json", "--trace", "load.csv"],
        &["unknown.json", "--trace", "load.csv"],
        &["goal.json", "--trace", "load.csv"],
        &["web.json", "--trace", "load.csv", "--max-changes", "nan"],
        &["often.json", "--trace", "long.csv", "--step", "300"],
        &["web.json", "--trace", "load.csv", "--scale", "-1"],
        &["web.json", "--trace", "load.csv", "--recorded-at", "0"],
        &["web.json", "--trace", "load.csv", "--offset", "8"],
        &["web.json", "--trace", "load.csv", "--step", "0"],
    ] {
        let _ = writeln!(
            told,
            "{}\n  {}",
            args.join(" "),
            dir.told(2, args).trim_end().replace('\n', "\n  ")
        );
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_shadow_decides_explains_and_changes_nothing() {
    let dir = Dir::new();
    let shadow = GROUP.replacen('{', r#"{ "PolicyOptions": {"cpu": {"shadow": true}},"#, 1);
    dir.write("shadow.json", &shadow);
    let told = dir.told(
        0,
        &[
            "shadow.json",
            "--trace",
            "load.csv",
            "--explain",
            "--max-changes",
            "0",
        ],
    );
    // Minute by minute through three hours in which it would have grown.
    assert!(
        told.contains("2024-03-01T01:03:00Z held by shadow"),
        "{told}"
    );
    assert!(!told.contains(" -> "), "{told}");
}

/// The value of a line of the table.
fn value(told: &str, line: &str) -> f64 {
    let found = told.lines().find_map(|text| text.strip_prefix(line));
    let text = found.unwrap_or_else(|| panic!("no `{line}` in {told}"));
    text.trim().trim_end_matches(" EUR").parse().unwrap()
}

#[test]
fn schedules_hooks_and_balancers_of_the_group_take_part() {
    let dir = Dir::new();
    let plain = dir.told(0, &["web.json", "--trace", "load.csv"]);
    // Half an hour before the load comes there are machines for it; times of this API are those of its zone.
    let early = r#"{ "ScheduledActions": [{
        "ScheduledActionName": "early", "MinSize": 8, "MaxSize": 10, "DesiredCapacity": 8,
        "StartTime": "2024-03-01T08:30:00+08:00"
    }],"#;
    dir.write("early.json", &GROUP.replacen('{', early, 1));
    let told = dir.told(
        0,
        &[
            "early.json",
            "--trace",
            "load.csv",
            "--explain",
            "--max-minutes-short",
            "0",
        ],
    );
    assert!(told.contains("2024-03-01T00:30:00Z 1 -> 8"), "{told}");
    // A hook that nobody answers holds each machine for as long as it may.
    let hook = r#"{ "LifecycleHooks": [{
        "LifecycleHookName": "wait", "LifecycleTransition": "INSTANCE_LAUNCHING", "DefaultResult": "CONTINUE",
        "HeartbeatTimeout": 120
    }],"#;
    dir.write("hook.json", &GROUP.replacen('{', hook, 1));
    let held = dir.told(0, &["hook.json", "--trace", "load.csv"]);
    assert_eq!(value(&plain, "minutes short"), 7.0);
    // It takes two rounds of launches until the load is carried, and each is two minutes longer.
    assert_eq!(value(&held, "minutes short"), 7.0 + 2.0 * 2.0, "{held}");
    // Machines are bound to their balancers before they serve, and off them before they go.
    let balanced = GROUP.replacen(
        "\"VpcId\"",
        r#""ForwardLoadBalancers": [{
            "LoadBalancerId": "lb-12345678", "ListenerId": "lbl-12345678",
            "TargetAttributes": [{"Port": 80, "Weight": 10}]
        }], "VpcId""#,
        1,
    );
    dir.write("balanced.json", &balanced);
    let told = dir.told(0, &["balanced.json", "--trace", "load.csv"]);
    for line in ["changes out", "changes in", "machines at most"] {
        assert_eq!(value(&told, line), value(&plain, line), "{told}");
    }
}

#[test]
fn utilisation_is_turned_back_into_load() {
    let dir = Dir::new();
    let mut csv = String::from("timestamp,value\n");
    for at in 0..24 {
        let _ = writeln!(csv, "2024-03-01 {:02}:{:02}:00,25", at / 12, at % 12 * 5);
    }
    dir.write("cpu.csv", &csv);
    // A quarter of four machines is one machine's all: two hold it at the target of 50 %.
    let args = [
        "web.json",
        "--trace",
        "cpu.csv",
        "--kind",
        "utilisation",
        "--recorded-at",
        "4",
        "--csv",
        "out.csv",
    ];
    dir.told(0, &args);
    let rows = read(&dir.path("out.csv"));
    let last = rows.lines().last().unwrap();
    assert_eq!(last, "web,2024-03-01T01:55:00Z,10,2,2,2,50,");
}

#[test]
fn the_readme_shows_what_its_command_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.current_dir(&root).arg("simulate");
    for file in ["steps.json", "target.json", "calm.json"] {
        command.arg(format!("docs/examples/simulate/{file}"));
    }
    command.args(["--trace", "docs/examples/simulate/load.csv"]);
    let said = text(&command.output().unwrap().stdout);
    let shown: String = said.lines().map(|line| format!("    {line}\n")).collect();
    let readme = read(&root.join("README.md"));
    assert!(
        readme.contains(&shown),
        "README.md shows something else than:\n{shown}"
    );
}
