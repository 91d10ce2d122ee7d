//! What decides, in which order, and which layer is not asked.

use super::*;
use crate::policy::ControlAction;
use crate::s3::PublicAccessBlock;

const RESTRICTED: PublicAccessBlock = PublicAccessBlock {
    block_public_acls: false,
    ignore_public_acls: false,
    block_public_policy: false,
    restrict_public_buckets: true,
};

/// The first obstacle in the way of putting an object.
fn obstacle(fixture: &Fixture, principal: &str, permission: Permission) -> Option<DenialCause> {
    let principal = Principal::parse(principal).unwrap();
    fixture.judge(&Claim::of_principal(&principal, permission), Action::PutObject).err().map(|denial| denial.cause)
}

#[tokio::test]
async fn the_layers_are_asked_in_their_order_and_the_first_obstacle_is_the_reason() {
    let fixture = Fixture::new().await;
    // Everything stands against it; one obstacle after the other is taken away.
    fixture.ensure(deny_all("deny")).await;
    fixture.put(&bucket_record(), b"nonsense").await;
    let unreadable = async || fixture.authority.in_force().unwrap().bucket("bucket").is_some();
    eventually("the bucket's record is known", unreadable).await;
    let (read, write) = (Permission::Read, Permission::Write);
    let narrow = |has| Some(DenialCause::Permission { has, takes: write });
    assert_eq!(obstacle(&fixture, "saml/Reader", read), narrow(read));
    assert_eq!(obstacle(&fixture, "saml/Reader", Permission::None), narrow(Permission::None));
    assert_eq!(obstacle(&fixture, "saml/Reader", write), Some(DenialCause::Ceiling { has: read, takes: write }));
    let no_ceiling = Some(DenialCause::Ceiling { has: Permission::None, takes: write });
    assert_eq!(obstacle(&fixture, "static/CWABC", write), no_ceiling);

    let next = || obstacle(&fixture, "saml/Writer", write);
    let Some(DenialCause::OrganizationPolicyDenies(statement)) = next() else { panic!("{:?}", next()) };
    assert_eq!(statement.to_string(), "deny/one");
    fixture.ensure(allow_all("allow")).await;
    assert!(matches!(next(), Some(DenialCause::OrganizationPolicyDenies(_))), "a Deny beats every Allow");
    assert!(fixture.delete("allow").await && fixture.delete("deny").await);
    assert_eq!(next(), Some(DenialCause::NoOrganizationPolicyAllows));
    fixture.ensure(allow_all("allow")).await;
    assert_eq!(next(), Some(DenialCause::BucketPolicyUnreadable));
    fixture.authority.forget_bucket(&bucket()).await.unwrap();
    assert_eq!(next(), None, "a bucket without a policy");
    fixture.set_policy(deny_everybody()).await;
    let Some(DenialCause::BucketPolicyDenies(statement)) = next() else { panic!("{:?}", next()) };
    assert_eq!(statement.to_string(), "bucket/one");
    fixture.set_policy(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"})).await;
    assert_eq!(next(), Some(DenialCause::BucketPolicyDoesNotAllow));
    fixture.set_policy(for_members()).await;
    assert_eq!(next(), None);

    let writer = Principal::parse("saml/Writer").unwrap();
    let allowed = fixture.judge(&Claim::of_principal(&writer, write), Action::PutObject).unwrap();
    let by = [allowed.organization(), allowed.bucket()].map(|statement| statement.unwrap().to_string());
    assert_eq!(by, ["allow/one", "bucket/one"]);
}

#[tokio::test]
async fn no_policy_at_all_means_no() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.may_get().unwrap_err().cause, DenialCause::NoOrganizationPolicyAllows);
    // A bucket policy alone opens nothing.
    fixture.set_policy(public()).await;
    assert_eq!(fixture.may_get().unwrap_err().cause, DenialCause::NoOrganizationPolicyAllows);
    fixture.ensure(policy("others", "Allow", &["s3:*"], &["saml/Other"])).await;
    assert_eq!(fixture.may_get().unwrap_err().cause, DenialCause::NoOrganizationPolicyAllows);
    fixture.ensure(policy("mine", "Allow", &["s3:GetObject"], &["saml/Admin"])).await;
    fixture.may_get().unwrap();
}

