//! Files that are not what they should be, and work that is interrupted.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;
use crate::identity::OrganizationId;
use crate::store::{Expected, Mutation, RecordKey, Versioned, Write, list_all, open_embedded};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn keys(byte: u8) -> SealKeys {
    SealKeys::new(&Zeroizing::new([byte; 32]))
}

fn name(text: &str) -> RecordKey {
    RecordKey::parse(text).unwrap()
}

fn organization() -> OrganizationId {
    OrganizationId::parse("ab1cd2").unwrap()
}

/// A folder with stores and files.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn store(&self, name: &str) -> Arc<dyn KeyStore> {
        open_embedded(&self.path(name)).unwrap()
    }
}

/// `count` records of several kinds, those of every third with an end.
async fn fill(store: &dyn KeyStore, count: usize) {
    for batch in (0..count).collect::<Vec<_>>().chunks(500) {
        let writes = batch.iter().map(|number| {
            let kind = ["key", "token", "policy"][number % 3];
            let until = (number % 3 == 0).then(|| Timestamp::from_second(1_900_000_000).unwrap());
            let value = Bytes::from(format!("value {number}"));
            Write::put(name(&format!("{kind}/{number:06}")), Expected::Absent, value).until(until)
        });
        store.commit(writes.collect()).await.unwrap();
    }
}

/// All records that are moved, each with its value and its end.
async fn contents(store: &dyn KeyStore) -> BTreeMap<String, (Bytes, Option<Timestamp>)> {
    let all = list_all(store, "").await.unwrap().into_iter().filter(|(key, _)| !key.is_internal());
    all.map(|(key, Versioned { value, until, .. })| (key.to_string(), (value, until))).collect()
}

