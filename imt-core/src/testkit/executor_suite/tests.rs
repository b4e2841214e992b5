//! The suite on the executors of this crate.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Act, Behaviour, Capability, Subject};
use crate::executor::from_fn;
use crate::ports::{Executor, JobSpec, StreamKind};
use crate::testkit::fake_executor::{FakeEnd, FakeExecutor, FakeScript, FakeWorld, OnTerm};

struct Function;

#[async_trait]
impl Subject for Function {
    async fn executor(&self) -> Arc<dyn Executor> {
        Arc::new(from_fn(|job, log| async move {
            let behaviour: Behaviour = serde_json::from_str(&job.items[0]).expect("the suite's own text");
            behaviour.perform(&log).await
        }))
    }

    fn can(&self, _what: Capability) -> bool {
        false
    }
}

struct Fake(Arc<FakeWorld>);

#[async_trait]
impl Subject for Fake {
    async fn executor(&self) -> Arc<dyn Executor> {
        Arc::new(FakeExecutor::new(&self.0))
    }

    fn can(&self, what: Capability) -> bool {
        what == Capability::SurvivesRestart
    }

    fn adapt(&self, spec: JobSpec, behaviour: &Behaviour) -> JobSpec {
        let mut script = FakeScript::exit(0);
        for act in &behaviour.0 {
            script = match act {
                Act::Exit(code) => script.ending(FakeEnd::Code(*code)),
                Act::IgnoreTerm => script.on_term(OnTerm::Ignores),
                Act::TrapTerm(code) => {
                    let takes = std::time::Duration::ZERO;
                    script.on_term(OnTerm::CleansUp { takes, says: "bye\n".into(), code: *code })
                }
                Act::Sleep => script.lasting(std::time::Duration::from_mins(5)),
                Act::Shell(text) => panic!("a case for shells was given to the fake: {text}"),
                Act::Print(..) | Act::Fill(..) | Act::Count(..) => {
                    let (stream, bytes) = act.prints().unwrap_or((StreamKind::Stdout, Vec::new()));
                    script.prints_at(std::time::Duration::ZERO, stream, bytes)
                }
            };
        }
        self.0.script(&spec.job, script);
        spec
    }
}

mod from_fn_executor {
    crate::executor_suite!(core: super::Function);
}

mod fake_executor {
    crate::executor_suite!(core: super::Fake(crate::testkit::FakeWorld::new()));
}
