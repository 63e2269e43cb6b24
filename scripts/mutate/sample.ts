import { createRandom } from '../../test/simulation/random.ts';
import type { Mutant } from './mutants.ts';

/**
 * Draws mutants by a seed, in the order to try them. Of the two other values of one number only one is drawn.
 * @param size how many; all where there are not as many
 */
export function drawMutants(mutants: readonly Mutant[], size: number, seed: number): Mutant[] {
  const random = createRandom(seed);
  const shuffled = [...mutants];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = random.integer(0, last);
    [shuffled[last], shuffled[other]] = [shuffled[other] as Mutant, shuffled[last] as Mutant];
  }
  const numbers = new Set<string>();
  const isFirstOfItsNumber = ({ operator, file, start }: Mutant) => {
    const place = `${file}:${start}`;
    if (operator !== 'other constant') return true;
    return !numbers.has(place) && numbers.add(place).has(place);
  };
  return shuffled.filter(isFirstOfItsNumber).slice(0, size);
}
