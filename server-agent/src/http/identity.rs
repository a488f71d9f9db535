//! Signing in and out, invitations, members, the audit log.

use chrono::{DateTime, Duration, Utc};
use slipway_protocol::api::{
    AcceptInvitation, CreateInvitation, GetMe, JoinTeam, ListAudit, ListMembers, RefreshSession, SignIn,
    SignOut,
};
use slipway_protocol::identity::{AuditEntry, InvitationView, Me, MemberView, Membership, Tokens};
use slipway_protocol::{DisplayName, ErrorCode, Role, Secret, SessionId, UserId};

use super::internal::INVITATION_LASTS;
use super::tokens::ACCESS_SECONDS;
use super::{ApiError, Call, passwords, tokens};
use crate::db::{self, Tx, identity};

/// From so many wrong passwords on, an account is locked for a while, each time twice as long.
const FREE_ATTEMPTS: i32 = 5;
const LONGEST_LOCK_SECONDS: i64 = 15 * 60;

pub async fn accept_invitation(call: Call, request: AcceptInvitation) -> Result<Tokens, ApiError> {
    let request = request.body;
    // Hashing takes a while: nobody gets it done who has no invitation.
    let mut connection = call.app.db.pool().acquire().await?;
    if !identity::is_open(&mut connection, &tokens::code_hash(request.code.expose())).await? {
        return Err(no_invitation());
    }
    drop(connection);
    let password_hash = passwords::hash(request.password).await?;
    let mut tx = call.app.db.begin().await?;
    let invitation = identity::take_invitation(&mut tx, &tokens::code_hash(request.code.expose())).await?;
    let invitation = invitation.ok_or_else(no_invitation)?;
    let user = identity::insert_user(&mut tx, &request.email, &request.name, &password_hash)
        .await
        .map_err(|error| match db::violated_constraint(&error) {
            Some("users_email_key") => ApiError::conflict(format!(
                "{} already has an account; sign in with it, and take the invitation then.",
                request.email
            )),
            _ => error.into(),
        })?;
    let team = match invitation.team {
        Some(team) => team,
        None => identity::insert_team(&mut tx, &first_team_name(&request.name)).await?,
    };
    identity::insert_membership(&mut tx, team, user, invitation.role).await?;
    let act = db::audit::Act {
        team: Some(team),
        actor: request.email.as_str(),
        action: call.action,
        subject: invitation.role.as_str(),
        request_id: &call.request_id,
    };
    db::audit::record(&mut tx, act).await?;
    let tokens = open_session(&call, &mut tx, user).await?;
    tx.commit().await?;
    Ok(tokens)
}

/// Takes an invitation with the account that has signed in: nobody is asked for another password.
pub async fn join_team(call: Call, request: JoinTeam) -> Result<Membership, ApiError> {
    let me = &call.caller()?.me;
    let mut tx = call.app.db.begin().await?;
    let code_hash = tokens::code_hash(request.body.code.expose());
    let invitation = identity::take_invitation(&mut tx, &code_hash).await?;
    let invitation = invitation.ok_or_else(no_invitation)?;
    // What is refused takes the transaction back: the invitation is still good for somebody else.
    let member = || {
        ApiError::conflict(
            "You are in this team already; the invitation was not used, and is still good for somebody else.",
        )
    };
    let team = match invitation.team {
        Some(team) if me.membership(Some(team)).is_some() => return Err(member()),
        Some(team) => team,
        None => identity::insert_team(&mut tx, &first_team_name(&me.name)).await?,
    };
    identity::insert_membership(&mut tx, team, me.id, invitation.role)
        .await
        .map_err(|error| match db::violated_constraint(&error) {
            // Another invitation into it was taken at the same moment.
            Some("memberships_pkey") => member(),
            _ => error.into(),
        })?;
    let name = identity::team_name(&mut tx, team).await?;
    let act = db::audit::Act {
        team: Some(team),
        actor: me.email.as_str(),
        action: call.action,
        subject: invitation.role.as_str(),
        request_id: &call.request_id,
    };
    db::audit::record(&mut tx, act).await?;
    tx.commit().await?;
    Ok(Membership {
        team,
        name,
        role: invitation.role,
    })
}

fn no_invitation() -> ApiError {
    let detail = "This invitation is unknown, used or expired; ask for a new one (on the server: slipway-agent invite).";
    ApiError::new(ErrorCode::BadCredentials, detail)
}

