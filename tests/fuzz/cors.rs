//! CORS rules, and what browsers ask.

use http::HeaderMap;
use portcullis::s3::cors::{CorsMethod, CorsRules, Preflight, is_origin};

#[test]
fn cors_document() {
    // The document; then, after a NUL, what a browser asks: origin, method and headers, a line each.
    crate::engine::run("cors_document", |input| {
        let mut halves = input.splitn(2, |&byte| byte == 0);
        let Ok(rules) = CorsRules::parse(halves.next().unwrap()) else { return };
        assert!(!rules.is_empty());
        let sent = rules.to_xml();
        assert!(sent.len() <= 8 * input.len() + 200);
        let again = CorsRules::parse(sent.as_bytes()).unwrap();
        assert_eq!(again.to_xml(), sent);
        let asked = halves.next().and_then(|asked| std::str::from_utf8(asked).ok()).unwrap_or("https://a.example\nGET");
        let mut lines = asked.lines();
        let (origin, method, headers) = (lines.next(), lines.next(), lines.next());
        let Ok(preflight) = Preflight::parse(origin, method, headers) else { return };
        let (origin, method) = (origin.unwrap(), CorsMethod::parse(method.unwrap()).unwrap());
        assert!(is_origin(origin));
        let granted = rules.preflight(&preflight).map(|grant| written(&grant));
        assert_eq!(granted, again.preflight(&preflight).map(|grant| written(&grant)));
        let Some(granted) = granted else { return };
        // What a preflight grants, the request itself is granted too; to that origin or to everybody.
        assert!(rules.actual(origin, method).is_some());
        let to = granted["access-control-allow-origin"].to_str().unwrap();
        assert!(to == "*" || to == origin, "{to} for {origin}");
        assert!(to != "*" || !granted.contains_key("access-control-allow-credentials"));
        let methods = granted["access-control-allow-methods"].to_str().unwrap();
        assert!(methods.split(',').any(|one| one.trim() == method.as_str()), "{methods}");
    });
}

fn written(grant: &portcullis::s3::cors::Grant) -> HeaderMap {
    let mut headers = HeaderMap::new();
    grant.write(&mut headers);
    headers
}
