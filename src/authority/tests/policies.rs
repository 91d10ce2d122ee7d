//! Organization policies: put, replaced, deleted, counted, by one node and by two.

use super::*;
use crate::store::{POLICIES, Write, list_all};
use futures_util::future::join_all;

#[tokio::test]
async fn a_policy_is_in_force_when_it_is_acknowledged_and_after_a_restart() {
    let fixture = Fixture::new().await;
    fixture.ensure(allow_all("first policy")).await;
    fixture.may_get().unwrap();
    let fixture = fixture.reopened().await;
    fixture.may_get().unwrap();
    let listed = fixture.authority.organization_policies().unwrap();
    assert_eq!((listed.len(), &listed[0].origin), (1, &PolicyOrigin::Store));
    assert_eq!(*listed[0].policy, allow_all("first policy"));
    fixture.ensure(deny_all("first policy")).await;
    fixture.may_get().unwrap_err();
    assert!(fixture.delete("first policy").await);
    assert!(!fixture.delete("first policy").await);
    let fixture = fixture.reopened().await;
    assert!(names(&fixture.authority).is_empty());
}

#[tokio::test]
async fn changes_side_by_side_all_count() {
    let fixture = Fixture::new().await;
    let other = fixture.another_node().await;
    let both = [Arc::clone(&fixture.authority), Arc::clone(&other)];
    let changes = (0..40).map(|number| {
        let node = Arc::clone(&both[number % 2]);
        // Spawned, as the planes do.
        tokio::spawn(async move { node.ensure_policy(allow_all(&format!("policy-{:02}", number / 2))).await })
    });
    for change in join_all(changes).await {
        change.unwrap().unwrap();
    }
    let expected: Vec<_> = (0..20).map(|number| format!("policy-{number:02}")).collect();
    for node in both {
        eventually("both nodes know all", async || names(&node) == expected).await;
    }
}

#[tokio::test]
async fn one_of_two_nodes_gets_the_last_place() {
    let fixture = Fixture::new().await;
    let record = records::PolicyRecord::of;
    let name = |number: usize| format!("policy-{number:03}");
    let writes = (1..MOST_POLICIES)
        .map(|number| Write::create(policy_record(&name(number)), record(&allow_all(&name(number))).unwrap()));
    fixture.store.commit(writes.collect()).await.unwrap();
    let other = fixture.another_node().await;
    let (one, two) =
        tokio::join!(fixture.authority.ensure_policy(allow_all("one")), other.ensure_policy(allow_all("two")));
    let refused = [one, two].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(matches!(refused[..], [AuthorityError::TooMany { limit: MOST_POLICIES }]), "{refused:?}");
    assert_eq!(list_all(&*fixture.store, POLICIES).await.unwrap().len(), MOST_POLICIES);
    // Replacing one takes no place, and deleting one makes room.
    other.ensure_policy(deny_all("policy-007")).await.unwrap();
    assert!(other.delete_policy(&PolicyName::parse("policy-008").unwrap()).await.unwrap());
    other.ensure_policy(allow_all("three")).await.unwrap();
    assert!(matches!(other.ensure_policy(allow_all("four")).await, Err(AuthorityError::TooMany { .. })));
}

#[tokio::test]
async fn a_change_that_others_overtake_is_made_anew() {
    let fixture = Fixture::new().await;
    fixture.ensure(allow_all("one")).await;
    fixture.store.stop_next_commit();
    let node = Arc::clone(&fixture.authority);
    let change = tokio::spawn(async move { node.ensure_policy(deny_all("one")).await });
    fixture.store.stopped.acquire().await.unwrap().forget();
    let other = fixture.another_node().await;
    assert!(other.delete_policy(&PolicyName::parse("one").unwrap()).await.unwrap());
    fixture.store.go_on.add_permits(1);
    change.await.unwrap().unwrap();
    assert!(matches!(fixture.may_get().unwrap_err().cause, DenialCause::OrganizationPolicyDenies(_)));
}

#[tokio::test]
async fn a_change_of_a_bucket_leaves_the_compiled_policies_alone_and_the_other_way_round() {
    let fixture = Fixture::allowing().await;
    fixture.set_policy(for_members()).await;
    let before = fixture.authority.in_force().unwrap();
    let other = BucketName::parse("other").unwrap();
    let settings = BucketSettings { audit_logging: Some(true) };
    fixture.authority.change_bucket_settings(&other, settings).await.unwrap();
    let after = fixture.authority.in_force().unwrap();
    assert!(after.bucket("other").is_some() && before.bucket("other").is_none());
    assert!(Arc::ptr_eq(&before.organization, &after.organization));
    assert!(Arc::ptr_eq(before.bucket("bucket").unwrap(), after.bucket("bucket").unwrap()));
    fixture.ensure(deny_all("deny")).await;
    let last = fixture.authority.in_force().unwrap();
    assert!(!Arc::ptr_eq(&last.organization, &after.organization));
    assert!(Arc::ptr_eq(last.bucket("bucket").unwrap(), after.bucket("bucket").unwrap()));
}

#[tokio::test]
async fn a_store_that_fails_changes_nothing_and_says_so() {
    let fixture = Fixture::allowing().await;
    fixture.store.set_failing(true);
    let refused = fixture.authority.ensure_policy(deny_all("deny")).await;
    assert!(matches!(refused, Err(AuthorityError::Store(_))), "{refused:?}");
    let refused = fixture.authority.set_bucket_policy(&bucket(), Some(bucket_policy(deny_everybody()))).await;
    assert!(matches!(refused, Err(AuthorityError::Store(_))), "{refused:?}");
    fixture.store.set_failing(false);
    fixture.may_get().unwrap();
    assert_eq!(names(&fixture.authority), ["allow-all"]);
    // Removed behind its back and put again.
    let write = Write::delete(policy_record("allow-all"), Expected::Any);
    fixture.store.commit(vec![write]).await.unwrap();
    eventually("it is gone", async || names(&fixture.authority).is_empty()).await;
    fixture.ensure(allow_all("allow-all")).await;
    fixture.may_get().unwrap();
}