/// The name of an owner's new team. A long name is cut, so that the whole is a valid name.
fn first_team_name(owner: &DisplayName) -> DisplayName {
    let mut owner_name = owner.as_str();
    loop {
        match DisplayName::parse(&format!("{owner_name}’s team")) {
            Ok(name) => return name,
            Err(_) if owner_name.is_empty() => return owner.clone(),
            Err(_) => owner_name = &owner_name[..owner_name.floor_char_boundary(owner_name.len() - 1)],
        }
    }
}

pub async fn sign_in(call: Call, request: SignIn) -> Result<Tokens, ApiError> {
    let request = request.body;
    let account = identity::find_account(&mut *call.app.db.pool().acquire().await?, &request.email).await?;
    let locked_until = match &account {
        Some(account) => account.locked_until,
        None => call.app.strangers.locked_until(&request.email),
    };
    refuse_locked(locked_until)?;
    // Without a connection to the database: passwords wait for their turn, and connections are few.
    let good = passwords::verify(
        request.password,
        account.as_ref().map(|account| account.password_hash.clone()),
    )
    .await;
    let mut tx = call.app.db.begin().await?;
    let Some(account) = account.filter(|_| good) else {
        return refuse_sign_in(&call, tx, &request.email).await;
    };
    // Who tries many at once has no more tries than one after another.
    let now = identity::find_account(&mut tx, &request.email).await?;
    refuse_locked(now.and_then(|account| account.locked_until))?;
    identity::record_sign_in(&mut tx, account.id, 0, None).await?;
    audit_sign_in(&call, &mut tx, request.email.as_str(), "signed in").await?;
    let tokens = open_session(&call, &mut tx, account.id).await?;
    tx.commit().await?;
    Ok(tokens)
}

fn refuse_locked(until: Option<DateTime<Utc>>) -> Result<(), ApiError> {
    let now = Utc::now();
    match until.filter(|until| locks(*until, now)) {
        Some(until) => {
            let seconds = (until - now).num_seconds() + 1;
            let detail = format!("Too many wrong passwords; try again in {seconds} s.");
            Err(ApiError::new(ErrorCode::TooManyAttempts, detail))
        }
        None => Ok(()),
    }
}

/// A lock that would last longer than any does was set before the clock was set back: it counts no more. The next wrong password locks again.
fn locks(until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    until > now && until - now <= Duration::seconds(LONGEST_LOCK_SECONDS)
}

async fn refuse_sign_in(
    call: &Call,
    mut tx: Tx,
    email: &slipway_protocol::EmailAddress,
) -> Result<Tokens, ApiError> {
    if let Some(account) = identity::find_account(&mut tx, email).await? {
        refuse_locked(account.locked_until)?;
        let failed = account.failed_sign_ins.saturating_add(1);
        identity::record_sign_in(&mut tx, account.id, failed, locked_after(failed)).await?;
        audit_sign_in(call, &mut tx, email.as_str(), "refused").await?;
    } else {
        call.app.strangers.refuse(email, locked_after);
    }
    tx.commit().await?;
    Err(ApiError::new(
        ErrorCode::BadCredentials,
        "E-mail or password is wrong; check both and try again.",
    ))
}

/// Until when so many wrong passwords lock.
fn locked_after(failed: i32) -> Option<DateTime<Utc>> {
    let over = failed - FREE_ATTEMPTS;
    (over >= 0).then(|| Utc::now() + Duration::seconds((1_i64 << over.min(10)).min(LONGEST_LOCK_SECONDS)))
}

/// A sign-in concerns every team of the person; it is told to each.
async fn audit_sign_in(call: &Call, tx: &mut Tx, email: &str, subject: &str) -> Result<(), ApiError> {
    let query = "select m.team_id from memberships m join users u on u.id = m.user_id where u.email = $1";
    let teams: Vec<uuid::Uuid> = sqlx::query_scalar(query).bind(email).fetch_all(&mut **tx).await?;
    for team in teams {
        let team = Some(slipway_protocol::TeamId(team));
        let act = db::audit::Act {
            team,
            actor: email,
            action: call.action,
            subject,
            request_id: &call.request_id,
        };
        db::audit::record(tx, act).await?;
    }
    Ok(())
}

