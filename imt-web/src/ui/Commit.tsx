// A commit, what it says of itself, and a branch: short, with the whole of it in the title.
import { Untrusted } from "../text/Untrusted";
import { plain } from "../text/marks";
import { BranchIcon, CommitIcon } from "./icons";

export function Commit({ commit }: { commit: string }) {
  return (
    <span
      title={plain(commit)}
      className="inline-flex shrink-0 items-center gap-1 font-mono text-sm whitespace-nowrap"
    >
      <CommitIcon className="size-3.5 text-muted" />
      <Untrusted text={commit.slice(0, 8)} />
    </span>
  );
}

export function Branch({ branch }: { branch: string }) {
  return (
    <span title={plain(branch)} className="inline-flex max-w-full min-w-0 items-center gap-1">
      <BranchIcon className="size-3.5 text-muted" />
      <Untrusted text={branch} className="truncate" />
    </span>
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
