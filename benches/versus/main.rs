//! Portcullis against others: CPU of the proxy process per request, side by side, on loopback.
//!
//! `cargo bench --bench versus -- [OPTIONS]`

mod contest;
mod generator;
mod origin;
mod pinned;
mod proxies;
mod requests;
mod statistics;
mod store;
mod usage;
mod window;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;

use contest::{Contestant, Ground};
use generator::Generator;
use origin::Origin;
use requests::Kind;
use statistics::Median;
use store::Filling;

#[derive(Parser)]
struct Arguments {
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    #[arg(long)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.bench {
        return ExitCode::SUCCESS;
    }
    if !pinned::is_bound() {
        if let Err(error) = pinned::refuse_one_core().and_then(|()| pinned::install(&["nginx", "haproxy", "wrk"])) {
            eprintln!("versus: {error:#}");
            return ExitCode::FAILURE;
        }
        let error = pinned::bind_and_begin_again();
        eprintln!("versus: {error:#}");
        return ExitCode::FAILURE;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("versus: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let folder = temporary.path();
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])?.self_signed(&key)?;
    fs::write(folder.join("cert.pem"), certificate.pem())?;
    proxies::secret(&folder.join("key.pem"), &key.serialize_pem())?;
    proxies::secret(&folder.join("both.pem"), &format!("{}{}", certificate.pem(), key.serialize_pem()))?;
    let program: PathBuf = std::env::var_os("PORTCULLIS_BINARY").context("PORTCULLIS_BINARY")?.into();

    let origin = Origin::start()?;
    let generator = Generator::new(folder)?;
    let keys = Filling::FEW.fill(folder)?;
    let nginx = proxies::nginx(folder, pinned::PROXY, true, origin.address)?;
    let setup = proxies::Setup {
        name: "portcullis",
        program: &program,
        cores: pinned::PROXY,
        tls: true,
        workers: 1,
        limits: "",
    };
    let portcullis = proxies::portcullis(folder, &setup, origin.address)?;
    let ground = Ground {
        generator: &generator,
        origin: &origin,
        folder: folder.to_owned(),
        rounds: arguments.rounds,
        window: Duration::from_secs(2),
    };
    let kind = Kind::get(1024);
    let contestants = [
        Contestant { name: "nginx", proxy: &nginx, kind, keys: &keys },
        Contestant { name: "portcullis", proxy: &portcullis, kind, keys: &keys },
    ];
    let series = ground.contest(&contestants, 16)?;
    for one in &series {
        println!("{}: {:?} us", one.name, Median::of(&one.cpu));
    }
    println!("ratio {:?}, drift {}", Median::of(&series[1].over(&series[0])), statistics::drift(&series[0].cpu));
    Ok(())
}