pub async fn refresh_session(call: Call, request: RefreshSession) -> Result<Tokens, ApiError> {
    let mut tx = call.app.db.begin().await?;
    let ended = || {
        ApiError::new(
            ErrorCode::Unauthenticated,
            "Your sign-in has ended; sign in again.",
        )
    };
    let next = request.body.next;
    if next.as_ref().is_some_and(|next| !tokens::is_code(next.expose())) {
        return Err(ApiError::invalid(
            "The next refresh token has to be 64 hexadecimal digits; draw another.",
        ));
    }
    let spent = tokens::code_hash(request.body.refresh_token.expose());
    let successor = next.as_ref().map(|next| tokens::code_hash(next.expose()));
    match identity::spend_refresh_token(&mut tx, &spent, successor.as_deref()).await? {
        identity::Spent::Now(session, user) => {
            let refresh_token = match next {
                Some(next) => next,
                None => new_code()?,
            };
            let tokens = issue(&call, &mut tx, user, session, refresh_token).await?;
            tx.commit().await?;
            Ok(tokens)
        }
        identity::Spent::Again(session, user) => {
            let refresh_token = next.ok_or_else(ended)?;
            Ok(Tokens {
                session,
                access_token: access_token(&call, user, session)?,
                expires_in: ACCESS_SECONDS,
                refresh_token,
            })
        }
        identity::Spent::Before(session, email) => {
            // Two hold the same token: one of them stole it. Both are out.
            identity::end_session(&mut tx, session).await?;
            audit_sign_in(
                &call,
                &mut tx,
                &email,
                "session ended: a spent token was used again",
            )
            .await?;
            tx.commit().await?;
            Err(ended())
        }
        identity::Spent::Void => Err(ended()),
    }
}

pub async fn sign_out(call: Call, _: SignOut) -> Result<(), ApiError> {
    let mut tx = call.app.db.begin().await?;
    let caller = call.caller()?;
    identity::end_session(&mut tx, caller.session).await?;
    audit_sign_in(&call, &mut tx, caller.me.email.as_str(), "signed out").await?;
    tx.commit().await?;
    Ok(())
}

pub async fn get_me(call: Call, _: GetMe) -> Result<Me, ApiError> {
    Ok(call.caller()?.me.clone())
}

pub async fn list_members(call: Call, _: ListMembers) -> Result<Vec<MemberView>, ApiError> {
    let mut tx = call.begin().await?;
    Ok(identity::list_members(&mut tx).await?)
}

pub async fn create_invitation(call: Call, request: CreateInvitation) -> Result<InvitationView, ApiError> {
    let role: Role = request.body.role;
    let (code, hash) = tokens::random_code().map_err(|error| ApiError::internal(&error))?;
    let mut tx = call.begin().await?;
    let expires_at =
        identity::insert_invitation(&mut tx, Some(call.team()?), role, &hash, INVITATION_LASTS).await?;
    call.audit(&mut tx, role.as_str()).await?;
    tx.commit().await?;
    Ok(InvitationView { code, expires_at })
}

pub async fn list_audit(call: Call, _: ListAudit) -> Result<Vec<AuditEntry>, ApiError> {
    let mut tx = call.begin().await?;
    Ok(db::audit::list(&mut tx).await?)
}

async fn open_session(call: &Call, tx: &mut Tx, user: UserId) -> Result<Tokens, ApiError> {
    let session = identity::insert_session(tx, user).await?;
    issue(call, tx, user, session, new_code()?).await
}

async fn issue(
    call: &Call,
    tx: &mut Tx,
    user: UserId,
    session: SessionId,
    refresh_token: Secret<String>,
) -> Result<Tokens, ApiError> {
    let access_token = access_token(call, user, session)?;
    let hash = tokens::code_hash(refresh_token.expose());
    if !identity::insert_refresh_token(tx, session, &hash, tokens::REFRESH_LASTS).await? {
        return Err(ApiError::invalid(
            "The next refresh token was given out before; draw another.",
        ));
    }
    Ok(Tokens {
        session,
        access_token,
        expires_in: ACCESS_SECONDS,
        refresh_token,
    })
}

fn access_token(call: &Call, user: UserId, session: SessionId) -> Result<Secret<String>, ApiError> {
    let token = call.app.tokens.issue(user, session);
    token.map_err(|error| ApiError::internal(&error))
}

fn new_code() -> Result<Secret<String>, ApiError> {
    let (code, _) = tokens::random_code().map_err(|error| ApiError::internal(&error))?;
    Ok(code)
}
