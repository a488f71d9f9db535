//! An application's settings as they are being typed, and what the protocol's parsers say of each text.

use std::rc::Rc;

use slipway_protocol::git::{GitRef, GitUrl};
use slipway_protocol::settings::{
    ApplicationSettings, Build, DockerfileBuild, GitSource, HealthCheck, Port, Replicas, Source,
};
use slipway_protocol::{ApplicationName, RelativePath, UrlPath};
use yew::prelude::*;

use crate::components::field::complaint;

/// A text field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Name,
    GitUrl,
    Branch,
    Folder,
    Dockerfile,
    Port,
    Replicas,
    HealthPath,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AppDraft {
    pub name: String,
    pub git_url: String,
    pub branch: String,
    pub folder: String,
    pub dockerfile: String,
    pub port: String,
    pub replicas: String,
    /// The health check asks for a path; else only for the port.
    pub http: bool,
    pub health_path: String,
    /// What the form does not show stays as it is.
    rest: Option<Rc<ApplicationSettings>>,
}

impl Default for AppDraft {
    fn default() -> Self {
        Self {
            name: String::new(),
            git_url: String::new(),
            branch: "main".to_owned(),
            folder: ".".to_owned(),
            dockerfile: String::new(),
            port: String::new(),
            replicas: "1".to_owned(),
            http: false,
            health_path: "/".to_owned(),
            rest: None,
        }
    }
}

pub enum DraftAction {
    Type(Text, String),
    Http(bool),
}

impl Reducible for AppDraft {
    type Action = DraftAction;

    fn reduce(self: Rc<Self>, action: DraftAction) -> Rc<Self> {
        let mut next = (*self).clone();
        match action {
            DraftAction::Type(field, text) => *next.text_mut(field) = text,
            DraftAction::Http(http) => next.http = http,
        }
        next.into()
    }
}

impl AppDraft {
    /// The settings that an application has now.
    pub fn of(name: &ApplicationName, settings: &ApplicationSettings) -> Self {
        let (http, health_path) = match &settings.health {
            HealthCheck::Http { path, .. } => (true, path.to_string()),
            HealthCheck::Port
            | HealthCheck::Tcp
            | HealthCheck::Command { .. }
            | HealthCheck::StaysUp { .. } => (false, "/".to_owned()),
        };
        let git = settings.source.git();
        Self {
            name: name.to_string(),
            git_url: git.map(|git| git.url.to_string()).unwrap_or_default(),
            branch: git.map(|git| git.reference.to_string()).unwrap_or_default(),
            folder: settings
                .source
                .folder()
                .map(ToString::to_string)
                .unwrap_or_default(),
            dockerfile: match &settings.build {
                Build::Dockerfile(build) => build.file.to_string(),
                Build::Automatic | Build::Static(_) | Build::External(_) => String::new(),
            },
            port: settings
                .port
                .map(|port| port.get().to_string())
                .unwrap_or_default(),
            replicas: settings.replicas.get().to_string(),
            http,
            health_path,
            rest: Some(Rc::new(settings.clone())),
        }
    }

    pub fn text(&self, field: Text) -> &str {
        match field {
            Text::Name => &self.name,
            Text::GitUrl => &self.git_url,
            Text::Branch => &self.branch,
            Text::Folder => &self.folder,
            Text::Dockerfile => &self.dockerfile,
            Text::Port => &self.port,
            Text::Replicas => &self.replicas,
            Text::HealthPath => &self.health_path,
        }
    }

    fn text_mut(&mut self, field: Text) -> &mut String {
        match field {
            Text::Name => &mut self.name,
            Text::GitUrl => &mut self.git_url,
            Text::Branch => &mut self.branch,
            Text::Folder => &mut self.folder,
            Text::Dockerfile => &mut self.dockerfile,
            Text::Port => &mut self.port,
            Text::Replicas => &mut self.replicas,
            Text::HealthPath => &mut self.health_path,
        }
    }