#[tokio::test]
async fn e17_an_explicit_deny_in_either_layer_beats_the_allow_of_the_other() {
    let fixture = Fixture::allowing().await;
    fixture.set_policy(public()).await;
    fixture.may_get().unwrap();
    fixture.ensure(policy("deny", "Deny", &["s3:GetObject"], &["saml/Admin"])).await;
    assert!(matches!(fixture.may_get().unwrap_err().cause, DenialCause::OrganizationPolicyDenies(_)));
    assert!(fixture.delete("deny").await);
    fixture.may_get().unwrap();
    fixture.set_policy(deny_everybody()).await;
    assert!(matches!(fixture.may_get().unwrap_err().cause, DenialCause::BucketPolicyDenies(_)));
    fixture.authority.set_bucket_policy(&bucket(), None).await.unwrap();
    fixture.may_get().unwrap();
}

#[tokio::test]
async fn who_locked_themselves_out_may_still_replace_the_bucket_policy() {
    // A bucket that is about to be made has no policy yet: what is kept under its name is a leftover.
    const NOT_ASKED: [Action; 3] = [Action::CreateBucket, Action::ListAllMyBuckets, Action::PutBucketPolicy];
    let fixture = Fixture::allowing().await;
    fixture.set_policy(deny_everybody()).await;
    let admin = admin();
    let claim = Claim::of_principal(&admin, Permission::Admin);
    for action in NOT_ASKED {
        fixture.judge(&claim, action).unwrap();
    }
    for action in ControlAction::ALL {
        judge(&fixture.authority, &claim, (*action).into()).unwrap();
    }
    for action in Action::ALL.iter().filter(|action| !NOT_ASKED.contains(action)) {
        let denied = fixture.judge(&claim, *action).unwrap_err();
        assert!(matches!(denied.cause, DenialCause::BucketPolicyDenies(_)), "{denied:?}");
    }
    // The organization policies are asked for them all the same.
    fixture.ensure(deny_all("deny")).await;
    for action in NOT_ASKED {
        assert!(matches!(fixture.judge(&claim, action).unwrap_err().cause, DenialCause::OrganizationPolicyDenies(_)));
    }
}

#[tokio::test]
async fn a_restricted_public_bucket_lets_members_in_and_nobody_else() {
    let fixture = Fixture::new().await;
    fixture.ensure(policy("anybody", "Allow", &["s3:GetObject"], &["*", "anonymous"])).await;
    fixture.set_policy(public()).await;
    let anonymous = || fixture.judge(&Claim::anonymous(), Action::GetObject).map_err(|denial| denial.cause);
    anonymous().unwrap();
    fixture.authority.set_public_access_block(&bucket(), Some(RESTRICTED)).await.unwrap();
    assert_eq!(anonymous().unwrap_err(), DenialCause::PublicAccessBlocked);
    fixture.may_get().unwrap();
    fixture.authority.set_public_access_block(&bucket(), None).await.unwrap();
    anonymous().unwrap();
}

#[tokio::test]
async fn an_explanation_agrees_with_the_decision_and_names_every_statement() {
    let fixture = Fixture::allowing().await;
    fixture.ensure(policy("others", "Allow", &["s3:*"], &["saml/Other"])).await;
    fixture.set_policy(deny_everybody()).await;
    let admin = admin();
    let claim = Claim::of_principal(&admin, Permission::Admin);
    let object = Resource::Object { bucket: "bucket", key: "key" };
    let in_force = fixture.authority.in_force().unwrap();
    let explained = in_force.explain(&claim, Action::GetObject.into(), object, &Context::new());
    assert_eq!(explained.decision.unwrap_err(), fixture.may_get().unwrap_err());
    let statements: Vec<_> = explained.organization.iter().map(|one| one.statement.to_string()).collect();
    assert_eq!(statements, ["allow-all/one", "others/one"]);
    assert_eq!(explained.bucket.unwrap().len(), 1);
    let escapes = in_force.explain(&claim, Action::PutBucketPolicy.into(), Resource::Bucket("bucket"), &Context::new());
    assert!(escapes.decision.is_ok() && escapes.bucket.is_none());
}
