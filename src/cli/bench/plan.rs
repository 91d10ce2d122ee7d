//! What a run will do: the arguments as written, and as checked. A plan that exists has an end.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};
use jiff::Timestamp;
use jiff::tz::Offset;
use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use super::arrivals::Extent;
use super::bounds;
use super::connection::Dialer;
use super::content::Content;
use super::credential;
use super::report::Setup;
use super::requests::Requests;
use super::target::{Endpoint, Target};
use super::upload_body::Payload;
use super::workload::{Mix, Workload};
use crate::cli::api::connector;
use crate::cli::failure::Failure;
use crate::clock::{Clock as _, SystemClock};

/// The arguments that say what to do.
#[derive(Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// The S3 endpoint, such as `https://s3.example.com`
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_S3", hide_env_values = true, help_heading = "Where")]
    endpoint: Endpoint,
    /// The bucket; it has to exist
    #[arg(long, value_name = "NAME", value_parser = bucket, help_heading = "Where")]
    bucket: String,
    /// Where the keys of all objects begin; a name for the run is put behind it, so that nothing is overwritten
    #[arg(long, value_name = "TEXT", default_value = "portcullis-bench/", value_parser = prefix, help_heading = "Where")]
    prefix: String,
    /// Name the bucket in the path, as `https://host/bucket/key`: the default
    #[arg(long, conflicts_with = "virtual_hosted", help_heading = "Where")]
    path_style: bool,
    /// Name the bucket in the host, as `https://bucket.host/key`
    #[arg(long, help_heading = "Where")]
    virtual_hosted: bool,
    /// Certificates to trust, as PEM [default: the system's]
    #[arg(long, value_name = "FILE", env = "AWS_CA_BUNDLE", hide_env_values = true, help_heading = "Where")]
    ca_file: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Who")]
    credential: credential::Arguments,
    /// What to do
    #[arg(long, value_enum, default_value = "get", help_heading = "What")]
    workload: Workload,
    /// Of a hundred operations of the mixed workload, those that read
    #[arg(long, value_name = "PERCENT", default_value = "90", value_parser = value_parser!(u8).range(0..=100), help_heading = "What")]
    reads: u8,
    /// The size of each object, at most 5GiB
    #[arg(long, value_name = "SIZE", default_value = "1KiB", value_parser = bounds::object_size, help_heading = "What")]
    object_size: u64,
    /// The size of each part of a multipart upload, whole MiB from 5MiB
    #[arg(long, value_name = "SIZE", default_value = "8MiB", value_parser = bounds::part_size, help_heading = "What")]
    part_size: u64,
    /// How many objects to read, and how many keys to write over and over, at most 100000
    #[arg(long, value_name = "N", default_value = "100", value_parser = value_parser!(u32).range(1..=bounds::MOST_OBJECTS.into()), help_heading = "What")]
    objects: u32,
    /// What the signature says of an uploaded body
    #[arg(long, value_enum, default_value = "sha256", help_heading = "What")]
    payload: Payload,
    /// Leave the objects where they are
    #[arg(long, help_heading = "What")]
    keep: bool,
    /// Connections, each with one request at a time, at most 4096
    #[arg(long, value_name = "N", default_value = "16", value_parser = value_parser!(u32).range(1..=bounds::MOST_CONNECTIONS.into()), help_heading = "How much")]
    connections: u32,
    /// Begin so many operations a second, whether or not earlier ones have ended, at most 100000
    /// [default: begin one whenever a connection is free]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=bounds::HIGHEST_RATE.into()), help_heading = "How much")]
    rate: Option<u32>,
    /// The time of the load, at most 1h
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = bounds::duration, help_heading = "How much")]
    duration: Duration,
    /// A time before it, with the same load, that does not count
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = bounds::warm_up, help_heading = "How much")]
    warm_up: Duration,
    /// End after so many operations, if that is before the time is over
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=bounds::MOST_OPERATIONS), help_heading = "How much")]
    requests: Option<u64>,
    /// End after so many bytes of objects, sent and received, at most 10TiB
    #[arg(long, value_name = "SIZE", default_value = "100GiB", value_parser = bounds::total_size, help_heading = "How much")]
    max_bytes: u64,
    /// The time that one request may take, at most 10min
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = bounds::timeout, help_heading = "How much")]
    timeout: Duration,
    /// Open a new connection for each request
    #[arg(long, help_heading = "How much")]
    no_keep_alive: bool,
}

/// What will be done.
pub(super) struct Plan {
    pub(super) requests: Arc<Requests>,
    pub(super) mix: Arc<Mix>,
    pub(super) extent: Extent,
    /// Whether the bytes may be at an end before the operations are.
    pub(super) is_limited_by_bytes: bool,
    pub(super) keep: bool,
    pub(super) setup: Setup,
    access_key_id: String,
}

