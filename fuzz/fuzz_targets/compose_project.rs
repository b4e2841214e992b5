//! The target's body is in the library, so that its corpus can be replayed without the fuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| imt_fuzz::compose_project(data));
