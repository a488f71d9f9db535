//! Accounts, memberships, invitations and sessions. Only sign-in and the gate come here without a team.

use chrono::{DateTime, Duration, Utc};
use slipway_protocol::identity::{Me, MemberView, Membership};
use slipway_protocol::{DisplayName, EmailAddress, Role, SessionId, TeamId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::damaged;

pub struct Account {
    pub id: UserId,
    pub password_hash: String,
    pub failed_sign_ins: i32,
    pub locked_until: Option<DateTime<Utc>>,
}

pub async fn any_user(tx: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from users)")
        .fetch_one(tx)
        .await
}

pub async fn find_account(
    tx: &mut PgConnection,
    email: &EmailAddress,
) -> Result<Option<Account>, sqlx::Error> {
    let query =
        "select id, password_hash, failed_sign_ins, locked_until from users where email = $1 for update";
    let row: Option<(Uuid, String, i32, Option<DateTime<Utc>>)> = sqlx::query_as(query)
        .bind(email.as_str())
        .fetch_optional(tx)
        .await?;
    Ok(
        row.map(|(id, password_hash, failed_sign_ins, locked_until)| Account {
            id: UserId(id),
            password_hash,
            failed_sign_ins,
            locked_until,
        }),
    )
}

pub async fn record_sign_in(
    tx: &mut PgConnection,
    user: UserId,
    failed: i32,
    locked_until: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    let query = "update users set failed_sign_ins = $2, locked_until = $3 where id = $1";
    sqlx::query(query)
        .bind(user.uuid())
        .bind(failed)
        .bind(locked_until)
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn insert_user(
    tx: &mut PgConnection,
    email: &EmailAddress,
    name: &DisplayName,
    password_hash: &str,
) -> Result<UserId, sqlx::Error> {
    let id = UserId(Uuid::now_v7());
    let query = "insert into users (id, email, name, password_hash) values ($1, $2, $3, $4)";
    sqlx::query(query)
        .bind(id.uuid())
        .bind(email.as_str())
        .bind(name.as_str())
        .bind(password_hash)
        .execute(tx)
        .await?;
    Ok(id)
}

pub async fn insert_team(tx: &mut PgConnection, name: &DisplayName) -> Result<TeamId, sqlx::Error> {
    let id = TeamId(Uuid::now_v7());
    sqlx::query("insert into teams (id, name) values ($1, $2)")
        .bind(id.uuid())
        .bind(name.as_str())
        .execute(tx)
        .await?;
    Ok(id)
}

/// What a team is called.
pub async fn team_name(tx: &mut PgConnection, team: TeamId) -> Result<DisplayName, sqlx::Error> {
    let name: String = sqlx::query_scalar("select name from teams where id = $1")
        .bind(team.uuid())
        .fetch_one(tx)
        .await?;
    DisplayName::parse(&name).map_err(damaged)
}

pub async fn insert_membership(
    tx: &mut PgConnection,
    team: TeamId,
    user: UserId,
    role: Role,
) -> Result<(), sqlx::Error> {
    let query = "insert into memberships (team_id, user_id, role) values ($1, $2, $3)";
    sqlx::query(query)
        .bind(team.uuid())
        .bind(user.uuid())
        .bind(role.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

/// A session that has not ended, with its user as they are now.
pub async fn find_me(
    tx: &mut PgConnection,
    session: SessionId,
    user: UserId,
) -> Result<Option<Me>, sqlx::Error> {
    let query = "select u.email, u.name from sessions s join users u on u.id = s.user_id
                  where s.id = $1 and s.user_id = $2 and s.ended_at is null";
    let row: Option<(String, String)> = sqlx::query_as(query)
        .bind(session.uuid())
        .bind(user.uuid())
        .fetch_optional(&mut *tx)
        .await?;
    let Some((email, name)) = row else { return Ok(None) };
    let query = "select m.team_id, t.name, m.role from memberships m join teams t on t.id = m.team_id
                  where m.user_id = $1 order by m.joined_at, t.created_at, t.id";
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(query).bind(user.uuid()).fetch_all(tx).await?;
    let teams = rows
        .into_iter()
        .map(|(team, name, role)| {
            Ok(Membership {
                team: TeamId(team),
                name: DisplayName::parse(&name).map_err(damaged)?,
                role: stored_role(&role)?,
            })
        })
        .collect::<Result<_, sqlx::Error>>()?;
    Ok(Some(Me {
        id: user,
        email: EmailAddress::parse(&email).map_err(damaged)?,
        name: DisplayName::parse(&name).map_err(damaged)?,
        teams,
    }))
}

/// The members of the transaction's team.
pub async fn list_members(tx: &mut PgConnection) -> Result<Vec<MemberView>, sqlx::Error> {
    let rows: Vec<(Uuid, String, String, String)> =
        sqlx::query_as("select id, email, name, role from member_people order by name")
            .fetch_all(tx)
            .await?;
    rows.into_iter()
        .map(|(user, email, name, role)| {
            let (email, name) = (
                EmailAddress::parse(&email).map_err(damaged)?,
                DisplayName::parse(&name).map_err(damaged)?,
            );
            Ok(MemberView {
                user: UserId(user),
                email,
                name,
                role: stored_role(&role)?,
            })
        })
        .collect()
}

/// An invitation that can still be used. Without a team it is the first owner's.
pub struct Invitation {
    pub id: Uuid,
    pub team: Option<TeamId>,
    pub role: Role,
}

pub async fn insert_invitation(
    tx: &mut PgConnection,
    team: Option<TeamId>,
    role: Role,
    code_hash: &[u8],
    lasts: Duration,
) -> Result<DateTime<Utc>, sqlx::Error> {
    let expires_at = Utc::now() + lasts;
    let query =
        "insert into invitations (id, team_id, role, code_hash, expires_at) values ($1, $2, $3, $4, $5)";
    let query = sqlx::query(query)
        .bind(Uuid::now_v7())
        .bind(team.map(TeamId::uuid))
        .bind(role.as_str());
    query.bind(code_hash).bind(expires_at).execute(tx).await?;
    Ok(expires_at)
}

/// Whether an invitation could be taken now.
pub async fn is_open(tx: &mut PgConnection, code_hash: &[u8]) -> Result<bool, sqlx::Error> {
    let query = "select exists (select from invitations where code_hash = $1 and used_at is null and expires_at > now())";
    sqlx::query_scalar(query).bind(code_hash).fetch_one(tx).await
}

/// Takes an invitation: it works once.
pub async fn take_invitation(
    tx: &mut PgConnection,
    code_hash: &[u8],
) -> Result<Option<Invitation>, sqlx::Error> {
    let query = "update invitations set used_at = now() where code_hash = $1 and used_at is null and expires_at > now()
                 returning id, team_id, role";
    let row: Option<(Uuid, Option<Uuid>, String)> =
        sqlx::query_as(query).bind(code_hash).fetch_optional(tx).await?;
    row.map(|(id, team, role)| {
        Ok(Invitation {
            id,
            team: team.map(TeamId),
            role: stored_role(&role)?,
        })
    })
    .transpose()
}

pub async fn insert_session(tx: &mut PgConnection, user: UserId) -> Result<SessionId, sqlx::Error> {
    let id = SessionId(Uuid::now_v7());
    sqlx::query("insert into sessions (id, user_id) values ($1, $2)")
        .bind(id.uuid())
        .bind(user.uuid())
        .execute(tx)
        .await?;
    Ok(id)
}

pub async fn end_session(tx: &mut PgConnection, session: SessionId) -> Result<(), sqlx::Error> {
    sqlx::query("update sessions set ended_at = coalesce(ended_at, now()) where id = $1")
        .bind(session.uuid())
        .execute(tx)
        .await?;
    Ok(())
}

/// Ends every session, and every invitation that nobody has taken. What was ended or taken after a backup must not come back with it.
pub async fn end_everything(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("update sessions set ended_at = now() where ended_at is null")
        .execute(&mut *tx)
        .await?;
    sqlx::query("update invitations set used_at = now() where used_at is null")
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether it is a new one.
pub async fn insert_refresh_token(
    tx: &mut PgConnection,
    session: SessionId,
    token_hash: &[u8],
    lasts: Duration,
) -> Result<bool, sqlx::Error> {
    let query = "insert into refresh_tokens (token_hash, session_id, expires_at) values ($1, $2, $3)
                 on conflict do nothing";
    let inserted = sqlx::query(query)
        .bind(token_hash)
        .bind(session.uuid())
        .bind(Utc::now() + lasts)
        .execute(tx)
        .await?;
    Ok(inserted.rows_affected() > 0)
}

/// What a refresh token turned out to be.
pub enum Spent {
    /// It was good, and is spent now.
    Now(SessionId, UserId),
    /// It had been spent for the very successor that is asked for, which nobody has used: whoever holds both asks again.
    Again(SessionId, UserId),
    /// It had been spent before: somebody else has a copy. With the e-mail of whose session it is.
    Before(SessionId, String),
    /// Unknown, expired, or of an ended session.
    Void,
}

/// Spends a refresh token, for the successor with this hash if its holder has chosen one.
pub async fn spend_refresh_token(
    tx: &mut PgConnection,
    token_hash: &[u8],
    successor: Option<&[u8]>,
) -> Result<Spent, sqlx::Error> {
    let query = "select t.session_id, s.user_id, u.email, t.spent_at is not null, t.expires_at > now(),
                        exists (select from refresh_tokens n
                                 where n.token_hash = t.successor and n.session_id = t.session_id
                                   and n.token_hash = $2 and n.spent_at is null and n.expires_at > now())
                   from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
                  where t.token_hash = $1 and s.ended_at is null for update of t";
    let row: Option<(Uuid, Uuid, String, bool, bool, bool)> = sqlx::query_as(query)
        .bind(token_hash)
        .bind(successor)
        .fetch_optional(&mut *tx)
        .await?;
    let Some((session, user, email, spent, alive, again)) = row else {
        return Ok(Spent::Void);
    };
    if spent && again {
        return Ok(Spent::Again(SessionId(session), UserId(user)));
    }
    if spent {
        return Ok(Spent::Before(SessionId(session), email));
    }
    if !alive {
        return Ok(Spent::Void);
    }
    sqlx::query("update refresh_tokens set spent_at = now(), successor = $2 where token_hash = $1")
        .bind(token_hash)
        .bind(successor)
        .execute(tx)
        .await?;
    Ok(Spent::Now(SessionId(session), UserId(user)))
}

fn stored_role(text: &str) -> Result<Role, sqlx::Error> {
    Role::named(text).ok_or_else(|| sqlx::Error::Decode(format!("unknown role {text}").into()))
}
