//! Each way to be refused, with its positive control.

use super::*;

#[test]
fn d6_a_parameter_given_twice_is_400() {
    for text in ["acl&acl", "acl&acl=", "prefix=1&prefix=2", "versionId=1&versionId=1"] {
        assert_eq!(refusal(&Method::GET, OBJECT, text, &[]), ErrorCode::InvalidArgument, "{text}");
    }
    assert_eq!(request(&Method::GET, OBJECT, "acl", &[]).unwrap().operation, Operation::GetObjectAcl);
}

#[test]
fn d6_names_are_compared_with_their_case() {
    for text in ["ACL", "Acl", "aCl", "VersionId=1", "uploadid=1", "List-Type=2"] {
        assert_eq!(refusal(&Method::GET, OBJECT, text, &[]), ErrorCode::NotImplemented, "{text}");
    }
    assert_eq!(request(&Method::GET, OBJECT, "acl=", &[]).unwrap().operation, Operation::GetObjectAcl);
}

#[test]
fn d6_a_sub_resource_with_a_value_is_400() {
    for text in ["acl=1", "versioning=x", "list-type=1", "list-type", "list-type=02"] {
        assert_eq!(refusal(&Method::GET, BUCKET, text, &[]), ErrorCode::InvalidArgument, "{text}");
    }
    assert_eq!(request(&Method::GET, BUCKET, "list-type=2", &[]).unwrap().operation, Operation::ListObjectsV2);
}

#[test]
fn d7_two_sub_resources_are_400() {
    for text in ["acl&policy", "policy&acl", "uploads&delete", "versions&list-type=2", "uploads&uploadId=1"] {
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            assert_eq!(refusal(&method, BUCKET, text, &[]), ErrorCode::InvalidRequest, "{method} {text}");
        }
    }
    assert_eq!(request(&Method::POST, BUCKET, "delete", &[]).unwrap().operation, Operation::DeleteObjects);
}

#[test]
fn d8_unknown_parameters_are_501_and_named() {
    for text in ["fresh", "fresh=1", "acl&fresh", "prefix=a&fresh=1", "uploads&allow-unordered=true", "versionId=1"] {
        let error = request(&Method::GET, BUCKET, text, &[]).expect_err("refused");
        assert_eq!(error.code, ErrorCode::NotImplemented, "{text}");
        let unknown = ["fresh", "allow-unordered", "versionId"].into_iter().any(|name| error.message.contains(name));
        assert!(unknown, "{}", error.message);
    }
    assert_eq!(request(&Method::GET, BUCKET, "prefix=a", &[]).unwrap().operation, Operation::ListObjects);
}

#[test]
fn methods_that_s3_lacks_are_refused_and_method_override_headers_are_not_read() {
    assert_eq!(refusal(&Method::OPTIONS, OBJECT, "", &[]), ErrorCode::AccessDenied);
    for method in [Method::TRACE, Method::CONNECT, Method::PATCH, Method::from_bytes(b"get").unwrap()] {
        assert_eq!(refusal(&method, OBJECT, "", &[]), ErrorCode::MethodNotAllowed, "{method}");
    }
    let overridden = request(&Method::GET, OBJECT, "", &[("x-http-method-override", "DELETE")]);
    assert_eq!(overridden.unwrap().operation, Operation::GetObject);
}

#[test]
fn e22_part_numbers_outside_1_to_10000_are_400() {
    for number in ["0", "10001", "-1", "+1", "1.0", "", "99999999", "x", "1e3", " 1", "000001"] {
        for (method, text) in [(Method::PUT, "uploadId=u&"), (Method::GET, ""), (Method::HEAD, "")] {
            let text = format!("{text}partNumber={number}");
            assert_eq!(refusal(&method, OBJECT, &text, &[]), ErrorCode::InvalidArgument, "{method} {text}");
        }
    }
    for number in [1, 10_000] {
        let part = request(&Method::PUT, OBJECT, &format!("uploadId=u&partNumber={number}"), &[]).unwrap();
        assert_eq!((part.operation, part.part_number), (Operation::UploadPart, Some(number)));
        assert_eq!(part.upload_id.as_deref(), Some("u"));
        let read = request(&Method::HEAD, OBJECT, &format!("partNumber={number}"), &[]).unwrap();
        assert_eq!((read.operation, read.part_number), (Operation::HeadObject, Some(number)));
    }
}

#[test]
fn half_an_upload_part_is_never_a_plain_upload() {
    assert_eq!(refusal(&Method::PUT, OBJECT, "partNumber=1", &[]), ErrorCode::NotImplemented);
    assert_eq!(refusal(&Method::PUT, OBJECT, "uploadId=u", &[]), ErrorCode::NotImplemented);
    for text in ["uploadId&partNumber=1", "uploadId=&partNumber=1"] {
        assert_eq!(refusal(&Method::PUT, OBJECT, text, &[]), ErrorCode::InvalidArgument, "{text}");
    }
}

#[test]
fn an_empty_version_is_400_and_null_is_a_version() {
    for text in ["versionId", "versionId=", "acl&versionId"] {
        assert_eq!(refusal(&Method::GET, OBJECT, text, &[]), ErrorCode::InvalidArgument, "{text}");
    }
    let needed = |text| demands(&Method::GET, OBJECT, text, &[]);
    assert_eq!(needed("versionId=null"), [(Action::GetObjectVersion, DemandTarget::Object)]);
    assert_eq!(needed(""), [(Action::GetObject, DemandTarget::Object)]);
}

#[test]
fn e11_looking_at_an_object_needs_no_less_than_getting_it() {
    let object = |actions: &[Action]| actions.iter().map(|action| (*action, DemandTarget::Object)).collect::<Vec<_>>();
    assert_eq!(demands(&Method::HEAD, OBJECT, "", &[]), object(&[Action::GetObject]));
    assert_eq!(demands(&Method::HEAD, OBJECT, "versionId=1&partNumber=2", &[]), object(&[Action::GetObjectVersion]));
    let attributes = object(&[Action::GetObject, Action::GetObjectAttributes]);
    assert_eq!(demands(&Method::GET, OBJECT, "attributes", &[]), attributes);
    let attributes = object(&[Action::GetObjectVersion, Action::GetObjectVersionAttributes]);
    assert_eq!(demands(&Method::GET, OBJECT, "attributes&versionId=1", &[]), attributes);
    for (method, text) in [(Method::GET, "torrent"), (Method::POST, "select&select-type=2")] {
        assert_eq!(refusal(&method, OBJECT, text, &[]), ErrorCode::NotImplemented, "{text}");
    }
}
