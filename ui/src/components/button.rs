//! Buttons, with the `data-testid` on the very element.

use slipway_protocol::desktop::Link;
use yew::prelude::*;

use super::field::use_focus;
use super::icon::{Icon, Picture};
use crate::state::cluster::ClusterContext;

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
    /// It can be pressed while the link is down: what it does needs none, or makes one.
    #[prop_or_default]
    pub offline: bool,
    #[prop_or_default]
    pub onclick: Callback<()>,
}

const NO_LINK: AttrValue =
    AttrValue::Static("There is no connection to the cluster now; it can be done as soon as there is one");

/// Whether the cluster of the page is out of reach. What a form's or a question's main button does would only wait and fail.
#[hook]
fn use_out_of_reach(props: &ButtonProps) -> bool {
    let context = use_context::<ClusterContext>();
    let acts = props.submit || matches!(props.look, Look::Primary | Look::Danger);
    acts && !props.offline && context.is_some_and(|context| !matches!(context.cluster.link, Link::Up { .. }))
}

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
    let out_of_reach = use_out_of_reach(props);
    let title = out_of_reach
        .then_some(NO_LINK)
        .or_else(|| props.hint.clone())
        .or_else(|| props.icon_only.then(|| props.label.clone()));
    // Where one button takes another's place it is another element: else the press that stops something would, in the page's hands, submit the
    // form by the button that has come instead.
    let key = props.id.as_deref().unwrap_or_default().to_owned();
    html! {
        <button {key} ref={node} type={if props.submit { "submit" } else { "button" }} {class} data-testid={props.id.clone()}
            disabled={props.disabled || props.busy || out_of_reach} aria-busy={props.busy.then_some("true")} {title} aria-pressed={props.pressed.map(|on| if on { "true" } else { "false" })}
            aria-haspopup={props.menu.map(|_| "menu")} aria-expanded={props.menu.map(|open| if open { "true" } else { "false" })}
            aria-label={props.icon_only.then(|| props.label.clone())} data-autofocus={props.autofocus.then_some("true")} {onclick}>
            if let Some(icon) = props.icon { <Picture {icon}/> }
            if !props.icon_only { <span>{ &props.label }</span> }
        </button>
    }
}
