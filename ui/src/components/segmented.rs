//! A choice of a few, all of them visible: clickable segments in a row.

use yew::prelude::*;

#[derive(Clone, PartialEq)]
pub struct Segment<T> {
    pub value: T,
    /// The `data-testid`.
    pub id: AttrValue,
    pub label: AttrValue,
}

impl<T> Segment<T> {
    pub fn new(value: T, id: &'static str, label: &'static str) -> Self {
        Self {
            value,
            id: AttrValue::Static(id),
            label: AttrValue::Static(label),
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct SegmentedProps<T: Clone + PartialEq> {
    /// What is chosen, for who cannot see it.
    pub label: AttrValue,
    pub segments: Vec<Segment<T>>,
    pub chosen: T,
    pub onchange: Callback<T>,
    #[prop_or_default]
    pub disabled: bool,
}

#[function_component]
pub fn Segmented<T: Clone + PartialEq + 'static>(props: &SegmentedProps<T>) -> Html {
    let segment = |segment: &Segment<T>| {
        let (chosen, onchange) = (segment.value == props.chosen, props.onchange.clone());
        let value = segment.value.clone();
        let onclick = Callback::from(move |_: MouseEvent| onchange.emit(value.clone()));
        html! {
            <button type="button" role="radio" class={classes!("segment", chosen.then_some("chosen"))}
                data-testid={segment.id.clone()} disabled={props.disabled} aria-checked={if chosen { "true" } else { "false" }} {onclick}>
                { &segment.label }
            </button>
        }
    };
    html! {
        <div class="field">
            <span class="field-label">{ &props.label }</span>
            <div class="segmented" role="radiogroup" aria-label={props.label.clone()}>
                { for props.segments.iter().map(segment) }
            </div>
        </div>
    }
}
