// The ways to other pieces of a long list. Which piece is shown is in the address of the page, and whatever else is in it stays.
import { useSearchParams } from "react-router";

import { ButtonLink } from "./Button";

interface PagingProps {
  /** Where the next piece begins, if there is one. */
  next: string | null | undefined;
  first?: string;
  further?: string;
}

export function Paging({ next, first = "Newest", further = "Older" }: PagingProps) {
  const [search] = useSearchParams();
  const isFirst = !search.has("cursor");
  const to = (cursor: string | null) => {
    const other = new URLSearchParams(search);
    if (cursor === null) other.delete("cursor");
    else other.set("cursor", cursor);
    return `?${other.toString()}`;
  };
  if (!next && isFirst) return null;
  return (
    <nav
      aria-label={`${first} and ${further.toLowerCase()}`}
      className="flex justify-between border-t border-line p-2"
    >
      {isFirst ? <span /> : <ButtonLink to={to(null)}>{first}</ButtonLink>}
      {next && <ButtonLink to={to(next)}>{further}</ButtonLink>}
    </nav>
  );
}
