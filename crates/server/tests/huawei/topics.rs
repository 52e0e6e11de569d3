//! A tour of SMN: topics, their attributes, who hears them, and what is published.

use serde_json::json;

use crate::tour::{id, masked, tour};

const SMN: &str = "/v2/{p}/notifications";

#[tokio::test]
async fn topics() {
    let mut tour = tour().await;
    let topics = format!("{SMN}/topics");
    let body =
        json!({ "name": "news", "display_name": "What is new", "enterprise_project_id": "0" });
    let made = tour.post(&topics, body.clone()).await;
    let urn = id(&made["topic_urn"]);
    tour.note("the same once more");
    tour.post(&topics, body).await;
    tour.post(&topics, json!({ "name": "other" })).await;
    tour.get(&format!("{topics}?offset=1&limit=1")).await;
    tour.get(&format!("{topics}?fuzzy_name=ew&fuzzy_display_name=What"))
        .await;
    let one = format!("{topics}/{urn}");
    tour.put(&one, json!({ "display_name": "News" })).await;
    tour.get(&one).await;

    let attributes = format!("{one}/attributes");
    tour.get(&attributes).await;
    let body = json!({ "value": "what happens to groups" });
    tour.put(&format!("{attributes}/introduction"), body).await;
    tour.get(&format!("{attributes}?name=introduction")).await;
    tour.delete(&format!("{attributes}/introduction")).await;
    tour.delete(&attributes).await;

    let hearing = format!("{one}/subscriptions");
    let body = json!({
        "protocol": "http", "endpoint": "http://127.0.0.1:9/hear", "remark": "me",
        "extension": { "header": { "x-team": "a" } },
    });
    let made = tour.post(&hearing, body).await;
    let first = id(&made["subscription_urn"]);
    let several = json!([
        { "protocol": "http", "endpoint": "http://127.0.0.1:9/hear" },
        { "protocol": "email", "endpoint": "a@b.example", "remark": "by mail" },
        { "protocol": "sms", "endpoint": "+8613600000000" },
    ]);
    tour.note("several, one of which is there already");
    tour.post(&hearing, json!({ "subscriptions": several }))
        .await;
    tour.get(&format!("{hearing}?fuzzy_remark=me")).await;
    tour.get(&format!("{SMN}/subscriptions?protocol=sms&status=0"))
        .await;
    tour.put(
        &format!("{hearing}/{first}"),
        json!({ "remark": "still me" }),
    )
    .await;
    tour.told().await;

    let publish = format!("{one}/publish");
    let body = json!({ "subject": "hello", "message": "to everybody", "time_to_live": "3600" });
    tour.post(&publish, body).await;
    let parts = json!({ "default": "for all", "sms": "for phones" }).to_string();
    tour.post(
        &publish,
        json!({ "subject": "parts", "message_structure": parts }),
    )
    .await;
    tour.told().await;

    let cancelled = format!("{SMN}/subscriptions/{first}");
    tour.delete(&cancelled).await;
    tour.get(&format!("{hearing}?limit=1")).await;
    tour.told().await;
    tour.delete(&one).await;

    tour.note("what is refused");
    tour.delete(&cancelled).await;
    tour.delete(&one).await;
    tour.get(&one).await;
    tour.post(&publish, json!({ "message": "x" })).await;
    tour.get(&format!("{topics}/urn:smn:nowhere")).await;
    tour.post(&topics, json!({ "name": "a b" })).await;
    tour.post(&topics, json!({})).await;
    tour.get(&format!("{topics}?limit=101")).await;
    let other = urn.replace(":news", ":other");
    let hearing = format!("{topics}/{other}/subscriptions");
    tour.post(&hearing, json!({ "protocol": "pigeon", "endpoint": "x" }))
        .await;
    tour.post(
        &hearing,
        json!({ "protocol": "http", "endpoint": "nowhere" }),
    )
    .await;
    let publish = format!("{topics}/{other}/publish");
    tour.post(&publish, json!({})).await;
    tour.post(&publish, json!({ "message": "x", "time_to_live": "0" }))
        .await;
    tour.post(&publish, json!({ "message_structure": "{}" }))
        .await;
    tour.put(
        &format!("{topics}/{other}/attributes/colour"),
        json!({ "value": "red" }),
    )
    .await;
    assert_eq!(tour.documented.left("smn", "/v2"), Vec::<&str>::new());
    masked().bind(|| insta::assert_snapshot!("topics", tour.golden()));
}
