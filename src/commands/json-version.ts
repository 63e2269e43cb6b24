/**
 * Of what `status --json` and `doctor --json` print. Rises when a field goes, or means something else. A new field, or a
 * new value of `kind`, does not change it: whoever reads must pass over what it does not know.
 */
export const JSON_VERSION = 1;
