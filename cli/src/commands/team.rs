//! `slipway team`: the people of the team, inviting another, and what they did. Being in several is beside it.

use slipway_protocol::Role;
use slipway_protocol::api::{CreateInvitation, ListAudit, ListMembers};
use slipway_protocol::identity::{AuditEntry, MemberView, NewInvitation};

use super::several_teams;
use crate::context::Context;
use crate::error::CliError;
use crate::output;

#[derive(clap::Subcommand)]
pub enum Command {
    /// The members and their roles.
    Members,
    /// Make a one-time invitation into the team; for owners. Its code is told this once.
    Invite {
        /// viewer, developer, admin or owner.
        #[arg(long, value_parser = role)]
        role: Role,
    },
    /// Who did what, newest first; for admins and owners.
    Audit,
    /// The teams that you are in, and which of them commands are about.
    List,
    /// Choose the team that commands to this cluster are about, by its name or id.
    Use { name: String },
    /// Take an invitation into another team, with the account that is signed in.
    Join {
        /// “-” asks for its one-time code, or reads it from the first line of standard input. A code that is written here instead is seen by everybody
        /// who lists the programs of this machine, and kept by the shell.
        #[arg(long, value_name = "-|CODE")]
        invitation: String,
    },
}

fn role(text: &str) -> Result<Role, String> {
    let found = Role::ALL.into_iter().find(|role| role.as_str() == text);
    found.ok_or_else(|| {
        let all = Role::ALL.map(Role::as_str).join(", ");
        format!("the roles are {all}")
    })
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Members => members(context).await,
        Command::Invite { role } => invite(context, role).await,
        Command::Audit => audit(context).await,
        Command::List => several_teams::list(context).await,
        Command::Use { name } => several_teams::choose(context, &name).await,
        Command::Join { invitation } => several_teams::join(context, invitation).await,
    }
}

async fn members(context: &Context) -> Result<(), CliError> {
    let all = context.connect().await?.send(ListMembers {}).await?;
    if context.json {
        return output::json(&all);
    }
    let row = |view: &MemberView| {
        vec![
            view.name.to_string(),
            view.email.to_string(),
            view.role.as_str().to_owned(),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    output::table(&["name", "e-mail", "role"], &rows, "The team has no members.");
    Ok(())
}

async fn invite(context: &Context, role: Role) -> Result<(), CliError> {
    let body = NewInvitation { role };
    let made = context.connect().await?.send(CreateInvitation { body }).await?;
    if context.json {
        return output::json(&made);
    }
    output::line(&output::plain(made.code.expose()));
    output::note(&format!(
        "It lets one {} in, until {}: slipway login --invitation - --email … --name …, or, with an account here, slipway team join --invitation -",
        role.as_str(),
        output::time(&made.expires_at)
    ));
    Ok(())
}

async fn audit(context: &Context) -> Result<(), CliError> {
    let all = context.connect().await?.send(ListAudit {}).await?;
    if context.json {
        return output::json(&all);
    }
    let row = |entry: &AuditEntry| {
        vec![
            output::time(&entry.at),
            entry.actor.clone(),
            entry.action.clone(),
            entry.subject.clone(),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    output::table(&["at", "who", "what", "of"], &rows, "Nothing was done yet.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-IAM-05, FR-API-03: roles are named as everywhere else, and another word says which there are.
    #[test]
    fn roles_have_names() {
        for one in Role::ALL {
            assert_eq!(role(one.as_str()), Ok(one));
        }
        let said = role("root").unwrap_err();
        assert!(said.contains("developer") && said.contains("owner"), "{said}");
    }
}
