// What somebody has edited in a form, over what the server has: what was edited stays, whatever is fetched meanwhile, and the rest
// follows the server. It does not know what the fields are, nor how they are saved.
import { useState } from "react";

/** A field that was edited, and what the server had when that began. */
interface Edit<V> {
  readonly value: V;
  readonly before: V;
}

/** What is a field of a form: values that are the same where `Object.is` says so. */
export type Fields = Readonly<Record<string, string | boolean>>;
export type Edits<F extends Fields> = { readonly [K in keyof F]?: Edit<F[K]> };

/** The edits after one more. What is as the server has it again is no edit. */
export function edited<F extends Fields, K extends keyof F>(
  edits: Edits<F>,
  fetched: F,
  name: K,
  value: F[K],
): Edits<F> {
  const { [name]: edit, ...others } = edits;
  if (Object.is(value, fetched[name])) return others as unknown as Edits<F>;
  return { ...edits, [name]: { value, before: edit === undefined ? fetched[name] : edit.before } };
}

/** The edits that are left once these values are saved: what was edited since then. */
export function unsaved<F extends Fields>(edits: Edits<F>, saved: F): Edits<F> {
  return pick(edits, (edit, name) => !Object.is(edit.value, saved[name]));
}

export interface Form<F extends Fields> {
  /** What the fields show. */
  values: F;
  /** The fields that differ from what the server has. */
  changes: Partial<F>;
  /** What the server has by now in a field that was edited and that somebody else has changed meanwhile. */
  others: Partial<F>;
  set: <K extends keyof F>(name: K, value: F[K]) => void;
  /** Says that these values are saved. */
  saved: (values: F) => void;
}

/** `fetched`: what the server has, as it is known now. */
export function useEdits<F extends Fields>(fetched: F): Form<F> {
  const [edits, setEdits] = useState<Edits<F>>({});
  const open = pick(edits, (edit, name) => !Object.is(edit.value, fetched[name]));
  const changed = pick(open, (edit, name) => !Object.is(edit.before, fetched[name]));
  const changes = map(open, (edit) => edit.value);
  return {
    values: { ...fetched, ...changes },
    changes,
    others: map(changed, (_, name) => fetched[name]),
    set: (name, value) => setEdits((now) => edited(now, fetched, name, value)),
    saved: (values) => setEdits((now) => unsaved(now, values)),
  };
}

function entriesOf<F extends Fields>(edits: Edits<F>): [keyof F, Edit<F[keyof F]>][] {
  return Object.entries(edits) as [keyof F, Edit<F[keyof F]>][];
}

function pick<F extends Fields>(
  edits: Edits<F>,
  which: (edit: Edit<F[keyof F]>, name: keyof F) => boolean,
): Edits<F> {
  return Object.fromEntries(entriesOf(edits).filter(([name, edit]) => which(edit, name))) as Edits<F>;
}

function map<F extends Fields>(
  edits: Edits<F>,
  how: (edit: Edit<F[keyof F]>, name: keyof F) => F[keyof F],
): Partial<F> {
  return Object.fromEntries(entriesOf(edits).map(([name, edit]) => [name, how(edit, name)])) as Partial<F>;
}
