//! Times relative to now, with the absolute one on hover; running durations that move.

use chrono::{DateTime, Utc};
use yew::prelude::*;

use crate::browser::use_tick;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct AgoProps {
    pub at: DateTime<Utc>,
}

#[function_component]
pub fn Ago(props: &AgoProps) -> Html {
    let recent = (Utc::now() - props.at).num_minutes() < 2;
    use_tick(if recent { 1_000 } else { 20_000 }, true);
    html! { <time title={text::absolute(props.at)}>{ text::ago(props.at, Utc::now()) }</time> }
}

#[derive(PartialEq, Properties)]
pub struct TookProps {
    pub from: Option<DateTime<Utc>>,
    /// Absent: it still goes on.
    pub to: Option<DateTime<Utc>>,
}

#[function_component]
pub fn Took(props: &TookProps) -> Html {
    use_tick(1_000, props.from.is_some() && props.to.is_none());
    let Some(from) = props.from else {
        return html! { <span class="faint">{ "–" }</span> };
    };
    let span = text::took(from, props.to.unwrap_or_else(Utc::now));
    html! { <time class="number" title={text::absolute(from)}>{ span }</time> }
}
