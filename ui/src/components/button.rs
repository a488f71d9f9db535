//! Buttons, with the `data-testid` on the very element.

use yew::prelude::*;

use super::field::use_focus;
use super::icon::{Icon, Picture};
use crate::state::cluster::use_out_of_reach;

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
    /// It is a switch: whether it is on.
    #[prop_or_default]
    pub pressed: Option<bool>,
    /// It has the focus when it is first shown.
    #[prop_or_default]
    pub autofocus: bool,
    /// It opens a menu, and whether that is open.
    #[prop_or_default]
    pub menu: Option<bool>,
    /// It asks the cluster for something, or leads to a question about that, as the main button of a form or a question always does: it is
    /// greyed while the link is down.
    #[prop_or_default]
    pub acts: bool,
    /// It can be pressed while the link is down: what it does needs none, or makes one.
    #[prop_or_default]
    pub offline: bool,
    #[prop_or_default]
    pub onclick: Callback<()>,
}

/// Why a form's or a question's main button is greyed, where nothing more exact is said.
const NOT_READY: AttrValue =
    AttrValue::Static("It can be pressed as soon as all that it needs is typed, chosen or loaded");

#[function_component]
pub fn Button(props: &ButtonProps) -> Html {
    let node = use_node_ref();
    use_focus(node.clone(), props.autofocus);
    let onclick = props.onclick.reform(|event: MouseEvent| event.stop_propagation());
    let class = classes!(
        "button",
        "pf-v6-c-button",
        props.look.class(),
        props.icon_only.then_some("icon-only"),
        props.busy.then_some("busy"),
        (props.pressed == Some(true)).then_some("on"),
    );
    let acts = props.acts || props.submit || matches!(props.look, Look::Primary | Look::Danger);
    let out_of_reach = use_out_of_reach().filter(|_| acts && !props.offline);
    let unreached = out_of_reach.is_some();
    let not_ready = props.submit && props.disabled && !props.busy;
    let title = out_of_reach
        .or_else(|| props.hint.clone())
        .or_else(|| not_ready.then_some(NOT_READY))
        .or_else(|| props.icon_only.then(|| props.label.clone()));
    // Where one button takes another's place it is another element: else the press that stops something would, in the page's hands, submit the
    // form by the button that has come instead.
    let key = props.id.as_deref().unwrap_or_default().to_owned();
    html! {
        <button {key} ref={node} type={if props.submit { "submit" } else { "button" }} {class} data-testid={props.id.clone()}
            disabled={props.disabled || props.busy || unreached} aria-busy={props.busy.then_some("true")} {title} aria-pressed={props.pressed.map(|on| if on { "true" } else { "false" })}
            aria-haspopup={props.menu.map(|_| "menu")} aria-expanded={props.menu.map(|open| if open { "true" } else { "false" })}
            aria-label={props.icon_only.then(|| props.label.clone())} data-autofocus={props.autofocus.then_some("true")} {onclick}>
            if let Some(icon) = props.icon { <Picture {icon}/> }
            if !props.icon_only { <span>{ &props.label }</span> }
        </button>
    }
}
