//! The app that runs already: it is asked to show its window and given the links, before anything is opened here. One that is just ending
//! is waited for, because it keeps its name on the bus for some moments in which it hears nobody.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use zbus::blocking::Connection;

use crate::one_instance::Other;

/// So long it has to answer or to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// Who starts the app in a terminal is told by then why nothing happens.
const SOON: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);
/// One that has answered and is gone by then was at its end.
const MOMENT: Duration = Duration::from_millis(500);

/// What there is of an app under this name. The bus's name, the object and its method are those of Tauri's plugin.
pub fn meet(id: &str) -> Other {
    // Without a bus there is nobody to be found; the plugin thinks so too.
    let Ok(bus) = Connection::session() else {
        return Other::None;
    };
    let name = format!("{id}.SingleInstance");
    let end = Instant::now() + PATIENCE;
    loop {
        let Some(owner) = owner_of(&bus, &name) else {
            return Other::None;
        };
        match ask(&bus, &owner, path_of(&name), end) {
            Some(true) => {
                thread::sleep(MOMENT);
                if owner_of(&bus, &name).as_ref() == Some(&owner) {
                    return Other::Shows;
                }
            }
            Some(false) if Instant::now() < end => thread::sleep(PAUSE),
            Some(false) | None => return Other::Silent,
        }
    }
}

fn path_of(name: &str) -> String {
    format!("/{}", name.replace('.', "/").replace('-', "_"))
}

/// Whose connection has this name now.
fn owner_of(bus: &Connection, name: &str) -> Option<String> {
    let bus_itself = "org.freedesktop.DBus";
    let answer = bus.call_method(
        Some(bus_itself),
        "/org/freedesktop/DBus",
        Some(bus_itself),
        "GetNameOwner",
        &name,
    );
    answer.ok()?.body().deserialize().ok()
}

/// Asks it to show its window, and passes the links on: whether it did. None where it is silent to the end.
///
/// It is asked once only: one that comes to itself again does each time what it was asked.
fn ask(bus: &Connection, owner: &str, path: String, end: Instant) -> Option<bool> {
    let (tell, told) = mpsc::channel();
    let (bus, owner) = (bus.clone(), owner.to_owned());
    // The bus has no deadline of its own.
    thread::spawn(move || {
        let arguments: Vec<String> = std::env::args_os().map(|one| lossy(&one)).collect();
        let folder = lossy(std::env::current_dir().unwrap_or_default().as_os_str());
        let answer = bus.call_method(
            Some(owner.as_str()),
            path.as_str(),
            Some("org.SingleInstance.DBus"),
            "ExecuteCallback",
            &(arguments, folder),
        );
        // Nobody waits for a late one.
        let _ = tell.send(answer.is_ok());
    });
    if let Ok(answered) = told.recv_timeout(SOON) {
        return Some(answered);
    }
    eprintln!(
        "slipway: the app runs already but does not answer; waiting up to {} s until it does or has ended",
        PATIENCE.as_secs()
    );
    told.recv_timeout(end.saturating_duration_since(Instant::now()))
        .ok()
}

fn lossy(text: &std::ffi::OsStr) -> String {
    text.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-01: the app that runs is found where the plugin puts it.
    #[test]
    fn it_is_asked_where_the_plugin_listens() {
        assert_eq!(
            path_of("dev.slipway.desktop.f01.SingleInstance"),
            "/dev/slipway/desktop/f01/SingleInstance"
        );
        assert_eq!(path_of("a-b.SingleInstance"), "/a_b/SingleInstance");
    }
}
