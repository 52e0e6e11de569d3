//! Image Management Service: the images, as a list (spec `facets.ims`). What the catalogue lists, and what is used; a fresh
//! installation shows a few usual ones, because every well-formed id is accepted there.

use std::collections::BTreeSet;

use http::Method;
use muster_kit::action::Action;
use muster_model::{Architecture, ImageStatus, ListedImage};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Beside, Codes, Service, Wrong, route};
use crate::routes::Route;

/// The service.
pub(super) static SERVICE: Service = Service {
    name: "ims",
    routes: ROUTES,
    write,
    codes: Codes {
        malformed: "IMG.0001",
        absent: "IMG.0027",
        conflict: "IMG.0009",
        quota: "IMG.0003",
        denied: "IMG.0004",
        system: "IMG.0088",
    },
};

fn write(wrong: &Wrong, _: &str) -> Value {
    json!({ "error": { "code": wrong.code, "message": wrong.message } })
}

static ROUTES: &[Route<Beside>] = &[route::<ListImages>(Method::GET, "/v2/cloudimages", 200)];

/// Id, name, platform and version of what is shown where no images are listed.
const USUAL: [(&str, &str, &str, &str); 4] = [
    (
        "67f433d8-ed0e-4321-a8a2-a71838539e09",
        "Ubuntu 22.04 server 64bit",
        "Ubuntu",
        "Ubuntu 22.04 server 64bit",
    ),
    (
        "19b40f9d-cc94-4031-bdc6-b8e5d1c5f1f4",
        "Debian 12.0.0 64bit",
        "Debian",
        "Debian 12.0.0 64bit",
    ),
    (
        "1a9a7cf8-4f2b-4a8e-9d8c-6f0b7b8b8a11",
        "Huawei Cloud EulerOS 2.0 standard 64 bit",
        "Huawei Cloud EulerOS",
        "Huawei Cloud EulerOS 2.0 64bit",
    ),
    (
        "3b0a4f0e-6f86-4f4c-8b8c-2c9f4f1f3d22",
        "CentOS 7.9 64bit",
        "CentOS",
        "CentOS 7.9 64bit",
    ),
];

/// Where no moment is known.
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

struct Image {
    id: String,
    name: String,
    platform: String,
    version: String,
    /// Everybody's, or the account's own.
    public: bool,
    /// It is of data disks.
    of_data: bool,
    /// What the catalogue says of it.
    listed: ListedImage,
}

/// The least size of a system disk of an image of which nothing is said.
const USUAL_DISK_GB: u32 = 40;

fn plain(id: &str, name: &str, public: bool) -> Image {
    Image {
        id: id.to_owned(),
        name: name.to_owned(),
        platform: "Other".to_owned(),
        version: "Other Linux(64 bit)".to_owned(),
        public,
        of_data: false,
        listed: ListedImage {
            min_disk_gb: USUAL_DISK_GB,
            ..ListedImage::default()
        },
    }
}

