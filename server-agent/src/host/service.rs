//! The agent's program and its systemd unit. A new program that does not answer gives way to the one before it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use slipway_protocol::Secret;

use super::apply::{Lines, Outcome, run};
use super::{PROGRAM, Wishes};
use crate::config::Config;
use crate::own_socket::answers;
use crate::process::{Invocation, Program};

pub(super) const UNIT: &str = "/etc/systemd/system/slipway-agent.service";
pub(super) const SERVICE: &str = "slipway-agent.service";
/// Further settings of the administrator.
const ENVIRONMENT: &str = "/etc/slipway/agent.env";
/// The first start makes a database and brings it up to date.
const START_LIMIT: Duration = Duration::from_secs(90);

pub(super) async fn install(config: &Config, wishes: &Wishes, lines: Lines<'_>) -> anyhow::Result<Outcome> {
    let own = std::env::current_exe().context("the agent's own program was not found")?;
    let program = own != Path::new(PROGRAM) && !same(&own, Path::new(PROGRAM));
    let unit = std::fs::read_to_string(UNIT).ok().as_deref() != Some(&unit(config));
    if program {
        replace(&own)?;
    }
    if unit {
        std::fs::write(UNIT, self::unit(config)).with_context(|| format!("cannot write {UNIT}"))?;
    }
    if wishes.no_start {
        // Nobody waits for it to answer.
        forget_previous();
        let result = "ready; `systemctl enable --now slipway-agent` starts it";
        return Ok(Outcome {
            changed: program || unit,
            result: result.to_owned(),
        });
    }
    // While one is kept, the present one has not been seen to answer: an installation was cut off, and it may be the earlier one that answers.
    if !program && !unit && !previous().exists() && answers(&config.socket).await {
        return Ok(Outcome::as_it_was("the agent runs"));
    }
    systemctl(&["daemon-reload"], lines).await?;
    systemctl(&["enable", SERVICE], lines).await?;
    match start(config, lines).await {
        Ok(()) => {
            forget_previous();
            Ok(Outcome::changed("the agent runs"))
        }
        Err(error) if previous().exists() => {
            lines("the new program does not answer; the one before it comes back");
            std::fs::rename(previous(), PROGRAM)?;
            start(config, lines)
                .await
                .context("the program before it does not answer either")?;
            Err(error.context("the new agent did not start, and the one before it runs again"))
        }
        Err(error) => Err(error),
    }
}

