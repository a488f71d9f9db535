//! An application's settings as they are being typed, and what the protocol's parsers say of each text.

use std::rc::Rc;

use slipway_protocol::application::{ApplicationSettings, GitSource, HealthCheck, Port, Replicas};
use slipway_protocol::git::{GitRef, GitUrl};
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
}

impl Default for AppDraft {
    fn default() -> Self {
        Self {
            name: String::new(),
            git_url: String::new(),
            branch: "main".to_owned(),
            folder: ".".to_owned(),
            dockerfile: "Dockerfile".to_owned(),
            port: String::new(),
            replicas: "1".to_owned(),
            http: false,
            health_path: "/".to_owned(),
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
            HealthCheck::Port => (false, "/".to_owned()),
            HealthCheck::Http { path } => (true, path.to_string()),
        };
        Self {
            name: name.to_string(),
            git_url: settings.source.url.to_string(),
            branch: settings.source.reference.to_string(),
            folder: settings.source.folder.to_string(),
            dockerfile: settings.dockerfile.to_string(),
            port: settings.port.get().to_string(),
            replicas: settings.replicas.get().to_string(),
            http,
            health_path,
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
            Text::Folder | Text::Dockerfile => complaint(text, strict, RelativePath::parse(text)),
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
        let health = if self.http {
            HealthCheck::Http {
                path: UrlPath::parse(self.health_path.trim()).ok()?,
            }
        } else {
            HealthCheck::Port
        };
        Some(ApplicationSettings {
            source: GitSource {
                url: GitUrl::parse(self.git_url.trim()).ok()?,
                reference: GitRef::parse(self.branch.trim()).ok()?,
                folder: RelativePath::parse(self.folder.trim()).ok()?,
            },
            dockerfile: RelativePath::parse(self.dockerfile.trim()).ok()?,
            port: port(self.port.trim()).ok()?,
            replicas: replicas(self.replicas.trim()).ok()?,
            health,
        })
    }
}

fn port(text: &str) -> Result<Port, &'static str> {
    let number: u16 = text.parse().map_err(|_| "A port is a number from 1 to 65535")?;
    Port::try_from(number)
}

fn replicas(text: &str) -> Result<Replicas, &'static str> {
    let number: u16 = text.parse().map_err(|_| "Replicas are a number from 1 to 50")?;
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
        assert_eq!(AppDraft::of(&name, &settings), draft);
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
