//! The request as received, parsed once: signature, operation, policy, routing and re-signing all
//! read this one value. Path and query stay as they came; names and values are decoded beside them.

use http::header::{CONNECTION, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::address::{Address, Domains};
use super::percent;
use super::{ErrorCode, S3Error};

/// The method, address, query and headers of one request.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The method; part of every signature.
    pub method: Method,
    /// The Host header, or `:authority`, exactly as received.
    pub host: String,
    /// The path exactly as received.
    pub raw_path: String,
    /// The bucket and key that host and path name.
    pub address: Address,
    /// The query, decoded.
    pub query: Query,
    /// The headers as received, without white space around values, each `x-amz-*` name joined into one value.
    pub headers: HeaderMap,
}

/// The query of a request: decoded parameters in the order received.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, Option<String>)>);

impl RequestHead {
    /// Reads the head of a request.
    ///
    /// # Errors
    /// The S3 error to answer with: `InvalidRequest`, `InvalidHostHeader`, `InvalidURI`, … in that
    /// order, before anything is looked up.
    pub fn parse(method: Method, uri: &Uri, headers: HeaderMap, domains: &Domains) -> Result<Self, S3Error> {
        refuse_hop_by_hop_games(&headers)?;
        let host = host(uri, &headers)?;
        let address = Address::parse(&host, uri.path(), domains)?;
        let query = Query::parse(uri.query().unwrap_or_default())?;
        let headers = join_repeated(without_outer_space(headers))?;
        Ok(Self { method, host, raw_path: uri.path().to_owned(), address, query, headers })
    }

    /// The one value of the header `name` as text.
    ///
    /// # Errors
    /// `InvalidArgument` if it stands twice or is not visible ASCII.
    pub fn single_header(&self, name: &str) -> Result<Option<&str>, S3Error> {
        let mut values = self.headers.get_all(name).iter();
        let Some(first) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(invalid_argument(format!("The header {name} stands more than once.")));
        }
        first.to_str().map(Some).map_err(|_| invalid_argument(format!("The header {name} is not visible ASCII.")))
    }
}

