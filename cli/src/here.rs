//! What a project's file says about a command: the cluster and the team that it is about, and the application that “.” stands for.

use slipway_client::{Connection, Profile, ProjectFile};
use slipway_protocol::api::{GetMe, ListApplications, ListProjects};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::project::ProjectView;
use slipway_protocol::{ApplicationName, DisplayName};

use crate::commands::several_teams;
use crate::context::{Context, application};
use crate::error::CliError;
use crate::output;

/// Stands for the application that the project's file names; none is called so.
pub const HERE: &str = ".";

impl Context {
    /// The cluster that the command is about: that of the command line, of the project's file, or the chosen one.
    pub fn profile(&self) -> Result<Profile, CliError> {
        let store = self.home.profiles();
        if let Some(name) = &self.cluster {
            return Ok(store.get(name)?);
        }
        Ok(match ProjectFile::of_working_directory()? {
            Some(file) => file.cluster(&store)?,
            None => store.current()?,
        })
    }

    /// A connection to it.
    pub async fn connect(&self) -> Result<Connection, CliError> {
        self.enter(self.file()?.as_ref(), false).await
    }

    /// A connection, and the application of that name or id there; [`HERE`] is the one that the project's file names.
    pub async fn application(&self, app: &str) -> Result<(Connection, ApplicationView), CliError> {
        let file = self.file()?;
        if app != HERE {
            let connection = self.enter(file.as_ref(), false).await?;
            let view = application(&connection, app).await?;
            return Ok((connection, view));
        }
        let (file, name) = named(file.as_ref(), self.cluster.as_deref())?;
        let connection = self.enter(Some(file), true).await?;
        let view = of_file(&connection, file, name).await?;
        Ok((connection, view))
    }

    /// Says that the cluster that was chosen just now is not the one of this folder.
    pub fn tell_of_another_than(&self, chosen: &str) {
        if let Ok(Some(file)) = ProjectFile::of_working_directory()
            && file.names.cluster.as_str() != chosen
        {
            note(&format!(
                "note: in this folder they are about “{}”, as {} says.",
                file.names.cluster,
                file.place()
            ));
        }
    }

    /// Says that the team that was chosen just now for this cluster is not the one of this folder.
    pub fn tell_of_another_team_than(&self, cluster: &str, chosen: &DisplayName) {
        if let Ok(Some(file)) = ProjectFile::of_working_directory()
            && is_meant(&file, Some(cluster))
            && let Some(team) = file.names.team.as_ref().filter(|team| *team != chosen)
        {
            note(&format!(
                "note: in this folder they are about the team “{team}”, as {} says.",
                file.place()
            ));
        }
    }

    /// The project's file. Where the cluster is named anyway, one that is of no use stands in nobody's way.
    fn file(&self) -> Result<Option<ProjectFile>, CliError> {
        match ProjectFile::of_working_directory() {
            Err(error) if self.cluster.is_some() => {
                note(&format!("note: {error}"));
                Ok(None)
            }
            other => Ok(other?),
        }
    }

    /// Connects, to the team that is named or that of the file, once it is said what is taken from the file.
    async fn enter(
        &self,
        file: Option<&ProjectFile>,
        takes_application: bool,
    ) -> Result<Connection, CliError> {
        let chosen = self.cluster.as_deref();
        if self.changes
            && let Some(text) =
                file.and_then(|file| said(file, chosen, self.team.is_none(), takes_application))
        {
            note(&text);
        }
        let connection = self.reach().await?;
        match (&self.team, file.filter(|file| is_meant(file, chosen))) {
            (Some(team), _) => several_teams::enter(connection, team).await,
            (None, Some(file)) => in_its_team(connection, file).await,
            (None, None) => Ok(connection),
        }
    }
}

/// For calls about the team that the file names.
async fn in_its_team(connection: Connection, file: &ProjectFile) -> Result<Connection, CliError> {
    let Some(wanted) = &file.names.team else {
        return Ok(connection);
    };
    let me = connection.send(GetMe {}).await?;
    // Of several that are called so, the one that calls are about anyway.
    let now = me.membership(connection.team());
    let found = now.filter(|one| one.name == *wanted);
    let Some(team) = found.or_else(|| me.teams.iter().find(|one| one.name == *wanted)) else {
        return Err(CliError::Failed(format!(
            "{} names the team “{wanted}”, and you are in none of that name on “{}”; ask for an invitation, or correct the name in the file.",
            file.place(),
            file.names.cluster
        )));
    };
    Ok(connection.in_team(Some(team.team)))
}

fn note(text: &str) {
    output::note(&output::plain(text));
}

/// Whether the command goes where the file says.
fn is_meant(file: &ProjectFile, chosen: Option<&str>) -> bool {
    chosen.is_none_or(|chosen| chosen == file.names.cluster.as_str())
}

