//! The one gate: who is asking, and may they? Everything that is not declared is denied.

use http::HeaderMap;
use slipway_protocol::api::TEAM_HEADER;
use slipway_protocol::{Access, ErrorCode, Role, TeamId};

use super::{ApiError, Caller};
use crate::app::App;
use crate::db;

/// What the gate found out.
pub struct Admitted {
    pub caller: Option<Caller>,
    pub team: Option<(TeamId, Role)>,
}

/// Lets a request pass or refuses it. The membership is read now, not from the token.
pub async fn admit(app: &App, access: Access, headers: &HeaderMap) -> Result<Admitted, ApiError> {
    let (resource, action) = match access {
        Access::Public => {
            return Ok(Admitted {
                caller: None,
                team: None,
            });
        }
        Access::SignedIn => {
            return Ok(Admitted {
                caller: Some(sign_in_of(app, headers).await?),
                team: None,
            });
        }
        Access::Team(resource, action) => (resource, action),
    };
    let caller = sign_in_of(app, headers).await?;
    let wanted = match headers.get(TEAM_HEADER) {
        None => None,
        Some(value) => {
            let id = value.to_str().ok().and_then(|text| text.parse::<TeamId>().ok());
            Some(id.ok_or_else(|| ApiError::invalid("The team's id in the request is not valid."))?)
        }
    };
    let Some(membership) = caller.me.membership(wanted) else {
        // Whether a named team exists is not said.
        return Err(if wanted.is_some() {
            ApiError::new(
                ErrorCode::NotFound,
                "You are in no such team; ask one of its owners to invite you.",
            )
        } else {
            ApiError::new(
                ErrorCode::Forbidden,
                "You are in no team; ask an owner to invite you.",
            )
        });
    };
    if !membership.role.allows(resource, action) {
        let role = membership.role.as_str();
        let detail = format!("Your role in this team ({role}) does not allow this; ask one of its owners.");
        return Err(ApiError::new(ErrorCode::Forbidden, detail));
    }
    let team = Some((membership.team, membership.role));
    Ok(Admitted {
        caller: Some(caller),
        team,
    })
}

async fn sign_in_of(app: &App, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let refused = || {
        ApiError::new(
            ErrorCode::Unauthenticated,
            "You are not signed in, or your sign-in has ended; sign in again.",
        )
    };
    let header = headers
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(refused)?;
    let (user, session) = app.tokens.verify(token).ok_or_else(refused)?;
    let mut connection = app.db.pool().acquire().await?;
    let me = db::identity::find_me(&mut connection, session, user)
        .await?
        .ok_or_else(refused)?;
    Ok(Caller { me, session })
}
