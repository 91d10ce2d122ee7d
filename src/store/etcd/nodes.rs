//! Whether nodes run on a store: each writes a beat every second.

use std::sync::Arc;
use std::time::Duration;

use etcd_client::KeyValue;
use tokio::time::Instant;

use super::cluster::Cluster;
use super::transaction::revision_of;
use super::{EtcdStore, LONGEST_START, Names, START_PAUSE};
use crate::config;
use crate::store::{OpenError, RecordKey, Revision, StoreError};

impl EtcdStore {
    /// Whether some node writes to the store of `settings`: looks for some seconds, unless none ever did.
    ///
    /// # Errors
    /// [`OpenError::Cluster`] if the cluster does not answer.
    pub async fn has_nodes(settings: &config::Etcd) -> Result<bool, OpenError> {
        let failed = |source| OpenError::Cluster { endpoints: settings.endpoints.join(", "), source };
        let names = Names { prefix: settings.prefix.as_str().into() };
        let cluster = Cluster::new(settings).map_err(|error| failed(StoreError::database(error)))?;
        let (cluster, began) = (Arc::new(cluster), Instant::now());
        let found = loop {
            match written(&cluster, &names).await {
                Ok(found) => break found,
                // It may be starting as well.
                Err(_) if began.elapsed() < LONGEST_START => tokio::time::sleep(START_PAUSE).await,
                Err(error) => return Err(failed(error)),
            }
        };
        // Whoever opens a store marks its format before anything else.
        if found.is_none() {
            return Ok(false);
        }
        // The last beat of one that has just ended may still be on its way.
        tokio::time::sleep(LAST_BEAT).await;
        let (first, began) = (written(&cluster, &names).await.map_err(failed)?, Instant::now());
        while began.elapsed() < LONGEST_QUIET {
            tokio::time::sleep(START_PAUSE).await;
            // Beats of nodes that ended long ago may go meanwhile: only a later one counts.
            if written(&cluster, &names).await.map_err(failed)? > first {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// When the format was marked and a beat was written; `None` for a store that nobody opened.
async fn written(cluster: &Cluster, names: &Names) -> Result<Option<(Revision, Revision)>, StoreError> {
    let (format, beat) = (at(cluster, names, &Names::format()).await?, last_beat(cluster, names).await?);
    Ok(format.map(|format| (format, beat.unwrap_or_default())))
}

async fn last_beat(cluster: &Cluster, names: &Names) -> Result<Option<Revision>, StoreError> {
    let (from, to) = names.range(super::BEATS, None);
    let options = etcd_client::GetOptions::new().with_range(to);
    let ask = |mut client: etcd_client::KvClient| {
        let (from, options) = (from.clone(), options.clone());
        async move { client.get(from, Some(options)).await }
    };
    let found = cluster.ask(ask).await?;
    Ok(found.kvs().iter().map(KeyValue::mod_revision).max().map(revision_of))
}

async fn at(cluster: &Cluster, names: &Names, key: &RecordKey) -> Result<Option<Revision>, StoreError> {
    let name = names.full(key);
    let found = cluster
        .ask(|mut client| {
            let name = name.clone();
            async move { client.get(name, None).await }
        })
        .await?;
    Ok(found.kvs().first().map(KeyValue::mod_revision).map(revision_of))
}

const LAST_BEAT: Duration = Duration::from_millis(500);
/// Three beats, of a node that is not slow.
const LONGEST_QUIET: Duration = Duration::from_secs(3);
