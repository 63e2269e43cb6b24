import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whose files count as nobody else's. */
export type Owner = {
  readonly uid: number;
  /** The group that is theirs alone, where they have one. */
  readonly gid?: number;
};

/**
 * Root, and where a person runs the agent by hand, that person. The user that a service runs as is neither: what that
 * one could change, whatever runs as it could change as well. (UIDs 1000 to 60000 are people's, see systemd's "Users,
 * Groups, UIDs and GIDs".)
 */
export function trustedOwners(user: Owner = ownUser()): readonly Owner[] {
  return user.uid >= 1_000 && user.uid <= 60_000 ? [ROOT, user] : [ROOT];
}

/** The group root can have other members, and an access control list shows as a group that may write. */
const ROOT: Owner = { uid: 0 };
/** As many as Linux follows in one path (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * How somebody else could change what a path leads to: because of the owner or the mode of the file, of a directory on
 * the way to it, or of a link and its target's way. Undefined where nobody else can.
 *
 * @throws as lstat(2) where a part of it is not there or may not be looked at
 */
export function howOthersMayChange(path: string, trusted = trustedOwners()): string | undefined {
  return walk(
    path,
    (at, stats) => whoseIsIt(at, stats, trusted) ?? howOthersMayWrite(at, stats, trusted),
    trusted,
  );
}

/**
 * The same for a directory that is somebody else's, and may be: how another one could be put in its place.
 *
 * @throws as lstat(2) where a part of it is not there or may not be looked at
 */
export function howOthersMayReplace(path: string, trusted = trustedOwners()): string | undefined {
  const isTheirsToMove = (at: string, stats: Stats) =>
    // What is theirs in a sticky directory, they may rename.
    isSticky(lstatSync(dirname(at))) ? whoseIsIt(at, stats, trusted) : undefined;
  return walk(path, isTheirsToMove, trusted);
}

/** Every name on the way, as the kernel goes. @param judgeEnd says what is wrong with the last one, which is no link */
function walk(
  path: string,
  judgeEnd: (at: string, stats: Stats) => string | undefined,
  trusted: readonly Owner[],
): string | undefined {
  let left = [...(path.startsWith('/') ? [] : parts(process.cwd())), ...parts(path)];
  let at = '/';
  let links = 0;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const next = join(at, name);
    const stats = lstatSync(next);
    if (stats.isSymbolicLink()) {
      if (++links > MOST_LINKS) throw new Error(`${path} leads over more than ${MOST_LINKS} links`);
      const why = whoseIsIt(next, stats, trusted);
      if (why !== undefined) return why;
      const target = readlinkSync(next);
      if (target.startsWith('/')) at = '/';
      left = [...parts(target), ...left];
      continue;
    }
    at = next;
    const why =
      left.length === 0
        ? judgeEnd(at, stats)
        : (whoseIsIt(at, stats, trusted) ??
          // In a directory such as /tmp others may not move what is not theirs.
          (isSticky(stats) ? undefined : howOthersMayWrite(at, stats, trusted)));
    if (why !== undefined) return why;
  }
  return undefined;
}

function howOthersMayWrite(path: string, { mode, gid }: Stats, trusted: readonly Owner[]) {
  if ((mode & 0o002) !== 0) return `every user may write ${path}; chmod o-w it`;
  if ((mode & 0o020) !== 0 && !trusted.some((owner) => owner.gid === gid))
    return `the group ${gid} may write ${path}; chmod g-w it`;
  return undefined;
}

const parts = (path: string) => path.split('/').filter((part) => part !== '' && part !== '.');

const isSticky = ({ mode }: Stats) => (mode & 0o1000) !== 0;

const whoseIsIt = (path: string, { uid }: Stats, trusted: readonly Owner[]) =>
  trusted.some((owner) => owner.uid === uid)
    ? undefined
    : `${path} belongs to user ${uid}, not to ${trusted.length > 1 ? 'root or you' : 'root'}; chown it`;

const ownUser = (): Owner => ({ uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 });
