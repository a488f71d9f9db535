//! A file's path, mode and content, for a new one or one that was opened.

use slipway_protocol::api::SetFile;
use slipway_protocol::file::{self, FileMode, FileView, LARGEST_FILE};
use slipway_protocol::settings::ContainerPath;
use slipway_protocol::{Action, ApplicationId, Resource, Secret};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::field::{Area, Field, complaint};
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::state::typed::Typed;

#[derive(Clone, Debug, PartialEq)]
pub struct FileDraft {
    pub path: String,
    mode: String,
    content: String,
    /// The path of a file that is there already stays.
    there: bool,
    /// It is no text, and so cannot be changed here: its length in bytes.
    binary: Option<usize>,
}

impl Default for FileDraft {
    fn default() -> Self {
        Self {
            path: String::new(),
            mode: FileMode::readable().to_string(),
            content: String::new(),
            there: false,
            binary: None,
        }
    }
}

impl FileDraft {
    pub fn of(view: &FileView, content: Vec<u8>) -> Self {
        let length = content.len();
        let text = String::from_utf8(content).ok();
        // A field of the browser would make other line ends of these.
        let text = text.filter(|text| !text.contains('\r') && !text.contains('\0'));
        Self {
            path: view.path.to_string(),
            mode: view.mode.to_string(),
            binary: text.is_none().then_some(length),
            content: text.unwrap_or_default(),
            there: true,
        }
    }

    /// The same as long as one file is typed at.
    pub fn key(&self) -> String {
        if self.there {
            self.path.clone()
        } else {
            String::new()
        }
    }

    /// Another file has this path: it would be replaced by somebody who has not looked at it.
    pub fn is_taken(&self, all: &[FileView]) -> bool {
        !self.there && all.iter().any(|one| one.path.as_str() == self.path.trim())
    }

    /// What is typed, in words.
    pub fn named(&self) -> String {
        if self.there {
            format!("what is typed in {}", self.path)
        } else {
            "the new file".to_owned()
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct FileFormProps {
    pub application: ApplicationId,
    pub draft: FileDraft,
    /// There is another file at its path.
    pub taken: bool,
    pub typed: Typed<Option<FileDraft>>,
    pub onset: Callback<()>,
}

#[function_component]
pub fn FileForm(props: &FileFormProps) -> Html {
    let context = use_cluster();
    let draft = &props.draft;
    let task = use_task();
    let (path, mode) = (draft.path.trim(), draft.mode.trim());
    let (parsed_path, parsed_mode) = (ContainerPath::parse(path), FileMode::parse(mode));
    let path_error = if props.taken {
        Some(AttrValue::Static("There is a file at this path: open it below."))
    } else {
        complaint(path, false, parsed_path.clone())
    };
    let mode_error = complaint(mode, true, parsed_mode.clone());
    let content_error = match draft.content.len() {
        0 if draft.there && draft.binary.is_none() => {
            Some("A file has at least one byte; delete it instead.")
        }
        length if length > LARGEST_FILE => Some("A file has at most 500,000 bytes."),
        _ => None,
    };
    let may = context.may(Resource::Variable, Action::Write);
    let sized = (1..=LARGEST_FILE).contains(&draft.content.len());
    let ready =
        may && !props.taken && parsed_path.is_ok() && parsed_mode.is_ok() && sized && draft.binary.is_none();
    let onsubmit = {
        let (application, task, draft) = (props.application, task.clone(), draft.clone());
        let (typed, onset) = (props.typed.clone(), props.onset.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (Ok(path), Ok(mode)) = (parsed_path.clone(), parsed_mode.clone()) else {
                return;
            };
            if !ready {
                return;
            }
            let body = file::SetFile {
                path,
                content: Secret::new(draft.content.as_bytes().to_vec()),
                mode: Some(mode),
            };
            let (cluster, typed, onset) = (context.id(), typed.clone(), onset.clone());
            let sent = Some(draft.clone());
            task.run(async move {
                shell::api(cluster, SetFile { application, body }).await?;
                typed.stored(sent, None);
                onset.emit(());
                Ok(())
            });
        })
    };
    let title = if draft.there {
        draft.path.clone()
    } else {
        "New file".to_owned()
    };
    let field = |put: fn(&mut FileDraft) -> &mut String| {
        props.typed.changing(move |open: &mut Option<FileDraft>, text| {
            if let Some(draft) = open {
                *put(draft) = text;
            }
        })
    };
    let close = props.typed.offer().reform(|()| None);
    let hint = (!may).then_some(AttrValue::Static(FOR_DEVELOPERS));
    html! {
        <Card {title}>
            <form class="form" {onsubmit}>
                <div class="form-row">
                    <Field id="file-path" label="Path in the container" value={draft.path.clone()} onchange={field(|draft| &mut draft.path)} error={path_error}
                        mono=true placeholder="/etc/app/config.toml" disabled={draft.there} autofocus={!draft.there}/>
                    <Field id="file-mode" label="Mode" value={draft.mode.clone()} onchange={field(|draft| &mut draft.mode)} error={mode_error} mono=true/>
                </div>
                if let Some(length) = draft.binary {
                    <p class="field-hint">{ format!("This file is no plain text ({length} bytes), so it is not shown here. “slipway file” sets another.") }</p>
                } else {
                    <Area id="file-content" label="Content" value={draft.content.clone()} onchange={field(|draft| &mut draft.content)} rows=14
                        error={content_error.map(AttrValue::Static)}/>
                }
                <FormError failure={task.failure()}/>
                <div class="form-actions">
                    <Button id="file-set" label="Save" look={Look::Primary} submit=true busy={task.busy()} disabled={!ready} {hint}/>
                    <Button id="file-close" label="Close" onclick={close}/>
                </div>
            </form>
        </Card>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    /// FR-CFG-04: what a text field would change is not offered for changing.
    #[test]
    fn only_plain_text_is_edited() {
        let view = FileView {
            path: ContainerPath::parse("/etc/app.conf").unwrap(),
            length: 3,
            mode: FileMode::readable(),
            updated_at: DateTime::UNIX_EPOCH,
        };
        assert_eq!(FileDraft::of(&view, b"a\nb".to_vec()).binary, None);
        for content in [&b"a\r\nb"[..], b"\xff\xfe", b"a\0"] {
            assert_eq!(FileDraft::of(&view, content.to_vec()).binary, Some(content.len()));
        }
    }
}