impl Image {
    fn shown(&self, beside: &Beside) -> Value {
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
        let (kind, visibility) = match self.public {
            true => ("gold", "public"),
            false => ("private", "private"),
        };
        let status = match self.listed.status {
            ImageStatus::Active => "active",
            ImageStatus::Queued => "queued",
            ImageStatus::Killed => "killed",
        };
        let bits = if self.listed.is_32_bit { "32" } else { "64" };
        put("id", json!(self.id));
        put("name", json!(self.name));
        put("status", json!(status));
        put("visibility", json!(visibility));
        put("owner", json!(beside.project()));
        put("protected", json!(self.public));
        put("min_disk", json!(self.listed.min_disk_gb));
        put("min_ram", json!(0));
        put("max_ram", json!(""));
        put("tags", json!([]));
        put("file", json!(format!("/v2/images/{}/file", self.id)));
        put("self", json!(format!("/v2/images/{}", self.id)));
        put("schema", json!("/v2/schemas/image"));
        put("container_format", json!("bare"));
        put("disk_format", json!("zvhd2"));
        let environment = match self.of_data {
            true => "DataImage",
            false => "FusionCompute",
        };
        put("virtual_env_type", json!(environment));
        put("created_at", json!(LONG_AGO));
        put("updated_at", json!(LONG_AGO));
        put("active_at", json!(LONG_AGO));
        put("enterprise_project_id", json!("0"));
        put("__imagetype", json!(kind));
        put("__image_source_type", json!("uds"));
        put("__isregistered", json!("true"));
        put("__os_type", json!("Linux"));
        put("__os_bit", json!(bits));
        put("__os_version", json!(self.version));
        put("__platform", json!(self.platform));
        put("__support_kvm", json!("true"));
        // Of the others nothing is said.
        if self.listed.architecture == Architecture::Arm {
            put("__support_arm", json!("true"));
        }
        put("__description", json!(""));
        Value::Object(all)
    }
}

impl Beside {
    async fn images(&self) -> Result<Vec<Image>, Wrong> {
        let catalogue = self.catalogue();
        let listed = catalogue.images.iter();
        let mut images: Vec<Image> = listed
            .map(|(id, image)| Image {
                listed: image.clone(),
                ..plain(id, image.family.as_ref().unwrap_or(id), true)
            })
            .collect();
        let of_data = catalogue.data_images.iter().map(|(id, image)| Image {
            of_data: true,
            listed: ListedImage {
                status: image.status,
                min_disk_gb: image.min_disk_gb,
                ..ListedImage::default()
            },
            ..plain(id, id, true)
        });
        let is_bare = images.is_empty();
        images.extend(of_data);
        if catalogue.strict {
            return Ok(images);
        }
        if is_bare {
            let usual = |(id, name, platform, version): (&str, &str, &str, &str)| Image {
                platform: platform.to_owned(),
                version: version.to_owned(),
                ..plain(id, name, true)
            };
            images.extend(USUAL.map(usual));
        }
        let mut used = BTreeSet::new();
        for view in self.views().await? {
            used.extend(
                view.config
                    .iter()
                    .filter_map(|config| config.spec.image.clone()),
            );
        }
        let records = self.records().await?;
        let servers = records.servers.values();
        used.extend(servers.map(|server| server.spec.image.clone()));
        used.retain(|id| !images.iter().any(|image| image.id == *id));
        images.extend(used.iter().map(|id| plain(id, id, false)));
        Ok(images)
    }
}

/// Words that a list may ask by.
const WORDS: [(&str, &[&str]); 6] = [
    ("__imagetype", &["gold", "private", "shared", "market"]),
    ("__os_type", &["Linux", "Windows", "Other"]),
    ("visibility", &["public", "private", "shared"]),
    (
        "status",
        &["queued", "saving", "deleted", "killed", "active"],
    ),
    ("sort_dir", &["asc", "desc"]),
    ("architecture", &["x86", "arm"]),
];

/// What lists may be sorted by.
const SORTED_BY: &[&str] = &[
    "name",
    "container_format",
    "disk_format",
    "status",
    "id",
    "size",
    "created_at",
];

/// Refuses words that mean nothing.
fn check_words(beside: &Beside) -> Result<(), Wrong> {
    let sorted = [("sort_key", SORTED_BY), ("member_status", MEMBERS)];
    for (name, words) in WORDS.into_iter().chain(sorted) {
        if let Some(text) = beside.asked(name)
            && !words.contains(&text)
        {
            let wanted = format!("one of {} is right", words.join(", "));
            return Err(beside.invalid(name, text, &wanted));
        }
    }
    Ok(())
}

/// How whoever an image is shared with takes it.
const MEMBERS: &[&str] = &["accepted", "rejected", "pending"];

/// A bound of a moment: `gt:2018-10-28T10:00:00Z`.
struct Bound {
    name: &'static str,
    compares: &'static str,
    at: i64,
}

