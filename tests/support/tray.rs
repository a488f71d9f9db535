//! A desktop that has a tray: `org.kde.StatusNotifierWatcher` on a test's own session bus (StatusNotifierItem, and the menus of
//! `com.canonical.dbusmenu`). It looks at an item when that tells of a change, as real ones do, and presses what is in its menu.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use zbus::fdo::DBusProxy;
use zbus::names::{BusName, OwnedUniqueName};
use zbus::proxy::CacheProperties;
use zbus::zvariant::{OwnedValue, Structure, Value};
use zbus::{MatchRule, MessageStream, Proxy};

use crate::keyring::Keyring;
use crate::wait;

const NAME: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";
const PATIENCE: Duration = Duration::from_secs(120);

/// The dot of what is well, and of what is wrong: alpha, red, green, blue.
pub const GREEN: [u8; 4] = [0xff, 0x15, 0x80, 0x3d];
pub const RED: [u8; 4] = [0xff, 0xc6, 0x28, 0x28];

pub struct Tray {
    connection: zbus::Connection,
    registered: Arc<Mutex<Vec<String>>>,
}

impl Tray {
    /// On the bus of a keyring, which is the session of the windows that are opened with it.
    pub async fn on(keyring: &Keyring) -> Self {
        let registered = Arc::new(Mutex::new(Vec::new()));
        let service = Watcher {
            registered: Arc::clone(&registered),
        };
        let connection = zbus::connection::Builder::address(keyring.address())
            .and_then(|builder| builder.serve_at(PATH, service))
            .expect("the session bus");
        let connection = connection.build().await.expect("the session bus");
        let tray = Self {
            connection,
            registered,
        };
        tray.come().await;
        tray
    }

    /// The desktop has a tray from now on.
    pub async fn come(&self) {
        self.connection.request_name(NAME).await.expect("the name");
    }

    /// The desktop has no tray any more, as when its panel has ended.
    pub async fn leave(&self) {
        self.connection.release_name(NAME).await.expect("the name");
        self.registered.lock().expect("not poisoned").clear();
    }

    /// The item that has come into the tray.
    pub async fn item(&self) -> Item {
        let newest = || self.registered.lock().expect("not poisoned").last().cloned();
        wait::until("something is in the tray", PATIENCE, async || newest().is_some()).await;
        Item::follow(self.connection.clone(), &newest().unwrap_or_default()).await
    }
}

struct Watcher {
    registered: Arc<Mutex<Vec<String>>>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.registered.lock().expect("not poisoned").push(service);
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.registered.lock().expect("not poisoned").clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// What an item shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    pub tooltip: String,
    /// The icon's side, and its pixel in the middle of the lower right dot: alpha, red, green, blue.
    pub side: i32,
    pub dot: Vec<u8>,
    pub menu: Vec<Entry>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    id: i32,
    /// Empty for a line between others.
    pub label: String,
    pub checked: bool,
}

pub struct Item {
    connection: zbus::Connection,
    owner: OwnedUniqueName,
    /// As it was after the last change that it told of.
    shown: Arc<Mutex<(Look, usize)>>,
    following: JoinHandle<()>,
}

impl Drop for Item {
    fn drop(&mut self) {
        self.following.abort();
    }
}

impl Item {
    async fn follow(connection: zbus::Connection, name: &str) -> Self {
        let bus = DBusProxy::new(&connection).await.expect("the bus");
        let owner = bus
            .get_name_owner(BusName::try_from(name).expect("a name"))
            .await
            .expect("an item that is there");
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(owner.clone())
            .expect("a name")
            .build();
        let mut signals = MessageStream::for_match_rule(rule, &connection, None)
            .await
            .expect("the session bus");
        // It tells of itself a moment before it can be looked at.
        let first = wait::until_some("the item can be looked at", PATIENCE, async || {
            look(&connection, &owner).await.ok()
        })
        .await;
        let shown = Arc::new(Mutex::new((first, 0)));
        let following = tokio::spawn({
            let (connection, owner, shown) = (connection.clone(), owner.clone(), Arc::clone(&shown));
            async move {
                while let Some(Ok(_)) = signals.next().await {
                    // An item that is about to go has nothing more to show.
                    if let Ok(now) = look(&connection, &owner).await {
                        let mut shown = shown.lock().expect("not poisoned");
                        *shown = (now, shown.1 + 1);
                    }
                }
            }
        });
        Self {
            connection,
            owner,
            shown,
            following,
        }
    }

    /// What it shows, as far as it has told.
    pub fn shows(&self) -> Look {
        self.shown.lock().expect("not poisoned").0.clone()
    }

    /// How many changes it has told of.
    pub fn changes(&self) -> usize {
        self.shown.lock().expect("not poisoned").1
    }