async fn start(config: &Config, lines: Lines<'_>) -> anyhow::Result<()> {
    systemctl(&["restart", SERVICE], lines).await?;
    let begun = Instant::now();
    while !answers(&config.socket).await {
        if begun.elapsed() > START_LIMIT {
            bail!(
                "the agent does not answer {} s after its start; `journalctl -u slipway-agent` tells why",
                START_LIMIT.as_secs()
            );
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

pub(super) async fn systemctl(args: &[&str], lines: Lines<'_>) -> anyhow::Result<()> {
    run(Invocation::new(Program::Systemctl).args(args), lines)
        .await
        .with_context(|| format!("systemctl {} did not succeed", args.join(" ")))
}

/// The agent's folder, open for passing through only. True if it was made.
pub(super) fn data_folder(config: &Config) -> anyhow::Result<bool> {
    let made = !config.data_dir.exists();
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot make {}", config.data_dir.display()))?;
    std::fs::set_permissions(&config.data_dir, std::fs::Permissions::from_mode(0o711))?;
    Ok(made)
}

/// Where the program before the present one is kept until the new one has answered.
pub(super) fn previous() -> PathBuf {
    PathBuf::from(format!("{PROGRAM}.previous"))
}

fn forget_previous() {
    let _ = std::fs::remove_file(previous());
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((std::fs::read(one), std::fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

/// Puts this program in the place of the one before it, which is kept unless an earlier one still is: then it never answered.
fn replace(own: &Path) -> anyhow::Result<()> {
    let fresh = format!("{PROGRAM}.new");
    std::fs::copy(own, &fresh).with_context(|| format!("cannot write {fresh}"))?;
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755))?;
    if Path::new(PROGRAM).exists() && !previous().exists() {
        // A second name for it, so that there is a program at every moment.
        std::fs::hard_link(PROGRAM, previous())?;
    }
    std::fs::rename(&fresh, PROGRAM).with_context(|| format!("cannot write {PROGRAM}"))
}

/// The unit (systemd.service(5), systemd.exec(5)). Settings that differ from the usual ones are written into it; further ones, such
/// as a `DATABASE_URL` with its password, are the administrator's to put into `/etc/slipway/agent.env`. However often it fails, it is
/// started again: a disk that was full, or a database that was away, comes back by itself.
fn unit(config: &Config) -> String {
    let environment: String = config
        .environment()
        .iter()
        .map(|(name, value)| format!("Environment=\"{name}={}\"\n", escaped(value)))
        .collect();
    format!(
        "[Unit]\nDescription=Slipway agent\nAfter=network-online.target docker.service\nWants=network-online.target docker.service\n\
         StartLimitIntervalSec=0\n\n\
         [Service]\nExecStart={PROGRAM} serve\n{environment}EnvironmentFile=-{ENVIRONMENT}\nRestart=always\nRestartSec=2\nKillMode=mixed\nTimeoutStopSec=120\n\
         RuntimeDirectory=slipway\nRuntimeDirectoryMode=0755\nNoNewPrivileges=yes\nProtectSystem=strict\nProtectHome=read-only\n\
         ReadWritePaths={data} /run/slipway /tmp\n\
         ProtectKernelTunables=yes\nProtectKernelModules=yes\nRestrictSUIDSGID=yes\nLockPersonality=yes\n\n\
         [Install]\nWantedBy=multi-user.target\n",
        data = config.data_dir.display(),
    )
}

/// Whether the service that is installed here is the one of these settings: it keeps its state in the same folder.
pub fn is_installed(config: &Config) -> bool {
    let folder = data_dir_of(&installed_environment());
    Path::new(UNIT).exists() && folder == config.data_dir
}

fn data_dir_of(environment: &[(String, String)]) -> PathBuf {
    let named = environment.iter().find(|(name, _)| name == "SLIPWAY_DATA_DIR");
    named.map_or_else(|| "/var/lib/slipway".into(), |(_, value)| value.into())
}

/// Stops the installed service; true if it ran, or was about to.
pub async fn stop_installed() -> anyhow::Result<bool> {
    let asked = Invocation::new(Program::Systemctl).args(["is-active", SERVICE]);
    let state = asked.deadline(Duration::from_secs(30)).run().await?.stdout;
    let ran = ["active", "activating", "reloading"].contains(&state.trim());
    systemctl(&["stop", SERVICE], &mut |_| {}).await?;
    Ok(ran)
}

/// Starts the installed service and waits until it answers.
pub async fn start_installed(config: &Config) -> anyhow::Result<()> {
    start(config, &mut |_| {}).await
}

/// The database of the administrator's own that the installed service uses, where there is one: it stands in a file that only
/// systemd reads otherwise (systemd.exec(5), EnvironmentFile).
pub fn installed_database() -> Option<Secret<String>> {
    let text = std::fs::read_to_string(ENVIRONMENT).ok()?;
    Path::new(UNIT).exists().then(|| database_of(&text))?
}

fn database_of(text: &str) -> Option<Secret<String>> {
    let mut values = text.lines().filter_map(|line| {
        let value = line.trim_start().strip_prefix("DATABASE_URL=")?.trim();
        let quoted = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
        Some(quoted('"').or_else(|| quoted('\'')).unwrap_or(value).to_owned())
    });
    // The last one counts.
    values
        .next_back()
        .filter(|value| !value.is_empty())
        .map(Secret::new)
}

/// The settings of the service that is installed here, as [`Config::environment`] gave them; none where there is none.
pub fn installed_environment() -> Vec<(String, String)> {
    environment_of(&std::fs::read_to_string(UNIT).unwrap_or_default())
}

fn environment_of(unit: &str) -> Vec<(String, String)> {
    let lines = unit.lines().filter_map(|line| {
        let pair = line.strip_prefix("Environment=\"")?.strip_suffix('"')?;
        let (name, value) = pair.split_once('=')?;
        Some((name.to_owned(), plain(value)))
    });
    lines.collect()
}

/// What [`escaped`] was made from.
fn plain(escaped: &str) -> String {
    let mut plain = String::new();
    let mut letters = escaped.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' | '%' => plain.extend(letters.next()),
            other => plain.push(other),
        }
    }
    plain
}

/// Within the double quotes of a unit: `\`, `"`, and `%`, which would begin a specifier (systemd.syntax(7)).
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::command::Arguments;

    /// FR-HST-03: what is not as usual is in the unit, and cannot add lines or specifiers to it.
    #[test]
    fn the_unit_carries_the_settings() {
        let arguments = [
            "slipway-agent",
            "--edge-port",
            "8080",
            "--traefik-image",
            "r.example.org/t%i\"x",
            "doctor",
        ];
        let config = Arguments::parse_from(arguments).config;
        let unit = unit(&config);
        assert!(
            unit.contains("Environment=\"SLIPWAY_EDGE_PORT=8080\"\n"),
            "{unit}"
        );
        assert!(
            unit.contains("Environment=\"SLIPWAY_TRAEFIK_IMAGE=r.example.org/t%%i\\\"x\"\n"),
            "{unit}"
        );
        assert!(!unit.contains("SLIPWAY_NETWORK"), "{unit}");
    }

    /// FR-HST-03: systemd never gives the agent up, however often it fails.
    #[test]
    fn a_failing_agent_is_always_started_again() {
        let unit = unit(&Arguments::parse_from(["slipway-agent", "doctor"]).config);
        let (of_unit, of_service) = unit.split_once("[Service]").unwrap();
        assert!(of_unit.contains("\nStartLimitIntervalSec=0\n"), "{unit}");
        assert!(of_service.contains("\nRestart=always\nRestartSec=2\n"), "{unit}");
    }

    /// FR-HST-03: the database of the installed service is found where systemd reads it, and a service of another folder is another's.
    #[test]
    fn the_installed_database_is_found() {
        for (text, wanted) in [
            ("DATABASE_URL=postgres://a:b@c/d\n", Some("postgres://a:b@c/d")),
            (
                "# DATABASE_URL=x\nRUST_LOG=info\n DATABASE_URL=\"postgres://q\"\n",
                Some("postgres://q"),
            ),
            (
                "DATABASE_URL='postgres://one'\nDATABASE_URL=postgres://two",
                Some("postgres://two"),
            ),
            ("DATABASE_URL=\n", None),
            ("MY_DATABASE_URL=x\n", None),
            ("", None),
        ] {
            let found = database_of(text);
            assert!(
                found.as_ref().map(|url| url.expose().as_str()) == wanted,
                "{text:?}"
            );
        }
        let named = [("SLIPWAY_DATA_DIR".to_owned(), "/srv/slipway".to_owned())];
        assert_eq!(data_dir_of(&named), Path::new("/srv/slipway"));
        assert_eq!(data_dir_of(&[]), Path::new("/var/lib/slipway"));
    }

    /// FR-HST-02: who sets a server up once more without the options of before leaves it where it is; what is asked for counts.
    #[test]
    fn a_second_setup_keeps_the_settings() {
        let parse = |more: &[&str]| {
            let words = ["slipway-agent"].iter().chain(more).chain(&["doctor"]);
            Arguments::parse_from(words).config
        };
        let host_key = format!("ssh-ed25519 {}", "A".repeat(68));
        let first = parse(&[
            "--data-dir",
            "/srv/slip \"way\"",
            "--socket",
            "/run/other.sock",
            "--docker-host",
            "unix:///run/50%.sock",
            "--traefik-image",
            "r.example.org/t\\x",
            "--network",
            "edge",
            "--instance",
            "two",
            "--edge-port",
            "8080",
            "--builds",
            "3",
            "--build-node",
            "ssh://build@example.org:2222",
            "--build-node-key",
            &host_key,
            "--postgres-bin",
            "/opt/pg",
            "--no-node-terminal",
        ]);
        let installed = environment_of(&unit(&first));
        assert_eq!(unit(&parse(&[]).as_installed(&installed)), unit(&first));
        let moved = parse(&["--edge-port", "8081"]).as_installed(&installed);
        assert_eq!((moved.edge_port, moved.network.as_str()), (8081, "edge"));
        assert_eq!(unit(&parse(&[]).as_installed(&[])), unit(&parse(&[])));
        // Another build node is another machine with another key, and none needs none.
        let other = parse(&["--build-node", "ssh://build@192.0.2.7"]).as_installed(&installed);
        assert!(other.build_node_key.is_none() && other.other_engine().is_some());
        let same = parse(&["--build-node", "ssh://build@example.org:2222"]).as_installed(&installed);
        assert_eq!(unit(&same), unit(&first));
        let renewed = format!("ssh-ed25519 {}", "B".repeat(68));
        let renewed = parse(&["--build-node-key", &renewed]).as_installed(&installed);
        assert!(unit(&renewed).contains("ssh-ed25519 BBBB") && renewed.other_engine().is_some());
        let own = parse(&["--build-node", "own"]).as_installed(&installed);
        assert!(own.other_engine().is_none() && !unit(&own).contains("BUILD_NODE"));
    }
}
