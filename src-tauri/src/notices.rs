//! Telling the person what went wrong while they look elsewhere: notifications of the system, which open the page that they are about.
//!
//! What is told is what the cluster's list of events says is an error. Texts in it are others' texts: they are shown as they are,
//! never as markup, and shortened.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use slipway_client::{Choice, Connection, Mark};
use slipway_protocol::ClusterId;
use slipway_protocol::api::{ListEvents, ListUnwellApplications};
use slipway_protocol::desktop::{DayTime, NoticeRules};
use slipway_protocol::event::{ClusterEvent, Severity};
use slipway_protocol::feed::FeedEvent;
use tauri::{AppHandle, Manager};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::desk::Desk;
use crate::one_instance;
use crate::pace::Pace;
#[cfg(all(unix, not(target_os = "macos")))]
use crate::plain::escaped;
use crate::plain::plain;
use crate::tray::Tray;
#[cfg(all(unix, not(target_os = "macos")))]
use notify_rust::ActionResponse;

/// Of a cluster that nobody is signed in to, or whose feed ended, it is tried again after this time.
const AGAIN: Duration = Duration::from_secs(15);
/// Whether all applications are well is asked at most so often, however much changes.
const UNWELL: Duration = Duration::from_secs(10);
/// So many events are looked at, at a change.
const LOOKED_AT: u32 = 50;
/// More than so many at once are told as a number.
const AT_ONCE: usize = 3;
/// So many notifications wait for a click; the oldest gives way to the next one.
const WAITING: usize = 16;
/// One that nobody clicks on for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// A text is at most so many characters.
const LONGEST: usize = 240;

/// Which failures are told, and how to reach the window.
#[derive(Clone)]
pub struct Notices {
    /// It is set where the person does not want to be told of any.
    off: Arc<Mark>,
    /// Of which failures the person does not want to be told.
    except: Arc<Choice>,
    app: Arc<OnceLock<AppHandle>>,
    waiting: Waiting,
    signed_in: Arc<Notify>,
    /// It shows that something went wrong, told or not.
    tray: Tray,
}

impl Notices {
    /// `folder` is that of the person's settings.
    pub fn new(folder: &Path, tray: Tray) -> Self {
        Self {
            off: Arc::new(Mark::new(folder, "no-notifications")),
            except: Arc::new(Choice::new(folder, "notifications.json")),
            tray,
            app: Arc::default(),
            waiting: Waiting::default(),
            signed_in: Arc::default(),
        }
    }

    /// From now on a click on a notification leads to the app's window.
    pub fn lead_to(&self, app: AppHandle) {
        // It is called once, when the app starts.
        let _ = self.app.set(app);
    }

    /// What the person has chosen.
    pub fn rules(&self) -> NoticeRules {
        NoticeRules {
            on: !self.off.is_set(),
            except: self.except.load(),
        }
    }

    /// # Errors
    /// Where the choice cannot be kept.
    pub fn set(&self, rules: &NoticeRules) -> std::io::Result<()> {
        self.except.save(&rules.except)?;
        self.off.set(!rules.on)
    }

