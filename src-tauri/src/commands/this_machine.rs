//! “This machine”: the agent on this very computer as a cluster without SSH, and how it gets there.

use slipway_client::{Address, Answers, Connection, Profile};
use slipway_protocol::desktop::{Connected, LocalAgent, LocalSetUp};
use tauri::State;

use crate::commands::clusters::finish;
use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer};
use crate::this_machine;

/// How this machine's own cluster is called; with a number where another one is called so already.
const THIS_MACHINE: &str = "This machine";

#[tauri::command]
pub async fn find_local_agent(desk: State<'_, Desk>) -> Answer {
    answer(find(&desk).await)
}

#[tauri::command]
pub async fn add_local_agent(desk: State<'_, Desk>) -> Answer {
    answer(add(&desk).await)
}

#[tauri::command]
pub async fn prepare_local_agent(desk: State<'_, Desk>) -> Answer {
    answer(prepare(&desk).await)
}

/// Only a look; nothing is offered that somebody has saved already.
async fn find(desk: &Desk) -> Result<Option<LocalAgent>, Refusal> {
    let socket = this_machine::socket();
    let saved = desk.home.profiles().list()?;
    let known = saved
        .iter()
        .any(|profile| matches!(&profile.address, Address::Local { socket: other } if *other == socket));
    if known {
        return Ok(None);
    }
    Ok(this_machine::look(&socket).await)
}

async fn add(desk: &Desk) -> Result<Connected, Refusal> {
    let address = Address::Local {
        socket: this_machine::socket(),
    };
    let profile = Profile::new(&free_name(&desk.home.profiles().list()?), address)?;
    let connection = Connection::open(&desk.home, &profile, Answers::default()).await?;
    desk.change_profiles(|saved| saved.add(profile.clone()))?;
    finish(desk, &profile, connection).await
}

/// Nobody is asked for the name, so it is one that is free.
fn free_name(saved: &[Profile]) -> String {
    let is_free = |name: &String| saved.iter().all(|profile| profile.name != *name);
    let numbered = (2_u32..).map(|number| format!("{THIS_MACHINE} {number}"));
    std::iter::once(THIS_MACHINE.to_owned())
        .chain(numbered)
        .find(is_free)
        .unwrap_or_else(|| THIS_MACHINE.to_owned())
}

async fn prepare(desk: &Desk) -> Result<LocalSetUp, Refusal> {
    let command = this_machine::prepare(&desk.home.folder).await?;
    Ok(LocalSetUp { command })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-12: where a cluster is called “This machine” already, this machine gets the next number.
    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let named = |name: &str| {
            let socket = "/run/slipway/agent.sock".into();
            Profile::new(name, Address::Local { socket }).unwrap()
        };
        assert_eq!(free_name(&[named("prod")]), "This machine");
        assert_eq!(free_name(&[named("This machine")]), "This machine 2");
        let taken = [named("This machine 2"), named("This machine")];
        assert_eq!(free_name(&taken), "This machine 3");
    }
}
