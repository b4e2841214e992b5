// What others wrote is text wherever it is shown: it makes no element, and nothing of it is hidden.
import { render } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { describe, expect, test } from "vitest";

import type { Schemas } from "../api/client";
import type { Deployment, Job, Pipeline } from "../api/queries";
import { plain } from "../text/marks";
import { Note } from "../ui/Commit";
import { ErrorBox } from "../ui/Panel";
import { Outcome } from "./deployment/Outcome";
import { BEGIN } from "./deployment/steps";
import { Entry } from "./audit/Entries";
import { StageGraph } from "./pipeline/StageGraph";
import { Timeline } from "./pipeline/Timeline";
import { DeploymentRow } from "./project/DeploymentRow";
import { PipelineRow } from "./project/PipelineRow";
import { RunnerCard, type Runner } from "./runners/Runners";

const PAYLOADS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  '"><iframe src=javascript:alert(1)>',
  "javascript:alert(1)",
  "{{constructor.constructor('alert(1)')()}}",
  "\u202egnp.exe",
  "a\u2066b\u2069c",
  "\u0000\u001b[31mred",
  "x".repeat(5000),
  "Z\u0310\u0311\u0312a\u0310lgo",
  "</title><style>*{display:none}</style>",
];

const AT = "2030-01-01T00:00:00Z";

function job(text: string): Job {
  return {
    job: 0,
    name: text,
    stage: text,
    status: "failed",
    allow_failure: false,
    timeout_ms: 1,
    attempts: [],
  };
}

function pipeline(text: string): Pipeline {
  return {
    id: "p",
    number: 1,
    status: "failed",
    event: "push",
    branch: text,
    commit: text,
    subject: text,
    author: text,
    detail: text,
    submitted_at: AT,
    ended_at: AT,
    labels: [text],
    deploys: false,
    jobs: [job(text)],
    deployments: [],
  };
}

function deployment(text: string): Deployment {
  return {
    id: "d",
    number: 1,
    environment: text,
    host: text,
    commit: text,
    status: "failed",
    detail: text,
    submitted_at: AT,
  };
}

function runner(text: string): Runner {
  return {
    instance: text,
    host: text,
    version: text,
    labels: [text],
    slots: 1,
    driving: 2,
    is_draining: false,
    is_alive: true,
    seen_at: AT,
    pipelines: [{ project: "shop", number: 1, jobs: [text] }],
    deployments: [{ project: "shop", number: 1, environment: text }],
  };
}

function entry(text: string): Schemas["EntryView"] {
  return {
    at: AT,
    actor: { type: "user", name: text },
    via: { type: text },
    action: { type: text, branch: text },
    user_name: text,
    remote: text,
    request: text,
  };
}

describe.each(PAYLOADS)("%j", (text) => {
  const places = {
    "a pipeline in a list": <PipelineRow project="shop" address={text} pipeline={pipeline(text)} />,
    "a deployment in a list": <DeploymentRow project="shop" deployment={deployment(text)} />,
    "what a commit says": <Note subject={text} author={text} />,
    "a runner": <RunnerCard runner={runner(text)} />,
    "an entry of the audit": <Entry entry={entry(text)} />,
    "the stages": <StageGraph pipeline={pipeline(text)} shown={0} />,
    "the timeline": <Timeline pipeline={pipeline(text)} shown={0} />,
    "the outcome of a deployment": <Outcome deployment={deployment(text)} course={BEGIN} />,
    "an error": <ErrorBox error={new Error(text)} />,
  };
  test.each(Object.entries(places))("in %s", (_, place) => {
    const { container } = render(<MemoryRouter>{place}</MemoryRouter>);
    expect(
      container.querySelector("script, img, iframe, style, [onload], [onerror], a[href^='javascript:']"),
    ).toBeNull();
    // A mark that turns the direction of a text is told by its name and is not there any more.
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    expect(container.textContent).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u0000\u001b]/);
    const told = plain(text).replaceAll(/\[([A-Z]{2,4}|[␀␛])\]/g, "$1");
    expect(container.textContent).toContain(told);
  });
});