    /// Tells what goes wrong on a cluster, for as long as this is polled.
    pub async fn watch(self, cluster: ClusterId, connection: Connection) {
        let mut last = None;
        let mut pace = Pace::every(UNWELL);
        loop {
            // From here on: who signs in while the feed is tried is not missed.
            let signed_in = self.signed_in.notified();
            tokio::pin!(signed_in);
            signed_in.as_mut().enable();
            let mut feed = connection.watch_changes();
            loop {
                tokio::select! {
                    event = feed.next() => match event {
                        Some(Ok(FeedEvent::Changed)) => {
                            self.look(cluster, &connection, &mut last).await;
                            pace.want(Instant::now());
                        }
                        Some(Ok(FeedEvent::Ping)) => {}
                        Some(Err(_)) | None => break,
                    },
                    () = pace.due() => {
                        pace.looked(Instant::now());
                        self.look_for_unwell(cluster, &connection).await;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                () = signed_in => {}
            }
        }
    }

    /// Somebody has signed in: what could not be watched can be now.
    pub fn look_again(&self) {
        self.signed_in.notify_waiters();
    }

    /// What is new is told; what was there before the first look is not.
    async fn look(&self, cluster: ClusterId, connection: &Connection, last: &mut Option<i64>) {
        let wish = ListEvents {
            before: None,
            limit: Some(LOOKED_AT),
            application: None,
            severity: Some(Severity::Bad),
            contains: None,
        };
        let Ok(events) = connection.send(wish).await else {
            return;
        };
        let newest = events.first().map_or(0, |event| event.number);
        let Some(seen) = last.replace(newest.max(last.unwrap_or(0))) else {
            return;
        };
        let new: Vec<&ClusterEvent> = events.iter().filter(|event| event.number > seen).collect();
        if new.is_empty() {
            return;
        }
        self.tray.failed(cluster, new.len());
        let now = DayTime::from(chrono::Local::now().time());
        if !self.rules().tell_of(cluster, now) {
            return;
        }
        let name = connection.profile().name.clone();
        for notice in notices(cluster, &name, &new) {
            self.show(notice);
        }
    }

    /// Tells the tray which applications are not as they should be. An older agent does not say, and who may not know is not told.
    async fn look_for_unwell(&self, cluster: ClusterId, connection: &Connection) {
        let asked = connection.send(ListUnwellApplications {}).await;
        self.tray.unwell(cluster, asked.unwrap_or_default());
    }

    /// Hands it to the system and waits for a click on it: a desktop may take its time.
    fn show(&self, notice: Notice) {
        let app = Arc::clone(&self.app);
        self.waiting.wait(async move {
            let clicked = tokio::time::timeout(PATIENCE, told(&notice)).await;
            if let (Ok(true), Some(app)) = (clicked, app.get()) {
                app.state::<Desk>().opened.take_own(notice.link);
                one_instance::show(app);
            }
        });
    }
}

/// The notifications that wait for a click, the oldest first.
#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<VecDeque<AbortHandle>>>);

impl Waiting {
    fn wait(&self, click: impl Future<Output = ()> + Send + 'static) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| !one.is_finished());
        if waiting.len() == WAITING
            && let Some(oldest) = waiting.pop_front()
        {
            oldest.abort();
        }
        waiting.push_back(tauri::async_runtime::spawn(click).inner().abort_handle());
    }
}

/// Shows it; whether the person clicked on it.
#[cfg(all(unix, not(target_os = "macos")))]
async fn told(notice: &Notice) -> bool {
    let shown = notify_rust::Notification::new()
        .appname("Slipway")
        .summary(&notice.title)
        .body(&escaped(&notice.text))
        .action("default", "Open")
        .show_async()
        .await;
    // A desktop without notifications is no fault; the window shows the same.
    let Ok(shown) = shown else { return false };
    let mut clicked = false;
    let heard = |response: &ActionResponse<'_>| {
        clicked = matches!(response, ActionResponse::Custom("default"));
    };
    shown.wait_for_action_async(heard).await;
    clicked
}

/// Shows it. These systems tell a program of a click only where it is installed as an app of theirs.
#[cfg(not(all(unix, not(target_os = "macos"))))]
async fn told(notice: &Notice) -> bool {
    let (title, text) = (notice.title.clone(), notice.text.clone());
    let showing = tauri::async_runtime::spawn_blocking(move || {
        let shown = notify_rust::Notification::new()
            .appname("Slipway")
            .summary(&title)
            .body(&text)
            .show();
        drop(shown);
    });
    // Where it fails the window shows the same.
    let _ = showing.await;
    false
}

#[derive(Debug, PartialEq, Eq)]
struct Notice {
    title: String,
    text: String,
    /// The page that it opens.
    link: String,
}

fn notices(cluster: ClusterId, name: &str, new: &[&ClusterEvent]) -> Vec<Notice> {
    if new.len() > AT_ONCE {
        return vec![Notice {
            title: plain(name, LONGEST),
            text: format!("{} things went wrong.", new.len()),
            link: format!("slipway://c/{cluster}/events"),
        }];
    }
    let one = |event: &&ClusterEvent| Notice {
        title: plain(&format!("{} on {name}", event.subject), LONGEST),
        text: plain(&event.text, LONGEST),
        link: match (event.deployment, event.application) {
            (Some(deployment), _) => format!("slipway://c/{cluster}/deployment/{deployment}"),
            (None, Some(application)) => format!("slipway://c/{cluster}/app/{application}/overview"),
            (None, None) => format!("slipway://c/{cluster}/events"),
        },
    };
    // The oldest first, as they happened.
    new.iter().rev().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use slipway_protocol::desktop::{NoticeExceptions, QuietHours};

    fn event(number: i64, text: &str) -> ClusterEvent {
        ClusterEvent {
            number,
            at: DateTime::UNIX_EPOCH,
            severity: Severity::Bad,
            application: None,
            deployment: None,
            subject: "web".to_owned(),
            text: text.to_owned(),
        }
    }

    /// FR-DSK-03: each failure is told with its page, many as a number; others' text is one line.
    #[test]
    fn failures_become_notices() {
        let cluster: ClusterId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        let (newer, older) = (event(2, "b"), event(1, "a\u{202e}\nb"));
        let two = notices(cluster, "prod", &[&newer, &older]);
        assert_eq!((two.len(), two[0].text.as_str()), (2, "a  b"));
        assert_eq!(two[0].title, "web on prod");
        assert!(two[0].link.ends_with("/events"));
        let many: Vec<ClusterEvent> = (0..5).map(|number| event(number, "x")).collect();
        let told = notices(cluster, "prod", &many.iter().collect::<Vec<_>>());
        assert_eq!((told.len(), told[0].text.as_str()), (1, "5 things went wrong."));
    }

    /// FR-DSK-03: each notice opens the page that it is about: that of the deployment which failed, else the application's, else the events.
    #[test]
    fn a_notice_leads_to_its_page() {
        const ID: &str = "018f0000-0000-7000-8000-000000000001";
        let cluster: ClusterId = ID.parse().unwrap();
        let leads = |event: &ClusterEvent| notices(cluster, "prod", &[event])[0].link.clone();
        let mut one = event(1, "x");
        assert_eq!(leads(&one), format!("slipway://c/{ID}/events"));
        one.application = Some(ID.parse().unwrap());
        assert_eq!(leads(&one), format!("slipway://c/{ID}/app/{ID}/overview"));
        one.deployment = Some(ID.parse().unwrap());
        assert_eq!(leads(&one), format!("slipway://c/{ID}/deployment/{ID}"));
    }

    /// FR-DSK-03: who does not want to be told, or not of all, says so once, also for the next start.
    #[test]
    fn notices_can_be_switched_off() {
        let folder = tempfile::tempdir().unwrap();
        let tray = Tray::new(folder.path());
        let notices = Notices::new(folder.path(), tray.clone());
        let mut rules = notices.rules();
        assert!(rules.on && rules.except == NoticeExceptions::default());
        rules.except.quiet = Some(QuietHours::NIGHT);
        rules
            .except
            .clusters
            .insert("018f0000-0000-7000-8000-000000000001".parse().unwrap());
        for on in [false, true, true] {
            rules.on = on;
            notices.set(&rules).unwrap();
            assert_eq!(Notices::new(folder.path(), tray.clone()).rules(), rules);
        }
    }

    /// FR-DSK-03: however many notifications nobody has clicked on, the next one is told; the oldest waits no more.
    #[tokio::test]
    async fn the_oldest_gives_way() {
        let waiting = Waiting::default();
        let (told, mut all) = tokio::sync::mpsc::unbounded_channel();
        let (mut ends, count) = (Vec::new(), WAITING + 3);
        for number in 0..count {
            let (alive, end) = tokio::sync::oneshot::channel::<()>();
            let told = told.clone();
            waiting.wait(async move {
                let _alive = alive;
                let _ = told.send(number);
                std::future::pending::<()>().await;
            });
            assert_eq!(all.recv().await, Some(number));
            ends.push(end);
        }
        let newer = ends.split_off(3);
        for end in ends {
            assert!(end.await.is_err(), "it was given up");
        }
        let empty = Err(tokio::sync::oneshot::error::TryRecvError::Empty);
        assert!(newer.into_iter().all(|mut end| end.try_recv() == empty));
    }
}
