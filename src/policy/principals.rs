//! Whom a statement is about, in both languages: exact principals, beginnings of principals, everybody.

use super::Asker;

/// Whom one entry of a document names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum PrincipalPattern {
    /// Who did not prove who they are.
    Anonymous,
    /// Everybody who did.
    Authenticated,
    /// Both.
    Everybody,
    /// This principal, whatever is in its name.
    Exact(Box<str>),
    /// Nobody that there can be here.
    Nobody,
    /// Every principal that begins so.
    Prefix(Box<str>),
}

/// A set of principals, compiled.
#[derive(Debug, Default)]
pub(super) struct Principals {
    anonymous: bool,
    authenticated: bool,
    // Sorted.
    exact: Box<[Box<str>]>,
    prefixes: Box<[Box<str>]>,
}

impl PrincipalPattern {
    /// The principals that `text`, a short principal with perhaps a `*` at its end, names.
    ///
    /// # Errors
    /// A sentence with what would be right, if it can name nobody.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, is_prefix) = text.strip_suffix('*').map_or((text, false), |name| (name, true));
        if name.is_empty() && is_prefix {
            return Ok(Self::Authenticated);
        }
        if name.contains(['*', '?']) {
            return Err(format!("{text} has a wildcard inside; only a * at the end is one"));
        }
        if !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("{text} has characters that no principal has; they are visible ASCII"));
        }
        let begins = |kind: &str| name.len() > kind.len() && name.starts_with(kind);
        let could_begin = |kind: &str| name.starts_with(kind) || kind.starts_with(name);
        let can_be =
            if is_prefix { KINDS.iter().any(|kind| could_begin(kind)) } else { KINDS.iter().any(|kind| begins(kind)) };
        match (can_be, is_prefix) {
            (false, _) => Err(format!(
                "{text} can be nobody; expected *, or coreweave/, saml/, role/ or static/ with a name behind it, and \
                 perhaps a * at the end"
            )),
            (true, true) => Ok(Self::Prefix(name.into())),
            (true, false) => Ok(Self::Exact(name.into())),
        }
    }

    /// What it names besides: `role/X` is how documents may call the key of the SAML role X, `saml/X`. The
    /// subject of an OIDC issuer has a slash or a colon in its name, and is never meant.
    pub(super) fn also(&self) -> Option<Self> {
        let saml = |name: &str| {
            let role = match name.strip_prefix("role/") {
                Some(role) if !role.contains(['/', ':']) => role,
                None if "role/".starts_with(name) => "",
                Some(_) | None => return None,
            };
            Some(format!("saml/{role}").into_boxed_str())
        };
        match self {
            Self::Exact(name) => saml(name).map(Self::Exact),
            Self::Prefix(name) => saml(name).map(Self::Prefix),
            Self::Anonymous | Self::Authenticated | Self::Everybody | Self::Nobody => None,
        }
    }
}

impl Principals {
    /// Everybody whom one of `patterns` names.
    pub(super) fn new(patterns: impl IntoIterator<Item = PrincipalPattern>) -> Self {
        let (mut exact, mut prefixes) = (Vec::new(), Vec::new());
        let mut principals = Self::default();
        for pattern in patterns {
            let also = pattern.also();
            for pattern in [Some(pattern), also].into_iter().flatten() {
                match pattern {
                    PrincipalPattern::Anonymous => principals.anonymous = true,
                    PrincipalPattern::Authenticated => principals.authenticated = true,
                    PrincipalPattern::Everybody => (principals.anonymous, principals.authenticated) = (true, true),
                    PrincipalPattern::Exact(name) => exact.push(name),
                    PrincipalPattern::Nobody => {}
                    PrincipalPattern::Prefix(name) => prefixes.push(name),
                }
            }
        }
        exact.sort_unstable();
        principals.exact = exact.into();
        principals.prefixes = prefixes.into();
        principals
    }

    /// Whether `asker` is one of them.
    pub(super) fn contains(&self, asker: Asker<'_>) -> bool {
        match asker {
            Asker::Anonymous => self.anonymous,
            Asker::Principal(principal) => {
                let name = principal.as_str();
                self.authenticated
                    || self.exact.binary_search_by(|exact| exact.as_ref().cmp(name)).is_ok()
                    || self.prefixes.iter().any(|prefix| name.starts_with(prefix.as_ref()))
            }
        }
    }

    /// Whether those who prove nothing are among them.
    pub(super) fn includes_anonymous(&self) -> bool {
        self.anonymous
    }
}

const KINDS: [&str; 4] = ["coreweave/", "saml/", "role/", "static/"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Principal;

    fn names(written: &str, principal: &str) -> bool {
        let principals = Principals::new([PrincipalPattern::parse(written).unwrap()]);
        let principal = Principal::parse(principal).unwrap();
        principals.contains(Asker::Principal(&principal))
    }

    #[test]
    fn a_principal_is_named_whole_or_by_its_beginning() {
        assert!(names("saml/Admin", "saml/Admin"));
        assert!(!names("saml/Admin", "saml/Admin2"));
        assert!(!names("saml/Admin", "saml/admin"));
        assert!(names("saml/Adm*", "saml/Admin"));
        assert!(!names("saml/Adm*", "saml/Ad"));
        assert!(names("*", "static/CWKEY"));
        assert!(names("co*", "coreweave/t1"));
        assert!(names("role/https://issuer*", "role/https://issuer.example:alice"));
        assert!(!names("role/https://issuer", "role/https://issuer:alice"));
        assert!(!names("role/https://issuer/*", "role/https://issuer:alice"));
    }

    #[test]
    fn a_role_without_an_issuer_is_also_the_saml_role() {
        for (written, principal) in [
            ("role/Admin", "saml/Admin"),
            ("role/Admin", "role/Admin"),
            ("role/Adm*", "saml/Admin"),
            ("role/*", "saml/Admin"),
            ("role*", "saml/Admin"),
            ("r*", "saml/Admin"),
        ] {
            assert!(names(written, principal), "{written} names {principal}");
        }
        for (written, principal) in [
            ("role/Admin", "saml/Admin2"),
            ("saml/Admin", "role/Admin"),
            ("saml/*", "role/Admin"),
            ("role/https://i*", "saml/Admin"),
            ("role/a:b", "saml/a:b"),
            ("role/a/b", "saml/a/b"),
            ("r*", "static/CWKEY"),
        ] {
            assert!(!names(written, principal), "{written} does not name {principal}");
        }
    }

    #[test]
    fn only_everybody_and_anonymous_name_who_proved_nothing() {
        let contains = |pattern| Principals::new([pattern]).contains(Asker::Anonymous);
        assert!(contains(PrincipalPattern::Everybody) && contains(PrincipalPattern::Anonymous));
        assert!(!contains(PrincipalPattern::Authenticated) && !contains(PrincipalPattern::Nobody));
        assert!(!contains(PrincipalPattern::parse("r*").unwrap()));
        assert!(!Principals::new([PrincipalPattern::Anonymous]).authenticated);
    }

    #[test]
    fn what_can_be_nobody_is_refused() {
        for written in [
            "",
            "saml/",
            "user/alice",
            "alice@example.com",
            "u*",
            "sam",
            "saml/a*b",
            "saml/a**",
            "saml/a?",
            "?",
            "saml/a b",
            "saml/\u{fc}",
            "SAML/Admin",
            "anonymous",
        ] {
            assert!(PrincipalPattern::parse(written).is_err(), "{written}");
        }
    }
}
