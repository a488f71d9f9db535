//! When what is done to the serving release may be asked for: while nothing is about to change who serves.

use slipway_protocol::ApplicationId;

use crate::db::Tx;
use crate::db::applications::Application;
use crate::db::deployments::{self, Stand, Unfinished};
use crate::http::ApiError;

/// Refuses while a deployment waits or is on its way to take over: what is asked for now would take it back, or be taken back by it. One
/// whose release serves is in nobody's way: it only tidies up, and cannot be taken back any more. What becomes a deployment follows it.
///
/// In the transaction that holds the application's lock.
pub async fn insist(tx: &mut Tx, application: &Application, asked: Asked) -> Result<(), ApiError> {
    let all = deployments::unfinished(tx, application.id).await?;
    match refusal(&all, application.name.as_str(), asked) {
        Some(refusal) => Err(ApiError::conflict(refusal)),
        None => Ok(()),
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A deployment that is made of the release that serves.
    Again,
    /// Stop or start.
    State,
}

/// Refuses while anything of the application is not over, tidying up too: what is known of its tasks is from before.
pub async fn insist_on_rest(tx: &mut Tx, id: ApplicationId, name: &str) -> Result<(), ApiError> {
    let all = deployments::unfinished(tx, id).await?;
    let Some(one) = all.last() else {
        return Ok(());
    };
    Err(ApiError::conflict(format!(
        "Deployment {} of “{name}” is running or waits for its turn; cancel it or wait for its end.",
        one.number
    )))
}

fn refusal(all: &[Unfinished], name: &str, asked: Asked) -> Option<String> {
    let because = match asked {
        Asked::Again => "and this would take its place",
        Asked::State => "and what it deploys runs then, whatever is asked for now",
    };
    let said = |one: &Unfinished| match one.stand {
        Stand::Waits => Some(format!(
            "Deployment {} of “{name}” waits for its turn, {because}; wait for its end, or cancel it.",
            one.number
        )),
        Stand::TakesOver => Some(format!(
            "Deployment {} of “{name}” is under way, and what serves is about to change; wait until its release serves, or cancel it.",
            one.number
        )),
        Stand::Tidies => None,
    };
    all.iter().find_map(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-01, FR-DEP-11: only what is about to change who serves is in the way, and the refusal names it.
    #[test]
    fn who_tidies_up_is_in_nobodys_way() {
        let one = |number, stand| Unfinished { number, stand };
        for asked in [Asked::Again, Asked::State] {
            assert_eq!(refusal(&[], "web", asked), None);
            assert_eq!(refusal(&[one(2, Stand::Tidies)], "web", asked), None);
            let takes_over = refusal(&[one(2, Stand::TakesOver)], "web", asked).unwrap();
            assert!(takes_over.contains("Deployment 2 of “web”"), "{takes_over}");
            let waits = refusal(&[one(2, Stand::Tidies), one(3, Stand::Waits)], "web", asked).unwrap();
            assert!(waits.contains("Deployment 3 of “web”"), "{waits}");
            // Who is stopped has no place among deployments that could be taken.
            assert_eq!(waits.contains("take its place"), asked == Asked::Again, "{waits}");
        }
    }
}
