//! The matrix of a deployment on the real thing: every command of every step, with every trouble.
//!
//! `fault` says where a trouble is put and which, and puts it there, in the way of [`Steps`] and of the transport; `process` is the
//! process that drives a deployment with it, so that it can die; `world` is a target with its releases and strangers; `case` is
//! one case and what has to be true after it, `pair` one with two troubles. Nothing of this is known to the product.
//!
//! [`Steps`]: imt_core::engine::Steps

pub mod case;
pub mod fault;
pub mod pair;
pub mod process;
pub mod world;
