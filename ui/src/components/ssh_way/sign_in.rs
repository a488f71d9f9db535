//! How somebody signs in to an SSH server: the fields for it.

use slipway_protocol::desktop::SshAuth;
use yew::prelude::*;

use crate::components::field::{Field, into_state};
use crate::components::segmented::{Segment, Segmented};

#[derive(Clone, Copy, PartialEq)]
pub enum Auth {
    Agent,
    KeyFile,
    Password,
    KeptKey,
}

/// What is typed.
#[derive(Clone, PartialEq)]
pub struct SignInText {
    auth: UseStateHandle<Auth>,
    key_file: UseStateHandle<String>,
    /// The key files that there were, the first one and those that are tried after it: as long as the first one stays, so do they.
    files: UseStateHandle<Vec<String>>,
    /// There is a key that was made for the cluster.
    has_kept_key: bool,
}

/// Begins with the way to sign in that there is.
#[hook]
pub fn use_sign_in_text(now: Option<&SshAuth>) -> SignInText {
    let (auth, files): (Auth, Vec<String>) = match now {
        None | Some(SshAuth::Agent) => (Auth::Agent, Vec::new()),
        Some(SshAuth::KeyFile { path, more }) => (
            Auth::KeyFile,
            std::iter::once(path).chain(more).cloned().collect(),
        ),
        Some(SshAuth::Password) => (Auth::Password, Vec::new()),
        Some(SshAuth::KeptKey) => (Auth::KeptKey, Vec::new()),
    };
    let key_file = files.first().cloned().unwrap_or_default();
    SignInText {
        auth: use_state(|| auth),
        key_file: use_state(|| key_file),
        files: use_state(|| files),
        has_kept_key: now == Some(&SshAuth::KeptKey),
    }
}

impl SignInText {
    pub fn is_complete(&self) -> bool {
        *self.auth != Auth::KeyFile || !self.key_file.trim().is_empty()
    }

    /// The key that was made for the cluster would no longer be used, and it is nowhere else.
    fn leaves_kept_key(&self) -> bool {
        self.has_kept_key && *self.auth != Auth::KeptKey
    }

    pub fn auth(&self) -> SshAuth {
        match *self.auth {
            Auth::Agent => SshAuth::Agent,
            Auth::KeyFile => SshAuth::KeyFile {
                path: self.key_file.trim().to_owned(),
                more: self.more().to_vec(),
            },
            Auth::Password => SshAuth::Password,
            Auth::KeptKey => SshAuth::KeptKey,
        }
    }
}

impl SignInText {
    /// The key files that are tried after the typed one.
    fn more(&self) -> &[String] {
        match self.files.split_first() {
            Some((first, more)) if first == self.key_file.trim() => more,
            _ => &[],
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct SignInFieldsProps {
    pub text: SignInText,
}

#[function_component]
pub fn SignInFields(props: &SignInFieldsProps) -> Html {
    let text = &props.text;
    let mut segments = vec![
        Segment::new(Auth::Agent, "auth-agent", "ssh-agent"),
        Segment::new(Auth::KeyFile, "auth-key-file", "Key file"),
        Segment::new(Auth::Password, "auth-password", "Password"),
    ];
    if text.has_kept_key {
        segments.insert(0, Segment::new(Auth::KeptKey, "auth-kept-key", "Its own key"));
    }
    let choose = {
        let auth = text.auth.setter();
        Callback::from(move |chosen| auth.set(chosen))
    };
    let more = match *text.auth {
        Auth::Agent => {
            html! { <p class="field-hint">{ "The keys of the ssh-agent that runs on this computer, and those of ~/.ssh that have no passphrase." }</p> }
        }
        Auth::KeyFile => html! {
            <>
                <Field id="cluster-key-file" label="Private key" value={(*text.key_file).clone()} mono=true
                    onchange={into_state(&text.key_file)} placeholder="/home/you/.ssh/id_ed25519"
                    hint="A path on this computer. If ssh-agent has the key, it is used by that; else you are asked for its passphrase, if it has one."/>
                if !text.more().is_empty() {
                    <p class="field-hint">{ format!("If it is not there or not taken, then {}.", text.more().join(", ")) }</p>
                }
            </>
        },
        Auth::KeptKey => html! {
            <p class="field-hint">{ "The key that was made for this cluster when its server was set up. It is in the keychain alone." }</p>
        },
        Auth::Password => {
            html! { <p class="field-hint">{ "You are asked for the password when the host key is known." }</p> }
        }
    };
    html! {
        <>
            <Segmented<Auth> label="Method" {segments} chosen={*text.auth} onchange={choose}/>
            { more }
            if text.leaves_kept_key() {
                <p class="warning-text" role="status">{ "Once this is saved, its own key cannot be chosen again: see that the other way works first." }</p>
            }
        </>
    }
}
