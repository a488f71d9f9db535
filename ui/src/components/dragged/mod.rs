//! Carrying a cluster to another place of the person's order, with the mouse or a pen. By pointer events: what the browser itself lets somebody
//! drag leaves the page, and the system hears of it as of a file.

mod order;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::Cluster;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DomRect, Element};
use yew::prelude::*;

use self::order::{Place, place_at, put};
use crate::browser::use_window_event;

/// A press that moves no farther, in pixels, is a click.
const CLICK: i32 = 4;
/// The click that ends a drag comes at once, if it comes.
const CLICK_COMES_MS: u32 = 50;

/// Below this element they are arranged.
const AROUND: &str = "[data-arranged]";
/// What is taken hold of; its value is the cluster's id.
const HOLD: &str = "[data-arrange]";

/// What the pointer holds.
struct Held {
    cluster: ClusterId,
    hold: Element,
    pointer: i32,
    pressed_at: i32,
    /// It has moved: no click any more.
    carried: bool,
    /// Escape was pressed; nothing comes of it.
    given_up: bool,
    /// The order that letting go here makes.
    order: Option<Vec<ClusterId>>,
}

/// What is seen of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Carried {
    cluster: ClusterId,
    line: Option<Line>,
}

/// Between which two it would go, in the window's pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    top: f64,
    left: f64,
    width: f64,
}

/// The handlers belong to the element with `data-arranged`, around the elements with `data-arrange`.
pub struct Dragging {
    pub onpointerdown: Callback<PointerEvent>,
    pub onpointermove: Callback<PointerEvent>,
    pub onpointerup: Callback<PointerEvent>,
    pub onpointercancel: Callback<PointerEvent>,
    pub onclick: Callback<MouseEvent>,
    /// The line where it would go.
    pub line: Html,
    /// What is carried now.
    pub carried: Option<ClusterId>,
    ended_now: Rc<Cell<bool>>,
}

impl Dragging {
    /// Tells whether the click that comes now only ends a drag.
    pub fn ends(&self) -> Callback<(), bool> {
        let ended_now = Rc::clone(&self.ended_now);
        Callback::from(move |()| ended_now.get())
    }
}

/// Lets the clusters be carried about, each among those of its own group where they stand by group. `done` gets the whole new order.
#[hook]
pub fn use_dragging(clusters: &[Rc<Cluster>], by_group: bool, done: Callback<Vec<ClusterId>>) -> Dragging {
    let held = use_mut_ref(|| None::<Held>);
    let carried = use_state_eq(|| None::<Carried>);
    let ended_now = use_memo((), |_| Cell::new(false));
    let onpointerdown = {
        let (held, ended_now) = (Rc::clone(&held), Rc::clone(&ended_now));
        Callback::from(move |event: PointerEvent| {
            ended_now.set(false);
            *held.borrow_mut() = taken(&event);
        })
    };
    let onpointermove = {
        let (held, carried, clusters) = (Rc::clone(&held), carried.setter(), clusters.to_vec());
        Callback::from(move |event: PointerEvent| {
            if held.borrow().is_some() {
                let shown = moved(&mut held.borrow_mut(), &event, &clusters, by_group);
                carried.set(shown);
            }
        })
    };
    let onpointerup = let_go(&held, carried.setter(), &ended_now, done);
    let onpointercancel = {
        let (held, carried) = (Rc::clone(&held), carried.setter());
        Callback::from(move |_: PointerEvent| {
            *held.borrow_mut() = None;
            carried.set(None);
        })
    };
    let onclick = {
        let ended_now = Rc::clone(&ended_now);
        Callback::from(move |event: MouseEvent| {
            if ended_now.get() {
                event.prevent_default();
            }
        })
    };
    let shown = *carried;
    let carried = carried.setter();
    use_window_event("keydown", move |event: KeyboardEvent| {
        let mut held = held.borrow_mut();
        let carries = held
            .as_mut()
            .filter(|held| held.carried && event.key() == "Escape");
        if let Some(held) = carries {
            held.given_up = true;
            event.prevent_default();
            carried.set(None);
        }
    });
    Dragging {
        onpointerdown,
        onpointermove,
        onpointerup,
        onpointercancel,
        onclick,
        line: shown.and_then(|shown| shown.line).map(drawn).unwrap_or_default(),
        carried: shown.map(|shown| shown.cluster),
        ended_now,
    }
}

