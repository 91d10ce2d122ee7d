//! What an operator of etcd does to its members, by way of its own API.

use std::time::Duration;

use etcd_client::{Client, CompactionOptions, ConnectOptions, GetOptions, WatchOptions};

use crate::etcd_cluster::Cluster;
use crate::support::request::Request;
use crate::support::wire::Connection;

impl Cluster {
    async fn client(&self, number: usize) -> Result<Client, etcd_client::Error> {
        let options = ConnectOptions::new().with_connect_timeout(PATIENCE).with_timeout(PATIENCE);
        Client::connect([self.endpoints()[number].clone()], Some(options)).await
    }

    /// Which member leads now, once one does.
    pub(crate) async fn leader(&self) -> usize {
        for _ in 0..200 {
            for number in 0..self.endpoints().len() {
                if self.is_leader(number).await {
                    return number;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no member leads");
    }

    async fn is_leader(&self, number: usize) -> bool {
        let Ok(mut client) = self.client(number).await else { return false };
        let Ok(status) = client.status().await else { return false };
        status.leader() != 0 && status.header().map(etcd_client::ResponseHeader::member_id) == Some(status.leader())
    }

    /// Has the leader hand over to another member, and returns that one's number.
    pub(crate) async fn move_leader(&self) -> usize {
        let from = self.leader().await;
        let to = (from + 1) % self.endpoints().len();
        let status = self.client(to).await.unwrap().status().await.unwrap();
        let id = status.header().unwrap().member_id();
        self.client(from).await.unwrap().move_leader(id).await.unwrap();
        for _ in 0..200 {
            if self.leader().await == to {
                return to;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("member {to} does not lead");
    }

    /// Whether every member answers and knows of a leader.
    pub(crate) async fn is_whole(&self) -> bool {
        for number in 0..self.endpoints().len() {
            let Ok(mut client) = self.client(number).await else { return false };
            match client.status().await {
                Ok(status) if status.leader() != 0 => {}
                _ => return false,
            }
        }
        true
    }

    /// The revision of the last commit.
    pub(crate) async fn revision(&self) -> i64 {
        let found = self.client(0).await.unwrap().get("none", Some(GetOptions::new().with_count_only())).await.unwrap();
        found.header().unwrap().revision()
    }

    /// Has the cluster forget what was before `revision`.
    pub(crate) async fn compact(&self, revision: i64) {
        let options = CompactionOptions::new().with_physical();
        self.client(0).await.unwrap().compact(revision, Some(options)).await.unwrap();
    }

    /// Whether a watch can still begin at `revision`.
    pub(crate) async fn remembers(&self, revision: i64) -> bool {
        let mut client = self.client(0).await.unwrap();
        let options = WatchOptions::new().with_prefix().with_start_revision(revision);
        let mut watch = client.watch("/portcullis/", Some(options)).await.unwrap();
        loop {
            let response = watch.message().await.unwrap().expect("the watch lasts");
            if response.canceled() {
                return response.compact_revision() == 0;
            }
            if !response.events().is_empty() {
                return true;
            }
        }
    }

    /// The bytes that the database of each member takes.
    pub(crate) async fn database_sizes(&self) -> Vec<i64> {
        let mut sizes = Vec::new();
        for number in 0..self.endpoints().len() {
            sizes.push(self.client(number).await.unwrap().status().await.unwrap().db_size());
        }
        sizes
    }

    /// How many reads all members have answered, as they count themselves.
    pub(crate) async fn reads(&self) -> f64 {
        let mut reads = 0.0;
        for endpoint in self.endpoints() {
            let address = endpoint.strip_prefix("http://").and_then(|address| address.parse().ok());
            let request = Request::get("/metrics").without_length();
            let metrics = Connection::open(address.expect("a URL of an address")).await.exchange(&request).await;
            let counted = metrics.text();
            let counted = counted.lines().find_map(|line| line.strip_prefix("etcd_debugging_mvcc_range_total "));
            reads += counted.and_then(|count| count.parse::<f64>().ok()).expect("etcd counts its reads");
        }
        reads
    }
}

const PATIENCE: Duration = Duration::from_secs(2);
