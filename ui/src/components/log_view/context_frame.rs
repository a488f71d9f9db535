//! What stands around the lines around a found one: the way back to the search, by its button and by Escape.

use yew::prelude::*;

use crate::components::button::Button;
use crate::components::icon::Icon;

#[derive(PartialEq, Properties)]
pub struct ContextFrameProps {
    pub back: Callback<()>,
    /// The found line had to give way meanwhile.
    pub is_gone: bool,
    /// Beside the way back.
    #[prop_or_default]
    pub tools: Html,
    /// The lines.
    pub children: Html,
}

#[function_component]
pub fn ContextFrame(props: &ContextFrameProps) -> Html {
    let onkeydown = {
        let back = props.back.clone();
        Callback::from(move |event: KeyboardEvent| {
            // The first one takes the choice of a line back.
            if event.key() == "Escape" {
                event.prevent_default();
                back.emit(());
            }
        })
    };
    html! {
        <div class="log-around" data-testid="log-around" {onkeydown}>
            <div class="log-strip">
                <Button id="log-back" offline=true label="Back to the search" icon={Icon::Back} hint="Esc does the same" onclick={props.back.clone()}/>
                <span class="faint">{ "All lines around the marked one" }</span>
                { props.tools.clone() }
            </div>
            if props.is_gone {
                <p class="log-said" role="status">{ "The line itself is no longer kept; these are the nearest ones." }</p>
            }
            { props.children.clone() }
        </div>
    }
}
