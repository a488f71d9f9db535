//! Whose something is that lives in the agent's memory or goes on after the gate, and whether they may still have it.

use std::time::Duration;

use slipway_protocol::{Action, Resource, SessionId, TeamId, UserId};

use crate::app::App;
use crate::db;

/// How often rights are looked at.
const LOOK: Duration = Duration::from_secs(4);

/// Who opened it, for which team, signed in how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub team: TeamId,
    pub user: UserId,
    pub session: SessionId,
    /// Their e-mail address, for the audit log.
    pub email: String,
}

impl Owner {
    /// Somebody in this team is the same person, also from another device.
    pub fn is(&self, team: TeamId, user: UserId) -> bool {
        self.team == team && self.user == user
    }

    /// Returns once they may no longer have it: for what goes on after the gate let it pass.
    pub async fn has_lost_it(self, app: App, resource: Resource, action: Action) {
        loop {
            tokio::time::sleep(LOOK).await;
            match self.may_still(&app, resource, action).await {
                Ok(true) => {}
                Ok(false) => return,
                // Without a database nobody's rights are known; what runs goes on.
                Err(error) => tracing::debug!(%error, "somebody's rights are looked at later"),
            }
        }
    }

    /// Whether the gate would still let them pass: signed in, in the team, with a role that allows it.
    pub async fn may_still(
        &self,
        app: &App,
        resource: Resource,
        action: Action,
    ) -> Result<bool, sqlx::Error> {
        let mut connection = app.db.pool().acquire().await?;
        let me = db::identity::find_me(&mut connection, self.session, self.user).await?;
        let role = me.and_then(|me| {
            let mut teams = me.teams.into_iter();
            teams
                .find(|membership| membership.team == self.team)
                .map(|membership| membership.role)
        });
        Ok(role.is_some_and(|role| role.allows(resource, action)))
    }
}
