//! A client of S3 that uploads in signed chunks, with or without a signed trailer, over HTTP/1.1 or HTTP/2:
//! no stock client does. Signed by `aws-sigv4`. Like the other programs here it reads one operation as JSON
//! from standard input and prints its answer as JSON.
//!
//! It is built as a test so that it may use what tests use; without `--client` it does nothing.
#![expect(clippy::print_stdout, reason = "the answer goes to standard output")]

mod chunks;
mod connection;
mod signing;
mod xml;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;

use http::Method;
use serde_json::{Value, json};

use chunks::SignedFile;
use connection::{Answer, Body};
use signing::Signer;

const MIB: u64 = 1 << 20;

/// What is asked: one operation and its arguments.
struct Asked(Value);

fn main() {
    if !std::env::args().any(|argument| argument == "--client") {
        return;
    }
    let asked = serde_json::from_reader(std::io::stdin()).expect("the operation is JSON");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("{}", runtime.block_on(Asked(asked).answer()));
}

impl Asked {
    async fn answer(&self) -> Value {
        match self.text("operation") {
            "make_bucket" => self.without_body(Method::PUT, "", &[]).await.whole(),
            "remove_bucket" => self.without_body(Method::DELETE, "", &[]).await.whole(),
            "put" => self.upload(&self.key(), &[], 0, None).await.whole(),
            "get" => self.download(&[]).await,
            "get_range" => {
                let range = format!("bytes={}-{}", self.0["first"], self.0["last"]);
                self.download(&[("range", range)]).await
            }
            "head" => {
                let answer = self.without_body(Method::HEAD, &self.key(), &[]).await;
                json!(answer.header("content-length").parse::<u64>().expect("a length is a number"))
            }
            "list_v1" => json!(xml::texts(&self.listed("").await, "Key")),
            "list_v2" => json!(xml::texts(&self.listed("list-type=2&").await, "Key")),
            "list_paged" => self.list_paged().await,
            "list_delimiter" => {
                let page = self.listed("delimiter=%2F&list-type=2&").await;
                let prefixes = xml::texts(&page, "CommonPrefixes");
                let prefixes: Vec<_> = prefixes.iter().flat_map(|found| xml::texts(found, "Prefix")).collect();
                json!([xml::texts(&page, "Key"), prefixes])
            }
            "multipart" => self.multipart().await,
            "copy" => {
                let source = format!("/{}/{}", self.text("bucket"), signing::encode(self.text("source"), true));
                let destination = signing::encode(self.text("destination"), true);
                self.without_body(Method::PUT, &destination, &[("x-amz-copy-source", source)]).await.whole()
            }
            "tagging" => self.tagging().await,
            "delete" => self.without_body(Method::DELETE, &self.key(), &[]).await.whole(),
            "delete_many" => {
                let keys = self.0["keys"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let objects: String = keys
                    .flat_map(|key| ["<Object><Key>".to_owned(), xml::escape(key), "</Key></Object>".to_owned()])
                    .collect();
                let answer = self.document(Method::POST, "?delete=", format!("<Delete>{objects}</Delete>")).await;
                assert!(!answer.text().contains("<Error>"), "{}", answer.text());
                Value::Null
            }
            "presigned_get" => json!(self.signer().presign(&Method::GET, &self.path(&self.key()))),
            "presigned_put" => json!(self.signer().presign(&Method::PUT, &self.path(&self.key()))),
            other => panic!("no operation is called {other}"),
        }
    }

    /// Uploads so many bytes of the file from `from`, all that is left by default, in signed chunks.
    async fn upload(&self, target: &str, headers: &[(&str, String)], from: u64, length: Option<u64>) -> Answer {
        let path = self.text("file");
        let size = fs::metadata(path).expect("the file is there").len();
        let length = length.unwrap_or(size - from);
        let file = SignedFile::open(path, from, length, self.0["trailer"].as_bool() == Some(true));
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (*name, value.clone())).chain(file.headers()).collect();
        let (request, seed) = self.signer().sign(&Method::PUT, &self.path(target), headers, file.payload());
        self.send(request, Body::Chunks(Box::new(file.signed_from(seed)))).await
    }

