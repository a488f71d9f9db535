//! Passwords: argon2id, off the async threads.

use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use slipway_protocol::{ErrorCode, Secret};
use tokio::sync::Semaphore;

use super::ApiError;

/// So many passwords are worked on at once; others wait. Each takes 19 MiB, and anybody may ask.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Runs on a thread of its own when its turn comes; `None` if it panics.
async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let turn = TURNS.acquire().await.ok()?;
    let work = move || {
        // The turn lasts as long as the work, also where nobody waits for it any more.
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(work).await.ok()
}

/// Hashes a password; refuses one that is too short.
pub async fn hash(password: Secret<String>) -> Result<String, ApiError> {
    let shortest = slipway_protocol::identity::SHORTEST_PASSWORD;
    if password.expose().chars().count() < shortest {
        return Err(ApiError::invalid(format!(
            "The password is too short; use at least {shortest} characters."
        )));
    }
    if password.expose().len() > 1024 {
        return Err(ApiError::invalid(
            "The password is too long; use at most 1024 bytes.",
        ));
    }
    let work = move || {
        let salt = SaltString::generate(&mut OsRng);
        Argon2::default()
            .hash_password(password.expose().as_bytes(), &salt)
            .map(|hash| hash.to_string())
    };
    match in_turn(work).await {
        Some(Ok(hash)) => Ok(hash),
        Some(Err(_)) | None => Err(ApiError::new(
            ErrorCode::Internal,
            "The password could not be stored; try again.",
        )),
    }
}

/// Whether it is the password. Without a hash the same work is done, so that the time tells nothing about who has an account.
pub async fn verify(password: Secret<String>, hash: Option<String>) -> bool {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c2xpcHdheS1ub2JvZHk$Hx1xIXzhAPVpVJ1Jd0kDBj1JVuqcXvEiLq9AqbcHmmw";
    let known = hash.is_some();
    let work = move || {
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        PasswordHash::new(&hash).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.expose().as_bytes(), &hash)
                .is_ok()
        })
    };
    in_turn(work).await.unwrap_or(false) && known
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-R3: however many ask, few are worked on at once, and all get their answer.
    #[tokio::test(flavor = "multi_thread")]
    async fn passwords_take_turns() {
        let busy = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let work = (0..20).map(|_| {
            let busy = busy.clone();
            in_turn(move || {
                use std::sync::atomic::Ordering::SeqCst;
                let now = busy.fetch_add(1, SeqCst) + 1;
                std::thread::sleep(std::time::Duration::from_millis(2));
                busy.fetch_sub(1, SeqCst);
                now
            })
        });
        let seen = futures_util::future::join_all(work).await;
        assert!(seen.iter().all(|now| now.is_some_and(|now| now <= 2)), "{seen:?}");
    }
}
