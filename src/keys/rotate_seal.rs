//! Seals the secrets of all keys anew, so that an older key-encryption key can go.

use rand::CryptoRng;

use super::{Keys, KeysError};
use crate::store::{Resealed, reseal};

impl Keys {
    /// Seals every secret under the key-encryption key that seals now. Keys stay what they are; one that is revoked
    /// meanwhile stays revoked. Can be done again, and on several nodes at once.
    ///
    /// # Errors
    /// If the store fails; what was sealed by then stays so.
    pub async fn rotate_seal(&self, random: &mut (impl CryptoRng + Send)) -> Result<Resealed, KeysError> {
        Ok(reseal(&*self.store, &self.seal, random).await?)
    }
}
