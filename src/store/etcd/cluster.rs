//! The members of an etcd cluster: which is asked, and what is made of one that does not answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use etcd_client::{
    Certificate, Client, ConnectOptions, Error, Identity, KvClient, LeaseGrantOptions, TlsOptions, WatchClient,
};
use tokio::sync::OnceCell;
use tonic::Code;
use zeroize::Zeroizing;

use crate::config;
use crate::store::StoreError;

/// Members, each by a connection of its own. The one that answered last is asked first: a library that spread the
/// requests over all of them would lose a part of them with each member that is gone.
pub(super) struct Cluster {
    members: Vec<Member>,
    preferred: AtomicUsize,
    options: ConnectOptions,
}

struct Member {
    endpoint: String,
    client: OnceCell<Client>,
}

/// Why a member gave no answer.
pub(super) enum Refusal {
    /// Another member may know: this one is gone, slow, or without a leader. Whether it did what it was asked is
    /// unknown.
    OfMember(StoreError),
    /// Every member would say the same.
    OfCluster(StoreError),
    /// A record was to be put under a lease that is not there.
    LeaseIsGone(StoreError),
}

impl Refusal {
    pub(super) fn error(self) -> StoreError {
        match self {
            Self::OfMember(error) | Self::OfCluster(error) | Self::LeaseIsGone(error) => error,
        }
    }
}

impl Cluster {
    /// # Errors
    /// If a file of certificates cannot be read.
    pub(super) fn new(settings: &config::Etcd) -> std::io::Result<Self> {
        let mut options = ConnectOptions::new()
            .with_connect_timeout(CONNECT_TIMEOUT)
            // etcd takes a ping every 5 seconds at most by default, and hangs up on who sends more.
            .with_keep_alive(PING_EVERY, PING_TIMEOUT)
            .with_keep_alive_while_idle(true)
            // A member that lost its cluster says so then, and does not go on as if nothing happened.
            .with_require_leader(true);
        if let Some(tls) = &settings.tls {
            options = options.with_tls(tls_options(tls)?);
        }
        if let Some(login) = &settings.login {
            let password = login.password.expose();
            options = options.with_user(&*login.user, password).with_auto_token_refresh(true);
        }
        let member = |endpoint: &String| Member { endpoint: endpoint.clone(), client: OnceCell::new() };
        let members = settings.endpoints.iter().map(member).collect();
        Ok(Self { members, preferred: AtomicUsize::new(0), options })
    }

    /// Asks one member after the other until one answers. Only for what may be done twice.
    pub(super) async fn ask<T, F>(&self, ask: impl Fn(KvClient) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut failed = StoreError::Stopped;
        for _ in &self.members {
            match self.ask_one(&ask).await {
                Ok(answer) => return Ok(answer),
                Err(Refusal::OfCluster(error) | Refusal::LeaseIsGone(error)) => return Err(error),
                Err(Refusal::OfMember(error)) => failed = error,
            }
        }
        Err(failed)
    }

