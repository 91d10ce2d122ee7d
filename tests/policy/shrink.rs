//! Makes a document that shows a difference as small as it can be.

use serde_json::Value;

/// Removes list items and condition lines for as long as `differs` holds.
pub(crate) fn shrink(document: &Value, differs: &dyn Fn(&Value) -> bool) -> Value {
    let mut least = document.clone();
    'again: loop {
        for place in removable(&least, "") {
            let mut smaller = least.clone();
            let (parent, child) = place.rsplit_once('/').unwrap();
            match smaller.pointer_mut(parent) {
                Some(Value::Array(items)) => drop(items.remove(child.parse().unwrap())),
                Some(Value::Object(members)) => drop(members.remove(&child.replace("~1", "/"))),
                _ => {}
            }
            if differs(&smaller) {
                least = smaller;
                continue 'again;
            }
        }
        return least;
    }
}

/// JSON pointers to everything that a document may lack.
fn removable(value: &Value, place: &str) -> Vec<String> {
    let mut places = Vec::new();
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                let item_place = format!("{place}/{number}");
                if items.len() > 1 {
                    places.push(item_place.clone());
                }
                places.extend(removable(item, &item_place));
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let member_place = format!("{place}/{}", name.replace('/', "~1"));
                if name == "Condition" || name == "Sid" || place.contains("/Condition") && members.len() > 1 {
                    places.push(member_place.clone());
                }
                places.extend(removable(member, &member_place));
            }
        }
        _ => {}
    }
    places
}
