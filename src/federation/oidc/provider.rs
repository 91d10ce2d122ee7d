//! The keys of one configuration's issuer, kept and renewed. Whatever tokens say, an issuer is asked no
//! more often than this file allows, by one request at a time that everybody waits for together; and
//! nobody ever waits for the issuer of another configuration.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::discovery::{discovery_url, jwks_url};
use super::jwks::{Found, KeySet, VerificationKey};
use crate::clock::Clock;
use crate::federation::fetch::Fetcher;
use crate::federation::{LoginError, SigningAlgorithm};

/// What all providers share.
pub(in crate::federation) struct Surroundings {
    pub(in crate::federation) fetcher: Fetcher,
    pub(in crate::federation) clock: Arc<dyn Clock>,
    pub(in crate::federation) keep_last_keys: Duration,
    pub(in crate::federation) tasks: TaskTracker,
    pub(in crate::federation) stop: CancellationToken,
}

/// One configuration's issuer. There is one of these for each configuration, so that the keys of one are
/// never found by another.
pub(in crate::federation) struct Provider {
    issuer: String,
    surroundings: Arc<Surroundings>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    attempt: Option<Attempt>,
    /// When it was last asked because of what a token said.
    asked_for_token_at: Option<Timestamp>,
    flight: Option<Flight>,
}

/// A set of keys, and how long it is good.
struct Held {
    keys: KeySet,
    asked_at: Timestamp,
    fresh_for: SignedDuration,
}

/// The last time that the issuer was asked.
struct Attempt {
    began_at: Timestamp,
    failure: Option<String>,
}

/// A request on its way, to be waited for by many.
type Flight = Shared<BoxFuture<'static, ()>>;

/// What to do about a key.
enum Step {
    Answer(Result<VerificationKey, LoginError>),
    Wait(Flight),
}

impl Provider {
    pub(in crate::federation) fn new(issuer: &str, surroundings: Arc<Surroundings>) -> Self {
        Self { issuer: issuer.to_owned(), surroundings, state: Mutex::default() }
    }

    pub(in crate::federation) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The issuer's key called `id`, or its only one, for `algorithm`.
    pub(super) async fn key(
        self: &Arc<Self>,
        id: Option<&str>,
        algorithm: SigningAlgorithm,
    ) -> Result<VerificationKey, LoginError> {
        match self.step(id, algorithm, false) {
            Step::Answer(answer) => return answer,
            Step::Wait(flight) => flight.await,
        }
        // Whatever came of it is all that there is for this token: it never waits twice.
        match self.step(id, algorithm, true) {
            Step::Answer(answer) => answer,
            Step::Wait(_) => Err(self.unavailable("it is being asked again")),
        }
    }

    /// The key that took the place of one that did not make a token's signature; `None` if the issuer was
    /// asked on account of a token less than half a minute ago.
    pub(super) async fn successor(
        self: &Arc<Self>,
        id: Option<&str>,
        algorithm: SigningAlgorithm,
    ) -> Result<Option<VerificationKey>, LoginError> {
        let flight = self.flight_for_token(&mut self.lock(), self.surroundings.clock.now());
        let Some(flight) = flight else { return Ok(None) };
        flight.await;
        match self.step(id, algorithm, true) {
            Step::Answer(answer) => answer.map(Some),
            Step::Wait(_) => Ok(None),
        }
    }

    fn step(self: &Arc<Self>, id: Option<&str>, algorithm: SigningAlgorithm, waited: bool) -> Step {
        let now = self.surroundings.clock.now();
        let mut state = self.lock();
        if let Some(held) = &mut state.held
            && now < held.asked_at
        {
            // The clock was set back: nobody knows how old the set is. It is renewed if it can be, and else
            // kept for as long as any other, not until the clock is where it was.
            *held = Held { asked_at: now, fresh_for: SignedDuration::ZERO, keys: std::mem::take(&mut held.keys) };
        }
        let age = state.held.as_ref().map(|held| now.duration_since(held.asked_at));
        let fresh_for = state.held.as_ref().map_or(SignedDuration::ZERO, |held| held.fresh_for);
        let keep = SignedDuration::try_from(self.surroundings.keep_last_keys).unwrap_or(SignedDuration::MAX);
        let usable = age.is_some_and(|age| age < fresh_for.max(keep));
        let fresh = age.is_some_and(|age| age < fresh_for);

        if !fresh && !waited {
            let pause = if usable { BETWEEN_REQUESTS } else { AFTER_FAILURE };
            if let Some(flight) = self.flight(&mut state, now, pause) {
                return Step::Wait(flight);
            }
        }
        if !usable {
            let failure = state.attempt.as_ref().and_then(|attempt| attempt.failure.clone());
            return Step::Answer(Err(self.unavailable(failure.as_deref().unwrap_or("it does not answer"))));
        }
        if fresh && age.is_some_and(|age| age > fresh_for * 4 / 5) {
            // In the background, so that nobody has to wait when the time is up.
            let _ = self.flight(&mut state, now, BETWEEN_REQUESTS);
        }
        // There is a set, or it would not be usable.
        let found = state.held.as_ref().map_or(Found::Unknown, |held| held.keys.find(id, algorithm));
        let refused = |reason: &str| Step::Answer(Err(LoginError::Refused(reason.to_owned())));
        match found {
            Found::Key(key) => Step::Answer(Ok(key.clone())),
            Found::Ambiguous => refused("the issuer has several keys that the token may mean"),
            Found::OtherAlgorithm => refused("the issuer's key is not for the token's algorithm"),
            Found::Unknown if waited => refused("the issuer has no such key"),
            Found::Unknown => match self.flight_for_token(&mut state, now) {
                Some(flight) => Step::Wait(flight),
                None => refused("the issuer has no such key, and was asked a moment ago"),
            },
        }
    }

