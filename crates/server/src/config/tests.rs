//! Wrong files, whole files, and the page that documents the keys.

use super::*;

#[test]
fn wrong_keys_and_values_are_refused_with_what_would_be_right() {
    let cases = [
        (
            "lissten = \"127.0.0.1:1\"",
            "muster.toml:1:1: unknown field `lissten`, expected one of `listen`",
        ),
        (
            "\n[limits]\nbody_mib = 0\n",
            "muster.toml:3:12: 0 is out of range: a whole number from 1 to 64 is right",
        ),
        (
            "[log]\nformat = \"xml\"",
            "muster.toml:2:10: unknown variant `xml`, expected `text` or `json`",
        ),
        (
            "[engine]\ncall_timeout = 3",
            "muster.toml:2:1: unknown field `call_timeout`, expected one of `call_timeout_secs`",
        ),
        (
            "listen = 8700",
            "muster.toml:1:10: invalid type: integer `8700`, expected socket address",
        ),
        (
            "[backend]\nfirst_port = 3000\nlast_port = 2000",
            "muster.toml:2:1: first_port 3000 is above last_port 2000",
        ),
        (
            "[[account]]\nname = 3",
            "muster.toml:2:8: invalid type: integer `3`, expected a string",
        ),
        (
            "[tls]\ncert = \"x\"",
            "muster.toml:1:1: tls.key goes with tls.cert",
        ),
        (
            "\n[tls]\nkey = \"x\"",
            "muster.toml:2:1: tls.cert goes with tls.key",
        ),
        (
            "[tls]\nhosts = [\"*.com\"]",
            "muster.toml:1:1: tls.hosts `*.com`: a host name is right",
        ),
        (
            "[tls]\nhosts = [\"https://as.example\"]",
            "muster.toml:1:1: tls.hosts `https://as.example`: a host name is right",
        ),
        (
            "[tls]\nhosts = [\"127.0.0.1:443\"]",
            "muster.toml:1:1: tls.hosts `127.0.0.1:443`: a host name is right",
        ),
        (
            "[tls]\nnames = [\"a.example\", \"::1\", \"A.example\"]",
            "muster.toml:1:1: tls.names `A.example`: each is there once",
        ),
        (
            "[tls]\nca = \"x\"",
            "muster.toml:2:1: unknown field `ca`, expected one of `enabled`",
        ),
        (
            "[[sink]]\nname = \"ops\"\nkind = \"pigeon\"",
            "muster.toml:3:8: unknown variant `pigeon`, expected",
        ),
        (
            "[[sink]]\nname = \"ops\"\nkind = \"queue\"",
            "muster.toml:1:1: sink `ops`: one of user_groups, queues, topics and unaddressed is needed",
        ),
        (
            "[[sink]]\nname = \"o.p\"\nkind = \"queue\"\nqueues = [\"*\"]",
            "muster.toml:1:1: sink `o.p`: a name of 1 to 64 letters",
        ),
        (
            "\n[[sink]]\nname = \"ops\"\nkind = \"webhook\"\nqueues = [\"*\"]\nsecret = \"s\"",
            "muster.toml:2:1: sink `ops`: url is needed",
        ),
        (
            "[[sink]]\nname = \"ops\"\nkind = \"webhook\"\nqueues = [\"*\"]\nurl = \"http://x/\"",
            "muster.toml:1:1: sink `ops`: secret or secret_env is needed",
        ),
        (
            "[[sink]]\nname = \"ops\"\nkind = \"queue\"\nqueues = [\"*\"]\nurl = \"http://x/\"",
            "muster.toml:1:1: sink `ops`: url is not for this kind",
        ),
        (
            "[[sink]]\nname = \"ops\"\nkind = \"smtp\"\nqueues = [\"*\"]\nurl = \"smtp://x\"\nfrom = \"a@b.c\"",
            "muster.toml:1:1: sink `ops`: to is needed",
        ),
        (
            "[[sink]]\nname = \"ops\"\nkind = \"nats\"\nqueues = [\"*\"]\nurl = \"nats://x\"",
            "muster.toml:1:1: sink `ops`: subject is needed",
        ),
        (
            "[[sink]]\nname = \"ops\"\nkind = \"nats\"\nqueues = [\"*\"]\nurl = \"nats://x\"\nsubject = \"s\"\nuser = \"u\"",
            "muster.toml:1:1: sink `ops`: user goes with secret or secret_env",
        ),
        (
            "[[sink]]\nname = \"a\"\nkind = \"queue\"\nqueues = [\"*\"]\n[[sink]]\nname = \"a\"\nkind = \"queue\"\nqueues = [\"*\"]",
            "muster.toml:5:1: sink `a`: each name is there once",
        ),
        (
            "[metrics]\nsample_secs = 4000",
            "muster.toml:2:15: 4000 is out of range: a whole number from 0 to 3600 is right",
        ),
        (
            "[[metric]]\nname = \"m\"\nprometheus = \"http://x\"",
            "muster.toml:1:1: missing field `query`",
        ),
        (
            "\n[[metric]]\nname = \"a b\"\nprometheus = \"http://x\"\nquery = \"up\"",
            "muster.toml:2:1: metric `a b`: metric `a b` is not 1 to 64 letters",
        ),
        (
            "[[metric]]\nname = \"m\"\nprometheus = \"http://x\"\nquery = 'up{a=$group}'",
            "muster.toml:1:1: metric `m`: `$group` has to be in a string",
        ),
        (
            "[[metric]]\nname = \"m\"\nprometheus = \"http://x\"\nquery = 'up{a=\"$grp\"}'",
            "muster.toml:1:1: metric `m`: `$grp` stands for nothing",
        ),
        (
            "[[metric]]\nname = \"m\"\nprometheus = \"http://x\"\nquery = \"up\"\ninstance_label = \"1x\"",
            "muster.toml:1:1: metric `m`: instance_label `1x` is no name of a label",
        ),
        (
            "[[metric]]\nname = \"m\"\nprometheus = \"ftp://x\"\nquery = \"up\"",
            "muster.toml:1:1: metric `m`: `ftp://x` is not an http:// or https:// address",
        ),
        (
            "[[metric]]\nname = \"m\"\nprometheus = \"http://u:p@x\"\nquery = \"up\"",
            "muster.toml:1:1: metric `m`: a user, a password, or what follows",
        ),
        (
            "[[metric]]\nname = \"m\"\nprometheus = \"http://x\"\nquery = \"up\"\n[[metric]]\nname = \"m\"\nprometheus = \"http://x\"\nquery = \"up\"",
            "muster.toml:5:1: metric `m`: each name is there once",
        ),
        (
            "[catalogue]\nstrict = 1",
            "muster.toml:2:10: invalid type: integer `1`, expected a boolean",
        ),
        (
            "[[catalogue.subnet]]\nid = \"subnet-1\"\nvpc = \"vpc-1\"",
            "muster.toml:1:1: missing field `zone`",
        ),
        (
            "[[catalogue.image]]\nid = \"i\"\n[[catalogue.image]]\nid = \"i\"",
            "muster.toml:3:1: [[catalogue.image]] `i`: each is there once",
        ),
        (
            "[[catalogue.balancer]]\nid = \"lb\"\n[[catalogue.balancer.listener]]\nid = \"l\"\ntarget = \"x\"",
            "muster.toml:5:10: unknown variant `x`, expected `node` or `group`",
        ),
        (
            "[[haproxy]]\nname = \"edge\"\nsocket = \"/s\"",
            "muster.toml:1:1: missing field `backend`",
        ),
        (
            "[[haproxy]]\nname = \"edge\"\nsocket = \"/s\"\nbackend = []",
            "muster.toml:1:1: haproxy `edge`: at least one [[haproxy.backend]] is needed",
        ),
        (
            "[[haproxy]]\nname = \"edge\"\nsocket = \"/s\"\nmark = \"a.b\"\nbackend = [{ lb = \"a\", backend = \"b\" }]",
            "muster.toml:1:1: haproxy `edge`: mark `a.b`: 1 to 32 letters",
        ),
        (
            "[[haproxy]]\nname = \"edge\"\nsocket = \"/s\"\nbackend = [{ lb = \"a\", backend = \"b;c\" }]",
            "muster.toml:1:1: haproxy `edge`: backend `b;c`: 1 to 128 letters",
        ),
        (
            "[[haproxy]]\nname = \"edge\"\nsocket = \"/s\"\nbackend = [{ lb = \"a\", backend = \"b\" }, { lb = \"c\", backend = \"b\" }]",
            "muster.toml:1:1: haproxy `edge`: backend `b`: each is one place only",
        ),
        (
            "[[haproxy]]\nname = \"a\"\nsocket = \"/s\"\nbackend = [{ lb = \"a\", listener = \"l\", backend = \"b\" }]\n\
             [[haproxy]]\nname = \"b\"\nsocket = \"/t\"\nbackend = [{ lb = \"a\", listener = \"l\", backend = \"b\" }]",
            "muster.toml:5:1: haproxy `b`: a/l: each place is there once",
        ),
        (
            "[[haproxy]]\nname = \"a\"\nsocket = \"/s\"\nbackend = [{ lb = \"a\", location = \"l\", backend = \"b\" }]",
            "muster.toml:1:1: haproxy `a`: backend `b`: location goes with listener",
        ),
        (
            "[engine]\nactivity_timeout_secs = 60\ndrain_secs = 61",
            "muster.toml:3:1: drain_secs 61 is above activity_timeout_secs 60",
        ),
        (
            "[proxy]\nfirst_port = 4000\nlast_port = 3000",
            "muster.toml:1:1: proxy.first_port is above proxy.last_port",
        ),
        (
            "[[listener]]\nlb = \"lb-1\"\n[[listener]]\nlb = \"lb-1\"",
            "muster.toml:3:1: listener `lb-1/lb-1`: each name is there once",
        ),
        ("a = ", "muster.toml:1:5: "),
    ];
    for (text, wanted) in cases {
        let error = Config::parse("muster.toml", text).unwrap_err();
        assert!(
            error.starts_with(wanted),
            "{text:?}:\n{error}\nnot\n{wanted}"
        );
        assert!(!error.contains('\n'), "one line: {error}");
    }
}

