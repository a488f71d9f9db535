//! Passwords: argon2id, off the async threads.

use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use slipway_protocol::{ErrorCode, Secret};

use super::ApiError;

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
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(hash)) => Ok(hash),
        Ok(Err(_)) | Err(_) => Err(ApiError::new(
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
    tokio::task::spawn_blocking(work).await.unwrap_or(false) && known
}
