//! The faces of a page: loading, empty, stale, error, forbidden. Every list and every page goes through [`face`].

use slipway_protocol::desktop::{Failure, FailureKind, Link};
use yew::prelude::*;

use super::button::{Button, Look};
use super::failure::details;
use super::icon::{Icon, Picture};
use super::time::Ago;
use crate::route::{Page, Route, current};
use crate::state::cluster::ClusterContext;
use crate::state::remote::{Remote, is_forbidden, is_signed_out};
use crate::state::way_back;

/// The page of an answer: `view` when there is one, with its age above if it is not live; else the face that fits.
///
/// `needs` names the right that is missing if the agent refuses.
pub fn face<T>(remote: &Remote<T>, needs: &'static str, view: impl FnOnce(&T) -> Html) -> Html {
    match (remote.get(), &remote.failure) {
        (_, Some(failure)) if is_forbidden(failure) => html! { <Forbidden {needs}/> },
        (Some(data), _) => html! {
            <>
                { stale_line(remote) }
                <div class={classes!("face", remote.stale().then_some("stale"))}>{ view(data) }</div>
            </>
        },
        (None, Some(failure)) => html! { <Broken failure={failure.clone()} retry={remote.reload.clone()}/> },
        (None, None) => html! { <NotYet/> },
    }
}

fn stale_line<T>(remote: &Remote<T>) -> Html {
    let Some(at) = remote.at.filter(|_| remote.stale()) else {
        return html! {};
    };
    let why = remote
        .failure
        .as_ref()
        .filter(|failure| !matches!(failure.kind, FailureKind::Link | FailureKind::AgentTooOld));
    html! {
        <p class={classes!("stale-line", why.is_none().then_some("age"))} role="status">
            { "As of " }<Ago {at}/>
            if let Some(failure) = why { { ": " }{ &failure.sentence } }
        </p>
    }
}

/// Above what is shown, where it could not be read again: why.
pub fn not_again(failure: Option<&Failure>) -> Html {
    let Some(failure) = failure else {
        return html! {};
    };
    html! { <p class="stale-line" role="status">{ "This could not be read again: " }{ &failure.sentence }</p> }
}

/// Nothing has come: it is on its way, or there is no link that it could come by.
#[function_component]
pub fn NotYet() -> Html {
    let link = use_context::<ClusterContext>().map(|context| context.cluster.link.clone());
    match link {
        Some(Link::Down { .. } | Link::Retrying { .. } | Link::Closed) => html! {
            <Empty icon={Icon::Warning} title="Not connected"
                text="This page has not been loaded yet. It fills as soon as the connection to the cluster stands."/>
        },
        Some(Link::Up { .. } | Link::Connecting) | None => html! { <Loading/> },
    }
}

/// Grey rows, shown only if loading takes longer than a blink.
#[function_component]
pub fn Loading() -> Html {
    html! {
        <div class="skeleton" role="status" aria-label="Loading">
            { for (0..5).map(|_| html! { <div class="skeleton-row"/> }) }
        </div>
    }
}

#[derive(PartialEq, Properties)]
pub struct EmptyProps {
    #[prop_or(Icon::Box)]
    pub icon: Icon,
    pub title: AttrValue,
    /// What would be here.
    pub text: AttrValue,
    /// The one button to begin.
    #[prop_or_default]
    pub children: Html,
}

#[function_component]
pub fn Empty(props: &EmptyProps) -> Html {
    html! {
        <div class="empty pf-v6-c-empty-state">
            <Picture icon={props.icon}/>
            <h2>{ &props.title }</h2>
            <p>{ &props.text }</p>
            <div class="actions">{ props.children.clone() }</div>
        </div>
    }
}

#[derive(PartialEq, Properties)]
pub struct BrokenProps {
    pub failure: Failure,
    pub retry: Callback<()>,
}

#[function_component]
pub fn Broken(props: &BrokenProps) -> Html {
    let cluster = use_context::<ClusterContext>().filter(|_| is_signed_out(&props.failure));
    let sign_in = cluster.map(|cluster| {
        let onclick = Callback::from(move |()| {
            if let Route::Cluster(id, page) = current() {
                way_back::keep(id, page);
            }
            cluster.go(Page::SignIn);
        });
        html! { <Button id="sign-in" offline=true label="Sign in" look={Look::Primary} {onclick}/> }
    });
    html! {
        <div class="empty broken" role="alert">
            <Picture icon={Icon::Warning}/>
            <h2>{ "This cannot be shown now" }</h2>
            <p>{ &props.failure.sentence }</p>
            { details(&props.failure) }
            <div class="actions">
                <Button id="retry" label="Retry" look={Look::Secondary} onclick={props.retry.clone()}/>
                { sign_in.unwrap_or_default() }
            </div>
        </div>
    }
}

#[derive(PartialEq, Properties)]
pub struct ForbiddenProps {
    pub needs: AttrValue,
}

#[function_component]
pub fn Forbidden(props: &ForbiddenProps) -> Html {
    html! {
        <div class="empty forbidden" role="alert">
            <Picture icon={Icon::Lock}/>
            <h2>{ "Your role does not allow this" }</h2>
            <p>{ format!("It needs {}. Ask an owner of the team.", props.needs) }</p>
        </div>
    }
}

#[derive(PartialEq, Properties)]
pub struct ReadOnlyProps {
    /// What can be seen and not changed, in the plural.
    pub what: AttrValue,
    /// Who may change it: “developer, admin or owner”.
    pub needs: AttrValue,
}

/// A line above what somebody may look at and not change: its controls are greyed, and this says why without being pointed at.
#[function_component]
pub fn ReadOnly(props: &ReadOnlyProps) -> Html {
    html! {
        <p class="lead read-only" role="note" data-testid="read-only">
            <Picture icon={Icon::Lock}/>
            <span>{ format!("You can see the {}. Changing them needs the role {}. Ask an owner of the team.", props.what, props.needs) }</span>
        </p>
    }
}
