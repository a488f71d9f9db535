//! The app's own settings: how it looks, where it keeps secrets, what it trusts, and what helps to find a fault.

mod notices;
mod updates;

use slipway_protocol::desktop::{
    AppState, Diagnostics, Failure, KeychainState, MakeDiagnostics, SetBackground, TrayState, command,
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::browser::use_window_event;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::check::Check;
use crate::components::copy::CopyButton;
use crate::components::facts::{Fact, Facts};
use crate::components::failure::FormError;
use crate::components::header::{Crumb, Header};
use crate::components::pill::{Pill, Tone};
use crate::components::remote::{Broken, Loading};
use crate::components::segmented::{Segment, Segmented};
use crate::route::{Route, go};
use crate::shell;
use crate::state::counter::use_counter;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;
use crate::state::theme::{self, Theme};
use crate::state::told::use_told;
use notices::NoticesCard;
use updates::UpdatesCard;

#[function_component]
pub fn SettingsPage() -> Html {
    let state = use_state(|| None::<Result<AppState, Failure>>);
    let (round, reload) = use_counter();
    {
        let state = state.setter();
        use_effect_with(round, move |_| {
            spawn_local(async move { state.set(Some(shell::ask(command::APP_STATE).await)) });
        });
    }
    let inside = match &*state {
        None => html! { <Loading/> },
        Some(Err(failure)) => html! { <Broken failure={failure.clone()} retry={reload.clone()}/> },
        Some(Ok(app)) => html! {
            <>
                <Card title="Theme"><div class="form"><ThemeChoice/></div></Card>
                <NoticesCard rules={app.notices.clone()} reload={reload.clone()}/>
                <BackgroundCard/>
                <UpdatesCard/>
                <Keychain state={app.keychain.clone()} reload={reload.clone()}/>
                <Card title="Host keys" note="the servers that this app trusts">
                    <div class="danger-line">
                        <span>{ "A server whose key is not on record is asked about; one with another key is refused." }</span>
                        <span class="grow"/>
                        <Button id="open-host-keys" label="Show the keys" onclick={Callback::from(|()| go(Route::HostKeys))}/>
                    </div>
                </Card>
                <DiagnosticsCard/>
                <Card title="This app">
                    <Facts>
                        <Fact name="Version">{ &app.version }</Fact>
                        <Fact name="System">{ &app.system }</Fact>
                        <Fact name="Folder"><code class="wrap">{ &app.folder }</code></Fact>
                        <Fact name="Sends home">{ "Nothing. It speaks with your clusters; where it looks for newer versions of itself, see above." }</Fact>
                    </Facts>
                </Card>
            </>
        },
    };
    html! {
        <div class="page" data-testid="settings-page">
            <Header crumbs={vec![Crumb::new("All clusters", Some(Route::Fleet))]} title="Settings of this app"/>
            <div class="content narrow">{ inside }</div>
        </div>
    }
}

#[function_component]
fn ThemeChoice() -> Html {
    let chosen = use_state_eq(theme::saved);
    {
        // The rail and the palette choose too.
        let chosen = chosen.setter();
        use_window_event(theme::CHANGED, move |_: Event| chosen.set(theme::saved()));
    }
    let segments = vec![
        Segment::new(None, "theme-system", "As the system"),
        Segment::new(Some(Theme::Light), "theme-light", "Light"),
        Segment::new(Some(Theme::Dark), "theme-dark", "Dark"),
        Segment::new(Some(Theme::Contrast), "theme-contrast", "High contrast"),
    ];
    let onchange = {
        let chosen = chosen.clone();
        Callback::from(move |theme: Option<Theme>| {
            theme::choose(theme);
            chosen.set(theme);
        })
    };
    html! { <Segmented<Option<Theme>> label="Colours" {segments} chosen={*chosen} {onchange}/> }
}

#[function_component]
fn BackgroundCard() -> Html {
    let task = use_task();
    // The tray has the same switch, and can come and go: it is told of, not asked for once.
    let tray = use_told::<TrayState>(command::WATCH_TRAY);
    let onchange = {
        let task = task.clone();
        Callback::from(move |on: bool| {
            task.run(
                async move { shell::call::<_, ()>(command::SET_BACKGROUND, &SetBackground { on }).await },
            );
        })
    };
    let hint = match tray.as_deref() {
        None => "",
        Some(TrayState { there: true, .. }) => {
            "Connections and notifications go on; the tray opens the window again and ends the app."
        }
        Some(TrayState { there: false, .. }) => {
            "This desktop has no tray that could open the window again; closing it ends the app."
        }
    };
    let (there, on) = tray
        .as_deref()
        .map_or((false, false), |tray| (tray.there, tray.background));
    html! {
        <Card title="Background">
            <div class="form">
                <Check id="background" label="Keep running in the background when the window is closed" {hint} checked={on} {onchange}
                    disabled={task.busy() || !there}/>
                <FormError failure={task.failure()}/>
            </div>
        </Card>
    }
}

#[derive(PartialEq, Properties)]
struct KeychainProps {
    state: KeychainState,
    reload: Callback<()>,
}

#[function_component]
fn Keychain(props: &KeychainProps) -> Html {
    let (task, fleet) = (use_task(), use_fleet());
    let keep = {
        let (task, reload) = (task.clone(), props.reload.clone());
        Callback::from(move |()| {
            let (reload, fleet) = (reload.clone(), fleet.clone());
            task.run(async move {
                shell::ask::<()>(command::KEEP_FOR_SESSION).await?;
                fleet.refresh().await;
                reload.emit(());
                Ok(())
            });
        })
    };
    let (tone, word, says) = match &props.state {
        KeychainState::Works => (
            Tone::Good,
            "works",
            "Passwords, passphrases and sessions are in this computer's keychain, and nowhere else.",
        ),
        KeychainState::SessionOnly => (
            Tone::Warning,
            "this session only",
            "Secrets are in the app's memory. When it closes they are gone, and you sign in again.",
        ),
        KeychainState::Broken { sentence, .. } => (Tone::Bad, "cannot be used", sentence.as_str()),
    };
    let broken = matches!(props.state, KeychainState::Broken { .. });
    html! {
        <Card title="Keychain" actions={html! { <Pill id="keychain-state" {tone} text={word}/> }}>
            <div class="danger-line">
                <span data-testid="keychain-says">{ says }</span>
                <span class="grow"/>
                if broken {
                    <Button id="keychain-again" label="Try again" onclick={props.reload.clone()}/>
                    <Button id="keep-for-session" label="Keep for this session only" look={Look::Primary} busy={task.busy()}
                        hint="Nothing is written; what the keychain holds stays there" onclick={keep}/>
                }
            </div>
            <FormError failure={task.failure()}/>
        </Card>
    }
}

#[function_component]
fn DiagnosticsCard() -> Html {
    let task = use_task();
    let made = use_state(|| None::<Diagnostics>);
    let make = |save: bool| {
        let (task, made) = (task.clone(), made.setter());
        Callback::from(move |()| {
            let made = made.clone();
            task.run(async move {
                made.set(Some(
                    shell::call(command::MAKE_DIAGNOSTICS, &MakeDiagnostics { save }).await?,
                ));
                Ok(())
            });
        })
    };
    html! {
        <Card title="Diagnostics" note="for whoever helps you; nothing is sent by itself">
            <div class="danger-line">
                <span>{ "Versions, the state of the keychain and of each connection. No name, address, account or secret." }</span>
                <span class="grow"/>
                <Button id="diagnostics-save" label="Save to Downloads" busy={task.busy()} onclick={make(true)}/>
                <Button id="diagnostics-show" label="Show" busy={task.busy()} onclick={make(false)}/>
            </div>
            if let Some(made) = &*made { { shown(made) } }
            <FormError failure={task.failure()}/>
        </Card>
    }
}

fn shown(made: &Diagnostics) -> Html {
    let text = made.text.clone();
    html! {
        <div class="form">
            if let Some(path) = &made.path { <p role="status">{ "Written to " }<code class="wrap">{ path }</code></p> }
            <div class="shared-text">
                <pre data-testid="diagnostics-text" tabindex="0">{ &made.text }</pre>
                <CopyButton label="Copy the text" text={Callback::from(move |()| text.clone())}/>
            </div>
        </div>
    }
}