    async fn multipart(&self) -> Value {
        let begun = self.without_body(Method::POST, &format!("{}?uploads=", self.key()), &[]).await;
        let upload = signing::encode(&xml::texts(&begun.text(), "UploadId")[0], false);
        let size = fs::metadata(self.text("file")).expect("the file is there").len();
        let mut listed = String::new();
        for (number, from) in (1..).zip((0..size).step_by(usize::try_from(8 * MIB).expect("it is small"))) {
            let target = format!("{}?partNumber={number}&uploadId={upload}", self.key());
            let answer = self.upload(&target, &[], from, Some((size - from).min(8 * MIB))).await;
            let tag = xml::escape(&answer.header("etag"));
            let _ = write!(listed, "<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>");
        }
        let list = format!("<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>");
        let done = self.document(Method::POST, &format!("{}?uploadId={upload}", self.key()), list).await;
        assert!(!xml::texts(&done.text(), "ETag").is_empty(), "{}", done.text());
        Value::Null
    }

    async fn download(&self, headers: &[(&str, String)]) -> Value {
        let answer = self.without_body(Method::GET, &self.key(), headers).await;
        let mut into = File::create(self.text("into")).expect("the folder is ours");
        answer.into_body(|piece| into.write_all(piece).expect("there is room")).await;
        Value::Null
    }

    async fn list_paged(&self) -> Value {
        let (mut keys, mut token) = (Vec::new(), String::new());
        loop {
            let page = self.listed(&format!("{token}list-type=2&max-keys=100&")).await;
            keys.extend(xml::texts(&page, "Key"));
            match xml::texts(&page, "NextContinuationToken").first() {
                Some(next) => token = format!("continuation-token={}&", signing::encode(next, false)),
                None => return json!(keys),
            }
        }
    }

    async fn listed(&self, query: &str) -> String {
        let prefix = signing::encode(self.text("prefix"), false);
        self.without_body(Method::GET, &format!("?{query}prefix={prefix}"), &[]).await.text()
    }

    async fn tagging(&self) -> Value {
        let target = format!("{}?tagging=", self.key());
        let tags = self.0["tags"].as_object().into_iter().flatten();
        let tags: String = tags
            .flat_map(|(key, value)| {
                ["<Tag><Key>", key, "</Key><Value>", value.as_str().unwrap_or_default(), "</Value></Tag>"]
            })
            .collect();
        self.document(Method::PUT, &target, format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")).await;
        let found = self.without_body(Method::GET, &target, &[]).await.text();
        xml::texts(&found, "Key")
            .into_iter()
            .zip(xml::texts(&found, "Value"))
            .map(|(key, value)| (key, json!(value)))
            .collect()
    }

    async fn without_body(&self, method: Method, target: &str, headers: &[(&str, String)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| (*name, value.clone())).collect();
        let (request, _) = self.signer().sign(&method, &self.path(target), headers, &signing::sha256(b""));
        self.send(request, Body::Whole(String::new())).await
    }

    async fn document(&self, method: Method, target: &str, text: String) -> Answer {
        let headers = vec![("content-md5", signing::md5(text.as_bytes()))];
        let (request, _) = self.signer().sign(&method, &self.path(target), headers, &signing::sha256(text.as_bytes()));
        self.send(request, Body::Whole(text)).await
    }

    async fn send(&self, request: http::request::Builder, body: Body) -> Answer {
        let http2 = self.0["http2"].as_bool() == Some(true);
        connection::send(self.text("host"), self.0["authority"].as_str(), http2, request, body).await
    }

    fn signer(&self) -> Signer<'_> {
        Signer {
            url: self.text("url"),
            host: self.text("host"),
            region: self.text("region"),
            access_key_id: self.text("access_key_id"),
            secret_access_key: self.text("secret_access_key"),
        }
    }

    fn path(&self, target: &str) -> String {
        let slash = if target.is_empty() || target.starts_with('?') { "" } else { "/" };
        format!("/{}{slash}{target}", self.text("bucket"))
    }

    fn key(&self) -> String {
        signing::encode(self.text("key"), true)
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("{name} is given"))
    }
}