    /// Asks the preferred member. If it gives no answer, another one is preferred from now on.
    pub(super) async fn ask_one<T, F>(&self, ask: impl FnOnce(KvClient) -> F) -> Result<T, Refusal>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let (number, member) = self.preferred();
        let asked = async {
            let client = member.client(&self.options).await?;
            ask(client.kv_client().max_decoding_message_size(LONGEST_ANSWER)).await
        };
        self.judge(number, tokio::time::timeout(ANSWER_TIMEOUT, asked).await)
    }

    /// Makes the lease `id` of `seconds`, unless there is one of that id.
    pub(super) async fn grant(&self, id: i64, seconds: i64) -> Result<(), StoreError> {
        let mut failed = StoreError::Stopped;
        for _ in &self.members {
            let (number, member) = self.preferred();
            let asked = async {
                let options = Some(LeaseGrantOptions::new().with_id(id));
                match member.client(&self.options).await?.lease_client().grant(seconds, options).await {
                    Err(Error::GRpcStatus(status)) if status.code() == Code::FailedPrecondition => Ok(()),
                    granted => granted.map(|_| ()),
                }
            };
            match self.judge(number, tokio::time::timeout(ANSWER_TIMEOUT, asked).await) {
                Ok(()) => return Ok(()),
                Err(Refusal::OfMember(error)) => failed = error,
                Err(other) => return Err(other.error()),
            }
        }
        Err(failed)
    }

    /// How many bytes the largest database of a member takes on its disk, which is what etcd holds against its quota, and the quota if it says that (etcd 3.6 does); `None`
    /// if none answers.
    pub(super) async fn most_in_use(&self) -> Option<(u64, Option<u64>)> {
        let mut most = None;
        for member in &self.members {
            let asked = async { member.client(&self.options).await?.maintenance_client().status().await };
            if let Ok(Ok(status)) = tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
                let positive = |bytes: i64| u64::try_from(bytes).ok().filter(|bytes| *bytes > 0);
                most = most.max(positive(status.db_size()).map(|size| (size, positive(status.db_size_quota()))));
            }
        }
        most
    }

    /// Has the preferred member open a stream.
    pub(super) async fn stream<T, F>(&self, open: impl FnOnce(WatchClient) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let (number, member) = self.preferred();
        let opened = async {
            let client = member.client(&self.options).await?;
            open(client.watch_client().max_decoding_message_size(LONGEST_ANSWER)).await
        };
        self.judge(number, tokio::time::timeout(ANSWER_TIMEOUT, opened).await).map_err(Refusal::error)
    }

    /// The preferred member is of no use to the caller: another one is preferred from now on.
    pub(super) fn turn(&self) {
        self.turn_from(self.preferred().0);
    }

    fn turn_from(&self, number: usize) {
        let next = (number + 1) % self.members.len();
        // Whoever turned first has turned for all.
        let _ = self.preferred.compare_exchange(number, next, Ordering::AcqRel, Ordering::Relaxed);
    }

    fn preferred(&self) -> (usize, &Member) {
        let number = self.preferred.load(Ordering::Acquire);
        (number, &self.members[number])
    }

    fn judge<T>(
        &self,
        number: usize,
        answer: Result<Result<T, Error>, tokio::time::error::Elapsed>,
    ) -> Result<T, Refusal> {
        let endpoint = || self.members[number].endpoint.clone();
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if is_of_lease(&error) => Err(Refusal::LeaseIsGone(StoreError::database(error))),
            Ok(Err(error)) if !is_of_member(&error) => Err(Refusal::OfCluster(StoreError::database(error))),
            Ok(Err(error)) => {
                self.turn_from(number);
                Err(Refusal::OfMember(StoreError::unreachable(endpoint(), error)))
            }
            Err(late) => {
                self.turn_from(number);
                Err(Refusal::OfMember(StoreError::unreachable(endpoint(), late)))
            }
        }
    }
}

impl Member {
    async fn client(&self, options: &ConnectOptions) -> Result<&Client, Error> {
        let connect = || Client::connect([self.endpoint.clone()], Some(options.clone()));
        self.client.get_or_try_init(connect).await
    }
}

fn tls_options(files: &config::EtcdTls) -> std::io::Result<TlsOptions> {
    let options = TlsOptions::new().ca_certificate(Certificate::from_pem(std::fs::read(&files.ca_file)?));
    Ok(match &files.client {
        None => options,
        Some(client) => {
            let key = Zeroizing::new(std::fs::read(&client.key)?);
            options.identity(Identity::from_pem(std::fs::read(&client.certificate)?, key.as_slice()))
        }
    })
}

/// A transaction finds nothing but leases missing: what a record lacks, it tells otherwise.
fn is_of_lease(error: &Error) -> bool {
    matches!(error, Error::GRpcStatus(status) if status.code() == Code::NotFound)
}

/// Whether another member might answer.
fn is_of_member(error: &Error) -> bool {
    match error {
        Error::GRpcStatus(status) => {
            matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown)
        }
        Error::IoError(_) | Error::TransportError(_) | Error::WatchError(_) | Error::EndpointError(_) => true,
        _ => false,
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
const PING_EVERY: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(3);
/// A page of a thousand policies at their longest comes to 20 MiB.
const LONGEST_ANSWER: usize = 64 << 20;
