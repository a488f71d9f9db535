//! The commands that go on sending: log lines, a deployment's changes, the links' states.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_protocol::desktop::{Failure, OfStream, Streamed, TakenOfStream, command};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{broken, call, from_json, send, text_of, to_json};
use crate::visible;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["window", "__TAURI__", "core"])]
    type Channel;

    #[wasm_bindgen(constructor, catch, js_namespace = ["window", "__TAURI__", "core"])]
    fn new() -> Result<Channel, JsValue>;

    #[wasm_bindgen(method, setter)]
    fn set_onmessage(this: &Channel, on: &JsValue);
}

type OnMessage = Closure<dyn Fn(JsValue)>;

/// The shell is told of so many messages at once; it waits only when it is further ahead than that.
const TOLD_EVERY: u64 = 4;

/// What was taken of a stream, for the shell, which waits for a window that is behind.
#[derive(Default)]
struct Taken {
    /// Its number; the first messages may come before it.
    stream: Cell<Option<u32>>,
    messages: Cell<u64>,
    told: Cell<u64>,
}

impl Taken {
    fn begun(&self, stream: u32) {
        self.stream.set(Some(stream));
        self.tell();
    }

    fn one_more(&self) {
        self.messages.set(self.messages.get() + 1);
        self.tell();
    }

    fn tell(&self) {
        let messages = self.messages.get();
        let Some(stream) = self.stream.get() else {
            return;
        };
        if messages - self.told.get() < TOLD_EVERY {
            return;
        }
        self.told.set(messages);
        spawn_local(async move {
            // A stream that has ended is fine.
            let _: Result<(), Failure> =
                call(command::STREAM_TAKEN, &TakenOfStream { stream, messages }).await;
        });
    }
}

/// A running stream. It ends when this is dropped.
pub struct Stream {
    number: u32,
    alive: Rc<Cell<bool>>,
    on_message: Option<OnMessage>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.alive.set(false);
        let on_message = self.on_message.take();
        let stream = self.number;
        spawn_local(async move {
            // An ended stream, or a shell that is closing, is fine.
            let _: Result<(), Failure> = call(command::STOP_STREAM, &OfStream { stream }).await;
            // Messages that were already under way still find their receiver.
            TimeoutFuture::new(5_000).await;
            drop(on_message);
        });
    }
}

/// Follows a stream of batches; `on` gets each message, and what cannot be read as the stream's end. Who takes the values makes them
/// visible: lines of logs hold the codes of their colours.
pub async fn follow<A, T>(
    name: &str,
    request: &A,
    on: impl Fn(Streamed<T>) + 'static,
) -> Result<Stream, Failure>
where
    A: Serialize,
    T: DeserializeOwned + 'static,
{
    let taken = command::PACED.contains(&name).then(Rc::<Taken>::default);
    let counted = taken.clone();
    let stream = start(name, Some(to_json(request)?), move |text: &str| {
        on(match from_json(text) {
            Ok(Streamed::Ended { failure }) => Streamed::Ended {
                failure: failure.map(visible::all_of),
            },
            Ok(values) => values,
            Err(failure) => Streamed::Ended {
                failure: Some(failure),
            },
        });
        if let Some(counted) = &counted {
            counted.one_more();
        }
    })
    .await?;
    if let Some(taken) = taken {
        taken.begun(stream.number);
    }
    Ok(stream)
}

/// Watches something of the app itself; messages that cannot be read are left out.
pub async fn watch<T: DeserializeOwned>(name: &str, on: impl Fn(T) + 'static) -> Result<Stream, Failure> {
    start(name, None, move |text: &str| {
        if let Ok(message) = from_json(&visible::in_json(text)) {
            on(message);
        }
    })
    .await
}

async fn start(name: &str, args: Option<String>, on: impl Fn(&str) + 'static) -> Result<Stream, Failure> {
    let alive = Rc::new(Cell::new(true));
    let listening = Rc::clone(&alive);
    let on_message: OnMessage = Closure::new(move |message: JsValue| {
        if listening.get() {
            on(&text_of(&message));
        }
    });
    let channel = Channel::new().map_err(|error| {
        let missing = <serde_json::Error as serde::de::Error>::custom(text_of(&error));
        broken("The window is not connected to the app", &missing)
    })?;
    channel.set_onmessage(on_message.as_ref());
    let number = send(name, args, Some(&channel)).await?;
    Ok(Stream {
        number,
        alive,
        on_message: Some(on_message),
    })
}
