//! A desktop that shows notifications: `org.freedesktop.Notifications` on a test's own session bus (Desktop Notifications
//! Specification 1.2). It remembers them, and clicks on one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use crate::keyring::Keyring;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// What was shown.
#[derive(Clone, Debug)]
pub struct Shown {
    pub id: u32,
    pub title: String,
    pub text: String,
}

pub struct Desktop {
    shown: Arc<Mutex<Vec<Shown>>>,
    connection: zbus::Connection,
}

impl Desktop {
    /// On the bus of a keyring, which is the session of the windows that are opened with it.
    pub async fn on(keyring: &Keyring) -> Self {
        let shown = Arc::new(Mutex::new(Vec::new()));
        let service = Service {
            shown: Arc::clone(&shown),
        };
        let connection = zbus::connection::Builder::address(keyring.address())
            .and_then(|builder| builder.name(NAME))
            .and_then(|builder| builder.serve_at(PATH, service))
            .expect("the session bus");
        let connection = connection.build().await.expect("the session bus");
        Self { shown, connection }
    }

    pub fn shown(&self) -> Vec<Shown> {
        self.shown.lock().expect("not poisoned").clone()
    }

    /// As a person clicks on a notification.
    pub async fn click(&self, id: u32) {
        let server = self.connection.object_server();
        let service = server.interface::<_, Service>(PATH).await.expect("the service");
        Service::action_invoked(service.signal_emitter(), id, "default")
            .await
            .expect("the click is told");
    }
}

struct Service {
    shown: Arc<Mutex<Vec<Shown>>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "body-markup"].map(str::to_owned).to_vec()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let words = ["tests", "Slipway", "1", "1.2"].map(str::to_owned);
        words.into()
    }

    #[expect(clippy::too_many_arguments, reason = "the specification wants them")]
    fn notify(
        &self,
        _app_name: String,
        _replaces_id: u32,
        _app_icon: String,
        summary: String,
        body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expire_timeout: i32,
    ) -> u32 {
        let mut shown = self.shown.lock().expect("not poisoned");
        let id = u32::try_from(shown.len()).unwrap_or(u32::MAX) + 1;
        shown.push(Shown {
            id,
            title: summary,
            text: body,
        });
        id
    }

    fn close_notification(&self, _id: u32) {}

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action_key: &str) -> zbus::Result<()>;
}