#[test]
fn every_section_is_read() {
    let text = r#"
        listen = "127.0.0.1:9000"
        data = "/tmp/x"
        [limits]
        body_mib = 2
        [log]
        format = "json"
        [backend]
        kind = "process"
        [engine]
        immediate_retries = 7
        [quotas]
        groups = 3
        [rate_limits]
        enabled = false
        [[account]]
        name = "team"
        [[account.key]]
        access_key_id = "AKIDteam"
        secret_env = "TEAM_SECRET"
        read_only = true
        [[site]]
        name = "east"
        regions = ["ap-shanghai"]
    "#;
    let config = Config::parse("x", text).unwrap();
    assert_eq!(
        (
            config.settings().immediate_retries,
            config.settings().quotas.groups
        ),
        (7, 3)
    );
    assert_eq!(config.account[0].key[0].access_key_id, "AKIDteam");
}

/// A row of the page.
struct Documented {
    key: String,
    default: String,
    range: String,
}

const PAGE: &str = include_str!("../../../../docs/configuration.md");

fn documented() -> Vec<Documented> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        Documented {
            key: cells[1].trim_matches('`').to_owned(),
            default: cells[2].trim_matches('`').to_owned(),
            range: cells[3].to_owned(),
        }
    })
    .collect()
}

const HAPROXY: &str = "[[haproxy]]\nname = \"a\"\nsocket = \"/s\"\n";

