//! Of which failures the system tells the person: of each cluster or not, and when not.

use std::rc::Rc;

use slipway_protocol::InvalidText;
use slipway_protocol::desktop::{Cluster, DayTime, NoticeRules, QuietHours, command};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::check::Check;
use crate::components::failure::FormError;
use crate::components::field::Field;
use crate::shell;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct NoticesProps {
    pub rules: NoticeRules,
    pub reload: Callback<()>,
}

#[function_component]
pub fn NoticesCard(props: &NoticesProps) -> Html {
    let (task, fleet) = (use_task(), use_fleet());
    // What was chosen last: the page hears of it later, and the next choice is made of it.
    let chosen = use_state_eq(|| props.rules.clone());
    let choose = {
        let (task, reload, chosen) = (task.clone(), props.reload.clone(), chosen.setter());
        Callback::from(move |rules: NoticeRules| {
            let (reload, chosen) = (reload.clone(), chosen.clone());
            task.run(async move {
                shell::call::<_, ()>(command::SET_NOTICES, &rules).await?;
                chosen.set(rules);
                reload.emit(());
                Ok(())
            });
        })
    };
    let rules = &*chosen;
    let switch = {
        let rules = rules.clone();
        choose.reform(move |on: bool| NoticeRules { on, ..rules.clone() })
    };
    let hush = {
        let rules = rules.clone();
        choose.reform(move |quiet: bool| with_hours(&rules, quiet.then_some(QuietHours::NIGHT)))
    };
    let hours = {
        let rules = rules.clone();
        choose.reform(move |hours: QuietHours| with_hours(&rules, Some(hours)))
    };
    let busy = task.busy();
    html! {
        <Card title="Notifications">
            <div class="form">
                <Check id="notices" label="Tell me when something goes wrong on a cluster that is connected" checked={rules.on}
                    onchange={switch} disabled={busy}/>
                if rules.on {
                    { for fleet.clusters().iter().map(|cluster| of_cluster(cluster, rules, &choose, busy)) }
                    <Check id="quiet-hours" label="Be quiet at some time of the day" checked={rules.except.quiet.is_some()} onchange={hush}
                        disabled={busy} hint="What goes wrong meanwhile is in the tray and among the events; it is not told later."/>
                    if let Some(quiet) = rules.except.quiet {
                        <Hours {quiet} choose={hours} {busy}/>
                    }
                }
                <FormError failure={task.failure()}/>
            </div>
        </Card>
    }
}

fn with_hours(rules: &NoticeRules, quiet: Option<QuietHours>) -> NoticeRules {
    let mut rules = rules.clone();
    rules.except.quiet = quiet;
    rules
}

fn of_cluster(
    cluster: &Rc<Cluster>,
    rules: &NoticeRules,
    choose: &Callback<NoticeRules>,
    busy: bool,
) -> Html {
    let id = cluster.id;
    let onchange = {
        let rules = rules.clone();
        choose.reform(move |told: bool| {
            let mut rules = rules.clone();
            if told {
                rules.except.clusters.remove(&id);
            } else {
                rules.except.clusters.insert(id);
            }
            rules
        })
    };
    html! {
        <Check key={id.to_string()} id={format!("notices-of-{}", cluster.name)} label={format!("Of {}", cluster.name)}
            checked={!rules.except.clusters.contains(&id)} {onchange} disabled={busy}/>
    }
}

#[derive(PartialEq, Properties)]
struct HoursProps {
    quiet: QuietHours,
    choose: Callback<QuietHours>,
    busy: bool,
}

fn wrong(read: &Result<DayTime, InvalidText>) -> Option<AttrValue> {
    read.is_err()
        .then_some(AttrValue::Static("Hour and minute, as 7:00 or 22:30"))
}

/// When it begins and ends, which takes effect with the button.
#[function_component]
fn Hours(props: &HoursProps) -> Html {
    let from = use_state(|| props.quiet.from.to_string());
    let until = use_state(|| props.quiet.until.to_string());
    let typed = |text: &UseStateHandle<String>| {
        let text = text.setter();
        Callback::from(move |typed: String| text.set(typed))
    };
    let (begin, end) = (DayTime::parse(from.trim()), DayTime::parse(until.trim()));
    let errors = (wrong(&begin), wrong(&end));
    let (chosen, hint) = match (begin, end) {
        (Ok(from), Ok(until)) if from == until => (None, "It ends when it begins: choose two times"),
        (Ok(from), Ok(until)) if (QuietHours { from, until }) == props.quiet => {
            (None, "These times are in force")
        }
        (Ok(from), Ok(until)) => (Some(QuietHours { from, until }), ""),
        _ => (None, "One of the times is none"),
    };
    let save = {
        let choose = props.choose.clone();
        Callback::from(move |()| {
            if let Some(hours) = chosen {
                choose.emit(hours);
            }
        })
    };
    html! {
        <div class="form-row with-button">
            <Field id="quiet-from" label="From" value={(*from).clone()} onchange={typed(&from)} error={errors.0} placeholder="22:00"
                disabled={props.busy}/>
            <Field id="quiet-until" label="Until" value={(*until).clone()} onchange={typed(&until)} error={errors.1} placeholder="7:00"
                hint="By the clock of this computer" disabled={props.busy}/>
            <Button id="quiet-save" label="Take these times" look={Look::Primary} busy={props.busy} disabled={chosen.is_none()}
                hint={(!hint.is_empty()).then_some(hint)} onclick={save}/>
        </div>
    }
}
