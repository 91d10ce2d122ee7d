//! Reading Rust just well enough to judge it: source without comments, strings and test-only items,
//! and the import paths in what is left. What is forbidden is the business of `tests/architecture.rs`.

use std::collections::BTreeSet;

/// The same text with comments, strings and characters emptied; line breaks stay.
pub(crate) fn without_comments_and_strings(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let hashes = rest.strip_prefix('r').map_or(0, |raw| raw.len() - raw.trim_start_matches('#').len());
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            end_of_block_comment(rest)
        } else if c == 'r' && !code.ends_with(|c| is_word(c) && c != 'b') && rest[1 + hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = 2 + hashes;
            rest[body..].find(&close).map_or(rest.len(), |at| body + at + close.len())
        } else if c == '"' {
            end_of_quoted(rest, '"')
        } else if c == '\'' && (rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'')) {
            end_of_quoted(rest, '\'')
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        code.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
        rest = &rest[skipped..];
    }
    code
}

fn end_of_block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Every `root::to::inner` of the code, groups (`crate::{a, b::c}`) opened; `inner` may be empty.
pub(crate) fn edges(code: &str, root: &str) -> BTreeSet<(String, String)> {
    let prefix = format!("{root}::");
    let starts = code.match_indices(&prefix).filter(|(at, _)| !code[..*at].ends_with(is_word));
    let paths = starts.flat_map(|(at, _)| expand(&code[at + prefix.len()..]));
    paths
        .map(|path| {
            let mut segments = path.split("::").map(str::to_owned);
            (segments.next().unwrap_or_default(), segments.next().unwrap_or_default())
        })
        .collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The plain paths that an import tree (`a::{b, c::D}`) stands for.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim_start();
    if tree.starts_with('{') {
        return members(braced(tree)).into_iter().flat_map(expand).collect();
    }
    let (head, rest) = tree.split_at(tree.find(|c| !is_word(c)).unwrap_or(tree.len()));
    match rest.trim_start().strip_prefix("::") {
        Some(rest) => expand(rest).into_iter().map(|tail| format!("{head}::{tail}")).collect(),
        None => vec![head.to_owned()],
    }
}

/// The comma-separated members of a braced group, its own braces left off.
fn members(group: &str) -> Vec<&str> {
    let inside = &group[1..group.len().max(2) - 1];
    let mut depth = 0_usize;
    let parts = inside.split(|c: char| {
        depth = match c {
            '{' => depth + 1,
            '}' => depth.saturating_sub(1),
            _ => depth,
        };
        c == ',' && depth == 0
    });
    parts.filter(|part| !part.trim().is_empty()).collect()
}

/// The text from an opening brace to its partner.
fn braced(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return &text[..=at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    text
}

/// The code without its test-only items, and the names of test-only modules that live in other files.
pub(crate) fn without_test_items(code: &str) -> (String, Vec<String>) {
    let (mut kept, mut modules, mut rest) = (String::new(), Vec::new(), code);
    while let Some(at) = rest.find("#[cfg(test)]") {
        let (before, after) = rest.split_at(at);
        let (item, after) = after.split_at(end_of_item(after));
        kept.push_str(before);
        modules.extend(item.split_once("mod ").and_then(|(_, name)| Some(name.strip_suffix(';')?.to_owned())));
        rest = after;
    }
    kept.push_str(rest);
    (kept, modules)
}

/// Where the item that begins here (attributes included) ends: after its `;` or its closing brace.
fn end_of_item(text: &str) -> usize {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            '{' if depth == 0 => {
                let end = at + braced(&text[at..]).len();
                let ends_in_semicolon = text[end..].trim_start().starts_with(';');
                return if ends_in_semicolon { end + text[end..].find(';').map_or(0, |at| at + 1) } else { end };
            }
            _ => {}
        }
    }
    text.len()
}
