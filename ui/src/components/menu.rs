//! A button that opens a short list of actions. Arrows, Home and End walk through it, Enter chooses, Escape goes back to the button.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::button::{Button, Look};
use super::icon::{Icon, Picture};
use crate::state::cluster::use_out_of_reach;

#[derive(Clone, PartialEq)]
pub struct Item {
    /// The `data-testid`.
    pub id: AttrValue,
    pub label: AttrValue,
    /// What it does, or why it cannot be chosen now.
    pub hint: Option<AttrValue>,
    pub disabled: bool,
    pub danger: bool,
    /// It is switched on or off, and is one of those.
    pub checked: Option<bool>,
    pub onchoose: Callback<()>,
}

impl Item {
    pub fn new(id: impl Into<AttrValue>, label: impl Into<AttrValue>, onchoose: Callback<()>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            hint: None,
            disabled: false,
            danger: false,
            checked: None,
            onchoose,
        }
    }

    pub fn hint(mut self, hint: impl Into<AttrValue>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Greyed, with the reason, if there is one.
    pub fn unless(mut self, reason: Option<AttrValue>) -> Self {
        if reason.is_some() {
            self.disabled = true;
            self.hint = reason;
        }
        self
    }

    pub fn checked(mut self, checked: bool) -> Self {
        self.checked = Some(checked);
        self
    }

    pub fn danger(mut self) -> Self {
        self.danger = true;
        self
    }
}

#[derive(PartialEq, Properties)]
pub struct MenuProps {
    /// The button's `data-testid`.
    pub id: AttrValue,
    /// What the button is called.
    pub label: AttrValue,
    pub items: Vec<Item>,
    #[prop_or(Icon::More)]
    pub icon: Icon,
    #[prop_or(Look::Plain)]
    pub look: Look,
    #[prop_or_default]
    pub disabled: bool,
    /// Its items lead to changes of the page's cluster: they are greyed while its link is down.
    #[prop_or_default]
    pub acts: bool,
}

/// A row of the list is at most so high, in pixels: what decides whether there is room below the button.
const ROW: f64 = 50.0;
/// So wide is the list, and so far from the window's edge at least, in pixels.
const WIDTH: f64 = 300.0;
const EDGE: f64 = 8.0;

#[function_component]
pub fn Menu(props: &MenuProps) -> Html {
    let open = use_state_eq(|| None::<String>);
    let out_of_reach = use_out_of_reach().filter(|_| props.acts);
    let (root, list) = (use_node_ref(), use_node_ref());
    {
        let list = list.clone();
        use_effect_with(open.is_some(), move |open| {
            if *open {
                focus(list.cast::<Element>().and_then(|list| list.first_element_child()));
            }
        });
    }
    let toggle = {
        let (open, root, rows) = (open.clone(), root.clone(), props.items.len() as f64);
        Callback::from(move |()| open.set(open.is_none().then(|| place(&root, rows * ROW)).flatten()))
    };
    let close = {
        let (open, root) = (open.setter(), root.clone());
        Callback::from(move |()| {
            open.set(None);
            focus(button(&root));
        })
    };
    let onkeydown = {
        let close = close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if walked(&event, &close) {
                event.prevent_default();
                event.stop_propagation();
            }
        })
    };
    let onclick = Callback::from(|event: MouseEvent| event.stop_propagation());
    let beside = close.reform(|_: MouseEvent| ());
    html! {
        <span class="menu" ref={root} {onclick} {onkeydown}>
            <Button id={props.id.clone()} label={props.label.clone()} icon={props.icon} icon_only=true look={props.look}
                disabled={props.disabled} menu={open.is_some()} onclick={toggle}/>
            if let Some(place) = &*open {
                <div class="menu-beside" onclick={beside}/>
                <div class="menu-list" ref={list} role="menu" aria-label={props.label.clone()} style={place.clone()}>
                    { for props.items.iter().map(|item| row(&item.clone().unless(out_of_reach.clone()), &close)) }
                </div>
            }
        </span>
    }
}

fn row(item: &Item, close: &Callback<()>) -> Html {
    let onclick = {
        let (close, choose, disabled) = (close.clone(), item.onchoose.clone(), item.disabled);
        Callback::from(move |_: MouseEvent| {
            if !disabled {
                close.emit(());
                choose.emit(());
            }
        })
    };
    // A greyed one can still be walked to: its hint says why.
    html! {
        <button type="button" role={if item.checked.is_some() { "menuitemcheckbox" } else { "menuitem" }} tabindex="-1" data-testid={item.id.clone()} {onclick}
            aria-checked={item.checked.map(|checked| if checked { "true" } else { "false" })}
            class={classes!("menu-item", item.danger.then_some("danger"), item.disabled.then_some("disabled"))}
            aria-disabled={item.disabled.then_some("true")}>
            <span class="menu-label">
                if let Some(checked) = item.checked { <Picture icon={Icon::Check} class={classes!((!checked).then_some("off"))}/> }
                { &item.label }
            </span>
            if let Some(hint) = &item.hint { <span class="menu-hint">{ hint }</span> }
        </button>
    }
}

/// Does what a key means in the list; says whether it means anything.
fn walked(event: &KeyboardEvent, close: &Callback<()>) -> bool {
    let Some(item) = event.target_dyn_into::<Element>().filter(|element| {
        element
            .get_attribute("role")
            .is_some_and(|role| role.starts_with("menuitem"))
    }) else {
        return false;
    };
    match event.key().as_str() {
        "ArrowDown" => focus(item.next_element_sibling()),
        "ArrowUp" => focus(item.previous_element_sibling()),
        "Home" => focus(item.parent_element().and_then(|list| list.first_element_child())),
        "End" => focus(item.parent_element().and_then(|list| list.last_element_child())),
        "Escape" | "Tab" => close.emit(()),
        _ => return false,
    }
    true
}

fn focus(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // A button that is shown takes the focus.
        let _ = element.focus();
    }
}

fn button(root: &NodeRef) -> Option<Element> {
    root.cast::<Element>()?.first_element_child()
}

/// Under the button, or above it where there is no room; its right ends are in line. Cards hide what leaves them, so that the list
/// stands on the window itself.
fn place(root: &NodeRef, height: f64) -> Option<String> {
    let at = button(root)?.get_bounding_client_rect();
    let window = web_sys::window()?;
    let size = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|value| value.as_f64());
    let (width, all) = (size(window.inner_width())?, size(window.inner_height())?);
    // A button at the left edge has its list to the right of it.
    let right = (width - at.right()).min(width - WIDTH - EDGE);
    Some(if at.bottom() + height > all && at.top() > height {
        format!("right:{right}px;bottom:{}px", all - at.top() + 4.0)
    } else {
        format!("right:{right}px;top:{}px", at.bottom() + 4.0)
    })
}
