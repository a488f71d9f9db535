//! Times relative to now, with the absolute one on hover; running durations that move.

use chrono::{DateTime, Utc};
use yew::prelude::*;

use crate::state::clock::use_clock;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct AgoProps {
    pub at: DateTime<Utc>,
}

#[function_component]
pub fn Ago(props: &AgoProps) -> Html {
    let now = Utc::now();
    use_clock(now, Some(text::ago_lasts(props.at, now)));
    html! { <time title={text::absolute(props.at)}>{ text::ago(props.at, now) }</time> }
}

#[derive(PartialEq, Properties)]
pub struct TookProps {
    pub from: Option<DateTime<Utc>>,
    /// Absent: it still goes on.
    pub to: Option<DateTime<Utc>>,
}

#[function_component]
pub fn Took(props: &TookProps) -> Html {
    let now = Utc::now();
    let runs = props.from.filter(|_| props.to.is_none());
    use_clock(now, runs.map(|from| text::took_lasts(from, now)));
    let Some(from) = props.from else {
        return html! { <span class="faint">{ "–" }</span> };
    };
    let span = text::took(from, props.to.unwrap_or(now));
    html! { <time class="number" title={text::absolute(from)}>{ span }</time> }
}
