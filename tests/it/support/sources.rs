//! The project's own sources, read as far as the tests about its shape need: comments and strings told
//! from code, and every path that a file names, resolved from the root of the crate.

use std::path::Path;

/// One source file.
#[derive(Debug, Clone)]
pub struct Source {
    /// From the root of the package, as `src/network/store/people.rs`.
    pub path: String,
    /// As it stands.
    pub text: String,
    /// Without comments, the words of strings, and the tests beside the code. Line for line the same.
    pub code: String,
    /// As `code`, but with the words of strings.
    pub words: String,
}

/// A path that a file names, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub line: usize,
    /// From the root (`crate::db::schema::acts`) where it begins with `crate`, `self` or `super`, and
    /// otherwise as it stands.
    pub path: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let kept = without_tests(text);
        Self { path: path.to_owned(), text: text.to_owned(), code: mask(&kept, true), words: mask(&kept, false) }
    }

    /// The line (from 1) at which a place in `code` or `words` lies.
    pub fn line_of(&self, at: usize) -> usize {
        self.code.get(..at).map_or(0, |before| before.matches('\n').count()) + 1
    }

    /// Every path the code names: each leaf of each `use`, and each path of two or more parts elsewhere.
    pub fn references(&self) -> Vec<Reference> {
        let module = module_of(&self.path);
        let mut found = Vec::new();
        let tokens = tokens(&self.code);
        let mut index = 0;
        while index < tokens.len() {
            let (at, token) = &tokens[index];
            if token == "use" {
                let end =
                    tokens[index..].iter().position(|(_, token)| token == ";").map_or(tokens.len(), |n| index + n);
                let mut place = index + 1;
                leaves(&tokens[..end], &mut place, "", &mut |at, leaf| {
                    found.push(Reference { line: self.line_of(at), path: absolute(leaf, &module) });
                });
                index = end;
            } else if is_word(token) && (index == 0 || tokens[index - 1].1 != "::") {
                let mut path = token.clone();
                let mut next = index + 1;
                while next + 1 < tokens.len() && tokens[next].1 == "::" && is_word(&tokens[next + 1].1) {
                    path = format!("{path}::{}", tokens[next + 1].1);
                    next += 2;
                }
                if path.contains("::") {
                    found.push(Reference { line: self.line_of(*at), path: absolute(&path, &module) });
                }
                index = next - 1;
            }
            index += 1;
        }
        found
    }
}

/// Every `.rs` file under these folders of the package.
pub fn all(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for folder in folders {
        collect(root, &root.join(folder), &mut sources);
    }
    assert!(!sources.is_empty());
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

fn collect(root: &Path, folder: &Path, into: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            into.push(Source::new(&name, &std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The text up to the tests beside the code, which stand at the end of a file.
fn without_tests(text: &str) -> String {
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]"
            && lines.peek().is_some_and(|next| next.trim_start().starts_with("mod ") && next.contains('{'))
        {
            return text[..at].to_owned();
        }
        at += line.len();
    }
    text.to_owned()
}

/// Blanks comments, and with `strings` the words of strings too; what remains stays where it was.
fn mask(text: &str, strings: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = text.as_bytes().to_vec();
    let blank = |out: &mut Vec<u8>, from: usize, to: usize| {
        for byte in &mut out[from..to] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"//") {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |n| at + n);
            blank(&mut out, at, end);
            at = end;
        } else if rest.starts_with(b"/*") {
            let end = find(bytes, at + 2, b"*/").map_or(bytes.len(), |n| n + 2);
            blank(&mut out, at, end);
            at = end;
        } else if let Some(hashes) = raw_string(bytes, at) {
            let open = at + 2 + hashes;
            let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
            let end = find(bytes, open, &close).unwrap_or(bytes.len());
            if strings {
                blank(&mut out, open, end);
            }
            at = end + close.len();
        } else if rest[0] == b'"' {
            let mut end = at + 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            if strings {
                blank(&mut out, at + 1, end.min(bytes.len()));
            }
            at = end + 1;
        } else if rest[0] == b'\'' {
            // A character, or a lifetime, which has no closing quote near.
            let end = if rest.get(1) == Some(&b'\\') {
                find(bytes, at + 3, b"'").map(|n| n + 1)
            } else {
                let length = text[at + 1..].chars().next().map_or(1, char::len_utf8);
                (bytes.get(at + 1 + length) == Some(&b'\'')).then_some(at + length + 2)
            };
            if let Some(end) = end {
                blank(&mut out, at + 1, end - 1);
                at = end;
            } else {
                at += 1;
            }
        } else {
            at += 1;
        }
    }
    String::from_utf8(out).expect("whole characters were blanked")
}

fn raw_string(bytes: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|n| bytes[n]);
    if bytes[at] != b'r' || before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let hashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count();
    (bytes.get(at + 1 + hashes) == Some(&b'"')).then_some(hashes)
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(what.len()).position(|window| window == what).map(|n| from + n)
}

/// Words, `::` and single marks, each with its place.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens = Vec::new();
    let mut chars = code.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            let mut word = c.to_string();
            while let Some((_, next)) = chars.peek().copied().filter(|(_, next)| next.is_alphanumeric() || *next == '_')
            {
                word.push(next);
                chars.next();
            }
            tokens.push((at, word));
        } else if c == ':' && chars.peek().is_some_and(|(_, next)| *next == ':') {
            chars.next();
            tokens.push((at, "::".into()));
        } else if !c.is_whitespace() {
            tokens.push((at, c.to_string()));
        }
    }
    tokens
}

fn is_word(token: &str) -> bool {
    token.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
}

/// The leaves of a `use` tree that begins at `tokens[place]`.
fn leaves(tokens: &[(usize, String)], place: &mut usize, before: &str, each: &mut dyn FnMut(usize, &str)) {
    let mut path = before.to_owned();
    let mut at = tokens.get(*place).map_or(0, |(at, _)| *at);
    while let Some((here, token)) = tokens.get(*place) {
        match token.as_str() {
            "{" => {
                *place += 1;
                while tokens.get(*place).is_some_and(|(_, token)| token != "}") {
                    leaves(tokens, place, &path, each);
                    if tokens.get(*place).is_some_and(|(_, token)| token == ",") {
                        *place += 1;
                    }
                }
                *place += 1;
                return;
            }
            "," | "}" => break,
            "as" => *place += 2,
            "::" => *place += 1,
            word => {
                at = *here;
                if word != "self" || path.is_empty() {
                    path = if path.is_empty() { word.to_owned() } else { format!("{path}::{word}") };
                }
                *place += 1;
            }
        }
    }
    each(at, &path);
}

/// `src/rooms/opening/store.rs` is `crate::rooms::opening::store`.
fn module_of(path: &str) -> String {
    let inner = path.split_once('/').map_or(path, |(_, inner)| inner).trim_end_matches(".rs");
    let inner = inner.trim_end_matches("/mod");
    if matches!(inner, "lib" | "main" | "mod") {
        "crate".into()
    } else {
        format!("crate::{}", inner.replace('/', "::"))
    }
}

fn absolute(path: &str, module: &str) -> String {
    let mut base = module.to_owned();
    let mut rest = path;
    loop {
        let (first, tail) = rest.split_once("::").unwrap_or((rest, ""));
        match first {
            "crate" => return rest.to_owned(),
            "self" => {}
            "super" => base = base.rsplit_once("::").map_or("crate".into(), |(parent, _)| parent.to_owned()),
            _ if rest == path => return path.to_owned(),
            _ => return format!("{base}::{rest}"),
        }
        if tail.is_empty() {
            return base;
        }
        rest = tail;
    }
}
