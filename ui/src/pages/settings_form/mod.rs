//! The form of an application's settings, in sections. What is typed is kept as text by field; the settings are read from it anew
//! at each keystroke, so that every field says at once what is wrong with it.

mod build;
mod draft;
mod form;
mod health;
mod hooks;
mod left;
mod network;
mod reach;
mod reader;
mod resources;
mod rollout;
mod running;
mod security;
mod source;
mod storage;
#[cfg(test)]
mod tests;

use slipway_protocol::RelativePath;
use slipway_protocol::settings::{ApplicationSettings, Source, UploadSource};
use yew::prelude::*;

pub use draft::Draft;
pub use form::{Form, use_form};
pub use left::{LeftDraft, come_back_over};
pub use reader::Errors;
pub use running::basics as running_basics;
pub use source::{IMAGE, is_image};

use reach::refused;
use reader::Reader;

/// A part of the form that is shown at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Source,
    Build,
    Running,
    Health,
    Rollout,
    Resources,
    Storage,
    Network,
    Security,
    Hooks,
}

impl Section {
    pub const ALL: [Self; 10] = [
        Self::Source,
        Self::Build,
        Self::Running,
        Self::Health,
        Self::Rollout,
        Self::Resources,
        Self::Storage,
        Self::Network,
        Self::Security,
        Self::Hooks,
    ];

    /// In its `data-testid`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Build => "build",
            Self::Running => "running",
            Self::Health => "health",
            Self::Rollout => "rollout",
            Self::Resources => "resources",
            Self::Storage => "storage",
            Self::Network => "network",
            Self::Security => "security",
            Self::Hooks => "hooks",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Source => "Source",
            Self::Build => "Build",
            Self::Running => "Running",
            Self::Health => "Health check",
            Self::Rollout => "Rollout",
            Self::Resources => "Resources",
            Self::Storage => "Storage",
            Self::Network => "Network and nodes",
            Self::Security => "Security",
            Self::Hooks => "Hooks",
        }
    }

    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Source => source::FIELDS,
            Self::Build => build::FIELDS,
            Self::Running => running::FIELDS,
            Self::Health => health::FIELDS,
            Self::Rollout => rollout::FIELDS,
            Self::Resources => resources::FIELDS,
            Self::Storage => storage::FIELDS,
            Self::Network => network::FIELDS,
            Self::Security => security::FIELDS,
            Self::Hooks => hooks::FIELDS,
        }
    }

    /// The one that has this field.
    pub fn with_field(field: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|section| section.fields().contains(&field))
    }

    /// Something in it is not valid.
    pub fn is_wrong(self, errors: &Errors) -> bool {
        self.fields().iter().any(|field| errors.contains_key(field))
    }

    /// How many of its fields are not as they were.
    pub fn changed(self, before: &Draft, now: &Draft) -> usize {
        let differs = |field: &&&'static str| !now.is_same(before, field);
        self.fields().iter().filter(differs).count()
    }

    pub fn view(self, form: &Form) -> Html {
        match self {
            Self::Source => source::view(form),
            Self::Build => build::view(form),
            Self::Running => running::view(form),
            Self::Health => health::view(form),
            Self::Rollout => rollout::view(form),
            Self::Resources => resources::view(form),
            Self::Storage => storage::view(form),
            Self::Network => network::view(form),
            Self::Security => security::view(form),
            Self::Hooks => hooks::view(form),
        }
    }
}

/// The texts that stand for these settings.
pub fn fill(settings: &ApplicationSettings) -> Draft {
    let mut draft = Draft::default();
    source::fill(&mut draft, Some(&settings.source));
    fill_rest(&mut draft, settings);
    draft
}

/// The texts of an application that is still to be made: everything but the source is as it is by default.
pub fn fill_new() -> Draft {
    let mut draft = Draft::default();
    source::fill(&mut draft, None);
    fill_rest(&mut draft, &ApplicationSettings::new(some_source(), None));
    draft
}

fn fill_rest(draft: &mut Draft, settings: &ApplicationSettings) {
    build::fill(draft, &settings.build);
    running::fill(draft, settings);
    health::fill(draft, &settings.health);
    rollout::fill(draft, &settings.rollout);
    resources::fill(draft, &settings.container);
    storage::fill(draft, &settings.container);
    network::fill(draft, &settings.container);
    security::fill(draft, &settings.container);
    hooks::fill(draft, &settings.hooks);
}

/// The settings that these texts stand for, or what is wrong with them.
pub fn read(draft: &Draft) -> Result<ApplicationSettings, Errors> {
    let mut reader = Reader::of(draft);
    let source = source::read(&mut reader);
    let mut settings = ApplicationSettings::new(source.unwrap_or_else(some_source), None);
    build::read(&mut reader, &mut settings);
    running::read(&mut reader, &mut settings);
    health::read(&mut reader, &mut settings);
    rollout::read(&mut reader, &mut settings);
    resources::read(&mut reader, &mut settings.container);
    storage::read(&mut reader, &mut settings.container);
    network::read(&mut reader, &mut settings.container);
    security::read(&mut reader, &mut settings.container);
    hooks::read(&mut reader, &mut settings.hooks);
    reader.done(settings)
}

/// Stands in the place of a source that is not known yet; it is never sent.
fn some_source() -> Source {
    Source::Upload(UploadSource {
        folder: RelativePath::here(),
    })
}
