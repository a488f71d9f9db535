//! What the file says about one host: the first value of each keyword counts, as in OpenSSH.

use slipway_protocol::desktop::{ImportItem, NewCluster, NewHop, SshAuth, SshWay};

use super::{Config, block_matches};
use crate::address::HostText;
use crate::ssh::USUAL_KEYS;

/// A chain of `ProxyJump` that is longer than this leads in a circle.
const LONGEST_CHAIN: usize = 8;

/// Keywords that change how OpenSSH connects and that are not taken, with the reason.
const NOT_TAKEN: [(&str, &str); 9] = [
    (
        "certificatefile",
        "certificates for signing in are not supported, only keys",
    ),
    ("identityagent", "only the agent of SSH_AUTH_SOCK is used"),
    (
        "pkcs11provider",
        "keys on a smart card work through the SSH agent only",
    ),
    (
        "securitykeyprovider",
        "security keys work through the SSH agent only",
    ),
    (
        "hostkeyalias",
        "the host key is recorded under the host's own name",
    ),
    (
        "userknownhostsfile",
        "host keys are read from the usual files only",
    ),
    ("bindaddress", "the system chooses the local address"),
    ("bindinterface", "the system chooses the local interface"),
    ("addressfamily", "both IPv4 and IPv6 are tried"),
];

/// What holds for one host.
#[derive(Default)]
struct Found {
    host_name: Option<String>,
    user: Option<String>,
    port: Option<String>,
    /// All of them; OpenSSH tries each.
    identities: Vec<String>,
    jump: Option<Vec<String>>,
    command: Option<String>,
    notes: Vec<String>,
}

impl Config {
    /// The host as a cluster.
    pub(super) fn resolve(&self, name: &str) -> ImportItem {
        let found = self.found(name);
        let mut notes = found.notes.clone();
        let mut refused = None;
        let mut take = |result: Result<(), String>| {
            if let Err(reason) = result {
                refused.get_or_insert(reason);
            }
        };
        let mut way = SshWay {
            host: name.to_owned(),
            port: 22,
            user: self.user.clone(),
            auth: SshAuth::Agent,
            agent_socket: None,
            jump: Vec::new(),
            entries: Vec::new(),
        };
        take(self.login(name, &found, &mut notes).map(|hop| {
            way.host = hop.host;
            way.port = hop.port;
            way.user = hop.user;
            way.auth = hop.auth;
        }));
        if let Some(command) = &found.command {
            let shown: String = command.chars().take(80).collect();
            take(Err(format!(
                "It is reached through the command “{shown}” (ProxyCommand); Slipway starts no programs. Use ProxyJump."
            )));
        }
        take(
            self.chain(name, &found, &mut notes, 0)
                .map(|hops| way.jump = hops),
        );
        ImportItem {
            cluster: NewCluster {
                name: name.to_owned(),
                way,
                color: None,
                tag: None,
                group: None,
            },
            notes,
            refused,
        }
    }

    fn found(&self, name: &str) -> Found {
        let mut found = Found::default();
        let blocks = self.lines.blocks.iter();
        for block in blocks.filter(|block| !block.in_match && block_matches(block, name)) {
            for (keyword, arguments) in &block.options {
                found.take(keyword, arguments);
            }
        }
        found
    }

    /// Host, port, user and way to sign in.
    fn login(&self, name: &str, found: &Found, notes: &mut Vec<String>) -> Result<NewHop, String> {
        let user = found.user.clone().unwrap_or_else(|| self.user.clone());
        let host = found.host_name.as_deref().unwrap_or("%h");
        let host = expand(host, &[('h', name)]).ok_or_else(|| unknown_token("HostName", host))?;
        let port = match found.port.as_deref() {
            None => 22,
            Some(text) => match text.parse() {
                Ok(port) if port > 0 => port,
                _ => return Err(format!("Its port “{text}” is no number from 1 to 65535.")),
            },
        };
        let auth = self.auth(name, &host, &user, found, notes);
        Ok(NewHop {
            host,
            port,
            user,
            auth,
        })
    }

