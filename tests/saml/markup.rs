//! What two readers of XML might read in two ways: comments, CDATA, entities, document types (I4, I6).

use portcullis::federation::saml::SamlError;

use crate::build::once;
use crate::case::Case;

fn after(from: &'static str, to: &'static str) -> Case {
    Case::after_signing(move |signed| once(signed, from, to))
}

fn doctype(declaration: &'static str, from: &'static str, to: &'static str) -> Case {
    Case::after_signing(move |signed| format!("{declaration}{}", once(signed, from, to)))
}

const COMMENT: SamlError = SamlError::Markup("a comment");
const CDATA: SamlError = SamlError::Markup("a CDATA section");
const INSTRUCTION: SamlError = SamlError::Markup("a processing instruction");

attacks! {
    i04_a_comment_in_the_digest_value: after("<ds:DigestValue>", "<ds:DigestValue><!--evil-->") => COMMENT;
    i04_a_forged_digest_before_a_comment: Case::after_signing(|signed| {
        once(signed, "<ds:DigestValue>", "<ds:DigestValue>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=<!---->")
    }) => COMMENT;
    i04_a_comment_in_the_name: after(">alice@example.test</saml:NameID>", ">alice@example<!---->.test</saml:NameID>") => COMMENT;
    i04_a_comment_that_was_signed: Case::before_signing(|response| once(response, "alice@example.test</saml:NameID>", "alice@example.test<!-- -->.evil</saml:NameID>")) => COMMENT;
    i04_a_comment_in_the_role: after("researcher", "research<!--x-->er") => COMMENT;
    i04_a_comment_in_the_role_that_was_signed: Case::before_signing(|response| once(response, "researcher", "admin<!-- -->.evil")) => COMMENT;
    i04_a_comment_in_the_audience: after("<saml:Audience>", "<saml:Audience><!--x-->") => COMMENT;
    i04_a_comment_before_the_document: Case::after_signing(|signed| format!("<!-- hello -->{signed}")) => COMMENT;
    i04_a_comment_after_the_document: Case::after_signing(|signed| format!("{signed}<!-- bye -->")) => COMMENT;
    i06_an_instruction_in_the_name: after(">alice@example.test</saml:NameID>", ">alice@example<?x y?>.test</saml:NameID>") => INSTRUCTION;
    i06_an_instruction_in_the_role: Case::before_signing(|response| once(response, "researcher", "research<?x y?>er")) => INSTRUCTION;
    i06_a_style_sheet: Case::after_signing(|signed| format!(r#"<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>{signed}"#)) => INSTRUCTION;
    i06_a_cdata_role: after("researcher", "<![CDATA[researcher]]>") => CDATA;
    i06_a_cdata_role_that_was_signed: Case::before_signing(|response| once(response, "researcher", "<![CDATA[research]]>er")) => CDATA;
    i06_a_cdata_name: after("alice@example.test</saml:NameID>", "<![CDATA[alice]]>@example.test</saml:NameID>") => CDATA;
    i06_an_assertion_in_cdata: after("physics", "<![CDATA[<saml:Assertion/>]]>") => CDATA;
    i06_a_doctype: doctype("<!DOCTYPE Response>", "physics", "physics") => SamlError::DocumentType;
    i06_an_entity_of_its_own: doctype(r#"<!DOCTYPE r [<!ENTITY e "admin">]>"#, "researcher", "&e;") => SamlError::DocumentType;
    i06_an_entity_from_a_file: doctype(r#"<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]>"#, "researcher", "&e;") => SamlError::DocumentType;
    i06_an_entity_from_an_address: doctype(r#"<!DOCTYPE r [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]>"#, "researcher", "&e;") => SamlError::DocumentType;
    i06_a_document_type_from_an_address: doctype(r#"<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">"#, "physics", "physics") => SamlError::DocumentType;
    i06_a_parameter_entity: doctype(r#"<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>"#, "physics", "physics") => SamlError::DocumentType;
    i06_an_attribute_made_an_identifier: doctype("<!DOCTYPE r [<!ATTLIST saml:Subject x ID #IMPLIED>]>", "<saml:Subject>", r#"<saml:Subject x="_assertion-1">"#) => SamlError::DocumentType;
    i06_an_entity_that_nobody_declared: after("researcher", "&nbsp;researcher") => SamlError::Markup("an entity");
    i06_an_entity_in_an_attribute: after(r#"Name="groups""#, r#"Name="&e;""#) => SamlError::Markup("an entity");
    i06_another_encoding: Case::after_signing(|signed| format!(r#"<?xml version="1.0" encoding="UTF-16"?>{signed}"#)) => SamlError::NotXml;
    i06_another_version: Case::after_signing(|signed| format!(r#"<?xml version="1.1"?>{signed}"#)) => SamlError::NotXml;
    i06_a_byte_order_mark: Case::after_signing(|signed| format!("\u{feff}{signed}")) => SamlError::NotXml;
    i06_an_attribute_twice: after(r#"Name="groups""#, r#"Name="groups" Name="groups""#) => SamlError::NotXml;
    i06_an_attribute_twice_by_two_prefixes: after("<saml:Subject>", r#"<saml:Subject xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" b:y="2">"#) => SamlError::NotXml;
    i06_a_prefix_that_nobody_declared: after("physics", "<nobody:x/>") => SamlError::NotXml;
    i06_the_prefix_bound_to_another_namespace: after("<saml:Subject>", r#"<saml:Subject xmlns:saml="urn:example:other">"#)
        => SamlError::Shape("there is an element where the profile has no place for it");
    i06_the_prefix_bound_anew_when_signed: Case::before_signing(|response| once(response, "<saml:AttributeStatement>", r#"<saml:AttributeStatement xmlns:saml="urn:example:other">"#))
        => SamlError::Shape("there is an element where the profile has no place for it");
    i06_a_recipient_with_a_prefix: Case::before_signing(|response| once(response, "Recipient=", r#"xmlns:x="urn:x" x:Recipient="https://elsewhere.test" Recipient="#))
        => SamlError::Shape("an attribute that is read has a prefix");
    i06_text_between_the_elements: after("<saml:Subject>", "<saml:Subject>text") => SamlError::Shape("there is text where only elements belong");
    i06_two_documents: Case::after_signing(|signed| signed.repeat(2)) => SamlError::NotXml;
    i06_tags_that_do_not_match: after("</saml:Subject>", "</saml:Object>") => SamlError::NotXml;
    i06_half_a_document: Case::after_signing(|signed| signed[..signed.len() - 20].to_owned()) => SamlError::NotXml;
}
