//! Disks, storages and zones against the catalogue: of configurations, of the groups that use them, and of machines outside groups.

use std::sync::Arc;

use super::catalogue::{
    catalogue, config, group, made, misfit, refusal_of, settings, unlisted, with,
};
use super::common::{Table, spec};
use muster_engine::{Facts, check_server, judged_config, modify_config};
use muster_model::{
    Catalogue, ConfigPatch, ConfigSpec, ConfigStatus, DataDisk, Error, GroupCommand, ImageStatus,
    InstanceId, Kept, Key, Listed, ListedDataImage, ListedStorage, Misfit, ServerSpec, ServerState,
    SystemDisk, TypesCheck, ZonesCheck,
};

/// Image d-1 of data disks, storages t-1 and t-2 in z1 and t-3 in z2, backups b-1 to b-3.
fn with_disks() -> Catalogue {
    let mut all = catalogue();
    let image = ListedDataImage {
        min_disk_gb: 20,
        ..ListedDataImage::default()
    };
    all.data_images.insert("d-1".to_owned(), image);
    for (id, zone) in [("t-1", "z1"), ("t-2", "z1"), ("t-3", "z2")] {
        let storage = ListedStorage {
            zone: zone.to_owned(),
            ..ListedStorage::default()
        };
        all.storages.insert(id.to_owned(), storage);
    }
    all.snapshots = ["b-1", "b-2", "b-3"].map(str::to_owned).into();
    all
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A system disk of 40 GB and data disks of 20 GB, each as `backup image storage`, `-` for none.
fn disks(system: &str, data: &[&str]) -> ConfigSpec {
    fn parts(text: &str) -> [Option<String>; 3] {
        let mut words = text
            .split(' ')
            .map(|word| some(word).filter(|word| word != "-"));
        [(); 3].map(|()| words.next().flatten())
    }
    let [snapshot, _, storage] = parts(system);
    let data = data.iter().map(|text| {
        let [snapshot, image, storage] = parts(text);
        DataDisk {
            disk_type: some("SSD"),
            size_gb: Some(20),
            snapshot,
            image,
            storage,
            ..DataDisk::default()
        }
    });
    ConfigSpec {
        system_disk: Some(SystemDisk {
            disk_type: some("SATA"),
            size_gb: Some(40),
            snapshot,
            storage,
            ..SystemDisk::default()
        }),
        data_disks: data.collect(),
        ..config("A", TypesCheck::Any)
    }
}

#[test]
fn disks_are_there_and_fit() {
    type Change = fn(&mut Catalogue);
    fn storage(all: &mut Catalogue) -> &mut ListedStorage {
        all.storages.get_mut("t-1").unwrap()
    }
    fn backups(all: &mut Catalogue, ids: &[&str]) {
        let image = all.images.get_mut("img-1").unwrap();
        image.backups = ids.iter().map(|id| (*id).to_owned()).collect();
    }
    let nothing: Change = |_| {};
    let rows: [(ConfigSpec, Change, Option<Error>); 22] = [
        (disks("-", &["- d-1 -"]), nothing, None),
        (
            disks("-", &["- d-2 -"]),
            nothing,
            Some(unlisted(Listed::DataImage, "d-2")),
        ),
        (
            disks("-", &["- d-1 -"]),
            |all| all.data_images.get_mut("d-1").unwrap().status = ImageStatus::Queued,
            Some(misfit(Misfit::DataImageUnusable, "d-1")),
        ),
        (
            disks("-", &["- d-1 -"]),
            |all| all.data_images.get_mut("d-1").unwrap().min_disk_gb = 21,
            Some(misfit(Misfit::DataDiskTooSmall, "20")),
        ),
        (disks("- - t-1", &["- - t-2"]), nothing, None),
        (
            disks("- - t-9", &[]),
            nothing,
            Some(unlisted(Listed::Storage, "t-9")),
        ),
        (
            disks("- - t-1", &[]),
            |all| storage(all).unavailable = true,
            Some(misfit(Misfit::StorageUnavailable, "t-1")),
        ),
        (
            disks("- - t-1", &["- - t-1"]),
            |all| storage(all).disk_types = ["SATA".to_owned()].into(),
            Some(misfit(Misfit::DiskTypeNotOfStorage, "SSD")),
        ),
        (
            disks("- - t-1", &["- - t-3"]),
            nothing,
            Some(misfit(Misfit::StoragesApart, "t-3")),
        ),
        (
            disks("- - t-1", &["- - t-1", "- - t-1"]),
            |all| storage(all).capacity_gb = Some(80),
            None,
        ),
        (
            disks("- - t-1", &["- - t-1", "- - t-1"]),
            |all| storage(all).capacity_gb = Some(79),
            Some(misfit(Misfit::StorageTooSmall, "t-1")),
        ),
        (
            disks("b-1", &["b-2 - -"]),
            |all| backups(all, &["b-1", "b-2"]),
            None,
        ),
        // Without an image of a whole server a disk is restored from whatever there is.
        (disks("-", &["b-2 - -"]), nothing, None),
        (
            disks("b-4", &[]),
            nothing,
            Some(unlisted(Listed::Snapshot, "b-4")),
        ),
        (
            disks("-", &["b-2 - -"]),
            |all| backups(all, &["b-1", "b-2"]),
            Some(misfit(Misfit::DisksNotOfImage, "img-1")),
        ),
        (
            disks("b-1", &["b-3 - -"]),
            |all| backups(all, &["b-1", "b-2"]),
            Some(misfit(Misfit::BackupNotOfImage, "b-3")),
        ),
        (
            disks("b-1", &["b-1 - -"]),
            |all| backups(all, &["b-1", "b-2"]),
            Some(misfit(Misfit::BackupNotOfImage, "b-1")),
        ),
        (
            disks("-", &[]),
            |all| all.images.get_mut("img-1").unwrap().zones = ["z1".to_owned()].into(),
            None,
        ),
        (
            ConfigSpec {
                instance_types: vec!["B".to_owned()],
                ..disks("-", &[])
            },
            |all| all.images.get_mut("img-1").unwrap().zones = ["z1".to_owned()].into(),
            Some(misfit(Misfit::PartsApart, "img-1")),
        ),
        (
            disks("- - t-3", &[]),
            |all| all.images.get_mut("img-1").unwrap().zones = ["z1".to_owned()].into(),
            Some(misfit(Misfit::PartsApart, "img-1")),
        ),
        (
            ConfigSpec {
                instance_types: vec!["B".to_owned()],
                ..disks("- - t-1", &[])
            },
            nothing,
            Some(misfit(Misfit::PartsApart, "img-1")),
        ),
        (
            ConfigSpec {
                instance_types: vec!["B".to_owned(), "A".to_owned()],
                ..disks("- - t-1", &[])
            },
            nothing,
            None,
        ),
    ];
    for (at, (spec, change, refused)) in rows.into_iter().enumerate() {
        let mut all = with_disks();
        change(&mut all);
        assert_eq!(made(all.clone(), &spec).err(), refused, "row {at}");
        all.strict = false;
        made(all, &spec).unwrap();
    }
}

#[test]
fn every_zone_of_a_group_has_the_disks() {
    let mut all = with_disks();
    let zone = all.zones.get_mut("z2").unwrap();
    zone.disk_types = ["SATA".to_owned()].into();
    let lacks = |zone| Some(misfit(Misfit::DisksNotInZone, zone));
    for (spec, subnets, refused) in [
        (disks("-", &[]), "s1 s2", None),
        (disks("-", &["- - -"]), "s1", None),
        (disks("-", &["- - -"]), "s1 s2", lacks("z2")),
        (disks("- - t-1", &["- - t-1"]), "s1", None),
        (disks("- - t-1", &[]), "s1 s2", lacks("z2")),
        // What is in a storage is not asked of the zone.
        (disks("- - t-3", &["- - t-3"]), "s2", None),
    ] {
        let group = group(subnets, "", ZonesCheck::Any);
        let answer = refusal_of(all.clone(), &spec, Vec::new(), &group);
        assert_eq!(answer, refused, "{subnets} {spec:?}");
    }
}

#[test]
fn a_configuration_is_changed_only_so_that_its_groups_can_follow() {
    let mut all = with_disks();
    let mut here = all.images["img-1"].clone();
    here.zones = ["z2".to_owned()].into();
    all.images.insert("img-2".to_owned(), here);
    let old = made(all.clone(), &disks("-", &["- d-1 -"])).unwrap();
    let mut user = Table::new(spec(0, 0, 1)).view.group;
    Arc::make_mut(&mut user).spec = group("s1", "", ZonesCheck::Any);
    let facts = Facts {
        users: vec![user],
        ..Facts::default()
    };
    let changed = |patch: &ConfigPatch, facts: &Facts| {
        with(&settings(all.clone()), facts, |context| {
            modify_config(&old, patch, context)
        })
    };
    let image = ConfigPatch {
        image: some("img-2"),
        ..ConfigPatch::default()
    };
    let types = ConfigPatch {
        instance_types: Some(vec!["B".to_owned()]),
        ..ConfigPatch::default()
    };
    let stored = ConfigPatch {
        system_disk: disks("- - t-3", &[]).system_disk,
        ..ConfigPatch::default()
    };
    for (patch, refused) in [
        (&image, misfit(Misfit::ImageNotInZone, "z1")),
        (&types, misfit(Misfit::SubnetUnavailable, "s1")),
        (&stored, misfit(Misfit::DisksNotInZone, "z1")),
    ] {
        assert_eq!(changed(patch, &facts).unwrap_err(), refused);
        changed(patch, &Facts::default()).unwrap();
    }
    // A door that has no words for where disks come from leaves that as it is.
    let written = |snapshot| ConfigPatch {
        system_disk: disks("-", &[]).system_disk,
        data_disks: Some(disks("-", &[snapshot]).data_disks),
        ..ConfigPatch::default()
    };
    let same = changed(&written("-"), &facts).unwrap();
    assert_eq!((same.version, &same.spec), (old.version, &old.spec));
    let other = changed(&written("b-1"), &facts).unwrap();
    assert_eq!(other.spec.data_disks[0].image, None);
}

#[test]
fn what_disks_need_may_go() {
    let all = with_disks();
    let config = |spec: &ConfigSpec| Arc::new(made(all.clone(), spec).unwrap());
    let mut gone = all.clone();
    gone.data_images.clear();
    gone.snapshots.clear();
    for (spec, status) in [
        (disks("-", &["- d-1 -"]), ConfigStatus::ImageAbnormal),
        (disks("b-1", &[]), ConfigStatus::SnapshotAbnormal),
        (disks("- - t-1", &[]), ConfigStatus::Normal),
    ] {
        assert_eq!(judged_config(&gone, &config(&spec)).status, status);
    }
    // No machine goes where its storage is not.
    let mut t = Table::new(group("s1", "", ZonesCheck::Any));
    t.view.config = Some(config(&disks("- - t-1", &[])));
    t.settings = settings(all);
    t.settings.catalogue.storages.clear();
    let desired = GroupCommand::SetDesired {
        desired: 1,
        min: None,
        max: None,
    };
    t.command(desired).unwrap();
    t.settle();
    assert!(t.view.instances.is_empty());
}

#[test]
fn a_machine_outside_groups_is_held_to_the_same() {
    let all = {
        let mut all = with_disks();
        all.images.get_mut("img-1").unwrap().zones = ["z1".to_owned()].into();
        all.images.get_mut("img-1").unwrap().min_disk_gb = 40;
        all.enterprise_projects = ["e-1".to_owned()].into();
        all
    };
    let like = disks("-", &[]);
    let plain = ServerSpec {
        instance: InstanceId::new(Key::from_bits(1)),
        name: "by-hand".to_owned(),
        description: String::new(),
        instance_type: "A".to_owned(),
        image: "img-1".to_owned(),
        vpc: "vpc-1".to_owned(),
        subnets: vec!["s1".to_owned()],
        zone: String::new(),
        security_groups: Vec::new(),
        key_name: None,
        password: None,
        user_data: None,
        system_disk: like.system_disk,
        data_disks: like.data_disks,
        metadata: std::collections::BTreeMap::new(),
        tags: Vec::new(),
        enterprise_project: None,
        kept: Kept::new(),
        state: ServerState::Building,
    };
    type Change = fn(&mut ServerSpec);
    let rows: [(Change, Option<Error>); 14] = [
        (|_| {}, None),
        (|one| one.zone = "z1".to_owned(), None),
        (|one| one.enterprise_project = some("e-1"), None),
        (|one| one.enterprise_project = some("0"), None),
        (
            |one| one.enterprise_project = some("e-2"),
            Some(unlisted(Listed::EnterpriseProject, "e-2")),
        ),
        (
            |one| one.image = "img-9".to_owned(),
            Some(unlisted(Listed::Image, "img-9")),
        ),
        (
            |one| one.instance_type = "X".to_owned(),
            Some(unlisted(Listed::InstanceType, "X")),
        ),
        (
            |one| one.instance_type = "C".to_owned(),
            Some(misfit(Misfit::TypeSoldOut, "C")),
        ),
        (
            |one| one.vpc = "vpc-9".to_owned(),
            Some(unlisted(Listed::Vpc, "vpc-9")),
        ),
        (
            |one| one.subnets = vec!["s9".to_owned()],
            Some(unlisted(Listed::Subnet, "s9")),
        ),
        (
            |one| one.zone = "z9".to_owned(),
            Some(unlisted(Listed::Zone, "z9")),
        ),
        (
            |one| one.zone = "z2".to_owned(),
            Some(misfit(Misfit::ImageNotInZone, "z2")),
        ),
        (
            |one| one.system_disk.as_mut().unwrap().size_gb = Some(39),
            Some(misfit(Misfit::SystemDiskTooSmall, "39")),
        ),
        (
            |one| one.system_disk.as_mut().unwrap().storage = some("t-3"),
            Some(misfit(Misfit::PartsApart, "img-1")),
        ),
    ];
    for (at, (change, refused)) in rows.into_iter().enumerate() {
        let mut server = plain.clone();
        change(&mut server);
        assert_eq!(check_server(&all, &server).err(), refused, "row {at}");
        let loose = Catalogue {
            strict: false,
            ..all.clone()
        };
        check_server(&loose, &server).unwrap();
    }
}
