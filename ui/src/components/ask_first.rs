//! A button for what cannot be taken back: it asks, and the question closes when it is done.

use yew::prelude::*;

use super::button::{Button, Look};
use super::confirm::Confirm;
use super::icon::Icon;
use crate::state::task::Task;

#[derive(PartialEq, Properties)]
pub struct AskFirstProps {
    /// The button's `data-testid`; the question's parts begin with it.
    pub id: AttrValue,
    pub label: AttrValue,
    #[prop_or(Look::Danger)]
    pub look: Look,
    #[prop_or_default]
    pub icon: Option<Icon>,
    #[prop_or_default]
    pub disabled: bool,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    /// The question's title, and the word on its button.
    pub title: AttrValue,
    pub verb: AttrValue,
    /// The words on the other one.
    #[prop_or(AttrValue::Static("Keep it"))]
    pub keep: AttrValue,
    pub task: Task,
    /// Begins the task.
    pub act: Callback<()>,
    /// What follows.
    pub children: Html,
}

#[function_component]
pub fn AskFirst(props: &AskFirstProps) -> Html {
    let asking = use_state_eq(|| false);
    let begun = use_mut_ref(|| false);
    let (busy, failed) = (props.task.busy(), props.task.failure().is_some());
    {
        let asking = asking.setter();
        use_effect_with((busy, failed), move |(busy, failed)| {
            let was = begun.replace(*busy);
            if was && !busy && !failed {
                asking.set(false);
            }
        });
    }
    let set = |to: bool| {
        let asking = asking.setter();
        Callback::from(move |()| asking.set(to))
    };
    html! {
        <>
            <Button id={props.id.clone()} label={props.label.clone()} look={props.look} icon={props.icon} acts=true onclick={set(true)} {busy}
                disabled={props.disabled} hint={props.hint.clone()}/>
            if *asking {
                <Confirm id={props.id.clone()} title={props.title.clone()} verb={props.verb.clone()} keep={props.keep.clone()} task={props.task.clone()}
                    confirm={props.act.clone()} close={set(false)}>
                    { props.children.clone() }
                </Confirm>
            }
        </>
    }
}
