//! `tsearch` and its family (POSIX, GNU): a balanced binary tree (AVL).

use core::ffi::{c_int, c_void};
use core::ptr::null_mut;

use macros::export;

use super::Compare;
use crate::malloc::cells::{free, malloc};

/// A node; the application reads the key through a pointer to it.
#[repr(C)]
pub struct Node {
    key: *const c_void,
    left: *mut Node,
    right: *mut Node,
    height: c_int,
}

/// Deepest path that is remembered; an AVL tree of 2^64 nodes is 92 deep.
const DEPTH_MAX: usize = 96;

unsafe fn height(node: *mut Node) -> c_int {
    // SAFETY: `node` is null or a node.
    unsafe { if node.is_null() { 0 } else { (*node).height } }
}

unsafe fn measure(node: *mut Node) {
    // SAFETY: `node` is a node.
    unsafe { (*node).height = 1 + height((*node).left).max(height((*node).right)) }
}

/// Puts `link`'s left (or right) child in its place.
unsafe fn rotate(link: *mut *mut Node, left_rises: bool) {
    // SAFETY: `link` holds a node, which has the child that rises.
    unsafe {
        let node = *link;
        let child = if left_rises { (*node).left } else { (*node).right };
        if left_rises {
            (*node).left = core::mem::replace(&mut (*child).right, node);
        } else {
            (*node).right = core::mem::replace(&mut (*child).left, node);
        }
        measure(node);
        measure(child);
        *link = child;
    }
}

unsafe fn balance(link: *mut *mut Node) {
    // SAFETY: `link` holds a node whose subtrees are balanced and measured.
    unsafe {
        let node = *link;
        let lean = height((*node).left) - height((*node).right);
        if lean > 1 {
            let left = (*node).left;
            if height((*left).left) < height((*left).right) {
                rotate(&raw mut (*node).left, false);
            }
            rotate(link, true);
        } else if lean < -1 {
            let right = (*node).right;
            if height((*right).right) < height((*right).left) {
                rotate(&raw mut (*node).right, true);
            }
            rotate(link, false);
        } else {
            measure(node);
        }
    }
}

/// The links from the root down; what `balance` has to visit after a change.
struct Path {
    links: [*mut *mut Node; DEPTH_MAX],
    length: usize,
}

impl Path {
    fn new() -> Self {
        Self { links: [null_mut(); DEPTH_MAX], length: 0 }
    }

    fn push(&mut self, link: *mut *mut Node) {
        self.links[self.length] = link;
        self.length += 1;
    }

    unsafe fn rebalance(&self) {
        for &link in self.links[..self.length].iter().rev() {
            // SAFETY: every link of the path holds a node, as the caller saw to.
            unsafe { balance(link) };
        }
    }
}

/// Descends to `key`; the link that holds its node or is null, with the path above it.
unsafe extern "C-unwind" fn descend(
    key: *const c_void,
    root: *mut *mut Node,
    compare: Compare,
    path: &mut Path,
) -> *mut *mut Node {
    let mut link = root;
    // SAFETY: `root` is the root of a tree of these functions.
    unsafe {
        while !(*link).is_null() {
            let order = compare(key, (**link).key);
            if order == 0 {
                break;
            }
            path.push(link);
            link = if order < 0 { &raw mut (**link).left } else { &raw mut (**link).right };
        }
    }
    link
}

/// The node of `key`, inserted if it is not there; null if there is no memory.
#[export]
pub unsafe extern "C-unwind" fn tsearch(
    key: *const c_void,
    root: *mut *mut Node,
    compare: Compare,
) -> *mut Node {
    if root.is_null() {
        return null_mut();
    }
    let mut path = Path::new();
    // SAFETY: the caller gives the root of a tree of these functions, or of none.
    unsafe {
        let link = descend(key, root, compare, &mut path);
        if !(*link).is_null() {
            return *link;
        }
        let node = malloc(size_of::<Node>()).cast::<Node>();
        if !node.is_null() {
            node.write(Node { key, left: null_mut(), right: null_mut(), height: 1 });
            *link = node;
            path.rebalance();
        }
        node
    }
}

/// The node of `key`; null if it is not there.
#[export]
pub unsafe extern "C-unwind" fn tfind(
    key: *const c_void,
    root: *const *mut Node,
    compare: Compare,
) -> *mut Node {
    if root.is_null() {
        return null_mut();
    }
    // SAFETY: the caller gives the root of a tree; `descend` only reads it.
    unsafe { *descend(key, root.cast_mut(), compare, &mut Path::new()) }
}

/// Deletes the node of `key`; its parent (for the root: the root's place), or null if it is not there.
#[export]
pub unsafe extern "C-unwind" fn tdelete(
    key: *const c_void,
    root: *mut *mut Node,
    compare: Compare,
) -> *mut c_void {
    if root.is_null() {
        return null_mut();
    }
    let mut path = Path::new();
    // SAFETY: the caller gives the root of a tree of these functions.
    unsafe {
        let link = descend(key, root, compare, &mut path);
        let node = *link;
        if node.is_null() {
            return null_mut();
        }
        let parent = match path.length {
            0 => root.cast::<c_void>(),
            length => (*path.links[length - 1]).cast(),
        };
        if (*node).left.is_null() || (*node).right.is_null() {
            *link = if (*node).left.is_null() { (*node).right } else { (*node).left };
        } else {
            // Its successor takes its place; the parent's node may be the one that moves.
            path.push(link);
            let at = path.length;
            let mut next = &raw mut (*node).right;
            while !(**next).left.is_null() {
                path.push(next);
                next = &raw mut (**next).left;
            }
            let successor = *next;
            *next = (*successor).right;
            (*successor).left = (*node).left;
            (*successor).right = (*node).right;
            *link = successor;
            if path.length > at {
                path.links[at] = &raw mut (*successor).right;
            }
        }
        free(node.cast());
        path.rebalance();
        parent
    }
}

