//! One call of the API, as its handler sees it: who asks, for which team, and how to reach the rows.

use slipway_protocol::identity::Me;
use slipway_protocol::{Action, ErrorCode, Resource, Role, SessionId, TeamId};

use super::ApiError;
use crate::app::App;
use crate::db::{self, Tx};

/// A signed-in caller.
#[derive(Clone)]
pub struct Caller {
    pub me: Me,
    pub session: SessionId,
}

/// Handed to every handler by the gate; a handler cannot be reached without it.
#[derive(Clone)]
pub struct Call {
    pub app: App,
    pub request_id: String,
    /// The endpoint's name: what the audit log calls it.
    pub action: &'static str,
    pub(super) caller: Option<Caller>,
    pub(super) team: Option<(TeamId, Role)>,
}

impl Call {
    /// The caller of a route that asks for a sign-in.
    pub fn caller(&self) -> Result<&Caller, ApiError> {
        self.caller
            .as_ref()
            .ok_or_else(|| ApiError::new(ErrorCode::Unauthenticated, "Sign in first."))
    }

    /// The team of a route that is about one.
    pub fn team(&self) -> Result<TeamId, ApiError> {
        let team = self.team.map(|(team, _)| team);
        team.ok_or_else(|| {
            ApiError::new(
                ErrorCode::Forbidden,
                "You are in no team; ask an owner to invite you.",
            )
        })
    }

    /// Whether the caller's role allows something beyond the call's own right.
    pub fn may(&self, resource: Resource, action: Action) -> bool {
        self.team.is_some_and(|(_, role)| role.allows(resource, action))
    }

    /// Beyond the call's own right: what depends on what is in it.
    pub fn insist(&self, resource: Resource, action: Action, what: &str) -> Result<(), ApiError> {
        if self.may(resource, action) {
            return Ok(());
        }
        Err(ApiError::new(
            ErrorCode::Forbidden,
            format!("Your role may not set {what}; ask an admin or owner of the team."),
        ))
    }

    /// Refuses where the database would have no room left beside what is to be stored.
    pub fn insist_on_room(&self) -> Result<(), ApiError> {
        self.app.insist_on_room()
    }

    /// A transaction that sees the team's rows only.
    pub async fn begin(&self) -> Result<Tx, ApiError> {
        Ok(self.app.db.begin_for(self.team()?).await?)
    }

    /// Writes the audit row of a change, in the change's transaction.
    pub async fn audit(&self, tx: &mut Tx, subject: &str) -> Result<(), ApiError> {
        let actor = self.caller.as_ref().map_or("", |caller| caller.me.email.as_str());
        let act = db::audit::Act {
            team: self.team.map(|(team, _)| team),
            actor,
            action: self.action,
            subject,
            request_id: &self.request_id,
        };
        Ok(db::audit::record(tx, act).await?)
    }
}
