//! Accounts, teams, sessions and the owner's invitation.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::{serialize_exposed, serialize_optional_exposed};
use crate::{DisplayName, EmailAddress, Role, Secret, SessionId, TeamId, UserId};

/// The shortest password that is accepted, in characters.
pub const SHORTEST_PASSWORD: usize = 12;

/// Takes an invitation: makes the account (and, for the first owner, the team) and signs in.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct AcceptInvitation {
    /// The one-time code that `slipway-agent invite` printed.
    #[serde(serialize_with = "serialize_exposed")]
    pub code: Secret<String>,
    pub email: EmailAddress,
    pub name: DisplayName,
    #[serde(serialize_with = "serialize_exposed")]
    pub password: Secret<String>,
}

/// Takes an invitation with the account that is signed in.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct InvitationCode {
    /// The one-time code that an owner of the team has made.
    #[serde(serialize_with = "serialize_exposed")]
    pub code: Secret<String>,
}

#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct SignIn {
    pub email: EmailAddress,
    #[serde(serialize_with = "serialize_exposed")]
    pub password: Secret<String>,
}

#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct RefreshSession {
    #[serde(serialize_with = "serialize_exposed")]
    pub refresh_token: Secret<String>,
    /// What the next refresh token shall be: 64 hexadecimal digits that the client drew and keeps. The same pair again is answered
    /// again as long as the next one is not used, so that an answer that was lost on its way does not end the session. Without it the
    /// agent draws one, and a second use ends the session.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_optional_exposed"
    )]
    pub next: Option<Secret<String>>,
}

/// A signed-in session. The access token lives for minutes; the refresh token works once and is replaced each time.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct Tokens {
    pub session: SessionId,
    #[serde(serialize_with = "serialize_exposed")]
    pub access_token: Secret<String>,
    /// Seconds until the access token ends.
    pub expires_in: u64,
    #[serde(serialize_with = "serialize_exposed")]
    pub refresh_token: Secret<String>,
}

/// Who is signed in, and in which teams.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Me {
    pub id: UserId,
    pub email: EmailAddress,
    pub name: DisplayName,
    /// The one that was joined first stands first.
    pub teams: Vec<Membership>,
}

impl Me {
    /// The membership by which a call is judged that is about this team; about the only one, or the one
    /// that was joined first, if it names none.
    pub fn membership(&self, team: Option<TeamId>) -> Option<&Membership> {
        self.teams
            .iter()
            .find(|membership| team.is_none_or(|team| membership.team == team))
    }
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Membership {
    pub team: TeamId,
    pub name: DisplayName,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct MemberView {
    pub user: UserId,
    pub email: EmailAddress,
    pub name: DisplayName,
    pub role: Role,
}

/// Invites somebody into the team.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct NewInvitation {
    pub role: Role,
}

#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct InvitationView {
    /// Shown once; only its hash is stored.
    #[serde(serialize_with = "serialize_exposed")]
    pub code: Secret<String>,
    pub expires_at: DateTime<Utc>,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct AuditEntry {
    pub at: DateTime<Utc>,
    /// E-mail of the person, or `system`.
    pub actor: String,
    /// The endpoint's name, or the system's act.
    pub action: String,
    pub subject: String,
    pub request_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-IAM-05: a call that names a team is judged by the role in that one, and one that names none by the first; nobody is taken for a
    /// member of another one.
    #[test]
    fn a_role_is_that_of_the_team() {
        let id = |n: u8| format!("018f0000-0000-7000-8000-00000000000{n}");
        let me: Me = serde_json::from_value(serde_json::json!({
            "id": id(9), "email": "ada@example.org", "name": "Ada",
            "teams": [
                {"team": id(1), "name": "One", "role": "viewer"},
                {"team": id(2), "name": "Two", "role": "owner"},
            ],
        }))
        .unwrap();
        let role = |team: Option<u8>| {
            let team = team.map(|n| id(n).parse::<TeamId>().unwrap());
            me.membership(team).map(|membership| membership.role)
        };
        assert_eq!(role(None), Some(Role::Viewer));
        assert_eq!(role(Some(2)), Some(Role::Owner));
        assert_eq!(role(Some(3)), None);
    }
}
