//! The walk over a tree of folders, the same for a file system and a bucket: prune what a selection excludes, list
//! branches side by side, and give the objects of one day together.
//!
//! Above the layout of a trail's bucket the order is by path, a folder's files before its subfolders. Within the layout
//! it is by date of delivery, then account, Region and folder: the lake keeps one partition a date, and this way few of
//! them are open at a time.

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use event::arn::{AccountId, Region};
use event::key::Folder;
use futures::channel::mpsc;
use futures::stream::{self, BoxStream};
use futures::{SinkExt, StreamExt, future};
use jiff::civil::Date;

use crate::layout::{Layout, Step};
use crate::object::Listed;
use crate::selection::Selection;

/// How many folders are listed side by side.
pub(crate) const LISTINGS_AT_ONCE: usize = 16;

/// How many outcomes may wait for the reader.
const LISTED_QUEUE: usize = 1024;

/// How many folders above `AWSLogs` are looked at one by one in a bucket. Deeper down a bucket is listed flat, a
/// thousand objects a request, and in path order: a prefix is rarely this deep, a foreign tree often is.
const OUTSIDE_DEPTH_MAX: usize = 4;

/// What a walk needs of a place with folders.
#[async_trait]
pub(crate) trait Tree: Clone + Send + Sync + 'static {
    /// A folder, as this tree opens it.
    type Folder: Clone + Send + Sync + 'static;

    /// Returns the folder at the top and the names that lead to it.
    fn root(&self) -> (Self::Folder, Vec<String>);

    /// Lists one folder, by name. Failures are among what is listed.
    async fn level(&self, folder: Self::Folder) -> Level<Self::Folder>;

    /// Lists all that lies below a folder in path order, where that is cheaper than level by level.
    fn flat(&self, folder: Self::Folder) -> Option<BoxStream<'static, Entry>>;

    /// Returns the object that the tree's name means by itself, if it may mean one.
    async fn alone(&self) -> Option<Listed>;

    /// Returns whether to try [`Tree::alone`] before listing. It is tried after an empty listing in any case.
    fn is_alone_first(&self) -> bool;
}

/// One folder's content.
pub(crate) struct Level<F> {
    /// The folders in it, by name.
    pub(crate) folders: Vec<Child<F>>,
    /// All else in it, by name. It is looked at as it is asked for: a folder may hold millions of files.
    pub(crate) entries: BoxStream<'static, Entry>,
}

/// A folder in a folder.
pub(crate) struct Child<F> {
    pub(crate) name: String,
    pub(crate) uri: String,
    pub(crate) folder: F,
}

/// An outcome and its path below the folder that was listed: the names of folders, then of the file.
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) listed: Listed,
}

/// Lists what a tree holds within a selection. Dropping the stream ends the walk.
pub(crate) fn walk<T: Tree>(tree: T, selection: Selection) -> BoxStream<'static, Listed> {
    let (out, listed) = mpsc::channel(LISTED_QUEUE);
    let walk = Walk { tree, selection, out, is_empty: true, known: Vec::new(), loose: VecDeque::new() };
    // The walk has no task of its own: it runs while the stream is polled, and ends with it.
    let driver = stream::once(walk.run()).filter_map(|_stopped| future::ready(None));
    stream::select(listed, driver).boxed()
}

struct Walk<T: Tree> {
    tree: T,
    selection: Selection,
    out: mpsc::Sender<Listed>,
    /// Whether no listing has shown anything yet.
    is_empty: bool,
    /// Folders of the layout, still to be descended into side by side.
    known: Vec<Branch<T::Folder>>,
    /// Other folders, still to be walked in path order.
    loose: VecDeque<Branch<T::Folder>>,
}

#[derive(Clone)]
struct Branch<F> {
    folder: F,
    layout: Layout,
    /// How many folders lie between the root and this one.
    depth: usize,
}

/// A folder of one day; its order is that of the listing.
type Days<F> = BTreeMap<(Date, Option<AccountId>, Option<Region>, Option<Folder>, usize), Branch<F>>;

/// The reader is gone; nobody wants to hear more.
type Flow = Result<(), mpsc::SendError>;

