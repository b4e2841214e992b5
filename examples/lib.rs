//! Nothing but the code of the README, so that it is compiled and run with the other tests.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
