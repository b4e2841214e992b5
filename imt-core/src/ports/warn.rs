//! Where an adapter puts what it has to say that belongs to no job and ends nothing.

use std::fmt;
use std::sync::Arc;

/// Who is told of what went on but not as it should; nobody by default.
#[derive(Clone)]
pub struct Warn(Arc<dyn Fn(&str) + Send + Sync>);

impl Warn {
    /// Tells this function, in a sentence for people. It is called wherever the trouble is met and must not take long.
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Tells it.
    pub fn say(&self, text: &str) {
        (self.0)(text);
    }
}

impl Default for Warn {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Warn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Warn")
    }
}
