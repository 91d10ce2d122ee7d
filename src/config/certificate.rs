//! The few facts about a certificate that an operator wants to see before starting: for whom it is,
//! until when. Reads just enough DER for that; nothing is trusted because of it.
//!
//! <https://www.rfc-editor.org/rfc/rfc5280#section-4.1>

/// What a certificate says of itself. Unverified: for display only.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CertificateSummary {
    /// The common name of the subject, if it has one.
    pub unverified_common_name: Option<String>,
    /// The end of its validity in RFC 3339, if it could be read.
    pub unverified_not_after: Option<String>,
}

/// The organization in subject and issuer of the certificates in `certs/`, whose keys are public.
const DEVELOPMENT_ORGANIZATION: &[u8] = b"Portcullis development";

/// Whether `certificate` is, or was issued by, the development CA.
pub(super) fn is_development(certificate: &[u8]) -> bool {
    certificate.windows(DEVELOPMENT_ORGANIZATION.len()).any(|window| window == DEVELOPMENT_ORGANIZATION)
}

/// Reads what can be read; a field that cannot is left out.
pub(super) fn summary(certificate: &[u8]) -> CertificateSummary {
    let Some((validity, subject)) = validity_and_subject(certificate) else { return CertificateSummary::default() };
    CertificateSummary { unverified_common_name: common_name(subject), unverified_not_after: not_after(validity) }
}

fn validity_and_subject(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, outer) = Reader(certificate).next()?;
    let (_, signed) = Reader(outer).next()?;
    let mut fields = Reader(signed).filter(|(tag, _)| *tag != VERSION);
    // serialNumber, signature, issuer come first.
    let (_, validity) = fields.nth(3)?;
    let (_, subject) = fields.next()?;
    Some((validity, subject))
}

fn not_after(validity: &[u8]) -> Option<String> {
    let (tag, time) = Reader(validity).nth(1)?;
    let digits = std::str::from_utf8(time).ok()?.strip_suffix('Z')?;
    // UTCTime has two digits of the year, 1950 to 2049; GeneralizedTime has four.
    let full = match tag {
        UTC_TIME if digits.get(..2)? < "50" => format!("20{digits}"),
        UTC_TIME => format!("19{digits}"),
        _ => digits.to_owned(),
    };
    let part = |from: usize, to: usize| full.get(from..to);
    Some(format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}

fn common_name(subject: &[u8]) -> Option<String> {
    Reader(subject).find_map(|(_, set)| {
        let (_, attribute) = Reader(set).next()?;
        let mut parts = Reader(attribute);
        let (_, kind) = parts.next()?;
        let (_, value) = parts.next()?;
        let text = String::from_utf8_lossy(value);
        // Printed on a terminal: nothing that could move the cursor.
        (kind == COMMON_NAME).then(|| text.chars().filter(|character| !character.is_control()).collect())
    })
}

/// The elements of a DER sequence: tag and content. Ends at the first that does not fit.
struct Reader<'a>(&'a [u8]);

impl<'a> Iterator for Reader<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=127 => (usize::from(*first), rest),
            // Certificates stay below 16 MiB: three length bytes are plenty.
            129..=131 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first - 128))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }
}

const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