impl Query {
    /// Splits at `&` and the first `=`, and decodes each side once. A `+` is a plus sign and a `;`
    /// separates nothing. What says where a listing begins or ends may hold a line end: it is compared with
    /// keys and becomes no header.
    ///
    /// # Errors
    /// `InvalidURI` for a broken escape, invalid UTF-8, NUL, a line end elsewhere, or more than 256 parameters.
    pub fn parse(raw: &str) -> Result<Self, S3Error> {
        // Later steps compare each with each.
        if raw.split('&').filter(|part| !part.is_empty()).nth(MOST_PARAMETERS).is_some() {
            return Err(S3Error::new(ErrorCode::InvalidURI, "The query has more than 256 parameters."));
        }
        let decode = |text: &str, lines: bool| match percent::decode(text) {
            Ok(decoded) if decoded.bytes().any(|byte| byte == 0 || !lines && matches!(byte, b'\r' | b'\n')) => {
                Err(S3Error::new(ErrorCode::InvalidURI, "The query holds a NUL, CR or LF."))
            }
            Ok(decoded) => Ok(decoded.into_owned()),
            Err(error) => Err(S3Error::new(ErrorCode::InvalidURI, format!("Couldn't parse the query: {error}."))),
        };
        let pairs = raw.split('&').filter(|part| !part.is_empty()).map(|part| match part.split_once('=') {
            Some((name, value)) => {
                let name = decode(name, false)?;
                let value = decode(value, PLACES_IN_A_LISTING.contains(&name.as_str()))?;
                Ok((name, Some(value)))
            }
            None => Ok((decode(part, false)?, None)),
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// The parameters, decoded, in the order received.
    #[must_use]
    pub fn parameters(&self) -> &[(String, Option<String>)] {
        &self.0
    }

    /// Takes out the parameters for which `taken` says so, and returns them.
    pub fn take(&mut self, taken: impl Fn(&str) -> bool) -> Vec<(String, Option<String>)> {
        let (out, kept) = std::mem::take(&mut self.0).into_iter().partition(|(name, _)| taken(name));
        self.0 = kept;
        out
    }
}

/// The host a request is for. HTTP/1.1 sends it as Host, HTTP/2 as `:authority`; where both stand they
/// must agree, or one layer would route by the one and another judge by the other.
fn host(uri: &Uri, headers: &HeaderMap) -> Result<String, S3Error> {
    let mut values = headers.get_all(HOST).iter();
    let header = values.next();
    if values.next().is_some() {
        return Err(invalid_argument("The Host header stands more than once."));
    }
    let header = header.map(|value| value.to_str().map_err(|_| invalid_argument("The Host header is not ASCII.")));
    match (header.transpose()?, uri.authority()) {
        (Some(header), Some(authority)) if header != authority.as_str() => {
            Err(S3Error::new(ErrorCode::InvalidRequest, "The request target names another host than the Host header."))
        }
        (Some(host), _) => Ok(host.to_owned()),
        (None, Some(authority)) => Ok(authority.as_str().to_owned()),
        (None, None) => Err(S3Error::new(ErrorCode::InvalidHostHeader, "The request has no Host header.")),
    }
}

/// `Connection` may name hop-by-hop headers, which proxies then drop. Naming one that authenticates or
/// steers the request would let a front proxy change what was signed.
fn refuse_hop_by_hop_games(headers: &HeaderMap) -> Result<(), S3Error> {
    if crate::fault::check_is_off("connection_names_auth") {
        return Ok(());
    }
    for value in headers.get_all(CONNECTION) {
        for token in value.as_bytes().split(|&byte| byte == b',') {
            let token = token.trim_ascii().to_ascii_lowercase();
            let steers = matches!(
                token.as_slice(),
                b"authorization" | b"host" | b"date" | b"content-length" | b"content-md5" | b"content-type" | b"expect"
            );
            if steers || token.starts_with(b"x-amz-") {
                return Err(S3Error::new(
                    ErrorCode::InvalidRequest,
                    "The Connection header names a header that belongs to the signed request.",
                ));
            }
        }
    }
    Ok(())
}

/// White space around a value is no part of it (RFC 9110, section 5.5), nor of what is signed. HTTP/2 lets
/// it arrive all the same, and a backend that reads HTTP/1.1 does not see it: it must not hide a value from
/// policies.
fn without_outer_space(mut headers: HeaderMap) -> HeaderMap {
    for value in headers.values_mut() {
        let bytes = value.as_bytes();
        let trimmed = bytes.trim_ascii();
        if trimmed.len() != bytes.len() {
            *value = HeaderValue::from_bytes(trimmed).expect("a part of a header's value is one");
        }
    }
    headers
}

/// Joins repeated `x-amz-*` headers as the canonical request does, so that what acts later is the very
/// value that was signed; and refuses repeats of the headers that frame or authenticate.
fn join_repeated(mut headers: HeaderMap) -> Result<HeaderMap, S3Error> {
    if headers.len() == headers.keys_len() {
        return Ok(headers);
    }
    for name in ONCE {
        if headers.get_all(name).iter().nth(1).is_some() && !crate::fault::check_is_off("duplicate_authorization") {
            return Err(invalid_argument(format!("The header {name} stands more than once.")));
        }
    }
    let repeated: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("x-amz-") && headers.get_all(*name).iter().nth(1).is_some())
        .cloned()
        .collect();
    for name in repeated {
        let values: Vec<&[u8]> = headers.get_all(&name).iter().map(|value| value.as_bytes().trim_ascii()).collect();
        let joined =
            HeaderValue::from_bytes(&values.join(&b","[..])).expect("joined values hold no new bytes but commas");
        headers.insert(name, joined);
    }
    Ok(headers)
}

/// Far more than any operation takes, user metadata in a presigned URL included.
const MOST_PARAMETERS: usize = 256;

/// Parameters whose values are parts of keys.
const PLACES_IN_A_LISTING: [&str; 5] = ["delimiter", "key-marker", "marker", "prefix", "start-after"];
const ONCE: [&str; 6] =
    ["authorization", "content-length", "content-md5", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

fn invalid_argument(message: impl Into<String>) -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument, message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(uri: &str, headers: &[(&'static str, &'static str)]) -> Result<RequestHead, ErrorCode> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        RequestHead::parse(Method::GET, &uri.parse().unwrap(), map, &Domains::default()).map_err(|error| error.code)
    }

    #[test]
    fn a_target_that_disagrees_with_host_is_refused() {
        assert!(parse("http://a.example/bucket/k", &[("host", "a.example")]).is_ok());
        assert_eq!(
            parse("http://b.example/bucket/k", &[("host", "a.example")]).unwrap_err(),
            ErrorCode::InvalidRequest
        );
        assert_eq!(parse("/bucket/k", &[]).unwrap_err(), ErrorCode::InvalidHostHeader);
        assert_eq!(
            parse("/bucket/k", &[("host", "a.example"), ("host", "a.example")]).unwrap_err(),
            ErrorCode::InvalidArgument
        );
    }

    #[test]
    fn repeated_amz_headers_are_joined_and_repeated_auth_headers_refused() {
        let head = parse("/bucket/k", &[("host", "h"), ("x-amz-meta-a", "1 "), ("x-amz-meta-a", " 2")]).unwrap();
        assert_eq!(head.single_header("x-amz-meta-a").unwrap(), Some("1,2"));
        for name in ONCE {
            assert_eq!(
                parse("/bucket/k", &[("host", "h"), (name, "1"), (name, "2")]).unwrap_err(),
                ErrorCode::InvalidArgument
            );
        }
    }

    #[test]
    fn white_space_around_a_value_is_no_part_of_it() {
        let head = parse("/bucket/k", &[("host", "h"), ("x-amz-acl", " \tpublic-read \t"), ("if-match", " ")]).unwrap();
        assert_eq!(head.headers["x-amz-acl"], "public-read");
        assert_eq!(head.headers["if-match"], "");
    }

    #[test]
    fn connection_may_not_name_a_signed_header() {
        assert!(parse("/bucket/k", &[("host", "h"), ("connection", "keep-alive, te")]).is_ok());
        for value in ["x-amz-date", "close, Authorization", "keep-alive,X-AMZ-Meta-a", "host"] {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("h"));
            headers.insert("connection", HeaderValue::from_static(value));
            let refused = RequestHead::parse(Method::GET, &"/b/k".parse().unwrap(), headers, &Domains::default());
            assert_eq!(refused.unwrap_err().code, ErrorCode::InvalidRequest, "{value}");
        }
    }

    #[test]
    fn the_query_is_decoded_once_and_semicolons_separate_nothing() {
        let query = Query::parse("%61cl&a=1;b=2&plus=a+b%2B&&empty=").unwrap();
        let expected = [("acl", None), ("a", Some("1;b=2")), ("plus", Some("a+b+")), ("empty", Some(""))];
        let found: Vec<_> = query.parameters().iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!(found, expected);
        for raw in ["a=%zz", "%ff", "a=%00", "a=%0a", "prefix=%00", "prefix%0a=a", "response-expires=%0d", "marker%0A"]
        {
            assert_eq!(Query::parse(raw).unwrap_err().code, ErrorCode::InvalidURI, "{raw}");
        }
        for raw in ["prefix=%0a", "delimiter=a%0Ab", "marker=%0d%0a", "start-after=%0a", "key-marker=%0a"] {
            assert!(Query::parse(raw).is_ok(), "{raw}");
        }
    }
}