impl Arguments {
    /// # Errors
    /// If they do not go together, or a file cannot be read.
    pub(super) fn check(self) -> Result<Plan, Failure> {
        bounds::allow_connections(self.connections).map_err(Failure::usage)?;
        let mut random = UnwrapErr(SysRng);
        let credential = self.credential.read()?;
        let prefix = format!("{}{}/", self.prefix, run_name(SystemClock.now(), random.next_u32()));
        let by_bytes = self.max_bytes / self.object_size;
        if by_bytes == 0 {
            return Err(Failure::usage("--max-bytes is less than one --object-size"));
        }
        let reads = matches!(self.workload, Workload::Get | Workload::Mixed);
        if reads && u64::from(self.objects) > by_bytes {
            return Err(Failure::usage(
                "the objects to read are more than --max-bytes: write fewer with --objects, or smaller ones with --object-size",
            ));
        }
        let operations = self.requests;
        let all_operations = by_bytes.min(bounds::MOST_OPERATIONS);
        let extent =
            Extent { rate: self.rate, warm_up: self.warm_up, duration: self.duration, operations, all_operations };
        let is_tls = self.endpoint.is_tls();
        let tls = if is_tls { Some(connector(self.ca_file.as_deref())?) } else { None };
        let target = Target::new(self.endpoint, self.bucket, self.virtual_hosted).map_err(Failure::usage)?;
        let is_multipart = self.workload == Workload::Multipart;
        let setup = Setup {
            endpoint: target.endpoint.to_string(),
            bucket: target.bucket.clone(),
            prefix: prefix.clone(),
            workload: name(&self.workload),
            reads_percent: (self.workload == Workload::Mixed).then_some(self.reads),
            payload: name(&self.payload),
            object_size: self.object_size,
            part_size: is_multipart.then_some(self.part_size),
            objects: self.objects,
            connections: self.connections,
            keep_alive: !self.no_keep_alive,
            rate: self.rate,
            warm_up_seconds: self.warm_up.as_secs_f64(),
            duration_seconds: self.duration.as_secs_f64(),
            max_operations: extent.most(),
            max_bytes: extent.most().saturating_mul(self.object_size),
        };
        let content = Content::new(&mut random);
        let (target, connections) = (Arc::new(target), self.connections);
        let dialer = Dialer::new(Arc::clone(&target), tls, !self.no_keep_alive, self.timeout);
        let access_key_id = credential.access_key_id().to_owned();
        let requests = Requests {
            object: content.section(0, self.object_size),
            parts: if is_multipart { content.parts(self.object_size, self.part_size) } else { Vec::new() },
            target,
            dialer: Arc::new(dialer),
            credential,
            payload: self.payload,
            content,
            keeps_versions: AtomicBool::new(false),
        };
        let mix = Mix { workload: self.workload, reads: self.reads, objects: self.objects, connections, prefix };
        Ok(Plan {
            requests: Arc::new(requests),
            mix: Arc::new(mix),
            is_limited_by_bytes: extent.most() == by_bytes,
            extent,
            keep: self.keep,
            setup,
            access_key_id,
        })
    }
}

impl Plan {
    /// What will be sent, and at most how much.
    pub(super) fn announcement(&self) -> String {
        let Setup { endpoint, bucket, prefix, workload, payload, object_size, connections, .. } = &self.setup;
        let size = bounds::shown(*object_size);
        let mut text = format!("{workload} of objects of {size} at {endpoint}, bucket {bucket}, below {prefix}\n");
        let _ = writeln!(text, "signed with the key {}, uploads as {payload}", self.access_key_id);
        let rate = match self.extent.rate {
            Some(rate) => format!("{rate} operations/s"),
            None => "as many operations as the target takes".to_owned(),
        };
        let warm_up = if self.extent.warm_up.is_zero() {
            String::new()
        } else {
            format!(" after {} of warm-up", humantime::format_duration(self.extent.warm_up))
        };
        let time = humantime::format_duration(self.extent.duration);
        let _ = writeln!(text, "over {connections} connections, {rate}, for {time}{warm_up}");
        let (operations, bytes) = (self.setup.max_operations, bounds::shown(self.setup.max_bytes));
        let _ = writeln!(text, "at most {operations} operations and {bytes} of objects; HTTP/1.1");
        if self.mix.has_reads() {
            let bytes = bounds::shown(u64::from(self.mix.objects).saturating_mul(*object_size));
            let _ = writeln!(text, "first {} objects are written to be read, {bytes}", self.mix.objects);
        }
        text
    }
}

/// Tells runs apart, and says when each was.
fn run_name(now: Timestamp, random: u32) -> String {
    let now = Offset::UTC.to_datetime(now);
    format!("{}-{random:08x}", now.strftime("%Y%m%dT%H%M%SZ"))
}

fn name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn bucket(text: &str) -> Result<String, String> {
    let right = (1..=255).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        && !text.starts_with('.');
    if right { Ok(text.to_owned()) } else { Err("expected the name of a bucket".to_owned()) }
}

fn prefix(text: &str) -> Result<String, String> {
    let right = text.len() <= 512 && !text.starts_with('/') && !text.chars().any(char::is_control);
    // Some servers take these for folders, and so would paths on the way.
    let has_dots = text.split('/').any(|part| part == "." || part == "..");
    if right && !has_dots && !text.contains("//") {
        Ok(text.to_owned())
    } else {
        Err("expected the beginning of a key, at most 512 bytes, such as load-test/".to_owned())
    }
}