/// A file that sets one key. What else its table needs is added.
fn file(key: &str, value: &str) -> String {
    let (tables, name) = key.rsplit_once('.').unwrap_or(("", key));
    match tables {
        "" => format!("{name} = {value}\n"),
        "account[]" => format!("[[account]]\n{name} = {value}\n"),
        "account[].key[]" => format!(
            "[[account]]\nname = \"a\"\n[[account.key]]\naccess_key_id = \"k\"\n{name} = {value}\n"
        ),
        "command[]" => format!("[[command]]\n{name} = {value}\n"),
        "metric[]" => {
            let mut text = "[[metric]]\n".to_owned();
            for (key, plain) in [
                ("name", "\"m\""),
                ("prometheus", "\"http://127.0.0.1:9090\""),
                ("query", "\"up\""),
            ] {
                let value = if key == name { value } else { plain };
                text.push_str(&format!("{key} = {value}\n"));
            }
            if !["name", "prometheus", "query"].contains(&name) {
                text.push_str(&format!("{name} = {value}\n"));
            }
            text
        }
        "listener[].location[]" => {
            format!(
                "[[listener]]\nlb = \"lb-1\"\n[[listener.location]]\nid = \"loc\"\n{name} = {value}\n"
            )
        }
        "listener[]" => match name {
            "lb" => format!("[[listener]]\nlb = {value}\n"),
            _ => format!("[[listener]]\nlb = \"lb-1\"\n{name} = {value}\n"),
        },
        "haproxy[]" => {
            format!(
                "{HAPROXY}{name} = {value}\n[[haproxy.backend]]\nlb = \"lb-1\"\nbackend = \"b\"\n"
            )
        }
        "catalogue.image[]" => format!("[[catalogue.image]]\nid = \"i\"\n{name} = {value}\n"),
        "site[]" => format!("[[site]]\n{name} = {value}\n"),
        "sink[]" => {
            let mut text =
                "[[sink]]\nname = \"a\"\nkind = \"queue\"\nqueues = [\"q\"]\n".to_owned();
            text.push_str(&format!("{name} = {value}\n"));
            text
        }
        "instance_type[]" => {
            let mut text = "[[instance_type]]\n".to_owned();
            for (key, plain) in [
                ("name", "\"t\""),
                ("cores", "1"),
                ("spot_price_millis", "1"),
            ] {
                let value = if key == name { value } else { plain };
                text.push_str(&format!("{key} = {value}\n"));
            }
            if !["name", "cores", "spot_price_millis"].contains(&name) {
                text.push_str(&format!("{name} = {value}\n"));
            }
            text
        }
        table => format!("[{table}]\n{name} = {value}\n"),
    }
}

