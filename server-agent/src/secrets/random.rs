//! Random values that are handed out: codes, tokens.

use rand::TryRngCore;
use rand::rand_core::OsError;

/// 256 random bits in hexadecimal: 64 letters and digits, so that no command line takes the value for an option.
pub fn random_hex() -> Result<String, OsError> {
    let mut bytes = [0_u8; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Two hexadecimal digits for each byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-IAM-01: a code can be pasted behind an option of a command line, whatever it is.
    #[test]
    fn a_code_is_letters_and_digits() {
        let code = random_hex().unwrap();
        assert_eq!(code.len(), 64);
        assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(code, random_hex().unwrap());
    }
}
