//! The shape of an action, and the table a dialect dispatches by.
//!
//! An action is a struct with the request's parameters, a name and `run`. [`actions!`](crate::actions) lists them once;
//! from the list come dispatch and the record of what is covered. Decoding and running are two steps, so that a dialect
//! can answer unknown parameters before anything happens.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::decode::{DecodeError, Field, decode, known_fields};
use crate::node::Node;

/// What most answers stay below.
const ANSWER_BYTES: usize = 4096;

/// What a dialect gives its actions: the `Api`, the caller, the region, the time. It owns its parts (`Arc`s), so that
/// it can cross into a boxed future.
pub trait Context: Sync + 'static {
    /// The dialect's error.
    type Error: Send;

    /// The error for an answer that cannot be written as JSON: a fault of ours, not of the caller.
    fn unwritable(&self, error: serde_json::Error) -> Self::Error;
}

/// One action of an API: the typed request.
pub trait Action<C: Context>: DeserializeOwned + Send + 'static {
    /// Its name in the API.
    const NAME: &'static str;

    /// What it answers. A struct whose fields are in the order the API documents.
    type Response: Serialize + Send;

    /// Does it.
    fn run(self, ctx: &C) -> impl Future<Output = Result<Self::Response, C::Error>> + Send;
}

/// The answer on its way.
pub type Running<'c, C> =
    Pin<Box<dyn Future<Output = Result<Vec<u8>, <C as Context>::Error>> + Send + 'c>>;

/// A decoded request of some action, ready to run.
pub struct Prepared<C: Context> {
    /// Paths of parameters the action does not know.
    pub unknown: Vec<String>,
    action: Box<dyn Run<C>>,
}

impl<C: Context> Prepared<C> {
    /// Runs the action.
    pub fn run(self, ctx: &C) -> Running<'_, C> {
        self.action.run(ctx)
    }
}

impl<C: Context> std::fmt::Debug for Prepared<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The request itself may hold a password.
        f.debug_struct("Prepared")
            .field("unknown", &self.unknown)
            .finish_non_exhaustive()
    }
}

trait Run<C: Context>: Send {
    fn run<'c>(self: Box<Self>, ctx: &'c C) -> Running<'c, C>;
}

struct Typed<A>(A);

impl<C: Context, A: Action<C>> Run<C> for Typed<A> {
    fn run<'c>(self: Box<Self>, ctx: &'c C) -> Running<'c, C> {
        Box::pin(async move {
            let response = self.0.run(ctx).await?;
            // Room for most answers, so that they are written without being moved.
            let mut body = Vec::with_capacity(ANSWER_BYTES);
            match serde_json::to_writer(&mut body, &response) {
                Ok(()) => Ok(body),
                Err(error) => Err(ctx.unwritable(error)),
            }
        })
    }
}

/// One row of a dialect's table.
pub struct Entry<C: Context> {
    /// The action's name.
    pub name: &'static str,
    /// Decodes a request of this action.
    pub prepare: fn(&Node) -> Result<Prepared<C>, DecodeError>,
    /// The parameters it knows.
    pub fields: fn() -> Vec<Field>,
}

impl<C: Context> Entry<C> {
    /// The row of action `A`.
    pub const fn of<A: Action<C>>() -> Self {
        Entry {
            name: A::NAME,
            prepare: prepare::<C, A>,
            fields: known_fields::<A>,
        }
    }
}

fn prepare<C: Context, A: Action<C>>(node: &Node) -> Result<Prepared<C>, DecodeError> {
    let decoded = decode::<A>(node)?;
    Ok(Prepared {
        unknown: decoded.unknown,
        action: Box::new(Typed(decoded.value)),
    })
}

/// The row called `name`, matched exactly.
pub fn find<'t, C: Context>(table: &'t [Entry<C>], name: &str) -> Option<&'t Entry<C>> {
    table.iter().find(|entry| entry.name == name)
}

/// Makes a dialect's table: `actions!(pub(crate) ACTIONS: Ctx = [CreateThing, DescribeThings]);`
#[macro_export]
macro_rules! actions {
    ($(#[$meta:meta])* $vis:vis $table:ident: $ctx:ty = [$($action:ty),* $(,)?]) => {
        $(#[$meta])*
        $vis const $table: &[$crate::action::Entry<$ctx>] = &[$($crate::action::Entry::<$ctx>::of::<$action>()),*];
    };
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::node::{Limits, json as json_tree};

    struct Ctx {
        base: u32,
    }

    impl Context for Ctx {
        type Error = String;

        fn unwritable(&self, error: serde_json::Error) -> String {
            error.to_string()
        }
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Add {
        amount: u32,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Sum {
        sum: u32,
    }

    impl Action<Ctx> for Add {
        const NAME: &'static str = "Add";
        type Response = Sum;

        async fn run(self, ctx: &Ctx) -> Result<Sum, String> {
            let sum = ctx.base.checked_add(self.amount).ok_or("too much")?;
            Ok(Sum { sum })
        }
    }

    #[derive(Deserialize)]
    struct Odd {}

    impl Action<Ctx> for Odd {
        const NAME: &'static str = "Odd";
        type Response = std::collections::BTreeMap<Vec<u8>, u8>;

        async fn run(self, _: &Ctx) -> Result<Self::Response, String> {
            Ok([(vec![1], 1)].into())
        }
    }

    actions!(ACTIONS: Ctx = [Add, Odd]);

    fn call(name: &str, body: &str) -> Result<Value, String> {
        let node = json_tree::parse_object(body.as_bytes(), &Limits::default())
            .map_err(|e| e.to_string())?;
        let entry = find(ACTIONS, name).ok_or("no such action")?;
        let prepared = (entry.prepare)(&node).map_err(|e| e.to_string())?;
        if !prepared.unknown.is_empty() {
            return Err(format!("unknown {}", prepared.unknown.join(",")));
        }
        let body = pollster::block_on(prepared.run(&Ctx { base: 40 }))?;
        serde_json::from_slice(&body).map_err(|e| e.to_string())
    }

    #[test]
    fn the_table_dispatches() {
        assert_eq!(call("Add", r#"{"Amount":"2"}"#), Ok(json!({"Sum": 42})));
        assert_eq!(call("Add", "{}"), Err("Amount: missing".into()));
        assert_eq!(
            call("Add", r#"{"Amount":2,"Extra":{"A":1}}"#),
            Err("unknown Extra".into())
        );
        assert_eq!(
            call("Add", r#"{"Amount":4294967295}"#),
            Err("too much".into())
        );
        assert_eq!(call("add", "{}"), Err("no such action".into()));
        assert_eq!(call("Odd", ""), Err("key must be a string".into()));
    }

    #[test]
    fn the_table_lists_parameters() {
        let fields = (ACTIONS[0].fields)();
        assert_eq!(
            fields.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(),
            ["Amount"]
        );
    }
}
