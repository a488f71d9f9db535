//! The palette: a field, and below it what fits, in groups. Arrows choose, Enter does, Escape closes.

use std::rc::Rc;

use slipway_protocol::desktop::{Cluster, Link};
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::entry::{Does, Entry};
use super::index::entries;
use super::known::{self, Known};
use super::list::{self, Chosen, Shown};
use super::recent::{recent, remember};
use crate::browser;
use crate::components::icon::{Icon, Picture};
use crate::components::pill::Tag;
use crate::route::Route;
use crate::state::fleet::use_fleet;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct PaletteProps {
    pub known: UseReducerHandle<Known>,
    /// The page below it: what belongs to it comes first.
    pub route: Route,
    pub close: Callback<()>,
    pub choose: Callback<Does>,
}

#[function_component]
pub fn Palette(props: &PaletteProps) -> Html {
    let typed = use_state(String::new);
    let chosen = use_state_eq(|| None::<Chosen>);
    let input = use_node_ref();
    let recent = use_memo((), |()| recent());
    let all = use_entries(&props.known);
    let shown = use_memo(
        (Rc::clone(&all), (*typed).clone(), props.route),
        |(all, typed, route)| list::shown(all, typed, *route, &recent),
    );
    use_focus_inside(&input);
    let at = shown.place_of(&all, chosen.as_ref());
    let point = {
        let (all, shown, chosen) = (Rc::clone(&all), Rc::clone(&shown), chosen.setter());
        Callback::from(move |place: usize| chosen.set(shown.choose(&all, place)))
    };
    use_in_view(at, Rc::clone(&shown));
    let run = {
        let (all, shown, close, choose) = (
            Rc::clone(&all),
            Rc::clone(&shown),
            props.close.clone(),
            props.choose.clone(),
        );
        Callback::from(move |place: usize| {
            let entry = shown.entries.get(place).and_then(|one| all.get(one.entry));
            if let Some(entry) = entry.filter(|entry| entry.refused.is_none()) {
                remember(&entry.key);
                close.emit(());
                choose.emit(entry.does.clone());
            }
        })
    };
    let oninput = {
        let (typed, chosen) = (typed.setter(), chosen.setter());
        Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                typed.set(input.value());
                chosen.set(None);
            }
        })
    };
    let onkeydown = on_key(at, shown.entries.len(), &point, &run, &props.close);
    let onmousedown = {
        let close = props.close.clone();
        Callback::from(move |_: MouseEvent| close.emit(()))
    };
    let stay = {
        let input = input.clone();
        Callback::from(move |event: MouseEvent| {
            event.stop_propagation();
            // The keys are the field's, and go on being so wherever else is clicked.
            let own = input
                .get()
                .is_some_and(|input| event.target().as_ref() == Some(input.as_ref()));
            if !own {
                event.prevent_default();
            }
        })
    };
    let active = (!shown.entries.is_empty()).then(|| option_id(at));
    html! {
        <div class="palette-backdrop" {onmousedown}>
            <div class="palette" role="dialog" aria-modal="true" aria-label="Find anything" data-testid="palette" onmousedown={stay}>
                <input ref={input} class="palette-input" data-testid="palette-input" type="text" role="combobox" aria-expanded="true"
                    aria-controls="palette-list" aria-activedescendant={active} aria-label="Find anything" autocomplete="off"
                    placeholder="Find a cluster, an application, a page or an action" spellcheck="false" value={(*typed).clone()}
                    {oninput} {onkeydown}/>
                <div class="palette-list" id="palette-list" role="listbox" aria-label="What fits">
                    { rows(&all, &shown, at, &point, &run) }
                    if shown.entries.is_empty() { <p class="palette-none" data-testid="palette-none">{ "Nothing has these words." }</p> }
                </div>
                <Foot known={props.known.clone()}/>
            </div>
        </div>
    }
}

/// The entries, made anew only when something that they say has changed. The lists are asked for when the palette opens.
#[hook]
fn use_entries(known: &UseReducerHandle<Known>) -> Rc<Vec<Entry>> {
    let fleet = use_fleet();
    let clusters: Vec<Rc<Cluster>> = fleet.clusters().to_vec();
    {
        let (clusters, known) = (clusters.clone(), known.clone());
        let up: Vec<Rc<Cluster>> = clusters.into_iter().filter(|one| can_be_asked(one)).collect();
        let ids: Vec<_> = up.iter().map(|cluster| cluster.id).collect();
        use_effect_with(ids, move |_| known::ask(&up, &known));
    }
    // The link's round trip changes all the time, and is not said.
    let said: Vec<_> = clusters
        .iter()
        .map(|one| {
            (
                one.id,
                one.name.clone(),
                one.tag.clone(),
                one.signed_in,
                std::mem::discriminant(&one.link),
            )
        })
        .collect();
    use_memo((said, known.clone()), move |(_, known)| entries(&clusters, known))
}

fn can_be_asked(cluster: &Cluster) -> bool {
    cluster.signed_in && matches!(cluster.link, Link::Up { .. })
}

