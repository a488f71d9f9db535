//! Hosts on the way to a cluster, and further hosts of it: rows that are added, moved and taken away.

use slipway_protocol::desktop::{NewEntry, NewHop, SshAuth, SshWay};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::field::Field;
use crate::components::icon::Icon;

/// A host as typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostText {
    pub host: String,
    pub port: String,
    pub user: String,
    pub key_file: String,
    /// How it is signed in to where no key file is typed and it is not as for the cluster; and with a key file, which ones there were.
    auth: Option<SshAuth>,
}

impl HostText {
    /// An empty port is the usual one; none if it is no port.
    fn port(&self, usual: u16) -> Option<u16> {
        match self.port.trim() {
            "" => Some(usual),
            text => text.parse().ok().filter(|port| *port > 0),
        }
    }

    /// A jump host of a way, with what is as for its server left empty.
    pub fn of_hop(hop: &NewHop, way: &SshWay) -> Self {
        let (key_file, auth) = match &hop.auth {
            same if *same == way.auth => (String::new(), None),
            SshAuth::KeyFile { path, .. } => (path.clone(), Some(hop.auth.clone())),
            other => (String::new(), Some(other.clone())),
        };
        Self {
            host: hop.host.clone(),
            port: Some(hop.port.to_string())
                .filter(|_| hop.port != 22)
                .unwrap_or_default(),
            user: Some(hop.user.clone())
                .filter(|user| *user != way.user)
                .unwrap_or_default(),
            key_file,
            auth,
        }
    }

    /// Another host of a way's server.
    pub fn of_entry(entry: &NewEntry, way: &SshWay) -> Self {
        Self {
            host: entry.host.clone(),
            port: Some(entry.port.to_string())
                .filter(|_| entry.port != way.port)
                .unwrap_or_default(),
            ..Self::default()
        }
    }

    /// As a jump host; what is left empty is as for the cluster.
    pub fn hop(&self, user: &str, auth: &SshAuth) -> Option<NewHop> {
        let own = |text: &str, other: &str| {
            if text.trim().is_empty() { other } else { text }
                .trim()
                .to_owned()
        };
        let auth = match (self.key_file.trim(), &self.auth, auth) {
            ("", Some(own @ (SshAuth::Agent | SshAuth::Password | SshAuth::KeptKey)), _) => own.clone(),
            // The key that was made for the cluster opens nothing else.
            ("", _, SshAuth::KeptKey) => SshAuth::Agent,
            ("", _, as_the_cluster) => as_the_cluster.clone(),
            (path, Some(own @ SshAuth::KeyFile { path: first, .. }), _) if path == first => own.clone(),
            (path, _, _) => SshAuth::KeyFile {
                path: path.to_owned(),
                more: Vec::new(),
            },
        };
        (!self.host.trim().is_empty()).then_some(NewHop {
            host: self.host.trim().to_owned(),
            port: self.port(22)?,
            user: own(&self.user, user),
            auth,
        })
    }

    /// What an empty key file means.
    fn usual_sign_in(&self) -> &'static str {
        match self.auth {
            None | Some(SshAuth::KeyFile { .. } | SshAuth::KeptKey) => "as the cluster",
            Some(SshAuth::Agent) => "ssh-agent",
            Some(SshAuth::Password) => "password",
        }
    }

    /// As another host of the cluster, on its port unless another is given.
    pub fn entry(&self, port: u16) -> Option<NewEntry> {
        (!self.host.trim().is_empty()).then_some(NewEntry {
            host: self.host.trim().to_owned(),
            port: self.port(port)?,
        })
    }
}

#[derive(PartialEq, Properties)]
pub struct HostRowsProps {
    /// Begins the fields' ids: “jump”, “entry”.
    pub id: AttrValue,
    pub label: AttrValue,
    pub hint: AttrValue,
    pub add: AttrValue,
    /// Each has a sign-in of its own.
    #[prop_or_default]
    pub sign_in: bool,
    pub rows: UseStateHandle<Vec<HostText>>,
}

#[function_component]
pub fn HostRows(props: &HostRowsProps) -> Html {
    let add = {
        let rows = props.rows.clone();
        Callback::from(move |()| {
            let mut next = (*rows).clone();
            next.push(HostText::default());
            rows.set(next);
        })
    };
    html! {
        <div class="field" role="group" aria-label={props.label.clone()}>
            <span class="field-label">{ &props.label }</span>
            { for (0..props.rows.len()).map(|index| row(props, index)) }
            <span><Button id={format!("add-{}", props.id)} label={props.add.clone()} icon={Icon::Plus} onclick={add}/></span>
            <div class="field-hint">{ &props.hint }</div>
        </div>
    }
}

type Put = fn(&mut HostText, String);

