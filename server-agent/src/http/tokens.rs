//! Access tokens (JWT, HS256, minutes) and the random codes that are stored only as hashes.

use chrono::{Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use slipway_protocol::{Secret, SessionId, UserId};

use crate::secrets::random_hex;

/// How long an access token is good for, in seconds.
pub const ACCESS_SECONDS: u64 = 600;
/// How long a refresh token is good for if nobody uses it.
pub const REFRESH_LASTS: Duration = Duration::days(30);
const ISSUER: &str = "slipway-agent";
/// So many seconds a clock is set back now and then, which ends no token.
const CLOCK_STEPS: i64 = 120;

pub struct TokenKeys {
    sign: EncodingKey,
    verify: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    sid: SessionId,
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
}

impl TokenKeys {
    pub fn new(key: &Secret<[u8; 32]>) -> Self {
        Self {
            sign: EncodingKey::from_secret(key.expose()),
            verify: DecodingKey::from_secret(key.expose()),
        }
    }

    pub fn issue(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<Secret<String>, jsonwebtoken::errors::Error> {
        self.issue_at(user, session, Utc::now().timestamp())
    }

    fn issue_at(
        &self,
        user: UserId,
        session: SessionId,
        now: i64,
    ) -> Result<Secret<String>, jsonwebtoken::errors::Error> {
        let claims = Claims {
            sub: user,
            sid: session,
            iss: ISSUER.into(),
            aud: ISSUER.into(),
            iat: now,
            exp: now.saturating_add_unsigned(ACCESS_SECONDS),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign).map(Secret::new)
    }

    /// Who a token speaks for, if it is ours and has not ended. The algorithm is not the token's to choose. One from times to come is refused as one
    /// that has ended is: the clock was set back since, and it would be good for longer than tokens are. Whoever has it gets another one for its
    /// refresh token.
    pub fn verify(&self, token: &str) -> Option<(UserId, SessionId)> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[ISSUER]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.leeway = 5;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verify, &rules)
            .ok()?
            .claims;
        let ahead = claims.iat.saturating_sub(Utc::now().timestamp());
        (ahead <= CLOCK_STEPS).then_some((claims.sub, claims.sid))
    }
}

/// A random code of 256 bits, and the hash under which it is stored.
pub fn random_code() -> Result<(Secret<String>, Vec<u8>), rand::rand_core::OsError> {
    let code = random_hex()?;
    let hash = code_hash(&code);
    Ok((Secret::new(code), hash))
}

/// Whether a text has the form of [`random_code`]'s.
pub fn is_code(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub fn code_hash(code: &str) -> Vec<u8> {
    Sha256::digest(code.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> (UserId, SessionId) {
        (
            UserId(uuid::Uuid::from_u128(1)),
            SessionId(uuid::Uuid::from_u128(2)),
        )
    }

    /// NFR-R3, FR-IAM-04: a clock that jumps ends the tokens of before, whichever way; one that is put right by a little ends none.
    #[test]
    fn a_clock_that_jumps_makes_no_token_last() {
        let (user, session) = ids();
        let keys = TokenKeys::new(&Secret::new([1; 32]));
        let now = Utc::now().timestamp();
        let is_good = |issued: i64| {
            let token = keys.issue_at(user, session, issued).unwrap();
            keys.verify(token.expose()).is_some()
        };
        let day = 24 * 3600;
        assert!(is_good(now) && is_good(now - 300) && is_good(now + 60));
        assert!(!is_good(now - day), "the clock was set a day ahead");
        assert!(!is_good(now + day), "the clock was set a day back");
    }

    /// FR-IAM-04: a token is good only under the key that signed it, and only under its algorithm.
    #[test]
    fn a_token_is_bound_to_its_key() {
        let (user, session) = ids();
        let keys = TokenKeys::new(&Secret::new([1; 32]));
        let token = keys.issue(user, session).unwrap();
        assert_eq!(keys.verify(token.expose()), Some((user, session)));
        assert_eq!(TokenKeys::new(&Secret::new([2; 32])).verify(token.expose()), None);
        let unsigned = format!(
            "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.",
            token.expose().split('.').nth(1).unwrap()
        );
        assert_eq!(keys.verify(&unsigned), None);
    }
}
