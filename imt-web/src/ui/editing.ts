// Which thing of a list is changed in the form below it. It does not know what the things are, nor what the form asks for.
import { useRef, useState } from "react";

export interface Editing<T> {
  /** What is changed; null where the form makes a new one. */
  edited: T | null;
  /** How often something was chosen, and 0 while nothing is: the form takes the focus whenever this changes. */
  turn: number;
  edit: (item: T) => void;
  /** It was changed, or is left as it is: the focus goes back to where it was chosen. */
  end: () => void;
}

export function useEditing<T>(): Editing<T> {
  const [edited, setEdited] = useState<T | null>(null);
  const [turn, setTurn] = useState(0);
  const from = useRef<Element | null>(null);
  return {
    edited,
    turn: edited === null ? 0 : turn,
    edit: (item) => {
      from.current = document.activeElement;
      setEdited(item);
      setTurn((last) => last + 1);
    },
    end: () => {
      setEdited(null);
      if (from.current instanceof HTMLElement) from.current.focus({ preventScroll: true });
      from.current = null;
    },
  };
}
