//! What is not of an action: methods, keys, nonces, rates, switches, and what the front could not hand over.

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderMap, Method};
use muster_engine::{Quotas2017, Settings};
use muster_kit::http::Head;
use muster_qcloud::Switches;
use serde_json::{Value, json};

use super::service::{CONFIG, KEY, NOW, READ_ONLY, Service, made_config, made_group, plain};

/// Code and business code of an answer.
fn pair(answer: &Value) -> (u64, String) {
    let desc = answer["codeDesc"].as_str().unwrap().to_owned();
    (answer["code"].as_u64().unwrap(), desc)
}

fn is(code: u64, desc: &str) -> (u64, String) {
    (code, desc.to_owned())
}

const LIST: (&str, &str) = ("Action", "DescribeScalingGroup");

async fn group(service: &Service) -> String {
    made_group(service, "g", &made_config(service, "web").await).await
}

#[tokio::test]
async fn common_parameters_are_checked() {
    let service = plain().await;
    let (late, early) = ((NOW - 7201).to_string(), (NOW + 7201).to_string());
    for (params, wanted) in [
        (vec![("Region", "gz")], is(4000, "InvalidParameter")),
        (
            vec![LIST, ("SecretId", "AKIDnobody")],
            is(4100, "AuthFailure"),
        ),
        (vec![LIST, ("SecretId", "")], is(4000, "InvalidParameter")),
        (
            vec![LIST, ("Timestamp", "now")],
            is(4000, "InvalidParameter"),
        ),
        (vec![LIST, ("Nonce", "-1")], is(4000, "InvalidParameter")),
        (vec![LIST, ("Timestamp", &late)], is(4500, "ReplayAttack")),
        (vec![LIST, ("Timestamp", &early)], is(4500, "ReplayAttack")),
        (vec![LIST, ("Token", "t")], is(4200, "RequestExpired")),
        (
            vec![LIST, ("Region", "nowhere")],
            is(4000, "InvalidParameter"),
        ),
        (
            vec![("Action", "DescribeInstances")],
            is(6100, "UnsupportedAction"),
        ),
        (vec![LIST, ("Region", "")], is(0, "Success")),
        (vec![LIST, ("RequestClient", "SDK")], is(0, "Success")),
        (vec![LIST, ("unheardOf", "x")], is(0, "Success")),
    ] {
        for method in [Method::GET, Method::POST] {
            assert_eq!(
                pair(&service.send(method, &params).await),
                wanted,
                "{params:?}"
            );
        }
    }
    let reader = [
        ("Action", "DeleteScalingGroup"),
        ("SecretId", READ_ONLY),
        ("scalingGroupId", "asg-12345678"),
    ];
    let answer = service.send(Method::GET, &reader).await;
    assert_eq!(pair(&answer), is(4101, "UnauthorizedOperation"));
    let answer = service
        .send(Method::GET, &[LIST, ("SecretId", READ_ONLY)])
        .await;
    assert_eq!(pair(&answer), is(0, "Success"));
}

#[tokio::test]
async fn a_nonce_is_taken_once_with_each_time_and_key() {
    let service = plain().await;
    let (at, earlier) = (NOW.to_string(), (NOW - 7200).to_string());
    let replay = is(4500, "ReplayAttack");
    for (params, wanted) in [
        (
            [
                ("Nonce", "1000000"),
                ("Timestamp", at.as_str()),
                ("SecretId", KEY),
            ],
            is(0, "Success"),
        ),
        (
            [("Nonce", "1000000"), ("Timestamp", &at), ("SecretId", KEY)],
            replay.clone(),
        ),
        (
            [("Nonce", "01000000"), ("Timestamp", &at), ("SecretId", KEY)],
            replay,
        ),
        (
            [
                ("Nonce", "1000000"),
                ("Timestamp", &earlier),
                ("SecretId", KEY),
            ],
            is(0, "Success"),
        ),
        (
            [
                ("Nonce", "1000000"),
                ("Timestamp", &at),
                ("SecretId", READ_ONLY),
            ],
            is(0, "Success"),
        ),
        (
            [("Nonce", "1000001"), ("Timestamp", &at), ("SecretId", KEY)],
            is(0, "Success"),
        ),
    ] {
        let params = [&[LIST], params.as_slice()].concat();
        assert_eq!(
            pair(&service.send(Method::POST, &params).await),
            wanted,
            "{params:?}"
        );
    }
    // What is not rightly signed takes no nonce.
    let head = Head {
        method: Method::GET,
        path: "/v2/index.php".to_owned(),
        raw_query: format!(
            "Action=DescribeScalingGroup&SecretId={KEY}&Nonce=77&Timestamp={NOW}&Signature=AAAA"
        ),
        headers: [("host", "x")]
            .iter()
            .map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()))
            .collect::<HeaderMap>(),
    };
    let answer = service.handle(head, Bytes::new()).await;
    assert_eq!(answer.code, "AuthFailure");
    let answer = service.send(Method::GET, &[LIST, ("Nonce", "77")]).await;
    assert_eq!(pair(&answer), is(0, "Success"));
}