impl<T: Tree> Walk<T> {
    async fn run(mut self) -> Flow {
        if self.tree.is_alone_first()
            && let Some(object @ Listed::Object(_)) = self.tree.alone().await
        {
            return self.out.send(object).await;
        }
        let (folder, names) = self.tree.root();
        let mut layout = Layout::of(names.iter().map(String::as_str));
        if layout.step == Step::Foreign {
            // Another service's folder is walked only when it is asked for by name.
            layout = Layout::default();
        }
        if !self.selection.admits(&layout.facts) {
            return Ok(());
        }
        self.enter(Branch { folder, layout, depth: 0 });
        let months = self.descend().await?;
        for month in months.into_values() {
            self.month(month).await?;
        }
        if self.is_empty
            && let Some(listed) = self.tree.alone().await
        {
            self.out.send(listed).await?;
        }
        Ok(())
    }

    fn enter(&mut self, branch: Branch<T::Folder>) {
        if branch.layout.step.is_structural() { self.known.push(branch) } else { self.loose.push_back(branch) }
    }

    /// Lists all but days and months, and returns those by month.
    async fn descend(&mut self) -> Result<BTreeMap<(i16, i8), Vec<Branch<T::Folder>>>, mpsc::SendError> {
        let mut months: BTreeMap<_, Vec<_>> = BTreeMap::new();
        loop {
            while let Some(branch) = self.loose.pop_front() {
                self.loose(branch).await?;
            }
            if self.known.is_empty() {
                return Ok(months);
            }
            let mut upper = Vec::new();
            for branch in std::mem::take(&mut self.known) {
                match (branch.layout.step, branch.layout.facts.dates) {
                    (Step::Month | Step::Day, Some((first, _))) => {
                        months.entry((first.year(), first.month())).or_default().push(branch);
                    }
                    _ => upper.push(branch),
                }
            }
            for branch in self.levels(upper).await? {
                self.enter(branch);
            }
        }
    }

    /// Walks a folder about which nothing is known, in path order. Folders of the layout are kept for later.
    async fn loose(&mut self, top: Branch<T::Folder>) -> Flow {
        let mut stack = vec![top];
        while let Some(branch) = stack.pop() {
            let is_deep = branch.layout.step == Step::Astray || branch.depth > OUTSIDE_DEPTH_MAX;
            if is_deep && let Some(entries) = self.tree.flat(branch.folder.clone()) {
                self.flat(&branch.layout, entries).await?;
                continue;
            }
            let level = self.tree.level(branch.folder.clone()).await;
            let mut below = self.level(&branch, level).await?;
            // The last one pushed is walked first.
            below.reverse();
            for child in below {
                if child.layout.step.is_structural() { self.known.push(child) } else { stack.push(child) }
            }
        }
        Ok(())
    }

    /// Gives what a flat listing shows. It shows another service's objects one by one: their folder is reported once.
    async fn flat(&mut self, layout: &Layout, mut entries: BoxStream<'static, Entry>) -> Flow {
        let mut reported = String::new();
        while let Some(Entry { path, listed }) = entries.next().await {
            self.is_empty = false;
            let Listed::Object(object) = &listed else {
                self.out.send(listed).await?;
                continue;
            };
            match judge(&self.selection, layout, &path) {
                Verdict::Admitted => self.out.send(listed).await?,
                Verdict::Foreign(folder) if folder != reported => {
                    let above = object.uri.strip_suffix(&path).unwrap_or_default();
                    self.out.send(foreign(format!("{above}{folder}/"))).await?;
                    reported = folder.to_owned();
                }
                Verdict::Foreign(_) | Verdict::Excluded => {}
            }
        }
        Ok(())
    }

    /// Lists folders side by side, gives what lies in them, and returns the wanted folders below.
    async fn levels(&mut self, branches: Vec<Branch<T::Folder>>) -> Result<Vec<Branch<T::Folder>>, mpsc::SendError> {
        let tree = self.tree.clone();
        let mut levels = stream::iter(branches)
            .map(|branch| {
                let tree = tree.clone();
                async move { (tree.level(branch.folder.clone()).await, branch) }
            })
            .buffered(LISTINGS_AT_ONCE);
        let mut below = Vec::new();
        while let Some((level, branch)) = levels.next().await {
            below.extend(self.level(&branch, level).await?);
        }
        Ok(below)
    }

