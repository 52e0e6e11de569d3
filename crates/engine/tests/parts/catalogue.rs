//! What is asked for against the catalogue, as tables.

use std::sync::Arc;

use super::common::{Table, spec};
use muster_engine::{
    Context, Facts, Settings, abnormal, create_config, create_group, judged_config, modify_config,
};
use muster_model::{
    Account, AccountId, Architecture, Balancer, BalancerChange, Catalogue, ConfigPatch, ConfigSpec,
    Created, DataDisk, Door, Error, GroupCommand, GroupPatch, GroupSpec, Ids, ImageStatus, Key,
    LaunchConfiguration, Listed, ListedBalancer, ListedImage, ListedSubnet, ListedType, ListedZone,
    Misfit, Network, Records, Site, SystemDisk, TypesCheck, ZonesCheck,
};

/// Zones z1, z2, and z3 where nothing can be put; s1, s2, s3 in them; types A everywhere, B in z2, C sold out.
pub(crate) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue {
        strict: true,
        vpcs: ["vpc-1".to_owned()].into(),
        ..Catalogue::default()
    };
    let image = ListedImage::default();
    catalogue.images.insert("img-1".to_owned(), image);
    for (name, sold_out, zones) in [("A", false, ""), ("B", false, "z2"), ("C", true, "")] {
        let zones = zones.split_whitespace().map(str::to_owned).collect();
        let listed = ListedType {
            sold_out,
            zones,
            ..ListedType::default()
        };
        catalogue.types.insert(name.to_owned(), listed);
    }
    for number in 1..=3 {
        let zone = ListedZone {
            unavailable: number == 3,
            ..ListedZone::default()
        };
        catalogue.zones.insert(format!("z{number}"), zone);
        let subnet = ListedSubnet {
            zone: format!("z{number}"),
            vpc: "vpc-1".to_owned(),
            ..ListedSubnet::default()
        };
        catalogue.subnets.insert(format!("s{number}"), subnet);
    }
    let balancer = ListedBalancer::default();
    catalogue.balancers.insert("lb-1".to_owned(), balancer);
    catalogue
}

pub(crate) fn settings(catalogue: Catalogue) -> Settings {
    Settings {
        catalogue,
        ..Settings::default()
    }
}

fn account() -> Account {
    Account {
        id: AccountId::new(Key::from_bits(1)),
        name: "test".to_owned(),
        version: 1,
        created_at: muster_model::Time(0),
    }
}

