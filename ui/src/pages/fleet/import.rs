//! Importing clusters: what would be added, and what cannot be taken and why, before anything is saved.

use std::collections::BTreeSet;
use std::rc::Rc;

use slipway_protocol::desktop::{
    ConnectionText, Failure, ImportClusters, ImportItem, ImportPreview, NewCluster, command,
};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::Area;
use crate::components::modal::Dialog;
use crate::components::remote::{Broken, Loading};
use crate::components::text_file::TextFile;
use crate::shell;
use crate::state::counter::use_counter;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;
use crate::text;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The person's `~/.ssh/config`.
    SshConfig,
    /// A connection file that somebody has shared.
    File,
}

#[derive(PartialEq, Properties)]
pub struct ImportProps {
    pub source: Source,
    pub close: Callback<()>,
}

#[function_component]
pub fn ImportDialog(props: &ImportProps) -> Html {
    let (fleet, task) = (use_fleet(), use_task());
    let preview = use_state(|| None::<Result<ImportPreview, Failure>>);
    // The places of those that are left out.
    let left_out = use_state(BTreeSet::<usize>::new);
    let (round, again) = use_counter();
    {
        let (preview, source) = (preview.setter(), props.source);
        use_effect_with(round, move |_| {
            if source == Source::SshConfig {
                spawn_local(async move { preview.set(Some(shell::ask(command::PREVIEW_SSH_CONFIG).await)) });
            }
        });
    }
    // Which text was read last: an answer about an earlier one comes too late.
    let latest = use_mut_ref(|| 0_u32);
    let onread = {
        let (preview, left_out) = (preview.setter(), left_out.setter());
        Callback::from(move |text: String| {
            let (preview, latest) = (preview.clone(), Rc::clone(&latest));
            let number = latest.borrow().wrapping_add(1);
            *latest.borrow_mut() = number;
            left_out.set(BTreeSet::new());
            spawn_local(async move {
                let read = shell::call(command::PREVIEW_CONNECTIONS, &ConnectionText { text }).await;
                if *latest.borrow() == number {
                    preview.set(Some(read));
                }
            });
        })
    };
    let chosen: Vec<NewCluster> = match &*preview {
        Some(Ok(preview)) => chosen(preview, &left_out),
        _ => Vec::new(),
    };
    let label = match chosen.len() {
        0 => "Add".to_owned(),
        count => format!("Add {}", text::count(count, "cluster", "clusters")),
    };
    let nothing = chosen.is_empty();
    let import = {
        let (task, close) = (task.clone(), props.close.clone());
        Callback::from(move |()| {
            if chosen.is_empty() {
                return;
            }
            let (fleet, close, clusters) = (fleet.clone(), close.clone(), chosen.clone());
            task.run(async move {
                shell::call::<_, ()>(command::IMPORT_CLUSTERS, &ImportClusters { clusters }).await?;
                fleet.refresh().await;
                close.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Cancel" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="import-confirm" {label} look={Look::Primary} submit=true busy={task.busy()} disabled={nothing}
                hint={nothing.then_some("Nothing is chosen that can be added")}/>
        </>
    };
    let title = match props.source {
        Source::SshConfig => "Import from ~/.ssh/config",
        Source::File => "Import a connection file",
    };
    html! {
        <Dialog id="import-dialog" {title} onclose={props.close.clone()} onsubmit={import} stays={task.busy()} {actions}>
            if props.source == Source::File { <FileText {onread}/> }
            { match &*preview {
                None if props.source == Source::SshConfig => html! { <Loading/> },
                None => html! {},
                Some(Err(failure)) if props.source == Source::SshConfig => {
                    html! { <Broken failure={failure.clone()} retry={again}/> }
                }
                Some(Err(failure)) => html! { <FormError failure={Some(failure.clone())}/> },
                Some(Ok(preview)) => html! { <Preview preview={preview.clone()} {left_out}/> },
            } }
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}

fn chosen(preview: &ImportPreview, left_out: &BTreeSet<usize>) -> Vec<NewCluster> {
    let items = preview.items.iter().enumerate();
    items
        .filter(|(index, item)| item.refused.is_none() && !left_out.contains(index))
        .map(|(_, item)| item.cluster.clone())
        .collect()
}

#[derive(PartialEq, Properties)]
struct FileTextProps {
    onread: Callback<String>,
}

#[function_component]
fn FileText(props: &FileTextProps) -> Html {
    let text = use_state(String::new);
    let typed = {
        let (text, onread) = (text.setter(), props.onread.clone());
        Callback::from(move |typed: String| {
            if !typed.trim().is_empty() {
                onread.emit(typed.clone());
            }
            text.set(typed);
        })
    };
    html! {
        <>
            <TextFile id="import-choose" label="The file" accept=".toml" onread={typed.clone()}
                hint="What “Share” has saved. Nothing is saved here before you have seen it."/>
            <Area id="import-text" label="Or its text" value={(*text).clone()} onchange={typed}/>
        </>
    }
}

#[derive(PartialEq, Properties)]
struct PreviewProps {
    preview: ImportPreview,
    left_out: UseStateHandle<BTreeSet<usize>>,
}

#[function_component]
fn Preview(props: &PreviewProps) -> Html {
    let preview = &props.preview;
    html! {
        <div class="import-preview" data-testid="import-preview">
            <p class="field-hint">
                { format!("{}: {}. They are saved without connecting; nothing is sent to a server.", preview.source,
                    text::count(preview.items.len(), "host", "hosts")) }
            </p>
            { for preview.notes.iter().map(|note| html! { <p class="warning-text">{ note }</p> }) }
            <ul class="import-list">
                { for preview.items.iter().enumerate().map(|(index, item)| row(index, item, &props.left_out)) }
            </ul>
        </div>
    }
}

fn row(index: usize, item: &ImportItem, left_out: &UseStateHandle<BTreeSet<usize>>) -> Html {
    let cluster = &item.cluster;
    let checked = item.refused.is_none() && !left_out.contains(&index);
    let onchange = {
        let left_out = left_out.clone();
        Callback::from(move |event: Event| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                let mut next = (*left_out).clone();
                if input.checked() {
                    next.remove(&index);
                } else {
                    next.insert(index);
                }
                left_out.set(next);
            }
        })
    };
    html! {
        <li key={index}>
            <label class="check">
                <input type="checkbox" data-testid={format!("import-{}", cluster.name)} {checked} disabled={item.refused.is_some()}
                    title={item.refused.clone()} {onchange}/>
                <strong>{ &cluster.name }</strong>
                <span class="mono faint">{ way(cluster) }</span>
            </label>
            { for item.notes.iter().map(|note| html! { <p class="field-hint">{ note }</p> }) }
            if let Some(refused) = &item.refused { <p class="field-error">{ format!("Not taken: {refused}") }</p> }
        </li>
    }
}

/// `deploy@203.0.113.7:2222 through jump@gate`.
fn way(cluster: &NewCluster) -> String {
    let port = |port: u16| {
        if port == 22 {
            String::new()
        } else {
            format!(":{port}")
        }
    };
    // What is not known of a host that cannot be taken is not made up.
    let user = |user: &str| match user {
        "" => String::new(),
        user => format!("{user}@"),
    };
    let mut way = format!(
        "{}{}{}",
        user(&cluster.way.user),
        cluster.way.host,
        port(cluster.way.port)
    );
    for (index, hop) in cluster.way.jump.iter().enumerate() {
        let word = if index == 0 { " through" } else { "," };
        way.push_str(&format!(
            "{word} {}{}{}",
            user(&hop.user),
            hop.host,
            port(hop.port)
        ));
    }
    way
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::desktop::{NewHop, SshAuth, SshWay};

    fn item(name: &str, refused: Option<&str>) -> ImportItem {
        ImportItem {
            cluster: NewCluster {
                name: name.to_owned(),
                way: SshWay {
                    host: "203.0.113.7".to_owned(),
                    port: 2222,
                    user: "deploy".to_owned(),
                    auth: SshAuth::Agent,
                    agent_socket: None,
                    jump: vec![NewHop {
                        host: "gate".to_owned(),
                        port: 22,
                        user: "jump".to_owned(),
                        auth: SshAuth::Agent,
                    }],
                    entries: Vec::new(),
                },
                color: None,
                tag: None,
                group: None,
            },
            notes: Vec::new(),
            refused: refused.map(str::to_owned),
        }
    }

    /// FR-CON-02: the way is told as far as it is known.
    #[test]
    fn the_way_is_told_as_far_as_it_is_known() {
        let mut cluster = item("a", Some("why")).cluster;
        assert_eq!(way(&cluster), "deploy@203.0.113.7:2222 through jump@gate");
        cluster.way.user.clear();
        cluster.way.jump.clear();
        assert_eq!(way(&cluster), "203.0.113.7:2222");
    }

    /// FR-CON-02, FR-CON-11: only what can be taken and was not left out is added.
    #[test]
    fn what_is_left_out_is_not_added() {
        let preview = ImportPreview {
            items: vec![item("a", None), item("b", Some("why")), item("c", None)],
            ..ImportPreview::default()
        };
        let names = |left_out: &[usize]| -> Vec<String> {
            let left_out = left_out.iter().copied().collect();
            chosen(&preview, &left_out)
                .into_iter()
                .map(|one| one.name)
                .collect()
        };
        assert_eq!(names(&[]), ["a", "c"]);
        assert_eq!(names(&[0]), ["c"]);
        assert_eq!(
            way(&preview.items[0].cluster),
            "deploy@203.0.113.7:2222 through jump@gate"
        );
    }
}
