//! The requests that the documentation shows: each is understood. What they name does not exist here, and that is what
//! they may be told.

use std::fmt::Write;

use super::facts::Facts;
use super::service::Service;

const CLOCK_SECS: i64 = 1_795_500_000;

#[tokio::test]
async fn every_documented_request_is_understood() {
    let facts = Facts::read();
    let service = Service::start(CLOCK_SECS, false).await;
    let mut golden = String::new();
    for (action, examples) in facts.examples() {
        for (number, example) in examples.iter().enumerate() {
            let response = service.call(&action, example.to_string()).await;
            let said = match response["Error"]["Code"].as_str() {
                None => "answered".to_owned(),
                Some(code) => {
                    let fits =
                        facts.errors(&action).contains(&code) || code == "UnsupportedOperation";
                    assert!(fits, "{action} {example}: {response}");
                    code.to_owned()
                }
            };
            if response.get("Error").is_none() {
                assert_eq!(
                    facts.misshapen(&action, &response),
                    Vec::<String>::new(),
                    "{action}"
                );
            }
            writeln!(golden, "{action} {}: {said}", number + 1).unwrap();
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("examples", golden);
    });
}
