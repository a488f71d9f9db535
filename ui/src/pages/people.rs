//! The people of the team, inviting another, and joining another team.

use slipway_protocol::api::ListMembers;
use slipway_protocol::identity::MemberView;
use slipway_protocol::{Action, Resource, UserId};
use yew::prelude::*;

use super::invite::InviteDialog;
use super::join_team::JoinDialog;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::header::{Crumb, Header};
use crate::components::listing::{Column, Listed, Listing};
use crate::components::remote::face;
use crate::route::Page;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;

#[function_component]
pub fn PeoplePage() -> Html {
    let context = use_cluster();
    let members = use_api(context.id(), ListMembers {}, LIST);
    let inviting = use_state_eq(|| false);
    let joining = use_state_eq(|| false);
    let set = |on: bool| {
        let inviting = inviting.setter();
        Callback::from(move |()| inviting.set(on))
    };
    let set_joining = |on: bool| {
        let joining = joining.setter();
        Callback::from(move |()| joining.set(on))
    };
    let may = context.may(Resource::Team, Action::Write);
    let hint = (!may).then_some(AttrValue::Static("Only an owner can invite"));
    let actions = html! {
        <>
            <Button id="join-team" label="Join another team…" onclick={set_joining(true)}/>
            <Button id="invite" label="Invite" look={Look::Primary} onclick={set(true)} disabled={!may} {hint}/>
        </>
    };
    let me = context.me.get().map(|me| me.id);
    html! {
        <div class="page" data-testid="people">
            <Header crumbs={vec![Crumb::new(context.cluster.name.clone(), Some(context.route(Page::Home)))]} title="People" {actions}/>
            <div class="content">
                { face(&members, "the right to see the team's members", |all| table(all, me)) }
            </div>
            if *joining { <JoinDialog close={set_joining(false)}/> }
            if *inviting { <InviteDialog close={set(false)}/> }
        </div>
    }
}

fn table(all: &[MemberView], me: Option<UserId>) -> Html {
    html! { <Card><Listing<MemberView> id="people-list" items={all.to_vec()} columns={columns(me)}/></Card> }
}

impl Listed for MemberView {
    fn key(&self) -> String {
        self.user.to_string()
    }

    fn row_id(&self) -> String {
        format!("member-row-{}", self.email)
    }

    fn name(&self) -> String {
        self.email.to_string()
    }
}

fn columns(me: Option<UserId>) -> Vec<Column<MemberView>> {
    let name = move |one: &MemberView| {
        html! { <td><strong>{ one.name.as_str() }</strong>if me == Some(one.user) { <span class="faint">{ " you" }</span> }</td> }
    };
    vec![
        Column::new("name", "Name", name)
            .by(|one, other| one.name.as_str().cmp(other.name.as_str()))
            .always(),
        Column::new(
            "email",
            "E-mail",
            |one: &MemberView| html! { <td class="secondary">{ one.email.as_str() }</td> },
        )
        .by(|one, other| one.email.as_str().cmp(other.email.as_str())),
        Column::new(
            "role",
            "Role",
            |one: &MemberView| html! { <td>{ one.role.as_str() }</td> },
        )
        .by(|one, other| one.role.as_str().cmp(other.role.as_str())),
    ]
}
