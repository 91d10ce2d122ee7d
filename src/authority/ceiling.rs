//! The most that an identity may do: the permission of its key, under the ceiling of its prefix. Judged
//! at every request, so that lowering a ceiling narrows the keys that live.

use std::time::Duration;

use super::Claim;
use super::decision::DenialCause;
use crate::config::Ceiling;
use crate::identity::{Permission, Principal};
use crate::policy::{Asker, PolicyAction};
use crate::s3::operation::{Action, NeededPermission};

/// The configured ceilings, longest prefix first.
#[derive(Clone, Debug)]
pub struct Ceilings(Vec<Ceiling>);

/// Why a principal gets no key like that. The operator's configuration says so.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IssueDenial {
    /// Nothing is allowed to such identities.
    #[error("no [[identity]] entry of the configuration allows anything to this identity")]
    NoEntry,
    /// No permanent keys.
    #[error("the configuration allows no permanent keys to this identity; ask for a duration")]
    Permanent,
    /// Not as long.
    #[error("the configuration allows this identity keys of at most {} seconds", .0.as_secs())]
    TooLong(Duration),
}

impl Ceilings {
    /// The ceilings of the configuration.
    #[must_use]
    pub fn new(mut ceilings: Vec<Ceiling>) -> Self {
        ceilings.sort_by_key(|ceiling| std::cmp::Reverse(ceiling.prefix.len()));
        Self(ceilings)
    }

    /// Every entry, longest prefix first.
    #[must_use]
    pub fn entries(&self) -> &[Ceiling] {
        &self.0
    }

    /// The most that `principal` may do: nothing where no entry matches.
    #[must_use]
    pub fn of(&self, principal: &Principal) -> Permission {
        let ceiling = self.0.iter().find(|ceiling| ceiling.matches(principal.as_str()));
        ceiling.map_or(Permission::None, |ceiling| ceiling.permission)
    }

    /// The most that a new key of `principal` may do, if one may live for `life`; `None` asks for ever.
    ///
    /// # Errors
    /// [`IssueDenial`], which says what the ceiling allows.
    pub fn judge_issue(&self, principal: &Principal, life: Option<Duration>) -> Result<Permission, IssueDenial> {
        let ceiling = self.0.iter().find(|ceiling| ceiling.matches(principal.as_str()));
        let Some(ceiling) = ceiling.filter(|ceiling| ceiling.permission > Permission::None) else {
            return Err(IssueDenial::NoEntry);
        };
        match life {
            None if !ceiling.permanent => Err(IssueDenial::Permanent),
            Some(life) if life > ceiling.max_duration => Err(IssueDenial::TooLong(ceiling.max_duration)),
            _ => Ok(ceiling.permission),
        }
    }

    /// The longest life of a temporary key of `principal`; nothing where no entry matches.
    #[must_use]
    pub fn longest_life(&self, principal: &Principal) -> Duration {
        let ceiling = self.0.iter().find(|ceiling| ceiling.matches(principal.as_str()));
        ceiling.map_or(Duration::ZERO, |ceiling| ceiling.max_duration)
    }

    /// Whether the key and the ceiling of the one who asks are wide enough for `action`.
    ///
    /// # Errors
    /// Which of the two is too narrow; or that `action` takes an identity, and nobody signed.
    pub(super) fn judge(&self, claim: &Claim<'_>, action: PolicyAction) -> Result<(), DenialCause> {
        if claim.asker() == Asker::Anonymous
            && !is_for_anybody(action)
            && !crate::fault::check_is_off("anonymous_actions")
        {
            return Err(DenialCause::TakesIdentity);
        }
        self.judge_level(claim, taken_by(action))
    }

    /// Whether they suffice for something that takes `takes`.
    ///
    /// # Errors
    /// Which of the two is too narrow.
    pub(super) fn judge_level(&self, claim: &Claim<'_>, takes: Permission) -> Result<(), DenialCause> {
        let off = crate::fault::check_is_off;
        let has = claim.permission();
        if has < takes && !off("permission") {
            return Err(DenialCause::Permission { has, takes });
        }
        let Asker::Principal(principal) = claim.asker() else { return Ok(()) };
        let has = self.of(principal);
        if has < takes && !off("ceiling") {
            return Err(DenialCause::Ceiling { has, takes });
        }
        Ok(())
    }
}

/// Whether policies can give `action` to those who prove nothing: reading objects and listing them, which is
/// what public buckets are for. The other actions of the same level show who may do what, who owns what and
/// what is being uploaded.
fn is_for_anybody(action: PolicyAction) -> bool {
    matches!(
        action,
        PolicyAction::S3(
            Action::GetObject | Action::GetObjectVersion | Action::ListBucket | Action::ListBucketVersions
        )
    )
}

