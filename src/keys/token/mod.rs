//! API tokens: created and managed by administrators, or assigned at the first login of somebody whom
//! an identity provider vouches for. All tokens are held in memory, following the store, because each
//! request with a key that a token made asks whether the token still stands.

mod book;
mod info;
mod login;
mod manage;

pub use info::{TokenInfo, TokenSource, TokenStatus};
pub use login::TokenHolder;
pub use manage::{KeysOfToken, NewToken, TokenUpdate};

pub(super) use book::TokenBook;