    /// All key files that are named, in their order: which of them are there and taken shows when connecting.
    fn auth(&self, name: &str, host: &str, user: &str, found: &Found, notes: &mut Vec<String>) -> SshAuth {
        let named: Vec<&String> = found.identities.iter().filter(|file| *file != "none").collect();
        if named.is_empty() {
            return self.usual(found);
        }
        let home = self.home.to_string_lossy().into_owned();
        let tokens = [
            ('h', host),
            ('n', name),
            ('r', user),
            ('u', &self.user),
            ('d', &home),
        ];
        let mut paths: Vec<String> = Vec::new();
        let mut unknown = Vec::new();
        for file in named {
            let Some(path) = expand(file, &tokens) else {
                unknown.push(unknown_token("IdentityFile", file));
                continue;
            };
            let path = match path.strip_prefix("~/") {
                Some(rest) => self.home.join(rest).display().to_string(),
                None => path,
            };
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            notes.extend(unknown.iter().map(|why| format!("{why} The SSH agent is used.")));
            return SshAuth::Agent;
        }
        notes.append(&mut unknown);
        SshAuth::KeyFile {
            path: paths.remove(0),
            more: paths,
        }
    }

    /// Where no key file is named: the agent's keys, which are tried together with the usual files; without an agent the first of those.
    fn usual(&self, found: &Found) -> SshAuth {
        if self.agent || !found.identities.is_empty() {
            return SshAuth::Agent;
        }
        let mut files = USUAL_KEYS.iter().map(|name| self.home.join(".ssh").join(name));
        match files.find(|path| path.is_file()) {
            Some(path) => SshAuth::KeyFile {
                path: path.display().to_string(),
                more: Vec::new(),
            },
            None => SshAuth::Agent,
        }
    }

    /// The jump hosts: those that the first of them needs itself, then all that are named.
    fn chain(
        &self,
        name: &str,
        found: &Found,
        notes: &mut Vec<String>,
        depth: usize,
    ) -> Result<Vec<NewHop>, String> {
        let Some(named) = found.jump.as_ref().filter(|_| found.command.is_none()) else {
            return Ok(Vec::new());
        };
        if depth >= LONGEST_CHAIN {
            return Err(format!(
                "Its jump hosts (ProxyJump) lead in a circle, at “{name}”."
            ));
        }
        // What holds for all hosts holds for the jump host, too, which does not jump over itself.
        if named.len() == 1 && HostText::parse(&named[0]).is_ok_and(|one| one.host == name) {
            return Ok(Vec::new());
        }
        let mut hops = Vec::new();
        for (index, text) in named.iter().enumerate() {
            let text = text.strip_prefix("ssh://").unwrap_or(text);
            let parsed = HostText::parse(text).map_err(|error| format!("Its jump host: {error}"))?;
            let mut own = self.found(&parsed.host);
            if index == 0 {
                if own.command.is_some() {
                    return Err(format!(
                        "Its jump host “{}” is reached through a command (ProxyCommand).",
                        parsed.host
                    ));
                }
                hops.extend(self.chain(&parsed.host, &own, notes, depth + 1)?);
            }
            own.user = parsed.user.or(own.user);
            own.port = parsed.port.map(|port| port.to_string()).or(own.port);
            notes.extend(own.notes.iter().map(|note| format!("{}: {note}", parsed.host)));
            hops.push(self.login(&parsed.host, &own, notes)?);
        }
        Ok(hops)
    }
}

impl Found {
    fn take(&mut self, keyword: &str, arguments: &[String]) {
        let Some(first) = arguments.first() else {
            return;
        };
        match keyword {
            "hostname" => {
                self.host_name.get_or_insert_with(|| first.clone());
            }
            "user" => {
                self.user.get_or_insert_with(|| first.clone());
            }
            "port" => {
                self.port.get_or_insert_with(|| first.clone());
            }
            "identityfile" => self.identities.push(first.clone()),
            // Of these two the one that comes first counts.
            "proxyjump" if self.jump.is_none() && self.command.is_none() => {
                let named = first.split(',').map(str::trim).map(str::to_owned);
                let none = first.eq_ignore_ascii_case("none");
                self.jump = Some(if none { Vec::new() } else { named.collect() });
            }
            "proxycommand"
                if self.jump.is_none() && self.command.is_none() && !first.eq_ignore_ascii_case("none") =>
            {
                self.command = Some(arguments.join(" "));
            }
            _ => {
                if let Some((_, why)) = NOT_TAKEN.iter().find(|(name, _)| *name == keyword) {
                    let note = format!("“{keyword}” is not taken: {why}.");
                    if !self.notes.contains(&note) {
                        self.notes.push(note);
                    }
                }
            }
        }
    }
}

fn unknown_token(keyword: &str, text: &str) -> String {
    format!("{keyword} “{text}” holds a % token that is not supported.")
}

/// Puts in what `%` tokens stand for; `None` for one that is not known.
fn expand(text: &str, tokens: &[(char, &str)]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next()? {
            '%' => out.push('%'),
            token => out.push_str(tokens.iter().find(|(name, _)| *name == token)?.1),
        }
    }
    Some(out)
}
