//! A case: a response that is accepted, what an attacker makes of it, and the verdict.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use portcullis::config::SamlService;
use portcullis::federation::saml::{
    SamlError, SamlTrust, SamlTrustSettings, SignedPart, UnverifiedSamlResponse, VerifiedAssertion,
};

use crate::build::{ACS, AUDIENCE, ISSUER, NOW, sign_assertion, sign_response, unsigned};
use crate::keys::{ECDSA, Signer, TRUSTED};

/// A control and an attack on it.
pub(crate) struct Case {
    pub(crate) control: String,
    pub(crate) attack: String,
    pub(crate) trust: &'static SamlTrust,
}

impl Case {
    /// Somebody changes a signed response on its way.
    pub(crate) fn after_signing(change: impl Fn(&str) -> String) -> Self {
        let control = sign_assertion(&unsigned(), &TRUSTED);
        Self { attack: change(&control), control, trust: &SIGNED_ASSERTION }
    }

    /// The same, where the whole response is signed.
    pub(crate) fn after_signing_the_response(change: impl Fn(&str) -> String) -> Self {
        let control = sign_response(&unsigned(), &TRUSTED);
        Self { attack: change(&control), control, trust: &SIGNED_RESPONSE }
    }

    /// The identity provider itself signs something that must not be accepted.
    pub(crate) fn before_signing(change: impl Fn(&str) -> String) -> Self {
        let control = sign_assertion(&unsigned(), &TRUSTED);
        Self { attack: sign_assertion(&change(&unsigned()), &TRUSTED), control, trust: &SIGNED_ASSERTION }
    }

    /// An attack that is made apart from any good response.
    pub(crate) fn made(attack: impl Into<String>) -> Self {
        let attack = attack.into();
        Self::after_signing(|_| attack.clone())
    }

    /// The same case before an identity provider with more algorithms.
    pub(crate) fn with_more_algorithms(self) -> Self {
        Self { trust: &MORE_ALGORITHMS, ..self }
    }

    /// The control passes, the attack is refused for this cause.
    pub(crate) fn is_refused_for(&self, expected: &SamlError) {
        let control = verify(self.trust, &self.control, NOW);
        assert_eq!(control.map(|it| it.role().to_owned()), Ok("researcher".to_owned()), "the control is refused");
        assert_ne!(self.control, self.attack, "the attack is the control");
        assert_eq!(verify(self.trust, &self.attack, NOW).as_ref(), Err(expected), "{}", shortened(&self.attack));
    }
}

/// Attacks, one a line: a test each, and together the corpus that the libraries alone are tried on.
macro_rules! attacks {
    ($($name:ident: $case:expr => $expected:expr;)*) => {
        $(#[test]
        fn $name() {
            $case.is_refused_for(&$expected);
        })*

        /// Every attack of this file.
        pub(crate) fn corpus() -> Vec<(&'static str, crate::case::Case)> {
            vec![$((stringify!($name), $case)),*]
        }
    };
}

/// What our verification says of a document.
pub(crate) fn verify(trust: &SamlTrust, xml: &str, now: &str) -> Result<VerifiedAssertion, SamlError> {
    let unverified = UnverifiedSamlResponse::from_base64(&STANDARD.encode(xml))?;
    trust.verify(&unverified, &service(), time(now))
}

/// Who we are.
pub(crate) fn service() -> SamlService {
    SamlService { entity_id: AUDIENCE.to_owned(), acs_url: ACS.to_owned() }
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Settings with these certificates.
pub(crate) fn settings(signers: &[&Signer]) -> SamlTrustSettings {
    SamlTrustSettings {
        entity_id: ISSUER.to_owned(),
        certificates_pem: signers.iter().map(|signer| signer.certificate_pem.clone()).collect(),
        ..SamlTrustSettings::default()
    }
}

/// The identity provider as most are configured.
pub(crate) static SIGNED_ASSERTION: LazyLock<SamlTrust> =
    LazyLock::new(|| SamlTrust::new(&settings(&[&TRUSTED])).unwrap());

/// One that signs responses.
pub(crate) static SIGNED_RESPONSE: LazyLock<SamlTrust> = LazyLock::new(|| {
    SamlTrust::new(&SamlTrustSettings { signed: SignedPart::Response, ..settings(&[&TRUSTED]) }).unwrap()
});

/// One that may use ECDSA and RSA-PSS.
pub(crate) static MORE_ALGORITHMS: LazyLock<SamlTrust> = LazyLock::new(|| {
    SamlTrust::new(&SamlTrustSettings { accept_ecdsa_and_pss: true, ..settings(&[&TRUSTED, &ECDSA]) }).unwrap()
});

fn shortened(text: &str) -> String {
    text.chars().take(6000).collect()
}
