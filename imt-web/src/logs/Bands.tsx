// The rows of a log that are there, in bands that come and go as a whole.
//
// Knows what each row is to be given of the log, of its commands, of the search and of what was chosen; does not know where the rows
// are seen.
import { groupOf, tookOf, type Group } from "./groups";
import { Gutter, type Command } from "./Gutter";
import { gutterId, gutterOf, Row, type RowProps } from "./Row";
import type { Range, RowMap } from "./rows";
import { BAND } from "./scroll";
import type { Found } from "./source";
import type { LogStore } from "./store";

/** Up to here a line is shown without being asked for. */
const NEAR_CHARACTERS = 1_500;

export interface BandsProps {
  readonly rows: Range;
  readonly map: RowMap;
  readonly store: LogStore;
  readonly groups: readonly Group[];
  /** The first lines of the commands that are folded away. */
  readonly folded: ReadonlySet<number>;
  readonly failed: Group | undefined;
  readonly endedAt: number | null;
  readonly query: string;
  readonly hit: Found | undefined;
  readonly chosen: Range | null;
  /** Lines that are shown whole. */
  readonly longLines: ReadonlySet<number>;
  readonly isWrapped: boolean;
  readonly hasTimes: boolean;
}

export function Bands(props: BandsProps) {
  const { rows, map, isWrapped } = props;
  return bandsOf(rows).map(({ first, end }) => {
    const shown = Array.from({ length: end - first }, (_, n) => rowOf(map.lineOf(first + n), props));
    return (
      <div key={first} className="log-band">
        {!isWrapped && (
          <div className="log-gutters">
            {shown.map((row) => (
              <Gutter key={row.n} {...gutterOf(row)} id={gutterId(row.n)} />
            ))}
          </div>
        )}
        <div className="log-lines">
          {shown.map((row) => (
            <Row key={row.n} {...row} />
          ))}
        </div>
      </div>
    );
  });
}

function bandsOf({ first, end }: Range): Range[] {
  const bands: Range[] = [];
  for (let at = first; at < end; at += BAND) bands.push({ first: at, end: Math.min(end, at + BAND) });
  return bands;
}

function rowOf(n: number, props: BandsProps): RowProps {
  const { store, groups, folded, failed, endedAt, query, hit, chosen, longLines, isWrapped, hasTimes } =
    props;
  const seen = store.line(n);
  const group = startingAt(groups, n);
  return {
    n,
    line: seen?.line,
    styles: seen?.styles,
    query,
    hereAt: hit?.line === n ? hit.column : null,
    isChosen: chosen !== null && n >= chosen.first && n < chosen.end,
    isLong: longLines.has(n) || (hit?.line === n && hit.column > NEAR_CHARACTERS),
    isWrapped,
    hasTime: hasTimes,
    command: group ? commandOf(group, folded, failed) : null,
    took: group ? tookOf(group, store.isWhole, endedAt) : null,
  };
}

function commandOf(group: Group, folded: ReadonlySet<number>, failed: Group | undefined): Command {
  if (folded.has(group.first)) return "folded";
  return group === failed ? "failed" : "open";
}

function startingAt(groups: readonly Group[], line: number): Group | undefined {
  const group = groupOf(groups, line);
  return group?.first === line ? group : undefined;
}
