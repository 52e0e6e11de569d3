//! What a password has to be.

use crate::fault::Fault;

/// Special characters that count in a password (L1309).
const SPECIAL: &str = "!@$%^&~-_=+[{}]:;,./?";
/// Those that log in with a password on Linux and Windows, and backwards.
const ADMINISTRATORS: [&str; 4] = ["root", "toor", "administrator", "rotartsinimda"];

/// What is wrong with a password, if anything is: 8 to 26 characters of three of four classes are right (rule C5).
pub(crate) fn flaw(password: &str) -> Option<&'static str> {
    let classes: [fn(char) -> bool; 4] = [
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_uppercase(),
        |c| c.is_ascii_digit(),
        |c| SPECIAL.contains(c),
    ];
    let used = classes
        .iter()
        .filter(|class| password.chars().any(**class))
        .count();
    let lower = password.to_ascii_lowercase();
    let mut users = ADMINISTRATORS.iter();
    if !(8..=26).contains(&password.len()) || used < 3 {
        Some(
            "8 to 26 characters of three of lower case, upper case, digits and special characters are right",
        )
    } else if !password.chars().all(|c| c.is_ascii_graphic()) {
        Some("characters that can be typed, and no blanks, are right")
    } else if users.any(|user| lower.contains(user)) {
        Some("the name of the administrator, forwards or backwards, is not to be in it")
    } else {
        None
    }
}

/// The password of a configuration.
pub(super) fn check(password: &str) -> Result<(), Fault> {
    match flaw(password) {
        None => Ok(()),
        // The value itself is not said.
        Some(wanted) => Err(Fault::new(
            "AS.1035",
            format!("`metadata.admin_pass`: {wanted}."),
        )),
    }
}
