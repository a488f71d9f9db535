//! How a cluster looks: its tag, its colour, its group.

use yew::prelude::*;

use super::field::{Field, into_state};
use super::segmented::{Segment, Segmented};
use super::tile::PALETTE;

#[derive(Clone, PartialEq)]
pub struct LooksState {
    tag: UseStateHandle<Option<String>>,
    color: UseStateHandle<Option<usize>>,
    group: UseStateHandle<String>,
}

impl LooksState {
    pub fn tag(&self) -> Option<String> {
        (*self.tag).clone()
    }

    pub fn color(&self) -> Option<String> {
        self.color.map(|place| PALETTE[place].to_owned())
    }

    pub fn group(&self) -> Option<String> {
        Some(self.group.trim().to_owned()).filter(|group| !group.is_empty())
    }
}

/// As it is now: tag, colour, group.
#[hook]
pub fn use_looks(tag: Option<String>, color: Option<String>, group: Option<String>) -> LooksState {
    LooksState {
        tag: use_state(|| tag),
        color: use_state(|| {
            let color = color?;
            PALETTE
                .iter()
                .position(|known| known.eq_ignore_ascii_case(&color))
        }),
        group: use_state(|| group.unwrap_or_default()),
    }
}

#[derive(PartialEq, Properties)]
pub struct LooksProps {
    pub looks: LooksState,
}

#[function_component]
pub fn Looks(props: &LooksProps) -> Html {
    let looks = &props.looks;
    let tag = |name: &str| Some(name.to_owned());
    let segments = vec![
        Segment::new(None, "tag-none", "None"),
        Segment::new(tag("production"), "tag-production", "Production"),
        Segment::new(tag("staging"), "tag-staging", "Staging"),
        Segment::new(tag("development"), "tag-development", "Development"),
    ];
    let choose = {
        let tag = looks.tag.setter();
        Callback::from(move |chosen| tag.set(chosen))
    };
    let swatch = |place: usize| {
        let (color, chosen) = (looks.color.clone(), *looks.color == Some(place));
        let onclick = Callback::from(move |_: MouseEvent| {
            color.set((*color != Some(place)).then_some(place));
        });
        html! {
            <button type="button" class={classes!("swatch", format!("tile-{place}"), chosen.then_some("chosen"))}
                data-testid={format!("color-{place}")} aria-label={format!("Colour {}", place + 1)}
                aria-pressed={if chosen { "true" } else { "false" }} {onclick}/>
        }
    };
    html! {
        <>
            <Segmented<Option<String>> label="Tag" {segments} chosen={(*looks.tag).clone()} onchange={choose}/>
            <div class="field">
                <span class="field-label">{ "Colour" }</span>
                <div class="swatches">{ for (0..PALETTE.len()).map(swatch) }</div>
            </div>
            <Field id="cluster-group" label="Group" value={(*looks.group).clone()} onchange={into_state(&looks.group)}
                hint="Clusters of one group stand together on the fleet page. Leave it empty for none."/>
        </>
    }
}
