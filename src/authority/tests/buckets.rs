//! What is kept about buckets, and the settings.

use super::*;
use crate::s3::PublicAccessBlock;

fn blocking() -> PublicAccessBlock {
    PublicAccessBlock { block_public_policy: true, ..PublicAccessBlock::default() }
}

async fn record_exists(fixture: &Fixture) -> bool {
    fixture.store.load(&bucket_record()).await.unwrap().is_some()
}

#[tokio::test]
async fn a_bucket_has_one_record_which_goes_when_it_is_empty() {
    let fixture = Fixture::allowing().await;
    let authority = &fixture.authority;
    authority.set_bucket_policy(&bucket(), None).await.unwrap();
    assert!(!record_exists(&fixture).await, "nothing is kept about nothing");
    fixture.set_policy(for_members()).await;
    authority.set_public_access_block(&bucket(), Some(blocking())).await.unwrap();
    let settings = BucketSettings { audit_logging: Some(true) };
    assert_eq!(authority.change_bucket_settings(&bucket(), settings).await.unwrap(), settings);
    assert_eq!(authority.change_bucket_settings(&bucket(), BucketSettings::default()).await.unwrap(), settings);

    let fixture = fixture.reopened().await;
    let authority = &fixture.authority;
    let rules = Arc::clone(authority.in_force().unwrap().bucket("bucket").unwrap());
    assert_eq!(rules.policy.as_ref().unwrap().as_ref().unwrap().text(), bucket_policy(for_members()).text());
    assert_eq!((rules.public_access_block, rules.settings), (Some(blocking()), settings));

    authority.set_bucket_policy(&bucket(), None).await.unwrap();
    authority.set_public_access_block(&bucket(), None).await.unwrap();
    assert!(record_exists(&fixture).await, "the settings are left");
    authority.forget_bucket(&bucket()).await.unwrap();
    assert!(!record_exists(&fixture).await);
    assert!(authority.in_force().unwrap().bucket("bucket").is_none());
    authority.forget_bucket(&bucket()).await.unwrap();

    fixture.set_policy(for_members()).await;
    fixture.authority.set_bucket_policy(&bucket(), None).await.unwrap();
    assert!(!record_exists(&fixture).await);
}

#[tokio::test]
async fn a_bucket_that_is_made_anew_has_nothing_of_the_one_before() {
    let fixture = Fixture::allowing().await;
    fixture.set_policy(deny_everybody()).await;
    fixture.may_get().unwrap_err();
    fixture.authority.forget_bucket(&bucket()).await.unwrap();
    fixture.may_get().unwrap();
    fixture.reopened().await.may_get().unwrap();
}

#[tokio::test]
async fn a_public_policy_is_refused_where_it_is_blocked() {
    let fixture = Fixture::allowing().await;
    let authority = &fixture.authority;
    authority.set_public_access_block(&bucket(), Some(blocking())).await.unwrap();
    let refused = authority.set_bucket_policy(&bucket(), Some(bucket_policy(public()))).await;
    assert!(matches!(refused, Err(AuthorityError::PublicPolicyBlocked(name)) if name == bucket()));
    fixture.set_policy(for_members()).await;
    authority.set_public_access_block(&bucket(), None).await.unwrap();
    fixture.set_policy(public()).await;
}

#[tokio::test]
async fn a_public_policy_does_not_slip_past_a_block_that_is_set_at_the_same_moment() {
    let fixture = Fixture::allowing().await;
    let other = fixture.another_node().await;
    fixture.store.stop_next_commit();
    let node = Arc::clone(&fixture.authority);
    let public = tokio::spawn(async move { node.set_bucket_policy(&bucket(), Some(bucket_policy(public()))).await });
    fixture.store.stopped.acquire().await.unwrap().forget();
    // It was found not to be blocked, and is not written yet.
    other.set_public_access_block(&bucket(), Some(blocking())).await.unwrap();
    fixture.store.go_on.add_permits(1);
    let refused = public.await.unwrap();
    assert!(matches!(refused, Err(AuthorityError::PublicPolicyBlocked(_))), "{refused:?}");
    let in_force = other.in_force().unwrap();
    assert!(in_force.bucket("bucket").unwrap().policy.is_none());
}

#[tokio::test]
async fn two_changes_of_the_organizations_settings_at_the_same_moment_are_both_kept() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    fixture.store.stop_next_commit();
    let node = Arc::clone(&fixture.authority);
    let first = tokio::spawn(async move {
        node.change_organization_settings(|settings| settings.control_plane_audit_logging = true).await
    });
    fixture.store.stopped.acquire().await.unwrap().forget();
    // What the first one changes was read, and is not written yet.
    other.change_organization_settings(|settings| settings.bucket_audit_logging = true).await.unwrap();
    fixture.store.go_on.add_permits(1);
    let both = OrganizationSettings { control_plane_audit_logging: true, bucket_audit_logging: true };
    assert_eq!(first.await.unwrap().unwrap(), both);
    assert_eq!(fixture.authority.organization_settings().unwrap(), both);
}

#[tokio::test]
async fn settings_of_the_organization_are_kept() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.authority.organization_settings().unwrap(), OrganizationSettings::default());
    let settings = OrganizationSettings { control_plane_audit_logging: true, bucket_audit_logging: false };
    fixture.authority.change_organization_settings(|kept| *kept = settings).await.unwrap();
    assert_eq!(fixture.authority.organization_settings().unwrap(), settings);
    let fixture = fixture.reopened().await;
    assert_eq!(fixture.authority.organization_settings().unwrap(), settings);
    fixture.put(&RecordKey::for_organization_settings(), br#"{"v":9,"record":{}}"#).await;
    let unknown = async || matches!(fixture.authority.organization_settings(), Err(AuthorityError::Record(_)));
    eventually("settings that cannot be read are not guessed", unknown).await;
}