/// What is said before something changes: what is taken from the file, or that the command goes elsewhere.
fn said(
    file: &ProjectFile,
    chosen: Option<&str>,
    takes_team: bool,
    takes_application: bool,
) -> Option<String> {
    let (names, place) = (&file.names, file.place());
    let taken = match chosen {
        Some(chosen) if !is_meant(file, Some(chosen)) => {
            return Some(format!(
                "note: {place} names the cluster “{}”; this goes to “{chosen}”, as --cluster or SLIPWAY_CLUSTER says.",
                names.cluster
            ));
        }
        Some(_) => None,
        None => Some(format!("cluster “{}”", names.cluster)),
    };
    let team = names.team.as_ref().filter(|_| takes_team);
    let team = team.map(|team| format!("team “{team}”"));
    let app = names.application_in_words().filter(|_| takes_application);
    let app = app.map(|app| format!("application {app}"));
    let parts: Vec<String> = [taken, team, app].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("note: from {place}: {}", parts.join(", ")))
}

/// The application that the file names. It is one of the file's cluster: of another one it says nothing.
fn named<'a>(
    file: Option<&'a ProjectFile>,
    chosen: Option<&str>,
) -> Result<(&'a ProjectFile, &'a ApplicationName), CliError> {
    let Some((file, name)) = file.and_then(|file| Some((file, file.names.application.as_ref()?))) else {
        return Err(CliError::Usage(
            "No application is named, and no slipway.toml names one for this folder; name it, or link the folder to it with “slipway link APP”."
                .to_owned(),
        ));
    };
    match chosen {
        Some(chosen) if !is_meant(file, Some(chosen)) => Err(CliError::Usage(format!(
            "{} names the application “{name}” of the cluster “{}”, and this goes to “{chosen}”, as --cluster or SLIPWAY_CLUSTER says; name the application, too.",
            file.place(),
            file.names.cluster
        ))),
        Some(_) | None => Ok((file, name)),
    }
}

/// The file's application as the cluster has it.
async fn of_file(
    connection: &Connection,
    file: &ProjectFile,
    name: &ApplicationName,
) -> Result<ApplicationView, CliError> {
    let mut all = connection.send(ListApplications { environment: None }).await?;
    all.retain(|view| view.name == *name);
    if let Some(wanted) = &file.names.project {
        let projects = connection.send(ListProjects {}).await?;
        all.retain(|view| {
            projects
                .iter()
                .any(|project| stands_in(view, project, file, wanted))
        });
    }
    let words = file.names.application_in_words().unwrap_or_default();
    let mut found = all.into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(CliError::Failed(format!(
            "{} names the application {words}, which is not on “{}”; “slipway app list” shows those that there are, and “slipway link --replace APP” names another one.",
            file.place(),
            file.names.cluster
        ))),
        (Some(_), Some(_)) => Err(CliError::Usage(format!(
            "{} names the application {words}, and there are several; add the project and the environment, as “slipway link --replace ID” does.",
            file.place()
        ))),
    }
}

fn stands_in(
    view: &ApplicationView,
    project: &ProjectView,
    file: &ProjectFile,
    wanted: &DisplayName,
) -> bool {
    let mut environments = project.environments.iter();
    project.id == view.project
        && project.name == *wanted
        && environments.any(|one| {
            let wanted = file.names.environment.as_ref();
            one.id == view.environment && wanted.is_none_or(|wanted| one.name == *wanted)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_client::ProjectNames;

    fn file(application: Option<&str>) -> ProjectFile {
        let parsed = |name: &str| DisplayName::parse(name).unwrap();
        ProjectFile {
            path: "/srv/shop/slipway.toml".into(),
            names: ProjectNames {
                cluster: parsed("prod"),
                team: Some(parsed("Ops")),
                project: Some(parsed("Shop")),
                environment: None,
                application: application.map(|name| ApplicationName::parse(name).unwrap()),
            },
        }
    }

    /// FR-API-03: before a change it is said in one line what comes from the file, or that the command goes elsewhere.
    #[test]
    fn what_is_taken_from_the_file_is_said() {
        let file = file(Some("web"));
        assert_eq!(
            said(&file, None, true, true).as_deref(),
            Some("note: from /srv/shop/slipway.toml: cluster “prod”, team “Ops”, application “web” of Shop")
        );
        assert_eq!(
            said(&file, Some("prod"), true, false).as_deref(),
            Some("note: from /srv/shop/slipway.toml: team “Ops”")
        );
        assert_eq!(
            said(&file, Some("prod"), false, false),
            None,
            "another team is named"
        );
        let elsewhere = said(&file, Some("home"), true, false).unwrap();
        assert!(
            elsewhere.contains("“prod”; this goes to “home”") && !elsewhere.contains("Ops"),
            "{elsewhere}"
        );
    }

    /// FR-API-03, NFR-U2: the application of a file is none of another cluster, and what nobody names is an error.
    #[test]
    fn a_files_application_is_of_its_cluster() {
        let (whole, bare) = (file(Some("web")), file(None));
        assert_eq!(named(Some(&whole), None).unwrap().1.as_str(), "web");
        assert_eq!(named(Some(&whole), Some("prod")).unwrap().1.as_str(), "web");
        for (file, chosen, words) in [
            (Some(&whole), Some("home"), "name the application, too"),
            (Some(&bare), None, "slipway link APP"),
            (None, Some("home"), "slipway link APP"),
        ] {
            let error = named(file, chosen).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.exit_code(), 2);
        }
    }
}