/// The least permission that suffices for `action`. On the control plane, looking and making keys for
/// oneself takes `read` and changing takes `write`.
fn taken_by(action: PolicyAction) -> Permission {
    match action {
        PolicyAction::Control(action) if action.changes_nothing_of_others() => Permission::Read,
        PolicyAction::Control(_) => Permission::Write,
        PolicyAction::S3(action) => match action.needed_permission() {
            NeededPermission::Read => Permission::Read,
            NeededPermission::Write => Permission::Write,
            NeededPermission::Admin => Permission::Admin,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ControlAction;

    fn ceiling(prefix: &str, permission: Permission) -> Ceiling {
        Ceiling { prefix: prefix.into(), permission, max_duration: Duration::from_hours(12), permanent: true }
    }

    #[test]
    fn the_longest_prefix_wins_and_no_entry_means_nothing() {
        let ceilings =
            Ceilings::new(vec![ceiling("static/", Permission::Admin), ceiling("static/CWREAD", Permission::Read)]);
        let of = |text: &str| ceilings.of(&Principal::parse(text).unwrap());
        assert_eq!(of("static/CWOTHER"), Permission::Admin);
        assert_eq!(of("static/CWREADER"), Permission::Read);
        assert_eq!(of("saml/Admin"), Permission::None);
    }

    #[test]
    fn the_narrower_of_key_and_ceiling_decides() {
        let ceilings = Ceilings::new(vec![ceiling("static/", Permission::Write)]);
        let principal = Principal::parse("static/CWABC").unwrap();
        let judge =
            |permission, action: Action| ceilings.judge(&Claim::of_principal(&principal, permission), action.into());
        assert_eq!(judge(Permission::Admin, Action::PutObject), Ok(()));
        assert_eq!(judge(Permission::Read, Action::GetObject), Ok(()));
        let key = judge(Permission::Read, Action::PutObject);
        assert_eq!(key, Err(DenialCause::Permission { has: Permission::Read, takes: Permission::Write }));
        let prefix = judge(Permission::Admin, Action::CreateBucket);
        assert_eq!(prefix, Err(DenialCause::Ceiling { has: Permission::Write, takes: Permission::Admin }));
    }

    #[test]
    fn nobody_may_read_and_list_objects_and_no_more() {
        let ceilings = Ceilings::new(Vec::new());
        let judge = |action: PolicyAction| ceilings.judge(&Claim::anonymous(), action);
        let open: Vec<&str> =
            Action::ALL.iter().filter(|action| judge((**action).into()).is_ok()).map(|action| action.name()).collect();
        assert_eq!(open, ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"]);
        for action in ControlAction::ALL {
            assert_eq!(judge((*action).into()), Err(DenialCause::TakesIdentity), "{action:?}");
        }
    }

    #[test]
    fn g05_a_ceiling_says_how_long_and_how_much_a_new_key_may() {
        let hour = Duration::from_hours(1);
        let with = |prefix: &str, permission, permanent| Ceiling {
            prefix: prefix.into(),
            permission,
            max_duration: hour,
            permanent,
        };
        let ceilings = Ceilings::new(vec![
            with("coreweave/", Permission::Write, true),
            with("saml/", Permission::Read, false),
            with("saml/Nothing", Permission::None, true),
        ]);
        let judge = |text: &str, life| ceilings.judge_issue(&Principal::parse(text).unwrap(), life);
        assert_eq!(judge("coreweave/abcdefgh", None), Ok(Permission::Write));
        assert_eq!(judge("saml/Reader", Some(hour)), Ok(Permission::Read));
        assert_eq!(judge("saml/Reader", Some(Duration::from_secs(1))), Ok(Permission::Read));
        assert_eq!(judge("saml/Reader", None), Err(IssueDenial::Permanent));
        let too_long = hour + Duration::from_secs(1);
        for principal in ["saml/Reader", "coreweave/abcdefgh"] {
            assert_eq!(judge(principal, Some(too_long)), Err(IssueDenial::TooLong(hour)));
        }
        for principal in ["role/https://idp.example:x", "static/CWAAAAAAAAAAAAAAAAAA", "saml/Nothing"] {
            for life in [None, Some(hour), Some(too_long)] {
                assert_eq!(judge(principal, life), Err(IssueDenial::NoEntry), "{principal}");
            }
        }
        let longest = |text: &str| ceilings.longest_life(&Principal::parse(text).unwrap());
        assert_eq!((longest("saml/Reader"), longest("role/x")), (hour, Duration::ZERO));
    }
}
