//! A TLS reverse proxy without authentication, made of pingora in its default configuration: one worker
//! thread, keep-alive on both sides.
//!
//! Arguments: address to listen on, certificate, private key, address of the origin.

use async_trait::async_trait;
use pingora_core::Result;
use pingora_core::server::Server;
use pingora_core::server::configuration::ServerConf;
use pingora_core::upstreams::peer::HttpPeer;
use pingora_proxy::{ProxyHttp, Session, http_proxy_service};

struct ToOrigin(String);

#[async_trait]
impl ProxyHttp for ToOrigin {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _: &mut Session, (): &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.0.as_str(), false, String::new())))
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().unwrap_or_else(|| panic!("the argument is missing: {what}"));
    let (listen, certificate, key, origin) = (next("listen"), next("certificate"), next("key"), next("origin"));
    let mut server = Server::new_with_opt_and_conf(None, ServerConf::default());
    server.bootstrap();
    let mut service = http_proxy_service(&server.configuration, ToOrigin(origin));
    service.add_tls(&listen, &certificate, &key).expect("the certificate can be read");
    server.add_service(service);
    server.run_forever();
}