/// The field has the focus while it is open; afterwards it goes back to where it was.
#[hook]
fn use_focus_inside(input: &NodeRef) {
    let input = input.clone();
    use_effect_with((), move |()| {
        let before = browser::focused();
        if let Some(input) = input.cast::<HtmlElement>() {
            // A field that is shown takes the focus.
            let _ = input.focus();
        }
        move || {
            if let Some(before) = before.filter(|element| element.is_connected()) {
                let _ = before.focus();
            }
        }
    });
}

#[hook]
fn use_in_view(at: usize, shown: Rc<Shown>) {
    use_effect_with((at, shown), |(at, _)| {
        let document = web_sys::window().and_then(|window| window.document());
        if let Some(row) = document.and_then(|document| document.get_element_by_id(&option_id(*at))) {
            let nearest = web_sys::ScrollIntoViewOptions::new();
            nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
            row.scroll_into_view_with_scroll_into_view_options(&nearest);
        }
    });
}

fn option_id(place: usize) -> String {
    format!("palette-option-{place}")
}

fn on_key(
    at: usize,
    count: usize,
    point: &Callback<usize>,
    run: &Callback<usize>,
    close: &Callback<()>,
) -> Callback<KeyboardEvent> {
    let (point, run, close) = (point.clone(), run.clone(), close.clone());
    Callback::from(move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => point.emit(if at + 1 < count { at + 1 } else { 0 }),
            "ArrowUp" => point.emit(at.checked_sub(1).unwrap_or(count.saturating_sub(1))),
            "PageDown" => point.emit((at + 8).min(count.saturating_sub(1))),
            "PageUp" => point.emit(at.saturating_sub(8)),
            "Enter" => run.emit(at),
            "Escape" => close.emit(()),
            // There is nothing else in it that could have the focus.
            "Tab" => {}
            _ => return,
        }
        event.prevent_default();
        // A dialog below it stays as it is.
        event.stop_propagation();
    })
}

fn rows(all: &[Entry], shown: &Shown, at: usize, point: &Callback<usize>, run: &Callback<usize>) -> Html {
    let group = |group: &list::Section| {
        let title = group.group.title();
        let row = |place: usize| {
            let one = shown.entries.get(place)?;
            let entry = all.get(one.entry)?;
            Some(row(entry, &one.marks, place, place == at, point, run))
        };
        html! {
            <div role="group" aria-label={title} key={title}>
                <h3 aria-hidden="true">{ title }</h3>
                <>{ for group.places.clone().filter_map(row) }</>
            </div>
        }
    };
    html! { <>{ for shown.sections.iter().map(group) }</> }
}

fn row(
    entry: &Entry,
    marks: &[usize],
    place: usize,
    is: bool,
    point: &Callback<usize>,
    run: &Callback<usize>,
) -> Html {
    let onclick = run.reform(move |_: MouseEvent| place);
    let onmousemove = point.reform(move |_: MouseEvent| place);
    let class = classes!(
        "palette-row",
        is.then_some("chosen"),
        entry.refused.is_some().then_some("refused")
    );
    html! {
        <div id={option_id(place)} key={entry.key.clone()} {class} role="option" aria-label={entry.name()} aria-selected={if is { "true" } else { "false" }}
            aria-disabled={entry.refused.map(|_| "true")} data-testid="palette-row" data-key={entry.key.clone()} {onclick} {onmousemove}>
            { list::mark(entry.mark) }
            <span class="palette-title">{ for list::marked(&entry.title, marks) }</span>
            <span class="palette-detail">{ &entry.detail }</span>
            <span class="grow"/>
            if let Some(reason) = entry.refused { <span class="palette-reason">{ reason }</span> }
            if let Some(cluster) = &entry.cluster {
                <span class="palette-cluster">{ &cluster.name }</span>
                if cluster.tag.as_deref() == Some("production") { <Tag tag={Some(AttrValue::Static("production"))}/> }
            }
            if is && entry.refused.is_none() { <kbd><Picture icon={Icon::Return}/></kbd> }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct FootProps {
    known: UseReducerHandle<Known>,
}

/// What the answer does not cover, and the keys.
#[function_component]
fn Foot(props: &FootProps) -> Html {
    let fleet = use_fleet();
    let away = fleet.clusters().iter().filter(|one| !can_be_asked(one)).count();
    let mut said: Vec<String> = Vec::new();
    if !props.known.asked.is_empty() {
        let count = props.known.asked.len();
        said.push(format!("Asking {}…", text::count(count, "cluster", "clusters")));
    }
    for (cluster, failure) in &props.known.failures {
        let name = fleet.find(*cluster).map(|cluster| cluster.name.clone());
        said.push(format!("{}: {}", name.unwrap_or_default(), failure.sentence));
    }
    if away > 0 {
        let clusters = text::count(away, "cluster is", "clusters are");
        said.push(format!(
            "{clusters} not connected or not signed in to; their applications are not found."
        ));
    }
    html! {
        <footer class="palette-foot">
            <span class="palette-said" role="status">{ said.join(" ") }</span>
            <span class="grow"/>
            <span><kbd>{ "↑" }</kbd><kbd>{ "↓" }</kbd>{ " choose" }</span>
            <span><kbd>{ "Enter" }</kbd>{ " open" }</span>
            <span><kbd>{ "Esc" }</kbd>{ " close" }</span>
        </footer>
    }
}
