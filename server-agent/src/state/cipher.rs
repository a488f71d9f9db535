//! Encrypting a stream under a passphrase, as age does (age-encryption.org/v1, C2SP): the key by scrypt, the content in chunks of 64 KiB,
//! each with its number and a mark on the last, so that one that was changed, moved or is missing is noticed.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;

use age::secrecy::SecretString;
use age::stream::StreamWriter;
use age::{DecryptError, Decryptor, Encryptor, scrypt};
use slipway_protocol::Secret;

/// scrypt's N as a power of two, with r = 8 and p = 1 (OWASP's first choice): 128 MiB for less than a second.
pub const WORK: u8 = 17;
/// What a file may ask for: as much as the program `age` does, 256 MiB.
const MOST_WORK: u8 = 18;
/// In bytes. One for a passphrase is about 150.
const LARGEST_HEADER: u64 = 16 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum CipherError {
    #[error("is no backup of Slipway, or its beginning is damaged; name another file")]
    NoBackup,
    #[error("is encrypted for a key and not with a passphrase; a backup of Slipway is not")]
    NoPassphrase,
    #[error("asks for more memory than a backup of Slipway does, and was refused")]
    TooMuchWork,
    #[error(
        "does not open: the passphrase is another one, or the file's beginning was changed; try another passphrase"
    )]
    WrongPassphrase,
    #[error("could not be read: {0}")]
    Read(io::ErrorKind),
}

/// What is written goes to `to`, encrypted. Only `finish` makes it whole. Takes 2 to the power of `work` KiB of memory for a moment.
pub fn encrypt<W: Write>(to: W, passphrase: &Secret<String>, work: u8) -> io::Result<StreamWriter<W>> {
    let mut recipient = scrypt::Recipient::new(secret(passphrase));
    recipient.set_work_factor(work);
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|_| io::ErrorKind::InvalidInput)?;
    encryptor.wrap_output(to)
}

/// Reads what [`encrypt`] has written. Each chunk is checked before any of it is given.
pub fn decrypt<R: Read>(from: R, passphrase: &Secret<String>) -> Result<impl Read, CipherError> {
    let left = Rc::new(Cell::new(LARGEST_HEADER));
    let limited = Limited {
        from,
        left: Rc::clone(&left),
    };
    let decryptor = Decryptor::new(limited).map_err(|error| refused(&error))?;
    left.set(u64::MAX);
    if !decryptor.is_scrypt() {
        return Err(CipherError::NoPassphrase);
    }
    let mut identity = scrypt::Identity::new(secret(passphrase));
    identity.set_max_work_factor(MOST_WORK);
    decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .map_err(|error| refused(&error))
}

fn refused(error: &DecryptError) -> CipherError {
    match error {
        DecryptError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            CipherError::Read(error.kind())
        }
        DecryptError::ExcessiveWork { .. } => CipherError::TooMuchWork,
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::InvalidMac => {
            CipherError::WrongPassphrase
        }
        DecryptError::Io(_)
        | DecryptError::InvalidHeader
        | DecryptError::NoMatchingKeys
        | DecryptError::UnknownFormat => CipherError::NoBackup,
    }
}

/// It is wiped when it is dropped.
fn secret(passphrase: &Secret<String>) -> SecretString {
    SecretString::from(passphrase.expose().clone())
}

/// Ends after so many bytes: a header is kept in memory while it is read.
struct Limited<R> {
    from: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(into.len());
        let count = self.from.read(&mut into[..most])?;
        self.left.set(left.saturating_sub(count as u64));
        Ok(count)
    }
}