impl Bound {
    fn of(beside: &Beside, name: &'static str) -> Result<Option<Bound>, Wrong> {
        let Some(text) = beside.asked(name) else {
            return Ok(None);
        };
        let read = text.split_once(':').and_then(|(word, moment)| {
            let mut words = ["gt", "gte", "lt", "lte", "eq", "neq"].into_iter();
            let compares = words.find(|known| *known == word)?;
            let moment = moment.trim_end_matches('Z').replace(' ', "T");
            let at = muster_kit::time::parse(&format!("{moment}Z")).ok()?;
            Some(Bound { name, compares, at })
        });
        let wanted =
            "one of gt, gte, lt, lte, eq, neq and a moment, as gt:2018-10-28T10:00:00Z, is right";
        let read = read.ok_or_else(|| beside.invalid(name, text, wanted))?;
        Ok(Some(read))
    }

    fn holds(&self, image: &Value) -> bool {
        let text = image[self.name].as_str().unwrap_or_default();
        let Ok(at) = muster_kit::time::parse(text) else {
            return false;
        };
        match self.compares {
            "gt" => at > self.at,
            "gte" => at >= self.at,
            "lt" => at < self.at,
            "lte" => at <= self.at,
            "eq" => at == self.at,
            _ => at != self.at,
        }
    }
}

/// What a list asks for by the members of images. Those that are said of no image here find none.
const EXACT: [&str; 27] = [
    "id",
    "name",
    "status",
    "visibility",
    "owner",
    "container_format",
    "disk_format",
    "virtual_env_type",
    "enterprise_project_id",
    "__imagetype",
    "__isregistered",
    "__os_bit",
    "__os_type",
    "__os_version",
    "__platform",
    "__support_diskintensive",
    "__support_highperformance",
    "__support_kvm",
    "__support_kvm_gpu_type",
    "__support_kvm_infiniband",
    "__support_largememory",
    "__support_xen",
    "__support_xen_gpu_type",
    "__support_xen_hana",
    "min_disk",
    "min_ram",
    "protected",
];

/// ListImages. What it asks for stands in the query.
#[derive(Deserialize)]
struct ListImages {}

impl Action<Beside> for ListImages {
    const NAME: &'static str = "ListImages";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        check_words(beside)?;
        beside.number("min_disk", 0, 0, 1_000_000)?;
        beside.number("min_ram", 0, 0, 1_000_000_000)?;
        let times = [
            Bound::of(beside, "created_at")?,
            Bound::of(beside, "updated_at")?,
        ];
        let images = beside.images().await?;
        let shown = images.iter().map(|image| image.shown(beside));
        let shown = shown.filter(|image| {
            let is = |name: &&str| {
                let value = match &image[*name] {
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    other => other.to_string(),
                };
                let any = *name == "enterprise_project_id"
                    && beside.asked(name) == Some("all_granted_eps");
                any || beside.matches(name, &value)
            };
            // No image has tags, and none is shared with others.
            let none = beside.asked("tag").or(beside.asked("member_status"));
            let is_arm = image["__support_arm"] == "true";
            let architecture = beside.asked("architecture");
            none.is_none()
                && EXACT.iter().all(is)
                && architecture.is_none_or(|asked| (asked == "arm") == is_arm)
                && times.iter().flatten().all(|bound| bound.holds(image))
        });
        let mut shown: Vec<Value> = shown.collect();
        if let Some(key) = beside.asked("sort_key") {
            let text = |image: &Value| image[key].to_string();
            shown.sort_by_key(text);
            if beside.asked("sort_dir") != Some("asc") {
                shown.reverse();
            }
        }
        let window = beside.window(500, 1000)?;
        let shown = window.cut(shown, |image| {
            image["id"].as_str().unwrap_or_default().to_owned()
        });
        Ok(json!({ "images": shown }))
    }
}