#[tokio::test]
async fn other_methods_and_too_many_calls_are_refused() {
    let service = Service::with(
        Switches {
            calls_per_sec: 3,
            ..Switches::default()
        },
        Settings::default(),
        true,
    )
    .await;
    let head = Head {
        method: Method::PUT,
        path: "/v2/index.php".to_owned(),
        raw_query: String::new(),
        headers: HeaderMap::new(),
    };
    let answer = service.handle(head, Bytes::new()).await;
    assert_eq!(answer.code, "UnsupportedProtocol");
    let mut refused = 0;
    for _ in 0..10 {
        let answer = service.send(Method::GET, &[LIST]).await;
        if answer["code"] != 0 {
            assert_eq!(pair(&answer), is(4400, "RequestLimitExceeded"));
            refused += 1;
        }
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn every_switch_does_what_it_says() {
    let switches = Switches {
        most_instances: 5,
        refuse_signed_before_start: true,
        code_as_text: true,
        hook_id_as_text: true,
        hide_default_policy: true,
        vpc_spelling: true,
        ..Switches::default()
    };
    let mut settings = Settings::default();
    settings.quotas.of_2017 = Quotas2017 {
        configs: 1,
        groups: 1,
        tasks: 1,
        ..Quotas2017::default()
    };
    let service = Service::start(switches, settings).await;
    let group = group(&service).await;
    let mut another = CONFIG;
    another[0].1 = "another";
    let answer = service.call("CreateScalingConfiguration", &another).await;
    assert_eq!(
        (&answer["code"], &answer["codeDesc"]),
        (
            &json!("5100"),
            &json!("QuotaExceeded.ScallingConfiguration")
        )
    );
    let asg = ("scalingGroupId", group.as_str());
    let policies = service.call("DescribeScalingPolicy", &[asg]).await;
    assert_eq!(
        (&policies["code"], &policies["data"]["totalCount"]),
        (&json!("0"), &json!(0))
    );
    let hook = [
        asg,
        ("lifeCycleHookName", "h"),
        ("lifeCycleHookTimeout", "9"),
    ];
    let hook = service.call("CreateLifecycleHook", &hook).await;
    assert!(hook["data"]["lifeCycleHookId"].is_string());
    let found = service.call("DescribeScalingGroup", &[]).await;
    let config = found["data"]["scalingGroupSet"][0]["scalingConfigurationId"]
        .as_str()
        .unwrap();
    let mut params = vec![
        ("scalingGroupName", "other"),
        ("scalingConfigurationId", config),
        ("minSize", "0"),
        ("maxSize", "5"),
        ("removePolicy", "RemoveOldestInstance"),
        ("vpcId", "vpc-1"),
    ];
    let code = |answer: &Value| answer["codeDesc"].as_str().unwrap().to_owned();
    let answer = service.call("CreateScalingGroup", &params).await;
    assert_eq!(code(&answer), "InvalidParameter.VpcIdOrSubnetIdError");
    params.push(("subnetIds.0", "subnet-1"));
    let answer = service.call("CreateScalingGroup", &params).await;
    assert_eq!(code(&answer), "QuotaExceeded.ScalingGroup");
    let sizes = [
        asg,
        ("minSize", "0"),
        ("maxSize", "6"),
        ("removePolicy", "RemoveOldestInstance"),
    ];
    let answer = service.call("ModifyScalingGroup", &sizes).await;
    assert_eq!(code(&answer), "InvalidParameter");
    for (start, wanted) in [
        ("2099-01-01 00:00:00", "Success"),
        ("2099-01-02 00:00:00", "QuotaExceeded.ScheduledTask"),
    ] {
        let task = [
            asg,
            ("scalingScheduledTaskName", start),
            ("readjustMinSize", "0"),
            ("readjustMaxSize", "1"),
            ("startTime", start),
        ];
        assert_eq!(
            code(&service.call("CreateScheduledTask", &task).await),
            wanted
        );
    }
    let before = (NOW - 1).to_string();
    let answer = service
        .send(Method::GET, &[LIST, ("Timestamp", &before)])
        .await;
    assert_eq!(code(&answer), "ReplayAttack");
}

#[tokio::test]
async fn of_the_tasks_that_stay_the_oldest_go() {
    for most in [0, 2, 9] {
        let mut settings = Settings::default();
        settings.quotas.of_2017.left_tasks = most;
        let service = Service::start(Switches::default(), settings).await;
        let config = made_config(&service, "web").await;
        let mut groups = Vec::new();
        for name in ["a", "b"] {
            groups.push(made_group(&service, name, &config).await);
            for day in ["1", "2"] {
                let (name, start) = (format!("{name}{day}"), format!("2099-01-0{day} 00:00:00"));
                let params = [
                    ("scalingGroupId", groups.last().unwrap().as_str()),
                    ("scalingScheduledTaskName", &name),
                    ("readjustMinSize", "0"),
                    ("readjustMaxSize", "1"),
                    ("startTime", &start),
                ];
                let made = service.call("CreateScheduledTask", &params).await;
                assert_eq!(made["code"], 0);
            }
        }
        for group in &groups {
            let params = [("scalingGroupId", group.as_str())];
            let gone = service.call("DeleteScalingGroup", &params).await;
            assert_eq!(gone["code"], 0);
        }
        let mut names = Vec::new();
        for group in &groups {
            let params = [("scalingGroupId", group.as_str())];
            let shown = service.call("DescribeScheduledTask", &params).await;
            let tasks = shown["data"]["scalingScheduleTaskSet"].as_array().cloned();
            let tasks = tasks.unwrap_or_default().into_iter();
            names.extend(tasks.map(|mut task| task["scalingScheduledTaskName"].take()));
        }
        let all = ["a1", "a2", "b1", "b2"];
        assert_eq!(names, all[4 - 4.min(most as usize)..]);
    }
}

/// How often each code came.
async fn counted(calls: impl Iterator<Item = impl Future<Output = Value>>) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for answer in join_all(calls).await {
        let code = answer["codeDesc"].as_str().unwrap().to_owned();
        *counts.entry(code).or_default() += 1;
    }
    counts.into_iter().collect()
}

fn counts(good: usize, quota: &str, over: usize) -> Vec<(String, usize)> {
    vec![(quota.to_owned(), over), ("Success".to_owned(), good)]
}

#[tokio::test]
async fn many_at_once_do_not_exceed_what_there_may_be() {
    let service = &plain().await;
    let group = &group(service).await;
    let configs = (0..40).map(|at| async move {
        let (name, project) = (format!("c{at}"), (at % 2).to_string());
        let mut params = CONFIG.to_vec();
        params[0].1 = &name;
        params.push(("projectId", &project));
        service.call("CreateScalingConfiguration", &params).await
    });
    // 20 of each project, and one is there already.
    let code = "QuotaExceeded.ScallingConfiguration";
    assert_eq!(counted(configs).await, counts(39, code, 1));
    let found = service.call("DescribeScalingGroup", &[]).await;
    let config = &found["data"]["scalingGroupSet"][0]["scalingConfigurationId"];
    let config = config.as_str().unwrap();
    let groups = (0..25).map(|at| async move {
        let name = format!("g{at}");
        let params = [
            ("scalingGroupName", name.as_str()),
            ("scalingConfigurationId", config),
            ("minSize", "0"),
            ("maxSize", "3"),
            ("vpcId", "0"),
            ("zoneIds.0", "100001"),
            ("removePolicy", "RemoveOldestInstance"),
        ];
        service.call("CreateScalingGroup", &params).await
    });
    let code = "QuotaExceeded.ScalingGroup";
    assert_eq!(counted(groups).await, counts(19, code, 6));
    let task = |name: String, start: String| async move {
        let params = [
            ("scalingGroupId", group.as_str()),
            ("scalingScheduledTaskName", name.as_str()),
            ("readjustMinSize", "0"),
            ("readjustMaxSize", "1"),
            ("startTime", start.as_str()),
        ];
        service.call("CreateScheduledTask", &params).await
    };
    // Of those that share a minute one is taken.
    let one_minute = (10..18).map(|at| task(format!("t{at}"), format!("2099-01-01 00:00:{at}")));
    let code = "InvalidScheduleTask.TimeConflict";
    assert_eq!(counted(one_minute).await, counts(1, code, 7));
    let days = (10..28).map(|at| task(format!("d{at}"), format!("2099-01-{at} 00:00:00")));
    let code = "QuotaExceeded.ScheduledTask";
    assert_eq!(counted(days).await, counts(9, code, 9));
}
