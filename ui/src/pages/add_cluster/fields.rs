//! The fields of “Add a cluster”.

use yew::prelude::*;

use super::Form;
use crate::components::card::Card;
use crate::components::field::{Field, into_state};
use crate::components::looks::Looks;
use crate::components::ssh_way::{PlaceFields, WayFields};

#[derive(PartialEq, Properties)]
pub struct FieldsProps {
    pub form: Form,
}

#[function_component]
pub fn Fields(props: &FieldsProps) -> Html {
    let form = &props.form;
    html! {
        <>
            <Card title="Where it is">
                <div class="form">
                    <Field id="cluster-name" label="Name" value={(*form.name).clone()} onchange={into_state(&form.name)} autofocus=true
                        hint="How you call it here, for example prod-frankfurt."/>
                    <PlaceFields text={form.way.clone()}/>
                </div>
            </Card>
            <Card title="How to sign in">
                <div class="form"><WayFields text={form.way.clone()}/></div>
            </Card>
            <Card title="How it looks" note="A production cluster has its line across the top of every page">
                <div class="form"><Looks looks={form.looks.clone()}/></div>
            </Card>
        </>
    }
}
