//! An address that nothing answers to: a removed cluster, or a mistyped one.

use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::icon::Icon;
use crate::components::remote::Empty;
use crate::route::{Route, go};

#[function_component]
pub fn UnknownPage() -> Html {
    html! {
        <div class="content" data-testid="unknown">
            <Empty icon={Icon::Search} title="There is nothing here" text="The cluster or page of this address does not exist any more.">
                <Button id="to-fleet" label="Show all clusters" look={Look::Primary} onclick={Callback::from(|()| go(Route::Fleet))}/>
            </Empty>
        </div>
    }
}
