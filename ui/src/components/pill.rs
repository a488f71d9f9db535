//! States in colour: pills, dots, and a cluster's tag.

use slipway_protocol::application::{ApplicationView, ObservedStatus};
use slipway_protocol::command::CommandStatus;
use slipway_protocol::deployment::DeploymentStatus;
use slipway_protocol::desktop::Link;
use yew::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Warning,
    Bad,
    Progress,
    Neutral,
}

impl Tone {
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Progress => "progress",
            Self::Neutral => "neutral",
        }
    }

    pub fn of_deployment(status: DeploymentStatus) -> Self {
        match status {
            DeploymentStatus::Succeeded => Self::Good,
            DeploymentStatus::Failed | DeploymentStatus::Stuck => Self::Bad,
            DeploymentStatus::Running | DeploymentStatus::Queued => Self::Progress,
            DeploymentStatus::Unwinding => Self::Warning,
            DeploymentStatus::Cancelled | DeploymentStatus::Superseded => Self::Neutral,
        }
    }

    pub fn of_command(status: CommandStatus) -> Self {
        match status {
            CommandStatus::Succeeded => Self::Good,
            CommandStatus::Failed | CommandStatus::TimedOut => Self::Bad,
            CommandStatus::Waiting | CommandStatus::Running => Self::Progress,
            CommandStatus::Cancelled => Self::Neutral,
        }
    }

    pub fn of_observed(status: ObservedStatus) -> Self {
        match status {
            ObservedStatus::Running => Self::Good,
            ObservedStatus::Degraded => Self::Warning,
            ObservedStatus::Down => Self::Bad,
            ObservedStatus::Absent | ObservedStatus::Unknown | ObservedStatus::Stopped => Self::Neutral,
        }
    }

    pub fn of_link(link: &Link) -> Self {
        match link {
            Link::Up { .. } => Self::Good,
            Link::Connecting => Self::Progress,
            Link::Retrying { .. } => Self::Warning,
            Link::Down { .. } => Self::Bad,
            Link::Closed => Self::Neutral,
        }
    }
}

/// One word for a link.
pub fn link_word(link: &Link) -> &'static str {
    match link {
        Link::Up { .. } => "connected",
        Link::Connecting => "connecting",
        Link::Retrying { .. } => "reconnecting",
        Link::Down { .. } => "down",
        Link::Closed => "not connected",
    }
}

/// What is seen of an application, in a few words.
pub fn observed_words(app: &ApplicationView) -> String {
    let wanted = app.wanted_tasks;
    if let Some(unhealthy) = &app.unhealthy {
        return format!("unhealthy, {} of {wanted}", unhealthy.tasks);
    }
    match app.observed {
        ObservedStatus::Running => format!("running, {} of {wanted}", app.observed_tasks),
        ObservedStatus::Degraded => format!("degraded, {} of {wanted}", app.observed_tasks),
        ObservedStatus::Down => "down".to_owned(),
        ObservedStatus::Stopped => "stopped".to_owned(),
        ObservedStatus::Absent => "not deployed".to_owned(),
        ObservedStatus::Unknown => "unknown".to_owned(),
    }
}

/// The colour of an application's dot: a running deployment counts more than what is seen.
pub fn application_tone(app: &ApplicationView) -> Tone {
    match &app.last_deployment {
        Some(last) if !last.status.is_final() => Tone::of_deployment(last.status),
        _ if app.unhealthy.is_some() => Tone::Bad,
        _ => Tone::of_observed(app.observed),
    }
}

#[derive(PartialEq, Properties)]
pub struct PillProps {
    #[prop_or_default]
    pub id: Option<AttrValue>,
    pub tone: Tone,
    pub text: AttrValue,
    #[prop_or_default]
    pub title: Option<AttrValue>,
}

#[function_component]
pub fn Pill(props: &PillProps) -> Html {
    html! {
        <span class={classes!("pill", props.tone.class())} data-testid={props.id.clone()} title={props.title.clone()}>
            <span class="dot" aria-hidden="true"/>{ &props.text }
        </span>
    }
}

#[derive(PartialEq, Properties)]
pub struct DotProps {
    pub tone: Tone,
}

#[function_component]
pub fn Dot(props: &DotProps) -> Html {
    html! { <span class={classes!("dot", props.tone.class())} aria-hidden="true"/> }
}

#[derive(PartialEq, Properties)]
pub struct TagProps {
    pub tag: Option<AttrValue>,
}

/// A cluster's tag, shortened.
#[function_component]
pub fn Tag(props: &TagProps) -> Html {
    let Some(tag) = &props.tag else {
        return html! {};
    };
    let (class, short) = match tag.as_str() {
        "production" => ("production", "PROD".to_owned()),
        "staging" => ("staging", "STAGING".to_owned()),
        "development" => ("development", "DEV".to_owned()),
        other => ("development", other.to_uppercase()),
    };
    html! { <span class={classes!("tag", class)} title={tag.clone()}>{ short }</span> }
}

/// So many of something's tags are shown; the others are told by their number.
const SHOWN_TAGS: usize = 4;

/// The tags of an application or a project, as small words.
pub fn tag_badges(tags: &[slipway_protocol::Tag]) -> Html {
    let shown = tags.iter().take(SHOWN_TAGS);
    let more = tags.len().saturating_sub(SHOWN_TAGS);
    let others: Vec<&str> = tags.iter().skip(SHOWN_TAGS).map(|tag| tag.as_str()).collect();
    html! {
        <>
            { for shown.map(|tag| html! { <Badge tone={Tone::Neutral} text={tag.to_string()}/> }) }
            if more > 0 { <Badge tone={Tone::Neutral} text={format!("+{more}")} title={others.join(", ")}/> }
        </>
    }
}

#[derive(PartialEq, Properties)]
pub struct BadgeProps {
    pub tone: Tone,
    pub text: AttrValue,
    #[prop_or_default]
    pub title: Option<AttrValue>,
}

/// A small word beside a name: serving, warm.
#[function_component]
pub fn Badge(props: &BadgeProps) -> Html {
    html! { <span class={classes!("badge", props.tone.class())} title={props.title.clone()}>{ &props.text }</span> }
}