fn never_stop(_: Done) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Stops after it was asked `times` times.
fn stop_after(times: usize) -> impl FnMut(Done) -> ControlFlow<()> + Send {
    let mut asked = 0;
    move |_| {
        asked += 1;
        if asked > times { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

async fn export_to(path: &Path, store: &Arc<dyn KeyStore>, progress: Progress<'_>) -> Result<Summary, TransferError> {
    let (organization, keys) = (organization(), keys(1));
    let what = Export { organization: &organization, keys: &keys, path, now: NOW };
    export(Arc::clone(store), &what, &mut UnwrapErr(SysRng), progress).await
}

async fn import_from(path: &Path, store: &Arc<dyn KeyStore>, progress: Progress<'_>) -> Result<Summary, TransferError> {
    let file = Verified::read(path, &keys(1))?;
    import(&file, &organization(), Arc::clone(store), &keys(1), &mut UnwrapErr(SysRng), progress).await
}

fn fault(path: &Path) -> FileFault {
    match Verified::read(path, &keys(1)) {
        Err(TransferError::Fault { fault, .. }) => fault,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was taken"),
    }
}

/// An export of three pages and a last one, and where each page begins; after the last of those, where the file ends.
async fn paged(place: &Place, file: &str) -> (Vec<u8>, Vec<usize>) {
    let store = place.store(&format!("{file}.redb"));
    fill(&*store, 2500).await;
    export_to(&place.path(file), &store, &mut never_stop).await.unwrap();
    let bytes = fs::read(place.path(file)).unwrap();
    let mut starts = vec![bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1];
    while let Some(front) = bytes.get(*starts.last().unwrap()..).and_then(<[u8]>::first_chunk::<4>) {
        starts.push(starts.last().unwrap() + 5 + u32::from_be_bytes(*front) as usize);
    }
    assert_eq!((starts.len(), *starts.last().unwrap()), (5, bytes.len()), "three pages and the last");
    (bytes, starts)
}

#[tokio::test]
async fn what_is_exported_and_imported_is_the_same() {
    let place = Place::new();
    let (from, into) = (place.store("from"), place.store("into"));
    fill(&*from, 2500).await;
    from.create(RecordKey::for_seal_mark(), Bytes::from_static(b"its own")).await.unwrap();
    let path = place.path("export");
    let exported = export_to(&path, &from, &mut never_stop).await.unwrap();
    assert_eq!((exported.total(), exported.records["key"], exported.resumed), (2500, 834, false));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(exported.bytes, fs::metadata(&path).unwrap().len());
    assert!(!place.path("export.partial").exists());
    let imported = import_from(&path, &into, &mut never_stop).await.unwrap();
    assert_eq!(imported, exported);
    assert_eq!(contents(&*into).await, contents(&*from).await);
    assert!(into.load(&RecordKey::for_transfer_mark()).await.unwrap().is_none());
    assert!(from.load(&RecordKey::for_transfer_probe()).await.unwrap().is_none());
}

#[tokio::test]
async fn nothing_of_a_secret_can_be_read_in_the_file() {
    let place = Place::new();
    let store = place.store("from");
    store.create(name("token/reader"), Bytes::from_static(b"a value to be found")).await.unwrap();
    export_to(&place.path("export"), &store, &mut never_stop).await.unwrap();
    let bytes = fs::read(place.path("export")).unwrap();
    for text in ["token", "reader", "a value"] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
}

#[tokio::test]
async fn a_file_that_ends_at_any_page_or_within_one_is_refused() {
    let place = Place::new();
    let (bytes, starts) = paged(&place, "export").await;
    let cut = place.path("cut");
    for (pages, start) in starts.iter().enumerate().take(4) {
        fs::write(&cut, &bytes[..*start]).unwrap();
        assert_eq!(fault(&cut), FileFault::Incomplete { pages: pages as u64 });
        for more in [1, 4, 5, 20, starts[pages + 1] - start - 1] {
            fs::write(&cut, &bytes[..start + more]).unwrap();
            assert_eq!(fault(&cut), FileFault::Cut { page: pages as u64 + 1 }, "{more}");
        }
    }
    fs::write(&cut, &bytes[..20]).unwrap();
    assert_eq!(fault(&cut), FileFault::NotAnExport);
    fs::write(&cut, b"").unwrap();
    assert_eq!(fault(&cut), FileFault::NotAnExport);
    fs::write(&cut, [&bytes[..], b"x"].concat()).unwrap();
    assert_eq!(fault(&cut), FileFault::Trailing);
    fs::write(&cut, &bytes).unwrap();
    assert!(Verified::read(&cut, &keys(1)).is_ok(), "all of it is taken");
}

#[tokio::test]
async fn a_file_of_which_any_byte_was_changed_is_refused() {
    let place = Place::new();
    let store = place.store("from");
    fill(&*store, 3).await;
    export_to(&place.path("export"), &store, &mut never_stop).await.unwrap();
    let bytes = fs::read(place.path("export")).unwrap();
    let changed = place.path("changed");
    for position in 0..bytes.len() {
        let mut other = bytes.clone();
        other[position] ^= 1;
        fs::write(&changed, &other).unwrap();
        assert!(Verified::read(&changed, &keys(1)).is_err(), "byte {position}");
    }
    fs::write(&changed, &bytes).unwrap();
    assert!(Verified::read(&changed, &keys(1)).is_ok());
    let line = String::from_utf8(bytes.split(|byte| *byte == b'\n').next().unwrap().to_vec()).unwrap();
    let pages = &bytes[line.len()..];
    for (old, new, expected) in [
        ("ab1cd2", "zz1cd2", FileFault::Header),
        ("\"version\":1", "\"version\":2", FileFault::Version { found: 2, known: 1 }),
        ("\"version\":1", "\"version\": 1", FileFault::Header),
        ("portcullis_export", "something_else", FileFault::NotAnExport),
    ] {
        assert!(line.contains(old), "{line}");
        fs::write(&changed, [line.replace(old, new).as_bytes(), pages].concat()).unwrap();
        assert_eq!(fault(&changed), expected);
    }
}

#[tokio::test]
async fn a_page_elsewhere_is_refused() {
    let place = Place::new();
    let (bytes, starts) = paged(&place, "one").await;
    let (other, others) = paged(&place, "other").await;
    let page = |number: usize| &bytes[starts[number - 1]..starts[number]];
    let head = &bytes[..starts[0]];
    let odd = place.path("odd");
    let refused = |parts: &[&[u8]], expected: FileFault| {
        fs::write(&odd, parts.concat()).unwrap();
        assert_eq!(fault(&odd), expected);
    };
    refused(&[head, page(2), page(1), page(3), page(4)], FileFault::Page { page: 1 });
    refused(&[head, page(1), page(3), page(4)], FileFault::Page { page: 2 });
    refused(&[head, page(1), page(1), page(2), page(3), page(4)], FileFault::Page { page: 2 });
    refused(&[head, page(1), page(2), page(4)], FileFault::Page { page: 3 });
    let spliced = &other[others[1]..others[2]];
    refused(&[head, page(1), spliced, page(3), page(4)], FileFault::Page { page: 2 });
    refused(&[&other[..others[0]], page(1), page(2), page(3), page(4)], FileFault::Page { page: 1 });
    let mut last_as_entries = page(4).to_vec();
    last_as_entries[4] = b'E';
    refused(&[head, page(1), page(2), page(3), &last_as_entries], FileFault::Page { page: 4 });
    fs::write(&odd, [head, page(1), page(2), page(3), page(4)].concat()).unwrap();
    assert!(Verified::read(&odd, &keys(1)).is_ok());
}

#[tokio::test]
async fn a_file_needs_the_key_that_it_was_sealed_under() {
    let place = Place::new();
    let store = place.store("from");
    fill(&*store, 3).await;
    let path = place.path("export");
    export_to(&path, &store, &mut never_stop).await.unwrap();
    let Err(TransferError::Fault { fault, .. }) = Verified::read(&path, &keys(2)) else { panic!("it was taken") };
    assert_eq!(fault, FileFault::KeyMissing(keys(1).current()));
    let both = keys(2).and_opening(&Zeroizing::new([1; 32]));
    assert!(Verified::read(&path, &both).is_ok(), "among the older ones it will do");
}

#[tokio::test]
async fn an_interrupted_export_goes_on_and_has_what_changed_meanwhile() {
    let place = Place::new();
    let from = place.store("from");
    fill(&*from, 5000).await;
    let path = place.path("export");
    for stop in [0, 1, 2, 4, 6] {
        let stopped = export_to(&path, &from, &mut stop_after(stop)).await;
        assert!(matches!(stopped, Err(TransferError::Interrupted)), "{stopped:?}");
        assert!(!path.exists());
        // Something is cut off, as by a crash.
        let partial = place.path("export.partial");
        let bytes = fs::read(&partial).unwrap();
        fs::write(&partial, &bytes[..bytes.len() - 7]).unwrap();
        // One is changed, one removed, one added.
        let changed = name(&format!("key/{:06}", stop * 3));
        let before = from.load(&changed).await.unwrap().unwrap();
        let revoked = Bytes::from(format!("revoked {stop}"));
        from.compare_and_set(changed, before.revision, revoked).await.unwrap();
        from.delete(name(&format!("token/{:06}", stop * 3 + 1)), Expected::Any).await.unwrap();
        from.create(name(&format!("added/{stop}")), Bytes::from_static(b"new")).await.unwrap();
    }
    let exported = export_to(&path, &from, &mut never_stop).await.unwrap();
    assert!(exported.resumed);
    let into = place.store("into");
    import_from(&path, &into, &mut never_stop).await.unwrap();
    let contents_of_from = contents(&*from).await;
    assert_eq!(contents(&*into).await, contents_of_from);
    assert_eq!(exported.total(), contents_of_from.len() as u64);
}

#[tokio::test]
async fn an_export_overwrites_nothing_and_goes_on_with_nothing_else() {
    let place = Place::new();
    let store = place.store("from");
    fill(&*store, 3).await;
    let path = place.path("export");
    fs::write(&path, "mine").unwrap();
    assert!(matches!(export_to(&path, &store, &mut never_stop).await, Err(TransferError::AlreadyThere(_))));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    fs::remove_file(&path).unwrap();
    fs::write(place.path("export.partial"), "not begun by us\n").unwrap();
    assert!(matches!(export_to(&path, &store, &mut never_stop).await, Err(TransferError::Partial { .. })));
    fs::remove_file(place.path("export.partial")).unwrap();
    let stopped = export_to(&path, &store, &mut stop_after(0)).await;
    assert!(matches!(stopped, Err(TransferError::Interrupted)));
    let bytes = fs::read(place.path("export.partial")).unwrap();
    let mut altered = bytes.clone();
    *altered.last_mut().unwrap() ^= 1;
    fs::write(place.path("export.partial"), altered).unwrap();
    assert!(matches!(export_to(&path, &store, &mut never_stop).await, Err(TransferError::Partial { .. })));
    fs::write(place.path("export.partial"), bytes).unwrap();
    assert!(export_to(&path, &store, &mut never_stop).await.unwrap().resumed);
}

#[tokio::test]
async fn what_is_written_while_it_is_exported_is_in_the_file_once_it_was_acknowledged() {
    let place = Place::new();
    let from = place.store("from");
    fill(&*from, 3000).await;
    let path = place.path("export");
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let writer = Arc::clone(&from);
    // After the first page is out, records in it are changed, removed and added, some of them twice.
    let writing = tokio::spawn(async move {
        let mut step = 0;
        while let Some(answer) = told.recv().await {
            let answer: std::sync::mpsc::Sender<()> = answer;
            let put = |text: &str, value: String| Write::put(name(text), Expected::Any, Bytes::from(value));
            writer.commit(vec![put("key/000000", format!("revoked {step}"))]).await.unwrap();
            writer.commit(vec![put(&format!("added/{step}"), "new".into())]).await.unwrap();
            writer.delete(name(&format!("token/{:06}", step * 3 + 1)), Expected::Any).await.unwrap();
            writer.commit(vec![put("added/again", format!("{step}"))]).await.unwrap();
            writer.delete(name("added/again"), Expected::Any).await.unwrap();
            step += 1;
            answer.send(()).unwrap();
        }
    });
    let (from_of_export, path_of_export) = (Arc::clone(&from), path.clone());
    // On a thread of its own, so that it can wait for the writer within its progress.
    let exporting = tokio::task::spawn_blocking(move || {
        let mut progress = |_: Done| {
            let (answer, answered) = std::sync::mpsc::channel();
            tell.send(answer).unwrap();
            answered.recv().unwrap();
            ControlFlow::Continue(())
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(export_to(&path_of_export, &from_of_export, &mut progress)).unwrap()
    });
    exporting.await.unwrap();
    writing.await.unwrap();
    let into = place.store("into");
    import_from(&path, &into, &mut never_stop).await.unwrap();
    let mut imported = contents(&*into).await;
    let mut now = contents(&*from).await;
    // The last change was made when everything was heard: it may be missing, and nothing else.
    let last = now.keys().filter(|key| key.starts_with("added/")).count() - 1;
    assert!(last >= 4, "several pages");
    assert_eq!(imported["key/000000"].0, Bytes::from(format!("revoked {}", last - 1)));
    for contents in [&mut imported, &mut now] {
        contents.remove("key/000000");
        contents.remove(&format!("added/{last}"));
        contents.remove(&format!("token/{:06}", last * 3 + 1));
    }
    assert_eq!(imported, now);
}

#[tokio::test]
async fn an_interrupted_import_goes_on_and_until_then_nobody_may_use_the_store() {
    let place = Place::new();
    let (from, into) = (place.store("from"), place.store("into"));
    fill(&*from, 4000).await;
    let path = place.path("export");
    export_to(&path, &from, &mut never_stop).await.unwrap();
    for stop in [0, 1, 2] {
        let stopped = import_from(&path, &into, &mut stop_after(stop)).await;
        assert!(matches!(stopped, Err(TransferError::Interrupted)), "{stopped:?}");
        let refused = refuse_unfinished(&*into).await.unwrap_err().to_string();
        assert!(refused.contains("only a part") && refused.contains("portcullis store import"), "{refused}");
    }
    let other = place.path("other");
    export_to(&other, &from, &mut never_stop).await.unwrap();
    let refused = import_from(&other, &into, &mut never_stop).await;
    assert!(matches!(refused, Err(TransferError::OtherUnfinished { .. })), "{refused:?}");
    let imported = import_from(&path, &into, &mut never_stop).await.unwrap();
    assert!(imported.resumed);
    refuse_unfinished(&*into).await.unwrap();
    assert_eq!(contents(&*into).await, contents(&*from).await);
}

#[tokio::test]
async fn nothing_is_mixed_into_a_store_that_holds_something() {
    let place = Place::new();
    let (from, into) = (place.store("from"), place.store("into"));
    fill(&*from, 3).await;
    let path = place.path("export");
    export_to(&path, &from, &mut never_stop).await.unwrap();
    into.create(name("organization/settings"), Bytes::from_static(b"{}")).await.unwrap();
    into.create(name("key/A"), Bytes::from_static(b"{}")).await.unwrap();
    let refused = import_from(&path, &into, &mut never_stop).await.unwrap_err().to_string();
    assert!(refused.contains("1 of key, 1 of organization"), "{refused}");
    let delete = |key: &str| Write { change: Mutation::Delete, ..Write::delete(name(key), Expected::Any) };
    into.commit(vec![delete("organization/settings"), delete("key/A")]).await.unwrap();
    import_from(&path, &into, &mut never_stop).await.unwrap();
    let another = OrganizationId::parse("zz1cd2").unwrap();
    let file = Verified::read(&path, &keys(1)).unwrap();
    let empty = place.store("empty");
    let refused = import(&file, &another, empty, &keys(1), &mut UnwrapErr(SysRng), &mut never_stop).await;
    assert!(matches!(refused, Err(TransferError::Organization { .. })), "{refused:?}");
}
