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
}

/// What is typed.
#[derive(Clone, PartialEq)]
pub struct SignInText {
    auth: UseStateHandle<Auth>,
    key_file: UseStateHandle<String>,
}

#[hook]
pub fn use_sign_in_text() -> SignInText {
    SignInText {
        auth: use_state(|| Auth::Agent),
        key_file: use_state(String::new),
    }
}

impl SignInText {
    pub fn is_complete(&self) -> bool {
        *self.auth != Auth::KeyFile || !self.key_file.trim().is_empty()
    }

    pub fn auth(&self) -> SshAuth {
        match *self.auth {
            Auth::Agent => SshAuth::Agent,
            Auth::KeyFile => SshAuth::KeyFile {
                path: self.key_file.trim().to_owned(),
            },
            Auth::Password => SshAuth::Password,
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
    let segments = vec![
        Segment::new(Auth::Agent, "auth-agent", "ssh-agent"),
        Segment::new(Auth::KeyFile, "auth-key-file", "Key file"),
        Segment::new(Auth::Password, "auth-password", "Password"),
    ];
    let choose = {
        let auth = text.auth.setter();
        Callback::from(move |chosen| auth.set(chosen))
    };
    let more = match *text.auth {
        Auth::Agent => {
            html! { <p class="field-hint">{ "The keys of the ssh-agent that runs on this computer." }</p> }
        }
        Auth::KeyFile => html! {
            <Field id="cluster-key-file" label="Private key" value={(*text.key_file).clone()} mono=true
                onchange={into_state(&text.key_file)} placeholder="/home/you/.ssh/id_ed25519"
                hint="A path on this computer. If the key has a passphrase, you are asked for it."/>
        },
        Auth::Password => {
            html! { <p class="field-hint">{ "You are asked for the password when the host key is known." }</p> }
        }
    };
    html! {
        <>
            <Segmented<Auth> label="Method" {segments} chosen={*text.auth} onchange={choose}/>
            { more }
        </>
    }
}
