//! The home page's menus: copies, moving, and what is deleted again.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::desk::{Desk, takes_pictures};
use acceptance::sshd::Sshd;

use crate::{lists, only_seen};

const SHORT: Duration = Duration::from_secs(90);

/// Copies an environment and an application, moves the copy, deletes it again.
pub async fn copy_move_and_delete(desk: &Desk, agent: &Agent, sshd: &Sshd) {
    desk.press("nav-projects").await;
    desk.press("environment-menu-shop-production").await;
    desk.press("duplicate-environment-shop-production").await;
    desk.fill("duplicate-environment-name", "staging").await;
    desk.shots("duplicate-environment").await;
    desk.press("duplicate-environment-confirm").await;
    desk.see("environment-menu-shop-staging").await;

    desk.press("app-menu-web").await;
    desk.press("duplicate-app-web").await;
    desk.wait_until_says("duplicate-app-dialog", "nothing of the copy runs", SHORT)
        .await;
    desk.fill("duplicate-app-name", "web-two").await;
    desk.shots("duplicate-application").await;
    desk.press("duplicate-app-confirm").await;
    desk.see("app-row-web-two").await;
    desk.press("app-menu-web-two").await;
    desk.see("move-app-web-two").await;
    desk.shots("application-menu").await;
    desk.press("move-app-web-two").await;
    desk.wait_until_says("move-app-dialog", "What runs goes on", SHORT)
        .await;
    desk.shots("move").await;
    desk.press("move-app-confirm").await;
    desk.gone("move-app-dialog").await;
    desk.wait_until_says("environment-shop-staging", "web-two", SHORT)
        .await;

    lists::sort_choose_and_find(desk, agent, sshd).await;
    if takes_pictures() {
        only_seen::questions_of_the_home(desk).await;
    }

    desk.press("app-menu-web-two").await;
    desk.press("delete-app-web-two").await;
    desk.fill("app-delete-name", "web-two").await;
    desk.shots("delete-application").await;
    desk.press("app-delete-confirm").await;
    desk.gone("app-row-web-two").await;
    desk.see("app-row-web").await;
}
