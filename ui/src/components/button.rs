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

const UNDER_WAY: AttrValue = AttrValue::Static("What was asked for is under way");

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
        .or_else(|| props.busy.then_some(UNDER_WAY))
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

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use slipway_protocol::desktop::{Cluster, Link};

    use super::*;
    use crate::state::cluster::{ClusterContext, NO_ANSWERS, OUT_OF_REACH};
    use crate::state::remote::Remote;

    #[derive(PartialEq, Properties)]
    struct PageProps {
        link: Link,
        #[prop_or_default]
        failing: bool,
        children: Html,
    }

    /// A page of a cluster.
    #[function_component]
    fn Page(props: &PageProps) -> Html {
        let cluster = Cluster {
            id: "018f0000-0000-7000-8000-000000000001".parse().expect("an id"),
            name: "prod".to_owned(),
            host: "prod.example.org".to_owned(),
            way: None,
            color: None,
            tag: None,
            group: None,
            email: None,
            team: None,
            signed_in: true,
            notice: None,
            link: props.link.clone(),
        };
        let context = ClusterContext {
            cluster: Rc::new(cluster),
            projects: nothing(props.failing),
            applications: nothing(props.failing),
            me: nothing(false),
            reload_health: Callback::noop(),
        };
        html! { <ContextProvider<ClusterContext> {context}>{ props.children.clone() }</ContextProvider<ClusterContext>> }
    }

    fn nothing<T>(failing: bool) -> Remote<T> {
        Remote {
            data: None,
            at: None,
            failure: None,
            failing,
            live: false,
            reload: Callback::noop(),
        }
    }

    async fn rendered(link: Link, children: Html) -> String {
        shown(yew::props! { PageProps { link, children } }).await
    }

    async fn shown(props: PageProps) -> String {
        let render = || yew::LocalServerRenderer::<Page>::with_props(props).hydratable(false);
        tokio::task::LocalSet::new()
            .run_until(async { render().render().await })
            .await
    }

    /// FR-CON-08, NFR-U2: without a link what acts on the cluster is greyed and says why, and nothing else is; a form's button that waits says
    /// so too.
    #[tokio::test]
    async fn a_greyed_button_says_why() {
        let up = || Link::Up {
            round_trip_ms: 1.0,
            agent: "1.0.0".to_owned(),
            needs_owner: false,
        };
        let acting = || {
            [
                html! { <Button label="Delete" look={Look::Plain} acts=true/> },
                html! { <Button label="Deploy" look={Look::Primary}/> },
                html! { <Button label="Save" submit=true/> },
            ]
        };
        for button in acting() {
            let page = rendered(Link::Closed, button).await;
            let greyed = page.contains("disabled") && page.contains(OUT_OF_REACH.as_str());
            assert!(greyed, "{page}");
        }
        for button in acting() {
            let page = rendered(up(), button).await;
            assert!(!page.contains("disabled") && !page.contains("title"), "{page}");
        }
        for children in acting() {
            let silent = yew::props! { PageProps { link: up(), failing: true, children } };
            let page = shown(silent).await;
            assert!(
                page.contains("disabled") && page.contains(NO_ANSWERS.as_str()),
                "{page}"
            );
        }
        for button in [
            html! { <Button label="Show"/> },
            html! { <Button label="Connect" look={Look::Primary} offline=true/> },
        ] {
            let page = rendered(Link::Closed, button).await;
            assert!(!page.contains("disabled"), "{page}");
        }
        let waits = html! { <Button label="Save" submit=true disabled=true/> };
        let page = rendered(up(), waits).await;
        assert!(page.contains(NOT_READY.as_str()), "{page}");
        let works = html! { <Button label="Save" submit=true busy=true/> };
        let page = rendered(up(), works).await;
        assert!(page.contains(UNDER_WAY.as_str()), "{page}");
    }
}