fn row(props: &HostRowsProps, index: usize) -> Html {
    let value = &props.rows[index];
    let edit = |put: Put| {
        let rows = props.rows.clone();
        Callback::from(move |text: String| {
            let mut next = (*rows).clone();
            put(&mut next[index], text);
            rows.set(next);
        })
    };
    let change = |edit: fn(&mut Vec<HostText>, usize)| {
        let rows = props.rows.clone();
        Callback::from(move |()| {
            let mut next = (*rows).clone();
            edit(&mut next, index);
            rows.set(next);
        })
    };
    let field = |name: &str, label: &'static str, value: &str, put: Put, placeholder: &'static str| {
        html! {
            <Field id={format!("{}-{name}-{index}", props.id)} {label} value={value.to_owned()} onchange={edit(put)} {placeholder}
                mono=true/>
        }
    };
    let number = index + 1;
    html! {
        <div class={classes!("host-row", props.sign_in.then_some("sign-in"))} key={index}>
            { field("host", "Host", &value.host, |row, text| row.host = text, "") }
            { field("port", "SSH port", &value.port, |row, text| row.port = text, "22") }
            if props.sign_in {
                { field("user", "User", &value.user, |row, text| row.user = text, "as the cluster") }
                { field("key", "Key file", &value.key_file, |row, text| row.key_file = text, value.usual_sign_in()) }
            }
            <Button id={format!("{}-up-{index}", props.id)} label={format!("Move host {number} up")} icon={Icon::Deploy} icon_only=true
                look={Look::Plain} disabled={index == 0} hint={(index == 0).then_some("It is the first one")}
                onclick={change(|rows, index| rows.swap(index, index - 1))}/>
            <Button id={format!("{}-remove-{index}", props.id)} label={format!("Take host {number} away")} icon={Icon::Trash}
                icon_only=true look={Look::Plain} onclick={change(|rows, index| { rows.remove(index); })}/>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-05: what is left empty for a jump host is as for the cluster; a port that is none is no host.
    #[test]
    fn empty_fields_are_as_for_the_cluster() {
        let typed = |host: &str, port: &str, user: &str, key: &str| HostText {
            host: host.to_owned(),
            port: port.to_owned(),
            user: user.to_owned(),
            key_file: key.to_owned(),
            auth: None,
        };
        let hop = typed(" gate ", "", "", "")
            .hop("deploy", &SshAuth::Password)
            .unwrap();
        assert_eq!(
            (hop.host.as_str(), hop.port, hop.user.as_str()),
            ("gate", 22, "deploy")
        );
        assert_eq!(hop.auth, SshAuth::Password);
        let own = typed("gate", "2222", "jump", "~/.ssh/gate")
            .hop("deploy", &SshAuth::Agent)
            .unwrap();
        assert_eq!((own.port, own.user.as_str()), (2222, "jump"));
        assert!(matches!(own.auth, SshAuth::KeyFile { .. }));
        assert_eq!(typed("gate", "x", "", "").hop("deploy", &SshAuth::Agent), None);
        assert_eq!(typed("", "", "", "").entry(22), None);
        assert_eq!(typed("two", "", "", "").entry(2200).unwrap().port, 2200);
    }

    /// FR-CON-05: the hosts of a way that is changed stay as they are: each signs in as it did, and what was left empty is empty again.
    #[test]
    fn hosts_of_a_way_stay_as_they_are() {
        let key = |path: &str| SshAuth::KeyFile {
            path: path.to_owned(),
            more: vec![format!("{path}-old")],
        };
        for (of_cluster, of_hop) in [
            (SshAuth::KeptKey, SshAuth::Agent),
            (SshAuth::KeptKey, SshAuth::Password),
            (SshAuth::Agent, SshAuth::Agent),
            (key("~/.ssh/a"), SshAuth::Agent),
            (key("~/.ssh/a"), key("~/.ssh/b")),
            (SshAuth::Password, key("~/.ssh/b")),
        ] {
            let hop = NewHop {
                host: "gate".to_owned(),
                port: 2222,
                user: "jump".to_owned(),
                auth: of_hop,
            };
            let way = SshWay {
                host: "server".to_owned(),
                port: 22,
                user: "deploy".to_owned(),
                auth: of_cluster,
                agent_socket: None,
                jump: vec![hop.clone()],
                entries: Vec::new(),
            };
            let text = HostText::of_hop(&hop, &way);
            assert_eq!(text.hop(&way.user, &way.auth), Some(hop));
            let entry = NewEntry {
                host: "two".to_owned(),
                port: 22,
            };
            let text = HostText::of_entry(&entry, &way);
            assert_eq!((text.port.as_str(), text.entry(22)), ("", Some(entry)));
        }
        let kept = HostText {
            host: "gate".to_owned(),
            ..HostText::default()
        };
        assert_eq!(kept.hop("x", &SshAuth::KeptKey).unwrap().auth, SshAuth::Agent);
    }
}