    /// Gives what lies in one folder and returns the wanted folders in it.
    async fn level(
        &mut self,
        branch: &Branch<T::Folder>,
        level: Level<T::Folder>,
    ) -> Result<Vec<Branch<T::Folder>>, mpsc::SendError> {
        self.is_empty &= level.folders.is_empty();
        let mut entries = level.entries;
        while let Some(entry) = entries.next().await {
            self.is_empty = false;
            if let Some(listed) = admit(&self.selection, &branch.layout, entry) {
                self.out.send(listed).await?;
            }
        }
        let mut below = Vec::new();
        for Child { name, uri, folder } in level.folders {
            let layout = branch.layout.child(&name);
            if !self.selection.admits(&layout.facts) {
                continue;
            }
            if layout.step == Step::Foreign {
                self.out.send(foreign(uri)).await?;
                continue;
            }
            below.push(Branch { folder, layout, depth: branch.depth + 1 });
        }
        Ok(below)
    }

    /// Lists one month's days, then the days in order. Some branches may be days already.
    async fn month(&mut self, branches: Vec<Branch<T::Folder>>) -> Flow {
        let (mut days, months): (Vec<_>, Vec<_>) =
            branches.into_iter().partition(|branch| branch.layout.step == Step::Day);
        let mut astray = Vec::new();
        for branch in self.levels(months).await? {
            if branch.layout.step == Step::Day { days.push(branch) } else { astray.push(branch) }
        }
        for branch in astray {
            self.loose(branch).await?;
        }
        let mut ordered = Days::new();
        for branch in days {
            let Layout { facts, folder, .. } = branch.layout.clone();
            let date = facts.dates.map_or(Date::ZERO, |(first, _)| first);
            // One place may be reached twice, by a link: the last part of the key keeps both.
            ordered.insert((date, facts.account, facts.region, folder, ordered.len()), branch);
        }
        let (tree, selection) = (self.tree.clone(), self.selection.clone());
        let mut listings =
            stream::iter(ordered.into_values()).map(|branch| day(&tree, &selection, branch)).buffered(LISTINGS_AT_ONCE);
        while let Some(listing) = listings.next().await {
            for listed in listing {
                self.is_empty = false;
                self.out.send(listed).await?;
            }
        }
        Ok(())
    }
}

/// Returns all that lies in and below a folder of one day.
async fn day<T: Tree>(tree: &T, selection: &Selection, branch: Branch<T::Folder>) -> Vec<Listed> {
    let mut found = Vec::new();
    if let Some(mut entries) = tree.flat(branch.folder.clone()) {
        while let Some(entry) = entries.next().await {
            found.extend(admit(selection, &branch.layout, entry));
        }
        return found;
    }
    let mut stack = vec![branch.folder];
    while let Some(folder) = stack.pop() {
        let mut level = tree.level(folder).await;
        // Below a day no folder's name says more, so the day's layout serves for all of them.
        while let Some(entry) = level.entries.next().await {
            found.extend(admit(selection, &branch.layout, entry));
        }
        stack.extend(level.folders.into_iter().rev().map(|child| child.folder));
    }
    found
}

/// Returns an entry below a folder of this layout, if the selection admits it.
fn admit(selection: &Selection, layout: &Layout, entry: Entry) -> Option<Listed> {
    let is_object = matches!(entry.listed, Listed::Object(_));
    (!is_object || judge(selection, layout, &entry.path) == Verdict::Admitted).then_some(entry.listed)
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict<'a> {
    Admitted,
    Excluded,
    /// Another service's, whose folder has this path.
    Foreign(&'a str),
}

/// Judges an object by its path below a folder of this layout: first by the folders on the way, then by its name.
fn judge<'a>(selection: &Selection, layout: &Layout, path: &'a str) -> Verdict<'a> {
    let mut layout = layout.clone();
    let mut begin = 0;
    while let Some(length) = path[begin..].find('/') {
        layout = layout.child(&path[begin..begin + length]);
        if !selection.admits(&layout.facts) {
            return Verdict::Excluded;
        }
        if layout.step == Step::Foreign {
            return Verdict::Foreign(&path[..begin + length]);
        }
        begin += length + 1;
    }
    if selection.admits_name(&path[begin..]) { Verdict::Admitted } else { Verdict::Excluded }
}

fn foreign(uri: String) -> Listed {
    Listed::Skipped { uri, why: "another AWS service's folder; give its own URI to have it read".to_owned() }
}
