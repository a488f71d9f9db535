//! Buttons, with the `data-testid` on the very element.

use yew::prelude::*;

use super::icon::{Icon, Picture};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    Primary,
    #[default]
    Secondary,
    Danger,
    /// Only an icon, or text in a line.
    Plain,
}

impl Look {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "pf-m-primary",
            Self::Secondary => "pf-m-secondary",
            Self::Danger => "pf-m-danger",
            Self::Plain => "pf-m-plain",
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct ButtonProps {
    /// The `data-testid`.
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// What it does; for an icon alone this is read out and shown on hover.
    pub label: AttrValue,
    #[prop_or_default]
    pub look: Look,
    #[prop_or_default]
    pub icon: Option<Icon>,
    /// Shows the icon without the label.
    #[prop_or_default]
    pub icon_only: bool,
    /// Why it cannot be pressed now, or more about what it does.
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub disabled: bool,
    /// What it started is under way.
    #[prop_or_default]
    pub busy: bool,
    /// It submits its form; then `onclick` may be absent.
    #[prop_or_default]
    pub submit: bool,
    #[prop_or_default]
    pub onclick: Callback<()>,
}

#[function_component]
pub fn Button(props: &ButtonProps) -> Html {
    let onclick = props.onclick.reform(|event: MouseEvent| event.stop_propagation());
    let class = classes!(
        "button",
        "pf-v6-c-button",
        props.look.class(),
        props.icon_only.then_some("icon-only"),
        props.busy.then_some("busy"),
    );
    let title = props
        .hint
        .clone()
        .or_else(|| props.icon_only.then(|| props.label.clone()));
    html! {
        <button type={if props.submit { "submit" } else { "button" }} {class} data-testid={props.id.clone()}
            disabled={props.disabled || props.busy} aria-busy={props.busy.then_some("true")} {title}
            aria-label={props.icon_only.then(|| props.label.clone())} {onclick}>
            if let Some(icon) = props.icon { <Picture {icon}/> }
            if !props.icon_only { <span>{ &props.label }</span> }
        </button>
    }
}
