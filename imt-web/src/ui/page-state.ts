// The title and the icon of the browser's tab, which show how things stand while one looks elsewhere.
import { useEffect } from "react";

import { plain } from "../text/marks";
import type { Tone } from "./status";

export function usePageState(title: string, tone?: Tone): void {
  useEffect(() => {
    document.title = plain(`${title} · imt`);
  }, [title]);
  useEffect(() => {
    showTone(tone);
    return () => showTone(undefined);
  }, [tone]);
}

function showTone(tone: Tone | undefined): void {
  const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (icon === null) return;
  const name = tone === undefined || tone === "idle" ? "favicon" : `favicon-${tone}`;
  icon.href = `/${name}.svg`;
}
