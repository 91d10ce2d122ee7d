//! One value out of a backend's short answer.

use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// The text of the first element `name` directly below the root. `None` if there is none, if it holds more
/// than plain text, or if the document is not well-formed up to there.
#[must_use]
pub fn element_text(document: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(document).ok()?;
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    let mut found: Option<String> = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if found.is_some() {
                    return None;
                }
                if depth == 1 && start.local_name().as_ref() == name.as_bytes() {
                    found = Some(String::new());
                }
                depth += 1;
            }
            Event::End(_) if found.is_some() => return found.filter(|text| !text.is_empty()),
            Event::End(_) => depth = depth.checked_sub(1)?,
            Event::Text(part) => {
                if let Some(found) = &mut found {
                    found.push_str(&part.xml10_content().ok()?);
                }
            }
            Event::CData(_) | Event::GeneralRef(_) if found.is_some() => return None,
            Event::DocType(_) | Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_child_is_found_and_nothing_else() {
        let find = |text: &str| element_text(text.as_bytes(), "UploadId");
        let head = "<?xml version=\"1.0\"?><R xmlns=\"x\"><Bucket>b</Bucket>";
        assert_eq!(find(&format!("{head}<UploadId>u-1_.~</UploadId></R>")).as_deref(), Some("u-1_.~"));
        for without in [
            "<R><A><UploadId>u</UploadId></A></R>",
            "<UploadId>u</UploadId>",
            "<R><UploadId></UploadId></R>",
            "<R><UploadId/></R>",
            "<R><UploadId>u&amp;v</UploadId></R>",
            "<R><UploadId><b>u</b></UploadId></R>",
            "<R><UploadId>u",
            "<!DOCTYPE R><R><UploadId>u</UploadId></R>",
            "",
        ] {
            assert_eq!(find(without), None, "{without}");
        }
    }
}
