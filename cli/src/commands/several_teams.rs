//! `slipway team list`, `use` and `join`: being in several teams of a cluster, and which of them commands are about.

use serde::Serialize;
use slipway_client::Connection;
use slipway_client::snapshot::Snapshots;
use slipway_protocol::TeamId;
use slipway_protocol::api::{GetMe, JoinTeam};
use slipway_protocol::identity::{InvitationCode, Me, Membership};

use super::login;
use crate::context::Context;
use crate::error::CliError;
use crate::{ask, output};

/// As it is printed.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    membership: &'a Membership,
    /// Commands are about it.
    chosen: bool,
}

/// The teams that somebody is in, with the one that the cluster's entry names marked.
pub async fn list(context: &Context) -> Result<(), CliError> {
    let connection = context.reach().await?;
    let me = connection.send(GetMe {}).await?;
    let chosen = match &context.team {
        Some(name) => Some(find(&me, name)?.team),
        None => me.membership(connection.team()).map(|one| one.team),
    };
    let is_chosen = |one: &Membership| chosen == Some(one.team);
    if context.json {
        let all = me.teams.iter().map(|membership| Listed {
            membership,
            chosen: is_chosen(membership),
        });
        return output::json(&all.collect::<Vec<_>>());
    }
    let row = |one: &Membership| {
        vec![
            if is_chosen(one) { "*" } else { "" }.to_owned(),
            one.name.to_string(),
            one.role.as_str().to_owned(),
            one.team.to_string(),
        ]
    };
    let rows: Vec<_> = me.teams.iter().map(row).collect();
    output::table(
        &["", "name", "role", "id"],
        &rows,
        "You are in no team of this cluster; ask an owner to invite you.",
    );
    Ok(())
}

/// Writes the team into the cluster's saved entry.
pub async fn choose(context: &Context, name: &str) -> Result<(), CliError> {
    let connection = context.reach().await?;
    let me = connection.send(GetMe {}).await?;
    let team = find(&me, name)?;
    let profile = connection.profile();
    context.home.profiles().set_team(profile.id, team.team)?;
    // The app keeps what was seen last, which was the other team's.
    Snapshots::of(&context.home).remove(profile.id);
    let told = format!(
        "Commands to “{}” are now about the team “{}”; you are {} there.",
        profile.name,
        team.name,
        team.role.as_str()
    );
    output::done(context.json, &output::plain(&told))?;
    context.tell_of_another_team_than(&profile.name, &team.name);
    Ok(())
}

/// Takes an invitation with the account that is signed in.
pub async fn join(context: &Context, code: String) -> Result<(), CliError> {
    let code = login::code(code, false, ask::somebody_is_there())?;
    let connection = context.reach().await?;
    let body = InvitationCode { code };
    let joined = connection.send(JoinTeam { body }).await?;
    if context.json {
        return output::json(&joined);
    }
    output::line(&output::plain(&format!(
        "You are in the team “{}” now, as {}.",
        joined.name,
        joined.role.as_str()
    )));
    output::note(&output::plain(&format!(
        "Commands are about the same team as before: “slipway team use {}” changes that, and --team says otherwise for one.",
        joined.team
    )));
    Ok(())
}

/// The connection for calls about the team of that name or id.
pub async fn enter(connection: Connection, name: &str) -> Result<Connection, CliError> {
    let me = connection.send(GetMe {}).await?;
    Ok(connection.in_team(Some(find(&me, name)?.team)))
}

/// The team of that name or id, among those that somebody is in.
fn find<'a>(me: &'a Me, text: &str) -> Result<&'a Membership, CliError> {
    let id = text.parse::<TeamId>().ok();
    let mut found = me
        .teams
        .iter()
        .filter(|one| Some(one.team) == id || one.name.as_str() == text);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(CliError::Failed(format!(
            "You are in no team named “{text}”; “slipway team list” shows those that you are in."
        ))),
        (Some(_), Some(_)) => Err(CliError::Usage(format!(
            "You are in several teams named “{text}”; give the id that “slipway team list” shows."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-IAM-05, FR-API-03: a team is found by its name or its id among the person's own; a name that two have, or none, leads nowhere.
    #[test]
    fn a_team_is_named_clearly() {
        let id = |n: u8| format!("018f0000-0000-7000-8000-00000000000{n}");
        let team = |n: u8, name: &str| serde_json::json!({"team": id(n), "name": name, "role": "viewer"});
        let me: Me = serde_json::from_value(serde_json::json!({
            "id": id(9), "email": "ada@example.org", "name": "Ada",
            "teams": [team(1, "Ops"), team(2, "Shop"), team(3, "Shop")],
        }))
        .unwrap();
        let found = |text: &str| find(&me, text).map(|one| one.team.to_string());
        assert_eq!(found("Ops").unwrap(), id(1));
        assert_eq!(found(&id(3)).unwrap(), id(3));
        for (text, code, words) in [
            ("Shop", 2, "give the id"),
            ("ops", 1, "slipway team list"),
            (&*id(7), 1, "no team"),
        ] {
            let error = found(text).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.exit_code(), code);
        }
    }
}
