//! `slipway registry`: the team's sign-ins for registries of images. Passwords are written, never read back.

use slipway_protocol::api::{DeleteRegistry, ListRegistries, SetRegistry};
use slipway_protocol::registry::{RegistryLogin, RegistryView};
use slipway_protocol::{LoginName, RegistryHost};

use crate::context::Context;
use crate::error::CliError;
use crate::{ask, output};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Store a sign-in; the password is the first line of standard input.
    Set {
        /// The registry: ghcr.io, registry.example.org:5000, docker.io …
        host: String,
        #[arg(long)]
        user: String,
    },
    /// The registries that there is a sign-in for.
    List,
    /// Remove a sign-in.
    Remove { host: String },
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Set { host, user } => set(context, &host, &user).await,
        Command::List => list(context).await,
        Command::Remove { host } => remove(context, &host).await,
    }
}

async fn set(context: &Context, host: &str, user: &str) -> Result<(), CliError> {
    let (host, user) = (RegistryHost::parse(host)?, LoginName::parse(user)?);
    let password = ask::secret_from_stdin("the password")?;
    let body = RegistryLogin { host, user, password };
    let view = context.connect().await?.send(SetRegistry { body }).await?;
    if context.json {
        return output::json(&view);
    }
    output::line(&format!("Stored the sign-in for {} as {}.", view.host, view.user));
    Ok(())
}

async fn list(context: &Context) -> Result<(), CliError> {
    let all = context.connect().await?.send(ListRegistries {}).await?;
    if context.json {
        return output::json(&all);
    }
    let row = |view: &RegistryView| {
        vec![
            view.host.to_string(),
            view.user.to_string(),
            output::time(&view.updated_at),
        ]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    output::table(
        &["registry", "user", "set"],
        &rows,
        "There is no sign-in for a registry.",
    );
    Ok(())
}

async fn remove(context: &Context, host: &str) -> Result<(), CliError> {
    let host = RegistryHost::parse(host)?;
    let connection = context.connect().await?;
    connection.send(DeleteRegistry { host: host.clone() }).await?;
    if context.json {
        return output::json(&());
    }
    output::line(&format!("Removed the sign-in for {host}."));
    Ok(())
}
