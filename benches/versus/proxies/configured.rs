//! The proxies that others made. All of them without authentication, but for aws-sigv4-proxy, which signs.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Proxy, free_address};
use crate::pinned::{command_on, find};

/// nginx, with one worker: what the others are compared with.
pub(crate) fn nginx(folder: &Path, cores: &str, tls: bool, origin: SocketAddr) -> Result<Proxy> {
    let address = free_address()?;
    let run = folder.display();
    // As root, its worker would be somebody who may not read this folder.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let (listen, certificate) = if tls {
        let suites = "ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;";
        let sessions = "ssl_session_cache shared:S:10m; ssl_session_tickets on;";
        let files = format!("ssl_certificate {run}/cert.pem; ssl_certificate_key {run}/key.pem;");
        (format!("{address} ssl"), format!("{files} {suites} {sessions}"))
    } else {
        (address.to_string(), String::new())
    };
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|kind| format!("{kind}_temp_path {run}/nginx-{kind};")).join(" ");
    let text = format!(
        "daemon off; worker_processes 1; pid {run}/nginx-{port}.pid; error_log {run}/nginx-errors.log warn; {user}
events {{ worker_connections 12288; }}
http {{
  access_log off; {temporary}
  keepalive_requests 100000000; keepalive_timeout 600s; client_header_timeout 600s; client_max_body_size 0; tcp_nodelay on;
  {certificate}
  upstream b {{ server {origin}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen {listen} reuseport;
    location / {{
      proxy_pass http://b; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $http_host;
      proxy_buffering off; proxy_request_buffering off;
      proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;
    }}
  }}
}}
",
        port = address.port()
    );
    let file = folder.join(format!("nginx-{}.conf", address.port()));
    fs::write(&file, text)?;
    let program = find("nginx").context("nginx is not installed")?;
    let mut command = command_on(cores, program);
    command.arg("-c").arg(&file).arg("-p").arg(folder);
    let proxy = Proxy::start("nginx", command, address, tls, folder)?;
    Ok(proxy)
}

/// haproxy, with one thread.
pub(crate) fn haproxy(folder: &Path, cores: &str, origin: SocketAddr) -> Result<Proxy> {
    let address = free_address()?;
    let run = folder.display();
    let text = format!(
        "global
  nbthread 1
  maxconn 4096
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option http-no-delay
  http-reuse always
frontend f
  bind {address} ssl crt {run}/both.pem ssl-min-ver TLSv1.3 alpn http/1.1
  default_backend b
backend b
  server s {origin} maxconn 4096 pool-max-conn 256
"
    );
    let file = folder.join("haproxy.cfg");
    fs::write(&file, text)?;
    let mut command = command_on(cores, find("haproxy").context("haproxy is not installed")?);
    command.arg("-db").arg("-f").arg(&file);
    Proxy::start("haproxy", command, address, true, folder)
}

/// pingora as it comes, with one worker.
pub(crate) fn pingora(program: &Path, folder: &Path, cores: &str, origin: SocketAddr) -> Result<Proxy> {
    let address = free_address()?;
    let mut command = command_on(cores, program);
    command.arg(address.to_string()).arg(folder.join("cert.pem")).arg(folder.join("key.pem")).arg(origin.to_string());
    Proxy::start("pingora", command, address, true, folder)
}

/// aws-sigv4-proxy on one core. It signs for the origin, verifies nobody, and speaks plain HTTP.
pub(crate) fn sigv4_proxy(program: &Path, folder: &Path, cores: &str, origin: SocketAddr) -> Result<Proxy> {
    let address = free_address()?;
    let mut command = command_on(cores, program);
    command.args(["--name", "s3", "--region", "us-east-1", "--sign-host", &origin.to_string()]);
    command.args(["--host", &origin.to_string(), "--port", &address.to_string()]);
    command.args(["--upstream-url-scheme", "http"]);
    command.env("AWS_ACCESS_KEY_ID", "BENCHBENCHBENCHBENCH").env("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-bench");
    command.env("GOMAXPROCS", "1");
    Proxy::start("aws-sigv4-proxy", command, address, false, folder)
}
