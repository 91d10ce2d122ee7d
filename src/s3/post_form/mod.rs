//! Reads uploads by HTML form: `multipart/form-data` bodies whose fields say what a signed request says in its
//! headers, and whose last field is the file. Reading is a matter of bytes pushed in as they come: memory is
//! bounded before the file, nothing of the file is copied, and every byte is accounted for, since the length
//! of a file that streams follows from what stands around it.
//!
//! ```text
//! bytes --FormReader--> FormHead { fields, file name } --FileReader--> bytes of the file
//! ```
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>,
//! <https://www.rfc-editor.org/rfc/rfc7578>

mod answer;
mod boundary;
mod fields;
mod headers;
mod multipart;
mod part;
mod reader;
#[cfg(test)]
mod tests;

pub use answer::PostAnswer;
pub use boundary::Boundary;
pub use fields::Fields;
pub use multipart::{Event, Multipart};
pub use part::PartHead;
pub use reader::{AfterFile, FileReader, FormHead, FormReader};

use super::{ErrorCode, S3Error};

fn malformed(what: &str) -> S3Error {
    let message = format!("The body of your POST request is not well-formed multipart/form-data: {what}.");
    S3Error::new(ErrorCode::MalformedPOSTRequest, message)
}