pub(crate) fn with<T>(
    settings: &Settings,
    facts: &Facts,
    f: impl FnOnce(&mut Context<'_>) -> T,
) -> T {
    let mut ids = Ids::new(1);
    f(&mut Context {
        now: muster_model::Time(0),
        ids: &mut ids,
        settings,
        facts,
    })
}

fn types(names: &str) -> Vec<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

pub(crate) fn config(names: &str, check: TypesCheck) -> ConfigSpec {
    ConfigSpec {
        name: "conf".to_owned(),
        image: Some("img-1".to_owned()),
        instance_types: types(names),
        types_check: check,
        ..ConfigSpec::default()
    }
}

pub(crate) fn made(catalogue: Catalogue, spec: &ConfigSpec) -> Result<LaunchConfiguration, Error> {
    with(&settings(catalogue), &Facts::default(), |context| {
        create_config(&account(), Door::Tencent3, &Site::default(), spec, context)
    })
}

pub(crate) fn unlisted(kind: Listed, id: &str) -> Error {
    Error::Unlisted {
        kind,
        id: id.to_owned(),
    }
}

pub(crate) fn misfit(misfit: Misfit, id: &str) -> Error {
    Error::Misfit {
        id: id.to_owned(),
        misfit,
    }
}

#[test]
fn instance_types_exist_and_enough_are_to_be_had() {
    let sold_out = || Some(misfit(Misfit::TypeSoldOut, "C"));
    for (names, check, refused) in [
        ("A", TypesCheck::Any, None),
        ("A C", TypesCheck::Any, None),
        ("C A", TypesCheck::Any, None),
        ("C", TypesCheck::Any, sold_out()),
        ("A B", TypesCheck::All, None),
        ("A C", TypesCheck::All, sold_out()),
        (
            "A X",
            TypesCheck::Any,
            Some(unlisted(Listed::InstanceType, "X")),
        ),
        (
            "C X",
            TypesCheck::All,
            Some(unlisted(Listed::InstanceType, "X")),
        ),
    ] {
        let answer = made(catalogue(), &config(names, check));
        assert_eq!(answer.err(), refused, "{names} {check:?}");
        let loose = Catalogue {
            strict: false,
            ..catalogue()
        };
        made(loose, &config(names, check)).unwrap();
    }
}

#[test]
fn the_parts_of_a_configuration_go_together() {
    type Change = fn(&mut Catalogue);
    fn image(catalogue: &mut Catalogue) -> &mut ListedImage {
        catalogue.images.get_mut("img-1").unwrap()
    }
    fn of_types(catalogue: &mut Catalogue) -> &mut ListedType {
        catalogue.types.get_mut("A").unwrap()
    }
    let with_disks = ConfigSpec {
        system_disk: Some(SystemDisk {
            disk_type: Some("SATA".to_owned()),
            size_gb: Some(40),
            ..SystemDisk::default()
        }),
        data_disks: vec![DataDisk {
            disk_type: Some("SSD".to_owned()),
            ..DataDisk::default()
        }],
        ..config("B A", TypesCheck::Any)
    };
    let rows: [(Change, Option<Error>); 17] = [
        (|_| {}, None),
        (
            |all| image(all).status = ImageStatus::Queued,
            Some(misfit(Misfit::ImageQueued, "img-1")),
        ),
        (
            |all| image(all).status = ImageStatus::Killed,
            Some(misfit(Misfit::ImageKilled, "img-1")),
        ),
        (|all| image(all).min_disk_gb = 40, None),
        (
            |all| image(all).min_disk_gb = 41,
            Some(misfit(Misfit::SystemDiskTooSmall, "40")),
        ),
        (
            |all| image(all).types = ["A", "B"].map(str::to_owned).into(),
            None,
        ),
        (
            |all| image(all).types = ["B".to_owned()].into(),
            Some(misfit(Misfit::TypeNotOfImage, "A")),
        ),
        (
            |all| image(all).architecture = Architecture::Arm,
            Some(misfit(Misfit::TypeOfOtherArchitecture, "B")),
        ),
        (
            |all| of_types(all).architecture = Architecture::Arm,
            Some(misfit(Misfit::TypeOfOtherArchitecture, "A")),
        ),
        (|all| image(all).is_32_bit = true, None),
        (|all| of_types(all).memory_gb = Some(4), None),
        (
            |all| {
                image(all).is_32_bit = true;
                of_types(all).memory_gb = Some(3);
            },
            None,
        ),
        (
            |all| {
                image(all).is_32_bit = true;
                of_types(all).memory_gb = Some(4);
            },
            Some(misfit(Misfit::TypeAbove32Bits, "A")),
        ),
        (
            |all| of_types(all).disk_types = ["SATA", "SSD"].map(str::to_owned).into(),
            None,
        ),
        (
            |all| of_types(all).disk_types = ["SSD".to_owned()].into(),
            Some(misfit(Misfit::DiskTypeNotOfType, "SATA")),
        ),
        (
            |all| of_types(all).disk_types = ["SATA".to_owned()].into(),
            Some(misfit(Misfit::DiskTypeNotOfType, "SSD")),
        ),
        (|all| image(all).zones = ["z1".to_owned()].into(), None),
    ];
    for (at, (change, refused)) in rows.into_iter().enumerate() {
        let mut all = catalogue();
        change(&mut all);
        assert_eq!(made(all.clone(), &with_disks).err(), refused, "row {at}");
        all.strict = false;
        made(all, &with_disks).unwrap();
    }
}

#[test]
fn every_zone_of_a_group_has_the_image_and_one_that_is_no_longer_usable_makes_abnormal() {
    let mut all = catalogue();
    let image = all.images.get_mut("img-1").unwrap();
    image.zones = ["z1".to_owned()].into();
    let lacks = Some(misfit(Misfit::ImageNotInZone, "z2"));
    for (subnets, zones, refused) in [
        ("s1", "", None),
        ("", "z1", None),
        ("s1 s2", "", lacks.clone()),
        ("s1", "z2", lacks),
    ] {
        let answer = refusal(all.clone(), "A", &group(subnets, zones, ZonesCheck::Any));
        assert_eq!(answer, refused, "{subnets} {zones}");
    }
    let config = Arc::new(made(all.clone(), &config("A", TypesCheck::Any)).unwrap());
    all.images.get_mut("img-1").unwrap().status = ImageStatus::Killed;
    let judged = judged_config(&all, &config);
    assert_eq!(judged.status, muster_model::ConfigStatus::ImageAbnormal);
}

pub(crate) fn group(subnets: &str, zones: &str, check: ZonesCheck) -> GroupSpec {
    GroupSpec {
        network: Network {
            vpc: match subnets {
                "" => String::new(),
                _ => "vpc-1".to_owned(),
            },
            subnets: types(subnets),
            zones: types(zones),
            ..Network::default()
        },
        zones_check: check,
        ..spec(0, 0, 1)
    }
}

fn refusal(catalogue: Catalogue, instance_types: &str, group: &GroupSpec) -> Option<Error> {
    refusal_of(
        catalogue,
        &config(instance_types, TypesCheck::Any),
        Vec::new(),
        group,
    )
}

/// What a group of such a configuration is refused with, if it is; `records`: what accounts made.
pub(crate) fn refusal_of(
    catalogue: Catalogue,
    config: &ConfigSpec,
    records: Vec<Arc<Records>>,
    group: &GroupSpec,
) -> Option<Error> {
    let config = made(catalogue.clone(), config).unwrap();
    let group = GroupSpec {
        config: Some(config.id),
        ..group.clone()
    };
    let facts = Facts {
        config: Some(Arc::new(config)),
        records,
        ..Facts::default()
    };
    with(&settings(catalogue), &facts, |context| {
        create_group(
            &account(),
            Door::Tencent3,
            &Site::default(),
            &group,
            context,
        )
    })
    .err()
}

#[test]
fn places_exist_and_enough_are_usable() {
    use ZonesCheck::{All, Any};
    let subnet = |id| Some(misfit(Misfit::SubnetUnavailable, id));
    let zone = |id| Some(misfit(Misfit::ZoneUnavailable, id));
    for (subnets, zones, check, types, refused) in [
        ("s1", "", Any, "A", None),
        ("s1 s3", "", Any, "A", None),
        ("s1 s3", "", All, "A", subnet("s3")),
        ("s3", "", Any, "A", subnet("s3")),
        ("s1 s2", "", All, "A", None),
        ("s1", "", Any, "B", subnet("s1")),
        ("s1 s2", "", Any, "B", None),
        ("s1 s2", "", All, "B", subnet("s1")),
        ("s1 s2", "", All, "B A", None),
        ("s1 sX", "", Any, "A", Some(unlisted(Listed::Subnet, "sX"))),
        ("", "z1 z3", Any, "A", None),
        ("", "z1 z3", All, "A", zone("z3")),
        ("", "z3", Any, "A", zone("z3")),
        ("", "z1", Any, "B", zone("z1")),
        ("", "z1 zX", Any, "A", Some(unlisted(Listed::Zone, "zX"))),
        ("s1", "z3", Any, "A", zone("z3")),
    ] {
        let answer = refusal(catalogue(), types, &group(subnets, zones, check));
        assert_eq!(answer, refused, "{subnets} {zones} {check:?} {types}");
    }
}

#[test]
fn what_does_not_exist_comes_before_what_does_not_fit() {
    let mut catalogue = catalogue();
    let other = ListedSubnet {
        zone: "z1".to_owned(),
        vpc: "vpc-2".to_owned(),
        ..ListedSubnet::default()
    };
    catalogue.subnets.insert("s4".to_owned(), other);
    let of_other = group("s4", "", ZonesCheck::Any);
    assert_eq!(
        refusal(catalogue.clone(), "A", &of_other),
        Some(misfit(Misfit::SubnetOfOtherVpc, "s4"))
    );
    let classic = Balancer::Classic {
        balancer: "lb-X".to_owned(),
    };
    let both = GroupSpec {
        balancers: vec![classic],
        ..of_other
    };
    assert_eq!(
        refusal(catalogue, "A", &both),
        Some(unlisted(Listed::ClassicBalancer, "lb-X"))
    );
}

#[test]
fn a_change_looks_at_what_it_changes() {
    let old = made(catalogue(), &config("A", TypesCheck::Any)).unwrap();
    let mut gone = catalogue();
    gone.images.clear();
    let changed = |patch: ConfigPatch| {
        with(&settings(gone.clone()), &Facts::default(), |context| {
            modify_config(&old, &patch, context)
        })
        .err()
    };
    let renamed = ConfigPatch {
        name: Some("other".to_owned()),
        ..ConfigPatch::default()
    };
    assert_eq!(changed(renamed), None);
    let image = ConfigPatch {
        image: Some("img-2".to_owned()),
        ..ConfigPatch::default()
    };
    assert_eq!(changed(image), Some(unlisted(Listed::Image, "img-2")));

    let mut t = Table::new(spec(0, 0, 1));
    t.settings = settings(catalogue());
    t.settings.catalogue.subnets.clear();
    let modify = |patch| GroupCommand::Modify(Box::new(patch));
    let larger = GroupPatch {
        max: Some(2),
        ..GroupPatch::default()
    };
    t.command(modify(larger)).unwrap();
    let moved = GroupPatch {
        subnets: Some(types("s2")),
        ..GroupPatch::default()
    };
    let refused = t.command(modify(moved)).unwrap_err();
    assert_eq!(refused, unlisted(Listed::Subnet, "s2"));
}

#[test]
fn what_has_gone_makes_abnormal_and_can_be_taken_off() {
    let classic = Balancer::Classic {
        balancer: "lb-1".to_owned(),
    };
    let mut t = Table::new(GroupSpec {
        balancers: vec![classic.clone()],
        ..spec(0, 0, 1)
    });
    let config = Arc::new(made(catalogue(), &config("A", TypesCheck::Any)).unwrap());
    assert!(Arc::ptr_eq(&config, &judged_config(&catalogue(), &config)));
    assert_eq!(abnormal(&catalogue(), &t.view.group), None);
    let mut gone = catalogue();
    gone.images.clear();
    gone.balancers.clear();
    let judged = judged_config(&gone, &config);
    assert_eq!(judged.status, muster_model::ConfigStatus::ImageAbnormal);
    let why = abnormal(&gone, &t.view.group);
    assert_eq!(why, Some(muster_model::Abnormal::Balancer));
    t.settings = settings(gone);
    let desired = GroupCommand::SetDesired {
        desired: 1,
        min: None,
        max: None,
    };
    assert_eq!(t.command(desired.clone()), Err(Error::Abnormal));
    let change = |change| GroupCommand::Balancers(change);
    let again = change(BalancerChange::Replace {
        door: Door::Tencent3,
        balancers: vec![classic.clone()],
        check_all: true,
    });
    assert_eq!(
        t.command(again),
        Err(unlisted(Listed::ClassicBalancer, "lb-1"))
    );
    t.command(change(BalancerChange::Detach(vec![classic])))
        .unwrap();
    t.settle();
    t.settings.catalogue.images = catalogue().images;
    assert_eq!(t.command(desired), Ok(Created::Nothing));
    t.settle();
    t.say("what had gone is off, and the group works again");
    insta::assert_snapshot!(t.text);
    t.settings.catalogue.strict = false;
    assert_eq!(abnormal(&t.settings.catalogue, &t.view.group), None);
}

#[test]
fn the_zone_of_a_subnet_is_that_of_the_catalogue() {
    for (zones, known, expected) in [
        ("", true, "z1"),
        ("z9", true, "z1"),
        ("z9", false, "z9"),
        ("", false, ""),
    ] {
        let mut t = Table::new(GroupSpec {
            network: Network {
                zones: types(zones),
                ..spec(0, 0, 1).network
            },
            ..spec(0, 0, 1)
        });
        t.settings = settings(catalogue());
        t.settings.catalogue.strict = false;
        if !known {
            t.settings.catalogue.subnets.clear();
        }
        let desired = GroupCommand::SetDesired {
            desired: 1,
            min: None,
            max: None,
        };
        t.command(desired).unwrap();
        t.settle();
        let zone = &t.view.instances[&t.newest()].placement.zone;
        assert_eq!(zone, expected, "{zones} {known}");
    }
}

#[test]
fn machines_are_put_only_where_the_catalogue_has_them() {
    let desired = |desired| GroupCommand::SetDesired {
        desired,
        min: None,
        max: None,
    };
    let mut t = Table::new(GroupSpec {
        network: Network {
            subnets: types("s3 s1"),
            ..spec(0, 0, 3).network
        },
        ..spec(0, 0, 3)
    });
    t.settings = settings(catalogue());
    t.command(desired(1)).unwrap();
    t.settle();
    t.say("not in s3, whose zone is not available");
    t.settings.catalogue.images.clear();
    t.command(desired(2)).unwrap();
    t.settle();
    t.say("the image has gone");
    t.settings = settings(catalogue());
    t.settings.catalogue.types.remove("A");
    t.command(desired(3)).unwrap();
    t.settle();
    t.say("the instance type has gone");
    t.settings = settings(catalogue());
    t.command(desired(2)).unwrap();
    t.settle();
    t.say("all is there again");
    insta::assert_snapshot!(t.text);
}
