//! What a document may have at most, found in one pass that builds nothing.
//!
//! The parser of the second check compares attributes pairwise and declares namespaces one by one,
//! so that a small document could keep it busy for minutes. It never sees one that fails here. The
//! same pass refuses everything that two readers of XML might understand in two ways.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::error::SamlError;

/// Refuses documents with more than an identity provider sends, and those with comments, processing
/// instructions, CDATA, a document type or entities.
pub(super) fn check_limits(xml: &str) -> Result<(), SamlError> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut depth, mut elements, mut namespaces) = (0_usize, 0_usize, 0_usize);
    let mut first = true;
    loop {
        let event = reader.read_event().map_err(|_| SamlError::NotXml)?;
        match &event {
            Event::Start(element) | Event::Empty(element) => {
                elements += 1;
                limit(elements, MOST_ELEMENTS, "elements")?;
                limit(depth + 1, DEEPEST, "nested elements")?;
                namespaces += check_attributes(element)?;
                limit(namespaces, MOST_NAMESPACES, "namespace declarations")?;
                depth += usize::from(matches!(event, Event::Start(_)));
            }
            Event::End(_) => depth = depth.checked_sub(1).ok_or(SamlError::NotXml)?,
            Event::Text(_) => {}
            Event::GeneralRef(reference) => check_reference(reference)?,
            Event::Decl(declaration) if first => {
                let utf8 = match declaration.encoding() {
                    None => true,
                    Some(Ok(encoding)) => encoding.eq_ignore_ascii_case(b"utf-8"),
                    Some(Err(_)) => false,
                };
                if !utf8 || declaration.version().map_err(|_| SamlError::NotXml)?.as_ref() != b"1.0" {
                    return Err(SamlError::NotXml);
                }
            }
            Event::DocType(_) => return Err(SamlError::DocumentType),
            Event::Comment(_) => refuse_markup("a comment")?,
            Event::CData(_) => refuse_markup("a CDATA section")?,
            Event::Decl(_) | Event::PI(_) => refuse_markup("a processing instruction")?,
            Event::Eof => return if depth == 0 && elements > 0 { Ok(()) } else { Err(SamlError::NotXml) },
        }
        first = false;
    }
}

/// Checks one tag, and counts its namespace declarations.
fn check_attributes(element: &BytesStart<'_>) -> Result<usize, SamlError> {
    let (mut attributes, mut namespaces) = (0, 0);
    // The reader's own check for repeated names compares each with each; the real parsers do that
    // again later, when the number is known to be small.
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| SamlError::NotXml)?;
        attributes += 1;
        limit(attributes, MOST_ATTRIBUTES, "attributes")?;
        limit(attribute.value.len(), LONGEST_ATTRIBUTE, "attributes")?;
        namespaces += usize::from(attribute.key.as_namespace_binding().is_some());
        for reference in attribute.value.split(|byte| *byte == b'&').skip(1) {
            let end = reference.iter().position(|byte| *byte == b';').ok_or(SamlError::NotXml)?;
            check_reference(&reference[..end])?;
        }
    }
    Ok(namespaces)
}

/// Only characters by number and the five names that XML itself defines.
fn check_reference(reference: &[u8]) -> Result<(), SamlError> {
    match reference {
        // the parsers check the number
        b"amp" | b"lt" | b"gt" | b"quot" | b"apos" | [b'#', ..] => Ok(()),
        _ => refuse_markup("an entity"),
    }
}

fn refuse_markup(what: &'static str) -> Result<(), SamlError> {
    if crate::fault::check_is_off("saml_markup") {
        return Ok(());
    }
    Err(SamlError::Markup(what))
}

fn limit(found: usize, most: usize, what: &'static str) -> Result<(), SamlError> {
    if found > most && !crate::fault::check_is_off("saml_limits") {
        return Err(SamlError::Limit(what));
    }
    Ok(())
}

const DEEPEST: usize = 64;
/// A response of 256 KiB with hundreds of group memberships has some 3000.
const MOST_ELEMENTS: usize = 5000;
const MOST_ATTRIBUTES: usize = 32;
const MOST_NAMESPACES: usize = 2000;
const LONGEST_ATTRIBUTE: usize = 4096;
