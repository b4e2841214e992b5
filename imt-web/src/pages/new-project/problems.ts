// What can be done about a repository that could not be looked into. The server's own words are shown beside it: here is only
// what they mean for this form.
import { ApiError } from "../../api/client";

export interface Advice {
  title: string;
  /** What to do. */
  text: string;
  /** Whether a project of it makes sense all the same. */
  mayGoOn: boolean;
}

type Rule = [pattern: RegExp, advice: Advice];

const REFUSED: Advice = {
  title: "The repository is not shown to everybody, or not with this token",
  text: "Choose “whoever has a token” below, and give one that may read it. Some hosts say the same of repositories that do not exist.",
  mayGoOn: true,
};

/** In the order they are tried. The words are those of the server, and of git. */
const RULES: readonly Rule[] = [
  [
    /^the address of the repository is refused/,
    {
      title: "This address is not taken",
      text: "Give one that git clone takes: https://host/path, ssh://user@host/path, user@host:path.",
      mayGoOn: false,
    },
  ],
  [
    /^there is no directory/,
    {
      title: "There is nothing at this path",
      text: "Give the whole path of a repository on the server's machine, from / on.",
      mayGoOn: false,
    },
  ],
  [/Authentication failed|could not read (Username|Password)|returned error: 40[13]/, REFUSED],
  [
    /repository '.*' not found/,
    {
      title: "There is no such repository, or it is not shown to everybody",
      text: "Look whether the address is right. If it is, give a token that may read it.",
      mayGoOn: true,
    },
  ],
  [
    /Could not resolve host|there is no host/,
    { title: "There is no such host", text: "Look whether the address is spelled right.", mayGoOn: false },
  ],
  [
    /there is no branch, tag or commit/,
    {
      title: "There is no such branch",
      text: "Leave the branch empty to take the one that the repository means, or push it first.",
      mayGoOn: true,
    },
  ],
  [
    /has no branch that is meant/,
    {
      title: "The repository has no branch yet",
      text: "Push a first commit and check again; or make the project now, and push then.",
      mayGoOn: true,
    },
  ],
];

const BY_CODE: Record<string, Advice> = {
  unreachable: { title: "imt itself does not answer", text: "Check again in a moment.", mayGoOn: false },
  too_many_requests: {
    title: "Too many repositories were looked into",
    text: "Wait a moment, and check again.",
    mayGoOn: true,
  },
  unavailable: {
    title: "The repository does not answer",
    text: "Look whether the address is right, and check again. If its host is only away for now, make the project: it is asked again by itself.",
    mayGoOn: true,
  },
};

const OTHER: Advice = { title: "It could not be checked", text: "Mend what is said here.", mayGoOn: false };

export function adviceOf(error: unknown): Advice {
  if (!(error instanceof ApiError)) return OTHER;
  const rule = RULES.find(([pattern]) => pattern.test(error.message));
  return rule?.[1] ?? BY_CODE[error.code] ?? OTHER;
}

/** Whether a repository is reached over SSH: such a one can be read only once its project has a key. */
export function isSsh(url: string): boolean {
  return /^ssh:/i.test(url.trim()) || /^[^/\s]+@[^/\s:]+:/.test(url.trim());
}
