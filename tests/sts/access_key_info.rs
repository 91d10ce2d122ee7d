//! `GetAccessKeyInfo`: the organization of a key, for who may know of it.

use crate::client::{Session, Sts, action, has_the_form_of_aws};

fn about(id: &str) -> [(&str, &str); 1] {
    [("AccessKeyId", id)]
}

#[tokio::test]
async fn g08_others_keys_are_shown_to_administrators_only() {
    let sts = Sts::start().await;
    let (admin, reader) = (Session::of(&sts.app.admin), Session::of(&sts.app.read));
    let own = reader.key.id.clone();
    let others = sts.app.write.id.clone();
    for (session, id) in [(&reader, &own), (&admin, &own), (&admin, &others)] {
        let response = sts.send(&session.sign(action("GetAccessKeyInfo", &about(id)))).await;
        assert_eq!(response.status, 200, "{response:?}");
        has_the_form_of_aws(&response, "GetAccessKeyInfoResponse");
        assert_eq!(response.element("Account").as_deref(), Some("ab1cd2"), "{response:?}");
    }
    let unknown = "CWINVENTEDINVENTED22";
    let mut messages = Vec::new();
    for (session, id) in [(&reader, others.as_str()), (&reader, unknown), (&admin, unknown)] {
        let refusal = sts.refuses(&session.sign(action("GetAccessKeyInfo", &about(id))), 403, "AccessDenied").await;
        messages.push(refusal.element("Message").unwrap().replace(id, "ID"));
    }
    assert!(messages.windows(2).all(|pair| pair[0] == pair[1]), "{messages:?}");
}

#[tokio::test]
async fn the_ceiling_of_the_identity_counts() {
    let sts = Sts::with(|setup| setup.identities[0].1 = "write".to_owned()).await;
    let admin = Session::of(&sts.app.admin);
    let request = admin.sign(action("GetAccessKeyInfo", &about(&sts.app.write.id)));
    sts.refuses(&request, 403, "AccessDenied").await;
}

#[tokio::test]
async fn the_id_has_to_be_one() {
    let sts = Sts::start().await;
    let admin = Session::of(&sts.app.admin);
    for parameters in [vec![], vec![("AccessKeyId", "")], vec![("AccessKeyId", "short")]] {
        sts.refuses(&admin.sign(action("GetAccessKeyInfo", &parameters)), 400, "ValidationError").await;
    }
}
