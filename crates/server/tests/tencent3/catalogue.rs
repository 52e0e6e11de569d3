//! The catalogue of the scripts.

use muster_model::{
    Catalogue, ListedBalancer, ListedImage, ListedListener, ListedSubnet, ListedTopic, ListedType,
    ListedZone, Site,
};

fn elsewhere() -> Option<Site> {
    Some(Site("elsewhere".to_owned()))
}

fn places(catalogue: &mut Catalogue) {
    for (id, unavailable, site) in [
        ("ap-guangzhou-3", false, None),
        ("ap-guangzhou-4", false, None),
        ("ap-guangzhou-6", true, None),
        ("ap-shanghai-2", false, elsewhere()),
    ] {
        let zone = ListedZone {
            unavailable,
            site,
            ..ListedZone::default()
        };
        catalogue.zones.insert(id.to_owned(), zone);
    }
    for (id, zone, vpc, cluster) in [
        ("subnet-1a2b3c4d", "ap-guangzhou-3", "vpc-1a2b3c4d", None),
        ("subnet-2a2b3c4d", "ap-guangzhou-4", "vpc-1a2b3c4d", None),
        ("subnet-3a2b3c4d", "ap-guangzhou-6", "vpc-1a2b3c4d", None),
        ("subnet-4a2b3c4d", "ap-guangzhou-3", "vpc-2a2b3c4d", None),
        (
            "subnet-5a2b3c4d",
            "ap-guangzhou-3",
            "vpc-1a2b3c4d",
            Some("cluster-1a2b3c4d".to_owned()),
        ),
    ] {
        let subnet = ListedSubnet {
            zone: zone.to_owned(),
            vpc: vpc.to_owned(),
            dedicated_cluster: cluster,
            unavailable: false,
        };
        catalogue.vpcs.insert(vpc.to_owned());
        catalogue.subnets.insert(id.to_owned(), subnet);
    }
}

fn balancers(catalogue: &mut Catalogue) {
    let some = |text: &str| Some(text.to_owned());
    let listener = |locations: &[&str], to_target_group| ListedListener {
        locations: locations.iter().map(|id| (*id).to_owned()).collect(),
        to_target_group,
    };
    let mut put = |id: &str, balancer: ListedBalancer, listeners: &[(&str, ListedListener)]| {
        let listeners = listeners.iter().cloned();
        let listeners = listeners.map(|(id, one)| (id.to_owned(), one)).collect();
        let balancer = ListedBalancer {
            listeners,
            ..balancer
        };
        catalogue.balancers.insert(id.to_owned(), balancer);
    };
    let own = ListedBalancer {
        vpc: some("vpc-1a2b3c4d"),
        region: some("ap-guangzhou"),
        ..ListedBalancer::default()
    };
    let listeners = [
        ("lbl-1a2b3c4d", listener(&["loc-1a2b3c4d"], false)),
        ("lbl-2a2b3c4d", listener(&[], true)),
    ];
    put("lb-1a2b3c4d", own.clone(), &listeners);
    let other_vpc = ListedBalancer {
        vpc: some("vpc-2a2b3c4d"),
        ..own.clone()
    };
    let one = |id| [(id, listener(&[], false))];
    put("lb-2a2b3c4d", other_vpc, &one("lbl-3a2b3c4d"));
    let other_project = ListedBalancer {
        project: Some(1000),
        ..own
    };
    put("lb-3a2b3c4d", other_project, &one("lbl-4a2b3c4d"));
    let other_region = ListedBalancer {
        region: some("ap-shanghai"),
        site: elsewhere(),
        ..ListedBalancer::default()
    };
    put("lb-4a2b3c4d", other_region, &one("lbl-5a2b3c4d"));
}

fn strict() -> Catalogue {
    let set = |id: &str| [id.to_owned()].into();
    let mut catalogue = Catalogue {
        strict: true,
        security_groups: set("sg-1a2b3c4d"),
        keys: set("skey-1a2b3c4d"),
        projects: [1000].into(),
        snapshots: set("snap-1a2b3c4d"),
        bandwidth_packages: set("bwp-1a2b3c4d"),
        disaster_recover_groups: set("ps-1a2b3c4d"),
        dedicated_clusters: set("cluster-1a2b3c4d"),
        user_groups: set("1678"),
        queues: set("here"),
        commands: set("cmd-1a2b3c4d"),
        ..Catalogue::default()
    };
    let debian = ListedImage {
        family: Some("debian".to_owned()),
        fixed_host_name: false,
        ..ListedImage::default()
    };
    let fixed = ListedImage {
        family: None,
        fixed_host_name: true,
        ..ListedImage::default()
    };
    catalogue.images.insert("img-8toqc6s3".to_owned(), debian);
    catalogue.images.insert("img-9toqc6s3".to_owned(), fixed);
    for (name, sold_out, zones) in [
        ("S5.SMALL1", false, vec![]),
        ("S5.SMALL2", true, vec![]),
        ("S5.MEDIUM4", false, vec!["ap-guangzhou-4"]),
    ] {
        let listed = ListedType {
            sold_out,
            zones: zones.into_iter().map(str::to_owned).collect(),
            cores: None,
            ..ListedType::default()
        };
        catalogue.types.insert(name.to_owned(), listed);
    }
    for (name, without_subscriber) in [("heard", false), ("unheard", true)] {
        let topic = ListedTopic { without_subscriber };
        catalogue.topics.insert(name.to_owned(), topic);
    }
    places(&mut catalogue);
    balancers(&mut catalogue);
    catalogue
}

/// The catalogue that a line of a script asks for.
pub(crate) fn catalogue(words: &str) -> Catalogue {
    let mut all = strict();
    let gone = match words.split(' ').collect::<Vec<_>>()[..] {
        ["strict"] => true,
        ["loose"] => {
            all.strict = false;
            true
        }
        ["without", "image", id] => all.images.remove(id).is_some(),
        ["without", "security-group", id] => all.security_groups.remove(id),
        ["without", "snapshot", id] => all.snapshots.remove(id),
        ["without", "bandwidth-package", id] => all.bandwidth_packages.remove(id),
        ["without", "vpc", id] => all.vpcs.remove(id),
        ["without", "subnet", id] => all.subnets.remove(id).is_some(),
        ["without", "balancer", id] => all.balancers.remove(id).is_some(),
        ["without", "listener", id] => {
            let mut balancers = all.balancers.values_mut();
            balancers.any(|one| one.listeners.remove(id).is_some())
        }
        ["without", "location", id] => {
            let balancers = all.balancers.values_mut();
            let mut listeners = balancers.flat_map(|one| one.listeners.values_mut());
            listeners.any(|one| one.locations.remove(id))
        }
        _ => false,
    };
    assert!(gone, "catalogue {words}");
    all
}
