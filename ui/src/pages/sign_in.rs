//! Signing in to a cluster's agent: with an account, or for the first time with an invitation.

use slipway_protocol::desktop::Link;
use yew::prelude::*;

use super::sign_in_forms::{AccountForm, InvitationForm};
use crate::components::button::Button;
use crate::components::card::Card;
use crate::components::header::{Crumb, Header};
use crate::components::pill::Tag;
use crate::route::{Route, go};
use crate::state::cluster::use_cluster;
use crate::state::unsaid;

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Invitation,
    Account,
}

#[function_component]
pub fn SignInPage() -> Html {
    let context = use_cluster();
    let needs_owner = matches!(
        context.cluster.link,
        Link::Up {
            needs_owner: true,
            ..
        }
    );
    let unsaid = use_memo(context.id(), |cluster| unsaid::take(*cluster));
    let chosen = use_state(|| None::<Way>);
    let way = chosen.unwrap_or(if needs_owner {
        Way::Invitation
    } else {
        Way::Account
    });
    let tab = |this: Way, id: &'static str, label: &'static str| {
        let choose = chosen.setter();
        let onclick = Callback::from(move |_: MouseEvent| choose.set(Some(this)));
        html! {
            <button type="button" role="tab" class={classes!("tab", (way == this).then_some("chosen"))} data-testid={id}
                aria-selected={if way == this { "true" } else { "false" }} {onclick}>{ label }</button>
        }
    };
    let tabs = html! {
        <div class="tabs pf-v6-c-tabs" role="tablist">
            { tab(Way::Account, "tab-account", "Account") }
            { tab(Way::Invitation, "tab-invitation", "Invitation") }
        </div>
    };
    let state = html! { <Tag tag={context.cluster.tag.clone().map(AttrValue::from)}/> };
    html! {
        <div class="page" data-testid="sign-in-page">
            <Header crumbs={vec![Crumb::new("All clusters", Some(Route::Fleet))]} title={context.cluster.name.clone()} {state} {tabs}/>
            <div class="content narrow">
                if let Some(notice) = &context.cluster.notice { { unreadable(notice) } }
                if let Some(unsaid) = &*unsaid { <p class="notice" role="status" data-testid="not-told">{ unsaid }</p> }
                <Card title={if way == Way::Account { "Sign in" } else { "Make your account" }}>
                    { match way {
                        Way::Account => html! { <AccountForm key="account"/> },
                        Way::Invitation => html! { <InvitationForm key="invitation" first={needs_owner}/> },
                    } }
                </Card>
            </div>
        </div>
    }
}

/// Why the keychain cannot be read. What can be done about that from here stands in the app's settings.
fn unreadable(notice: &str) -> Html {
    html! {
        <div class="notice" role="status">
            <p>{ notice }</p>
            <Button id="keychain-settings" label="Open the app's settings" offline=true onclick={Callback::from(|()| go(Route::Settings))}/>
        </div>
    }
}