    /// The request on its way, or a new one that a token is the reason for: anybody can send tokens, so
    /// there is at most one in half a minute, whatever else the issuer is asked for. Its first keys, or
    /// renewed ones, do not count: the issuer may have changed them a moment later.
    fn flight_for_token(self: &Arc<Self>, state: &mut State, now: Timestamp) -> Option<Flight> {
        let is_recent = |at: Timestamp| (SignedDuration::ZERO..BETWEEN_REQUESTS).contains(&now.duration_since(at));
        if state.asked_for_token_at.is_some_and(is_recent) {
            return state.flight.clone().filter(|flight| flight.peek().is_none());
        }
        let flight = self.flight(state, now, SignedDuration::ZERO)?;
        state.asked_for_token_at = Some(now);
        Some(flight)
    }

    /// The request on its way, or a new one, unless the last one began less than `pause` ago.
    fn flight(self: &Arc<Self>, state: &mut State, now: Timestamp, pause: SignedDuration) -> Option<Flight> {
        if let Some(flight) = &state.flight
            && flight.peek().is_none()
        {
            return Some(flight.clone());
        }
        let just_asked = |attempt: &Attempt| {
            // A clock that was set back must not keep us from asking.
            (SignedDuration::ZERO..pause).contains(&now.duration_since(attempt.began_at))
        };
        if state.attempt.as_ref().is_some_and(just_asked) {
            return None;
        }
        state.attempt = Some(Attempt { began_at: now, failure: None });
        let asking = Arc::clone(self).ask(now);
        // A task, so that it goes on if whoever waits for it is gone.
        let flight = self.surroundings.tasks.spawn(asking).map(|_| ()).boxed().shared();
        state.flight = Some(flight.clone());
        Some(flight)
    }

    /// Asks the issuer once and keeps what comes of it.
    async fn ask(self: Arc<Self>, now: Timestamp) {
        let asking = tokio::time::timeout(PATIENCE, self.fetch(now));
        let Some(answer) = self.surroundings.stop.run_until_cancelled(asking).await else { return };
        let answer = answer.unwrap_or_else(|_| Err(format!("it takes longer than {PATIENCE:?}")));
        let mut state = self.lock();
        state.flight = None;
        match answer {
            Ok(held) => {
                tracing::debug!(
                    issuer = self.issuer,
                    keys = held.keys.len(),
                    "the keys of an identity provider were renewed"
                );
                state.held = Some(held);
            }
            Err(reason) => {
                tracing::warn!(issuer = self.issuer, reason, "the keys of an identity provider cannot be fetched");
                state.attempt = Some(Attempt { began_at: now, failure: Some(reason) });
            }
        }
    }

    async fn fetch(&self, now: Timestamp) -> Result<Held, String> {
        let fetcher = &self.surroundings.fetcher;
        let url = discovery_url(&self.issuer)?;
        let here = url.is_loopback();
        let document = fetcher.get(&url, here).await.map_err(|error| format!("its discovery document: {error}"))?;
        let url = jwks_url(&self.issuer, &document.body)?;
        let set = fetcher.get(&url, here).await.map_err(|error| format!("its keys: {error}"))?;
        let keys = KeySet::read(&set.body)?;
        let max_age = set.max_age.unwrap_or(USUAL_LIFE).clamp(SHORTEST_LIFE, LONGEST_LIFE);
        let fresh_for = SignedDuration::try_from(max_age).unwrap_or(SignedDuration::ZERO);
        Ok(Held { keys, asked_at: now, fresh_for })
    }

    fn unavailable(&self, reason: &str) -> LoginError {
        LoginError::ProviderUnavailable { issuer: self.issuer.clone(), reason: reason.to_owned() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is one assignment: a panic elsewhere leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The least time from one request to the next for the same reason.
const BETWEEN_REQUESTS: SignedDuration = SignedDuration::from_secs(30);
/// The same while there is no set that could be used.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(5);
/// For both documents together.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a set is used before the issuer is asked again: as it says, within these bounds.
const SHORTEST_LIFE: Duration = Duration::from_mins(5);
const LONGEST_LIFE: Duration = Duration::from_hours(24);
/// If it says nothing.
const USUAL_LIFE: Duration = Duration::from_hours(1);
