// What a browser says it is, as far as it helps to know it again.

/** `Firefox on Linux`; what is not known is as it stands, cut. */
export function agentText(agent: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)(?=[/ ])/.exec(
    agent.replace("HeadlessChrome", "Chrome"),
  )?.[1];
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux|CrOS)/.exec(agent)?.[1];
  if (browser === undefined) return agent === "" ? "unknown browser" : agent.slice(0, 60);
  const name = browser === "Edg" ? "Edge" : browser === "OPR" ? "Opera" : browser;
  return system === undefined ? name : `${name} on ${system === "Mac OS X" ? "macOS" : system}`;
}