#[test]
fn the_page_names_every_key_once() {
    let tables = [
        "account",
        "key",
        "site",
        "sink",
        "instance_type",
        "command",
        "haproxy",
        "backend",
        "topic",
        "image",
        "zone",
        "subnet",
        "balancer",
        "listener",
        "location",
        "metric",
    ];
    let known: Vec<String> = muster_kit::decode::known_fields::<Config>()
        .into_iter()
        .filter(|field| field.shape != muster_kit::decode::Shape::Struct)
        .filter(|field| {
            let name = field.path.rsplit('.').next().unwrap_or_default();
            field.shape != muster_kit::decode::Shape::List || !tables.contains(&name)
        })
        .map(|field| field.path.replace(".N", "[]"))
        .filter(|path| !path.ends_with("[]"))
        .collect();
    let mut named: Vec<String> = documented().into_iter().map(|row| row.key).collect();
    let mut known_sorted = known;
    known_sorted.sort();
    named.sort();
    assert_eq!(named, known_sorted);
}

#[test]
fn the_page_has_the_defaults() {
    let plain = Config::default();
    for row in documented()
        .iter()
        .filter(|row| !row.default.is_empty() && !row.key.contains("[]"))
    {
        let set = Config::parse(&row.key, &file(&row.key, &row.default)).unwrap();
        assert_eq!(set.settings(), plain.settings(), "{}", row.key);
        if !row.key.starts_with("engine.") {
            assert_eq!(format!("{set:?}"), format!("{plain:?}"), "{}", row.key);
        }
    }
}

#[test]
fn the_page_has_the_defaults_of_haproxys() {
    let shown = |text: &str| format!("{:?}", Config::parse("haproxy", text).unwrap());
    let plain = shown(&file("haproxy[].check", "true"));
    let rows = documented();
    let rows: Vec<_> = rows
        .iter()
        .filter(|row| row.key.starts_with("haproxy[].") && !row.default.is_empty())
        .collect();
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert_eq!(shown(&file(&row.key, &row.default)), plain, "{}", row.key);
    }
}

#[test]
fn the_page_has_the_ranges() {
    for row in documented() {
        let Some((min, max)) = row.range.split_once(" to ") else {
            continue;
        };
        let error = Config::parse(&row.key, &file(&row.key, "-1")).unwrap_err();
        let wanted = format!("-1 is out of range: a whole number from {min} to {max} is right");
        assert!(error.ends_with(&wanted), "{}: {error}", row.key);
        for value in [min, max] {
            // One bound of the ports is above the other's default.
            if !row.key.ends_with("_port") {
                Config::parse(&row.key, &file(&row.key, value)).unwrap();
            }
        }
    }
}

#[test]
fn the_examples_of_the_page_are_right() {
    let examples: Vec<&str> = PAGE
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let configs: Vec<Config> = examples
        .iter()
        .map(|example| Config::parse("example", example).unwrap())
        .collect();
    assert_eq!(configs[0].account[0].name, "team");
    assert!(configs[1].settings().catalogue.strict);
    assert!(!configs[2].sink.is_empty());
    let measured = configs.iter().find(|config| !config.metric.is_empty());
    assert_eq!(measured.unwrap().metric[0].name, "tcp_established");
}
