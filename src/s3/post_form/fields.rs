//! The fields of a form before its file.

use super::reader::{FormReader, too_long_before_file};
use crate::s3::{ErrorCode, S3Error};

/// Fields in the order given: names in lower case, each once, values as text.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The value of the field `name`, which is written in lower case here.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds a field.
    ///
    /// # Errors
    /// `InvalidArgument` if there is one of that name, or the value is not UTF-8: two readers would take
    /// different ones.
    pub fn add(&mut self, name: String, value: Vec<u8>) -> Result<(), S3Error> {
        let refused = |what: &str, name: &str| {
            S3Error::new(ErrorCode::InvalidArgument, format!("A field of the form {what}.")).with("ArgumentName", name)
        };
        if self.get(&name).is_some() && !crate::fault::check_is_off("form_field_once") {
            return Err(refused("stands more than once", &name));
        }
        match String::from_utf8(value) {
            Ok(value) => self.0.push((name, value)),
            Err(_) => return Err(refused("is not UTF-8", &name)),
        }
        Ok(())
    }

    /// Puts the last part of `filename` wherever a value says `${filename}`, but for the fields that sign. No
    /// file name counts as an empty one.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html>
    ///
    /// # Errors
    /// `InvalidArgument` if the file name is a way out of somewhere, or has a control character;
    /// `MaxPostPreDataLengthExceededError` if the values would get longer than what may stand before a file.
    pub fn expand_filename(&mut self, filename: Option<&str>) -> Result<(), S3Error> {
        let last = last_part(filename.unwrap_or_default())?;
        let mut length = 0;
        for (name, value) in &mut self.0 {
            let times = if SIGNING.contains(&name.as_str()) { 0 } else { value.matches(VARIABLE).count() };
            // A long name that is put in often would take a thousand times the memory that it came in.
            length += value.len() - times * VARIABLE.len() + times * last.len();
            if length > FormReader::MOST_BEFORE_FILE {
                return Err(too_long_before_file());
            }
            if times > 0 {
                *value = value.replace(VARIABLE, last);
            }
        }
        Ok(())
    }
}

/// What follows the last `/` or `\`: some browsers send a whole path.
fn last_part(filename: &str) -> Result<&str, S3Error> {
    let parts = || filename.split(['/', '\\']);
    if filename.chars().any(char::is_control) || parts().any(|part| matches!(part, "." | "..")) {
        return Err(S3Error::new(
            ErrorCode::InvalidArgument,
            "The name of the file in the form has a '.' or '..' segment or a control character.",
        )
        .with("ArgumentName", "filename"));
    }
    Ok(parts().next_back().unwrap_or_default())
}

const VARIABLE: &str = "${filename}";

/// The fields that say who signed what.
const SIGNING: [&str; 6] =
    ["policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-security-token", "x-amz-signature"];

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(value: &str, filename: Option<&str>) -> Result<String, ErrorCode> {
        let mut fields = Fields::default();
        fields.add("key".into(), value.into()).unwrap();
        fields.add("policy".into(), b"${filename}".to_vec()).unwrap();
        fields.expand_filename(filename).map_err(|error| error.code)?;
        assert_eq!(fields.get("policy"), Some("${filename}"));
        Ok(fields.get("key").unwrap().to_owned())
    }

    #[test]
    fn the_file_name_is_its_last_part_and_put_in_once() {
        for (filename, key) in [
            ("a.txt", "u/a.txt"),
            ("C:\\dir\\a.txt", "u/a.txt"),
            ("dir/a b\"c.txt", "u/a b\"c.txt"),
            ("${filename}", "u/${filename}"),
            ("é…", "u/é…"),
            ("", "u/"),
        ] {
            assert_eq!(expanded("u/${filename}", Some(filename)).as_deref(), Ok(key), "{filename}");
        }
        assert_eq!(expanded("u/${filename}", None).as_deref(), Ok("u/"));
        assert_eq!(expanded("${filename}/${filename}", Some("x")).as_deref(), Ok("x/x"));
        for wrong in ["../a", "..\\a", "a/..", "..", ".", "a\0b", "a\nb", "a\u{85}b"] {
            assert_eq!(expanded("u/${filename}", Some(wrong)), Err(ErrorCode::InvalidArgument), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_name_put_in_often_stays_within_what_may_stand_before_a_file() {
        let name = "n".repeat(1000);
        assert_eq!(expanded(&VARIABLE.repeat(20), Some(&name)).unwrap().len(), 20_000);
        for times in [21, 1000] {
            let refused = expanded(&VARIABLE.repeat(times), Some(&name));
            assert_eq!(refused, Err(ErrorCode::MaxPostPreDataLengthExceededError));
        }
        assert_eq!(expanded(&VARIABLE.repeat(1800), Some("n")).unwrap().len(), 1800);
    }

    #[test]
    fn a_name_stands_once_and_values_are_text() {
        let mut fields = Fields::default();
        fields.add("key".into(), b"a".to_vec()).unwrap();
        assert_eq!(fields.add("key".into(), b"b".to_vec()).unwrap_err().code, ErrorCode::InvalidArgument);
        assert_eq!(fields.add("acl".into(), b"\xff".to_vec()).unwrap_err().code, ErrorCode::InvalidArgument);
        assert_eq!(fields.get("key"), Some("a"));
    }
}
