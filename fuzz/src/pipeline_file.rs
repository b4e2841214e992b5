//! Pipeline files: any bytes give a spec or errors that point into the file, the same ones every time; and any spec can be
//! planned, shown, stored and turned into scripts, in space that the file's own size bounds.

use imt_core::id::{AttemptId, JobIndex, PipelineId, ProjectName};
use imt_core::pipeline::{self, PipelineSpec, TriggerEvent};
use imt_core::plan::{self, Plan, Trigger};

/// Bytes of a stored plan for each byte of its file, and beside that for each value that the file may have: what is written
/// once must not be kept many times over.
const GROWTH: usize = 400;

/// Reads a file.
pub fn pipeline_file(data: &[u8]) {
    let read = pipeline::read(data, "pipeline.yml");
    assert_eq!(read.spec.is_none(), read.has_errors(), "no spec exactly when there is an error");
    let lines = data.iter().filter(|&&byte| byte == b'\n' || byte == b'\r').count() + 1;
    for diagnostic in &read.diagnostics {
        assert_eq!(diagnostic.file, "pipeline.yml");
        assert!((1..=lines).contains(&diagnostic.line), "{diagnostic:?}");
        assert!((1..=data.len() + 1).contains(&diagnostic.column), "{diagnostic:?}");
        assert!(diagnostic.span.start <= diagnostic.span.end && diagnostic.span.end <= data.len(), "{diagnostic:?}");
        assert!(!diagnostic.code.is_empty() && !diagnostic.message.is_empty());
        let shown = diagnostic.render();
        assert!(!shown.contains('\u{1b}'), "a file's escape sequence reaches the terminal: {shown:?}");
    }
    assert_eq!(pipeline::read(data, "pipeline.yml"), read, "reading is repeatable");
    if let Some(spec) = &read.spec {
        planned(spec, data);
    }
}

/// Plans a spec for a branch out of the same bytes.
fn planned(spec: &PipelineSpec, data: &[u8]) {
    let branch = String::from_utf8_lossy(&data[..data.len().min(100)]).into_owned();
    let trigger = Trigger { event: TriggerEvent::Push, branch: Some(branch), ..Trigger::manual() };
    let plan = plan::build(spec, &ProjectName::new("fuzzed"), trigger).expect("the trigger names nothing of the file");
    assert_eq!(plan.jobs.len(), spec.jobs.len());

    let stored = serde_json::to_string(&plan).expect("a plan can be stored");
    // An alias stands for its text in few bytes, so small files may grow by the reader's own bound.
    let written: usize = spec.jobs.iter().flat_map(|job| &job.script).map(String::len).sum();
    assert!(stored.len() <= GROWTH * data.len() + 8 * written + 4096, "{} of {}", stored.len(), data.len());
    assert_eq!(serde_json::from_str::<Plan>(&stored).expect("what was stored"), plan);

    for shown in [plan::text(&plan), plan::mermaid(&plan)] {
        assert!(!shown.contains('\u{1b}'), "a file's escape sequence reaches the terminal: {shown:?}");
    }
    let pipeline = PipelineId::from_uuid(uuid::Uuid::nil());
    for job in (0..).map(JobIndex).take(plan.jobs.len().min(50)) {
        let spec = plan::job_spec(&plan, AttemptId { pipeline, job, number: 1 }, &[], None);
        let mut names: Vec<_> = spec.env.iter().map(|variable| &variable.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "names are unique");
        assert!(!spec.script.contains('\0'));
    }
}
