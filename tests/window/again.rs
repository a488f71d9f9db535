//! The app started while another one is there that does not answer at once.

use std::time::Duration;

use acceptance::desk::Desk;
use acceptance::keyring::Keyring;

const SHORT: Duration = Duration::from_secs(90);

/// FR-DSK-01: a second app passes its link on also to one that answers late. One that is started while the former ends waits for that, and
/// opens.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_app_opens_when_the_former_has_ended() {
    let keyring = Keyring::start().await;
    let desk = Desk::open(&keyring).await;
    desk.see("fleet").await;
    desk.start_again_at_rest("slipway://nowhere/at/all", &keyring)
        .await;
    desk.wait_until_says("opened-link", "names no page", SHORT).await;
    desk.press("opened-link-refuse").await;

    let desk = desk.reopen_while_it_ends(&keyring).await;
    desk.see("fleet").await;
    desk.start_again("slipway://nowhere/else", &keyring).await;
    desk.wait_until_says("opened-link", "names no page", SHORT).await;
    desk.close().await;
}