    /// Waits until it has told of what is as wished.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Look) -> bool) {
        let what = format!("the tray says that {what}");
        wait::until(&what, PATIENCE, async || is_so(&self.shows())).await;
    }

    /// As a person clicks on it.
    pub async fn click(&self) {
        let item = self
            .proxy("/StatusNotifierItem", "org.kde.StatusNotifierItem")
            .await;
        let clicked: zbus::Result<()> = item.call("Activate", &(0_i32, 0_i32)).await;
        clicked.expect("the click is told");
    }

    /// As a person chooses the entry that begins like this.
    pub async fn choose(&self, label: &str) {
        let menu = self.proxy("/MenuBar", "com.canonical.dbusmenu").await;
        let entry = wait::until_some(&format!("there is an entry {label:?}"), PATIENCE, async || {
            let entries = entries(&menu).await.ok()?;
            entries.into_iter().find(|entry| entry.label.starts_with(label))
        })
        .await;
        let event = (entry.id, "clicked", Value::from(0_i32), 0_u32);
        // No answer is waited for, as trays do: a program that has been told to end may be gone before it answers.
        let told = menu.call_noreply("Event", &event).await;
        told.expect("the choice is told");
    }

    /// Whether its program is on the bus.
    pub async fn is_there(&self) -> bool {
        let bus = DBusProxy::new(&self.connection).await.expect("the bus");
        bus.name_has_owner(self.owner.clone().into())
            .await
            .expect("an answer")
    }

    async fn proxy(&self, path: &'static str, interface: &'static str) -> Proxy<'static> {
        proxy(&self.connection, &self.owner, path, interface)
            .await
            .expect("the item")
    }
}

/// Nothing is remembered: an item's own signals are not those of its properties.
async fn proxy(
    connection: &zbus::Connection,
    owner: &OwnedUniqueName,
    path: &'static str,
    interface: &'static str,
) -> zbus::Result<Proxy<'static>> {
    zbus::proxy::Builder::new(connection)
        .destination(owner.clone())?
        .path(path)?
        .interface(interface)?
        .cache_properties(CacheProperties::No)
        .build()
        .await
}

async fn look(connection: &zbus::Connection, owner: &OwnedUniqueName) -> zbus::Result<Look> {
    let item = proxy(
        connection,
        owner,
        "/StatusNotifierItem",
        "org.kde.StatusNotifierItem",
    )
    .await?;
    let tooltip: OwnedValue = item.get_property("ToolTip").await?;
    let icons: OwnedValue = item.get_property("IconPixmap").await?;
    let (side, dot) = dot(&icons).unwrap_or_default();
    let menu = proxy(connection, owner, "/MenuBar", "com.canonical.dbusmenu").await?;
    Ok(Look {
        tooltip: fields(&tooltip).get(3).map(text).unwrap_or_default(),
        side,
        dot,
        menu: entries(&menu).await?,
    })
}

/// The side of the first icon, and the pixel where the dot is.
fn dot(icons: &Value<'_>) -> Option<(i32, Vec<u8>)> {
    let Value::Array(icons) = icons else {
        return None;
    };
    let first = icons.iter().next()?;
    let [Value::I32(width), _, Value::Array(bytes)] = fields(first) else {
        return None;
    };
    let middle = usize::try_from(width * 26 / 32).ok()?;
    let at = (middle * usize::try_from(*width).ok()? + middle) * 4;
    let byte = |value: &Value<'_>| match value {
        Value::U8(byte) => *byte,
        _ => 0,
    };
    Some((*width, bytes.iter().skip(at).take(4).map(byte).collect()))
}

async fn entries(menu: &Proxy<'_>) -> zbus::Result<Vec<Entry>> {
    type Layout = (
        i32,
        std::collections::HashMap<String, OwnedValue>,
        Vec<OwnedValue>,
    );
    let (_, (_, _, children)): (u32, Layout) = menu
        .call("GetLayout", &(0_i32, -1_i32, Vec::<String>::new()))
        .await?;
    Ok(children.iter().filter_map(|child| entry(child)).collect())
}

fn entry(child: &Value<'_>) -> Option<Entry> {
    let [Value::I32(id), Value::Dict(properties), _] = fields(child) else {
        return None;
    };
    let property = |name: &str| {
        let mut all = properties.iter();
        all.find(|(key, _)| text(key) == name)
            .map(|(_, value)| inner(value))
    };
    Some(Entry {
        id: *id,
        label: property("label").map(text).unwrap_or_default(),
        checked: matches!(property("toggle-state"), Some(Value::I32(1))),
    })
}

fn fields<'a>(value: &'a Value<'a>) -> &'a [Value<'a>] {
    match inner(value) {
        Value::Structure(structure) => Structure::fields(structure),
        _ => &[],
    }
}

fn text(value: &Value<'_>) -> String {
    match inner(value) {
        Value::Str(text) => text.to_string(),
        _ => String::new(),
    }
}

/// A value of any kind is one within a value.
fn inner<'a>(value: &'a Value<'a>) -> &'a Value<'a> {
    match value {
        Value::Value(inside) => inside,
        other => other,
    }
}
