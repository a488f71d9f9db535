//! Making what was typed, one thing after the other: the application, its variables, its domain.

use slipway_protocol::api::{CreateApplication, CreateDomain, SetVariable, UpdateApplication};
use slipway_protocol::application::NewApplication;
use slipway_protocol::desktop::Failure;
use slipway_protocol::domain::NewDomain;
use slipway_protocol::variable;
use slipway_protocol::{
    ApplicationId, ClusterId, EnvironmentId, HostName, Scope, Secret, UrlPath, VariableKey, dotenv,
};

use crate::shell;

pub type Variables = Vec<(VariableKey, String)>;

/// The new application; or that of an earlier attempt, with what was corrected since.
pub async fn application(
    cluster: ClusterId,
    environment: EnvironmentId,
    new: NewApplication,
    created: Option<ApplicationId>,
) -> Result<ApplicationId, Failure> {
    let made = match created {
        None => {
            let body = new;
            shell::api(cluster, CreateApplication { environment, body }).await?
        }
        Some(application) => {
            let body = new.settings;
            shell::api(cluster, UpdateApplication { application, body }).await?
        }
    };
    Ok(made.id)
}

/// What belongs to it.
pub async fn add(
    cluster: ClusterId,
    application: ApplicationId,
    variables: Variables,
    host: Option<HostName>,
) -> Result<(), Failure> {
    for (key, value) in variables {
        let value = Secret::new(value);
        let (scope, body) = (
            Scope::Application(application),
            variable::SetVariable::new(key, value),
        );
        shell::api(cluster, SetVariable { scope, body })
            .await
            .map_err(half_done)?;
    }
    if let Some(host) = host {
        // A constant that parses.
        if let Ok(path) = UrlPath::parse("/") {
            let body = NewDomain { host, path };
            shell::api(cluster, CreateDomain { application, body })
                .await
                .map_err(half_done)?;
        }
    }
    Ok(())
}

fn half_done(mut failure: Failure) -> Failure {
    failure.sentence = format!(
        "The application was created, but not all that belongs to it: {} Trying again goes on with what is missing.",
        failure.sentence
    );
    failure
}

/// The variables of a text in the form of `.env` files; each has to have a value.
pub fn parse_variables(text: &str) -> Result<Variables, String> {
    let entries = dotenv::parse(text).map_err(|error| format!("{error}."))?;
    let valued = |entry: dotenv::Entry| match entry.value {
        Some(value) => Ok((entry.key, value.into_exposed())),
        None => Err(format!("{} has no value; write {}=value.", entry.key, entry.key)),
    };
    entries.into_iter().map(valued).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CFG-02: the text is read as `.env` files are, here as everywhere.
    #[test]
    fn variables_are_read_as_env_files_are() {
        let parsed = parse_variables("A=1\n\n# note\nexport B_2='a=b\n c' # why\n").unwrap();
        let plain: Vec<_> = parsed
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(plain, [("A", "1"), ("B_2", "a=b\n c")]);
        assert!(parse_variables("A").unwrap_err().starts_with("A has no value"));
        assert!(parse_variables("A=1\n2=3").unwrap_err().starts_with("Line 2"));
    }
}
