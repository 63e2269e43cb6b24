/** A process's environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The Region that the environment names; undefined where it names none. An empty variable counts as unset. */
export const regionIn = ({ AWS_REGION, AWS_DEFAULT_REGION }: Environment): string | undefined =>
  AWS_REGION || AWS_DEFAULT_REGION || undefined;