/// When a walk visits a node: C `VISIT`.
#[derive(Clone, Copy)]
#[repr(C)]
pub enum Visit {
    /// Before its children.
    Preorder,
    /// Between its children.
    Postorder,
    /// After its children.
    Endorder,
    /// It has no children.
    Leaf,
}

unsafe extern "C-unwind" fn walk(
    node: *const Node,
    level: c_int,
    visit: unsafe extern "C-unwind" fn(*const Node, Visit, c_int, *mut c_void),
    context: *mut c_void,
) {
    // SAFETY: `node` is a node; `visit` takes what its caller gave with it.
    unsafe {
        if (*node).left.is_null() && (*node).right.is_null() {
            visit(node, Visit::Leaf, level, context);
            return;
        }
        visit(node, Visit::Preorder, level, context);
        if !(*node).left.is_null() {
            walk((*node).left, level + 1, visit, context);
        }
        visit(node, Visit::Postorder, level, context);
        if !(*node).right.is_null() {
            walk((*node).right, level + 1, visit, context);
        }
        visit(node, Visit::Endorder, level, context);
    }
}

type Action = unsafe extern "C-unwind" fn(*const Node, Visit, c_int);
type ActionWithClosure = unsafe extern "C-unwind" fn(*const Node, Visit, *mut c_void);

unsafe extern "C-unwind" fn visit_plain(node: *const Node, when: Visit, level: c_int, context: *mut c_void) {
    // SAFETY: `twalk` passes its action as the context.
    unsafe { core::mem::transmute::<*mut c_void, Action>(context)(node, when, level) }
}

/// Walks the tree depth first, left to right (POSIX).
#[export]
pub unsafe extern "C-unwind" fn twalk(root: *const Node, action: Option<Action>) {
    if let Some(action) = action
        && !root.is_null()
    {
        // SAFETY: the caller gives a tree.
        unsafe { walk(root, 0, visit_plain, action as *mut c_void) }
    }
}

struct Closure {
    action: ActionWithClosure,
    closure: *mut c_void,
}

unsafe extern "C-unwind" fn visit_closure(node: *const Node, when: Visit, _: c_int, context: *mut c_void) {
    // SAFETY: `twalk_r` passes a live `Closure`.
    unsafe {
        let Closure { action, closure } = *context.cast::<Closure>();
        action(node, when, closure);
    }
}

/// [`twalk`] with a value for the action in place of the level (GNU).
#[export]
pub unsafe extern "C-unwind" fn twalk_r(
    root: *const Node,
    action: Option<ActionWithClosure>,
    closure: *mut c_void,
) {
    if let Some(action) = action
        && !root.is_null()
    {
        let mut context = Closure { action, closure };
        // SAFETY: the caller gives a tree.
        unsafe { walk(root, 0, visit_closure, (&raw mut context).cast()) }
    }
}

/// Frees a tree; `release` gets each key (GNU).
#[export]
pub unsafe extern "C-unwind" fn tdestroy(root: *mut Node, release: unsafe extern "C-unwind" fn(*mut c_void)) {
    if root.is_null() {
        return;
    }
    // SAFETY: the caller gives a tree of these functions and uses it no more.
    unsafe {
        tdestroy((*root).left, release);
        tdestroy((*root).right, release);
        release((*root).key.cast_mut());
        free(root.cast());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C-unwind" fn compare(a: *const c_void, b: *const c_void) -> c_int {
        a.cmp(&b) as c_int
    }

    unsafe fn check(node: *mut Node, low: usize, high: usize) -> (usize, c_int) {
        if node.is_null() {
            return (0, 0);
        }
        // SAFETY: `node` is a node of the test's tree.
        unsafe {
            let key = (*node).key as usize;
            assert!((low..high).contains(&key));
            let (left, left_height) = check((*node).left, low, key);
            let (right, right_height) = check((*node).right, key + 1, high);
            assert!((left_height - right_height).abs() <= 1);
            assert_eq!((*node).height, 1 + left_height.max(right_height));
            (left + right + 1, (*node).height)
        }
    }

    #[test]
    fn stays_ordered_and_balanced() {
        let mut random = crate::test_random(7);
        let mut root = null_mut();
        let mut model = std::collections::BTreeSet::new();
        for _ in 0..20_000 {
            let key = (random() % 500 + 1) as usize;
            let pointer = key as *const c_void;
            // SAFETY: `root` is this test's tree.
            unsafe {
                if random().is_multiple_of(2) {
                    assert_eq!((*tsearch(pointer, &raw mut root, compare)).key, pointer);
                    model.insert(key);
                } else {
                    assert_eq!(!tdelete(pointer, &raw mut root, compare).is_null(), model.remove(&key));
                }
                assert_eq!(tfind(pointer, &raw const root, compare).is_null(), !model.contains(&key));
                assert_eq!(check(root, 0, 1000).0, model.len());
            }
        }
    }
}
