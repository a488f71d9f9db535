//! “This machine”: the agent on this very computer as a cluster without SSH, and how it gets there.

use slipway_client::{Address, Answers, Connection, Profile};
use slipway_protocol::desktop::{Connected, LocalAgent, LocalSetUp};
use tauri::State;

use crate::commands::clusters::finish;
use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer};
use crate::this_machine;

/// How this machine's own cluster is called.
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
    let profile = Profile::new(THIS_MACHINE, address)?;
    let connection = Connection::open(&desk.home, &profile, Answers::default()).await?;
    desk.change_profiles(|saved| saved.add(profile.clone()))?;
    finish(desk, &profile, connection).await
}

async fn prepare(desk: &Desk) -> Result<LocalSetUp, Refusal> {
    let command = this_machine::prepare(&desk.home.folder).await?;
    Ok(LocalSetUp { command })
}
