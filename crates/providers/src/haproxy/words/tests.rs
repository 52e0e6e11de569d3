//! The table of words, with what an HAProxy 2.6 printed.

use super::*;
use muster_model::{Ids, Key};

fn owner() -> OwnerKey {
    OwnerKey {
        group: GroupId::new(Key::from_bits(1)),
        instance: Ids::new(2).next_id(),
    }
}

#[test]
fn names_say_whose_a_server_is_and_nothing_else_does() {
    let name = server_name("muster", &owner(), 80);
    assert!(name.starts_with("muster.asg-00000001.ins-"), "{name}");
    assert!(is_name(&name));
    assert_eq!(owner_of("muster", &name), Some((owner(), 80)));
    for other in [
        "static1".to_owned(),
        "muster".to_owned(),
        "muster.asg-00000001".to_owned(),
        name.replace("muster", "muster2"),
        name.replace("muster.", "muster"),
        name.replace("asg-00000001", "asg-zzzzzzzz"),
        name.replace(".80", ".080"),
        name.replace(".80", ".65536"),
        name.replace("asg", "ASG"),
        format!("{name}.x"),
        format!("x{name}"),
    ] {
        assert_eq!(owner_of("muster", &other), None, "{other}");
    }
}

#[test]
fn addresses_are_written_as_commands_take_them() {
    assert_eq!(endpoint("10.0.0.7", 80).unwrap(), "10.0.0.7:80");
    assert_eq!(endpoint("fd00::7", 80).unwrap(), "[fd00::7]:80");
    for name in ["web.example", "", "10.0.0.7; shutdown", "10.0.0.7 80"] {
        assert_eq!(endpoint(name, 80), None, "{name}");
    }
    for name in ["a b", "a;b", "a\nb", "", "a/b", &"x".repeat(129)] {
        assert!(!is_name(name), "{name}");
    }
}

/// What a server shows: state (operational, administrative, weight) and check.
fn shown(op: u32, admin: u32, weight: u16, check: &str) -> (MemberState, MemberHealth, u16) {
    let name = server_name("muster", &owner(), 80);
    let state = format!(
        "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
         srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state \
         bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr \
         srv_agent_addr srv_agent_port\n\
         3 web 1 static1 127.0.0.1 0 5 1 1 0 1 0 0 8 0 0 0 - 1 - 0 0 - - 0\n\
         3 web 2 {name} 127.0.0.1 {op} {admin} {weight} 0 1 15 3 2 6 0 0 0 - 18101 - 0 0 - - 0\n\n"
    );
    let stat = format!(
        "# pxname,svname,qcur,scur,check_status,last_chk,\nweb,static1,0,0,,,\nweb,{name},1,2,{check},\"a, b\",\n\n"
    );
    let servers = read_servers(&state, &stat).unwrap();
    assert_eq!(servers.len(), 2);
    assert!(servers[1].is_at("127.0.0.1", 18101));
    assert!(!servers[1].is_at("127.0.0.1", 18102) && !servers[1].is_at("::1", 18101));
    let place = BalancerPlace {
        balancer: "lb-1".to_owned(),
        listener: "lbl-1".to_owned(),
        location: None,
    };
    assert_eq!(servers[0].member("muster", &place), None, "not ours");
    let member = servers[1].member("muster", &place).unwrap();
    assert_eq!((&member.owner, member.target.port), (&owner(), 80));
    assert!(member.target.is_at(&place));
    assert_eq!(member.in_flight, Some(3), "two that it has, one that waits");
    (member.state, member.health, member.weight)
}

#[test]
fn states_and_health_are_what_haproxy_says_and_unknown_stays_unknown() {
    use MemberHealth::{Healthy, Unhealthy, Unknown};
    use MemberState::{Active, Draining};
    let table = [
        // Operational state, administrative state, check: state, health.
        ((2, 0, "L7OK"), (Active, Healthy)),
        ((2, 0, "L4OK"), (Active, Healthy)),
        ((2, 0, "L6OK"), (Active, Healthy)),
        ((2, 0, "* L7OK"), (Active, Healthy)),
        ((1, 0, "L7OK"), (Active, Healthy)),
        ((3, 0, "L7OKC"), (Active, Healthy)),
        ((2, 0, "L4CON"), (Active, Healthy)), // One bad check is not yet down.
        ((0, 0, "L4CON"), (Active, Unhealthy)),
        ((0, 0, "* L4TOUT"), (Active, Unhealthy)),
        ((0, 0, "L6RSP"), (Active, Unhealthy)),
        ((0, 0, "L7STS"), (Active, Unhealthy)),
        ((0, 0, "L7TOUT"), (Active, Unhealthy)),
        ((0, 0, "L7OK"), (Active, Unhealthy)), // Rising.
        ((0, 0, "INI"), (Active, Unknown)),
        ((2, 0, "INI"), (Active, Unknown)),
        ((2, 0, ""), (Active, Unknown)),
        ((0, 0, "UNK"), (Active, Unknown)),
        ((0, 0, "SOCKERR"), (Active, Unknown)),
        ((0, 0, "PROCERR"), (Active, Unknown)),
        ((9, 0, "L7OK"), (Active, Unknown)),
        ((2, 8, "L7OK"), (Draining, Healthy)),
        ((0, 8, "L4CON"), (Draining, Unhealthy)),
        ((2, 16, "L7OK"), (Draining, Healthy)),
        ((0, 1, "L7OK"), (Draining, Unknown)),
        ((0, 5, ""), (Draining, Unknown)),
        ((0, 9, "L4CON"), (Draining, Unknown)),
        ((0, 32, "L4CON"), (Draining, Unknown)),
    ];
    for ((op, admin, check), (state, health)) in table {
        let case = format!("op {op}, admin {admin}, check {check:?}");
        assert_eq!(shown(op, admin, 10, check), (state, health, 10), "{case}");
    }
    for weight in [0, 1, 100, 256] {
        assert_eq!(shown(2, 0, weight, "L7OK"), (Active, Healthy, weight));
    }
}

#[test]
fn what_is_not_understood_is_an_error_and_no_shorter_list() {
    let stat = "# svname,check_status,scur,qcur\n";
    let head = "# srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port";
    let good = format!("1\n{head}\na 127.0.0.1 2 0 1 80\n");
    assert_eq!(read_servers(&good, stat).unwrap().len(), 1);
    for state in [
        String::new(),
        "Permission denied\n".to_owned(),
        good.replacen('1', "2", 1),
        format!("1\n{head}\na 127.0.0.1 2 0\n"),
        format!("1\n{head}\na 127.0.0.1 2 0 x 80\n"),
        format!("1\n{head}\na 127.0.0.1 2 0 70000 80\n"),
        good.replace("srv_uweight", "weight"),
    ] {
        read_servers(&state, stat).unwrap_err();
    }
    read_servers(&good, "Permission denied\n").unwrap_err();
    read_servers(&good, "# svname,check_status,scur,qcur\nx,L7OK,1\n").unwrap_err();
}