/// Ends it: a press that was no click makes the order that was shown.
fn let_go(
    held: &Rc<RefCell<Option<Held>>>,
    carried: UseStateSetter<Option<Carried>>,
    ended_now: &Rc<Cell<bool>>,
    done: Callback<Vec<ClusterId>>,
) -> Callback<PointerEvent> {
    let (held, ended_now) = (Rc::clone(held), Rc::clone(ended_now));
    Callback::from(move |_: PointerEvent| {
        let Some(held) = held.take().filter(|held| held.carried) else {
            return;
        };
        carried.set(None);
        ended_now.set(true);
        let ended_now = Rc::clone(&ended_now);
        spawn_local(async move {
            TimeoutFuture::new(CLICK_COMES_MS).await;
            ended_now.set(false);
        });
        if let Some(order) = held.order.filter(|_| !held.given_up) {
            done.emit(order);
        }
    })
}

/// What was pressed, if it can be carried.
fn taken(event: &PointerEvent) -> Option<Held> {
    if event.button() != 0 || !event.is_primary() {
        return None;
    }
    let pressed = event.target_dyn_into::<Element>()?;
    let hold = pressed.closest(HOLD).ok().flatten()?;
    let cluster = hold.get_attribute("data-arrange")?.parse().ok()?;
    Some(Held {
        cluster,
        hold,
        pointer: event.pointer_id(),
        pressed_at: event.client_y(),
        carried: false,
        given_up: false,
        order: None,
    })
}

/// Looks where it would go now; none as long as nothing is carried.
fn moved(
    held: &mut Option<Held>,
    event: &PointerEvent,
    clusters: &[Rc<Cluster>],
    by_group: bool,
) -> Option<Carried> {
    if event.buttons() == 0 {
        // It was let go where the page does not hear of it.
        *held = None;
    }
    let held = held.as_mut().filter(|held| held.pointer == event.pointer_id())?;
    let height = event.client_y();
    if !held.carried {
        if (height - held.pressed_at).abs() < CLICK {
            return None;
        }
        held.carried = true;
        // The pointer is heard of from now on wherever it is. Only fails for one that is gone.
        let _ = held.hold.set_pointer_capture(held.pointer);
    }
    if held.given_up {
        return None;
    }
    let cluster = held.cluster;
    let group = clusters
        .iter()
        .find(|one| one.id == cluster)
        .map(|one| &one.group);
    let among = clusters
        .iter()
        .filter(|one| !by_group || Some(&one.group) == group)
        .map(|one| one.id);
    let shown = shown(&held.hold, among);
    let middle = |(id, at): &(ClusterId, DomRect)| (*id, (at.top() + at.bottom()) / 2.0);
    let middles: Vec<(ClusterId, f64)> = shown.iter().map(middle).collect();
    let all: Vec<ClusterId> = clusters.iter().map(|one| one.id).collect();
    let place = place_at(&middles, cluster, f64::from(height));
    held.order = place.and_then(|place| put(&all, cluster, place));
    let goes = place.filter(|_| held.order.is_some());
    Some(Carried {
        cluster,
        line: goes.and_then(|place| line_at(&shown, place)),
    })
}

/// Where those of them are that are in the page, from above. In a table that is where their rows are.
fn shown(hold: &Element, among: impl Iterator<Item = ClusterId>) -> Vec<(ClusterId, DomRect)> {
    let Some(around) = hold.closest(AROUND).ok().flatten() else {
        return Vec::new();
    };
    let place = |id: ClusterId| {
        let found = around.query_selector(&format!("[data-arrange=\"{id}\"]"));
        let found = found.ok().flatten()?;
        let whole = found.closest("tr").ok().flatten().unwrap_or(found);
        Some((id, whole.get_bounding_client_rect()))
    };
    let mut places: Vec<(ClusterId, DomRect)> = among.filter_map(place).collect();
    places.sort_by(|(_, one), (_, other)| one.top().total_cmp(&other.top()));
    places
}

/// The line between the two that it would stand between.
fn line_at(shown: &[(ClusterId, DomRect)], place: Place<ClusterId>) -> Option<Line> {
    let (Place::Before(beside) | Place::After(beside)) = place;
    let at = shown.iter().position(|(id, _)| *id == beside)?;
    let (_, own) = shown.get(at)?;
    let above = at.checked_sub(1).and_then(|above| shown.get(above));
    let top = match (place, above) {
        (Place::Before(_), Some((_, above))) => (above.bottom() + own.top()) / 2.0,
        (Place::Before(_), None) => own.top(),
        (Place::After(_), _) => own.bottom(),
    };
    Some(Line {
        top,
        left: own.left(),
        width: own.width(),
    })
}

fn drawn(line: Line) -> Html {
    let style = format!("top:{}px;left:{}px;width:{}px", line.top, line.left, line.width);
    html! { <div class="drop-line" {style} aria-hidden="true"/> }
}
