//! A file of this machine, read as a text in the page. It is bounded, and what is no text is said.

use js_sys::Uint8Array;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

use super::field::Labelled;
use crate::text;
use crate::visible::visible;

/// A larger file is not read.
const LARGEST: u32 = 256 * 1024;
/// So much of its name is said.
const LONGEST_NAME: usize = 80;

#[derive(PartialEq, Properties)]
pub struct TextFileProps {
    /// The input's `data-testid` and id.
    pub id: AttrValue,
    pub label: AttrValue,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    /// The endings that the system's dialog shows first.
    #[prop_or_default]
    pub accept: Option<AttrValue>,
    /// What is in it.
    pub onread: Callback<String>,
}

#[function_component]
pub fn TextFile(props: &TextFileProps) -> Html {
    let refused = use_state_eq(|| None::<AttrValue>);
    let onchange = {
        let (refused, onread) = (refused.setter(), props.onread.clone());
        Callback::from(move |event: Event| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else {
                return;
            };
            let Some(file) = input.files().and_then(|files| files.get(0)) else {
                return;
            };
            let (refused, onread) = (refused.clone(), onread.clone());
            spawn_local(async move {
                match read(&file).await {
                    Ok(text) => {
                        refused.set(None);
                        onread.emit(text);
                    }
                    Err(why) => refused.set(Some(why.into())),
                }
                // The same file can be chosen once more, when it has changed.
                input.set_value("");
            });
        })
    };
    html! {
        <Labelled id={props.id.clone()} label={props.label.clone()} hint={props.hint.clone()} error={(*refused).clone()}>
            <input type="file" class="file-field" id={props.id.clone()} data-testid={props.id.clone()} accept={props.accept.clone()} {onchange}/>
        </Labelled>
    }
}

async fn read(file: &File) -> Result<String, String> {
    let name: String = visible(&file.name()).chars().take(LONGEST_NAME).collect();
    if file.size() > f64::from(LARGEST) {
        return Err(too_large(&name));
    }
    match JsFuture::from(file.array_buffer()).await {
        Ok(buffer) => text_of(&name, Uint8Array::new(&buffer).to_vec()),
        Err(_) => Err(format!(
            "“{name}” cannot be read: it has gone or changed since it was chosen, or you have no right to it."
        )),
    }
}

fn too_large(name: &str) -> String {
    format!(
        "“{name}” is larger than {}; choose another file.",
        text::bytes(u64::from(LARGEST))
    )
}

/// The text that these bytes are, or a sentence that says why they are none.
fn text_of(name: &str, bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() > LARGEST as usize {
        return Err(too_large(name));
    }
    let no_text = || format!("“{name}” is no text; choose another file.");
    let text = String::from_utf8(bytes).map_err(|_| no_text())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.contains('\0') {
        return Err(no_text());
    }
    if text.trim().is_empty() {
        return Err(format!("“{name}” is empty; choose another file."));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-11, NFR-U2: a file is taken as it is; one that is too large, empty or no text is named with what is wrong.
    #[test]
    fn only_a_text_is_read() {
        let of = |bytes: &[u8]| text_of("a.toml", bytes.to_vec());
        assert_eq!(of("name = \"ä\"\n".as_bytes()).unwrap(), "name = \"ä\"\n");
        assert_eq!(of(b"\xef\xbb\xbfa = 1").unwrap(), "a = 1");
        for bytes in [&b"\x89PNG\xff\xfe"[..], b"a\0b"] {
            assert_eq!(
                of(bytes).unwrap_err(),
                "“a.toml” is no text; choose another file."
            );
        }
        assert!(of(b" \n").unwrap_err().contains("is empty"));
        let large = vec![b'a'; LARGEST as usize + 1];
        assert!(of(&large).unwrap_err().contains("is larger than 262 kB"));
        assert!(of(&large[1..]).is_ok());
    }
}
