//! `GET /metrics`: what monitoring reads, in the text format of `OpenMetrics`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// How the store does at this moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Store {
    /// Whether it is proven that this node hears of every change.
    pub is_current: bool,
    /// How long the last proof took.
    pub lag: Option<Duration>,
    /// How old it is.
    pub proven_for: Option<Duration>,
    /// How much of its room is taken, from 0 to 1.
    pub used: Option<f64>,
    /// Whether no keys are issued for want of room.
    pub is_full: bool,
}

/// Says how the store does.
pub type Source = Arc<dyn Fn() -> Store + Send + Sync>;

/// The route.
pub fn router(source: Source) -> Router {
    Router::new().route("/metrics", get(move || async move { text(&source()) }))
}

fn text(store: &Store) -> impl IntoResponse + use<> {
    let mut registry = Registry::with_prefix("portcullis");
    let mut gauge = |name: &str, help: &str, unit: Option<Unit>, value: f64| {
        let gauge = Gauge::<f64, AtomicU64>::default();
        gauge.set(value);
        match unit {
            Some(unit) => registry.register_with_unit(name, help, unit, gauge),
            None => registry.register(name, help, gauge),
        }
    };
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    gauge("store_current", "1 while it is proven that this node hears of changes", None, flag(store.is_current));
    gauge("store_full", "1 while no keys are issued for want of room in the store", None, flag(store.is_full));
    let measured = [
        ("store_propagation_lag", "From a change to its being in force on this node, last measured", store.lag),
        ("store_proof_age", "How long ago the last proof was sent that this node hears of changes", store.proven_for),
    ];
    for (name, help, duration) in measured {
        if let Some(duration) = duration {
            gauge(name, help, Some(Unit::Seconds), duration.as_secs_f64());
        }
    }
    if let Some(used) = store.used {
        gauge("store_used", "Taken of the store's quota", Some(Unit::Ratios), used);
    }
    let mut body = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut body, &registry);
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], body)
}
