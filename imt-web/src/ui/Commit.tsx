// A commit, what it says of itself, and a branch: short, with the whole of it in the title.
import { Link } from "react-router";

import { Untrusted } from "../text/Untrusted";
import { plain } from "../text/marks";
import { BranchIcon, CommitIcon } from "./icons";

/** Above the link that a whole row may be. */
const LINK = "relative no-underline hover:underline focus-visible:underline";

/** `href`: where more of it is to be seen, at another server. */
export function Commit({ commit, href = null }: { commit: string; href?: string | null }) {
  const look = "inline-flex shrink-0 items-center gap-1 font-mono text-sm whitespace-nowrap";
  const content = (
    <>
      <CommitIcon className="size-3.5 text-muted" />
      <Untrusted text={commit.slice(0, 8)} />
    </>
  );
  return href === null ? (
    <span title={plain(commit)} className={look}>
      {content}
    </span>
  ) : (
    <a href={href} rel="noreferrer" title={plain(commit)} className={`${look} ${LINK}`}>
      {content}
    </a>
  );
}

/** `project`: whose pipelines of this branch it leads to, if to any. */
export function Branch({ branch, project }: { branch: string; project?: string }) {
  const look = "inline-flex max-w-full min-w-0 items-center gap-1";
  const content = (
    <>
      <BranchIcon className="size-3.5 text-muted" />
      <Untrusted text={branch} className="truncate" />
    </>
  );
  return project === undefined ? (
    <span title={plain(branch)} className={look}>
      {content}
    </span>
  ) : (
    <Link
      to={`/projects/${project}?${new URLSearchParams({ branch }).toString()}`}
      title={plain(branch)}
      className={`${look} ${LINK}`}
    >
      {content}
    </Link>
  );
}

/** What a commit says of itself: one line, and by whom. Nothing where it says nothing. */
export function Note({
  subject,
  author,
  className = "",
}: {
  subject?: string | null | undefined;
  author?: string | null | undefined;
  className?: string;
}) {
  if (!subject && !author) return null;
  return (
    <p className={`truncate ${className}`} title={plain([subject, author].filter(Boolean).join(" · "))}>
      {subject && <Untrusted text={subject} />}
      {author && (
        <span className="text-muted">
          {subject && " · "}
          <Untrusted text={author} />
        </span>
      )}
    </p>
  );
}