    /// What is wrong with a field; an empty one is complained of only when the form has been sent.
    pub fn error(&self, field: Text, strict: bool) -> Option<AttrValue> {
        let text = self.text(field).trim();
        match field {
            Text::Name => complaint(text, strict, ApplicationName::parse(text)),
            Text::GitUrl => complaint(text, strict, GitUrl::parse(text)),
            Text::Branch => complaint(text, strict, GitRef::parse(text)),
            Text::Folder => complaint(text, strict, RelativePath::parse(text)),
            // Left empty, the folder decides, and nothing is routed.
            Text::Dockerfile | Text::Port if text.is_empty() => None,
            Text::Dockerfile => complaint(text, strict, RelativePath::parse(text)),
            Text::Port => complaint(text, strict, port(text)),
            Text::Replicas => complaint(text, strict, replicas(text)),
            Text::HealthPath if self.http => complaint(text, strict, UrlPath::parse(text)),
            Text::HealthPath => None,
        }
    }

    pub fn application_name(&self) -> Option<ApplicationName> {
        ApplicationName::parse(self.name.trim()).ok()
    }

    /// The settings, if every text is valid.
    pub fn settings(&self) -> Option<ApplicationSettings> {
        let before = self.rest.as_deref();
        let git = before.and_then(|settings| settings.source.git());
        let source = Source::Git(GitSource {
            url: GitUrl::parse(self.git_url.trim()).ok()?,
            reference: GitRef::parse(self.branch.trim()).ok()?,
            folder: RelativePath::parse(self.folder.trim()).ok()?,
            submodules: git.is_some_and(|git| git.submodules),
            lfs: git.is_some_and(|git| git.lfs),
        });
        let port = match self.port.trim() {
            "" => None,
            text => Some(port(text).ok()?),
        };
        let mut settings = before
            .cloned()
            .unwrap_or_else(|| ApplicationSettings::new(source.clone(), port));
        settings.source = source;
        settings.port = port;
        settings.replicas = replicas(self.replicas.trim()).ok()?;
        settings.build = self.build(settings.build)?;
        if self.http {
            settings.health = HealthCheck::http(UrlPath::parse(self.health_path.trim()).ok()?);
        } else if matches!(settings.health, HealthCheck::Http { .. }) {
            settings.health = HealthCheck::Port;
        }
        Some(settings)
    }

    /// The build, where the Dockerfile's field may have changed.
    fn build(&self, before: Build) -> Option<Build> {
        let file = match self.dockerfile.trim() {
            "" if matches!(before, Build::Dockerfile(_)) => return Some(Build::Automatic),
            "" => return Some(before),
            text => RelativePath::parse(text).ok()?,
        };
        let build = match before {
            Build::Dockerfile(build) => build,
            Build::Automatic | Build::Static(_) | Build::External(_) => DockerfileBuild::default(),
        };
        Some(Build::Dockerfile(DockerfileBuild { file, ..build }))
    }
}

fn port(text: &str) -> Result<Port, &'static str> {
    let number: u64 = text.parse().map_err(|_| "A port is a number from 1 to 65535")?;
    Port::try_from(number)
}

fn replicas(text: &str) -> Result<Replicas, &'static str> {
    let number: u64 = text.parse().map_err(|_| "Replicas are a number from 1 to 50")?;
    Replicas::try_from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-PRJ-02: what the form shows of an application is what it would send.
    #[test]
    fn a_draft_goes_round() {
        let draft = AppDraft {
            name: "web".to_owned(),
            git_url: "https://example.org/web.git".to_owned(),
            port: "8080".to_owned(),
            http: true,
            health_path: "/healthz".to_owned(),
            ..AppDraft::default()
        };
        let settings = draft.settings().unwrap();
        let name = draft.application_name().unwrap();
        let again = AppDraft::of(&name, &settings);
        assert_eq!(again.settings(), Some(settings));
        assert_eq!(
            (again.name, again.git_url, again.health_path),
            (draft.name, draft.git_url, draft.health_path)
        );
    }

    /// NFR-U2: a field that is not filled yet is no mistake yet.
    #[test]
    fn empty_fields_are_complained_of_only_when_sent() {
        let draft = AppDraft::default();
        assert_eq!(draft.error(Text::GitUrl, false), None);
        assert!(draft.error(Text::GitUrl, true).is_some());
        assert!(draft.settings().is_none());
    }
}
