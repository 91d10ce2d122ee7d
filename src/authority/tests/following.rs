//! What is in force is what the store holds, or nothing is.

use super::*;
use crate::store::{Change, Revision, WatchEvent};

#[tokio::test]
async fn our_own_changes_are_in_force_when_they_are_acknowledged_not_when_the_watch_tells() {
    let fixture = Fixture::deaf().await;
    fixture.ensure(allow_all("one")).await;
    fixture.set_policy(for_members()).await;
    fixture.may_get().unwrap();
    let created = fixture.store.load(&policy_record("one")).await.unwrap().unwrap();
    let early = fixture.store.load(&bucket_record()).await.unwrap().unwrap();
    fixture.set_policy(deny_everybody()).await;
    fixture.may_get().unwrap_err();
    assert!(fixture.delete("one").await);
    // Late news of how they were changes nothing.
    for (key, stored) in [(policy_record("one"), created), (bucket_record(), early)] {
        let late = Change { key, revision: stored.revision, value: Some(stored.value) };
        fixture.store.tell(&WatchEvent::Changed(late));
    }
    // The last news; once it is known, what came before it is known too.
    let last = fixture.another_node().await;
    last.ensure_policy(allow_all("last")).await.unwrap();
    let stored = fixture.store.load(&policy_record("last")).await.unwrap().unwrap();
    let last = Change { key: policy_record("last"), revision: stored.revision, value: Some(stored.value) };
    fixture.store.tell(&WatchEvent::Changed(last));
    eventually("the last news is known", async || names(&fixture.authority) == ["last"]).await;
    assert!(matches!(fixture.may_get().unwrap_err().cause, DenialCause::BucketPolicyDenies(_)));
}

#[tokio::test]
async fn changes_of_another_node_arrive() {
    let fixture = Fixture::allowing().await;
    let other = fixture.another_node().await;
    other.set_bucket_policy(&bucket(), Some(bucket_policy(deny_everybody()))).await.unwrap();
    eventually("the bucket policy", async || fixture.may_get().is_err()).await;
    other.forget_bucket(&bucket()).await.unwrap();
    eventually("its end", async || fixture.may_get().is_ok()).await;
    other.ensure_policy(deny_all("deny")).await.unwrap();
    eventually("the policy", async || fixture.may_get().is_err()).await;
    let settings = OrganizationSettings { bucket_audit_logging: true, ..OrganizationSettings::default() };
    other.change_organization_settings(|kept| *kept = settings).await.unwrap();
    let arrived = async || fixture.authority.organization_settings().unwrap() == settings;
    eventually("the settings", arrived).await;
}

#[tokio::test]
async fn whoever_missed_news_reads_everything_again() {
    let fixture = Fixture::deaf().await;
    fixture.ensure(allow_all("one")).await;
    fixture.set_policy(for_members()).await;
    // Behind its back.
    fixture.store.delete(policy_record("one"), Expected::Any).await.unwrap();
    fixture.store.delete(bucket_record(), Expected::Any).await.unwrap();
    fixture.may_get().unwrap();
    fixture.store.tell(&WatchEvent::Lagged);
    let known = async || fixture.authority.in_force().is_ok_and(|now| now.policies.is_empty());
    eventually("the listing replaces what was known", known).await;
    assert!(fixture.authority.in_force().unwrap().bucket("bucket").is_none());
    fixture.may_get().unwrap_err();
}

#[tokio::test]
async fn e21_while_the_store_cannot_be_followed_nothing_is_in_force() {
    let fixture = Fixture::deaf().await;
    fixture.ensure(allow_all("one")).await;
    fixture.may_get().unwrap();
    fixture.store.set_failing(true);
    fixture.store.hang_up();
    let refused = async || matches!(fixture.authority.in_force(), Err(AuthorityError::NotCurrent));
    eventually("nothing is in force", refused).await;
    assert!(matches!(fixture.authority.organization_policies(), Err(AuthorityError::NotCurrent)));
    assert!(matches!(open(&fixture.store, Vec::new()).await, Err(AuthorityError::Store(_))));
    fixture.store.set_failing(false);
    eventually("it comes back by itself", async || fixture.authority.in_force().is_ok()).await;
    fixture.may_get().unwrap();
}

/// Records that no version of this program has written like that, or only a newer one.
const NONSENSE: [&[u8]; 5] = [
    b"",
    b"{}",
    br#"{"v":2,"record":{}}"#,
    br#"{"v":1,"record":{"document":"{}"}}"#,
    br#"{"v":1,"record":{"policy":"{}","settings":{},"public_access_block":null,"and":"more"}}"#,
];

