//! What a question selects, and how it is shown.

use muster_model::{
    Catalogue, ConfigFilter, GroupFilter, GroupItem, GroupView, LaunchConfiguration, Lifecycle,
    Page, Paged, Tag, TagFilter,
};

/// The page of `items`.
pub(crate) fn paged<T>(items: Vec<T>, page: Page) -> Paged<T> {
    let total = items.len();
    Paged {
        total,
        items: items
            .into_iter()
            .skip(page.offset)
            .take(page.limit)
            .collect(),
    }
}

fn tags_match(tags: &[Tag], filter: &TagFilter) -> bool {
    tags.iter().any(|tag| match filter {
        TagFilter::Keys(keys) => keys.contains(&tag.key),
        TagFilter::Values(values) => values.contains(&tag.value),
        TagFilter::Pair { key, values } => tag.key == *key && values.contains(&tag.value),
    })
}

pub(crate) fn group_matches(view: &GroupView, filter: &GroupFilter) -> bool {
    let spec = &view.group.spec;
    match filter {
        GroupFilter::Ids(ids) => ids.contains(&view.group.id),
        GroupFilter::Names(names) => names.contains(&spec.name),
        GroupFilter::NameContains(parts) => {
            parts.iter().any(|part| spec.name.contains(part.as_str()))
        }
        GroupFilter::Configs(ids) => spec.config.is_some_and(|config| ids.contains(&config)),
        GroupFilter::Tags(filter) => tags_match(&spec.tags, filter),
    }
}

pub(crate) fn config_matches(config: &LaunchConfiguration, filter: &ConfigFilter) -> bool {
    match filter {
        ConfigFilter::Ids(ids) => ids.contains(&config.id),
        ConfigFilter::Names(names) => names.contains(&config.spec.name),
        ConfigFilter::NameContains(parts) => parts
            .iter()
            .any(|part| config.spec.name.contains(part.as_str())),
        ConfigFilter::Tags(filter) => tags_match(&config.spec.tags, filter),
    }
}

pub(crate) fn group_item(catalogue: &Catalogue, view: &GroupView) -> GroupItem {
    GroupItem {
        group: muster_engine::judged(catalogue, &view.group),
        config_name: view
            .config
            .as_ref()
            .map(|config| config.spec.name.clone())
            .unwrap_or_default(),
        total: view.instances.len(),
        in_service: view
            .instances
            .values()
            .filter(|i| i.state == Lifecycle::InService)
            .count(),
        busy: view.is_busy(),
    }
}
