//! What the palette finds: an entry with its words, and what choosing it does.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::desktop::Cluster;
use slipway_protocol::{ApplicationId, ClusterId};

use super::rank::Haystack;
use crate::components::icon::Icon;
use crate::components::pill::Tone;
use crate::route::Route;

/// The order in which groups stand when nothing is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    Recent,
    Actions,
    Applications,
    Projects,
    Clusters,
    Pages,
    Settings,
}

impl Group {
    pub fn title(self) -> &'static str {
        match self {
            Self::Recent => "Recent",
            Self::Actions => "Actions",
            Self::Applications => "Applications",
            Self::Projects => "Projects",
            Self::Clusters => "Clusters",
            Self::Pages => "Pages",
            Self::Settings => "Settings",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Icon(Icon),
    /// The state of what it leads to.
    Dot(Tone),
}

/// Something that is done with an application. It is asked about first, with what it will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Deploy,
    Reload,
    Restart,
    Stop,
    Start,
}

/// An act with what it is about.
#[derive(Clone, PartialEq)]
pub struct Asked {
    pub act: Act,
    pub cluster: Rc<Cluster>,
    pub app: Rc<ApplicationView>,
    /// “shop / production”.
    pub place: String,
}

/// A step on a page that was opened. Each names a control by its `data-testid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Focus(String),
    /// Only for buttons that show something, ask before they do anything, or change nothing of a cluster.
    Press(String),
}

#[derive(Clone, PartialEq)]
pub enum Does {
    Go(Route),
    /// Opens the page, and goes to what is meant in these steps.
    Reach(Route, Vec<Step>),
    OpenUrl(String),
    Ask(Box<Asked>),
    SwitchTheme,
    ShowShortcuts,
}

#[derive(Clone, PartialEq)]
pub struct Entry {
    /// Stays the same from one opening to the next.
    pub key: String,
    pub group: Group,
    pub mark: Mark,
    pub title: String,
    /// Behind the title, in grey.
    pub detail: String,
    /// Its cluster; none for what belongs to the app itself.
    pub cluster: Option<Rc<Cluster>>,
    pub application: Option<ApplicationId>,
    pub does: Does,
    /// Why it cannot be done.
    pub refused: Option<&'static str>,
    pub haystack: Haystack,
}

impl Entry {
    pub fn cluster_id(&self) -> Option<ClusterId> {
        self.cluster.as_ref().map(|cluster| cluster.id)
    }

    /// What is read out for it: the title, where it is, and why it cannot be done. The row's own text is in parts, cut where there is no room.
    pub fn name(&self) -> String {
        let cluster = self.cluster.as_deref();
        let tag = cluster.and_then(|cluster| cluster.tag.as_deref());
        let parts = [
            Some(self.title.as_str()),
            Some(self.detail.as_str()).filter(|detail| !detail.is_empty()),
            cluster
                .map(|cluster| cluster.name.as_str())
                .filter(|name| *name != self.title),
            tag.filter(|tag| *tag == "production"),
            self.refused,
        ];
        let said: Vec<&str> = parts.into_iter().flatten().collect();
        said.join(", ")
    }
}
