//! Patterns of branch names, as `when.branch` has them.
//!
//! Matching takes time in proportion to pattern and name, whatever stands in them: both come from strangers, and a matcher
//! that tries again from each wildcard takes years for `*a*a*a*a*a*b`.

use serde::{Deserialize, Serialize};

/// A branch name or a glob. `*` and `?` stop at `/`; `**` stands for any number of whole parts; `[abc]`, `[a-z]` and `[!a]`
/// stand for one character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BranchPattern(pub String);

impl BranchPattern {
    /// Whether a branch is meant. A pattern that is no valid glob (the reader lets none through) means the branch of
    /// just that name.
    pub fn matches(&self, branch: &str) -> bool {
        parse(&self.0).map_or(self.0 == branch, |tokens| is_match(&tokens, branch))
    }

    /// What is wrong with it as a glob, as a fragment of a sentence.
    pub fn fault(&self) -> Option<&'static str> {
        fault(&self.0)
    }
}

/// What is wrong with a pattern, as a fragment of a sentence.
pub(super) fn fault(pattern: &str) -> Option<&'static str> {
    if pattern.is_empty() { Some("it is empty") } else { parse(pattern).err() }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// This character.
    One(char),
    /// `?`
    Any,
    /// `*`
    Some,
    /// `**/`: no part, or whole parts with their slashes.
    Parts,
    /// `**` at the end: whatever follows.
    Rest,
    /// `[…]`
    Class { negated: bool, ranges: Vec<(char, char)> },
}

fn parse(pattern: &str) -> Result<Vec<Token>, &'static str> {
    let chars: Vec<char> = pattern.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(&c) = chars.get(at) {
        at += 1;
        tokens.push(match c {
            '?' => Token::Any,
            '*' if chars.get(at) == Some(&'*') => {
                let begins_a_part = at == 1 || chars[at - 2] == '/';
                at += 1;
                match chars.get(at) {
                    None if begins_a_part => Token::Rest,
                    Some('/') if begins_a_part => {
                        at += 1;
                        Token::Parts
                    }
                    _ => return Err("`**` must stand between slashes, for whole parts"),
                }
            }
            '*' => Token::Some,
            '[' => class(&chars, &mut at)?,
            c => Token::One(c),
        });
    }
    Ok(tokens)
}

/// Reads a class after its bracket. A `]` that comes first stands for itself.
fn class(chars: &[char], at: &mut usize) -> Result<Token, &'static str> {
    let negated = chars.get(*at) == Some(&'!');
    *at += usize::from(negated);
    let (begin, mut ranges) = (*at, Vec::new());
    loop {
        match chars.get(*at..).unwrap_or_default() {
            [] => return Err("the bracket `[` is not closed"),
            [']', ..] if *at > begin => {
                *at += 1;
                return Ok(Token::Class { negated, ranges });
            }
            [from, '-', to, ..] if *to != ']' => {
                ranges.push((*from, *to));
                *at += 3;
            }
            [one, ..] => {
                ranges.push((*one, *one));
                *at += 1;
            }
        }
    }
}

/// Goes through the branch once with the set of all places in the pattern that it may have come to.
fn is_match(tokens: &[Token], branch: &str) -> bool {
    let mut places = vec![false; tokens.len() + 1];
    places[0] = true;
    skip(tokens, &mut places, true);
    for c in branch.chars() {
        let mut next = vec![false; places.len()];
        for (at, token) in tokens.iter().enumerate().filter(|(at, _)| places[*at]) {
            match token {
                Token::Parts | Token::Rest => next[at] = true,
                Token::Some => next[at] |= c != '/',
                Token::One(one) => next[at + 1] |= *one == c,
                Token::Any => next[at + 1] |= c != '/',
                Token::Class { negated, ranges } => {
                    let named = ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                    next[at + 1] |= c != '/' && named != *negated;
                }
            }
        }
        places = next;
        skip(tokens, &mut places, c == '/');
    }
    places[tokens.len()]
}

