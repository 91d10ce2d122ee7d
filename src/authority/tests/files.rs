//! Policies in files of the configuration: a layer beside the store that nobody changes from here.

use super::*;

fn file(policy: OrganizationPolicy) -> PolicyFile {
    PolicyFile { path: PathBuf::from(format!("policies/{}.json", policy.name())), policy }
}

#[tokio::test]
async fn policies_of_files_and_of_the_store_are_in_force_together() {
    let fixture = Fixture::with(vec![file(allow_all("from-file"))], false).await;
    fixture.may_get().unwrap();
    fixture.ensure(policy("a-deny", "Deny", &["s3:GetObject"], &["*"])).await;
    fixture.may_get().unwrap_err();
    let listed = fixture.authority.organization_policies().unwrap();
    let listed: Vec<_> = listed.iter().map(|entry| (entry.policy.name().as_str(), entry.origin.clone())).collect();
    let in_file = PolicyOrigin::File("policies/from-file.json".into());
    assert_eq!(listed, [("a-deny", PolicyOrigin::Store), ("from-file", in_file)]);
    assert!(fixture.delete("a-deny").await);
    fixture.may_get().unwrap();
}

#[tokio::test]
async fn a_policy_of_a_file_is_changed_there_and_nowhere_else() {
    let fixture = Fixture::with(vec![file(allow_all("from-file"))], false).await;
    let put = fixture.authority.ensure_policy(deny_all("from-file")).await;
    let deleted = fixture.authority.delete_policy(&PolicyName::parse("from-file").unwrap()).await.map(drop);
    for refused in [put, deleted] {
        assert!(matches!(&refused, Err(AuthorityError::KeptInFile { name, .. }) if name.as_str() == "from-file"));
        assert!(refused.unwrap_err().to_string().contains("policies/from-file.json"));
    }
    fixture.may_get().unwrap();
    assert!(fixture.store.load(&policy_record("from-file")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_that_names_a_stored_policy_refuses_to_start() {
    let fixture = Fixture::allowing().await;
    let refused = open(&fixture.store, vec![file(deny_all("allow-all"))]).await.unwrap_err();
    assert!(matches!(&refused, AuthorityError::NameTaken { name, .. } if name.as_str() == "allow-all"));
    assert!(refused.to_string().contains("policies/allow-all.json"), "{refused}");
    open(&fixture.store, vec![file(deny_all("another"))]).await.unwrap();
}

#[tokio::test]
async fn a_policy_that_another_node_stores_under_a_files_name_is_in_force_beside_it() {
    let fixture = Fixture::with(vec![file(allow_all("shared"))], false).await;
    fixture.may_get().unwrap();
    let other = fixture.another_node().await;
    other.ensure_policy(deny_all("shared")).await.unwrap();
    eventually("the Deny is in force here", async || fixture.may_get().is_err()).await;
    assert_eq!(names(&fixture.authority), ["shared", "shared"]);
}