#[tokio::test]
async fn e21_a_stored_policy_that_cannot_be_understood_stops_everything_until_it_is_gone() {
    let fixture = Fixture::allowing().await;
    let refused = async || matches!(fixture.authority.in_force(), Err(AuthorityError::NotCurrent));
    for nonsense in NONSENSE {
        fixture.put(&policy_record("bad"), nonsense).await;
        eventually("everything is refused", refused).await;
        assert!(open(&fixture.store, Vec::new()).await.is_err(), "and nobody starts with it");
        assert!(fixture.repair().await.in_force().is_err(), "nor is anything in force for who repairs it");
        // Changes elsewhere do not bring the others back without it.
        fixture.set_policy(for_members()).await;
        fixture.ensure(allow_all("another")).await;
        assert!(refused().await);
        assert!(fixture.delete("bad").await);
        fixture.may_get().unwrap();
    }
    fixture.put(&policy_record("bad"), NONSENSE[0]).await;
    eventually("everything is refused", refused).await;
    fixture.ensure(deny_all("bad")).await;
    assert!(matches!(fixture.may_get().unwrap_err().cause, DenialCause::OrganizationPolicyDenies(_)));
    // Under another's name, it is not believed.
    let stored = fixture.store.load(&policy_record("allow-all")).await.unwrap().unwrap();
    fixture.store.create(policy_record("misfiled"), stored.value).await.unwrap();
    eventually("everything is refused", refused).await;
    let opened = open(&fixture.store, Vec::new()).await;
    assert!(matches!(opened, Err(AuthorityError::Record(_))), "{:?}", opened.err());
}

#[tokio::test]
async fn a_policy_that_keeps_servers_from_starting_can_be_replaced_or_deleted_in_a_stopped_store() {
    let fixture = Fixture::allowing().await;
    for nonsense in NONSENSE {
        for delete in [true, false] {
            fixture.put(&policy_record("bad"), nonsense).await;
            let refused = open(&fixture.store, Vec::new()).await.unwrap_err().to_string();
            assert!(refused.contains("bad"), "it is named: {refused}");
            let repairing = fixture.repair().await;
            assert_eq!(repairing.unfit_to_start().unwrap().to_string(), refused);
            if delete {
                assert!(repairing.delete_policy(&PolicyName::parse("bad").unwrap()).await.unwrap());
            } else {
                repairing.ensure_policy(allow_all("bad")).await.unwrap();
            }
            assert!(repairing.unfit_to_start().is_none() && repairing.in_force().is_ok());
            open(&fixture.store, Vec::new()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn e21_a_stored_bucket_policy_that_cannot_be_understood_closes_that_bucket_only() {
    let fixture = Fixture::allowing().await;
    let other = BucketName::parse("other").unwrap();
    let elsewhere = Resource::Object { bucket: "other", key: "key" };
    fixture.authority.change_bucket_settings(&other, BucketSettings { audit_logging: Some(true) }).await.unwrap();
    let unreadable = br#"{"v":1,"record":{"policy":"{\"Statement\": 1}","settings":{},"public_access_block":null}}"#;
    for nonsense in [&unreadable[..], NONSENSE[0], NONSENSE[2], NONSENSE[4]] {
        fixture.may_get().unwrap();
        fixture.put(&bucket_record(), nonsense.to_vec().leak()).await;
        eventually("the bucket is closed", async || fixture.may_get().is_err()).await;
        let restarted = fixture.another_node().await;
        for node in [&fixture.authority, &restarted] {
            let admin = admin();
            let claim = Claim::of_principal(&admin, Permission::Admin);
            let denied = judge(node, &claim, Action::GetObject.into()).unwrap_err();
            assert_eq!(denied.cause, DenialCause::BucketPolicyUnreadable);
            let in_force = node.in_force().unwrap();
            in_force.judge(&claim, Action::GetObject.into(), elsewhere, &Context::new()).unwrap();
            assert!(!in_force.may_show(&claim, "bucket") && in_force.may_show(&claim, "other"));
            judge(node, &claim, Action::PutBucketPolicy.into()).unwrap();
        }
        fixture.authority.forget_bucket(&bucket()).await.unwrap();
    }
    // What is only a bad policy is replaced by a good one.
    fixture.put(&bucket_record(), unreadable).await;
    eventually("the bucket is closed", async || fixture.may_get().is_err()).await;
    fixture.set_policy(for_members()).await;
    fixture.may_get().unwrap();
}

#[tokio::test]
async fn news_of_a_revision_that_is_known_changes_nothing() {
    let fixture = Fixture::deaf().await;
    fixture.ensure(allow_all("one")).await;
    let before = fixture.authority.in_force().unwrap();
    let stored = fixture.store.load(&policy_record("one")).await.unwrap().unwrap();
    fixture.authority.live.learn(policy_record("one"), stored.revision, Some(stored.value));
    fixture.authority.live.learn(policy_record("two"), Revision(0), Some(Bytes::from_static(b"older than everything")));
    assert!(Arc::ptr_eq(&before, &fixture.authority.in_force().unwrap()));
}

#[tokio::test]
async fn j07_once_nobody_follows_the_store_any_more_nothing_is_in_force() {
    let fixture = Fixture::deaf().await;
    fixture.ensure(allow_all("allow-all")).await;
    fixture.may_get().unwrap();
    fixture.store.panic_from_now_on();
    fixture.store.tell(&WatchEvent::Lagged);
    let refused = async || matches!(fixture.authority.in_force(), Err(AuthorityError::NotCurrent));
    eventually("what panicked does not leave old policies in force", refused).await;
    // A change from here is still written, and changes nothing of that.
    fixture.authority.set_public_access_block(&bucket(), None).await.unwrap();
    fixture.set_policy(public()).await;
    assert!(refused().await);
}
