//! Responses changed at random after signing: whatever still passes says exactly the same.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::build::{NOW, sign_assertion, sign_response, unsigned};
use crate::case::{SIGNED_ASSERTION, SIGNED_RESPONSE, verify};
use crate::keys::TRUSTED;

/// Pieces that parsers are known to trip over.
const PIECES: [&str; 16] = [
    "<!-- -->",
    "<?x?>",
    "<![CDATA[x]]>",
    "]]>",
    "&#x61;",
    "&amp;",
    "\r",
    "\t",
    "\u{0}",
    "\u{feff}",
    " ID=\"_assertion-1\"",
    " xmlns=\"\"",
    " xmlns:saml=\"urn:x\"",
    "<saml:Assertion/>",
    "</saml:AttributeValue><saml:AttributeValue>",
    "<ds:Signature/>",
];

/// A document with one change: a byte, a piece put in, or a part removed, repeated or moved.
fn changed(document: &str, random: &mut StdRng) -> String {
    let mut bytes = document.as_bytes().to_vec();
    let at = random.random_range(0..bytes.len());
    let end = (at + random.random_range(1..600)).min(bytes.len());
    let part = bytes[at..end].to_vec();
    match random.random_range(0..6) {
        0 => bytes[at] = random.random_range(0x20..0x7f),
        1 => drop(bytes.splice(at..at, PIECES[random.random_range(0..PIECES.len())].bytes())),
        2 => drop(bytes.drain(at..end)),
        3 => drop(bytes.splice(at..at, part)),
        4 => {
            bytes.drain(at..end);
            let to = random.random_range(0..=bytes.len());
            bytes.splice(to..to, part);
        }
        _ => {
            // whole elements, by the places where tags begin
            let tags: Vec<_> = document.match_indices('<').map(|(at, _)| at).collect();
            let (from, until) = (tags[random.random_range(0..tags.len())], tags[random.random_range(0..tags.len())]);
            let part = bytes[from.min(until)..from.max(until)].to_vec();
            let to = tags[random.random_range(0..tags.len())];
            bytes.splice(to..to, part);
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn no_change_after_signing_changes_who_a_response_speaks_of() {
    let mut random = StdRng::seed_from_u64(20_260_301);
    let whole = sign_response(&unsigned(), &TRUSTED);
    let assertion = sign_assertion(&unsigned(), &TRUSTED);
    let mut passed = 0;
    for (trust, document) in [(&*SIGNED_ASSERTION, &assertion), (&*SIGNED_RESPONSE, &whole)] {
        let genuine = verify(trust, document, NOW).unwrap();
        for _ in 0..3000 {
            let change = changed(document, &mut random);
            if let Ok(verified) = verify(trust, &change, NOW) {
                assert_eq!(verified, genuine, "{change}");
                passed += 1;
            }
        }
    }
    // What is not signed, and white space in base64, may change without consequence.
    assert!((10..2000).contains(&passed), "{passed} of 6000 passed");
}
