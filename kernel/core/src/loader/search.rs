//! Where a library is looked for: the rules of ld.so(8), with Debian's multiarch directories.

use super::object::Object;
use alloc::vec::Vec;

/// Searched last, in this order; ld.so's own, and those of Debian's `/etc/ld.so.conf.d`.
const STANDARD: &[u8] = b"/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib:/usr/lib:/lib64:/usr/lib64:\
/usr/local/lib/x86_64-linux-gnu:/usr/local/lib";

/// Calls `try_path` with each path a library may be at, until it returns true.
///
/// `name` is a `DT_NEEDED` entry or what `dlopen` was given; `requester` is the object that asks,
/// `program` the program, `library_path` the value of `LD_LIBRARY_PATH`.
pub fn search(
    name: &[u8],
    requester: Option<&Object>,
    program: Option<&Object>,
    library_path: &[u8],
    try_path: &mut dyn FnMut(&[u8]) -> bool,
) -> bool {
    let origin = requester.map_or(&b"."[..], Object::origin);
    if name.contains(&b'/') {
        return expand(name, origin).is_some_and(|path| try_path(&path));
    }
    let runpath = requester.and_then(|object| object.string(object.dynamic.runpath?));
    if runpath.is_none() {
        for object in [requester, program].into_iter().flatten() {
            // DT_RPATH does not count in an object that has DT_RUNPATH.
            if object.dynamic.runpath.is_none()
                && let Some(rpath) = object.dynamic.rpath.and_then(|offset| object.string(offset))
                && in_list(rpath, object.origin(), name, try_path)
            {
                return true;
            }
        }
    }
    in_list(library_path, program.map_or(origin, Object::origin), name, try_path)
        || in_list(runpath.unwrap_or(b""), origin, name, try_path)
        || in_list(STANDARD, b"", name, try_path)
}

#[inline(never)]
fn in_list(list: &[u8], origin: &[u8], name: &[u8], try_path: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    !list.is_empty()
        && list.split(|&byte| byte == b':' || byte == b';').any(|directory| {
            let directory = if directory.is_empty() { b"." } else { directory };
            expand(directory, origin).is_some_and(|mut path| {
                path.push(b'/');
                path.extend_from_slice(name);
                try_path(&path)
            })
        })
}

/// Replaces `$ORIGIN`, `$LIB` and `$PLATFORM`; none if another word follows a `$`.
#[inline(never)]
fn expand(text: &[u8], origin: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte != b'$' {
            out.push(byte);
            rest = tail;
            continue;
        }
        let braces = tail.first() == Some(&b'{');
        let word = if braces { &tail[1..] } else { tail };
        let tokens: [(&[u8], &[u8]); 3] =
            [(b"ORIGIN", origin), (b"LIB", b"lib/x86_64-linux-gnu"), (b"PLATFORM", b"x86_64")];
        let (token, value) = tokens.iter().find(|(token, _)| word.starts_with(token))?;
        out.extend_from_slice(value);
        rest = &word[token.len()..];
        if braces {
            rest = rest.strip_prefix(b"}")?;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(name: &[u8], library_path: &[u8]) -> Vec<Vec<u8>> {
        let mut tried = Vec::new();
        search(name, None, None, library_path, &mut |path| {
            tried.push(path.to_vec());
            false
        });
        tried
    }

    #[test]
    fn a_name_with_a_slash_is_a_path() {
        assert_eq!(paths(b"./a.so", b"/x"), [b"./a.so".to_vec()]);
    }

    #[test]
    fn the_library_path_comes_before_the_standard_directories() {
        let tried = paths(b"a.so", b"/x:$ORIGIN/y::$NOTHING/z");
        assert_eq!(tried[..3], [b"/x/a.so".to_vec(), b"./y/a.so".to_vec(), b"./a.so".to_vec()]);
        assert_eq!(tried[3], b"/lib/x86_64-linux-gnu/a.so");
    }
}