/// Adds the places that are reached without a character.
fn skip(tokens: &[Token], places: &mut [bool], part_begins: bool) {
    for (at, token) in tokens.iter().enumerate() {
        let may_be_empty = match token {
            Token::Some | Token::Rest => true,
            Token::Parts => part_begins,
            Token::One(_) | Token::Any | Token::Class { .. } => false,
        };
        places[at + 1] |= places[at] && may_be_empty;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, branch: &str) -> bool {
        BranchPattern(pattern.to_owned()).matches(branch)
    }

    #[test]
    fn patterns_stop_at_slashes() {
        let cases = [
            ("main", "main", true),
            ("main", "maintenance", false),
            ("feature/*", "feature/x", true),
            ("feature/*", "feature/x/y", false),
            ("feature/**", "feature/x/y", true),
            ("feature/**", "feature", false),
            ("**/fix", "a/b/fix", true),
            ("**/fix", "fix", true),
            ("**/fix", "a/prefix", false),
            ("a/**/z", "a/z", true),
            ("a/**/z", "a/b/c/z", true),
            ("a/**/z", "a/bz", false),
            ("**", "any/thing", true),
            ("v?", "v1", true),
            ("v?", "v/", false),
            ("v[0-9].*", "v1.2", true),
            ("v[!0-9]", "v1", false),
            ("v[!0-9]", "vx", true),
            ("[]-]x", "]x", true),
            ("[a-]x", "-x", true),
            ("x[!a]y", "x/y", false),
            ("*", ".hidden", true),
            ("*", "a/b", false),
            ("*ä*", "große-änderung", true),
        ];
        for (pattern, branch, expected) in cases {
            assert_eq!(matches(pattern, branch), expected, "{pattern} {branch}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        for (pattern, named) in [("", "empty"), ("a**", "`**`"), ("***", "`**`"), ("a/**b", "`**`"), ("[a", "`[`")] {
            assert!(fault(pattern).is_some_and(|fault| fault.contains(named)), "{pattern}");
        }
        assert!(matches("[a", "[a"), "a name that is no pattern is that name");
    }

    /// The simplest matcher there is, exponential and right.
    fn model(tokens: &[Token], rest: &[char], part_begins: bool) -> bool {
        let Some((token, after)) = tokens.split_first() else { return rest.is_empty() };
        let next = rest.first().copied();
        let step = |tokens| next.is_some_and(|c| model(tokens, &rest[1..], c == '/'));
        match token {
            Token::One(one) => next == Some(*one) && step(after),
            Token::Any => next.is_some_and(|c| c != '/') && step(after),
            Token::Class { negated, ranges } => {
                next.is_some_and(|c| c != '/' && ranges.iter().any(|(a, z)| (*a..=*z).contains(&c)) != *negated)
                    && step(after)
            }
            Token::Some => model(after, rest, part_begins) || next.is_some_and(|c| c != '/') && step(tokens),
            Token::Parts => part_begins && model(after, rest, true) || step(tokens),
            Token::Rest => true,
        }
    }

    proptest::proptest! {
        #[test]
        fn it_matches_what_the_model_matches(pattern in r"([ab/*?]|\[a\]|\[!a\]|/\*\*/|\*\*/){0,8}", branch in "[ab/]{0,10}") {
            if let Ok(tokens) = parse(&pattern) {
                let chars: Vec<char> = branch.chars().collect();
                assert_eq!(is_match(&tokens, &branch), model(&tokens, &chars, true), "{pattern} {branch}");
            }
        }
    }

    #[test]
    fn hostile_patterns_take_no_time() {
        let pattern = format!("{}b", "*a".repeat(300));
        let began = std::time::Instant::now();
        assert!(!matches(&pattern, &format!("{}/x", "a".repeat(5_000))));
        assert!(began.elapsed() < std::time::Duration::from_secs(3), "{:?}", began.elapsed());
    }
}
