//! What only root, or the agent's own account, may ask, on the server itself. The kernel says who is at the other end of the socket.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::Duration;
use slipway_protocol::identity::InvitationView;
use slipway_protocol::{ErrorCode, Role};

use super::{ApiError, PeerUid, tokens};
use crate::app::App;
use crate::db;

/// How long an invitation can be used.
pub const INVITATION_LASTS: Duration = Duration::hours(24);

/// Makes an invitation for an owner: of a new team while there is none, otherwise of the first team.
pub async fn create_first_invitation(State(app): State<App>, peer: Option<Extension<PeerUid>>) -> Response {
    let request_id = uuid::Uuid::new_v4().to_string();
    let own = nix::unistd::geteuid().as_raw();
    if !peer.is_some_and(|Extension(PeerUid(uid))| uid == 0 || uid == own) {
        return ApiError::new(
            ErrorCode::Forbidden,
            "Only root on the server may make an owner's invitation; run `sudo slipway-agent invite` there.",
        )
        .into_answer(&request_id);
    }
    match create(&app, &request_id).await {
        Ok(view) => axum::Json(view).into_response(),
        Err(error) => error.into_answer(&request_id),
    }
}

async fn create(app: &App, request_id: &str) -> Result<InvitationView, ApiError> {
    let (code, hash) = tokens::random_code().map_err(|error| ApiError::internal(&error))?;
    let mut tx = app.db.begin().await?;
    let team: Option<uuid::Uuid> = sqlx::query_scalar("select id from teams order by created_at limit 1")
        .fetch_optional(&mut *tx)
        .await?;
    let team = team.map(slipway_protocol::TeamId);
    let expires_at =
        db::identity::insert_invitation(&mut tx, team, Role::Owner, &hash, INVITATION_LASTS).await?;
    let act = db::audit::Act {
        team,
        actor: "root on the server",
        action: "CreateInvitation",
        subject: "owner",
        request_id,
    };
    db::audit::record(&mut tx, act).await?;
    tx.commit().await?;
    Ok(InvitationView { code, expires_at })
}
