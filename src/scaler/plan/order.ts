import type { Rank } from './model.ts';
import type { Surveyed } from './survey.ts';

export type Candidate = { readonly instance: Surveyed; readonly since: number };

/**
 * In which order empty instances go: the oldest image first, then from the zone with the most instances, then the longest
 * empty. An image is as old as the last instance that was launched from it, so the one that the group launches now is the newest.
 *
 * @param all every instance of the group that serves or comes
 */
export function inOrder(
  candidates: readonly Candidate[],
  all: readonly Surveyed[],
): readonly (Candidate & { readonly rank: Rank })[] {
  const imageSince = new Map<string, number>();
  for (const { registered } of all) {
    if (registered?.imageId === undefined) continue;
    const known = imageSince.get(registered.imageId) ?? 0;
    imageSince.set(registered.imageId, Math.max(known, registered.registeredAt));
  }
  const imageOf = ({ instance }: Candidate) =>
    imageSince.get(instance.registered?.imageId ?? '') ?? Number.POSITIVE_INFINITY;
  const inZone = new Map<string, number>();
  for (const { zone } of all) inZone.set(zone, (inZone.get(zone) ?? 0) + 1);

  const byImage = Map.groupBy(candidates, imageOf);
  const ordered: { one: Candidate; image: number; zone: number }[] = [];
  for (const image of [...byImage.keys()].sort((a, b) => a - b)) {
    const byZone = new Map(
      [...Map.groupBy(byImage.get(image) ?? [], ({ instance }) => instance.zone)].map(([zone, own]) => [
        zone,
        [...own].sort((a, b) => a.since - b.since || (a.instance.id < b.instance.id ? -1 : 1)),
      ]),
    );
    for (;;) {
      const fullest = [...byZone]
        .filter(([, own]) => own.length > 0)
        .sort(
          ([a, ownA], [b, ownB]) =>
            (inZone.get(b) ?? 0) - (inZone.get(a) ?? 0) ||
            (ownA[0]?.since ?? 0) - (ownB[0]?.since ?? 0) ||
            (a < b ? -1 : 1),
        )[0];
      const one = fullest?.[1].shift();
      if (!fullest || !one) break;
      ordered.push({ one, image, zone: inZone.get(fullest[0]) ?? 0 });
      inZone.set(fullest[0], (inZone.get(fullest[0]) ?? 0) - 1);
    }
  }
  return ordered.map(({ one, image, zone }, at) => {
    const next = ordered[at + 1];
    const by: Rank['by'] =
      next && next.image !== image
        ? 'image'
        : next && next.one.instance.zone !== one.instance.zone && next.zone !== zone
          ? 'zone'
          : next && next.one.since === one.since
            ? 'id'
            : 'idle';
    return { ...one, rank: { place: at + 1, of: ordered.length, by } };
  });
}
