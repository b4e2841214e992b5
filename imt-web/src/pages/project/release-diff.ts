// What differs between two releases, service by service.

export type Difference = { service: string; from: string | null; to: string | null };

/** The services whose image is another one, by name. What is the same in both is not among them. */
export function differencesOf(from: Record<string, string>, to: Record<string, string>): Difference[] {
  const services = [...new Set([...Object.keys(from), ...Object.keys(to)])].toSorted();
  return services
    .map((service) => ({
      service,
      from: Object.hasOwn(from, service) ? (from[service] ?? null) : null,
      to: Object.hasOwn(to, service) ? (to[service] ?? null) : null,
    }))
    .filter((difference) => difference.from !== difference.to);
}
