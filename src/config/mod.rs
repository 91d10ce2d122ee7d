//! Reads the configuration file into checked values, or fails naming file, line and field. Every
//! section has two forms: as written (private, mirrors the TOML) and as checked (what leaves this
//! folder). Nothing here runs anything: `app` builds from [`Config`].

mod api;
mod backend;
mod certificate;
mod cors;
mod duration;
mod endpoint;
mod error;
mod etcd;
mod external_host;
mod federation;
mod file;
mod identity;
mod limits;
mod policies;
mod s3;
mod secret_file;
mod size;
mod store;
mod tls;

pub use api::Api;
pub use backend::{Addressing, Backend, BackendEndpoint, BucketPattern, PayloadForm};
pub use certificate::CertificateSummary;
pub use endpoint::Endpoint;
pub use error::ConfigError;
pub use etcd::{ClientCertificate, Etcd, EtcdLogin, EtcdTls};
pub use external_host::ExternalHost;
pub use federation::{Federation, SamlService};
pub use file::{Config, load, load_with_credentials};
pub use identity::Ceiling;
pub use limits::Limits;
pub use policies::PolicyFile;
pub use s3::S3;
pub use store::{Store, StorePlace};
pub use tls::TlsFiles;
